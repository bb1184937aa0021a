package pipeline

import (
	"context"
	"math"
	"sync"
	"time"
)

// A throttle decides how many items may be fetched, or be fetched and waiting for a worker, at once.
//
// With a fixed limit it is a semaphore. Otherwise it finds the limit by Little's law: the fetches under way must be as
// many as the workers take items in the time of one fetch, which is the latency of a fetch times the rate of the
// workers. Fewer would starve the workers; more would only fill memory with files that wait. A margin of half as many
// covers fetches of uneven length, and one item waits for each worker.
//
// The latency is that of a quiet time: the least mean of a window of fetches, forgotten slowly. A server or a line that
// is busy answers the later, the more it is asked. To take that for latency would ask for ever more.
type throttle struct {
	fixed   bool
	most    int
	workers float64

	mu           sync.Mutex
	wake         *sync.Cond
	limit        int
	held         int     // fetching, or fetched and not taken by a worker
	local        int     // those of them that are files of this machine
	waiting      int     // for held to fall
	localWaiting int     // those of them that want a file of this machine
	latency      float64 // seconds, of a quiet time; 0 while unknown
	sum          float64 // of the latencies in this window
	count        int
	service      float64 // seconds that a worker takes for an item, a moving average; 0 while unknown
	served       int
}

const (
	// firstDownloads is the limit until the first downloads have ended: enough to hide the latency of a usual server
	// from a usual job. Files of this machine need no such start: one for each worker and firstAhead more.
	firstDownloads = 32
	firstAhead     = 2
	// maxDownloads bounds the limit: beyond it a server on a fast line is hardly kept busier, and open files run
	// short.
	maxDownloads = 256
	// window is how many fetches make a mean.
	window = 8
	// forget is by how much the least latency grows with each window.
	forget = 1.02
	// smooth is the weight of the newest item in the moving average of service times.
	smooth = 0.1
	// margin is how many times Little's law is allowed.
	margin = 1.5
)

// newThrottle returns a throttle with a fixed limit, or, if downloads is 0, one that finds its limit. That limit is at
// most most, unless most is 0.
func newThrottle(downloads, most, workers int) *throttle {
	t := &throttle{fixed: downloads > 0, limit: downloads, most: maxDownloads, workers: float64(workers)}
	if most > 0 {
		t.most = min(t.most, most)
	}
	if !t.fixed {
		t.limit = min(workers+firstAhead, t.most)
	}
	t.wake = sync.NewCond(&t.mu)
	return t
}

// lanes is how many goroutines can make use of the throttle.
func (t *throttle) lanes() int {
	if t.fixed {
		return t.limit
	}
	return t.most
}

// A ticket is the right to have one item fetched and waiting for a worker.
type ticket struct {
	t       *throttle
	network bool
	timer   *time.Timer
	counted bool // in held; guarded by t.mu
}

// begin blocks until one more may be fetched, over the network or not, or ctx ends. The ticket ends with end.
func (t *throttle) begin(ctx context.Context, network bool) (*ticket, error) {
	k := &ticket{t: t, network: network}
	if t.fixed {
		return k, ctx.Err() // the lanes are the limit
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if network && t.latency == 0 && t.limit < min(firstDownloads, t.most) {
		t.limit = min(firstDownloads, t.most)
		t.wake.Broadcast()
	}
	if k.full() {
		stop := context.AfterFunc(ctx, func() {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.wake.Broadcast()
		})
		defer stop()
	}
	for k.full() {
		if ctx.Err() != nil {
			return k, ctx.Err()
		}
		t.waiting++
		if !network {
			t.localWaiting++
		}
		t.wake.Wait()
		t.waiting--
		if !network {
			t.localWaiting--
		}
	}
	k.count()
	k.timer = time.AfterFunc(t.countedFor(), k.late)
	return k, ctx.Err()
}

// full reports whether the fetch has to wait. Files of this machine always have the number that they begin with,
// whatever hosts hold.
func (k *ticket) full() bool {
	t := k.t
	return t.held >= t.limit && (k.network || t.local >= min(int(t.workers)+firstAhead, t.limit))
}

// next wakes one of those that wait. If both kinds wait it wakes all, since there may be room for only one of the
// kinds.
func (t *throttle) next() {
	if t.localWaiting > 0 && t.localWaiting < t.waiting {
		t.wake.Broadcast()
		return
	}
	t.wake.Signal()
}

func (k *ticket) count() {
	k.counted = true
	k.t.held++
	if !k.network {
		k.t.local++
	}
}

// countedFor returns how long a fetch counts: a host that is slow, or wants to be left alone for a while, must not hold
// back the others. The lanes bound how many such fetches there are.
func (t *throttle) countedFor() time.Duration {
	if t.latency == 0 {
		return time.Second
	}
	return max(time.Duration(4*t.latency*float64(time.Second)), 100*time.Millisecond)
}

// late takes the fetch out of the count.
func (k *ticket) late() {
	k.t.mu.Lock()
	defer k.t.mu.Unlock()
	k.uncount()
}

func (k *ticket) uncount() {
	if k.counted {
		k.counted = false
		k.t.held--
		if !k.network {
			k.t.local--
		}
		k.t.next()
	}
}

// fetched notes that the fetch ended well after so long. The item counts, late or not, until end.
func (k *ticket) fetched(took time.Duration) {
	t := k.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.fixed {
		k.timer.Stop()
		if !k.counted {
			k.count()
		}
	}
	t.sum += took.Seconds()
	t.count++
	// Until the first window is full, the fetches so far make the mean.
	if t.latency == 0 || t.count == window {
		mean := t.sum / float64(t.count)
		if t.count == window {
			t.sum, t.count = 0, 0
		}
		if t.latency == 0 || mean < t.latency*forget {
			t.latency = mean
		} else {
			t.latency *= forget
		}
	}
	t.adjust()
}

// end notes that the item is no longer held: a worker took it, or its fetch failed.
func (k *ticket) end() {
	if k.t.fixed {
		return
	}
	k.timer.Stop()
	k.t.mu.Lock()
	defer k.t.mu.Unlock()
	k.uncount()
}

// workedOn notes that a worker was busy with an item for so long.
func (t *throttle) workedOn(took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.served++
	// The mean of the first ones, then a moving average.
	t.service += (took.Seconds() - t.service) * max(smooth, 1/float64(t.served))
	t.adjust()
}

func (t *throttle) adjust() {
	if t.fixed || t.latency == 0 || t.service == 0 {
		return
	}
	want := margin*t.latency*t.workers/t.service + t.workers
	limit := int(math.Ceil(min(want, float64(t.most))))
	if limit > t.limit {
		t.wake.Broadcast()
	}
	t.limit = limit
}

// settleAfter is how many items workers have done when the limit counts as found: with the first ones caches are cold
// and worker processes start.
const settleAfter = 8

// settled reports whether the limit was found.
func (t *throttle) settled() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.fixed && t.served >= settleAfter && t.latency > 0
}

// A Pace is what the throttle of a run found.
type Pace struct {
	// Downloads is how many items may be fetched, or wait for a worker, at once. If hosts held items back, it is the
	// most that there were.
	Downloads int
	// Allowed is how many there might have been, as far as hosts are not asked.
	Allowed int
	// AtOnce is the most items that were being downloaded at the same time so far, and HeldBack how many have waited
	// for their host alone.
	AtOnce, HeldBack int
	// Latency is how long a fetch takes when the server is not busy, and Service how long a worker takes for an item.
	// Both are 0 until they are known.
	Latency, Service time.Duration
}

// allowed returns how many items may be fetched, or be fetched and waiting for a worker, at once now.
func (t *throttle) allowed() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.limit
}

func (t *throttle) pace() Pace {
	t.mu.Lock()
	defer t.mu.Unlock()
	seconds := func(f float64) time.Duration { return time.Duration(f * float64(time.Second)) }
	return Pace{
		Downloads: t.limit, Allowed: t.limit, Latency: seconds(t.latency), Service: seconds(t.service),
	}
}
