package fetch

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// errTimeout and errSlow are the causes of the end of a try that took too long, and of one whose body came too slowly.
var (
	errTimeout = errors.New("the time for a download is over")
	errSlow    = errors.New("the body comes too slowly")
)

// overdue tells that a try was ended for the server's slowness, not because the run ends.
func overdue(ctx context.Context) bool {
	cause := context.Cause(ctx)
	return cause == errTimeout || cause == errSlow
}

// retryAfter returns how long the header field of RFC 9110, section 10.2.3, asks to be left alone: seconds or a date, 0 for what is
// neither. A date is read by the server's own clock, which its answer's Date shows, as ours may be another.
func retryAfter(h http.Header, now time.Time) time.Duration {
	const most = 366 * 24 * time.Hour
	v := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.ParseInt(v, 10, 64); err == nil {
		return time.Duration(min(max(s, 0), int64(most/time.Second))) * time.Second
	}
	t, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	if theirs, err := http.ParseTime(strings.TrimSpace(h.Get("Date"))); err == nil {
		now = theirs
	}
	return min(max(t.Sub(now), 0), most)
}

// A stopwatch calls end when it has run for left, which it does between resume and pause. One goroutine uses it.
type stopwatch struct {
	left    time.Duration
	end     func()
	timer   *time.Timer
	resumed time.Time
	running bool
}

func (s *stopwatch) resume() {
	if s.running {
		return
	}
	s.running = true
	s.resumed = time.Now()
	if s.timer == nil {
		s.timer = time.AfterFunc(s.left, s.end)
	} else {
		s.timer.Reset(s.left)
	}
}

func (s *stopwatch) pause() {
	if !s.running {
		return
	}
	s.running = false
	if s.timer.Stop() {
		s.left = max(0, s.left-time.Since(s.resumed))
	}
}
