package executor

import "testing"

// BenchmarkMeasure is the price of one image, in time on a core.
func BenchmarkMeasure(b *testing.B) {
	work := Measure(func() {
		for b.Loop() {
			Measure(func() {})
		}
	})
	if work.CPUKnown {
		b.ReportMetric(float64(work.CPU)/float64(b.N), "cpu-ns/op")
	}
}
