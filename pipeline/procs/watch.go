package procs

import (
	"fmt"
	"time"
)

// Everything in this file runs in the parent.

// A worker has some eight threads, some twenty with the race detector. The kernel has no limit on them that would do:
// RLIMIT_NPROC counts all processes of a user, and not those of root. And Go ends a process that cannot start a thread
// when it needs one. So the pool counts.
const (
	maxThreads = 64
	lookEach   = 200 * time.Millisecond
)

// watch ends workers that have too many threads, until the pool is closed. It reads a file of /proc for each worker
// each time, which takes 15 µs.
func (p *Pool) watch() {
	look := time.NewTicker(lookEach)
	defer look.Stop()
	for {
		select {
		case <-p.life.Done():
			return
		case <-look.C:
		}
		p.mu.Lock()
		crowded := make([]*worker, 0, len(p.live))
		for w := range p.live {
			if threads(w.cmd.Process.Pid) > maxThreads {
				crowded = append(crowded, w)
			}
		}
		p.mu.Unlock()
		for _, w := range crowded {
			w.condemn(fmt.Sprintf("it had more than %d threads", maxThreads))
		}
	}
}
