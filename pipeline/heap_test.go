package pipeline_test

import (
	"math"
	"runtime/debug"
	"testing"

	"imgpipe/pipeline"
)

func TestHeapIsBoundUnlessALowerLimitIsSet(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	const budget = 1 << 30
	for _, tt := range []struct{ before, budget, want int64 }{
		{math.MaxInt64, budget, budget + 64<<20},
		{budget, budget, budget}, // as GOMEMLIMIT sets it
		{math.MaxInt64, math.MaxInt64, math.MaxInt64},
	} {
		debug.SetMemoryLimit(tt.before)
		undo := pipeline.BoundHeap(tt.budget)
		if got := debug.SetMemoryLimit(-1); got != tt.want {
			t.Errorf("a budget of %d under a limit of %d: the limit is %d, want %d", tt.budget, tt.before, got, tt.want)
		}
		if undo(); debug.SetMemoryLimit(-1) != tt.before {
			t.Errorf("the limit was %d and is %d once that is undone", tt.before, debug.SetMemoryLimit(-1))
		}
	}
}
