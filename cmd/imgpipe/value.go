package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"imgpipe/cmd/imgpipe/internal/summary"
)

// A value is a flag of any type: how it is read and how it is written. The errors of parse complete the sentence `--flag "value": …`.
type value[T any] struct {
	p     *T
	parse func(string) (T, error)
	print func(T) string
	kind  string
}

func (v value[T]) Set(s string) error {
	t, err := v.parse(s)
	if err == nil {
		*v.p = t
	}
	return err
}

func (v value[T]) String() string {
	if v.p == nil {
		return ""
	}
	return v.print(*v.p)
}

func (v value[T]) Type() string { return v.kind }

// list is a flag that may be given several times.
type list[T any] struct {
	p     *[]T
	parse func(string) (T, error)
	kind  string
}

func (l list[T]) Set(s string) error {
	t, err := l.parse(s)
	if err == nil {
		*l.p = append(*l.p, t)
	}
	return err
}

func (l list[T]) String() string { return "" }
func (l list[T]) Type() string   { return l.kind }

// whole is a whole number within bounds.
func whole(p *int, low, high int) pflag.Value {
	return value[int]{p, func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n < low || n > high {
			if high == math.MaxInt {
				return 0, fmt.Errorf("expected a whole number from %d", low)
			}
			return 0, fmt.Errorf("expected a whole number from %d to %d", low, high)
		}
		return n, nil
	}, strconv.Itoa, "N"}
}

// choice is one of a few words.
func choice(p *string, words ...string) pflag.Value {
	return value[string]{p, func(s string) (string, error) {
		for _, w := range words {
			if s == w {
				return s, nil
			}
		}
		return "", fmt.Errorf("expected one of %s", strings.Join(words, ", "))
	}, func(s string) string { return s }, strings.Join(words, "|")}
}

// period is a length of time above zero, or zero for none where that is allowed.
func period(p *time.Duration, zero bool) pflag.Value {
	return value[time.Duration]{p, func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		switch {
		case err == nil && (d > 0 || d == 0 && zero):
			return d, nil
		case zero:
			return 0, fmt.Errorf("expected a time such as 500ms, 30s or 2m, or 0 for no limit")
		default:
			return 0, fmt.Errorf("expected a time such as 500ms, 30s or 2m")
		}
	}, func(d time.Duration) string { return shortPeriod(d) }, "TIME"}
}

// shortPeriod is d without the zero units that Duration.String puts behind it.
func shortPeriod(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
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

type unit struct {
	suffix string
	factor float64
}

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

// amount is a number of bytes.
func amount(p *int64) pflag.Value {
	return value[int64]{p, func(s string) (int64, error) {
		n, ok := parseUnits(s, byteUnits)
		if !ok {
			return 0, fmt.Errorf("expected an amount of bytes such as 64MB or 1GiB")
		}
		return n, nil
	}, func(n int64) string {
		if n == 0 {
			return ""
		}
		return summary.Bytes(n)
	}, "BYTES"}
}

// pixels is a number of pixels.
func pixels(p *int64) pflag.Value {
	return value[int64]{p, func(s string) (int64, error) {
		n, ok := parseUnits(s, pixelUnits)
		if !ok {
			return 0, fmt.Errorf("expected a number of pixels such as 100MP")
		}
		return n, nil
	}, func(n int64) string { return strconv.FormatFloat(float64(n)/1e6, 'g', -1, 64) + "MP" }, "PIXELS"}
}

// A limit is a number of failures or a share of all items.
type limit struct {
	count int
	share float64
}

func failures(p *limit) pflag.Value {
	return value[limit]{p, func(s string) (limit, error) {
		if percent, ok := strings.CutSuffix(s, "%"); ok {
			f, err := strconv.ParseFloat(percent, 64)
			if err == nil && f > 0 && f <= 100 {
				return limit{share: f / 100}, nil
			}
		} else if n, err := strconv.Atoi(s); err == nil && n >= 1 {
			return limit{count: n}, nil
		}
		return limit{}, fmt.Errorf("expected a number from 1, or a percentage such as 5%%")
	}, func(l limit) string {
		switch {
		case l.count > 0:
			return strconv.Itoa(l.count)
		case l.share > 0:
			return strconv.FormatFloat(100*l.share, 'g', -1, 64) + "%"
		}
		return ""
	}, "N|N%"}
}
