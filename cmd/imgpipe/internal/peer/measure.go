package peer

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// Measured is what a process and all its descendants cost. Times are in seconds, amounts in bytes; 0 is not known.
type Measured struct {
	// Elapsed is from before the process was started until it had ended.
	Elapsed float64 `json:"-"`
	User    float64 `json:"-"`
	System  float64 `json:"-"`
	// PeakPSS is the largest memory of all processes together in which a shared page counts once, PeakRSS that in
	// which it counts in each.
	PeakPSS int64 `json:"-"`
	PeakRSS int64 `json:"-"`
}

// Samples of memory are taken as often as package usage takes them.
const (
	minInterval = 20 * time.Millisecond
	maxInterval = 100 * time.Millisecond
	perRun      = 50
)

// patience is how long a descendant may outlive the process before it is left to the end of its group.
const patience = 2 * time.Second

// keptWords is how many bytes of its standard error are kept for the message about a failure.
const keptWords = 4 << 10

// Measure runs cmd to its end in a process group of its own, and measures it. If ctx ends or kill is closed, the whole
// group is killed, and the error is that of ctx if that has ended. Its standard input is a pipe that ends with this
// process, so that it can leave then. CPU time is that of the process and of all descendants that were waited for.
func Measure(ctx context.Context, cmd *exec.Cmd, kill <-chan struct{}) (m Measured, err error) {
	said := new(tail)
	cmd.Stderr, cmd.WaitDelay = said, patience
	ownGroup(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return m, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return m, err
	}
	over, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		m.PeakPSS, m.PeakRSS = watch(ctx, cmd, kill, over)
	}()
	// Wait closes the pipe only after the process has ended.
	err = cmd.Wait()
	m.Elapsed = time.Since(began).Seconds()
	stdin.Close()
	close(over)
	<-watched
	if cmd.ProcessState != nil {
		m.User = cmd.ProcessState.UserTime().Seconds()
		m.System = cmd.ProcessState.SystemTime().Seconds()
	}
	killGroup(cmd) // what a process that was killed has left
	switch {
	case ctx.Err() != nil:
		return m, ctx.Err()
	case err != nil && said.last() != "":
		return m, fmt.Errorf("%w: %s", err, said.last())
	}
	return m, err
}

// watch samples the memory of cmd and its descendants until over is closed, and kills them if ctx ends or kill is
// closed.
func watch(ctx context.Context, cmd *exec.Cmd, kill, over <-chan struct{}) (pss, rss int64) {
	began := time.Now()
	next := time.NewTimer(minInterval)
	defer next.Stop()
	for {
		select {
		case <-next.C:
			p, r := memoryOf(cmd.Process.Pid)
			pss, rss = max(pss, p), max(rss, r)
			next.Reset(min(max(time.Since(began)/perRun, minInterval), maxInterval))
		case <-ctx.Done():
			killGroup(cmd)
			<-over
			return pss, rss
		case <-kill:
			killGroup(cmd)
			<-over
			return pss, rss
		case <-over:
			return pss, rss
		}
	}
}

// A tail keeps the end of what is written to it.
type tail struct{ b []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.b = append(t.b, b...)
	if len(t.b) > keptWords {
		t.b = append(t.b[:0], t.b[len(t.b)-keptWords:]...)
	}
	return len(b), nil
}

// last returns the last line: of an exception it is its name and text.
func (t *tail) last() string {
	lines := strings.Split(strings.TrimSpace(string(t.b)), "\n")
	return lines[len(lines)-1]
}
