package procs

import (
	"fmt"
	"runtime"
	"time"
)

// Options configure a [Pool]. The zero value is a pool of this program's own workers, one for each CPU that Go may
// use.
type Options struct {
	// Workers is how many processes run at once; below 1 means GOMAXPROCS.
	Workers int
	// Command starts a worker: a program and its arguments. Default: this program with [Subcommand], whose main must
	// then begin as [IsWorker] says.
	Command []string
	// Env is the environment of a worker, besides GOMAXPROCS=1 and the variables of this process that the Go runtime
	// reads (GODEBUG, GOGC and the like). A worker inherits no others.
	Env []string
	// Prestart starts all workers at once rather than each when a task first needs it. With OnDemand it does nothing.
	Prestart bool
	// Ahead queues images at busy workers, in their pipes, so that no worker waits for its next one: one at each if
	// there are many, more if they are small. Queued images go elsewhere if the worker dies, or is so slow that others
	// have nothing to do. Without shared memory (with Pipes, or on any system but Linux) it does nothing.
	Ahead bool
	// Recycle is the number of images after which a worker is replaced; 0 is never. With 1 each image has a process
	// of its own. The new worker starts beside the last image of the old one. The old one gets no further image, even
	// if the new one is late.
	Recycle int
	// OnDemand starts a worker when an image needs it and not before, also one that replaces another. The start is
	// then part of the time of that image. With a Recycle of 1 this is a program that starts a process for each image.
	OnDemand bool
	// Pipes has all files copied through the pipes to the workers, as on a system without shared memory.
	Pipes bool
	// Measured has workers say where the time of each image went, which fills in Cost.Work. That takes some 10 µs for
	// each.
	Measured bool
	// Isolate is how much a worker must give up before its first image. Default [IsolateAuto].
	Isolate Isolate
	// WorkerMemory bounds the memory that a worker may take for its images, in bytes, beyond what it has when it
	// starts; 0 is no bound. An image that needs more fails with class "out-of-memory", and has cost two workers.
	// Only Linux enforces it. Elsewhere the garbage collector works harder near the bound. A decoder of large images
	// needs tens of megabytes.
	WorkerMemory int64
	// Shared bounds the memory for files that the pool shares with its workers, in bytes; 0 is no bound. A segment of
	// 16 MiB for each worker, and one more, are there in any case. Memory that was used once stays in use until Close.
	Shared int64
	// Grace is how long Close waits for tasks that run, and then for workers to leave, before it kills them. Default
	// 2 s.
	Grace time.Duration
	// StartTimeout is how long a worker may take to say hello. Default 30 s.
	StartTimeout time.Duration

	own      bool // Command is the default: this program
	gullible bool // believes workers what they answer: for tests whose workers do other things than transform.Do
}

// Isolate is how much a worker must give up before its first image. Images are untrusted, and the code that decodes
// them should reach nothing if one of them takes it over.
type Isolate string

// On Linux a worker has no file system and no network (Landlock, seccomp), cannot start programs or processes or signal
// others, and can gain no privileges. It may open few descriptors, write no file and leave no core.
// Elsewhere only those last limits hold, if the system has them.
const (
	IsolateAuto   Isolate = "auto"   // whatever the system offers: see [Pool.Isolation]
	IsolateStrict Isolate = "strict" // all of it, or no worker starts and the pool ends with a [StartError]
	IsolateOff    Isolate = "off"    // nothing
)

// Program returns the path by which this process can start its own program again. On Linux that is the same build for
// as long as this process lives, even if the file is replaced meanwhile.
func Program() (string, error) { return program() }

func (o Options) withDefaults() (Options, error) {
	switch o.Isolate {
	case "":
		o.Isolate = IsolateAuto
	case IsolateAuto, IsolateStrict, IsolateOff:
	default:
		return o, fmt.Errorf("isolate %q: expected auto, strict or off", o.Isolate)
	}
	if o.WorkerMemory < 0 {
		return o, fmt.Errorf("worker memory of %d bytes: expected 0 or more", o.WorkerMemory)
	}
	if o.Workers < 1 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if len(o.Command) == 0 {
		program, err := Program()
		if err != nil {
			return o, fmt.Errorf("find this program's own file to start workers from: %w", err)
		}
		o.Command, o.own = []string{program, Subcommand}, true
	}
	o.Prestart = o.Prestart && !o.OnDemand
	if o.Grace <= 0 {
		o.Grace = 2 * time.Second
	}
	if o.StartTimeout <= 0 {
		o.StartTimeout = 30 * time.Second // a start takes milliseconds; a machine that swaps may need seconds
	}
	return o, nil
}

// A StartError is why workers cannot be started, which has ended the pool. No task is to blame for it.
type StartError struct {
	// Starts is how many failed since a worker last said hello.
	Starts int
	// Err is why the last of them failed.
	Err error
}

// Error is one line.
func (e *StartError) Error() string {
	return fmt.Sprintf("start a worker process: %d in a row failed before they said hello: %v", e.Starts, e.Err)
}

// Unwrap returns Err.
func (e *StartError) Unwrap() error { return e.Err }

// Fatal returns true: no other task would fare better.
func (e *StartError) Fatal() bool { return true }
