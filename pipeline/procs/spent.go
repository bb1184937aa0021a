package procs

import "time"

// Spent returns the CPU time that the workers which live have spent so far. Those that have ended are in what the
// system says of this process's children. known is false if the system does not tell.
func (p *Pool) Spent() (spent time.Duration, known bool) {
	for _, pid := range p.Pids() {
		of, err := processorTime(pid)
		switch {
		case err == nil:
			spent += of
		case !endedOf(err):
			return 0, false
		}
	}
	return spent, true
}
