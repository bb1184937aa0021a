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
	// MajorFaults counts the pages that had to come from a disk.
	MajorFaults int64
	// CPUKnown and RunQueueKnown report whether the system tells these times. Zero does not mean unknown.
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
		MajorFaults: w.MajorFaults + v.MajorFaults,
		CPUKnown:    w.CPUKnown && v.CPUKnown, RunQueueKnown: w.RunQueueKnown && v.RunQueueKnown,
	}
}
