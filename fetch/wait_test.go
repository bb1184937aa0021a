package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A network is one of pipes in memory, on which time is that of a synctest bubble.
type network struct {
	handlers map[string]http.Handler // by host
	wg       sync.WaitGroup
}

// client gives a Client on n.
func (n *network) client(t *testing.T, o Options) *Client {
	c := New(o)
	c.web.dial = func(ctx context.Context, _, addr string) (net.Conn, error) {
		host, _, _ := strings.Cut(addr, ":")
		h := n.handlers[host]
		if h == nil { // no answer at all
			ctx, cancel := context.WithTimeout(ctx, c.opts.ConnectTimeout)
			defer cancel()
			<-ctx.Done()
			return nil, &net.OpError{Op: "dial", Err: context.DeadlineExceeded}
		}
		here, there := net.Pipe()
		n.wg.Add(1)
		server := &http.Server{Handler: h, ConnState: func(_ net.Conn, st http.ConnState) {
			if st == http.StateClosed {
				n.wg.Done()
			}
		}}
		go func() { _ = server.Serve(&once{conn: there}) }()
		return here, nil
	}
	return c
}

// A once is a listener that gives one connection.
type once struct {
	conn net.Conn
	done atomic.Bool
}

func (o *once) Accept() (net.Conn, error) {
	if o.done.Swap(true) {
		return nil, net.ErrClosed
	}
	return o.conn, nil
}
func (o *once) Close() error   { return nil }
func (o *once) Addr() net.Addr { return o.conn.LocalAddr() }

func at(source string) Item { return Item{Source: source, Scheme: "http"} }

// bubble runs f in a synctest bubble with a network and closes what it started.
func bubble(t *testing.T, handlers map[string]http.HandlerFunc, o Options, f func(t *testing.T, c *Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := &network{handlers: map[string]http.Handler{}}
		for host, h := range handlers {
			n.handlers[host] = h
		}
		c := n.client(t, o)
		f(t, c)
		c.Close()
		n.wg.Wait()
		synctest.Wait()
	})
}

func TestConnectTimeoutIsItsOwn(t *testing.T) {
	bubble(t, nil, Options{Retries: -1}, func(t *testing.T, c *Client) {
		start := time.Now()
		_, err := c.Fetch(t.Context(), at("http://nobody/"), nil)
		if classOf(err) != ClassTimeout || time.Since(start) != 5*time.Second {
			t.Errorf("got %v after %v, want class timeout after 5 s", err, time.Since(start))
		}
	})
}

func TestFinishEndsWaitsAndNotDownloads(t *testing.T) {
	busy := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "100")
		w.WriteHeader(http.StatusTooManyRequests)
	}
	failing := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }
	slow := func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(10 * time.Second)
		_, _ = w.Write(picture)
	}
	bubble(t, map[string]http.HandlerFunc{"busy": busy, "failing": failing, "slow": slow}, Options{Retries: 100},
		func(t *testing.T, c *Client) {
			start := time.Now()
			time.AfterFunc(5*time.Second, func() {
				c.Finish()
				c.Finish()
			})
			var all sync.WaitGroup
			for _, host := range []string{"busy", "failing", "slow"} {
				all.Go(func() {
					_, err := c.Fetch(t.Context(), at("http://"+host+"/"), nil)
					want, least := ErrFinished, 5*time.Second
					if host == "slow" {
						want, least = nil, 10*time.Second
					}
					if took := time.Since(start); err != want || took < least || took > least+time.Second {
						t.Errorf("%s: %v after %v, want %v after %v", host, err, took, want, least)
					}
				})
			}
			all.Wait()
			// What is held back for its host comes at once.
			in := make(chan Item)
			go func() {
				defer close(in)
				for range 20 {
					in <- at("http://busy/")
				}
			}()
			before, n := time.Now(), 0
			_ = Spread(t.Context(), c.Hosts(), 1, in, func(i Item) Item { return i }, nil, func(Item, int) { n++ })
			if n != 20 || time.Since(before) > 0 {
				t.Errorf("%d of 20 came after %v, want all at once", n, time.Since(before))
			}
		})
}

func TestFinishWithinEndsDownloadsAfterTheirGrace(t *testing.T) {
	for _, length := range []string{"", "1000000"} { // before and after the answer begins
		trickle := func(w http.ResponseWriter, r *http.Request) {
			for w.Header().Set("Content-Length", length); length != "" &&
				r.Context().Err() == nil; time.Sleep(time.Second) {
				if _, err := w.Write([]byte("x")); err != nil {
					return
				}
				w.(http.Flusher).Flush()
			}
			<-r.Context().Done()
		}
		quick := func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(8 * time.Second)
			_, _ = w.Write(picture)
		}
		bubble(t, map[string]http.HandlerFunc{"trickle": trickle, "quick": quick}, Options{},
			func(t *testing.T, c *Client) {
				start := time.Now()
				time.AfterFunc(5*time.Second, func() { c.FinishWithin(5 * time.Second) })
				var all sync.WaitGroup
				all.Go(func() {
					if _, err := c.Fetch(t.Context(), at("http://trickle/"), nil); err != ErrFinished ||
						time.Since(start) != 10*time.Second {
						t.Errorf("got %v after %v, want ErrFinished after 10 s", err, time.Since(start))
					}
				})
				all.Go(func() {
					if _, err := c.Fetch(t.Context(), at("http://quick/"), nil); err != nil {
						t.Errorf("what ends within its grace gives %v", err)
					}
				})
				all.Wait()
			})
	}
}

func TestRetriesOnlyWhatMayPass(t *testing.T) {
	for status, tries := range map[int]int32{400: 1, 401: 1, 403: 1, 404: 1, 408: 4, 410: 1, 418: 1, 429: 4, 500: 4,
		501: 1, 502: 4, 503: 4, 504: 4, 505: 1} {
		var asked atomic.Int32
		bubble(t, map[string]http.HandlerFunc{"h": func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			w.WriteHeader(status)
		}}, Options{}, func(t *testing.T, c *Client) {
			_, err := c.Fetch(t.Context(), at("http://h/"), nil)
			var e *Error
			if !errors.As(err, &e) || e.Kind != fmt.Sprint("http-", status) || e.Attempts != int(tries) ||
				asked.Load() != tries {
				t.Errorf("%d: got %v with %d requests, want %d", status, err, asked.Load(), tries)
			}
		})
	}
}

func TestLaterTryServesAndReservesOnce(t *testing.T) {
	var asked atomic.Int32
	bubble(t, map[string]http.HandlerFunc{"h": func(w http.ResponseWriter, _ *http.Request) {
		n := asked.Add(1)
		w.Header().Set("Content-Length", fmt.Sprint(len(picture)))
		if n == 1 {
			w.WriteHeader(500)
			return
		}
		if n == 2 { // half a body, then the end of the connection
			_, _ = w.Write(picture[:len(picture)/2])
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(picture)
	}}, Options{}, func(t *testing.T, c *Client) {
		reserved := 0
		start := time.Now()
		body, err := c.Fetch(t.Context(), at("http://h/"),
			taking(func(context.Context, int64) error { reserved++; return nil }))
		if err != nil || body.Attempts != 3 || string(body.Data) != string(picture) || reserved != 1 {
			t.Errorf("got %d bytes after %d attempts and %d reservations, %v; want all after 3 and 1", len(body.Data),
				body.Attempts, reserved, err)
		}
		if d := time.Since(start); d > 1500*time.Millisecond {
			t.Errorf("two waits took %v, want at most 0.5 s and 1 s", d)
		}
	})
}

func TestBackoffIsBounded(t *testing.T) {
	for n, most := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second,
		8 * time.Second, 16 * time.Second, 30 * time.Second, 30 * time.Second} {
		var longest time.Duration
		for range 1000 {
			longest = max(longest, backoff(n))
		}
		if longest >= most || longest < most/2 {
			t.Errorf("try %d waits up to %v, want up to %v", n, longest, most)
		}
	}
	if d := backoff(1000); d < 0 || d >= 30*time.Second {
		t.Errorf("try 1000 waits %v", d)
	}
}

func TestRetryAfterHoldsForAllOfTheHostAndNoOther(t *testing.T) {
	var mu sync.Mutex
	var asked []time.Duration
	start := time.Time{}
	handlers := map[string]http.HandlerFunc{
		"busy": func(w http.ResponseWriter, _ *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			if asked = append(asked, time.Since(start)); len(asked) == 1 {
				w.Header().Set("Retry-After", "60")
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		},
		"free": func(http.ResponseWriter, *http.Request) {},
	}
	bubble(t, handlers, Options{}, func(t *testing.T, c *Client) {
		start = time.Now()
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := c.Fetch(t.Context(), at("http://busy/1"), nil); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if _, err := c.Fetch(t.Context(), at("http://busy/2"), nil); err != nil {
				t.Error(err)
			}
		})
		if _, err := c.Fetch(t.Context(), at("http://free/"), nil); err != nil || time.Since(start) != 0 {
			t.Errorf("the other host took %v, %v", time.Since(start), err)
		}
		wg.Wait()
		for _, d := range asked[1:] {
			if d < 60*time.Second {
				t.Errorf("asked again after %v, want 60 s", d)
			}
		}
		if len(asked) != 3 {
			t.Errorf("asked %d times, want 3", len(asked))
		}
	})
}

func TestServerThatWantsAnHourIsLeftAlone(t *testing.T) {
	var asked atomic.Int32
	bubble(t, map[string]http.HandlerFunc{"h": func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	}}, Options{}, func(t *testing.T, c *Client) {
		start := time.Now()
		for range 3 {
			if _, err := c.Fetch(t.Context(), at("http://h/"), nil); classOf(err) != "http-429" {
				t.Errorf("got %v, want class http-429", err)
			}
		}
		if asked.Load() != 1 || time.Since(start) != 0 {
			t.Errorf("asked %d times in %v, want once", asked.Load(), time.Since(start))
		}
		time.Sleep(time.Hour)
		_, _ = c.Fetch(t.Context(), at("http://h/"), nil)
		if asked.Load() != 2 {
			t.Errorf("asked %d times after the hour, want twice", asked.Load())
		}
	})
}

func TestHostThatWasAwayIsAskedAgain(t *testing.T) {
	const away = 3 * time.Minute
	start := time.Time{}
	bubble(t, map[string]http.HandlerFunc{"h": func(_ http.ResponseWriter, r *http.Request) {
		if time.Since(start) < away {
			<-r.Context().Done()
		}
	}}, Options{}, func(t *testing.T, c *Client) {
		start = time.Now()
		in := make(chan int)
		go func() {
			defer close(in)
			for i := range 1000 {
				in <- i
			}
		}()
		var failed atomic.Int32
		_ = Spread(t.Context(), c.Hosts(), 16, in, func(int) Item { return at("http://h/") }, nil, func(int, int) {
			if _, err := c.Fetch(t.Context(), at("http://h/"), nil); err != nil {
				failed.Add(1)
			}
		})
		t.Logf("a host away for %v: %d of 1000 failed, %v in all", away, failed.Load(), time.Since(start))
		if failed.Load() > 30 {
			t.Errorf("%d of 1000 failed, want no more than were tried meanwhile", failed.Load())
		}
	})
}
