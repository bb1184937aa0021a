// Package usage measures what a run costs the machine: the CPU time and the memory of this process and of its worker
// processes together.
//
// Start with [Spent] for CPU time, and [Start] for memory. CPU time is exact and comes from the kernel. Memory is
// sampled: the peak of a sum does not follow from the peaks of its parts, which need not be at the same moment. No
// other processes are measured.
package usage

import (
	"math"
	"sync"
	"time"
)

// CPU is what processors did: the time that they spent, and how often they switched to something else, because this
// program waited (Voluntary) or because its time slice was over (Involuntary).
type CPU struct {
	User, System           time.Duration
	Voluntary, Involuntary int64
}

// Total returns the time in the program and in the kernel, added up.
func (c CPU) Total() time.Duration { return c.User + c.System }

// Sub returns what was spent since earlier, a result of Spent.
func (c CPU) Sub(earlier CPU) CPU {
	return CPU{c.User - earlier.User, c.System - earlier.System, c.Voluntary - earlier.Voluntary,
		c.Involuntary - earlier.Involuntary}
}

// Add returns the sum.
func (c CPU) Add(d CPU) CPU {
	return CPU{c.User + d.User, c.System + d.System, c.Voluntary + d.Voluntary, c.Involuntary + d.Involuntary}
}

// A sample is taken every fiftieth of the time that has passed, within these bounds. A short run is sampled often; a
// long one shows its peak many times. Each sample wakes this process and so takes a processor from a worker.
const (
	minInterval = 20 * time.Millisecond
	maxInterval = 100 * time.Millisecond
	perRun      = 50
)

// How much of the resident memory counts more than once, because processes share it, is costly to know: the kernel
// walks through all pages. It is read if the memory that can be shared has changed by shareChange of itself, and in one
// of shareEvery samples. In between it is assumed to change as that memory does.
const (
	shareChange = 0.25
	shareEvery  = 100
)

// maxPoints bounds the curve of memory. When it is reached, every other point is dropped, and the rest stand for twice
// the time.
const maxPoints = 1000

// A Point is how much memory was resident at one time after Start, in bytes.
type Point struct {
	At    time.Duration `json:"at"`
	Bytes int64         `json:"bytes"`
}

// Memory is what a Sampler has seen, of all processes together, in bytes. It is zero if the system does not know.
type Memory struct {
	// PeakRSS is the largest resident memory. A page that processes share counts in each of them.
	PeakRSS int64
	// PeakPSS is the largest proportional memory, in which a shared page counts once.
	PeakPSS int64
	// Curve is the resident memory over time, in at most 1000 points.
	Curve []Point
}

// A Sampler samples the memory of this process and its workers until it is stopped. Make one with Start.
type Sampler struct {
	stop, stopped chan struct{}
	once          sync.Once
	seen          Memory
}

// Start begins to sample. pids returns the ids of the worker processes that are alive; nil is none.
func Start(pids func() []int) *Sampler {
	s := &Sampler{stop: make(chan struct{}), stopped: make(chan struct{})}
	go s.run(pids)
	return s
}

func (s *Sampler) run(pids func() []int) {
	defer close(s.stopped)
	began := time.Now()
	tick := time.NewTimer(0)
	defer tick.Stop()
	var memory reader
	defer memory.close()
	keep := 1             // one of so many samples becomes a point
	var twice, then int64 // what counted more than once when that was last read, and what could be shared then
	known := true         // the kernel knows that
	for n := 0; ; n++ {
		processes := []int{0}
		if pids != nil {
			processes = append(processes, pids()...)
		}
		at := time.Since(began)
		rss, shareable := memory.resident(processes)
		s.seen.PeakRSS = max(s.seen.PeakRSS, rss)
		change := math.Abs(float64(shareable - then))
		if n%shareEvery == 0 || change > max(shareChange*float64(then), 1) {
			once := sum(processes, proportional)
			later, _ := memory.resident(processes) // that takes milliseconds, in which they grow
			twice, then = max((rss+later)/2-once, 0), max(shareable, 1)
			known = once > 0
		}
		if known {
			s.seen.PeakPSS = max(s.seen.PeakPSS, rss-int64(float64(twice)*float64(shareable)/float64(then)))
		} else {
			s.seen.PeakPSS = 0
		}
		if n%keep == 0 {
			s.seen.Curve = append(s.seen.Curve, Point{at, rss})
		}
		if len(s.seen.Curve) == maxPoints {
			for i := range maxPoints / 2 {
				s.seen.Curve[i] = s.seen.Curve[2*i]
			}
			s.seen.Curve = s.seen.Curve[:maxPoints/2]
			keep *= 2
		}
		tick.Reset(min(max(at/perRun, minInterval), maxInterval))
		select {
		case <-tick.C:
		case <-s.stop:
			return
		}
	}
}

func sum(pids []int, of func(pid int) int64) (total int64) {
	for _, pid := range pids {
		total += of(pid)
	}
	return total
}

// Stop ends the sampling and returns what was seen. It may be called more than once.
func (s *Sampler) Stop() Memory {
	s.once.Do(func() { close(s.stop) })
	<-s.stopped
	m := s.seen
	m.PeakRSS = max(m.PeakRSS, ownPeak())
	return m
}
