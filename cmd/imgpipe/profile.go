package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
)

// startProfiles begins what --cpuprofile and --memprofile ask for. They see this process; workers are processes of their own.
func (f *runFlags) startProfiles() (stop func() error, err error) {
	var cpu *os.File
	if f.cpuProfile != "" {
		if cpu, err = os.Create(f.cpuProfile); err == nil {
			err = pprof.StartCPUProfile(cpu)
		}
		if err != nil {
			return nil, fmt.Errorf("--cpuprofile %q: %w", f.cpuProfile, err)
		}
	}
	return func() (err error) {
		if cpu != nil {
			pprof.StopCPUProfile()
			err = cpu.Close()
		}
		if f.memProfile != "" {
			err = errors.Join(err, writeHeap(f.memProfile))
		}
		return err
	}, nil
}

func writeHeap(path string) error {
	w, err := os.Create(path)
	if err == nil {
		runtime.GC() // a heap profile is of the last collection
		err = errors.Join(pprof.WriteHeapProfile(w), w.Close())
	}
	if err != nil {
		return fmt.Errorf("--memprofile %q: %w", path, err)
	}
	return nil
}
