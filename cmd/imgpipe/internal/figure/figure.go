// Package figure writes figures for people, in one manner for all reports: three digits, the unit that suits, and a
// dash for what is not known.
//
// Start with [Number]; [Duration], [Bytes], [Ratio] and [Percent] add a unit, and the functions with an interval write
// its ends in the unit of the center. The package computes nothing.
package figure

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Unknown stands for a figure that was not measured or is not finite.
const Unknown = "–"

// Finite reports whether x is a number, and not an infinite one.
func Finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// Number returns x with three digits, and never with an exponent.
func Number(x float64) string {
	switch a := math.Abs(x); {
	case !Finite(x):
		return Unknown
	case x == 0:
		return "0"
	case a >= 99.95:
		return strconv.FormatFloat(x, 'f', 0, 64)
	case a >= 9.995:
		return strconv.FormatFloat(x, 'f', 1, 64)
	case a >= 0.0995:
		return strconv.FormatFloat(x, 'f', 2, 64)
	case a >= 0.0001:
		return strconv.FormatFloat(x, 'g', 2, 64)
	}
	return strconv.FormatFloat(x, 'f', 6, 64)
}

// A unit is what a figure is divided by, and its name.
type unit struct {
	of   float64
	name string
}

// unitOf returns the unit that suits a time in seconds.
func unitOf(seconds float64) unit {
	switch a := math.Abs(seconds); {
	case a == 0 || a >= 0.9995:
		return unit{1, " s"}
	case a < 0.9995e-6:
		return unit{1e-9, " ns"}
	case a < 0.9995e-3:
		return unit{1e-6, " µs"}
	}
	return unit{1e-3, " ms"}
}

// long is the time in seconds from which minutes and hours are written.
const long = 119.5

// Duration returns a time in seconds in the unit that suits it: 18.4 ms, 2m0s.
func Duration(seconds float64) string {
	switch a := math.Abs(seconds); {
	case !Finite(seconds) || a > 1e9:
		return Unknown
	case a >= long:
		return time.Duration(math.Round(seconds) * 1e9).String()
	}
	u := unitOf(seconds)
	return Number(seconds/u.of) + u.name
}

// DurationBetween returns a time and the ends of its interval in one unit: 52.3 ms (51.1–58.7). An interval that is not
// known is left out.
func DurationBetween(center, low, high float64) string {
	if !Finite(low) || !Finite(high) || !Finite(center) {
		return Duration(center)
	}
	if math.Abs(center) >= long {
		return fmt.Sprintf("%s (%s–%s)", Duration(center), Duration(low), Duration(high))
	}
	u := unitOf(center)
	return Duration(center) + " (" + Range(low/u.of, high/u.of) + ")"
}

// Range returns the ends of an interval: 4.97–5.41.
func Range(low, high float64) string {
	if !Finite(low) || !Finite(high) {
		return "interval not known"
	}
	return Number(low) + "–" + Number(high)
}

// Ratio returns x as how many times something else it is: 1.93×.
func Ratio(x float64) string {
	if !Finite(x) {
		return Unknown
	}
	return Number(x) + "×"
}

// RatioBetween returns a ratio and its interval: 5.07× (4.97–5.41). An interval that is not known is left out.
func RatioBetween(center, low, high float64) string {
	if !Finite(low) || !Finite(high) || !Finite(center) {
		return Ratio(center)
	}
	return Ratio(center) + " (" + Range(low, high) + ")"
}

// Percent returns a share, of which 1 is the whole: 12 %, 0.4 %.
func Percent(share float64) string {
	switch a := math.Abs(100 * share); {
	case !Finite(a):
		return Unknown
	case a > 0 && a < 0.05:
		return "< 0.1 %"
	case a > 0 && a < 0.95:
		return strconv.FormatFloat(100*share, 'f', 1, 64) + " %"
	}
	return strconv.FormatFloat(100*share, 'f', 0, 64) + " %"
}

// Difference returns how far apart two figures are, of which one is 1 + share times the other: "12 %", and "3 times"
// from 100 % on.
func Difference(share float64) string {
	if !Finite(share) || share < 1 {
		return Percent(share)
	}
	return strconv.FormatFloat(1+share, 'f', 0, 64) + " times"
}

// Bytes returns an amount of bytes in decimal units with three digits: 64MB, 1.25GB.
func Bytes(bytes float64) string {
	if !Finite(bytes) || math.Abs(bytes) > 1e18 {
		return Unknown
	}
	f, units := math.Round(bytes), []string{"B", "kB", "MB", "GB", "TB", "PB"}
	if f == 0 {
		return "0B" // also for a zero with a sign
	}
	for len(units) > 1 && math.Abs(f) >= 999.5 {
		f /= 1000
		units = units[1:]
	}
	return strconv.FormatFloat(f, 'g', 3, 64) + units[0]
}

// BytesBetween returns an amount of bytes and the ends of its interval: 71.8MB (70.1MB–73MB). An interval that is not
// known is left out.
func BytesBetween(center, low, high float64) string {
	if !Finite(low) || !Finite(high) || !Finite(center) {
		return Bytes(center)
	}
	return Bytes(center) + " (" + Bytes(low) + "–" + Bytes(high) + ")"
}

// Count returns a number with its noun: 1 worker, 2 workers.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
