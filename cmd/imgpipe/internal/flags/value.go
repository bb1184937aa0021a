package flags

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// A value is a flag of any type: how it is read and how it is written.
type value[T any] struct {
	p *T
	// parse returns a ValueError, or an error that completes the sentence `--flag "value": …`.
	parse func(string) (T, error)
	// print returns the text of a default; "" where help names none.
	print func(T) string
	// kind is what help calls the value. Words with | between are all that can be said.
	kind string
}

func (v value[T]) Set(s string) error {
	t, err := v.parse(s)
	if err == nil {
		*v.p = t
	}
	return err
}

// String is the text of the value. The zero value[T] has one, because pflag makes it to learn what a zero value is.
func (v value[T]) String() string {
	if v.p == nil {
		return ""
	}
	return v.print(*v.p)
}

func (v value[T]) Type() string { return v.kind }

// Parsed is a value with the parser and the canonical text of another package. An error of parse completes the sentence
// `--flag "value": …`. The zero T is no default that help names.
func Parsed[T any](p *T, kind string, parse func(string) (T, error), print func(T) string) pflag.Value {
	var zero T
	none := print(zero)
	return value[T]{p, parse, func(t T) string {
		if s := print(t); s != none {
			return s
		}
		return ""
	}, kind}
}

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

// repeats says that what Set is given is added to what it was given before.
func (l list[T]) repeats() {}

// Repeats reports whether a flag may be given several times.
func Repeats(f *pflag.Flag) bool {
	_, ok := f.Value.(interface{ repeats() })
	return ok
}

// List is a flag that may be given several times, with the parser of another package, as for [Parsed].
func List[T any](p *[]T, kind string, parse func(string) (T, error)) pflag.Value {
	return list[T]{p, parse, kind}
}

// Text is any text.
func Text(p *string, kind string) pflag.Value {
	same := func(s string) string { return s }
	return value[string]{p, func(s string) (string, error) { return s, nil }, same, kind}
}

// Texts is any text, and the flag may be given several times.
func Texts(p *[]string, kind string) pflag.Value {
	return List(p, kind, func(s string) (string, error) { return s, nil })
}

// switchKind is the type by which pflag knows flags that need no value.
const switchKind = "bool"

// Switch is a flag that needs no value.
func Switch(p *bool) pflag.Value {
	return value[bool]{p, func(s string) (bool, error) {
		on, err := strconv.ParseBool(s)
		if err != nil {
			return false, expected(s, "true or false, or no value")
		}
		return on, nil
	}, strconv.FormatBool, switchKind}
}

// Whole is a whole number within bounds. A high of math.MaxInt is none.
func Whole(p *int, low, high int) pflag.Value {
	return value[int]{p, func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		switch {
		case err == nil && low <= n && n <= high:
			return n, nil
		case high == math.MaxInt:
			return 0, expected(s, "a whole number from %d", low)
		}
		return 0, expected(s, "a whole number from %d to %d", low, high)
	}, strconv.Itoa, "N"}
}

// WholeOrAuto is a whole number from 1 to high, or the word auto, which is 0.
func WholeOrAuto(p *int, high int) pflag.Value {
	return value[int]{p, func(s string) (int, error) {
		if s == autoWord {
			return 0, nil
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > high {
			return 0, expected(s, "auto or a whole number from 1 to %d", high)
		}
		return n, nil
	}, FormatWholeOrAuto, "N"}
}

const autoWord = "auto"

// FormatWholeOrAuto returns the text that [WholeOrAuto] reads as n.
func FormatWholeOrAuto(n int) string {
	if n == 0 {
		return autoWord
	}
	return strconv.Itoa(n)
}

// Wholes is one or more different whole numbers from 1 to high, with commas between.
func Wholes(p *[]int, high int) pflag.Value {
	return value[[]int]{p, func(s string) ([]int, error) {
		var numbers []int
		for part := range strings.SplitSeq(s, ",") {
			n, err := strconv.Atoi(part)
			if err != nil || n < 1 || n > high || slices.Contains(numbers, n) {
				return nil, expected(s, "different whole numbers from 1 to %d, with commas between", high)
			}
			numbers = append(numbers, n)
		}
		return numbers, nil
	}, func(numbers []int) string {
		var parts []string
		for _, n := range numbers {
			parts = append(parts, strconv.Itoa(n))
		}
		return strings.Join(parts, ",")
	}, "N,…"}
}

// Seed is any number of 64 bits without a sign.
func Seed(p *uint64) pflag.Value {
	return value[uint64]{p, func(s string) (uint64, error) {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return 0, expected(s, "a whole number from 0")
		}
		return n, nil
	}, func(n uint64) string { return strconv.FormatUint(n, 10) }, "N"}
}

// Choice is one of a few words.
func Choice[T ~string](p *T, words ...T) pflag.Value {
	var texts []string
	for _, w := range words {
		texts = append(texts, string(w))
	}
	return value[T]{p, func(s string) (T, error) {
		if slices.Contains(texts, s) {
			return T(s), nil
		}
		return "", expected(s, "one of %s", strings.Join(texts, ", "))
	}, func(t T) string { return string(t) }, strings.Join(texts, "|")}
}

// Named is one of a few values of a type that prints them as words.
func Named[T fmt.Stringer](p *T, values ...T) pflag.Value {
	var words []string
	for _, v := range values {
		words = append(words, v.String())
	}
	return value[T]{p, func(s string) (v T, err error) {
		if i := slices.Index(words, s); i >= 0 {
			return values[i], nil
		}
		return v, expected(s, "one of %s", strings.Join(words, ", "))
	}, T.String, strings.Join(words, "|")}
}

// Choices is one or more of a few words, with commas between. A word may be named twice.
func Choices(p *[]string, kind string, words ...string) pflag.Value {
	return value[[]string]{p, func(s string) ([]string, error) {
		chosen := strings.Split(s, ",")
		for _, w := range chosen {
			if !slices.Contains(words, w) {
				return nil, expected(s, "some of %s, with commas between", strings.Join(words, ", "))
			}
		}
		return chosen, nil
	}, func(chosen []string) string { return strings.Join(chosen, ",") }, kind}
}

// Period is a length of time above zero.
func Period(p *time.Duration) pflag.Value {
	return value[time.Duration]{p, func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err != nil || d <= 0 {
			return 0, expected(s, "a time such as 500ms, 30s or 2m")
		}
		return d, nil
	}, FormatPeriod, "TIME"}
}

// PeriodOrNone is a length of time, or 0 for no limit.
func PeriodOrNone(p *time.Duration) pflag.Value {
	return value[time.Duration]{p, func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err != nil || d < 0 {
			return 0, expected(s, "a time such as 500ms, 30s or 2m, or 0 for no limit")
		}
		return d, nil
	}, FormatPeriod, "TIME"}
}

// FormatPeriod returns d without the zero units that Duration.String puts at its end, as in 2m for 2m0s.
func FormatPeriod(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
