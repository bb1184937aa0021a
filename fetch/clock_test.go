package fetch

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// drip sends n bytes each time, for ever.
func drip(n int, every time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "60000000")
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, n)); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			time.Sleep(every)
		}
	}
}

// TestEveryTryEnds has servers that do nothing, that do nothing more, and that do too little.
func TestEveryTryEnds(t *testing.T) {
	stall := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	begin := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000000")
		_, _ = w.Write([]byte("x"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	loop := func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(4 * time.Second)
		http.Redirect(w, r, "/again", http.StatusFound)
	}
	const s = time.Second
	for name, c := range map[string]struct {
		h           http.HandlerFunc
		least, most time.Duration
		text        string
	}{
		"no answer":               {stall, 30 * s, 30 * s, "no answer within 30s"},
		"slow redirects":          {loop, 30 * s, 30 * s, "no answer within 30s"},
		"a byte and no more":      {begin, 30 * s, 30 * s, "no byte of the body came for 30s, after 1"},
		"a byte each ten seconds": {drip(1, 10*s), 30 * s, 46 * s, "bytes came within"},
		"a byte each second":      {drip(1, s), 30 * s, 48 * s, "bytes came within"},
		"just too few":            {drip(3, s/10), 30 * s, 13 * time.Minute, "bytes came within"},
		"no end": {drip(4, s/10), 15 * time.Minute, 15 * time.Minute,
			"not done after 15m0s, all tries together"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, map[string]http.HandlerFunc{"h": c.h}, Options{Retries: -1}, func(t *testing.T, client *Client) {
				start := time.Now()
				_, err := client.Fetch(t.Context(), at("http://h/"), nil)
				if took := time.Since(start); classOf(err) != ClassTimeout || took < c.least || took > c.most ||
					!strings.Contains(err.Error(), c.text) {
					t.Errorf("got %v after %v, want class timeout after %v to %v: %q", err, took, c.least, c.most,
						c.text)
				}
			})
		})
	}
}

// TestAllTriesOfAnItemTogetherAreBounded has every try move for long and then break.
func TestAllTriesOfAnItemTogetherAreBounded(t *testing.T) {
	var asked atomic.Int32
	bubble(t, map[string]http.HandlerFunc{"h": func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Length", "60000000")
		for range 50 * 60 {
			_, _ = w.Write(make([]byte, 1000))
			w.(http.Flusher).Flush()
			time.Sleep(time.Second)
		}
		panic(http.ErrAbortHandler)
	}}, Options{}, func(t *testing.T, c *Client) {
		start := time.Now()
		_, err := c.Fetch(t.Context(), at("http://h/"), nil)
		if took := time.Since(start); classOf(err) != ClassTimeout || asked.Load() != 2 || took < time.Hour ||
			took > time.Hour+time.Minute {
			t.Errorf("got %v after %v and %d tries, want class timeout after an hour, in the second", err, took,
				asked.Load())
		}
	})
}

// A wire is a line of so many bytes a second, of which all answers that are under way have equal parts.
type wire struct {
	rate, size int
	active     atomic.Int64
}

func (l *wire) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.active.Add(1)
	defer l.active.Add(-1)
	w.Header().Set("Content-Length", fmt.Sprint(l.size))
	const tick = time.Second
	credit := 0.0
	for sent := 0; sent < l.size; {
		time.Sleep(tick)
		credit += float64(l.rate) * tick.Seconds() / float64(l.active.Load())
		n := min(int(credit), l.size-sent)
		credit -= float64(n)
		if _, err := w.Write(make([]byte, n)); err != nil || r.Context().Err() != nil {
			return
		}
		w.(http.Flusher).Flush()
		sent += n
	}
}

// TestASlowLineFailsNoImageThatMoves fetches N images over a line on which one alone takes five seconds, from one host
// and from many, with the defaults. It takes at most half as long again as N such, and none fails.
func TestASlowLineFailsNoImageThatMoves(t *testing.T) {
	const alone = 5
	for _, c := range []struct{ images, hosts, size int }{
		{40, 1, 100_000}, {40, 40, 100_000}, {40, 40, 5_000}, {40, 5, 5_000}, {300, 300, 100_000}, {300, 300, 25_000},
		{300, 300, 10_000},
	} {
		if testing.Short() && c.images > 40 {
			continue
		}
		t.Run(fmt.Sprintf("images=%d/hosts=%d/size=%d", c.images, c.hosts, c.size), func(t *testing.T) {
			l := &wire{rate: c.size / alone, size: c.size}
			handlers := map[string]http.HandlerFunc{}
			for i := range c.hosts {
				handlers[fmt.Sprint("h", i)] = l.ServeHTTP
			}
			bubble(t, handlers, Options{}, func(t *testing.T, client *Client) {
				in := make(chan Item)
				go func() {
					defer close(in)
					for i := range c.images {
						in <- at(fmt.Sprintf("http://h%d/%d", i%c.hosts, i))
					}
				}()
				start := time.Now()
				var failed, tries atomic.Int32
				_ = Spread(t.Context(), client.Hosts(), 256, in, func(i Item) Item { return i }, nil,
					func(i Item, _ int) {
						b, err := client.Fetch(t.Context(), i, nil)
						if err != nil {
							failed.Add(1)
							t.Log(err)
						}
						tries.Add(int32(b.Attempts))
					})
				took, most := time.Since(start), time.Duration(c.images*alone)*time.Second*3/2
				t.Logf("%v of at most %v, %d tries", took, most, tries.Load())
				if failed.Load() > 0 || took > most {
					t.Errorf("%d failed, all took %v; want none, and at most %v", failed.Load(), took, most)
				}
			})
		})
	}
}

// TestAFullLineIsNotCountedAgainstWhatItCarries has tries of two hosts end on a line that was found to be full before.
func TestAFullLineIsNotCountedAgainstWhatItCarries(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		most float64
		by   int // hosts whose last tries ended with bytes under way
		want bool
	}{{0, 2, false}, {fewest, 0, false}, {fewest, 2, true}} {
		hs := &hosts{perHost: 8}
		hs.line.most, hs.line.cut = c.most, now.Add(-time.Minute)
		for range c.by {
			hs.line.broke(&host{}, now.Add(-2*time.Minute))
		}
		if got := hs.crowded(now); got != c.want {
			t.Errorf("limit %v, tries of %d hosts ended: crowded is %v, want %v", c.most, c.by, got, c.want)
		}
	}
}

// TestARunThatStoodStillFailsNothing has a try end late, as timers do after a process was stopped. It is not one of the
// tries that an item has.
func TestARunThatStoodStillFailsNothing(t *testing.T) {
	for name, broken := range map[string]bool{"silent": false, "broken": true} {
		var asked atomic.Int32
		bubble(t, map[string]http.HandlerFunc{"h": func(w http.ResponseWriter, r *http.Request) {
			switch {
			case asked.Add(1) > 1:
				_, _ = w.Write(picture)
			case broken:
				time.Sleep(10 * time.Second)
				panic(http.ErrAbortHandler)
			default:
				<-r.Context().Done()
			}
		}}, Options{Retries: -1}, func(t *testing.T, c *Client) {
			time.AfterFunc(9500*time.Millisecond, func() { // as if the last beat had been long ago
				c.pulse.mu.Lock()
				defer c.pulse.mu.Unlock()
				c.pulse.last = c.pulse.last.Add(-time.Minute)
			})
			body, err := c.Fetch(t.Context(), at("http://h/"), nil)
			if err != nil || body.Attempts != 2 {
				t.Errorf("%s: got %v after %d tries, want the body in the second", name, err, body.Attempts)
			}
			if h := c.hosts.m["h:80"]; h != nil && h.silent > 0 {
				t.Errorf("%s: the host is taken for silent", name)
			}
		})
	}
}

// TestABusyMachineHasAPulse has it beat for a day while downloads come and go.
func TestABusyMachineHasAPulse(t *testing.T) {
	bubble(t, nil, Options{}, func(t *testing.T, c *Client) {
		began := time.Now()
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				for range 100 {
					c.pulse.begin()
					time.Sleep(time.Duration(i+1) * 2700 * time.Millisecond)
					c.pulse.end()
					time.Sleep(time.Duration(i+1) * 3700 * time.Millisecond)
				}
			})
		}
		all.Wait()
		if c.pulse.stoodStill(began) && c.pulse.still.Before(time.Now()) {
			t.Error("the process is said to have stood still")
		}
	})
}

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
