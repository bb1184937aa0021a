// Package machine says what a machine is, and what it did during a run: who else used its CPUs, what had to wait, what
// a quota or a host took away.
//
// Start with [Start], which returns a [Watch], or with [Describe], which returns a [Card]. What the system does not say
// is nil, "" or 0, as each field has it; nothing is guessed. On systems other than Linux that is most of it.
package machine

import (
	"time"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/cmd/imgpipe/internal/usage"
)

// A Card describes a machine. What is "" or 0 is not known.
type Card struct {
	CPU            string    `json:"cpu,omitempty"`
	CPUs           int       `json:"cpus"`
	ThreadsPerCore int       `json:"threads_per_core,omitempty"`
	Kernel         string    `json:"kernel,omitempty"`
	Virtual        string    `json:"virtual,omitempty"`      // "yes", "no", or the name of the hypervisor
	Quota          float64   `json:"quota,omitempty"`        // CPUs
	Governor       string    `json:"governor,omitempty"`     // of the clock frequency
	Memory         int64     `json:"memory,omitempty"`       // bytes, as far as this program may use them
	Load           []float64 `json:"load,omitempty"`         // load average at the beginning and at the end
	CPUPressure    []float64 `json:"cpu_pressure,omitempty"` // of the last ten seconds, the share with a task in wait
}

// Until returns c with the load and the pressure of later, which describes the same machine at the end.
func (c Card) Until(later Card) Card {
	c.Load = append(c.Load[:len(c.Load):len(c.Load)], later.Load...)
	c.CPUPressure = append(c.CPUPressure[:len(c.CPUPressure):len(c.CPUPressure)], later.CPUPressure...)
	return c
}

// Describe returns the Card of this machine.
func Describe() Card { return describe("/") }

// Memory returns how much memory this program may use, in bytes: the limit of its control group or of one above it, or
// else what the machine has. It returns 0 if that is not known.
func Memory() int64 { return memory("/") }

// A Watch looks at a machine from Start to Stop. Make one with Start.
type Watch struct {
	root  string
	began time.Time
	spent usage.CPU
	load  *float64
	first counters
}

// Start begins to watch the machine, around a run of this process or of children that will have ended by Stop.
func Start() *Watch { return start("/") }

// start is Start for a machine whose files are below root.
func start(root string) *Watch {
	return &Watch{root: root, began: time.Now(), spent: usage.Spent(), load: load(root), first: count(root)}
}

// Stop returns what the machine did since Start. Children that have not been waited for count as other programs. It may
// be called more than once. Nil is valid, and knows nothing.
func (w *Watch) Stop() summary.Conditions {
	if w == nil {
		return summary.Conditions{}
	}
	last, spent := count(w.root), usage.Spent().Sub(w.spent)
	c := w.first.until(last, spent.Total().Seconds(), time.Since(w.began).Seconds())
	c.Load = w.load
	if usage.FaultsKnown {
		c.MajorFaults, c.BlocksIn = &spent.MajorFaults, &spent.BlocksIn
	}
	return c
}

// counters are what a machine counts since it was started, in seconds. Nil is not known.
type counters struct {
	cpuPressure, ioPressure, memoryPressure *float64
	// throttled has an element for each control group that this program is in.
	throttled map[string]float64
	// busy and steal are of the CPUs that this program may use. Time that a host steals is not busy.
	busy, steal *float64
}

// until returns the conditions between two readings, in which this program spent ours on CPUs, and took so long.
func (c counters) until(last counters, ours, took float64) summary.Conditions {
	s := summary.Conditions{
		CPUPressure:    less(last.cpuPressure, c.cpuPressure),
		IOPressure:     less(last.ioPressure, c.ioPressure),
		MemoryPressure: less(last.memoryPressure, c.memoryPressure),
		Steal:          less(last.steal, c.steal),
	}
	for group, after := range last.throttled {
		before, ok := c.throttled[group]
		if ok && (s.Throttled == nil || after-before > *s.Throttled) {
			s.Throttled = known(after - before)
		}
	}
	if busy := less(last.busy, c.busy); busy != nil && took > 0 {
		s.OtherCPUs = known((*busy - ours) / took)
	}
	return s
}

// known returns f, which is not negative but for errors of rounding, as a figure that is known.
func known(f float64) *float64 {
	f = max(f, 0)
	return &f
}

// less returns a - b; nil if one of them is not known.
func less(a, b *float64) *float64 {
	if a == nil || b == nil {
		return nil
	}
	return known(*a - *b)
}
