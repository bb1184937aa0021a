//go:build linux

package procs

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"imgpipe/pipeline"
	"imgpipe/transform"
)

// A lineUp is a pool of one worker that is busy with its first image until the test lets it go, and what has been given to it meanwhile.
type lineUp struct {
	*testing.T
	p     *Pool
	file  string // the first image is done when it is there
	group sync.WaitGroup
}

func newLineUp(t *testing.T) *lineUp {
	l := &lineUp{T: t, p: faulty(t, "faults", Options{Workers: 1, Ahead: true, Isolate: IsolateOff}), file: filepath.Join(t.TempDir(), "go")}
	echo(t, l.p, "good") // it is known now that images take no time
	return l
}

// give starts a task, and waits until its place is as it should be: inLine behind the first, and others waiting for a place.
func (l *lineUp) give(ctx context.Context, task transform.Task, inLine, waiting int, ended func(pipeline.Cost, error)) {
	l.Helper()
	l.group.Go(func() {
		result, cost, err := l.p.Do(ctx, task)
		if err == nil && !bytes.Equal(result.Outputs[0].Data, task.Data) {
			l.Errorf("%.20s came back as %d other bytes", task.Data, len(result.Outputs[0].Data))
		}
		ended(cost, err)
	})
	for start := time.Now(); ; time.Sleep(time.Millisecond) {
		l.p.mu.Lock()
		nowInLine, nowWaiting, free := len(l.p.slots[0].line), len(l.p.waiting), len(l.p.free)
		l.p.mu.Unlock()
		if free == 0 && nowInLine == inLine && nowWaiting == waiting {
			return
		}
		if time.Since(start) > time.Minute {
			l.Fatalf("%d are in line and %d wait, want %d and %d", nowInLine, nowWaiting, inLine, waiting)
		}
	}
}

// letGo has the first image done.
func (l *lineUp) letGo() {
	if err := os.WriteFile(l.file, nil, 0o600); err != nil {
		l.Fatal(err)
	}
}

func (l *lineUp) done(cost pipeline.Cost, err error) {
	l.Helper()
	if err != nil || cost.Attempts != 1 {
		l.Errorf("error %v after %d attempts, want none after 1", err, cost.Attempts)
	}
}

func task(data string) transform.Task { return transform.Task{Data: []byte(data)} }

func TestSmallImagesStandInLineAndLargeOnesDoNot(t *testing.T) {
	l := newLineUp(t)
	l.give(t.Context(), task("wait "+l.file), 0, 0, l.done)
	for i := range maxLine {
		l.give(t.Context(), task("small"), i+1, 0, func(cost pipeline.Cost, err error) {
			l.done(cost, err)
			if cost.Queued <= 0 {
				t.Errorf("cost %+v of an image that stood in line, want some time queued", cost)
			}
		})
	}
	l.give(t.Context(), task("one too many"), maxLine, 1, l.done)
	l.give(t.Context(), transform.Task{Data: make([]byte, maxFollow+1)}, maxLine, 2, l.done)
	l.letGo()
	l.group.Wait()
	if n := l.p.Usage().Started; n != 1 {
		t.Errorf("%d workers were started, want 1", n)
	}
}

func TestNobodyStandsInLineBehindSlowImages(t *testing.T) {
	l := newLineUp(t)
	l.p.mu.Lock()
	l.p.pace = maxAhead + 1
	l.p.mu.Unlock()
	l.give(t.Context(), task("wait "+l.file), 0, 0, l.done)
	l.give(t.Context(), task("small"), 0, 1, l.done)
	l.letGo()
	l.group.Wait()
}

// TestWhoStandsInLineIsNotBlamed has the first image end its worker in several ways.
func TestWhoStandsInLineIsNotBlamed(t *testing.T) {
	for _, tt := range []struct {
		first, class string
		attempts     int
		limit        time.Duration
	}{
		{"fault exit3", ClassWorkerKilled, 2, 0},
		{"fault sigkill", ClassWorkerKilled, 5, 0},
		{"fault garbage", ClassWorkerKilled, 2, 0},
		{"fault panic", transform.ClassPanic, 1, 0},
		{"fault hang", transform.ClassTimeout, 1, 300 * time.Millisecond}, // those in line have stood there for so long then
	} {
		t.Run(tt.first, func(t *testing.T) {
			l := newLineUp(t)
			l.give(t.Context(), task("wait "+l.file), 0, 0, l.done)
			limited := func(data string) transform.Task {
				return transform.Task{Data: []byte(data), Limits: transform.Limits{Time: tt.limit}}
			}
			l.give(t.Context(), limited(tt.first), 1, 0, func(cost pipeline.Cost, err error) {
				if class(err) != tt.class || cost.Attempts != tt.attempts {
					t.Errorf("error %v of class %q after %d attempts, want class %q after %d", err, class(err), cost.Attempts, tt.class, tt.attempts)
				}
			})
			l.give(t.Context(), limited("behind it"), 2, 0, l.done)
			l.give(t.Context(), limited("last"), 3, 0, l.done)
			l.letGo()
			l.group.Wait()
		})
	}
}

func TestWhoIsCancelledInLineHarmsNoOther(t *testing.T) {
	l := newLineUp(t)
	l.give(t.Context(), task("wait "+l.file), 0, 0, l.done)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	l.give(t.Context(), task("before it"), 1, 0, l.done)
	l.give(ctx, task("cancelled"), 2, 0, func(_ pipeline.Cost, err error) {
		if err != context.Canceled {
			t.Errorf("error %v, want context.Canceled", err)
		}
		close(ended)
	})
	l.give(t.Context(), task("behind it"), 3, 0, l.done)
	cancel()
	<-ended // while the first is not done
	l.letGo()
	l.group.Wait()
}

func TestSpecThatCannotBeSentIsToldInLine(t *testing.T) {
	l := newLineUp(t)
	l.give(t.Context(), task("wait "+l.file), 0, 0, l.done)
	l.give(t.Context(), transform.Task{Data: []byte("odd"), Spec: transform.Spec{Quality: 900}}, 1, 0, func(cost pipeline.Cost, err error) {
		if class(err) != transform.ClassOperation || cost.Attempts != 1 {
			t.Errorf("error %v of class %q after %d attempts, want class operation after 1", err, class(err), cost.Attempts)
		}
	})
	l.give(t.Context(), task("behind it"), 2, 0, l.done)
	l.letGo()
	l.group.Wait()
}

func TestCloseEndsTheLine(t *testing.T) {
	l := newLineUp(t)
	l.p.opts.Grace = 20 * time.Millisecond
	closed := func(_ pipeline.Cost, err error) {
		if !errors.Is(err, pipeline.ErrClosed) {
			t.Errorf("error %v, want ErrClosed", err)
		}
	}
	l.give(context.Background(), task("fault hang"), 0, 0, closed)
	l.give(context.Background(), task("in line"), 1, 0, closed)
	l.give(context.Background(), transform.Task{Data: make([]byte, maxFollow+1)}, 1, 1, closed)
	l.p.Close()
	l.group.Wait()
}
