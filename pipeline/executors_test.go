package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"imgpipe/pipeline/executor"
	"imgpipe/transform"
)

func localWith(width int, gil bool, do executor.Func) *Local {
	l := Goroutines(width)
	if gil {
		l = GIL(width)
	}
	l.do = do
	return l
}

func TestWidthIsHowManyTasksRunAtOnce(t *testing.T) {
	for _, tt := range []struct {
		name         string
		width        int
		gil          bool
		wantTogether int64
	}{
		{"serial", 1, false, 1},
		{"goroutines=3", 3, false, 3},
		{"gil=3", 3, true, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var now, most atomic.Int64
				l := localWith(tt.width, tt.gil, func(context.Context, transform.Task) (transform.Result, error) {
					n := now.Add(1)
					for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
					}
					time.Sleep(time.Second) // of the fake clock: all that can run together do
					now.Add(-1)
					return transform.Result{}, nil
				})
				start := time.Now()
				var group sync.WaitGroup
				for range 12 {
					group.Go(func() {
						_, cost, err := l.Do(t.Context(), transform.Task{})
						if err != nil || cost.Worker < 0 || cost.Worker >= tt.width || cost.Attempts != 1 {
							t.Errorf("Do: cost %+v, error %v", cost, err)
						}
					})
				}
				group.Wait()
				if most.Load() != tt.wantTogether {
					t.Errorf("%d tasks ran at once, want %d", most.Load(), tt.wantTogether)
				}
				if took, want := time.Since(start), time.Duration(12/tt.wantTogether)*time.Second; took != want {
					t.Errorf("12 tasks of one second took %v, want %v", took, want)
				}
				if err := l.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestGILReportsTheWaitForItsLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := localWith(2, true, func(context.Context, transform.Task) (transform.Result, error) {
			time.Sleep(time.Second)
			return transform.Result{}, nil
		})
		var group sync.WaitGroup
		var total atomic.Int64
		for range 2 {
			group.Go(func() {
				_, cost, _ := l.Do(t.Context(), transform.Task{})
				total.Add(int64(cost.Wait))
			})
		}
		group.Wait()
		if got := time.Duration(total.Load()); got != time.Second {
			t.Errorf("two tasks of one second waited %v in all, want 1s", got)
		}
		l.Close()
	})
}

func TestTheTimeOfAnImageBeginsWithItsWork(t *testing.T) {
	for _, gil := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			l := localWith(2, gil, func(ctx context.Context, task transform.Task) (transform.Result, error) {
				select {
				case <-time.After(time.Duration(len(task.Data)) * time.Second):
				case <-ctx.Done():
				}
				return transform.Result{}, ctx.Err()
			})
			var group sync.WaitGroup
			var done, late, queued atomic.Int64
			for i := range 9 { // 6 of three seconds and 3 of five, on two lanes or under one lock
				seconds := 3 + 2*(i/6)
				group.Go(func() {
					task := transform.Task{Data: make([]byte, seconds), Limits: transform.Limits{Time: 4 * time.Second}}
					_, cost, err := l.Do(t.Context(), task)
					queued.Add(int64(cost.Queued))
					var failure *transform.Error
					switch {
					case err == nil:
						done.Add(1)
					case errors.As(err, &failure) && failure.Class() == transform.ClassTimeout && seconds == 5:
						late.Add(1)
					default:
						t.Errorf("a task of %d seconds ended with %v", seconds, err)
					}
				})
			}
			group.Wait()
			if done.Load() != 6 || late.Load() != 3 {
				t.Errorf("gil=%t: %d tasks were done and %d had taken their time, want 6 and 3", gil, done.Load(),
					late.Load())
			}
			if queued.Load() == 0 {
				t.Errorf("gil=%t: no task was queued, want seven that were", gil)
			}
			l.Close()
		})
	}
}

func TestImageOverItsTimeIsGivenUp(t *testing.T) {
	for _, gil := range []bool{false, true} {
		t.Run(fmt.Sprintf("gil=%t", gil), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				free := make(chan struct{})
				l := localWith(1, gil, func(ctx context.Context, task transform.Task) (transform.Result, error) {
					if len(task.Data) > 0 {
						<-free // deaf to its context
					}
					return transform.Result{Path: "done"}, nil
				})
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				start := time.Now()
				_, cost, err := l.Do(ctx, transform.Task{Data: []byte("stuck")})
				if !cost.Abandoned {
					t.Error("the cost of a stuck task does not tell that it was abandoned")
				}
				var failure *transform.Error
				if !errors.As(err, &failure) || failure.Class() != "timeout" ||
					!errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("a stuck task ended with %v, want an error of class timeout", err)
				}
				if took := time.Since(start); took != time.Minute {
					t.Errorf("given up after %v, want 1m", took)
				}
				if l.Abandoned() != 1 {
					t.Errorf("Abandoned() = %d, want 1", l.Abandoned())
				}
				if result, _, err := l.Do(t.Context(), transform.Task{}); err != nil || result.Path != "done" {
					t.Errorf("the next task: %+v, %v", result, err)
				}
				close(free)
				synctest.Wait()
				if l.Abandoned() != 0 {
					t.Errorf("Abandoned() = %d after the goroutine ended, want 0", l.Abandoned())
				}
				if err := l.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestContextEndsTheWaitForALaneOrTheLock(t *testing.T) {
	for _, tt := range []struct {
		name  string
		width int
		gil   bool
	}{{"lane", 1, false}, {"lock", 2, true}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				free := make(chan struct{})
				l := localWith(tt.width, tt.gil, func(context.Context, transform.Task) (transform.Result, error) {
					<-free
					return transform.Result{}, nil
				})
				var group sync.WaitGroup
				group.Go(func() { l.Do(t.Context(), transform.Task{}) })
				synctest.Wait()
				ctx, cancel := context.WithCancel(t.Context())
				group.Go(func() {
					if _, _, err := l.Do(ctx, transform.Task{}); err != context.Canceled {
						t.Errorf("error %v, want context.Canceled", err)
					}
				})
				synctest.Wait()
				cancel()
				synctest.Wait()
				close(free)
				group.Wait()
				if l.Abandoned() != 0 {
					t.Errorf("Abandoned() = %d of tasks that never began, want 0", l.Abandoned())
				}
				l.Close()
			})
		})
	}
}

func TestPanicAndGoexitFailTheirImageAlone(t *testing.T) {
	l := localWith(1, true, func(_ context.Context, task transform.Task) (transform.Result, error) {
		switch string(task.Data) {
		case "panic":
			panic("index out of its palette")
		case "goexit":
			runtime.Goexit()
		}
		return transform.Result{}, nil
	})
	defer l.Close()
	for _, data := range []string{"panic", "goexit"} {
		_, _, err := l.Do(t.Context(), transform.Task{Data: []byte(data)})
		var failure *transform.Error
		if !errors.As(err, &failure) || failure.Class() != "panic" || len(failure.Stack) == 0 {
			t.Errorf("%s: error %v, want one of class panic with a stack", data, err)
		}
		if _, _, err := l.Do(t.Context(), transform.Task{}); err != nil {
			t.Errorf("the task after %s: %v", data, err)
		}
	}
}

func TestCloseGivesUpWhatWillNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free := make(chan struct{})
		l := localWith(1, false, func(context.Context, transform.Task) (transform.Result, error) {
			<-free
			return transform.Result{}, nil
		})
		ended := make(chan error)
		go func() {
			_, _, err := l.Do(context.Background(), transform.Task{})
			ended <- err
		}()
		synctest.Wait()
		start := time.Now()
		closed := make(chan error)
		go func() { closed <- l.Close() }()
		if err := <-ended; err != ErrClosed {
			t.Errorf("the task that ran: %v, want ErrClosed", err)
		}
		err := <-closed
		if err == nil || !strings.Contains(err.Error(), "1 task") {
			t.Errorf("Close: %v, want an error that counts the goroutine left", err)
		}
		if took := time.Since(start); took != 2*closeGrace {
			t.Errorf("Close took %v, want %v", took, 2*closeGrace)
		}
		if again := l.Close(); again != err {
			t.Errorf("Close again: %v, want the same error", again)
		}
		if _, _, err := l.Do(t.Context(), transform.Task{}); err != ErrClosed {
			t.Errorf("Do after Close: %v, want ErrClosed", err)
		}
		close(free)
	})
}

func TestCloseLetsRunningTasksFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := localWith(1, false, func(context.Context, transform.Task) (transform.Result, error) {
			time.Sleep(closeGrace / 2)
			return transform.Result{Path: "done"}, nil
		})
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if result, _, err := l.Do(context.Background(), transform.Task{}); err != nil || result.Path != "done" {
				t.Errorf("Do: %+v, %v", result, err)
			}
		}()
		synctest.Wait()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		<-ended
	})
}

func BenchmarkLocal(b *testing.B) {
	nothing := func(context.Context, transform.Task) (transform.Result, error) { return transform.Result{}, nil }
	for _, gil := range []bool{false, true} {
		b.Run(fmt.Sprintf("gil=%t", gil), func(b *testing.B) {
			l := localWith(1, gil, nothing)
			defer l.Close()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := l.Do(ctx, transform.Task{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
