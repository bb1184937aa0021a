//go:build linux

package procs

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"imgpipe/pipeline"
	"imgpipe/transform"
)

// A lineUp is a pool of one worker that is busy with its first image until the test lets it go, and what has been
// given to it meanwhile.
type lineUp struct {
	*testing.T
	p     *Pool
	file  string // the first image is done when it is there
	given int
	group sync.WaitGroup
}

func newLineUp(t *testing.T, opts Options) *lineUp {
	opts.Workers, opts.Ahead, opts.Isolate = max(opts.Workers, 1), true, IsolateOff
	l := &lineUp{T: t, p: faulty(t, "faults", opts), file: filepath.Join(t.TempDir(), "go")}
	echo(t, l.p, "good")
	l.paceIs(1) // whatever that has taken on a busy machine
	return l
}

// paceIs has images take so long, as far as the pool knows.
func (l *lineUp) paceIs(pace time.Duration) {
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	l.p.pace = pace
}

// give starts a task, and waits until all have the places that they should have: some in line, others waiting for a
// place.
func (l *lineUp) give(ctx context.Context, task transform.Task, queued, waiting int, ended func(pipeline.Cost, error)) {
	l.Helper()
	l.given++
	l.group.Go(func() {
		result, cost, err := l.p.Do(ctx, task)
		if err == nil && !bytes.Equal(result.Outputs[0].Data, task.Data) {
			l.Errorf("%.20s came back as %d other bytes", task.Data, len(result.Outputs[0].Data))
		}
		ended(cost, err)
	})
	for start := time.Now(); ; runtime.Gosched() {
		l.p.mu.Lock()
		nowInLine, nowWaiting, free := 0, len(l.p.waiting), len(l.p.free)
		for _, s := range l.p.slots {
			nowInLine += len(s.line)
			if s.last != nil && s.last.state == inLine { // somebody is about to be
				nowInLine = -1
				break
			}
		}
		l.p.mu.Unlock()
		if free == max(0, len(l.p.slots)-l.given) && nowInLine == queued && nowWaiting == waiting {
			return
		}
		if time.Since(start) > time.Minute {
			l.Fatalf("%d are in line and %d wait, want %d and %d", nowInLine, nowWaiting, queued, waiting)
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

// do does a task, and tells what it cost.
func (p *Pool) do(ctx context.Context, data string) (pipeline.Cost, error) {
	_, cost, err := p.Do(ctx, task(data))
	return cost, err
}

func task(data string) transform.Task { return transform.Task{Data: []byte(data)} }

func TestSmallImagesStandInLine(t *testing.T) {
	l := newLineUp(t, Options{})
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
	l.give(t.Context(), transform.Task{Data: make([]byte, maxSmall+1)}, maxLine, 2, l.done)
	l.letGo()
	l.group.Wait()
	if n := l.p.Usage().Ready; n != 1 {
		t.Errorf("%d workers were started, want 1", n)
	}
}

func TestOneAtMostStandsInLineBehindSlowImages(t *testing.T) {
	l := newLineUp(t, Options{})
	l.paceIs(maxAhead + 1)
	l.give(t.Context(), task("wait "+l.file), 0, 0, l.done)
	l.give(t.Context(), task("small"), 0, 1, l.done)
	l.give(t.Context(), task("more than there are workers"), 1, 1, l.done)
	l.give(t.Context(), task("one at each is enough"), 1, 2, l.done)
	l.letGo()
	l.group.Wait()
}

func TestOneLargeImageStandsInLineWhereThereAreEnough(t *testing.T) {
	l := newLineUp(t, Options{})
	large := transform.Task{Data: make([]byte, maxSmall+1)}
	l.give(t.Context(), task("wait "+l.file), 0, 0, l.done)
	l.give(t.Context(), large, 0, 1, l.done)
	l.give(t.Context(), large, 1, 1, l.done)
	l.give(t.Context(), large, 1, 2, l.done)
	l.give(t.Context(), task("small, behind a large one"), 1, 3, l.done)
	l.letGo()
	l.group.Wait()

	// Once the large ones are gone, the line is as long as it was.
	l.file += "-again"
	l.paceIs(1) // the first image has waited for the test
	l.give(t.Context(), task("wait "+l.file), 0, 0, l.done)
	for i := range maxLine {
		l.give(t.Context(), task("small"), i+1, 0, l.done)
	}
	l.letGo()
	l.group.Wait()
}

func TestNobodyStandsInLineForLong(t *testing.T) {
	l := newLineUp(t, Options{Workers: 2})
	other := filepath.Join(t.TempDir(), "go")
	l.give(t.Context(), task("wait "+other), 0, 0, l.done)
	l.give(t.Context(), task("wait "+l.file), 0, 0, l.done)
	l.both()
	stood := make(chan struct{})
	l.give(t.Context(), task("small"), 1, 0, func(cost pipeline.Cost, err error) {
		l.done(cost, err)
		close(stood)
	})
	over := make(chan struct{})
	for range 3 { // the workers that can be had are never idle
		l.group.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
					echo(t, l.p, "small")
				}
			}
		})
	}
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	<-stood // though it may have stood behind the one that is not through
	close(over)
	l.letGo()
	l.group.Wait()
}

// both waits until both of two workers have a task.
func (l *lineUp) both() {
	for both := false; !both; runtime.Gosched() { // the second one has to start
		l.p.mu.Lock()
		both = l.p.slots[0].open != nil && l.p.slots[1].open != nil
		l.p.mu.Unlock()
	}
}

// TestWhoStandsInLineIsNotBlamed has the first image end its worker in several ways.
func TestWhoStandsInLineIsNotBlamed(t *testing.T) {
	for _, tt := range []struct {
		first, class string
		attempts     int
		limit        time.Duration
	}{
		{"fault exit3", pipeline.ClassWorkerKilled, 2, 0},
		{"fault sigkill", pipeline.ClassWorkerKilled, 5, 0},
		{"fault garbage", pipeline.ClassWorkerKilled, 2, 0},
		{"fault panic", transform.ClassPanic, 1, 0},
		{"fault hang", transform.ClassTimeout, 1, time.Second}, // those in line have stood there for so long then
	} {
		t.Run(tt.first, func(t *testing.T) {
			l := newLineUp(t, Options{})
			l.give(t.Context(), task("wait "+l.file), 0, 0, l.done)
			limited := func(data string) transform.Task {
				return transform.Task{Data: []byte(data), Limits: transform.Limits{Time: tt.limit}}
			}
			l.give(t.Context(), limited(tt.first), 1, 0, func(cost pipeline.Cost, err error) {
				if class(err) != tt.class || cost.Attempts != tt.attempts {
					t.Errorf("error %v of class %q after %d attempts, want class %q after %d",
						err, class(err), cost.Attempts, tt.class, tt.attempts)
				}
			})
			l.give(t.Context(), limited("behind it"), 2, 0, l.done)
			l.give(t.Context(), limited("last"), 3, 0, l.done)
			l.letGo()
			l.group.Wait()
		})
	}
}

// TestWhatNeverReachedItsWorkerIsNotBlamed has two tasks whose writing fails while the worker they are for goes on
// with its first.
func TestWhatNeverReachedItsWorkerIsNotBlamed(t *testing.T) {
	l := newLineUp(t, Options{})
	l.give(t.Context(), task("deaf "+l.file), 0, 0, l.done)
	for start := time.Now(); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(l.file + ".deaf"); err == nil {
			break
		}
		if time.Since(start) > time.Minute {
			t.Fatal("the worker keeps its input open")
		}
	}
	// Nobody may stand in line behind what was not written.
	for waiting, data := range []string{"never there", "behind it"} {
		l.group.Go(func() { l.done(l.p.do(t.Context(), data)) })
		for start := time.Now(); ; runtime.Gosched() {
			l.p.mu.Lock()
			there := len(l.p.slots[0].line) == 1 && len(l.p.waiting) == waiting
			l.p.mu.Unlock()
			if there {
				break
			}
			if time.Since(start) > time.Minute {
				t.Fatalf("%q does not come to its place", data)
			}
		}
	}
	l.letGo()
	l.group.Wait()
	if n := l.p.Usage().Ready; n != 2 {
		t.Errorf("%d workers were started, want 2: the one that cannot be written to, and another", n)
	}
}

func TestWhoIsCancelledInLineHarmsNoOther(t *testing.T) {
	l := newLineUp(t, Options{})
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
	if n := l.p.Usage().Ready; n != 2 {
		t.Errorf("%d workers were started, want 2: the one whose pipe held what was cancelled, and another", n)
	}
}

// TestLinesWithoutSharedMemory has images stand in line whose bytes are in the pipe, and do not all fit.
func TestLinesWithoutSharedMemory(t *testing.T) {
	l := newLineUp(t, Options{Shared: 1})
	l.give(t.Context(), task("wait "+l.file), 0, 0, l.done)
	room := l.p.slots[0].worker.room // who uses it has been told of it by now
	if room < 256<<10 {
		t.Skipf("pipes hold %d bytes here", room)
	}
	half := transform.Task{Data: make([]byte, min(maxSmall, room*6/10))}
	l.give(t.Context(), half, 1, 0, l.done)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	l.group.Go(func() {
		if _, _, err := l.p.Do(ctx, half); err != context.Canceled {
			t.Errorf("error %v, want context.Canceled", err)
		}
		close(ended)
	})
	for l.p.slots[0].worker.unread.Load() <= int64(room) {
		runtime.Gosched()
	}
	cancel() // in the middle of its way into the pipe
	<-ended
	l.letGo()
	l.group.Wait()
}

func TestNobodyStandsInLineWhileOthersAreIdle(t *testing.T) {
	l := newLineUp(t, Options{Workers: 2})
	other := filepath.Join(t.TempDir(), "go")
	l.give(t.Context(), task("wait "+other), 0, 0, l.done)
	l.give(t.Context(), task("wait "+l.file), 0, 0, l.done)
	l.both()
	var small sync.WaitGroup
	small.Add(4)
	for i := range 4 {
		l.give(t.Context(), task("small"), i+1, 0, func(cost pipeline.Cost, err error) {
			l.done(cost, err)
			small.Done()
		})
	}
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	small.Wait() // though one of the two workers is not through with its first
	l.letGo()
	l.group.Wait()
}

func TestSpecThatCannotBeSentIsToldInLine(t *testing.T) {
	l := newLineUp(t, Options{})
	l.give(t.Context(), task("wait "+l.file), 0, 0, l.done)
	odd := transform.Task{Data: []byte("odd"), Spec: transform.Spec{Quality: 900}}
	l.give(t.Context(), odd, 1, 0, func(cost pipeline.Cost, err error) {
		if class(err) != transform.ClassOperation || cost.Attempts != 1 {
			t.Errorf("error %v of class %q after %d attempts, want class operation after 1",
				err, class(err), cost.Attempts)
		}
	})
	l.give(t.Context(), task("behind it"), 2, 0, l.done)
	l.letGo()
	l.group.Wait()
}

func TestCloseEndsTheLine(t *testing.T) {
	l := newLineUp(t, Options{})
	l.p.opts.Grace = 20 * time.Millisecond
	closed := func(_ pipeline.Cost, err error) {
		if !errors.Is(err, pipeline.ErrClosed) {
			t.Errorf("error %v, want ErrClosed", err)
		}
	}
	l.give(context.Background(), task("fault hang"), 0, 0, closed)
	l.give(context.Background(), task("in line"), 1, 0, closed)
	l.give(context.Background(), transform.Task{Data: make([]byte, maxSmall+1)}, 1, 1, closed)
	l.p.Close()
	l.group.Wait()
}
