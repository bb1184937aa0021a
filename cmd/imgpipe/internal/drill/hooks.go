package drill

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"imgpipe/pipeline"
	"imgpipe/pipeline/executor"
	"imgpipe/pipeline/procs"
	"imgpipe/transform"
)

// The hooks below are all that the shipped program has for tests. Without these variables in the environment they
// change nothing.
const (
	// Variable holds the [Plan] of what is to go wrong. Drills and tests set it for imgpipe run, which passes it on to
	// its workers.
	Variable = "IMGPIPE_DRILL"
	// slowdown makes each transform take so many times longer: tests see whether a comparison notices.
	slowdown = "IMGPIPE_TEST_SLOWDOWN"
	// slowContestant limits slowdown to one contestant of a comparison, by its number from 0.
	slowContestant = "IMGPIPE_TEST_SLOW_CONTESTANT"
)

// planned returns the plan in the environment. If ok is false, there is none, or err says what is wrong with it.
func planned() (p Plan, ok bool, err error) {
	text := os.Getenv(Variable)
	if text == "" {
		return p, false, nil
	}
	p, err = parsePlan(text)
	return p, err == nil, err
}

// A transforming executor calls transform.Do in this process, and can be made to call something around it. Another one
// has workers, which do that themselves.
type transforming interface {
	Through(wrap func(next executor.Func) executor.Func) *pipeline.Local
}

// Hook returns e with the faults and the slowdown that the environment asks for; most often that is e itself. pool is
// the pool of workers in e, or nil if e has none.
func Hook(e pipeline.Executor, pool *procs.Pool) (pipeline.Executor, error) {
	p, drilled, err := planned()
	if err != nil {
		return e, err
	}
	factor, err := slowBy()
	if err != nil {
		return e, err
	}
	if local, is := e.(transforming); is && drilled {
		local.Through(p.Table().around)
	}
	if factor > 1 {
		e = slowed{e, factor}
	}
	if drilled {
		e = killer{e, pool, p.Table()}
	}
	return e, nil
}

// HookDisk returns a store's Options.Fault: a disk that is full after some outputs, if the environment asks for that.
// Otherwise it returns nil.
func HookDisk() (func(op, name string) error, error) {
	p, ok, err := planned()
	if !ok || p.DiskFull <= 0 {
		return nil, err
	}
	var renamed atomic.Int64
	return func(op, _ string) error {
		switch op {
		case "rename":
			renamed.Add(1)
		case "create", "write", "mkdir", "append", "journal", "begin":
			if renamed.Load() >= int64(p.DiskFull) {
				return errDiskFull
			}
		}
		return nil
	}, nil
}

// WorkerMain is the main function of a worker process. It returns the exit status.
func WorkerMain() int {
	return procs.MainThrough(func(next executor.Func) executor.Func {
		if p, ok, _ := planned(); ok { // the parent has reported what is wrong with the plan
			return p.Table().around(next)
		}
		return next
	})
}

// WorkerEnv returns what the hooks need in the environment of a worker, which inherits nothing. It is nil if nothing
// is to go wrong.
func WorkerEnv() []string {
	plan, ok := os.LookupEnv(Variable)
	if !ok {
		return nil
	}
	return []string{Variable + "=" + plan}
}

// Slowed reports whether transforms take longer than they need. A worker must not queue images behind one that is
// slowed down: it would go on with them meanwhile.
func Slowed() bool { return os.Getenv(slowdown) != "" }

// ContestantEnv returns the environment for a contestant of a comparison: the slowdown can be meant for one alone.
func ContestantEnv(contestant int) []string {
	env := os.Environ()
	which, ok := os.LookupEnv(slowContestant)
	if !ok || which == strconv.Itoa(contestant) {
		return env
	}
	var others []string
	for _, e := range env {
		if !strings.HasPrefix(e, slowdown+"=") {
			others = append(others, e)
		}
	}
	return others
}

// around returns next with the faults of t: images that the table says so of panic, hang or ask for too much memory.
func (t Table) around(next executor.Func) executor.Func {
	return func(ctx context.Context, task transform.Task) (transform.Result, error) {
		switch t.Of(sampleNumber(task.Data)) {
		case Panic:
			panic("imgpipe drill")
		case Hang:
			for { // a sleep: the runtime would notice that all goroutines are blocked for ever
				time.Sleep(time.Hour)
			}
		case OOM:
			size := int64(tooMuch)
			if block := make([]byte, size); len(block) > 0 { // the runtime ends the process here
				killSelf() // this machine does have the memory: die as the kernel would have it
			}
		}
		return next(ctx, task)
	}
}

// tooMuch is more memory, in bytes, than most machines let a program take at once. With an even larger number the
// runtime would need seconds on a busy machine before it is refused.
const tooMuch = 1 << 38

// sampleNumber reads the number that the sample server writes into the comment of each of its small pictures. It
// returns 0 if there is none.
func sampleNumber(data []byte) int {
	_, comment, ok := bytes.Cut(data[:min(len(data), 64)], []byte("sample "))
	if !ok {
		return 0
	}
	end := 0
	for end < len(comment) && comment[end] >= '0' && comment[end] <= '9' {
		end++
	}
	n, _ := strconv.Atoi(string(comment[:end])) // 0 for no digits
	return n
}

// killSelf ends this process as another process would.
func killSelf() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {}
}

// A killer kills a worker for each image that the table says so of. Without workers it kills this process.
type killer struct {
	pipeline.Executor
	pool  *procs.Pool // nil without workers
	table Table
}

func (k killer) Do(ctx context.Context, task transform.Task) (transform.Result, pipeline.Cost, error) {
	n := sampleNumber(task.Data)
	if k.table.Of(n) != Kill {
		return k.Executor.Do(ctx, task)
	}
	if k.pool == nil {
		killSelf()
	}
	pids := k.pool.Pids()
	if len(pids) == 0 { // in mode auto workers start when they are first needed
		if r, c, err := k.Executor.Do(ctx, task); err != nil {
			return r, c, err
		}
		pids = k.pool.Pids()
	}
	if len(pids) > 0 {
		// The victim may be idle, at work on another image, or already dead.
		if victim, err := os.FindProcess(pids[n%len(pids)]); err == nil {
			_ = victim.Kill()
		}
	}
	return k.Executor.Do(ctx, task)
}

// slowBy returns the factor in the environment, or 1.
func slowBy() (float64, error) {
	if !Slowed() {
		return 1, nil
	}
	text := os.Getenv(slowdown)
	factor, err := strconv.ParseFloat(text, 64)
	if err != nil || factor < 1 {
		return 1, fmt.Errorf("%s=%s: expected a number from 1", slowdown, text)
	}
	return factor, nil
}

// A slowed executor takes factor times as long for each image.
type slowed struct {
	pipeline.Executor
	factor float64
}

func (s slowed) Do(ctx context.Context, t transform.Task) (transform.Result, pipeline.Cost, error) {
	began := time.Now()
	r, c, err := s.Executor.Do(ctx, t)
	select {
	case <-ctx.Done():
	case <-time.After(time.Duration((s.factor - 1) * float64(time.Since(began)-c.Queued))):
	}
	return r, c, err
}
