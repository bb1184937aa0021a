package pipeline

import (
	"context"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline/executor"
	"imgpipe/transform"
)

// An Executor runs the CPU stage somewhere: here, or in another process.
//
// Do returns what transform.Do returns for the same Task, whichever Executor it is. Doing a Task twice is the same as
// doing it once, and the error of one Task leaves the Executor usable. Do is called from up to Width goroutines at
// once, and from more where the Executor is a [Queuer]; calls beyond that block.
//
// Do returns promptly when ctx ends: with an error of class "timeout" after a deadline, else with ctx's error. It
// also returns an error of class "timeout" once a try of the Task has taken its Limits.Time, in which no wait for a
// worker or a lock counts.
//
// After Do has returned, nothing reads the Task's Data, with two exceptions: a task that its Cost calls abandoned, and
// a process that is being ended, whose answer nobody uses.
//
// Close ends all that the Executor started, and returns when that has ended. Do after Close is an error.
//
// Package executor has what is needed to write one, and package executortest the tests that it must pass.
type Executor interface {
	Do(ctx context.Context, task transform.Task) (transform.Result, Cost, error)
	Width() int
	Close() error
}

// A Queuer is an [Executor] that gains from more calls of Do than its Width. To a [Guard], a task that waits in Do has
// begun. An Executor that is no Queuer gets at most Width calls at once.
type Queuer interface {
	Executor
	Ahead() Ahead
}

// Ahead is how many calls of Do beyond Width are useful: Tasks of any size, and Small more whose Data is at most Bytes
// long.
type Ahead struct{ Tasks, Small, Bytes int }

// Cost is what one Executor.Do cost beyond the transform itself.
type Cost struct {
	// Worker is the number of the lane that ran the task, from 0 to Width-1.
	Worker int
	// Attempts is how many times it was tried; 2 or more when a worker died under it.
	Attempts int
	// Start is how long starting a worker took, where this task had to wait for it.
	Start time.Duration
	// Queued is how long the task waited for a worker that others kept busy, and Wait how long for a lock after that.
	Queued, Wait time.Duration
	// Handover is the time spent on sending files to a worker and reading its answer. Copied is how many bytes had to
	// be copied for that.
	Handover time.Duration
	Copied   int64
	// Work is where the time of the transform itself went; zero if the Executor does not measure that.
	Work executor.Work
	// Overlap is the part of that in which the executor counted the task before it still: a worker that has its next
	// task already begins it while its answer to the one before is read. It is in the Handover of that one, too.
	Overlap time.Duration
	// Abandoned reports that the task was given up while it still runs: its Data may yet be read. Ended is closed when
	// it no longer runs; nil means that this is not known.
	Abandoned bool
	Ended     <-chan struct{}
}

// A Fetcher reads the bytes of items. It is called from many goroutines at once. It keeps within room, which counts
// what the Body holds when Fetch returns. A *fetch.Client is one.
type Fetcher interface {
	Fetch(ctx context.Context, item fetch.Item, room fetch.Room) (fetch.Body, error)
}

// A Store keeps outputs. Package store has one with names, whole files, a ledger and resume.
//
// Plan is called once for each item, from one goroutine, in the order of the input and before the item is fetched. So
// names can depend on the order alone. It is asked about every item, also about one with an Err, which can be skipped
// like any other. If it is not skipped, it fails with its own Err, whatever Plan returned, and its Place is used no
// further. So a Store that skips nothing need not look at Err.
type Store interface {
	Plan(item fetch.Item) (Place, error)
}

// A Recorder is a [Store] that accounts for items, as a ledger does. Run calls Record with the Outcome of every item,
// before it calls the sink and from the same goroutine. An error of Record ends the run, and Record is not called
// again. Without a Recorder nothing remembers how items ended, and the next run does all of them again.
type Recorder interface {
	Store
	Record(o Outcome) error
}

// A Place is where the outputs of one item go.
type Place interface {
	// Skip returns why nothing is to be done for the item. The zero Skip means that it is to be done.
	Skip() Skip
	// Put keeps the outputs of r. Calls for different Places come from many goroutines at once. An error with a method
	// Fatal() bool that returns true ends the run. Outputs returned with an error are kept all the same.
	Put(r transform.Result) ([]Output, error)
}

// A Skip is why an item is left out.
type Skip struct {
	// Why is one phrase for people, such as "done before". If it is empty, the item is not left out.
	Why string
	// Class is the kind of failure with which the item ended in an earlier run, if that is why it is left out: asking
	// again is known to bring the same answer.
	Class string
}

// A Dated is a [Place] that is told when what was fetched for it was changed last.
type Dated interface {
	Place
	// Modified is called before Put. at is zero if the source does not say when.
	Modified(at time.Time)
}

// A Guard is a [Place] that knows when its item is worked on, and can have that done apart. Files come from strangers,
// and one of them might end this process. A Store that leaves Guard out does not learn what was under way when a run
// died, and all its items are done by Options.Executor.
type Guard interface {
	Place
	// Begin is called before anything looks into the file that was fetched. If apart is true, the item is done by
	// Options.Apart and not by Options.Executor. Run does not parse it in this process, and reserves the whole budget
	// for its pixels. An error fails the item.
	Begin() (apart bool, err error)
	// End is called when nothing looks into the file any more, or when the task was abandoned. It is not called if
	// Begin returned an error.
	End(abandoned bool)
}
