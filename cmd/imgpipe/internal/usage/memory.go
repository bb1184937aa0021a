package usage

import (
	"slices"
	"sync"
	"time"
)

// A sample is taken every fiftieth of the time that has passed, within these bounds. A short run is sampled often; a
// long one shows its peak many times. A sample reads 2.4 µs for each process, and wakes this one: a second has 200 of
// them, which take 0.2 % of a CPU with eight workers (two virtual CPUs, November 2026).
const (
	minInterval    = time.Millisecond
	coarseInterval = 20 * time.Millisecond
	maxInterval    = 100 * time.Millisecond
	perRun         = 50
)

// To find which part of the memory that could be shared is shared, the kernel walks through all pages of a process: 9
// ms for 100 MB on that machine. So that is done for this process and one worker, and the others are taken to be like
// it. During a run it is done when memory that can be shared has changed by walkChange of itself, and only while all
// walks together take less than one part in walkShare of the run. In short runs that leaves the end.
const (
	walkChange = 0.25
	walkShare  = 200
)

// maxPoints bounds the curve of memory. When it is reached, two neighbors become one, the larger, which stands for
// twice the time.
const maxPoints = 1000

// A Point is how much memory was in use at one time, in bytes.
type Point struct {
	At    time.Duration `json:"at"`
	Bytes int64         `json:"bytes"`
}

// Memory is what a Sampler has seen, of all processes together, in bytes. It is zero if the system does not know.
type Memory struct {
	// PeakPSS is the largest proportional memory: a page that n processes share counts as its nth part in each of them.
	PeakPSS int64
	// PeakRSS is the largest resident memory, in which such a page counts n times.
	PeakRSS int64
	// Curve is the proportional memory over time, in at most 1000 points. It is nil if that is not known.
	Curve []Point
}

// A held is the resident memory of one process, in bytes, and what of it could be shared with other processes: files
// and shared memory.
type held struct{ resident, shareable int64 }

func (h held) plus(more held) held {
	return held{h.resident + more.resident, h.shareable + more.shareable}
}

// shared is which part of what could be shared counts: 1 is all of it, as for a process alone.
type shared struct{ own, worker float64 }

// A moment is one sample.
type moment struct {
	at           time.Duration
	own, workers held
	shared       int // which walk came before it
}

func (m moment) resident() int64 { return m.own.resident + m.workers.resident }

func (m moment) proportional(s shared) int64 {
	counted := func(h held, part float64) int64 { return h.resident - int64((1-part)*float64(h.shareable)) }
	return counted(m.own, s.own) + counted(m.workers, s.worker)
}

// A Sampler samples the memory of this process and its workers until it is stopped. Make one with Start.
type Sampler struct {
	pids          func() []int
	since         time.Time
	stop, stopped chan struct{}
	stopping      sync.Once
	result        func() Memory

	coarse  bool // the first samples are coarseInterval apart, and only the end has walks
	memory  reader
	moments []moment
	keep    int           // one of so many samples becomes a moment of its own
	most    map[int]int64 // resident memory by process id, of those that live
	walks   []shared
	walked  held          // what could be shared when that was last looked at
	walking time.Duration // spent on walks
}

// Start begins to sample. pids returns the ids of the worker processes that are alive; nil is none. The curve counts
// from since.
func Start(pids func() []int, since time.Time) *Sampler { return start(pids, since, false) }

// StartCoarse is Start for a run of which only the peak is said. In a run of a second it takes 0.4 % of its CPU time in
// place of 1.0 % (160 small images in two processes). A peak of less than 20 ms is in the high-water marks alone.
func StartCoarse(pids func() []int, since time.Time) *Sampler { return start(pids, since, true) }

func start(pids func() []int, since time.Time, coarse bool) *Sampler {
	s := &Sampler{
		pids: pids, since: since, coarse: coarse, stop: make(chan struct{}), stopped: make(chan struct{}),
		keep: 1, most: map[int]int64{}, walks: []shared{},
	}
	s.result = sync.OnceValue(s.memorize)
	forgetPeak()
	go s.run()
	return s
}

func (s *Sampler) run() {
	defer close(s.stopped)
	defer s.memory.close()
	began, least := time.Now(), minInterval
	if s.coarse {
		least = coarseInterval
	}
	tick := time.NewTimer(0)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-tick.C:
			s.sample(n)
			passed := time.Since(began)
			if !s.coarse && s.changed() && s.walking <= passed/walkShare {
				s.walk()
			}
			tick.Reset(min(max(passed/perRun, least), maxInterval))
		case <-s.stop:
			s.last(n)
			return
		}
	}
}

// sample takes the nth sample.
func (s *Sampler) sample(n int) {
	m := moment{at: time.Since(s.since), own: s.memory.read(0), shared: len(s.walks)}
	s.most[0] = max(s.most[0], m.own.resident)
	var workers []int
	if s.pids != nil {
		workers = s.pids()
	}
	for _, pid := range workers {
		h := s.memory.read(pid)
		s.most[pid] = max(s.most[pid], h.resident)
		m.workers = m.workers.plus(h)
	}
	s.forget(workers)
	if end := len(s.moments) - 1; n%s.keep != 0 && end >= 0 {
		s.moments[end] = larger(s.moments[end], m)
		return
	}
	s.moments = append(s.moments, m)
	if len(s.moments) < maxPoints {
		return
	}
	for i := range maxPoints / 2 {
		s.moments[i] = larger(s.moments[2*i], s.moments[2*i+1])
	}
	s.moments = s.moments[:maxPoints/2]
	s.keep *= 2
}

// forget forgets all processes but this one and its workers: another process may get the id of one that has gone.
func (s *Sampler) forget(workers []int) {
	s.memory.forget(workers)
	for pid := range s.most {
		if pid != 0 && !slices.Contains(workers, pid) {
			delete(s.most, pid)
		}
	}
}

func larger(a, b moment) moment {
	if b.resident() > a.resident() {
		return b
	}
	return a
}

// changed reports whether what can be shared has changed since that was looked at.
func (s *Sampler) changed() bool {
	m := s.moments[len(s.moments)-1]
	now := m.own.plus(m.workers).shareable
	change := max(now-s.walked.shareable, s.walked.shareable-now)
	return float64(change) > max(walkChange*float64(s.walked.shareable), 1)
}

// walk looks which part of the memory that could be shared counts. It is 1 where there is no worker.
func (s *Sampler) walk() {
	began := time.Now()
	m := s.moments[len(s.moments)-1]
	s.walked = m.own.plus(m.workers)
	s.walks = append(s.walks, shared{sharedPart(0), s.workerPart()})
	s.walking += time.Since(began)
}

// workerPart returns which part of what a worker could share counts; 1 if there is no worker.
func (s *Sampler) workerPart() float64 {
	if s.pids != nil {
		for _, pid := range s.pids() {
			if part := sharedPart(pid); part > 0 {
				return part
			}
		}
	}
	return 1
}

// last takes the last sample, and looks at the workers before they leave. What grew and shrank between two samples is
// in the high-water marks alone. The largest such excess of a process counts: those of several need not have been at
// the same time.
func (s *Sampler) last(n int) {
	s.sample(n)
	s.walks = append(s.walks, shared{0, s.workerPart()}) // memorize looks at this process
	var excess int64
	var of int
	for pid, most := range s.most {
		if over := peakOf(pid) - most; over > excess {
			excess, of = over, pid
		}
	}
	top := 0
	for i, m := range s.moments {
		if m.resident() > s.moments[top].resident() {
			top = i
		}
	}
	if of == 0 {
		s.moments[top].own.resident += excess
	} else {
		s.moments[top].workers.resident += excess
	}
}

// Stop takes the last sample, and returns once that is done. Workers should still be alive. It may be called more than
// once. Nil is valid, and has nothing to stop.
func (s *Sampler) Stop() {
	if s == nil {
		return
	}
	s.stopping.Do(func() { close(s.stop) })
	<-s.stopped
}

// Memory stops s and returns what was seen. It walks through the pages of this process, so that a clock that measures a
// run should be read before. It may be called more than once. Nil has seen nothing.
func (s *Sampler) Memory() Memory {
	if s == nil {
		return Memory{}
	}
	s.Stop()
	return s.result()
}

func (s *Sampler) memorize() (m Memory) {
	own := sharedPart(0)
	s.walks[len(s.walks)-1].own = own
	for _, moment := range s.moments {
		m.PeakRSS = max(m.PeakRSS, moment.resident())
		if own > 0 {
			pss := moment.proportional(s.walks[moment.shared])
			m.PeakPSS = max(m.PeakPSS, pss)
			m.Curve = append(m.Curve, Point{moment.at, pss})
		}
	}
	return m
}
