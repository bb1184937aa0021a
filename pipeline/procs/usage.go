package procs

import (
	"slices"
	"time"
)

// Everything in this file runs in the parent.

// Usage is what the workers of a pool have used.
type Usage struct {
	// Ready is how many workers have said hello, and Starting the time that those took for it, in sum: several may
	// start beside each other.
	Ready    int
	Starting time.Duration
}

func (p *Pool) born(w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.live[w] = true
}

func (p *Pool) buried(w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.live, w)
	if !w.cmd.ProcessState.Success() {
		p.died++
	}
}

// Usage returns what the workers have used so far.
func (p *Pool) Usage() Usage {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.usage
}

// account notes how long w was busy with its last image.
func (p *Pool) account(w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.busy > 0 {
		p.took(w.busy)
	}
}

// Pids returns the process ids of the workers that live, in ascending order.
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
