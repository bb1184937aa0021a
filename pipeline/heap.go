package pipeline

import "runtime/debug"

// heapBeyond is what a process may hold besides the files and pixels that Options.Memory counts, before its collector
// works harder.
const heapBeyond = 64 << 20

// BoundHeap has the collector of this process take back what images have left behind before that and what is in use
// add up to more than memory, which should be Options.Memory. Without it garbage may grow to as much as is in use. A
// lower limit that GOMEMLIMIT sets stays. undo restores the limit from before.
func BoundHeap(memory int64) (undo func()) {
	before := debug.SetMemoryLimit(-1)
	if limit := memory + heapBeyond; limit > memory && limit < before {
		debug.SetMemoryLimit(limit)
	}
	return func() { debug.SetMemoryLimit(before) }
}
