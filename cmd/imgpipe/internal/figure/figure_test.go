package figure

import (
	"math"
	"math/rand/v2"
	"regexp"
	"testing"
)

func TestFiguresHaveThreeDigitsAndTheUnitThatSuits(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct{ got, want string }{
		{Number(0), "0"}, {Number(0.008), "0.008"}, {Number(0.25), "0.25"}, {Number(9.994), "9.99"},
		{Number(9.996), "10.0"}, {Number(99.96), "100"}, {Number(1234567), "1234567"}, {Number(-2.5), "-2.50"},
		{Number(inf), Unknown}, {Number(nan), Unknown}, {Number(2e-7), "0.000000"},
		{Duration(0), "0 s"}, {Duration(6e-7), "600 ns"}, {Duration(1.2e-5), "12.0 µs"}, {Duration(0.0009999),
			"1.00 ms"},
		{Duration(0.0184), "18.4 ms"}, {Duration(0.9999), "1.00 s"}, {Duration(75), "75.0 s"},
		{Duration(119.6), "2m0s"}, {Duration(3725), "1h2m5s"}, {Duration(inf), Unknown}, {Duration(1e12), Unknown},
		{DurationBetween(0.0523, 0.0511, 0.0587), "52.3 ms (51.1–58.7)"},
		{DurationBetween(1.04, -inf, inf), "1.04 s"}, {DurationBetween(130, 125, 140), "2m10s (2m5s–2m20s)"},
		{Range(0.5, 2), "0.50–2.00"}, {Range(nan, 2), "interval not known"},
		{Ratio(1.934), "1.93×"}, {RatioBetween(5.07, 4.97, 5.41), "5.07× (4.97–5.41)"}, {RatioBetween(2, -inf,
			inf), "2.00×"},
		{Percent(0.123), "12 %"}, {Percent(0.004), "0.4 %"}, {Percent(0.0001), "< 0.1 %"}, {Percent(0), "0 %"},
		{Percent(nan), Unknown}, {Difference(0.12), "12 %"}, {Difference(0.99), "99 %"}, {Difference(1), "2 times"},
		{Difference(26.4), "27 times"}, {Difference(nan), Unknown},
		{Bytes(64e6), "64MB"}, {Bytes(1.25e9), "1.25GB"}, {Bytes(999.6e3), "1MB"}, {Bytes(inf), Unknown},
		{Bytes(math.Copysign(0, -1)), "0B"},
		{Bytes(-5e6), "-5MB"}, {BytesBetween(71.8e6, 70.1e6, 73e6), "71.8MB (70.1MB–73MB)"},
		{Count(1, "worker"), "1 worker"}, {Count(0, "worker"), "0 workers"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestNoFigureHasAnExponentOrIsNoNumber(t *testing.T) {
	bad := regexp.MustCompile(`[0-9]e|NaN|Inf`)
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		x := math.Float64frombits(rnd.Uint64())
		y := math.Exp(40 * rnd.NormFloat64())
		for _, s := range []string{Number(y), Duration(x), Duration(y), Ratio(y), Percent(x), Difference(x), Bytes(y),
			DurationBetween(y, x, 2*y), BytesBetween(x, y, x)} {
			if bad.MatchString(s) {
				t.Fatalf("%v and %v: %s", x, y, s)
			}
		}
	}
}
