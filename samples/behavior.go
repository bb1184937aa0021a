package samples

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Fault is a way to answer badly. The empty Fault answers well.
type Fault string

// The faults of a [Server]. Of all of them the handler ends when the client goes or the server is closed.
const (
	Stall        Fault = "stall"         // the header and half of the body, then silence
	Truncate     Fault = "truncate"      // the connection ends at half of the announced length
	Reset        Fault = "reset"         // the connection is reset (TCP RST) before any answer
	Slow         Fault = "slow"          // the body comes at ten bytes in a second
	Endless      Fault = "endless"       // after the body come zeros without end and without a length
	HTML         Fault = "html"          // a page that says "not found", with status 200 and the type of an image
	RedirectLoop Fault = "redirect-loop" // a redirect to where it came from
	WrongLength  Fault = "wrong-length"  // the announced length is half of what is sent
	Gzip         Fault = "gzip"          // a body in gzip coding, asked for or not
)

// A Behavior is how a request is answered. The zero value answers at once and well.
type Behavior struct {
	// Latency is the time until the first byte of any answer. It costs no CPU.
	Latency time.Duration
	// Bandwidth is how many bytes each answer gets in a second; 0 sets no bound.
	Bandwidth int64
	// Status is an HTTP status to answer with instead of the file, 400 to 599; 0 sends the file.
	Status int
	// RetryAfter is sent with a Status, as whole seconds rounded up; 0 sends none. Without a Status it means 429.
	RetryAfter time.Duration
	// Fault is what goes wrong.
	Fault Fault
	// Redirects is through how many redirects a client must go before the rest of the Behavior holds.
	Redirects int
	// Location redirects to this URL, whatever it is; "" does not.
	Location string
	// Fail bounds Status, RetryAfter and Fault to the first so many requests of a URL: later ones are answered well.
	// With none of those three it means status 503. 0 sets no bound.
	Fail int
}

// A Setting is one part of a [Behavior] as it is written in a query or a flag.
type Setting struct {
	// Name is its key, Arg an example of its value ("" where it takes none), and Doc what it does.
	Name, Arg, Doc string
	set            func(b *Behavior, value string) error
}

// settings is the table of all that can be set; faults follow what takes a value.
var settings = append([]Setting{
	{"latency", "50ms", "time to the first byte", func(b *Behavior, v string) (err error) {
		b.Latency, err = duration(v)
		return err
	}},
	{"bandwidth", "1MB", "bytes in a second, for each answer", func(b *Behavior, v string) (err error) {
		b.Bandwidth, err = bytesPerSecond(v)
		return err
	}},
	{"status", "503", "answer with this HTTP status", func(b *Behavior, v string) (err error) {
		b.Status, err = whole(v, 400, 599)
		return err
	}},
	{"retry-after", "1", "send Retry-After, in seconds; status 429 unless another is set",
		func(b *Behavior, v string) error {
			n, err := whole(v, 0, 86400)
			b.RetryAfter = time.Duration(n) * time.Second
			return err
		}},
	{"fail", "2", "answer badly this many times, then well", func(b *Behavior, v string) (err error) {
		b.Fail, err = whole(v, 0, 1000)
		return err
	}},
	{"redirect", "3", "redirect so many times first", func(b *Behavior, v string) (err error) {
		b.Redirects, err = whole(v, 0, 1000)
		return err
	}},
	{"location", "/a.jpg", "redirect to this URL", func(b *Behavior, v string) error {
		b.Location = v
		return nil
	}},
}, faultSettings()...)

// faultSettings are the settings that take no value.
func faultSettings() []Setting {
	var list []Setting
	for _, f := range []struct {
		fault Fault
		doc   string
	}{
		{Stall, "send half of the body, then nothing"},
		{Truncate, "end the connection at half of the announced length"},
		{Reset, "reset the connection"},
		{Slow, "send ten bytes in a second"},
		{Endless, "send zeros without end after the body"},
		{HTML, "send an HTML page that claims to be an image"},
		{RedirectLoop, "redirect to the same URL"},
		{WrongLength, "announce half of the length"},
		{Gzip, "send the body in gzip coding"},
	} {
		list = append(list, Setting{string(f.fault), "", f.doc, func(b *Behavior, v string) error {
			if v != "" {
				return fmt.Errorf("expected no value, got %q", v)
			}
			if b.Fault != "" && b.Fault != f.fault {
				return fmt.Errorf("expected one fault at a time, got also %q", b.Fault)
			}
			b.Fault = f.fault
			return nil
		}})
	}
	return list
}

// Settings lists all that [ParseBehavior] understands, for help texts. The caller owns the slice.
func Settings() []Setting { return slices.Clone(settings) }

// ParseBehavior reads a Behavior in the form of a query: "latency=50ms&bandwidth=1MB&stall".
func ParseBehavior(s string) (Behavior, error) {
	return Behavior{}.with(s)
}

// with returns b with the settings of a query on top.
func (b Behavior) with(query string) (Behavior, error) {
	if query == "" {
		return b, nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return b, fmt.Errorf("parse behavior %q: %w", query, err)
	}
	if slices.ContainsFunc(settings, func(t Setting) bool { return t.spoils() && values.Has(t.Name) }) {
		b.Status, b.RetryAfter, b.Fault = 0, 0, ""
	}
	known := 0
	for _, s := range settings {
		v, ok := values[s.Name]
		if !ok {
			continue
		}
		known++
		if len(v) > 1 {
			return b, fmt.Errorf("parse behavior: %s is given %d times, expected once", s.Name, len(v))
		}
		if err := s.set(&b, v[0]); err != nil {
			return b, fmt.Errorf("parse behavior: %s=%s: %w", s.Name, v[0], err)
		}
	}
	if known < len(values) {
		for name := range values {
			if !slices.ContainsFunc(settings, func(t Setting) bool { return t.Name == name }) {
				return b, fmt.Errorf("parse behavior: unknown setting %q, expected one of %s", name, settingNames())
			}
		}
	}
	return b, nil
}

// spoils reports whether the setting makes an answer bad. In a query, such a one replaces all of those of the server.
func (t Setting) spoils() bool { return t.Arg == "" || t.Name == "status" || t.Name == "retry-after" }

func settingNames() string {
	var names []string
	for _, s := range settings {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

// String returns the Behavior in the form that ParseBehavior reads; the zero Behavior is "".
func (b Behavior) String() string {
	var parts []string
	add := func(name, value string) { parts = append(parts, name+"="+url.QueryEscape(value)) }
	if b.Latency > 0 {
		add("latency", b.Latency.String())
	}
	if b.Bandwidth > 0 {
		add("bandwidth", strconv.FormatInt(b.Bandwidth, 10))
	}
	if b.Status > 0 {
		add("status", strconv.Itoa(b.Status))
	}
	if b.RetryAfter > 0 {
		add("retry-after", wholeSeconds(b.RetryAfter))
	}
	if b.Fail > 0 {
		add("fail", strconv.Itoa(b.Fail))
	}
	if b.Redirects > 0 {
		add("redirect", strconv.Itoa(b.Redirects))
	}
	if b.Location != "" {
		add("location", b.Location)
	}
	if b.Fault != "" {
		parts = append(parts, string(b.Fault))
	}
	return strings.Join(parts, "&")
}

// bad reports whether the Behavior spoils the answer rather than delaying it.
func (b Behavior) bad() bool { return b.Status > 0 || b.RetryAfter > 0 || b.Fault != "" }

// status is what Status comes to.
func (b Behavior) status() int {
	if b.Status == 0 && b.RetryAfter > 0 && b.Fault == "" {
		return http.StatusTooManyRequests
	}
	return b.Status
}

func wholeSeconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

func duration(v string) (time.Duration, error) {
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 || d > time.Hour {
		return 0, fmt.Errorf("expected a time from 0 to 1h, such as 50ms")
	}
	return d, nil
}

func whole(v string, low, high int) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < low || n > high {
		return 0, fmt.Errorf("expected a whole number from %d to %d", low, high)
	}
	return n, nil
}

// bytesPerSecond reads a number of bytes with an optional unit, powers of ten.
func bytesPerSecond(v string) (int64, error) {
	num := strings.TrimSuffix(strings.ToUpper(v), "B")
	scale := int64(1)
	switch {
	case strings.HasSuffix(num, "K"):
		num, scale = num[:len(num)-1], 1e3
	case strings.HasSuffix(num, "M"):
		num, scale = num[:len(num)-1], 1e6
	case strings.HasSuffix(num, "G"):
		num, scale = num[:len(num)-1], 1e9
	}
	n, err := strconv.ParseInt(num, 10, 64)
	if err != nil || n < 1 || n > 1e12/scale {
		return 0, fmt.Errorf("expected bytes in a second from 1 to 1000GB, such as 500KB or 1MB")
	}
	return n * scale, nil
}
