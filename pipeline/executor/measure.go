package executor

import (
	"math"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"
)

// Measure calls f and returns where its time went, by the clocks of the thread that ran it. It locks the goroutine to
// its thread meanwhile, and may be called from a goroutine that is locked already. If f panics or ends its goroutine,
// so does Measure.
//
// Linux knows the CPU time, the run queue and the page faults of a thread, macOS its CPU time, other systems nothing.
// What the kernel cannot see is the wait of a goroutine for a processor of Go's scheduler. Measure bounds that by the
// scheduler's own histogram: see [Work].
//
// It takes 9 µs of a core (AMD EPYC, Linux 6.18, November 2026): 0.5 % of a small image of 2 ms.
//
// A worker process that drops its rights to files calls Measure once before that, from the thread that it will use.
func Measure(f func()) Work {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := time.Now()
	before := readThread()
	f()
	after := readThread()
	w := Work{
		Wall: time.Since(began), CPU: after.cpu - before.cpu, RunQueue: after.runQueue - before.runQueue,
		MajorFaults:   after.majorFaults - before.majorFaults,
		CPUKnown:      before.cpuKnown && after.cpuKnown,
		RunQueueKnown: before.runQueueKnown && after.runQueueKnown,
	}.Within(math.MaxInt64)
	if w.CPUKnown {
		w.Scheduler = latencies.explain(w.Wall - w.CPU - w.RunQueue)
	}
	return w
}

// Scheduled returns how much of a wait of goroutines of this process can have been one for a processor of Go's
// scheduler, by what the scheduler has counted since the process began. What was returned once is not used again.
func Scheduled(wait time.Duration) time.Duration { return latencies.explain(wait) }

// A reading is what the system says of a thread.
type reading struct {
	cpu, runQueue           time.Duration
	majorFaults             int64
	cpuKnown, runQueueKnown bool
}

// latencies is what goroutines of this process have waited for Go's scheduler.
var latencies waits

// waits says how much of what threads cannot explain may have been waits for Go's scheduler. Its histogram counts the
// waits of all goroutines, so it is a bound: what was explained by it once is not used again.
type waits struct {
	mu        sync.Mutex
	sample    []metrics.Sample
	explained time.Duration
}

// sampled is how many waits of goroutines there are for each that is in the histogram: see gTrackingPeriod of package
// runtime.
const sampled = 8

// explain returns how much of a wait can have been one for Go's scheduler.
func (l *waits) explain(wait time.Duration) time.Duration {
	if wait <= 0 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sample == nil {
		l.sample = []metrics.Sample{{Name: "/sched/latencies:seconds"}}
	}
	metrics.Read(l.sample)
	if l.sample[0].Value.Kind() != metrics.KindFloat64Histogram {
		return 0
	}
	wait = max(0, min(wait, most(l.sample[0].Value.Float64Histogram())-l.explained))
	l.explained += wait
	return wait
}

// most returns the most that goroutines can have waited, by a histogram of some of their waits: each counts as the
// longest of its bucket, and the sum may be two standard errors higher.
func most(h *metrics.Float64Histogram) time.Duration {
	var sum, squares float64
	for i, n := range h.Counts {
		longest := h.Buckets[i+1]
		if math.IsInf(longest, 1) {
			longest = h.Buckets[i]
		}
		sum += float64(n) * longest
		squares += float64(n) * longest * longest
	}
	return time.Duration(sampled * (sum + 2*math.Sqrt(squares)) * float64(time.Second))
}
