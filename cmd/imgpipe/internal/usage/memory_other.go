//go:build !linux

package usage

// Without /proc memory is not measured: a figure for this process alone would leave out its workers.
type reader struct{}

func (*reader) read(int) held { return held{} }
func (*reader) forget([]int)  {}
func (*reader) close()        {}

func sharedPart(int) float64 { return 0 }

func forgetPeak() {}

func peakOf(int) int64 { return 0 }
