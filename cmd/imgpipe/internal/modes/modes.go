// Package modes has the names of the modes, which say where images are transformed, and of the contestants that a
// comparison makes of them. Flags, reports, comparisons and drills take them from here. All modes write the same bytes.
//
// Start here: [All] is the table of modes, and [Contestants] that of what a comparison can run by name.
package modes

import "slices"

// The modes.
const (
	Goroutines  = "goroutines"
	Processes   = "processes"
	Serial      = "serial"
	Threads     = "threads"
	Spawn       = "spawn"
	Pipes       = "pipes"
	GIL         = "gil"
	GILReleased = "gil-released"
	Auto        = "auto"
)

// A Mode is a row of the table of modes.
type Mode struct {
	Name string
	// Doc says what the mode is for, in a sentence without its end.
	Doc string
	// Shows says what a comparison with the mode shows, in a phrase.
	Shows string
}

// All returns the table of modes. The first is the default. The caller owns the result.
func All() []Mode {
	return []Mode{
		{Goroutines, "light, share memory",
			"what the others are compared with"},
		{Processes, "an image that crashes or hangs costs one worker",
			"the price of isolation, where workers are started once"},
		{Serial, "one after the other",
			"what doing several at once gains"},
		{Threads, "an operating system thread of its own for each worker, which ends with it",
			"what Go's scheduler saves"},
		{Spawn, "a new process for each image",
			"the price of starting a process"},
		{Pipes, "processes without shared memory: each file is copied through a pipe, and none waits in line",
			"what shared memory saves processes"},
		{GIL, "one lock for all that is computed, given up after 5 ms if another worker asks, and never held while " +
			"files are fetched or stored: threads of pure Python",
			"waits overlap, computing does not"},
		{GILReleased, "the same threads in codecs written in C, which release the lock: goroutines by another name",
			"that a lock which is released costs nothing"},
		{Auto, "goroutines, unless processes are shown to be faster on some of the images",
			"whether the choice is within a few percent of the best"},
	}
}

// Names returns the names of all modes in the order of the table.
func Names() (names []string) {
	for _, m := range All() {
		names = append(names, m.Name)
	}
	return names
}

// Classic returns the modes that a comparison runs if it is not told which. The least concurrent is the first.
func Classic() []string { return []string{Serial, GIL, Goroutines, Processes} }

// Comparable returns the modes that a comparison can run: all of them. The least concurrent is the first.
func Comparable() []string {
	return []string{Serial, GIL, GILReleased, Threads, Goroutines, Processes, Pipes, Spawn, Auto}
}

// Pooled reports whether a mode has worker processes for all images, or, as Auto, may have them.
func Pooled(mode string) bool { return mode == Auto || AllInWorkers(mode) }

// AllInWorkers reports whether all images of a mode are transformed in worker processes.
func AllInWorkers(mode string) bool { return slices.Contains([]string{Processes, Pipes, Spawn}, mode) }

// SameAs returns the mode whose runs are those of another by another name, and mode itself for all others. A
// comparison runs the two once.
func SameAs(mode string) string {
	if mode == GILReleased {
		return Goroutines
	}
	return mode
}
