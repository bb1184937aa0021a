package main

import (
	"context"
	"fmt"
	"math"

	"github.com/spf13/pflag"

	"imgpipe/cmd/imgpipe/internal/drill"
	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/modes"
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
			Usage: "what a worker gives up before its first image. auto: files, network and programs, as far as the " +
				"system offers that (default). strict: all of it, or nothing is started. off: nothing"},
		flags.Flag{Name: "worker-memory", Value: flags.Bytes(&f.memory),
			Usage: "memory that a worker may take; an image that needs more fails alone (default no limit)"},
		flags.Flag{Name: "recycle", Value: flags.Whole(&f.recycle, 0, math.MaxInt),
			Usage: "replace a worker after so many images; 0 for never"},
	)
}

// validate wants --recycle only with a mode that has worker processes. The others hold in every mode, for what an earlier run died of.
func (f *workerFlags) validate(mode string, set *pflag.FlagSet) error {
	if mode != modes.Processes && mode != modes.Auto && set.Changed("recycle") {
		return fmt.Errorf("--recycle %d: --mode %s has no worker processes: expected --mode processes", f.recycle, mode)
	}
	return nil
}

// options are those of a pool of so many workers.
func (f *workerFlags) options(workers int) procs.Options {
	return procs.Options{
		Workers: workers, Isolate: f.isolate, WorkerMemory: f.memory, Recycle: f.recycle, Env: drill.WorkerEnv(),
	}
}

// isolation is what the header line says of the workers of --mode processes; "" in other modes. The worker that it asks is started for the
// run; an error means that none can be.
func (e *executor) isolation(ctx context.Context, mode string) (string, error) {
	if e.pool == nil || mode != modes.Processes {
		return "", nil
	}
	return isolationOf(ctx, e.pool)
}

func isolationOf(ctx context.Context, e interface {
	Isolation(context.Context) (string, error)
}) (string, error) {
	said, err := e.Isolation(ctx)
	if err != nil {
		return "", err
	}
	return "; isolation: " + said, nil
}
