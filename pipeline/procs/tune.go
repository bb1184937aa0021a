package procs

import (
	"runtime"
	"sync"
)

// workersPerProcessor is how many workers one processor can feed: of the work of a small image the parent has 8 %, of
// a photo's less.
const workersPerProcessor = 8

// Tune sets this whole process up for feeding the pool's workers, and returns what undoes that, which may be called
// more than once. It is for a program whose CPU work is done by the pool alone, and is called at most once, before the
// first task. Without it small images take 5 to 9 % longer:
//
//   - Goroutines may use one processor for every eight workers and one more (GOMAXPROCS). With as many as there are,
//     each goroutine that is woken makes the runtime wake a second thread to look for more. That thread takes a
//     processor from a worker, finds nothing and sleeps again: small images were 5 to 9 % slower.
//   - With Options.Ahead on Linux, threads of this process, and workers that it starts from then on, do not preempt
//     what runs when they wake (SCHED_BATCH). A worker that has answered has its next image already, so to interrupt
//     one in order to read an answer at once gains nothing, and costs two switches: small images took 5 % more CPU
//     time. Without Options.Ahead a worker would wait a millisecond longer for its next image.
//
// What somebody has chosen for this process stays: fewer processors, or another scheduling class.
func (p *Pool) Tune() (undo func()) {
	before := runtime.GOMAXPROCS(0)
	tuned := min(before, 1+p.opts.Workers/workersPerProcessor)
	runtime.GOMAXPROCS(tuned)
	preempt := func() {}
	if p.Ahead().Tasks > 0 {
		preempt = yieldProcessors()
	}
	return sync.OnceFunc(func() {
		preempt()
		if runtime.GOMAXPROCS(0) == tuned { // else somebody has changed it meanwhile
			runtime.GOMAXPROCS(before)
		}
	})
}
