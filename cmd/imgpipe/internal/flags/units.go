package flags

import (
	"math"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"imgpipe/cmd/imgpipe/internal/summary"
)

type unit struct {
	suffix string
	factor float64
}

// Units of bytes and of pixels, longest suffix first. As in the rest of the field, MB are decimal and MiB binary.
var (
	byteUnits = []unit{
		{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
		{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
		{"K", 1e3}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"B", 1},
	}
	pixelUnits = []unit{{"GP", 1e9}, {"MP", 1e6}, {"kP", 1e3}, {"KP", 1e3}, {"G", 1e9}, {"M", 1e6}, {"P", 1}}
)

func parseUnits(s string, units []unit) (int64, bool) {
	factor := 1.0
	for _, u := range units {
		if rest, ok := strings.CutSuffix(s, u.suffix); ok {
			s, factor = rest, u.factor
			break
		}
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	f *= factor
	if err != nil || !(f >= 1 && f < math.MaxInt64) {
		return 0, false
	}
	return int64(f), true
}

// amountIn returns the parser of an amount in some units. what is what it expects.
func amountIn(units []unit, what string) func(string) (int64, error) {
	return func(s string) (int64, error) {
		n, ok := parseUnits(s, units)
		if !ok {
			return 0, expected(s, "%s", what)
		}
		return n, nil
	}
}

// Bytes is an amount of bytes above zero. Zero is a default that help does not name.
func Bytes(p *int64) pflag.Value {
	return value[int64]{p, amountIn(byteUnits, "an amount of bytes such as 64MB or 1GiB"), func(n int64) string {
		if n == 0 {
			return ""
		}
		return summary.Bytes(n)
	}, "BYTES"}
}

// Pixels is a number of pixels above zero.
func Pixels(p *int64) pflag.Value {
	return value[int64]{p, amountIn(pixelUnits, "a number of pixels such as 100MP"), func(n int64) string {
		return formatFloat(float64(n)/1e6) + "MP"
	}, "PIXELS"}
}

// Rate is a number above zero of what happens in a second. noun is what that is.
func Rate(p *float64, noun string) pflag.Value {
	return value[float64]{p, func(s string) (float64, error) {
		n, err := strconv.ParseFloat(s, 64)
		if err != nil || !(n > 0) || math.IsInf(n, 0) {
			return 0, expected(s, "a number of %s above 0", noun)
		}
		return n, nil
	}, formatFloat, "N"}
}

// Share is a number from 0 to 1, which may be written as a percentage.
func Share(p *float64) pflag.Value {
	return value[float64]{p, func(s string) (float64, error) {
		text, percent := strings.CutSuffix(s, "%")
		x, err := strconv.ParseFloat(text, 64)
		if percent {
			x /= 100
		}
		if err != nil || !(x >= 0 && x <= 1) {
			return 0, expected(s, "a number from 0 to 1, or a percentage such as 5%%")
		}
		return x, nil
	}, formatFloat, "SHARE"}
}

// A Limit is a number of things or a share of all. The zero Limit is none.
type Limit struct {
	Count int
	Share float64 // above 0, at most 1
}

// String returns the text that [CountOrShare] reads; "" for the zero Limit.
func (l Limit) String() string {
	switch {
	case l.Count > 0:
		return strconv.Itoa(l.Count)
	case l.Share > 0:
		return formatFloat(100*l.Share) + "%"
	}
	return ""
}

// CountOrShare is a whole number from 1, or a percentage above zero.
func CountOrShare(p *Limit) pflag.Value {
	return value[Limit]{p, func(s string) (Limit, error) {
		if percent, ok := strings.CutSuffix(s, "%"); ok {
			f, err := strconv.ParseFloat(percent, 64)
			if err == nil && f > 0 && f <= 100 {
				return Limit{Share: f / 100}, nil
			}
		} else if n, err := strconv.Atoi(s); err == nil && n >= 1 {
			return Limit{Count: n}, nil
		}
		return Limit{}, expected(s, "a number from 1, or a percentage such as 5%%")
	}, Limit.String, "N|N%"}
}

func formatFloat(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
