package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/cmd/imgpipe/internal/trace"
	"imgpipe/cmd/imgpipe/internal/usage"
)

// grace is how long a run may take to end when it is asked to.
const grace = 5 * time.Second

// kept is how many bytes of a run's standard error are kept for the message about its failure.
const kept = 2 << 10

// someFailed is the exit status of a run in which some images failed. Such a run counts.
const someFailed = 1

// A command is a program that makes one run. Its env has variables beside those of all runs, KEY=value.
type command struct {
	program   string
	args, env []string
}

// An outlet is where one run writes. All of it lies in one folder, on a memory disk if there is one: a run ends when
// its report and its trace are safe, and a disk that others use takes seconds for that, after the run's own clock.
type outlet struct{ outputs, report, trace, failed string }

func outletIn(dir string) outlet {
	return outlet{filepath.Join(dir, "out"), filepath.Join(dir, "report.json"), filepath.Join(dir, "trace.json"),
		filepath.Join(dir, "failed.txt")}
}

// moveFile moves a file, also to another disk. A file that is not there is none.
func moveFile(from, to string) error {
	b, err := os.ReadFile(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(to, b, 0o600), os.Remove(from))
}

// command returns the program that makes a run of a Config.
func (f *field) command(config int, to outlet) command {
	c := f.c.Configs[config]
	args := []string{"run", "--output", to.outputs, "--report", to.report, "--trace", to.trace, "--quiet", "--force"}
	if f.c.Job.Stage != StageAll {
		// Without outputs there is no ledger that names what failed.
		args = append(args, "--stage", f.c.Job.Stage, "--failed-list", to.failed)
	}
	// A flag that is named twice has its last value: that of the contestant.
	all, inputs := f.plan.Args, []string(nil)
	if end := slices.Index(all, "--"); end >= 0 {
		all, inputs = all[:end], all[end:]
	}
	args = slices.Concat(args, all, c.Flags(), inputs)
	return command{cmp.Or(c.Program, f.Program), args, slices.Concat(f.plan.Env, c.Env)}
}

// execute runs a program to its end, and returns how long that took by the clock of this process.
func (f *field) execute(ctx context.Context, config int, what command) (took time.Duration, err error) {
	cmd := exec.CommandContext(ctx, what.program, what.args...)
	if what.program == f.Program {
		cmd.Args[0] = os.Args[0] // for lists of processes: Program may be a link of the kernel's
	}
	cmd.Env = os.Environ()
	if f.Env != nil {
		cmd.Env = f.Env(config)
	}
	cmd.Env = append(cmd.Env, what.env...)
	said := new(tail)
	cmd.Stderr = said
	cmd.WaitDelay = grace
	cmd.Cancel = func() error {
		if cmd.Process.Signal(syscall.SIGTERM) != nil { // some systems have no such signal
			return cmd.Process.Kill()
		}
		return nil
	}
	took, err = f.untilKilled(cmd)
	var exit *exec.ExitError
	switch {
	case err == nil, errors.As(err, &exit) && exit.ExitCode() == someFailed:
		return took, nil
	case exit != nil && said.reason() != "":
		return took, fmt.Errorf("%w: %s", err, said.reason())
	}
	return took, err
}

// untilKilled runs cmd, and kills it once Kill is closed.
func (r *Runner) untilKilled(cmd *exec.Cmd) (took time.Duration, err error) {
	cmd.Env = append(cmd.Env, usage.BeganEnv())
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	over := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-r.Kill:
			_ = cmd.Process.Kill() // it may have ended
		case <-over:
		}
	})
	err = cmd.Wait()
	took = time.Since(start)
	close(over)
	watching.Wait()
	return took, err
}

// A tail keeps the end of what is written to it.
type tail struct{ b []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.b = append(t.b, b...)
	if len(t.b) > kept {
		t.b = append(t.b[:0], t.b[len(t.b)-kept:]...)
	}
	return len(b), nil
}

// reason returns the last line that begins with the program's name, or else that in which a Go program says why it
// crashed, or else the last line.
func (t *tail) reason() string {
	lines := strings.Split(strings.TrimSpace(string(t.b)), "\n")
	line := lines[len(lines)-1]
	for _, l := range slices.Backward(lines) {
		if strings.HasPrefix(l, "fatal error: ") || strings.HasPrefix(l, "panic: ") {
			line = l
		}
	}
	for _, l := range lines {
		if after, ok := strings.CutPrefix(l, "imgpipe: "); ok {
			line = after
		}
	}
	return summary.Printable(strings.TrimSpace(line))
}

func readSummary(path string) (s summary.Summary, err error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, errors.New("it ended without a report of its run: expected a build of imgpipe that has --report")
	}
	if err != nil {
		return s, fmt.Errorf("read the report of a run: %w", err)
	}
	defer os.Remove(path) // the next run's must not be mistaken for it
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("read the report of a run: %w", err)
	}
	return s, nil
}

func readTimeline(path string) (Timeline, error) {
	f, err := os.Open(path)
	if err != nil {
		return Timeline{}, err
	}
	defer f.Close()
	spans, memory, err := trace.Read(f)
	if err != nil {
		return Timeline{}, err
	}
	var t Timeline
	for _, s := range spans {
		t.Spans = append(t.Spans, Span{Stage: s.Stage, Lane: s.Lane, Item: s.Item, Start: s.Start, End: s.End})
	}
	for _, p := range memory {
		t.Memory = append(t.Memory, MemoryPoint{p.At, p.Bytes})
	}
	return t, nil
}
