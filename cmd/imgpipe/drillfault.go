package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"imgpipe/pipeline"
	"imgpipe/pipeline/procs"
	"imgpipe/transform"
)

// drillVariable, in the environment of imgpipe run and of its workers, says what is to go wrong. Only imgpipe drill and tests set it.
const drillVariable = "IMGPIPE_DRILL"

// A fault is what goes wrong with one image of a drill.
type fault string

const (
	faultNone  fault = ""
	faultKill  fault = "kill"  // SIGKILL, of a worker; in one address space: of the run
	faultPanic fault = "panic" // in the transform
	faultHang  fault = "hang"  // the transform never returns
	faultOOM   fault = "oom"   // the Go runtime gets no memory, and ends its process
	faultNet   fault = "net"   // in the server
	faultDisk  fault = "disk"  // of no image: the disk is full
)

// A faultPlan says which of so many images get which fault: an image gets one at most, and always the same from the same seed.
type faultPlan struct {
	seed   uint64
	images int
	rates  [5]float64 // of faultRates, in that order: shares of the images
	kills  int        // how many images at most get faultKill; 0 is no bound
	full   int        // after how many outputs the disk is full; 0 is never
}

// faultRates are the faults that images get.
var faultRates = [5]fault{faultKill, faultPanic, faultHang, faultOOM, faultNet}

// A faultTable has the fault of each image, by its number; number 0 is none.
type faultTable []fault

// table draws which images get faults: of each kind as many as its share says, and at least one where that is not 0.
func (p faultPlan) table() faultTable {
	t := make(faultTable, p.images+1)
	left := rand.New(rand.NewPCG(p.seed, 0)).Perm(p.images)
	for i, f := range faultRates {
		n := 0
		if p.rates[i] > 0 {
			n = max(1, int(p.rates[i]*float64(p.images)+0.5))
		}
		if f == faultKill && p.kills > 0 {
			n = min(n, p.kills)
		}
		n = min(n, len(left))
		for _, image := range left[:n] {
			t[image+1] = f
		}
		left = left[n:]
	}
	return t
}

// of gives the fault of an image.
func (t faultTable) of(image int) fault {
	if image < 0 || image >= len(t) {
		return faultNone
	}
	return t[image]
}

// String is the form in which the environment holds a plan.
func (p faultPlan) String() string {
	parts := []string{fmt.Sprintf("seed=%d,images=%d,kills=%d,full=%d", p.seed, p.images, p.kills, p.full)}
	for i, f := range faultRates {
		parts = append(parts, fmt.Sprintf("%s=%g", f, p.rates[i]))
	}
	return strings.Join(parts, ",")
}

// parseFaultPlan reads what String gives.
func parseFaultPlan(text string) (p faultPlan, err error) {
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "seed":
			p.seed, err = strconv.ParseUint(value, 10, 64)
		case "images":
			p.images, err = strconv.Atoi(value)
		case "kills":
			p.kills, err = strconv.Atoi(value)
		case "full":
			p.full, err = strconv.Atoi(value)
		default:
			err = fmt.Errorf("there is no fault %q", name)
			for i, f := range faultRates {
				if name == string(f) {
					p.rates[i], err = strconv.ParseFloat(value, 64)
				}
			}
		}
		if err != nil {
			return p, fmt.Errorf("%s=%s: %w", drillVariable, text, err)
		}
	}
	if p.images < 0 || p.images > maxDrill {
		return p, fmt.Errorf("%s=%s: expected at most %d images", drillVariable, text, maxDrill)
	}
	return p, nil
}

// maxDrill is how many images a drill has at most.
const maxDrill = 100_000

// drillPlan is the plan that the environment holds, if any.
func drillPlan() (p faultPlan, ok bool, err error) {
	text := os.Getenv(drillVariable)
	if text == "" {
		return p, false, nil
	}
	p, err = parseFaultPlan(text)
	return p, err == nil, err
}

// sampleNumber reads the number that the sample server writes into the comment of each of its small pictures; 0 where there is none.
func sampleNumber(data []byte) int {
	_, comment, ok := bytes.Cut(data[:min(len(data), 64)], []byte("sample "))
	if !ok {
		return 0
	}
	end := 0
	for end < len(comment) && comment[end] >= '0' && comment[end] <= '9' {
		end++
	}
	n, _ := strconv.Atoi(string(comment[:end])) // "" is none
	return n
}

// workerMain is the life of a worker process.
func workerMain() int {
	return procs.MainThrough(func(next pipeline.TransformFunc) pipeline.TransformFunc {
		if p, ok, _ := drillPlan(); ok { // its parent has told what is wrong with it
			return p.table().through(next)
		}
		return next
	})
}

// tooMuch is more memory, in bytes, than most machines give to a program that asks for it at once. More still would take the runtime longer to
// be refused: seconds, on a busy machine.
const tooMuch = 1 << 38

// through has the images of the plan that are to panic, hang or want too much memory do so where they would be transformed.
func (t faultTable) through(next pipeline.TransformFunc) pipeline.TransformFunc {
	return func(ctx context.Context, task transform.Task) (transform.Result, error) {
		switch t.of(sampleNumber(task.Data)) {
		case faultPanic:
			panic("imgpipe drill")
		case faultHang:
			for { // a sleep: the runtime would notice that all are blocked for ever
				time.Sleep(time.Hour)
			}
		case faultOOM:
			size := int64(tooMuch)
			if block := make([]byte, size); len(block) > 0 { // the runtime ends the process here
				killSelf() // a machine that does have the memory: as the kernel would
			}
		}
		return next(ctx, task)
	}
}

// killSelf ends this process as others would.
func killSelf() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {}
}

// A transforming executor calls transform.Do in this process, and can be made to call something around it. Another one
// has workers, which do that themselves.
type transforming interface {
	Through(wrap func(next pipeline.TransformFunc) pipeline.TransformFunc) *pipeline.Local
}

// drill has e do what the environment says, if it says anything.
func (e *executor) drill() error {
	p, ok, err := drillPlan()
	if !ok {
		return err
	}
	if local, is := e.Executor.(transforming); is {
		local.Through(p.table().through)
	}
	e.Executor = drilled{e.Executor, e.pool, p.table()}
	return nil
}

// drilled kills a worker, or where there are none the run, when it is given an image that the plan says so of.
type drilled struct {
	pipeline.Executor
	pool *procs.Pool
	plan faultTable
}

func (d drilled) Do(ctx context.Context, task transform.Task) (transform.Result, pipeline.Cost, error) {
	n := sampleNumber(task.Data)
	if d.plan.of(n) != faultKill {
		return d.Executor.Do(ctx, task)
	}
	if d.pool == nil {
		killSelf()
	}
	pids := d.pool.Pids()
	if len(pids) == 0 { // in mode auto they start when they are first needed
		if r, c, err := d.Executor.Do(ctx, task); err != nil {
			return r, c, err
		}
		pids = d.pool.Pids()
	}
	if len(pids) > 0 {
		// Whatever it is doing: perhaps nothing, perhaps another image, perhaps it has ended meanwhile.
		if victim, err := os.FindProcess(pids[n%len(pids)]); err == nil {
			_ = victim.Kill()
		}
	}
	return d.Executor.Do(ctx, task)
}

// drillDisk is a store's Options.Fault: a disk that is full after some outputs, if the environment says so; else nil.
func drillDisk() (func(op, name string) error, error) {
	p, ok, err := drillPlan()
	if !ok || p.full <= 0 {
		return nil, err
	}
	var renamed atomic.Int64
	return func(op, _ string) error {
		switch op {
		case "rename":
			renamed.Add(1)
		case "create", "write", "mkdir", "append", "journal", "begin":
			if renamed.Load() >= int64(p.full) {
				return errDiskFull
			}
		}
		return nil
	}, nil
}
