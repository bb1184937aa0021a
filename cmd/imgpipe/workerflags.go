package main

import (
	"math"

	"github.com/spf13/pflag"

	"imgpipe/cmd/imgpipe/internal/drill"
	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/pipeline/procs"
)

// workerFlags are the flags of imgpipe run about worker processes.
type workerFlags struct {
	isolate procs.Isolate
	memory  int64
	recycle int
}

func (f *workerFlags) add(set *pflag.FlagSet) {
	f.isolate = procs.IsolateAuto
	flags.Group{
		Set:     set,
		Heading: "Worker processes (also used in other modes to retry images that crashed an earlier run)",
	}.Add(
		flags.Flag{Name: "isolate",
			Value: flags.Choice(&f.isolate, procs.IsolateAuto, procs.IsolateStrict, procs.IsolateOff),
			Usage: "what a worker gives up before its first image. auto: files, network and programs, as far as " +
				"the system offers that (default). strict: all of it, or nothing is started. off: nothing"},
		flags.Flag{Name: "worker-memory", Value: flags.Bytes(&f.memory),
			Usage: "memory that a worker may take; an image that needs more fails alone (default no limit)"},
		flags.Flag{Name: "recycle", Value: flags.Whole(&f.recycle, 0, math.MaxInt),
			Usage: "replace a worker after so many images; 0 for never"},
	)
}

// options returns those of a pool of so many workers.
func (f *workerFlags) options(workers int) procs.Options {
	return procs.Options{
		Workers: workers, Isolate: f.isolate, WorkerMemory: f.memory, Recycle: f.recycle, Env: drill.WorkerEnv(),
	}
}
