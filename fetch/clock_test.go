package fetch

import (
	"net/http"
	"testing"
	"time"
)

func TestRetryAfterIsReadByTheServersOwnClock(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		after, date string
		want        time.Duration
	}{
		{"", "", 0}, {"7", "", 7 * time.Second}, {" 0 ", "", 0}, {"-3", "", 0}, {"soon", "", 0}, {"1.5", "", 0},
		{"99999999999999", "", 366 * 24 * time.Hour},
		{"Fri, 02 Jan 2026 03:05:05 GMT", "", time.Minute},
		{"Fri, 02 Jan 2026 03:04:00 GMT", "", 0},
		{"Fri, 02 Jan 3026 03:05:05 GMT", "", 366 * 24 * time.Hour},
		{"Fri, 02 Jan 2026 04:04:06 GMT", "Fri, 02 Jan 2026 04:04:05 GMT", time.Second}, // an hour ahead
		{"Fri, 02 Jan 2026 02:05:05 GMT", "Fri, 02 Jan 2026 02:04:05 GMT", time.Minute}, // an hour behind
		{"Friday, 02-Jan-26 04:04:06 GMT", "Fri, 02 Jan 2026 04:04:05 GMT", time.Second},
		{"Fri, 02 Jan 2026 04:04:05 GMT", "Fri, 02 Jan 2026 04:04:06 GMT", 0},
		{"Fri, 02 Jan 2026 03:05:05 GMT", "yesterday", time.Minute},
		{"7", "Fri, 02 Jan 2026 04:04:05 GMT", 7 * time.Second},
	} {
		h := http.Header{"Retry-After": {c.after}, "Date": {c.date}}
		if got := retryAfter(h, now); got != c.want {
			t.Errorf("%q in an answer of %q is %v, want %v", c.after, c.date, got, c.want)
		}
	}
}
