// Package pipeline takes items through fetch, transform and store, many at once, and accounts for every one.
//
//	items ──> plan ──> fetch ──────> transform ──────> store ──> sink
//	          in       Downloads     Executor.Width    4 lanes   one at a time,
//	          order    lanes         lanes (+ Ahead)             as they end
//	                     │             │
//	                     └── Memory ───┘   bytes fetched and pixels to decode are admitted by one budget
//
// The error of one item is data: it ends that item, is told to the sink as an [Outcome], and never stops the run. What stops a
// run is the end of its items, its context, [Options.Stop], too many failures, or an error that says it is fatal, such as a
// full disk.
//
// The package knows no flag and no terminal. What it runs the CPU stage on is an [Executor]: [Serial], [Goroutines] and [GIL] are here,
// processes are in package procs. What it writes to is a [Store]; the one with names, atomic files and a ledger is in package store.
package pipeline

import (
	"context"
	"time"

	"imgpipe/fetch"
	"imgpipe/transform"
)

// An Executor runs the CPU stage somewhere: here, or in another process.
//
// Do is called from up to Width goroutines at once, and those of a Queuer; more block. It gives what transform.Do gives for the same Task, whichever
// Executor it is, and doing a Task twice is the same as doing it once. The error of one Task leaves the Executor usable. When ctx
// ends, Do returns promptly with an error of class "timeout" (deadline) or ctx's error (cancelled); so it does with class "timeout" when a
// try of the Task has taken its Limits.Time, in which no wait for a worker or lock counts.
// When Do returns, nothing reads the task's Data any more, unless its Cost says that the task was abandoned, but perhaps a process that is being ended
// and has no answer that is used.
// Close ends all that the Executor started and returns when it has; Do after Close is an error.
type Executor interface {
	Do(ctx context.Context, task transform.Task) (transform.Result, Cost, error)
	Width() int
	Close() error
}

// A Queuer is an Executor that gains from more calls of Do than its Width. Those tasks are under way, as to Guard, while they wait in Do.
type Queuer interface {
	Executor
	Ahead() Ahead
}

// Ahead says how many more calls of Do are of use: for so many Tasks, and so many Small ones besides, whose Data has at most so many Bytes.
type Ahead struct{ Tasks, Small, Bytes int }

// Cost is what one Executor.Do cost beyond the transform itself.
type Cost struct {
	// Worker is the number of the lane that ran it, from 0 to Width-1.
	Worker int
	// Attempts is how many times it was tried; 2 or more when a worker died under it.
	Attempts int
	// Start is how long starting a worker took, where this task had to wait for it.
	Start time.Duration
	// Queued is how long the task waited for a worker that others kept busy, and Wait how long for a lock after that.
	Queued, Wait time.Duration
	// Handover is the time spent on giving files to a worker and taking them back; Copied is how many bytes had to be copied for that.
	Handover time.Duration
	Copied   int64
	// Abandoned says that the task was given up while it still runs: its Data may yet be read. Ended is closed when it
	// no longer runs; nil means that this is not known.
	Abandoned bool
	Ended     <-chan struct{}
}

// A Fetcher gets the bytes of items. It is called from many goroutines at once. It keeps within room, which is there
// for what the Body holds when it returns. A *fetch.Client is one.
type Fetcher interface {
	Fetch(ctx context.Context, item fetch.Item, room fetch.Room) (fetch.Body, error)
}

// A Store keeps outputs. Plan is called once for each item, in the order of the input and from one goroutine, before the item is fetched, so that
// names can depend on the order alone.
type Store interface {
	Plan(item fetch.Item) (Place, error)
}

// A Refuser is a [Store] that is asked about an item with an Err, which is not planned: whether it is to be skipped in place of failing, and why.
type Refuser interface {
	Refuse(item fetch.Item) (why string, skip bool)
}

// A Place is where the outputs of one item go.
type Place interface {
	// Skip tells that nothing is to be done, and why: the outputs are there already.
	Skip() (why string, skip bool)
	// Put keeps the outputs of r. Calls for different Places come from many goroutines at once. An error with a method
	// Fatal() bool that gives true ends the run. Outputs given with an error are kept all the same.
	Put(r transform.Result) ([]Output, error)
}

// A Guard is a [Place] that knows when its item is worked on, and has a say in where: files come from strangers, and
// one of them might end this process. Run calls Begin before anything looks into the file that was fetched, and End,
// unless Begin gave an error, when nothing does any more, or the task was abandoned. Where Begin says that the item is
// to be done apart, it is taken to need all memory. Do is called in place of Executor.Do, whose contract it keeps, with
// that Executor: once, or again where the task needs more than its Grant.
type Guard interface {
	Begin() (apart bool, err error)
	End(abandoned bool)
	Do(ctx context.Context, e Executor, task transform.Task) (transform.Result, Cost, error)
}

// An Output is one file that a Store keeps.
type Output struct {
	// Path names the file in its Store, with forward slashes.
	Path string
	// Format, Width and Height tell what is in it.
	Format        transform.Format
	Width, Height int
	// Bytes is its length and SHA256 its digest in hexadecimal.
	Bytes  int64
	SHA256 string
	// Kept tells that a file which is not ours had the name and was left alone. An item all of whose outputs are such is skipped.
	Kept bool
}

// A Status is one of the states in which an item can end.
type Status string

// Every item that was taken from the input ends in exactly one of these.
const (
	Done        Status = "done"        // its outputs are kept
	Skipped     Status = "skipped"     // there was nothing to do
	Failed      Status = "failed"      // it has a class and an error
	Interrupted Status = "interrupted" // the run was cancelled while it was under way
)

// An Outcome is how one item ended, and what it took.
type Outcome struct {
	Item   fetch.Item
	Status Status
	// Place is what Store.Plan gave; nil where it was not asked or gave an error.
	Place Place
	// Why tells why a skipped item was skipped.
	Why string
	// Class is the kind of failure and Err its error, of a failed item; Err alone of an interrupted one.
	Class string
	Err   error
	// Source is what the input was, where its header could be read.
	Source transform.Header
	// Path is the way the pixels went, as transform.Result has it.
	Path string
	// Outputs are the files kept.
	Outputs []Output
	// Warnings say what was wrong with an input that could be read all the same.
	Warnings []string
	// Damaged reports that part of the input is missing: the outputs show what is there, and the first of Warnings says
	// what is not.
	Damaged bool
	// BytesIn is the length of the file that was fetched.
	BytesIn int64
	// Fetches is how many times the fetch was tried.
	Fetches int
	// Cost is what the executor says of its part.
	Cost Cost
	// Spans tell where the time went, in order of their starts.
	Spans []Span
}

// A Stage is a part of the way of an item.
type Stage string

// The stages, in the order in which an item goes through them.
const (
	StageFetch    Stage = "fetch"    // on a download lane: waiting for the disk or the network
	StageQueue    Stage = "queue"    // fetched, waiting for a worker; Lane is always 0
	StageMemory   Stage = "memory"   // on a worker lane: waiting for memory to decode into
	StageLock     Stage = "lock"     // on a worker lane: waiting for a lock
	StageStart    Stage = "start"    // on a worker lane: starting a worker process
	StageHandover Stage = "handover" // on a worker lane: carrying bytes to and from it
	StageDecode   Stage = "decode"   // on a worker lane
	StageOperate  Stage = "operate"  // on a worker lane
	StageEncode   Stage = "encode"   // on a worker lane
	StageStore    Stage = "store"    // on a store lane: writing the outputs
)

// A Span is the time of one stage of one item. Times count from the start of Run. The spans of a worker lane other than StageMemory
// are laid end to end in the order of the constants: their lengths are measured, their order within the call is simplified.
type Span struct {
	Stage      Stage
	Lane       int
	Start, End time.Duration
}

// Options say how Run works. Executor, Fetcher and Store must be set; all else has a default.
type Options struct {
	Fetcher  Fetcher
	Executor Executor
	Store    Store

	// Spec is what to make of each image, within Limits.
	Spec   transform.Spec
	Limits transform.Limits

	// Sequential does one item after the other, each from fetch to store, in one goroutine: the reference that the
	// modes are measured against. Downloads is not used then.
	Sequential bool
	// Downloads is how many items are fetched at once. 0 finds the number that keeps the workers busy, from the latency of fetches and the
	// speed of the workers, and holds back fetches that would only wait.
	Downloads int
	// MostDownloads bounds the number that is found; 0 sets no bound of its own.
	MostDownloads int
	// Paced, if it is set and Downloads is 0, is called once, by the goroutine that calls the sink, when that number has been found.
	Paced func(Pace)
	// Memory is the budget in bytes for what is fetched and not yet transformed together with the pixels that are being
	// worked on. An image that needs more than three quarters of it, by transform.Spec.Need, fails with class
	// "too-large" before it is decoded; one that needs less than 16 MiB does not. Default 1 GiB.
	Memory int64
	// ItemTimeout bounds the transform of one item, once it has begun. Default one minute; negative means none.
	ItemTimeout time.Duration
	// MaxFailures ends the run when so many items have failed; 0 means no limit.
	MaxFailures int
	// MaxFailureShare ends the run when, after at least 20 items were tried, this share of them or more has failed, from 0 to 1; 0 means
	// no limit.
	MaxFailureShare float64
	// Stop ends the run gracefully when it is closed: no further item is taken, and those under way are finished, but for files that were read and not begun.
	Stop <-chan struct{}
	// Stopping, if it is set, is called once when the run begins to stop before its items end, whatever the reason, from a goroutine of
	// its own. It should end the items, where they may have to be waited for, and waits of the Fetcher.
	Stopping func()
}

const (
	defaultMemory      = 1 << 30
	defaultItemTimeout = time.Minute
	// storeLanes is enough to hide the latency of creating and renaming a file on a local disk, and few enough that outputs waiting to
	// be written stay few.
	storeLanes = 4
	// shareAfter is how many items must have ended before a share of failures means anything.
	shareAfter = 20
)

func (o Options) withDefaults() Options {
	o.Downloads = max(o.Downloads, 0)
	if o.Sequential {
		o.Downloads = 1
	}
	if o.Memory <= 0 {
		o.Memory = defaultMemory
	}
	if o.ItemTimeout == 0 {
		o.ItemTimeout = defaultItemTimeout
	}
	return o
}

// Totals count what Run took from its input: Items is the sum of the others.
type Totals struct {
	Items, Done, Skipped, Failed, Interrupted int
	// Pace is how many items were fetched at once in the end, and why.
	Pace Pace
}

func (t *Totals) add(s Status) {
	t.Items++
	switch s {
	case Done:
		t.Done++
	case Skipped:
		t.Skipped++
	case Failed:
		t.Failed++
	case Interrupted:
		t.Interrupted++
	}
}
