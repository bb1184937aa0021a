package fetch

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A row is what is spread in tests: the number of an item and its host.
type row struct {
	n    int
	host string
}

func (r row) item() Item { return at(fmt.Sprintf("http://%s/%d", r.host, r.n)) }

var rowsAside = &Aside[row]{
	Put: func(dst []byte, r row) ([]byte, bool) {
		return append(binary.LittleEndian.AppendUint32(dst, uint32(r.n)), r.host...), true
	},
	Get: func(b []byte) (row, error) {
		if len(b) < 5 {
			return row{}, errors.New("it is not a row")
		}
		return row{int(binary.LittleEndian.Uint32(b)), string(b[4:])}, nil
	},
}

// spreadRows spreads what rows calls its argument with, and calls do for each. It returns the number of blocks of the
// spool that are still used.
func spreadRows(t *testing.T, c *Client, n int, aside *Aside[row], rows func(send func(row)), do func(row)) int64 {
	t.Helper()
	in := make(chan row)
	go func() {
		defer close(in)
		rows(func(r row) { in <- r })
	}()
	s := newSpreader(c.Hosts(), aside)
	defer s.spool.close()
	if err := s.spread(t.Context(), n, in, row.item, func(r row, _ int) { do(r) }); err != nil {
		t.Error(err)
	}
	return s.spool.used
}

// TestAnyNumberOfRowsOfSlowHostsHoldBackNobody has a list that is sorted by host: many rows of slow hosts, then some of
// another. Those begin at once, each row is done once, and those of a host in their order.
func TestAnyNumberOfRowsOfSlowHostsHoldBackNobody(t *testing.T) {
	for _, slow := range []int{1, 5, 8, 20} {
		const others = 100
		each := 40_000 / slow
		handlers := map[string]http.HandlerFunc{"other": func(http.ResponseWriter, *http.Request) {}}
		bubble(t, handlers, Options{}, func(t *testing.T, c *Client) {
			start := time.Now()
			var lastOther time.Duration
			var mu sync.Mutex
			next := map[string]int{}
			used := spreadRows(t, c, 64, rowsAside, func(send func(row)) {
				for h := range slow {
					for i := range each {
						send(row{i, fmt.Sprint("slow", h)})
					}
				}
				for i := range others {
					send(row{i, "other"})
				}
			}, func(r row) {
				if r.host != "other" {
					time.Sleep(300*time.Millisecond + time.Duration(r.n%64)*time.Millisecond)
				} else if _, err := c.Fetch(t.Context(), r.item(), nil); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if next[r.host]++; r.host == "other" {
					lastOther = time.Since(start)
				} else if near := next[r.host]; r.n < near-17 || r.n > near+15 {
					t.Fatalf("row %d of %s comes as number %d", r.n, r.host, near)
				}
			})
			if lastOther > 3*time.Second || next["other"] != others {
				t.Errorf("%d slow hosts: %d of the %d others were done, the last after %v; want all at once", slow,
					next["other"], others, lastOther)
			}
			for h := range slow {
				if n := next[fmt.Sprint("slow", h)]; n != each {
					t.Errorf("%d of %d rows of a slow host were done", n, each)
				}
			}
			if took := time.Since(start); took > time.Duration(max(slow*each/64,
				each/8))*364*time.Millisecond+time.Minute {
				t.Errorf("%d slow hosts: the slow rows took %v", slow, took)
			}
			if used != 0 {
				t.Errorf("%d blocks of the spool are still used", used)
			}
		})
	}
}

// TestWhatIsPutAsideIsLeftOutWhenTheRunStops has the run stop while rows wait outside of memory.
func TestWhatIsPutAsideIsLeftOutWhenTheRunStops(t *testing.T) {
	bubble(t, nil, Options{}, func(t *testing.T, c *Client) {
		var done atomic.Int32
		stop := make(chan struct{})
		used := spreadRows(t, c, 64, rowsAside, func(send func(row)) {
			for i := range 100_000 {
				send(row{i, "slow"})
			}
			close(stop)
		}, func(row) {
			<-stop
			c.Finish()
			done.Add(1)
		})
		if n := done.Load(); n < parkedMost || n > parkedMost+64 || used != 0 {
			t.Errorf("%d rows were done, %d blocks of the spool are used; want those in memory, and none", n, used)
		}
	})
}

// TestRowsStayInMemoryWhereNothingCanBeWritten has no folder for the spool: everything is done, later.
func TestRowsStayInMemoryWhereNothingCanBeWritten(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()+"/gone")
	for _, aside := range []*Aside[row]{rowsAside, nil,
		{Put: func(dst []byte, _ row) ([]byte, bool) { return dst, false }}} {
		bubble(t, nil, Options{}, func(t *testing.T, c *Client) {
			var done atomic.Int32
			spreadRows(t, c, 64, aside, func(send func(row)) {
				for i := range 3 * parkedMost {
					send(row{i, "slow"})
				}
			}, func(row) {
				time.Sleep(time.Second)
				done.Add(1)
			})
			if n := done.Load(); n != 3*parkedMost {
				t.Errorf("%d of %d rows were done", n, 3*parkedMost)
			}
		})
	}
}

// TestRowsThatCannotBeReadBackAreSaid has the temporary file be cut by somebody.
func TestRowsThatCannotBeReadBackAreSaid(t *testing.T) {
	bubble(t, nil, Options{}, func(t *testing.T, c *Client) {
		in := make(chan row)
		var done atomic.Int32
		s := newSpreader(c.Hosts(), rowsAside)
		defer s.spool.close()
		go func() {
			defer close(in)
			for i := range 2 * parkedMost {
				in <- row{i, "slow"}
			}
			if err := s.spool.file.Truncate(0); err != nil {
				t.Error(err)
			}
		}()
		err := s.spread(t.Context(), 64, in, row.item, func(row, int) {
			time.Sleep(time.Second)
			done.Add(1)
		})
		if err == nil || errors.Is(err, os.ErrNotExist) || errors.Is(err, context.Canceled) ||
			done.Load() < parkedMost {
			t.Errorf("got %v after %d rows, want that they cannot be read", err, done.Load())
		}
	})
}

// TestOfAListOfManyHostsLittleWaitsInMemoryWhileTheLineIsFull has a list in which every row is another host's, and
// no host can be asked: what is behind the first rows stays in the list.
func TestOfAListOfManyHostsLittleWaitsInMemoryWhileTheLineIsFull(t *testing.T) {
	bubble(t, nil, Options{}, func(t *testing.T, c *Client) {
		full := func(active int) {
			c.hosts.mu.Lock()
			defer c.hosts.mu.Unlock()
			c.hosts.line.most, c.hosts.line.active = fewest, active
		}
		full(fewest)
		var sent, done atomic.Int32
		go func() {
			time.Sleep(time.Minute)
			if n := sent.Load(); n < parkedMost || n > parkedMost+1 {
				t.Errorf("%d rows were taken while the line was full, want %d", n, parkedMost)
			}
			full(0)
		}()
		const rows = 3 * parkedMost
		spreadRows(t, c, 64, rowsAside, func(send func(row)) {
			for i := range rows {
				send(row{i, fmt.Sprintf("host-%d", i)})
				sent.Add(1)
			}
		}, func(row) { done.Add(1) })
		if n := done.Load(); n != rows {
			t.Errorf("%d of %d rows were done", n, rows)
		}
	})
}

// TestHostsThatNeverAnswerHoldBackNoFile has lists in which hosts that never answer could have all lanes, and then
// files.
func TestHostsThatNeverAnswerHoldBackNoFile(t *testing.T) {
	for _, c := range []struct{ lanes, hosts, rows int }{{1, 1, 3000}, {4, 3, 3000}, {4, 300, 3}, {256, 254, 2},
		{256, 3000, 1}} {
		never := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
		handlers := map[string]http.HandlerFunc{}
		for i := range c.hosts {
			handlers[fmt.Sprint("silent", i)] = never
		}
		bubble(t, handlers, Options{Retries: -1}, func(t *testing.T, client *Client) {
			in := make(chan row)
			go func() {
				defer close(in)
				for h := range c.hosts {
					for i := range c.rows {
						in <- row{i, fmt.Sprint("silent", h)}
					}
				}
				for i := range 200 {
					in <- row{i, ""}
				}
			}()
			start := time.Now()
			var files, asked, most atomic.Int32
			var last time.Duration
			item := func(r row) Item {
				if r.host == "" {
					return Item{Source: "file"}
				}
				return r.item()
			}
			ctx, cancel := context.WithCancel(t.Context())
			_ = Spread(ctx, client.Hosts(), c.lanes, in, item, rowsAside, func(r row, lane int) {
				switch {
				case ctx.Err() != nil:
				case r.host == "":
					if files.Add(1) == 200 {
						last = time.Since(start)
						cancel()
					}
				default:
					if n := asked.Add(1); n > most.Load() {
						most.Store(n)
					}
					_, _ = client.Fetch(ctx, r.item(), nil)
					asked.Add(-1)
				}
			})
			if files.Load() != 200 || last > time.Second || int(most.Load()) > c.lanes {
				t.Errorf("%+v: %d of 200 files, the last after %v, %d downloads at once; "+
					"want all soon, downloads within lanes",
					c, files.Load(), last, most.Load())
			}
		})
	}
}

// TestAHostThatAnswersComesBeforeOneThatDoesNot has a list in which hosts that never answer have many rows, and one
// that answers comes last.
func TestAHostThatAnswersComesBeforeOneThatDoesNot(t *testing.T) {
	const hosts = 12
	handlers := map[string]http.HandlerFunc{"other": func(http.ResponseWriter, *http.Request) {}}
	for i := range hosts {
		handlers[fmt.Sprint("silent", i)] = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	}
	bubble(t, handlers, Options{Retries: -1}, func(t *testing.T, c *Client) {
		start := time.Now()
		var last time.Duration
		spreadRows(t, c, hosts, rowsAside, func(send func(row)) {
			for h := range hosts {
				for i := range 40 {
					send(row{i, fmt.Sprint("silent", h)})
				}
			}
			for i := range 200 {
				send(row{i, "other"})
			}
		}, func(r row) {
			_, err := c.Fetch(t.Context(), r.item(), nil)
			if r.host == "other" {
				if err != nil {
					t.Error(err)
				}
				last = max(last, time.Since(start))
			}
		})
		if last > 31*time.Second {
			t.Errorf("the last row of the host that answers came after %v; want when each other was asked once", last)
		}
	})
}
