package bench

import (
	"cmp"
	"time"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/cmd/imgpipe/internal/usage"
)

// A reading is what the machine has counted until one moment. Nil is not known.
type reading struct {
	at                    time.Time
	load, cpu, io, memory *float64
	busy, steal           *float64
	cpus                  int
	spent                 usage.CPU
}

func read() reading {
	r := reading{at: time.Now(), load: load(), cpu: pressure("cpu"), io: pressure("io"), memory: pressure("memory"),
		spent: usage.Spent()}
	r.busy, r.steal, r.cpus = cpuTimes()
	return r
}

// since returns what the machine did since an earlier reading. allowed is how many CPUs a run may use: what other
// programs do on the rest takes nothing from it.
func (r reading) since(then reading, allowed int) summary.Conditions {
	change := func(now, before *float64) *float64 {
		if now == nil || before == nil {
			return nil
		}
		d := max(*now-*before, 0)
		return &d
	}
	c := summary.Conditions{
		CPUPressure: change(r.cpu, then.cpu), IOPressure: change(r.io, then.io),
		MemoryPressure: change(r.memory, then.memory), Steal: change(r.steal, then.steal), Load: then.load,
	}
	took, ours := r.at.Sub(then.at).Seconds(), r.spent.Sub(then.spent).Total().Seconds()
	if all := change(r.busy, then.busy); all != nil && took > 0 {
		others := max((*all-ours)/took-float64(r.cpus-allowed), 0)
		c.OtherCPUs = &others
	}
	return c
}

// fill takes from others what c does not know.
func fill(c *summary.Conditions, others summary.Conditions) {
	for _, f := range []struct {
		to   **float64
		from *float64
	}{
		{&c.CPUPressure, others.CPUPressure}, {&c.IOPressure, others.IOPressure},
		{&c.MemoryPressure, others.MemoryPressure}, {&c.Throttled, others.Throttled}, {&c.Steal, others.Steal},
		{&c.OtherCPUs, others.OtherCPUs}, {&c.Load, others.Load},
	} {
		*f.to = cmp.Or(*f.to, f.from)
	}
}
