package main

import (
	"imgpipe/pipeline"
	"imgpipe/pipeline/procs"
)

// executor makes what --mode names. pids gives the worker processes that are alive, where the mode has any.
func (f *runFlags) executor() (exec pipeline.Executor, pids func() []int, err error) {
	switch f.mode {
	case modeSerial:
		return pipeline.Serial(), nil, nil
	case modeGIL:
		return pipeline.GIL(f.workers), nil, nil
	case modeProcesses:
		pool, err := procs.New(procs.Options{Workers: f.workers})
		if err != nil {
			return nil, nil, err
		}
		return pool, pool.Pids, nil
	}
	return pipeline.Goroutines(f.workers), nil, nil
}
