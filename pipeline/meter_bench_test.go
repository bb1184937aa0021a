package pipeline

import (
	"testing"
	"time"

	"imgpipe/pipeline/executor"
)

// BenchmarkMeter is the price of what one item has the meter note, in time on a core.
func BenchmarkMeter(b *testing.B) {
	m := newMeter(2, storeLanes, time.Now(), func() int { return 2 })
	var other state
	m.take(&other)
	m.move(&other, stateDisk)
	b.ReportAllocs()
	work := executor.Measure(func() {
		for b.Loop() {
			var s, lane state
			m.take(&s)
			m.ask()
			for _, to := range []state{stateDisk, stateBudget, stateDisk, stateReady, stateMemory, stateWorking} {
				m.move(&s, to)
			}
			m.called(Cost{}, 0)
			m.move(&s, stateLeaving)
			lane, s = s, stateNone
			m.move(&lane, stateNone)
			m.store(1)
			m.store(-1)
			m.end()
			m.ended()
		}
	})
	if work.CPUKnown {
		b.ReportMetric(float64(work.CPU)/float64(b.N), "cpu-ns/op")
	}
}
