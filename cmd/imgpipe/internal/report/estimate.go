package report

import (
	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/figure"
)

// unknown stands for a figure that was not measured or is not finite.
const unknown = figure.Unknown

func finite(x float64) bool { return figure.Finite(x) }

// bounded reports whether e has an interval that says something.
func bounded(e bench.Estimate) bool { return finite(e.Center) && finite(e.Low) && finite(e.High) }

// known reports whether e was measured: files of an earlier version lack some Estimates, which are 0 then.
func known(e bench.Estimate) bool { return finite(e.Center) && e.Center > 0 }

// seconds, times and amount return an Estimate with its interval as a time, as a ratio and as an amount of bytes; a
// dash if it is not known.
func seconds(e bench.Estimate) string {
	if !known(e) {
		return unknown
	}
	return figure.DurationBetween(e.Center, e.Low, e.High)
}

func times(e bench.Estimate) string {
	if !known(e) {
		return unknown
	}
	return figure.RatioBetween(e.Center, e.Low, e.High)
}

func amount(e bench.Estimate) string {
	if !known(e) {
		return unknown
	}
	return figure.BytesBetween(e.Center, e.Low, e.High)
}

// positive returns write(x), and a dash if x is 0, which stands for "not known".
func positive(x float64, write func(float64) string) string {
	if !finite(x) || x <= 0 {
		return unknown
	}
	return write(x)
}
