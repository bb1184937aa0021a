package fetch

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A diary is a Room that notes when phases begin.
type diary struct {
	endless
	start time.Time
	lines []entry
}

type entry struct {
	phase Phase
	at    time.Duration
}

func (d *diary) Follow(p Phase) {
	if n := len(d.lines); n == 0 || d.lines[n-1].phase != p {
		d.lines = append(d.lines, entry{p, time.Since(d.start).Round(time.Second)})
	}
}

// TestAFetchSaysWhatItWaitsFor has a host that sends one away for 20 s, and then takes 3 s to answer and 5 s to send.
func TestAFetchSaysWhatItWaitsFor(t *testing.T) {
	asked := 0
	host := func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked == 1 {
			w.Header().Set("Retry-After", "20")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		time.Sleep(3 * time.Second)
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		time.Sleep(5 * time.Second)
		_, _ = w.Write(picture)
	}
	bubble(t, map[string]http.HandlerFunc{"host": host}, Options{}, func(t *testing.T, c *Client) {
		d := &diary{start: time.Now()}
		if _, err := c.Fetch(t.Context(), at("http://host/"), d); err != nil {
			t.Fatal(err)
		}
		const s = time.Second
		want := []entry{{PhaseHeld, 0}, {PhaseAsked, 0}, {PhaseHeld, 0}, {PhaseAsked, 20 * s}, {PhaseBody, 23 * s}}
		if !slices.Equal(d.lines, want) || time.Since(d.start) != 28*s {
			t.Errorf("it said %v in %v, want %v in 28s", d.lines, time.Since(d.start), want)
		}
	})
}

// A counter is a Holder that adds up.
type counter struct {
	plainHosts
	now, most, sum int
}

func (c *counter) Holding(now, more int) {
	c.now, c.most, c.sum = now, max(c.most, now), c.sum+more
}

// TestSpreadSaysWhatItHoldsBack has hosts that take fewer items than there are lanes, and as many.
func TestSpreadSaysWhatItHoldsBack(t *testing.T) {
	for _, tt := range []struct{ limit, lanes, held int }{{2, 4, 18}, {4, 4, 0}, {30, 4, 0}, {1, 40, 19}} {
		synctest.Test(t, func(t *testing.T) {
			in := make(chan string)
			go func() {
				defer close(in)
				for range 20 {
					in <- "host"
				}
			}()
			c := &counter{plainHosts: plainHosts{func(string) int { return tt.limit }}}
			item := func(host string) Item { return Item{Source: host} }
			err := Spread(t.Context(), c, tt.lanes, in, item, nil, func(string, int) { time.Sleep(time.Second) })
			if err != nil || c.sum != tt.held || c.most != tt.held || c.now != 0 {
				t.Errorf("%+v: %d were held back, %d at once and %d in the end; %v", tt, c.sum, c.most, c.now, err)
			}
		})
	}
}
