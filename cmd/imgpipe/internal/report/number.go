package report

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/summary"
)

// unknown stands for a figure that was not measured or is not finite.
const unknown = "–"

// number returns x with three digits, and never with an exponent.
func number(x float64) string {
	switch a := math.Abs(x); {
	case !finite(x):
		return unknown
	case x == 0:
		return "0"
	case a >= 99.95:
		return strconv.FormatFloat(x, 'f', 0, 64)
	case a >= 9.995:
		return strconv.FormatFloat(x, 'f', 1, 64)
	case a >= 0.0995:
		return strconv.FormatFloat(x, 'f', 2, 64)
	}
	return strconv.FormatFloat(x, 'g', 2, 64)
}

// duration returns seconds in the unit that suits them.
func duration(s float64) string {
	switch a := math.Abs(s); {
	case !finite(s):
		return unknown
	case a == 0:
		return "0 s"
	case a < 0.0009995:
		return number(s*1e6) + " µs"
	case a < 0.9995:
		return number(s*1e3) + " ms"
	case a < 119.5:
		return number(s) + " s"
	case a > 1e9:
		return unknown
	}
	return time.Duration(math.Round(s) * 1e9).String()
}

func ratio(x float64) string {
	if !finite(x) {
		return unknown
	}
	return number(x) + "×"
}

func percent(share float64) string {
	if !finite(share) {
		return unknown
	}
	return strconv.FormatFloat(100*share, 'f', 0, 64) + "%"
}

func size(bytes float64) string {
	if !finite(bytes) || math.Abs(bytes) > 1e18 {
		return unknown
	}
	return summary.Bytes(int64(math.Round(bytes)))
}

// bounded reports whether e has an interval that says something.
func bounded(e bench.Estimate) bool { return finite(e.Center) && finite(e.Low) && finite(e.High) }

// interval returns the ends of the interval of e.
func interval(e bench.Estimate) string {
	if !bounded(e) {
		return "interval not known"
	}
	return number(e.Low) + "–" + number(e.High)
}

// spread returns the greater half of the interval of e as a share of its center.
func spread(e bench.Estimate) string {
	if !bounded(e) || e.Center == 0 {
		return "±∞"
	}
	return "±" + percent(max(e.High-e.Center, e.Center-e.Low)/math.Abs(e.Center))
}

// withSpread returns the center of e and how sure it is.
func withSpread(e bench.Estimate, write func(float64) string) string {
	if !finite(e.Center) {
		return unknown
	}
	return write(e.Center) + " " + spread(e)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
