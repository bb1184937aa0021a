package pipeline

import "time"

// An Entry is one way in which the time of a worker lane can go.
type Entry string

// The entries of an [Account]. Those at the top add up to lanes × wall. The others are parts of the entry that Entries
// names for them.
const (
	EntryBefore   Entry = "before"     // before the first image was taken
	EntryCPU      Entry = "cpu"        // on a core, in a transform
	EntryCPUWait  Entry = "cpu_wait"   // in a transform, ready to compute, without a core
	EntryStall    Entry = "stall"      // in a transform, and neither on a core nor waiting for one
	EntryLock     Entry = "lock"       // waiting for a lock
	EntryMemory   Entry = "memory"     // waiting for memory to decode into
	EntryStart    Entry = "start"      // starting a worker process
	EntryHandover Entry = "handover"   // carrying bytes to a worker process and back
	EntryFileWait Entry = "file_wait"  // nothing to work on
	EntryStore    Entry = "store_wait" // finished, and no store lane takes the result
	EntryTail     Entry = "tail"       // no more images, while other lanes still work
	EntryAfter    Entry = "after"      // after the last image, until the program ends
	EntryRest     Entry = "rest"       // what is left

	EntryRunQueue  Entry = "run_queue" // of cpu_wait: the kernel had no core
	EntryScheduler Entry = "scheduler" // of cpu_wait: the Go scheduler had no processor
	EntryThrottled Entry = "throttled" // of cpu_wait: the quota of the control group was used up

	EntryPerHost Entry = "per_host" // of file_wait: a host takes no more, by --per-host or by its own word
	EntryLatency Entry = "latency"  // of file_wait: a server has not begun to answer
	EntryBody    Entry = "body"     // of file_wait: a server sends
	EntryDisk    Entry = "disk"     // of file_wait: a file of this machine is read
	EntryBudget  Entry = "budget"   // of file_wait: there is no memory for the file
	EntryListing Entry = "listing"  // of file_wait: the next input is not known yet
)

// An EntryRow is a row of the table of entries.
type EntryRow struct {
	Entry Entry
	// Of is the entry that this one is a part of; empty for one at the top.
	Of Entry
	// Word is the entry in words, as reports have it.
	Word string
}

// Entries returns the table of entries, in the order in which reports show them. A part stands after its whole. The
// caller owns the result.
func Entries() []EntryRow {
	return []EntryRow{
		{EntryBefore, "", "before the first image"},
		{EntryCPU, "", "on a CPU"},
		{EntryCPUWait, "", "waiting for a CPU"},
		{EntryRunQueue, EntryCPUWait, "in the kernel's run queue"},
		{EntryScheduler, EntryCPUWait, "in Go's scheduler"},
		{EntryThrottled, EntryCPUWait, "throttled by a quota"},
		{EntryStall, "", "waiting, for no CPU"},
		{EntryLock, "", "waiting for the lock"},
		{EntryMemory, "", "waiting for memory"},
		{EntryStart, "", "starting a worker"},
		{EntryHandover, "", "hand-over"},
		{EntryFileWait, "", "waiting for files"},
		{EntryPerHost, EntryFileWait, "held back for a host"},
		{EntryLatency, EntryFileWait, "until the server answers"},
		{EntryBody, EntryFileWait, "while the server sends"},
		{EntryDisk, EntryFileWait, "reading the disk"},
		{EntryBudget, EntryFileWait, "until there is memory for the file"},
		{EntryListing, EntryFileWait, "listing the inputs"},
		{EntryStore, "", "waiting for the store"},
		{EntryTail, "", "idle at the end"},
		{EntryAfter, "", "after the last image"},
		{EntryRest, "", "not explained"},
	}
}

// An Account is where the time of all worker lanes went. The entries at the top of [Entries] add up to Lanes × Wall.
// The zero Account is empty, and ready to use.
type Account struct {
	// Lanes is how many workers there were.
	Lanes int
	// Wall is how long the run took.
	Wall time.Duration
	// Spent is lane time by entry. An entry that took no time may be missing.
	Spent map[Entry]time.Duration
	// Unknown has the entries that this system does not tell, parts or wholes. Their time is in the rest of their
	// whole, or in EntryRest, and never guessed.
	Unknown []Entry
}
