// Package usage measures what a run costs the machine: the CPU time and the memory of this process and of its worker processes together.
//
// CPU time is exact and comes from the kernel. Memory is sampled: the peak of a sum cannot be had from the peaks of its parts, which
// need not fall on the same moment. It never measures processes other than those it is told.
package usage

import (
	"sync"
	"time"
)

// CPU is time that processors spent.
type CPU struct {
	User, System time.Duration
}

// Total is both together.
func (c CPU) Total() time.Duration { return c.User + c.System }

// Sub gives what was spent since earlier.
func (c CPU) Sub(earlier CPU) CPU { return CPU{c.User - earlier.User, c.System - earlier.System} }

// Add gives the sum.
func (c CPU) Add(d CPU) CPU { return CPU{c.User + d.User, c.System + d.System} }

// interval is short beside an image of some megapixels, and a sample of ten processes costs a tenth of a millisecond.
const interval = 20 * time.Millisecond

// A Sampler looks at the memory of this process and its workers until it is stopped. Make one with Start.
type Sampler struct {
	stop, stopped chan struct{}
	once          sync.Once
	peak          int64
}

// Start begins to sample. pids gives the worker processes that are alive; it may be nil.
func Start(pids func() []int) *Sampler {
	s := &Sampler{stop: make(chan struct{}), stopped: make(chan struct{})}
	go s.run(pids)
	return s
}

func (s *Sampler) run(pids func() []int) {
	defer close(s.stopped)
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		sum := resident(0)
		if pids != nil {
			for _, pid := range pids() {
				sum += resident(pid)
			}
		}
		s.peak = max(s.peak, sum)
		select {
		case <-tick.C:
		case <-s.stop:
			return
		}
	}
}

// Stop ends the sampling and gives the largest sum of resident memory seen, in bytes, pages that processes share counted in each. It is at
// least this process's own peak, and 0 where the system does not tell. It may be called more than once.
func (s *Sampler) Stop() int64 {
	s.once.Do(func() { close(s.stop) })
	<-s.stopped
	return max(s.peak, ownPeak())
}
