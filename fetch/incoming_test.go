package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"
)

// A taking is a Room that has nothing for what comes, and calls itself for what is there.
type taking func(ctx context.Context, n int64) error

func (taking) Grow(int64) bool                           { return false }
func (t taking) Take(ctx context.Context, n int64) error { return t(ctx, n) }
func (taking) Drop()                                     {}

// A ledger of memory is a Room that has so much, and notes the most that was held.
type counted struct{ has, held, most, took int64 }

func (c *counted) Grow(n int64) bool {
	if n > c.has {
		return false
	}
	c.held = n
	c.most = max(c.most, n)
	return true
}

func (c *counted) Take(_ context.Context, n int64) error {
	if c.held != 0 {
		return errors.New("who waits for memory holds some")
	}
	c.held, c.took = n, c.took+1
	return nil
}

func (c *counted) Drop() { c.held = 0 }

// TestMemoryIsTakenAsBytesArrive has servers announce much, or nothing, and send a part of it.
func TestMemoryIsTakenAsBytesArrive(t *testing.T) {
	const announced = 30_000_000
	for _, sent := range []int{0, 1, windowSize, windowSize + 1, 100_000, 3_000_000} {
		for _, length := range []string{fmt.Sprint(announced), ""} {
			bubble(t, map[string]http.HandlerFunc{"h": func(w http.ResponseWriter, r *http.Request) {
				if length != "" {
					w.Header().Set("Content-Length", length)
				}
				_, _ = w.Write(make([]byte, sent))
				w.(http.Flusher).Flush()
				<-r.Context().Done()
			}}, Options{Retries: -1}, func(t *testing.T, c *Client) {
				room := &counted{has: announced}
				if _, err := c.Fetch(t.Context(), at("http://h/"), room); classOf(err) != ClassTimeout {
					t.Errorf("got %v, want a time-out", err)
				}
				if most := int64(4 * sent); room.most > most || room.held != 0 {
					t.Errorf("%d bytes of %s announced took %d, and left %d; want at most %d, and none", sent, length,
						room.most, room.held, most)
				}
			})
		}
	}
}

// TestABodyIsTheSameInMemoryAndInTheSpool fetches bodies of all lengths with memory for all, a part and none of them.
func TestABodyIsTheSameInMemoryAndInTheSpool(t *testing.T) {
	data := make([]byte, 1_000_000)
	for i := range data {
		data[i] = byte(i ^ i>>8 ^ i>>16)
	}
	var length int
	var announce bool
	bubble(t, map[string]http.HandlerFunc{"h": func(w http.ResponseWriter, _ *http.Request) {
		if announce {
			w.Header().Set("Content-Length", fmt.Sprint(length))
		}
		for rest := data[:length]; ; { // in two pieces, so that nothing is announced unasked
			n := (len(rest) + 1) / 2
			_, _ = w.Write(rest[:n])
			w.(http.Flusher).Flush()
			if rest = rest[n:]; len(rest) == 0 {
				return
			}
		}
	}}, Options{MaxBytes: 900_000}, func(t *testing.T, c *Client) {
		for _, length = range []int{0, 1, windowSize - 1, windowSize, windowSize + 1, 4 * windowSize, spoolBlock,
			spoolBlock + 1, 300_000, 899_999, 900_000, 900_001} {
			for _, announce = range []bool{true, false} {
				for _, has := range []int64{0, windowSize, 100_000, 1e9} {
					room := &counted{has: has}
					body, err := c.Fetch(t.Context(), at("http://h/"), room)
					if length > 900_000 {
						if classOf(err) != ClassTooBig || room.held != 0 {
							t.Errorf("%d bytes: got %v and %d held, want too-big and none", length, err, room.held)
						}
						continue
					}
					if err != nil || string(body.Data) != string(data[:length]) || body.Attempts != 1 {
						t.Fatalf("%d bytes, announced %v, memory for %d: got %d bytes, %v", length, announce, has,
							len(body.Data), err)
					}
					if room.held < int64(length) {
						t.Errorf("%d bytes are counted as %d", length, room.held)
					}
					if c.spool.used != 0 {
						t.Errorf("%d blocks of the spool are still used", c.spool.used)
					}
					body.Release()
				}
			}
		}
		if st, err := c.spool.file.Stat(); err != nil || st.Size() != 0 {
			t.Errorf("the spool holds %v bytes that nobody has, %v", st.Size(), err)
		}
	})
}

func TestASpoolThatCannotBeWrittenFailsTheItemAlone(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()+"/gone")
	bubble(t, map[string]http.HandlerFunc{"h": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, 100_000))
	}}, Options{}, func(t *testing.T, c *Client) {
		_, err := c.Fetch(t.Context(), at("http://h/"), &counted{})
		if classOf(err) != ClassSpool {
			t.Errorf("got %v, want class %s", err, ClassSpool)
		}
	})
}

func TestTheSpoolHasNoName(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	var s spool
	p := spooled{in: &s}
	if err := p.write([]byte("abc")); err != nil {
		t.Fatal(err)
	}
	named, err := os.ReadDir(dir)
	if err != nil || len(named) > 0 && s.name == "" {
		t.Errorf("%v are there, %v", named, err)
	}
	p.drop()
	s.close()
	if named, err := os.ReadDir(dir); err != nil || len(named) > 0 {
		t.Errorf("%v stay there, %v", named, err)
	}
}

// TestSpooledBytesComeBackInTheirOrder has many queues in one spool, with the writing and the reading mixed.
func TestSpooledBytesComeBackInTheirOrder(t *testing.T) {
	var s spool
	defer s.close()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			p := spooled{in: &s}
			var wrote, read int
			b := make([]byte, 3*spoolBlock)
			for round := range 60 {
				n := (round*7919 + i) % len(b)
				for k := range n {
					b[k] = byte((wrote + k) * (i + 3))
				}
				if err := p.write(b[:n]); err != nil {
					t.Error(err)
				}
				wrote += n
				n = min(int(p.len()), (round*104729)%len(b))
				if err := p.read(b[:n]); err != nil {
					t.Error(err)
				}
				for k := range n {
					if b[k] != byte((read+k)*(i+3)) {
						t.Fatalf("byte %d is %d", read+k, b[k])
					}
				}
				read += n
			}
			p.drop()
		})
	}
	all.Wait()
	if s.used != 0 || s.ended != 0 {
		t.Errorf("%d blocks of %d are used at the end", s.used, s.ended)
	}
}

// TestNoTimeoutRunsWhileMemoryIsWaitedFor fetches what comes slowly, and then waits longer for memory than any try may
// take.
func TestNoTimeoutRunsWhileMemoryIsWaitedFor(t *testing.T) {
	bubble(t, map[string]http.HandlerFunc{"h": func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(20 * time.Second)
		_, _ = w.Write(picture)
	}}, Options{Retries: -1, MinSpeed: 1000}, func(t *testing.T, c *Client) {
		_, err := c.Fetch(t.Context(), at("http://h/"),
			taking(func(ctx context.Context, _ int64) error { return (&Client{}).sleep(ctx, time.Hour) }))
		if err != nil {
			t.Errorf("got %v, want the body after an hour", err)
		}
	})
}
