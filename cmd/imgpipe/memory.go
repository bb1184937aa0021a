package main

import "runtime/debug"

// heapBeyond is what this process may have beside the files and pixels of its budget, before its collector works harder.
const heapBeyond = 64 << 20

// boundHeap has the collector take back what images have left behind before it adds up to more than the budget: it would otherwise let garbage grow to as
// much as is in use. A lower limit that GOMEMLIMIT sets stays. end undoes it.
func boundHeap(budget int64) (end func()) {
	before := debug.SetMemoryLimit(-1)
	if limit := budget + heapBeyond; limit > budget && limit < before {
		debug.SetMemoryLimit(limit)
	}
	return func() { debug.SetMemoryLimit(before) }
}
