package samples

import (
	"strings"
	"testing"
	"time"
)

func TestBehaviorRoundTrip(t *testing.T) {
	for in, want := range map[string]string{
		"":                                   "",
		"stall&latency=50ms":                 "latency=50ms&stall",
		"bandwidth=1MB":                      "bandwidth=1000000",
		"bandwidth=2kb&truncate":             "bandwidth=2000&truncate",
		"status=503&retry-after=2&fail=3":    "status=503&retry-after=2&fail=3",
		"redirect=2&location=http://a/b?c=d": "redirect=2&location=http%3A%2F%2Fa%2Fb%3Fc%3Dd",
	} {
		b, err := ParseBehavior(in)
		if err != nil || b.String() != want {
			t.Errorf("%q: %q, %v, want %q", in, b, err, want)
		}
	}
	for in, want := range map[string]string{
		"latency=fast":     "latency=fast: expected a time from 0 to 1h",
		"latency=-1s":      "expected a time",
		"bandwidth=0":      "bandwidth=0: expected bytes in a second",
		"bandwidth=9999TB": "expected bytes",
		"status=200":       "expected a whole number from 400 to 599",
		"stall&truncate":   "expected one fault at a time",
		"stall=yes":        "expected no value",
		"fail=1&fail=2":    "fail is given 2 times",
		"color=red":        `unknown setting "color"`,
		"%zz":              "invalid URL escape",
	} {
		if _, err := ParseBehavior(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
}

func FuzzParseBehavior(f *testing.F) {
	for _, s := range []string{"latency=50ms&bandwidth=1MB", "stall", "fail=2&status=503", "location=%2F",
		"redirect=3&retry-after=1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		b, err := ParseBehavior(in)
		if err != nil {
			return
		}
		again, err := ParseBehavior(b.String())
		if err != nil || again != b {
			t.Errorf("%q gives %+v, printed %q, which gives %+v, %v", in, b, b, again, err)
		}
	})
}

func TestQueryGoesBeforeTheServer(t *testing.T) {
	server := Behavior{Status: 500, Latency: time.Second}
	b, err := server.with("truncate")
	if err != nil || b.Status != 0 || b.Fault != Truncate || b.Latency != time.Second {
		t.Errorf("%+v, %v", b, err)
	}
}
