package fetch

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestPerHostLimitHolds(t *testing.T) {
	var now, most atomic.Int32
	bubble(t, map[string]http.HandlerFunc{"h": func(http.ResponseWriter, *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		time.Sleep(time.Second)
		now.Add(-1)
	}}, Options{PerHost: 3}, func(t *testing.T, c *Client) {
		start := time.Now()
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				if _, err := c.Fetch(t.Context(), at("http://h/"), nil); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if most.Load() != 3 || time.Since(start) != 4*time.Second {
			t.Errorf("%d at once in %v, want 3 in 4 s", most.Load(), time.Since(start))
		}
		if len(c.hosts.m) != 0 {
			t.Errorf("%d hosts are remembered for nothing", len(c.hosts.m))
		}
	})
}

func TestNothingIsLostAtAServerWithARateLimit(t *testing.T) {
	var mu sync.Mutex
	tokens, last := 10.0, time.Time{}
	refused := 0
	bubble(t, map[string]http.HandlerFunc{"h": func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		now := time.Now()
		tokens = min(10, tokens+10*now.Sub(last).Seconds())
		last = now
		if tokens < 1 {
			refused++
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		tokens--
	}}, Options{}, func(t *testing.T, c *Client) {
		last = time.Now()
		start := time.Now()
		in := make(chan int)
		go func() {
			defer close(in)
			for i := range 500 {
				in <- i
			}
		}()
		var failed atomic.Int32
		_ = Spread(t.Context(), c.Hosts(), 32, in, func(i int) Item { return at(fmt.Sprint("http://h/", i)) }, nil,
			func(i, _ int) {
				if _, err := c.Fetch(t.Context(), at(fmt.Sprint("http://h/", i)), nil); err != nil {
					failed.Add(1)
				}
			})
		t.Logf("500 items from a server that allows 10 a second: %v, %d refused, %d failed", time.Since(start), refused,
			failed.Load())
		if failed.Load() != 0 || time.Since(start) > 2*time.Minute {
			t.Errorf("%d of 500 failed in %v, want none in less than 2 minutes", failed.Load(), time.Since(start))
		}
	})
}

func TestDeadSlowHostHoldsBackOnlyItsOwn(t *testing.T) {
	handlers := map[string]http.HandlerFunc{
		"dead": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	}
	const hosts = 8
	for i := range hosts {
		handlers[fmt.Sprint("h", i)] = func(http.ResponseWriter, *http.Request) { time.Sleep(50 * time.Millisecond) }
	}
	bubble(t, handlers, Options{}, func(t *testing.T, c *Client) {
		// 300 items of the dead host come first and between.
		in := make(chan string)
		go func() {
			defer close(in)
			for i := range 200 {
				in <- fmt.Sprint("http://dead/", i)
			}
			for i := range 400 {
				in <- fmt.Sprint("http://h", i%hosts, "/", i)
				if i%4 == 0 {
					in <- fmt.Sprint("http://dead/", 200+i)
				}
			}
		}()
		start := time.Now()
		var mu sync.Mutex
		var good, bad int
		var lastGood time.Duration
		_ = Spread(t.Context(), c.Hosts(), 64, in, at, nil, func(source string, _ int) {
			_, err := c.Fetch(t.Context(), at(source), nil)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				good++
				lastGood = time.Since(start)
			} else {
				bad++
			}
		})
		t.Logf("the 400 others took %v, all 700 %v", lastGood, time.Since(start))
		// 400 items at 56 lanes and 50 ms.
		if good != 400 || bad != 300 || lastGood > time.Second {
			t.Errorf("%d good, %d bad, the last good after %v; want 400, 300, less than 1 s", good, bad, lastGood)
		}
		if d := time.Since(start); d > silence+2*c.opts.Timeout {
			t.Errorf("the dead host took %v, want %v and what was under way", d, silence)
		}
	})
}

func TestSpreadDoesEveryValueOnceAlsoWhenCancelled(t *testing.T) {
	bubble(t, nil, Options{PerHost: 1, Retries: -1}, func(t *testing.T, c *Client) {
		ctx, cancel := context.WithCancel(t.Context())
		in := make(chan int)
		go func() {
			defer close(in)
			for i := range 100 {
				in <- i
			}
			cancel()
		}()
		seen := make([]atomic.Int32, 100)
		var busy [4 + besides]atomic.Int32
		start := time.Now()
		_ = Spread(ctx, c.Hosts(), 4, in, func(i int) Item { return at("http://nobody/") }, nil, func(i, lane int) {
			if busy[lane].Add(1) != 1 {
				t.Errorf("two values at once on lane %d", lane)
			}
			_, _ = c.Fetch(ctx, at("http://nobody/"), nil)
			seen[i].Add(1)
			busy[lane].Add(-1)
		})
		for i := range seen {
			if seen[i].Load() != 1 {
				t.Errorf("value %d was done %d times", i, seen[i].Load())
			}
		}
		if time.Since(start) != 0 {
			t.Errorf("took %v after the end of its context", time.Since(start))
		}
	})
}

func TestSpreadKeepsTheOrderOfFiles(t *testing.T) {
	c := newClient(t, Options{})
	in := make(chan int)
	go func() {
		defer close(in)
		for i := range 1000 {
			in <- i
		}
	}()
	next := 0
	_ = Spread(t.Context(), c.Hosts(), 1, in, func(int) Item { return Item{Source: "x"} }, nil, func(i, _ int) {
		if i != next {
			t.Fatalf("got %d, want %d", i, next)
		}
		next++
	})
	if next != 1000 {
		t.Errorf("%d values of 1000", next)
	}
}

func TestHostsWithNothingToRememberAreForgotten(t *testing.T) {
	hs := &hosts{perHost: 8}
	for i := range 3 * remembered {
		turn, err := hs.enter(t.Context(), fmt.Sprint(i))
		if err != nil {
			t.Fatal(err)
		}
		turn.leave(verdictSilent)
	}
	if len(hs.m) > remembered {
		t.Errorf("%d hosts are remembered, want at most %d", len(hs.m), remembered)
	}
}

func TestEndOfTheRunEndsEveryWait(t *testing.T) {
	stall := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	later := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "100")
		w.WriteHeader(429)
	}
	fail := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }
	bubble(t, map[string]http.HandlerFunc{"stall": stall, "later": later, "fail": fail},
		Options{PerHost: 1, Retries: 1000}, func(t *testing.T, c *Client) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			var wg sync.WaitGroup
			for _, host := range []string{"stall", "stall", "later", "later", "fail", "nobody", "nobody"} {
				wg.Go(func() {
					if _, err := c.Fetch(ctx, at("http://"+host+"/"), nil); err != context.DeadlineExceeded {
						t.Errorf("%s: got %v, want the context's error", host, err)
					}
				})
			}
			start := time.Now()
			wg.Wait()
			if time.Since(start) != 10*time.Second {
				t.Errorf("took %v, want 10 s", time.Since(start))
			}
		})
}
