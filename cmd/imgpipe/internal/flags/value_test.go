package flags

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

type color int

func (c color) String() string { return [...]string{"red", "green"}[c] }

// values has one of each kind of value, with a text that it takes and one that it does not take.
func values() map[string]struct {
	v         pflag.Value
	good, bad string
} {
	type row = struct {
		v         pflag.Value
		good, bad string
	}
	limit := Limit{Share: 0.05}
	return map[string]row{
		"text":          {Text(new(string), "DIR"), "any", ""},
		"switch":        {Switch(new(bool)), "true", "perhaps"},
		"whole":         {Whole(new(int), 1, 9), "9", "10"},
		"whole from":    {Whole(new(int), 1, math.MaxInt), "10", "0"},
		"whole or auto": {WholeOrAuto(new(int), 9), "auto", "0"},
		"wholes":        {Wholes(new([]int), 9), "1,9,2", "1,1"},
		"seed":          {Seed(new(uint64)), "18446744073709551615", "-1"},
		"choice":        {Choice(new(string), "a", "b"), "b", "B"},
		"named":         {Named(new(color), 0, 1), "green", "blue"},
		"choices":       {Choices(new([]string), "WORDS", "a", "b"), "b,a,b", "a,c"},
		"period":        {Period(new(time.Duration)), "2m", "0"},
		"or no period":  {PeriodOrNone(new(time.Duration)), "1h30m", "-1s"},
		"bytes":         {Bytes(new(int64)), "64MB", "0"},
		"pixels":        {Pixels(new(int64)), "100MP", "many"},
		"rate":          {Rate(new(float64), "requests"), "2.5", "Inf"},
		"share":         {Share(new(float64)), "0.05", "101%"},
		"count":         {CountOrShare(&limit), "3", "0%"},
		"percentage":    {CountOrShare(&limit), "5%", "0"},
	}
}

func TestValuesPrintWhatTheyRead(t *testing.T) {
	for name, row := range values() {
		if err := row.v.Set(row.good); err != nil || row.v.String() != row.good {
			t.Errorf("%s: %q was read as %q, %v", name, row.good, row.v, err)
		}
	}
}

// TestRefusedValuesChangeNothing: what is wrong is typed, names the value, and says what was expected.
func TestRefusedValuesChangeNothing(t *testing.T) {
	for name, row := range values() {
		if row.bad == "" {
			continue // everything is good
		}
		if err := row.v.Set(row.good); err != nil {
			t.Fatal(err)
		}
		err := row.v.Set(row.bad)
		e, ok := errors.AsType[*ValueError](err)
		if !ok || e.Value != row.bad || e.Expected == "" || !strings.HasPrefix(err.Error(), "expected ") {
			t.Errorf("%s: %q gave the error %v", name, row.bad, err)
		}
		if row.v.String() != row.good {
			t.Errorf("%s: a value that was refused made %q of %q", name, row.v, row.good)
		}
	}
}

func TestUnitsAreDecimalOrBinary(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "64MB": 64e6, "1KiB": 1024, "1.5GiB": 3 << 29, "2k": 2000, "7B": 7, "1 MB": 1e6,
	} {
		var n int64
		if err := Bytes(&n).Set(text); err != nil || n != want {
			t.Errorf("%q is %d bytes, %v, want %d", text, n, err, want)
		}
	}
	var n int64
	if err := Pixels(&n).Set("0.5GP"); err != nil || n != 5e8 {
		t.Errorf("0.5GP is %d pixels, %v", n, err)
	}
}

func FuzzUnits(f *testing.F) {
	for _, s := range []string{"64MB", "1e30", "NaN", "-1", "0.4B", "9223372036854775807", " 1 ", "KiB"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, units := range [][]unit{byteUnits, pixelUnits} {
			if n, ok := parseUnits(s, units); ok && n < 1 {
				t.Errorf("%q is %d", s, n)
			}
		}
	})
}

func TestListsKeepTheirOrder(t *testing.T) {
	var got []string
	v := Texts(&got, "FILE")
	for _, s := range []string{"b", "a", "b"} {
		if err := v.Set(s); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Join(got, " ") != "b a b" {
		t.Errorf("b, a, b were read as %q", got)
	}
}

func TestPeriodsHaveNoZeroUnits(t *testing.T) {
	for d, want := range map[time.Duration]string{
		2 * time.Minute: "2m", time.Hour: "1h", 90 * time.Minute: "1h30m", 10 * time.Second: "10s", 0: "0s",
		time.Minute + time.Second: "1m1s",
	} {
		if got := FormatPeriod(d); got != want {
			t.Errorf("%v is written %q, want %q", d, got, want)
		}
	}
}
