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

// spreadAll fetches all of items in Spread and returns how many failed with each class.
func spreadAll(t *testing.T, c *Client, items ...string) map[string]int {
	t.Helper()
	in := make(chan string)
	go func() {
		defer close(in)
		for _, item := range items {
			in <- item
		}
	}()
	var mu sync.Mutex
	classes := map[string]int{}
	Spread(t.Context(), c.Hosts(), 64, in, at, nil, func(source string, _ int) {
		_, err := c.Fetch(t.Context(), at(source), nil)
		mu.Lock()
		defer mu.Unlock()
		classes[classOf(err)]++
	})
	return classes
}

func urls(host string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("http://%s/%d", host, i)
	}
	return list
}

// TestAHostThatOnlySaysLaterCostsItsWaitForEachTry has hosts that answer nothing but 429 or 503, with all the waits
// that are obeyed, and with any number of items. The last wait is not waited for, as nothing would come of it.
func TestAHostThatOnlySaysLaterCostsItsWaitForEachTry(t *testing.T) {
	for _, c := range []struct{ status, wait, items, retries int }{
		{429, 2, 8, 3}, {429, 119, 40, 3}, {503, 60, 500, 3}, {503, 119, 3, 3}, {429, 30, 100, -1}, {429, 10, 100, 1},
	} {
		var asked atomic.Int32
		bubble(t, map[string]http.HandlerFunc{"h": func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			w.Header().Set("Retry-After", fmt.Sprint(c.wait))
			w.WriteHeader(c.status)
		}}, Options{Retries: c.retries}, func(t *testing.T, client *Client) {
			start := time.Now()
			classes := spreadAll(t, client, urls("h", c.items)...)
			tries := max(c.retries, 0) + 1
			most := time.Duration((tries-1)*c.wait) * time.Second
			if took := time.Since(start); classes[fmt.Sprint("http-", c.status)] != c.items || took > most {
				t.Errorf("%+v: %v after %v and %d requests, want all to fail within %v", c, classes, took, asked.Load(),
					most)
			}
			if c.items < 8 { // they had all their tries
				return
			}
			_, err := client.Fetch(t.Context(), at("http://h/"), nil)
			if want := fmt.Sprintf("nothing but %d, %d times in a row", c.status, tries); err == nil ||
				!strings.Contains(err.Error(), want) {
				t.Errorf("%+v: what comes later gets %v, want %q", c, err, want)
			}
			time.Sleep(24 * time.Hour)
			before := asked.Load()
			if _, err := client.Fetch(t.Context(), at("http://h/"), nil); classOf(err) != fmt.Sprint("http-",
				c.status) || asked.Load() != before {
				t.Errorf("%+v: the host is asked again a day later: %v", c, err)
			}
		})
	}
}

// TestAHostThatAnswersInBetweenIsWaitedFor has hosts that say later most of the time.
func TestAHostThatAnswersInBetweenIsWaitedFor(t *testing.T) {
	for _, every := range []int32{2, 3, 4} {
		for _, after := range []string{"20", ""} {
			var asked atomic.Int32
			bubble(t, map[string]http.HandlerFunc{"h": func(w http.ResponseWriter, _ *http.Request) {
				if asked.Add(1)%every != 0 {
					w.Header().Set("Retry-After", after)
					w.WriteHeader(http.StatusTooManyRequests)
				}
			}}, Options{PerHost: 1}, func(t *testing.T, c *Client) {
				if classes := spreadAll(t, c, urls("h", 50)...); classes[""] != 50 {
					t.Errorf("one of %d answers is good, Retry-After %q: %v", every, after, classes)
				}
			})
		}
	}
}

// TestAHostThatIsAwayWithoutSayingForHowLongIsNotGivenUp has it answer 503 for four minutes.
func TestAHostThatIsAwayWithoutSayingForHowLongIsNotGivenUp(t *testing.T) {
	start := time.Time{}
	bubble(t, map[string]http.HandlerFunc{"h": func(w http.ResponseWriter, _ *http.Request) {
		if time.Since(start) < 4*time.Minute {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}}, Options{}, func(t *testing.T, c *Client) {
		start = time.Now()
		if classes := spreadAll(t, c, urls("h", 1000)...); classes[""] < 950 {
			t.Errorf("%v, want all done but what was tried meanwhile", classes)
		}
	})
}

// TestAHostWhoseAnswersBreakIsAskedForFewerAtOnce has a server that answers well only to two at a time.
func TestAHostWhoseAnswersBreakIsAskedForFewerAtOnce(t *testing.T) {
	var now, broken atomic.Int32
	bubble(t, map[string]http.HandlerFunc{"h": func(w http.ResponseWriter, _ *http.Request) {
		crowd := now.Add(1)
		defer now.Add(-1)
		w.Header().Set("Content-Length", "20")
		_, _ = w.Write(make([]byte, 10))
		w.(http.Flusher).Flush()
		time.Sleep(time.Second)
		if crowd > 2 {
			broken.Add(1)
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(make([]byte, 10))
	}}, Options{}, func(t *testing.T, c *Client) {
		classes := spreadAll(t, c, urls("h", 100)...)
		if classes[""] != 100 || broken.Load() > 40 {
			t.Errorf("%v, %d answers broke", classes, broken.Load())
		}
	})
}

// TestAHostWhoseAnswersBreakTakesNothingFromOthers has one host break all of its answers while another is asked much.
func TestAHostWhoseAnswersBreakTakesNothingFromOthers(t *testing.T) {
	var now, most atomic.Int32
	handlers := map[string]http.HandlerFunc{"bad": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "20")
		_, _ = w.Write(make([]byte, 10))
		w.(http.Flusher).Flush()
		time.Sleep(time.Second)
		panic(http.ErrAbortHandler)
	}}
	var list []string
	for i := range 7 {
		host := fmt.Sprint("good", i)
		handlers[host] = func(http.ResponseWriter, *http.Request) {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(100 * time.Millisecond)
			now.Add(-1)
		}
		list = append(list, urls(host, 200)...)
	}
	bubble(t, handlers, Options{}, func(t *testing.T, c *Client) {
		spreadAll(t, c, urls("bad", 100)...)
		start := time.Now()
		if classes := spreadAll(t, c, list...); classes[""] != len(list) {
			t.Errorf("%v", classes)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("the others took %v, want 25 rounds of 100 ms", took)
		}
	})
}

// TestAServerThatDoesOneThingAfterTheOtherFailsNothing takes five seconds for each answer, and eight who wait for it
// have the last wait too long.
func TestAServerThatDoesOneThingAfterTheOtherFailsNothing(t *testing.T) {
	for _, wastes := range []bool{false, true} { // time on those who have left
		var busy chan struct{}
		bubble(t, map[string]http.HandlerFunc{"h": func(_ http.ResponseWriter, r *http.Request) {
			busy <- struct{}{}
			defer func() { <-busy }()
			if wastes || r.Context().Err() == nil {
				time.Sleep(5 * time.Second)
			}
		}}, Options{}, func(t *testing.T, c *Client) {
			const n = 100
			busy = make(chan struct{}, 1) // one of the bubble
			start := time.Now()
			classes := spreadAll(t, c, urls("h", n)...)
			if took := time.Since(start); classes[""] != n || took > n*5*time.Second*3/2 {
				t.Errorf("%v after %v, want all done in half as long again as one after the other takes", classes, took)
			}
			t.Log(classes, time.Since(start))
		})
	}
}
