package executor

import "time"

// Work is where the time of one transform went, by the clocks of the thread that ran it.
type Work struct {
	// Wall is from the call to the return.
	Wall time.Duration
	// CPU is the time on a core.
	CPU time.Duration
	// RunQueue is the time in which the thread was ready, and the kernel had no core for it.
	RunQueue time.Duration
	// Scheduler is the time that none of these explain, and in which the goroutine can have waited for a processor of
	// Go's scheduler: at most as much as the scheduler has counted. What is left of Wall is a wait for something else.
	Scheduler time.Duration
	// MajorFaults counts the pages that had to come from a disk.
	MajorFaults int64
	// CPUKnown and RunQueueKnown report whether the system has these times. Zero does not mean unknown.
	CPUKnown, RunQueueKnown bool
}

// Add returns the sum. What one of the two does not know is not known of the sum, except that an empty Work adds
// nothing.
func (w Work) Add(v Work) Work {
	switch {
	case w == Work{}:
		return v
	case v == Work{}:
		return w
	}
	return Work{
		Wall: w.Wall + v.Wall, CPU: w.CPU + v.CPU, RunQueue: w.RunQueue + v.RunQueue,
		Scheduler: w.Scheduler + v.Scheduler, MajorFaults: w.MajorFaults + v.MajorFaults,
		CPUKnown: w.CPUKnown && v.CPUKnown, RunQueueKnown: w.RunQueueKnown && v.RunQueueKnown,
	}
}

// Within returns w with no time below 0, Wall at most most, and the others, in their order, within what is left of
// Wall. Clocks are read one after the other, and those of another process may say anything.
func (w Work) Within(most time.Duration) Work {
	w.Wall = max(0, min(w.Wall, most))
	left := w.Wall
	for _, part := range []*time.Duration{&w.CPU, &w.RunQueue, &w.Scheduler} {
		*part = max(0, min(*part, left))
		left -= *part
	}
	w.MajorFaults = max(w.MajorFaults, 0)
	return w
}

// Stall returns the part of Wall that nothing explains: it was spent on no core, and not on waiting for one. It is 0
// where a time is not known.
func (w Work) Stall() time.Duration {
	if !w.CPUKnown || !w.RunQueueKnown {
		return 0
	}
	return max(0, w.Wall-w.CPU-w.RunQueue-w.Scheduler)
}
