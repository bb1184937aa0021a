package executor

import (
	"math"
	"runtime/metrics"
	"sync/atomic"
	"testing"
	"time"
)

var spun atomic.Uint64 // so that the loop is not thrown away

// spin computes until the thread has been on a core for so long.
func spin(took time.Duration) {
	n := uint64(1)
	for began := readThread().cpu; readThread().cpu-began < took; {
		for range 1000 {
			n = n*6364136223846793005 + 1442695040888963407
		}
	}
	spun.Store(n)
}

func TestComputingIsTimeOnACore(t *testing.T) {
	if !readThread().cpuKnown {
		t.Skip("this system does not tell the CPU time of a thread")
	}
	const took = 20 * time.Millisecond
	w := Measure(func() { spin(took) })
	if w.CPU < took || w.CPU > 2*took || !w.CPUKnown {
		t.Errorf("computing for %v is measured as %+v", took, w)
	}
	fits(t, w)
}

// TestAWaitIsNoTimeOnACore has a goroutine wait that no scheduler and no kernel keeps from a core.
func TestAWaitIsNoTimeOnACore(t *testing.T) {
	if r := readThread(); !r.cpuKnown || !r.runQueueKnown {
		t.Skip("this system does not tell the CPU time and the run queue of a thread")
	}
	const took = 300 * time.Millisecond
	w := Measure(func() { <-time.After(took) })
	if w.Wall < took || w.CPU > took/4 || w.Stall() < took/4 {
		t.Errorf("a wait for %v is measured as %+v, a stall of %v", took, w, w.Stall())
	}
	fits(t, w)
}

// TestMeasuresStandInEachOther, and are right from many goroutines: what one has computed is not another's.
func TestMeasuresStandInEachOther(t *testing.T) {
	if !readThread().cpuKnown {
		t.Skip("this system does not tell the CPU time of a thread")
	}
	const took = 10 * time.Millisecond
	works := make(chan Work)
	for range 100 { // more than files are kept open
		go func() {
			var inner Work
			outer := Measure(func() { inner = Measure(func() { spin(took) }) })
			if inner.CPU > outer.CPU {
				t.Errorf("%v within %v", inner.CPU, outer.CPU)
			}
			works <- outer
		}()
	}
	for range 100 {
		w := <-works
		fits(t, w)
		if w.CPU < took || w.CPU > 2*took {
			t.Errorf("computing for %v is measured as %+v", took, w)
		}
	}
}

// fits holds that the parts of w fit into its wall.
func fits(t *testing.T, w Work) {
	t.Helper()
	if w != w.Within(math.MaxInt64) || w.CPU+w.RunQueue+w.Scheduler+w.Stall() > w.Wall {
		t.Errorf("the parts of %+v do not fit into its wall", w)
	}
}

func TestWhatAStrangerSaysOfItsTimesFits(t *testing.T) {
	const huge = time.Duration(math.MaxInt64)
	for _, tt := range []struct{ said, want Work }{
		{Work{Wall: 5, CPU: 3, RunQueue: 1, Scheduler: 1}, Work{Wall: 5, CPU: 3, RunQueue: 1, Scheduler: 1}},
		{Work{Wall: 20, CPU: 30, RunQueue: 1}, Work{Wall: 10, CPU: 10}},
		{Work{Wall: huge, CPU: 4, RunQueue: huge, Scheduler: huge}, Work{Wall: 10, CPU: 4, RunQueue: 6}},
		{Work{Wall: -1, CPU: -2, RunQueue: -3, Scheduler: -4, MajorFaults: -5}, Work{}},
	} {
		if got := tt.said.Within(10); got != tt.want {
			t.Errorf("%+v within 10 is %+v, want %+v", tt.said, got, tt.want)
		}
		fits(t, tt.said.Within(10))
	}
}

func TestWhatIsNotKnownIsNoStall(t *testing.T) {
	for _, w := range []Work{{Wall: 5}, {Wall: 5, CPUKnown: true}, {Wall: 5, RunQueueKnown: true}} {
		if w.Stall() != 0 {
			t.Errorf("%+v has a stall of %v", w, w.Stall())
		}
	}
}

// TestASampleOfWaitsBoundsThemAll: one of eight waits is counted, as the longest of its bucket, and there may have been
// some more.
func TestASampleOfWaitsBoundsThemAll(t *testing.T) {
	h := &metrics.Float64Histogram{Counts: []uint64{0, 4, 0}, Buckets: []float64{0, 0.001, 0.002, math.Inf(1)}}
	if got, want := most(h), 8*(8+2*4)*time.Millisecond; (got - want).Abs() > time.Microsecond {
		t.Errorf("four waits of 1 to 2 ms stand for %v, want %v", got, want)
	}
	if got := most(&metrics.Float64Histogram{Counts: []uint64{0}, Buckets: []float64{0, 1}}); got != 0 {
		t.Errorf("no wait stands for %v", got)
	}
}
