package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/cmd/imgpipe/internal/trace"
)

// grace is how long a run may take to end when it is asked to.
const grace = 5 * time.Second

// kept is how many bytes of a run's standard error are kept for the message about its failure.
const kept = 2 << 10

// someFailed is the exit status of a run in which some images failed. Such a run counts.
const someFailed = 1

// execute runs the program to its end.
func (r *Runner) execute(ctx context.Context, config int, args []string) error {
	cmd := exec.CommandContext(ctx, r.Program, args...)
	cmd.Args[0] = os.Args[0] // for lists of processes: Program may be a link of the kernel's
	if r.Env != nil {
		cmd.Env = r.Env(config)
	}
	said := new(tail)
	cmd.Stderr = said
	cmd.WaitDelay = grace
	cmd.Cancel = func() error {
		if cmd.Process.Signal(syscall.SIGTERM) != nil { // some systems have no such signal
			return cmd.Process.Kill()
		}
		return nil
	}
	err := r.untilKilled(cmd)
	var exit *exec.ExitError
	switch {
	case err == nil, errors.As(err, &exit) && exit.ExitCode() == someFailed:
		return nil
	case exit != nil && said.reason() != "":
		return fmt.Errorf("%w: %s", err, said.reason())
	}
	return err
}

// untilKilled runs cmd, and kills it once Kill is closed.
func (r *Runner) untilKilled(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
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
	err := cmd.Wait()
	close(over)
	watching.Wait()
	return err
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

// reason returns the last line that begins with the program's name, or else the last line.
func (t *tail) reason() string {
	lines := strings.Split(strings.TrimSpace(string(t.b)), "\n")
	line := lines[len(lines)-1]
	for _, l := range lines {
		if after, ok := strings.CutPrefix(l, "imgpipe: "); ok {
			line = after
		}
	}
	return summary.Printable(strings.TrimSpace(line))
}

func readSummary(path string) (s summary.Summary, err error) {
	b, err := os.ReadFile(path)
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
