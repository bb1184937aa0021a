package procs

import (
	"slices"
	"time"
)

// Everything in this file runs in the parent.

// Usage is what workers that have ended have used. After Close, that is all of them.
type Usage struct {
	// Started is how many processes were started, and Died how many of them ended other than by leaving with status
	// 0.
	Started, Died int
	// Ready is how many said hello, and Starting the time that those took for it, in sum: several may start beside
	// each other.
	Ready    int
	Starting time.Duration
	// User and System are CPU time.
	User, System time.Duration
	// GC is the part of that which garbage collection took in living and ended workers, as of their last answers.
	GC time.Duration
	// MaxRSS is the most memory that any one of them held, in bytes, with what it has touched of the memory that all
	// share; 0 where the system does not tell.
	MaxRSS int64
}

func (p *Pool) born(w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.live[w] = true
	p.usage.Started++
}

func (p *Pool) buried(w *worker) {
	state := w.cmd.ProcessState
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.live, w)
	if !state.Success() {
		p.usage.Died++
	}
	p.usage.User += state.UserTime()
	p.usage.System += state.SystemTime()
	p.usage.MaxRSS = max(p.usage.MaxRSS, peakAtEnd(state, w.floor))
}

// Usage tells what the workers have used, as far as that is known before they end.
func (p *Pool) Usage() Usage {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.usage
}

// account adds what w has told of its last image, and of garbage collection since the one before it.
func (p *Pool) account(w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.busy > 0 {
		p.took(w.busy)
	}
	p.usage.GC += w.collected - w.counted
	w.counted = w.collected
}

// Pids are the process ids of the workers that live, in ascending order.
func (p *Pool) Pids() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	pids := make([]int, 0, len(p.live))
	for w := range p.live {
		pids = append(pids, w.cmd.Process.Pid)
	}
	slices.Sort(pids)
	return pids
}
