package main

import (
	"time"

	"imgpipe/cmd/imgpipe/internal/usage"
)

// A clock has the times of a run, from the start of this process to its end. Its methods are called in the order in
// which they stand here.
type clock struct {
	// before is until the pipeline began to take images, wall is all until stopped.
	before, wall time.Duration
	stopped      time.Time
	cpu          usage.CPU
	// aside is what fetching all inputs took before a run of the transforms alone. It is not in the others.
	aside    time.Duration
	asideCPU usage.CPU
}

// fetching is called before all inputs are fetched for a run of the transforms alone. It returns what is called then.
func (c *clock) fetching() (fetched func()) {
	began, spent := time.Now(), usage.Spent()
	return func() { c.aside, c.asideCPU = time.Since(began), usage.Spent().Sub(spent) }
}

// begin is called right before the pipeline is run.
func (c *clock) begin() { c.before = time.Since(usage.Began()) - c.aside }

// stop is called when all is done but to write the trace and the report.
func (c *clock) stop() {
	c.stopped = time.Now()
	c.wall = c.stopped.Sub(usage.Began()) - c.aside
	c.cpu = usage.SinceBegan().Sub(c.asideCPU)
}

// without returns a curve over the time of this process as one over that of the clock, which stood still aside.
func (c *clock) without(curve []usage.Point) (points []usage.Point) {
	for _, p := range curve {
		if p.At -= c.aside; p.At >= 0 {
			points = append(points, p)
		}
	}
	return points
}
