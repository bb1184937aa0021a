package fetch

import (
	"context"
	"slices"
	"sync"
	"time"
)

// parkedMost is how many values Spread holds back at most. It is what a slow host's stretch of a list may be long without
// holding back what comes after it.
const parkedMost = 4096

// Spread calls do once for each value of in, n at a time, on lanes numbered from 0 to n-1, and returns when in is closed and
// every do has returned. item says what do is going to fetch with c.
//
// The order is that of in, except that the items of a host that takes no more now are held back, so that they do not take up
// the lanes and other items go on. A host has PerHost lanes at most, none before its Retry-After is over, and a quarter of
// PerHost while it gives no answer to anything; after five minutes without one, all of its items fail at once. So n ought to
// be well above PerHost. Values are taken from in only when a lane is free for them, and at most 4096 are held back. When ctx
// ends, or Client.Finish is called, do is called for all the rest at once.
func Spread[T any](ctx context.Context, c *Client, n int, in <-chan T, item func(T) Item, do func(v T, lane int)) {
	work, done := make(chan parked[T]), make(chan string)
	var lanes sync.WaitGroup
	for lane := range n {
		lanes.Go(func() {
			for p := range work {
				do(p.value, lane)
				done <- p.host
			}
		})
	}
	s := spreader[T]{client: c, busy: make(map[string]int)}
	ended, finish := ctx.Done(), c.hosts.finish
	free := n
	for in != nil || s.count > 0 || free < n {
		next, wait := s.next(ended == nil || finish == nil)
		var out chan<- parked[T]
		var more <-chan T
		var first parked[T]
		if free > 0 && next >= 0 {
			out, first = work, s.queues[next][0]
		} else if free > 0 && s.count < parkedMost {
			more = in
		}
		var timer <-chan time.Time
		if out == nil && wait > 0 {
			timer = time.After(wait)
		}
		select {
		case out <- first:
			s.remove(next)
			s.busy[first.host]++
			free--
		case v, ok := <-more:
			if !ok {
				in = nil
				break
			}
			s.add(parked[T]{value: v, host: hostOfItem(item(v))})
		case host := <-done:
			if s.busy[host]--; s.busy[host] == 0 {
				delete(s.busy, host)
			}
			free++
		case <-timer:
		case <-ended:
			ended = nil
		case <-finish:
			finish = nil
		}
	}
	close(work)
	lanes.Wait()
}

// hostOfItem names the host that item is asked of; "" for what needs none.
func hostOfItem(item Item) string {
	if !item.URL || item.Err != nil {
		return ""
	}
	u, err := parseURL(item.Source)
	if err != nil {
		return ""
	}
	return hostOf(u)
}

// A parked value waits for a lane and for its host.
type parked[T any] struct {
	value T
	host  string
}

// A spreader holds what Spread holds back, by host, in the order in which the hosts' first values came.
type spreader[T any] struct {
	client *Client
	queues [][]parked[T]
	count  int            // of values, in all queues
	busy   map[string]int // lanes, by host
}

func (s *spreader[T]) add(p parked[T]) {
	s.count++
	for i := range s.queues {
		if s.queues[i][0].host == p.host {
			s.queues[i] = append(s.queues[i], p)
			return
		}
	}
	s.queues = append(s.queues, []parked[T]{p})
}

// remove takes the first value from queue i.
func (s *spreader[T]) remove(i int) {
	s.count--
	s.queues[i][0] = parked[T]{}
	if s.queues[i] = s.queues[i][1:]; len(s.queues[i]) == 0 {
		s.queues = slices.Delete(s.queues, i, i+1)
	}
}

// next gives the queue whose first value can be done now, or -1 and after what time to look again; 0 is when a lane gets
// free. With any, every value can be done.
func (s *spreader[T]) next(any bool) (i int, wait time.Duration) {
	now := time.Now()
	for i, q := range s.queues {
		host := q[0].host
		if any || host == "" {
			return i, 0
		}
		limit, from := s.client.hosts.state(host)
		if s.busy[host] >= limit {
			continue
		}
		left := from.Sub(now)
		if left <= 0 {
			return i, 0
		}
		if wait == 0 || left < wait {
			wait = left
		}
	}
	return -1, wait
}
