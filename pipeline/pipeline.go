// Package pipeline takes items through fetch, transform and store, many at once, and accounts for every one.
package pipeline

import (
	"context"
	"time"

	"imgpipe/transform"
)

// An Executor runs the CPU stage somewhere: here, or in another process.
//
// Do is called from up to Width goroutines at once; more block. It gives what transform.Do gives for the same Task, whichever
// Executor it is, and doing a Task twice is the same as doing it once. The error of one Task leaves the Executor usable. When ctx
// ends, Do returns promptly with an error of class "timeout" (deadline) or ctx's error (cancelled).
// Close ends all that the Executor started and returns when it has; Do after Close is an error.
type Executor interface {
	Do(ctx context.Context, task transform.Task) (transform.Result, Cost, error)
	Width() int
	Close() error
}

// Cost is what one Executor.Do cost beyond the transform itself.
type Cost struct {
	// Worker is the number of the lane that ran it, from 0 to Width-1.
	Worker int
	// Attempts is how many times it was tried; 2 or more when a worker died under it.
	Attempts int
	// Start is how long starting a worker took, where this task had to wait for it.
	Start time.Duration
	// Wait is how long the task waited for a lock or a free worker.
	Wait time.Duration
	// Handover is the time spent on carrying bytes to and from a worker; Copied is how many bytes that were.
	Handover time.Duration
	Copied   int64
}
