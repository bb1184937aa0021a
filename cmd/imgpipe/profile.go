package main

import (
	"context"
	"errors"
	"runtime"
	"runtime/pprof"
)

// startProfiles begins the profiles that --cpuprofile and --memprofile ask for. They are of this process; workers are
// processes of their own.
func (f *runFlags) startProfiles(ctx context.Context, sides *sideCheck) (stop func() error, err error) {
	cpu, err := openSide(ctx, "cpuprofile", f.tell.cpuProfile, sides.allowed(f.tell.cpuProfile))
	if err != nil {
		return nil, err
	}
	heap, err := openSide(ctx, "memprofile", f.tell.memProfile, sides.allowed(f.tell.memProfile))
	if err != nil {
		cpu.abandon()
		return nil, err
	}
	if cpu != nil {
		if err := pprof.StartCPUProfile(cpu); err != nil {
			cpu.abandon()
			heap.abandon()
			return nil, cpu.failed(err)
		}
	}
	return func() (err error) {
		if cpu != nil {
			pprof.StopCPUProfile()
			err = cpu.close(nil)
		}
		if heap != nil {
			runtime.GC() // a heap profile shows the state at the last collection
			err = errors.Join(err, heap.close(pprof.WriteHeapProfile(heap)))
		}
		return err
	}, nil
}
