package pipeline

import (
	"time"

	"imgpipe/fetch"
	"imgpipe/transform"
)

// An Output is one file that a Store keeps. Its JSON is that of a ledger's line.
type Output struct {
	// Path names the file in its Store, with forward slashes.
	Path string `json:"path"`
	// Bytes is the length of the file.
	Bytes int64 `json:"bytes"`
	// Width and Height are those of the picture, in pixels.
	Width  int `json:"w,omitzero"`
	Height int `json:"h,omitzero"`
	// SHA256 is the digest of the file, in hexadecimal digits.
	SHA256 string           `json:"sha256,omitzero"`
	Format transform.Format `json:"format,omitzero"`
	// Kept reports that a file which is not ours has the name and was left alone; Bytes are its own. An item all of
	// whose outputs are kept counts as skipped.
	Kept bool `json:"kept,omitzero"`
	// Copied reports that the file is its source's, as transform.Output has it.
	Copied bool `json:"copied,omitzero"`
	// Omitted reports that there is no file, as it would be no smaller than its source. It is Kept, too: there is
	// nothing of ours.
	Omitted bool `json:"omitted,omitzero"`
	// Backup is where the Store keeps the file whose place this one took; "" if it took none.
	Backup string `json:"backup,omitzero"`
}

// A Status is one of the states in which an item can end.
type Status string

// Every item that was taken from the input ends in exactly one of these.
const (
	Done        Status = "done"        // its outputs are kept
	Skipped     Status = "skipped"     // there was nothing to do
	Failed      Status = "failed"      // it has a class and an error
	Interrupted Status = "interrupted" // the run was canceled while it was under way
)

// An Outcome is how one item ended, and what it took.
type Outcome struct {
	Item   fetch.Item
	Status Status
	// Place is what Store.Plan returned; nil if Plan was not asked or returned an error.
	Place Place
	// Why is the reason of a skipped item.
	Why string
	// Class is the kind of failure of a failed item; of a skipped one, that of its Skip.
	Class string
	// Err is the error of a failed or interrupted item.
	Err error
	// Source is what the input was, if its header could be read.
	Source transform.Header
	// Path is the way the pixels went, as transform.Result has it.
	Path string
	// Swatch is what the outputs look like, as transform.Result has it.
	Swatch transform.Swatch
	// Outputs are the files kept.
	Outputs []Output
	// Warnings say what was wrong with an input that could be read all the same.
	Warnings []string
	// Damaged reports that part of the input is missing. The outputs show what is there, and the first of Warnings
	// says what is not.
	Damaged bool
	// Stripped reports that the input has metadata, and that the outputs have none, as the Spec says.
	Stripped bool
	// BytesIn is the length of the file that was fetched.
	BytesIn int64
	// SHA256 is the digest of that file, where the Fetcher has it.
	SHA256 string
	// Fetches is how many times the fetch was tried.
	Fetches int
	// Cost is what the executor says of its part.
	Cost Cost
	// Spans are where the time went, in the order of their starts.
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
	StageCPUWait  Stage = "cpu_wait" // on a worker lane: in a transform, ready to compute, without a core
	StageStall    Stage = "stall"    // on a worker lane: in a transform, waiting for something else
	StageStore    Stage = "store"    // on a store lane: writing the outputs
)

// A Span is the time of one stage of one item. Times count from the start of Run. The spans of a worker lane other
// than StageMemory are laid end to end in the order of the constants. Their lengths are measured; their order within
// the call is simplified: waits for a CPU, which fall anywhere in a transform, stand at its end.
type Span struct {
	Stage      Stage
	Lane       int
	Start, End time.Duration
}

// Totals count what Run took from its input: Items is the sum of the others.
type Totals struct {
	Items, Done, Skipped, Failed, Interrupted int
	// Pace is how many items were fetched at once in the end, and why.
	Pace Pace
	// Flow is what Run saw of its lanes. It is never nil in what Run returns.
	Flow *Flow
}

// A Flow is what Run saw of its lanes.
type Flow struct {
	// AtOnce is the most items that were being downloaded at the same time. Files of this machine do not count.
	AtOnce int
	// HeldBack is how many items had to wait because their host took no more.
	HeldBack int
	// Deferring is how many hosts items had to wait for because these wanted to be asked later, as by the status 429.
	Deferring int
	// Account is where the time of the workers went, from the start of Run to its end. What was before and after is for
	// the caller to add.
	Account Account
	// Last is the item that ended last, and Tail how long it was under way when no other was.
	Last fetch.Item
	Tail time.Duration
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
