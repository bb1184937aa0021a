package fetch

import (
	"context"
	"encoding/binary"
	"slices"
	"sync"
	"time"
)

const (
	// parkedMost is how many values Spread holds back in memory.
	parkedMost = 4096
	// besides is how many lanes more there are for what needs no host, where hosts have all others: however many hosts
	// are silent, files of this machine go on.
	besides = 2
	// askAgain is after what time hosts are asked again that take nothing and have no lane.
	askAgain = time.Second
)

// An Aside turns values into bytes and back, so that any number of them can wait outside of memory.
type Aside[T any] struct {
	// Put appends v to dst, and reports whether it can.
	Put func(dst []byte, v T) ([]byte, bool)
	// Get returns what Put was called with. It does not keep b.
	Get func(b []byte) (T, error)
}

// Spread calls do once for each value of in, n at a time, and returns when in is closed and every do has returned. item
// returns what do is going to fetch for a value. If hosts have all n lanes, two more values that need no host may be
// done, so lanes are numbered from 0 to n+1.
//
// The order is that of in, with one exception: the items of a host that takes no more now are held back, so that they
// take no lane and other items go on. Of several hosts, one that answers comes before one whose last try had no answer;
// then the one with the fewest lanes comes first. A host has at most as many lanes as its [HostState] says, and none
// before its time. So n ought to be well above the limit of one host.
//
// Values are taken from in when a lane is free for them, or if another host or a file may be behind those that wait
// for one. Of the values that wait for their host, 4096 are held in memory, and any number more by aside in a
// temporary file. Without an aside, or if it cannot put a value, in is not read meanwhile.
//
// When ctx ends, or the channel of Hosts.Finished is closed, do is called at once for all values in memory. Those in
// the temporary file, and those not taken yet, are left out. An error says that the temporary file could not be read
// back; its values are lost.
func Spread[T any](
	ctx context.Context, by Hosts, n int, in <-chan T, item func(T) Item, aside *Aside[T], do func(v T, lane int),
) error {
	s := newSpreader(by, aside)
	defer s.spool.close()
	return s.spread(ctx, n, in, item, do)
}

// spread is Spread, and leaves the temporary file open.
func (s *spreader[T]) spread(
	ctx context.Context, n int, in <-chan T, item func(T) Item, do func(v T, lane int),
) error {
	work, done := make(chan parked[T]), make(chan string)
	var lanes sync.WaitGroup
	for lane := range n + besides {
		lanes.Go(func() {
			for p := range work {
				do(p.value, lane)
				done <- p.host
			}
		})
	}
	ended, finish, over := ctx.Done(), s.hosts.Finished(), false
	s.free, s.besides = n, besides
	for in != nil || len(s.order) > 0 || s.free < n || s.besides < besides {
		if over {
			s.leaveOut()
		}
		next, wait := s.next(over)
		var out chan<- parked[T]
		var more <-chan T
		var first parked[T]
		if next != nil && s.lanesFor(next.host) > 0 {
			out, first = work, parked[T]{next.values[0], next.host}
		} else if s.wants(next) {
			more = in
		}
		if next == nil || out == nil {
			s.hold(next == nil && s.free > 0)
		}
		var timer <-chan time.Time
		if out == nil && wait > 0 {
			timer = time.After(wait)
		}
		select {
		case out <- first:
			s.remove(next)
			s.busy[first.host]++
			if s.free > 0 {
				s.free--
			} else {
				s.besides--
			}
		case v, ok := <-more:
			if !ok {
				in = nil
				break
			}
			s.add(v, s.hosts.Host(item(v)))
		case host := <-done:
			if s.busy[host]--; s.busy[host] == 0 {
				delete(s.busy, host)
			}
			if host == "" && s.besides < besides {
				s.besides++
			} else {
				s.free++
			}
		case <-timer:
		case <-ended:
			ended, over = nil, true
		case <-finish:
			finish, over = nil, true
		}
	}
	s.hold(false)
	close(work)
	lanes.Wait()
	return s.lost
}

// A parked value waits for a lane and for its host.
type parked[T any] struct {
	value T
	host  string
}

// A queue holds what waits for one host: the first values in memory, those behind them outside.
type queue[T any] struct {
	host   string
	values []T
	beyond spooled // each value behind its length
	count  int     // of values in beyond
	held   int     // of the first ones: how many Holder.Holding was told of
}

func (q *queue[T]) len() int { return len(q.values) + q.count }

// A spreader holds what Spread holds back.
type spreader[T any] struct {
	hosts  Hosts
	holder Holder // nil if hosts is none
	held   int    // what it was told last
	spool  spool
	aside  *Aside[T] // nil where values can only be held in memory
	get    func([]byte) (T, error)
	queues map[string]*queue[T]
	order  []*queue[T]    // in that of their first values
	count  int            // of values in memory
	full   bool           // the line was, when next looked: no host can be asked
	busy   map[string]int // lanes, by host
	// free are the lanes for any host, and besides those for none.
	free, besides int
	buf           []byte
	lost          error
}

func newSpreader[T any](by Hosts, aside *Aside[T]) *spreader[T] {
	s := &spreader[T]{hosts: by, aside: aside, queues: make(map[string]*queue[T]), busy: make(map[string]int)}
	s.holder, _ = by.(Holder)
	if aside != nil {
		s.get = aside.Get
	}
	return s
}

// add puts v behind what waits for its host. The first of each host is in memory.
func (s *spreader[T]) add(v T, host string) {
	q := s.queues[host]
	if q == nil {
		q = &queue[T]{host: host}
		s.queues[host] = q
		s.order = append(s.order, q)
	}
	if len(q.values) > 0 && (q.count > 0 || s.count >= parkedMost) && s.put(q, v) {
		return
	}
	q.values = append(q.values, v)
	s.count++
}

// put puts v behind q's values outside of memory, and reports whether that went well.
func (s *spreader[T]) put(q *queue[T], v T) bool {
	if s.aside == nil {
		return false
	}
	b, ok := s.aside.Put(append(s.buf[:0], 0, 0, 0, 0), v)
	if s.buf = b; ok {
		binary.LittleEndian.PutUint32(b, uint32(len(b)-4))
		q.beyond.in = &s.spool
		before := q.beyond.to
		if q.beyond.write(b) == nil {
			q.count++
			return true
		}
		q.beyond.cut(before)
	}
	s.aside = nil // what is there already can be had back
	return false
}

// fill brings the next value of q into memory, if there is one outside and none in it.
func (s *spreader[T]) fill(q *queue[T]) {
	if len(q.values) > 0 || q.count == 0 {
		return
	}
	var head [4]byte
	err := q.beyond.read(head[:])
	var v T
	if err == nil {
		b := slices.Grow(s.buf[:0], int(binary.LittleEndian.Uint32(head[:])))[:binary.LittleEndian.Uint32(head[:])]
		s.buf = b
		if err = q.beyond.read(b); err == nil {
			v, err = s.get(b)
		}
	}
	if err != nil {
		s.lost, q.count = err, 0
		q.beyond.drop()
		return
	}
	q.values = append(q.values, v)
	s.count++
	if q.count--; q.count == 0 {
		q.beyond.drop()
	}
}

// leaveOut forgets what is outside of memory.
func (s *spreader[T]) leaveOut() {
	for _, q := range s.order {
		if q.count > 0 {
			q.count = 0
			q.beyond.drop()
		}
	}
	s.aside = nil
}

// hold calls the Holder, if there is one, with how many values are held back: all that are there, or none.
func (s *spreader[T]) hold(held bool) {
	if s.holder == nil || !held && s.held == 0 {
		return
	}
	now, more := 0, 0
	for _, q := range s.order {
		if held {
			now, more = now+q.len(), more+q.len()-q.held
			q.held = q.len()
		}
	}
	if now != s.held || more > 0 {
		s.held = now
		s.holder.Holding(now, more)
	}
}

// lanesFor returns how many lanes are free for what that host has.
func (s *spreader[T]) lanesFor(host string) int {
	if host == "" && s.free == 0 && s.busy[""] == besides-s.besides { // hosts have all n
		return s.besides
	}
	return s.free
}

// wants reports whether a value is to be taken from in, where next is what could be done now if it had a lane. Where
// all lanes are taken by hosts that could take more, what is behind them may be another's, who then comes first, or a
// file of this machine.
func (s *spreader[T]) wants(next *queue[T]) bool {
	if s.aside == nil {
		return s.lanesFor("") > 0 && s.count < parkedMost
	}
	if s.full && s.count >= parkedMost { // of each host that is new the first value stays in memory
		return false
	}
	if next == nil {
		return true
	}
	return next.host != "" && (s.busy[next.host] > 0 || len(s.order) < parkedMost)
}

// remove takes the first value from q.
func (s *spreader[T]) remove(q *queue[T]) {
	s.count--
	var none T
	q.values[0] = none
	q.values = q.values[1:]
	q.held = max(q.held-1, 0)
	if s.fill(q); len(q.values) == 0 {
		delete(s.queues, q.host)
		s.order = slices.DeleteFunc(s.order, func(o *queue[T]) bool { return o == q })
	}
}

// next returns the queue whose first value can be done now, or nil and after what time to look again; 0 is when a lane
// gets free. Of several hosts those that answer come first, and then that with the fewest lanes. With any, every value
// can be done.
func (s *spreader[T]) next(any bool) (q *queue[T], wait time.Duration) {
	s.full = false
	if len(s.order) == 0 {
		return nil, 0
	}
	if any {
		return s.order[0], 0
	}
	if q := s.queues[""]; q != nil {
		return q, 0
	}
	if s.full = s.hosts.Full(); s.full {
		wait = askAgain // it need not be this Spread's
	}
	now, silent := time.Now(), false // q's host
	for _, o := range s.order {
		host := s.hosts.State(o.host)
		switch left := host.From.Sub(now); {
		case s.full || s.busy[o.host] >= host.Limit:
			if s.busy[o.host] == 0 && (wait == 0 || wait > askAgain) { // no lane of its own will get free
				wait = askAgain
			}
		case left > 0 && (wait == 0 || left < wait):
			wait = left
		case left > 0:
		case q == nil, silent && !host.Silent, silent == host.Silent && s.busy[o.host] < s.busy[q.host]:
			if q, silent = o, host.Silent; !silent && s.busy[o.host] == 0 {
				return q, 0 // none comes before it
			}
		}
	}
	return q, wait
}
