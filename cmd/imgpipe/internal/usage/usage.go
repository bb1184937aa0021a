// Package usage measures what a run costs the machine: the CPU time and the memory of this process and of its worker
// processes together.
//
// Start with [Began] for the whole clock of this process, [Spent] for CPU time, and [Start] for memory. CPU time is
// exact and comes from the kernel. Memory is sampled: the peak of a sum does not follow from the peaks of its parts,
// which need not be at the same moment. No other processes are measured.
package usage

import "time"

// CPU is what processors did: the time that they spent, and how often they switched to something else, because this
// program waited (Voluntary) or because its time slice was over (Involuntary). MajorFaults counts the pages that had to
// come from a disk, BlocksIn the blocks of 512 bytes that were read from one; see FaultsKnown.
type CPU struct {
	User, System           time.Duration
	Voluntary, Involuntary int64
	MajorFaults, BlocksIn  int64
}

// Total returns the time in the program and in the kernel, added up.
func (c CPU) Total() time.Duration { return c.User + c.System }

// Sub returns what was spent since earlier, a result of Spent.
func (c CPU) Sub(earlier CPU) CPU {
	return CPU{
		c.User - earlier.User, c.System - earlier.System,
		c.Voluntary - earlier.Voluntary, c.Involuntary - earlier.Involuntary,
		c.MajorFaults - earlier.MajorFaults, c.BlocksIn - earlier.BlocksIn,
	}
}

// Add returns the sum.
func (c CPU) Add(d CPU) CPU { return c.Sub(CPU{}.Sub(d)) }
