package bench

import (
	"context"
	"runtime"
	"slices"
	"time"
)

// What a [Start] can be of. StartProcess is a worker process of this program, until it says that it can work.
const (
	StartGoroutine = "goroutine"
	StartThread    = "OS thread"
	StartProcess   = "process"
)

// How often each is started. One goroutine takes less than a clock can show, so a try is the mean of many.
const (
	startTries     = 31
	goroutinesEach = 200
)

// MeasureStarts starts a goroutine, an OS thread and a process in turn, many times, in one loop: whatever else the
// machine does meanwhile is done to all three. process starts a process, and returns how long it took until that could
// work. The error is that of process or of ctx.
func MeasureStarts(ctx context.Context, process func(context.Context) (time.Duration, error)) ([]Start, error) {
	kinds := []string{StartGoroutine, StartThread, StartProcess}
	took := map[string][]float64{}
	var threads threadStarter
	defer threads.end()
	for try := range startTries {
		for i := range kinds {
			var t time.Duration
			known := true
			kind := kinds[(try+i)%len(kinds)]
			switch kind {
			case StartGoroutine:
				t = oneGoroutine()
			case StartThread:
				t, known = threads.one()
			case StartProcess:
				var err error
				if t, err = process(ctx); err != nil {
					return nil, err
				}
			}
			if known {
				took[kind] = append(took[kind], t.Seconds())
			}
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	var all []Start
	for _, kind := range kinds {
		if each := took[kind]; len(each) > 0 {
			all = append(all, Start{What: kind, Time: estimate(each), Tries: len(each)})
		}
	}
	return all, nil
}

// oneGoroutine returns how long a goroutine takes until it runs and its maker goes on.
func oneGoroutine() time.Duration {
	began := time.Now()
	for range goroutinesEach {
		ran := make(chan struct{})
		go close(ran)
		<-ran
	}
	return time.Since(began) / goroutinesEach
}

// A threadStarter starts OS threads. The zero value is ready.
//
// Go starts a thread when a goroutine is to run and no thread is idle. So both who starts and who is started are locked
// to their threads: the first cannot lend its own, and the second keeps what it got until end. A goroutine that returns
// while it is locked takes its thread along.
type threadStarter struct{ held []chan struct{} }

// mostThreads is how many threads are started before one is given up on: at first, idle ones are used up.
const mostThreads = 8

// one starts a thread and returns how long it took until it ran a goroutine. It reports whether that thread was new: Go
// counts those that it makes.
func (t *threadStarter) one() (took time.Duration, isNew bool) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for range mostThreads {
		before, _ := runtime.ThreadCreateProfile(nil)
		leave, ran := make(chan struct{}), make(chan time.Time)
		t.held = append(t.held, leave)
		began := time.Now()
		go func() {
			runtime.LockOSThread()
			ran <- time.Now()
			<-leave
		}()
		took = (<-ran).Sub(began)
		if after, _ := runtime.ThreadCreateProfile(nil); after > before {
			return took, true
		}
	}
	return 0, false
}

// end ends the threads.
func (t *threadStarter) end() {
	for _, leave := range slices.Backward(t.held) {
		close(leave)
	}
}
