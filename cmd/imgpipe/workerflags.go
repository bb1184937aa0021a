package main

import (
	"context"
	"fmt"
	"math"
	"os"

	"github.com/spf13/pflag"

	"imgpipe/pipeline/procs"
)

// workerFlags are the flags of imgpipe run about worker processes.
type workerFlags struct {
	isolate string
	memory  int64
	recycle int
}

func (f *workerFlags) add(flags *pflag.FlagSet) {
	workers := flagGroup{flags, "Worker processes (other modes have them for what an earlier run died of)"}
	f.isolate = string(procs.IsolateAuto)
	workers.add(choice(&f.isolate, string(procs.IsolateAuto), string(procs.IsolateStrict), string(procs.IsolateOff)), "isolate", "",
		"what a worker gives up before its first image. auto: files, network and\nprograms, as far as the system offers that (default). strict: all of it, or\nnothing is started. off: nothing")
	workers.add(amount(&f.memory), "worker-memory", "", "memory that a worker may take; an image that needs more fails alone (default\nno limit)")
	workers.add(whole(&f.recycle, 0, math.MaxInt), "recycle", "", "replace a worker after so many images; 0 for never")
}

// validate wants --recycle only with a mode that has worker processes. The others hold in every mode, for what an earlier run died of.
func (f *workerFlags) validate(mode string, set *pflag.FlagSet) error {
	if mode != modeProcesses && mode != modeAuto && set.Changed("recycle") {
		return fmt.Errorf("--recycle %d: --mode %s has no worker processes: expected --mode processes", f.recycle, mode)
	}
	return nil
}

// options are those of a pool of so many workers.
func (f *workerFlags) options(workers int) procs.Options {
	o := procs.Options{Workers: workers, Isolate: procs.Isolate(f.isolate), WorkerMemory: f.memory, Recycle: f.recycle}
	if plan, ok := os.LookupEnv(drillVariable); ok { // a worker inherits nothing that it is not given
		o.Env = []string{drillVariable + "=" + plan}
	}
	return o
}

// isolation is what the header line says of the workers of --mode processes; "" in other modes. The worker that it asks is started for the
// run; an error means that none can be.
func (e *executor) isolation(ctx context.Context, mode string) (string, error) {
	if e.pool == nil || mode != modeProcesses {
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
