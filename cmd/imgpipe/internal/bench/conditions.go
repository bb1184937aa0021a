package bench

import (
	"cmp"

	"imgpipe/cmd/imgpipe/internal/summary"
)

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
