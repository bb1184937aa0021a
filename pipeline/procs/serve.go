package procs

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"syscall"
	"time"

	"imgpipe/pipeline/executor"
	"imgpipe/pipeline/wire"
	"imgpipe/transform"
)

// Everything in this file runs in the worker process.

const (
	// Subcommand is the first argument with which a [Pool] starts this program as a worker. It is not for people.
	Subcommand = "__worker"

	cookieName = "IMGPIPE_WORKER"
	cookie     = "1"

	isolateName  = "IMGPIPE_WORKER_ISOLATE"
	memoryName   = "IMGPIPE_WORKER_MEMORY"
	mappedName   = "IMGPIPE_WORKER_MAPPED"
	measuredName = "IMGPIPE_WORKER_MEASURED"

	// maxStack ends a runaway recursion. Go's own limit is 1 GB, by which time the machine may be in trouble.
	maxStack = 64 << 20

	// readBuffer is what a worker reads at once: a small image file together with its task.
	readBuffer = 64 << 10
)

// IsWorker reports whether this process was asked to be a worker. A program that uses [New] with its default Command
// asks first of all in main:
//
//	if procs.IsWorker() {
//		os.Exit(procs.Main())
//	}
func IsWorker() bool { return len(os.Args) > 1 && os.Args[1] == Subcommand }

// Main is the whole life of a worker process, and returns its exit status: 0 when its parent ended it, 1 when the wire
// broke, 2 when it was not started by a [Pool], which is said on standard error. From then on os.Stdout is standard
// error, so that a stray print cannot break a frame.
func Main() int { return serveMain(transform.Do) }

// MainThrough is [Main] with wrap(transform.Do) in place of transform.Do, for what is to be done around every
// transform.
func MainThrough(wrap func(next executor.Func) executor.Func) int {
	return serveMain(wrap(transform.Do))
}

func serveMain(do executor.Func) int {
	if os.Getenv(cookieName) != cookie {
		fmt.Fprintf(os.Stderr, "imgpipe: %s is how imgpipe starts its own worker processes: "+
			"expected to be started by imgpipe itself\n", Subcommand)
		return 2
	}
	os.Unsetenv(cookieName) // not for what this process might start
	closeInherited()
	nameProcess(filepath.Base(os.Args[0]))
	// A terminal, or someone who ends a whole group of processes, signals workers as well as their parent: it decides.
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	debug.SetMaxStack(maxStack)
	watchParent()
	measured := os.Getenv(measuredName) != ""
	if measured {
		// What an image costs is told by the clocks of one thread. Measure opens what it needs of files for it, which
		// this process is about to give up.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		executor.Measure(func() {})
	}
	in, out, err := takeStdio()
	if err == nil {
		s := server{do: do, measured: measured, mapped: mapShared()}
		if s.isolation, err = confine(); err == nil {
			err = s.serve(in, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "imgpipe worker:", err)
		return 1
	}
	return 0
}

// A server is the worker's side of the wire.
type server struct {
	do        executor.Func
	measured  bool   // answers say where the time went
	mapped    []byte // the memory shared with the pool, which is not to be written
	isolation string // what this process has given up
}

// confine bounds this process and drops what the pool has asked it to. It returns in words what that is.
func confine() (string, error) {
	mode, text := Isolate(os.Getenv(isolateName)), os.Getenv(memoryName)
	memory := int64(0)
	if text != "" {
		var err error
		if memory, err = strconv.ParseInt(text, 10, 64); err != nil {
			return "", fmt.Errorf("%s=%s: expected a number of bytes", memoryName, text)
		}
	}
	if memory > 0 {
		debug.SetMemoryLimit(memory - memory/8) // so that garbage does not meet the bound
		if err := boundMemory(memory); err != nil {
			return "", fmt.Errorf("bound memory to %d bytes: %w", memory, err)
		}
	}
	if err := dropCapabilities(); err != nil && mode == IsolateStrict {
		return "", err
	}
	if mode == IsolateOff || mode == "" {
		return "none: it is off", nil
	}
	said, missing := isolate()
	if missing != nil && mode == IsolateStrict {
		return "", fmt.Errorf("isolate strictly: %w", missing)
	}
	return said, nil
}

// serve says HELO on w and answers what comes from r until r ends. The error is nil if r ended between two frames.
func (s *server) serve(r io.Reader, w io.Writer) error {
	requests := wire.TaskReader{
		Reader: wire.Reader{R: bufio.NewReaderSize(r, readBuffer), Reuse: true}, Shared: s.mapped,
	}
	answers := wire.Writer{W: w}
	hello := wire.Hello{
		Version: wire.Version, PID: uint32(os.Getpid()), Mapped: uint64(len(s.mapped)), Isolation: s.isolation,
	}
	err := answers.Begin(&hello, 0)
	if err == nil {
		err = answers.Flush()
	}
	if err != nil {
		return fmt.Errorf("say hello: %w", err)
	}
	keep := int64(maxGarbage)
	for {
		request, err := requests.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if grant := request.Task.Grant; grant > 0 {
			keep = min(keep, 2*grant)
		}
		done := wire.Done{Task: request.Number}
		if err = request.Err; err == nil {
			work := func() {
				done.Result, err = guarded(s.do, request.Task)
				trim(keep)
			}
			start := time.Now()
			if s.measured {
				done.Work = executor.Measure(work)
			} else {
				work()
			}
			done.Busy = time.Since(start)
		}
		if err != nil {
			done.Failed, done.Failure = true, wire.FailureOf(err)
		}
		if err := done.Write(&answers); err != nil {
			return fmt.Errorf("write an answer: %w", err)
		}
	}
}

// maxGarbage is how much memory a worker keeps for its next image. If twice the least grant that it was given is less,
// it keeps that: then there is little for all. To return all of it after each image would have the system clear it
// again each time; most images need less.
const maxGarbage = 128 << 20

// trim returns to the system what an image has left behind, if that is more than keep. The parent counts the memory of
// an image as free once it is answered, while the collector of a process that waits for its next task would not run.
func trim(keep int64) {
	heap := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
	}
	metrics.Read(heap)
	var held uint64
	for _, s := range heap {
		if s.Value.Kind() == metrics.KindUint64 {
			held += s.Value.Uint64()
		}
	}
	if held > uint64(keep) {
		debug.FreeOSMemory()
	}
}

// guarded calls do, and makes an error of a panic: a worker that can go on need not be replaced.
func guarded(do executor.Func, task transform.Task) (result transform.Result, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			result = transform.Result{}
			err = executor.Panicked(thrown)
		}
	}()
	return do(context.Background(), task)
}
