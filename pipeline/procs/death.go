package procs

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"time"

	"imgpipe/pipeline"
	"imgpipe/pipeline/wire"
	"imgpipe/transform"
)

// Everything in this file runs in the parent.

// A death is why a worker ended, or had to.
type death struct {
	how      string // "exit status 2"
	said     string // the line of its standard error that says most
	innocent bool   // something from outside ended it, so that its image is probably good
	lied     bool   // its answer was no result of its task

	outOfMemory bool // it said that it could get no more memory, or the kernel noted that
}

func (d *death) Error() string { return d.how + d.lastWords() }

// failure returns the error of an image under which so many workers ended, this one last.
func (d *death) failure(times int) error {
	e := &transform.Error{Kind: pipeline.ClassWorkerKilled, Doing: "transform in a worker process",
		Err: fmt.Errorf("the worker died %d times under this image: %w", times, d)}
	switch {
	case d.lied:
		e.Kind = pipeline.ClassWorkerAnswer
		e.Err = fmt.Errorf("the worker was ended %d times under this image, which may have taken it over: %w",
			times, d)
	case d.outOfMemory:
		e.Kind = pipeline.ClassOutOfMemory
	}
	return e
}

func (d *death) lastWords() string {
	if d.said == "" {
		return ""
	}
	return ": " + d.said
}

// silent is why a worker is condemned that does not read, or says nothing.
const silent = "it closed its input or output, or answered before it had read its task"

// condemn kills a worker for what it did. The first reason stays.
func (w *worker) condemn(why string) {
	w.condemned.CompareAndSwap(nil, &why)
	w.kill()
}

// await waits for the end of a worker that has fallen silent, and kills it after a while.
func (w *worker) await() {
	timer := time.NewTimer(farewell)
	defer timer.Stop()
	select {
	case <-w.dead:
	case <-timer.C:
		w.condemn(silent)
		<-w.dead
	}
}

// broken reports whether err says that the worker sent what it may not, whatever state it is in.
func broken(err error) bool {
	_, lied := errors.AsType[answerError](err)
	return lied || errors.Is(err, wire.ErrFrame)
}

// bury ends a worker after err broke the wire to it, if it has not ended yet, and returns what it died of.
func (w *worker) bury(err error) *death {
	d := &death{}
	_, d.lied = errors.AsType[answerError](err)
	if broken(err) {
		w.condemn(err.Error())
	}
	w.await()
	state := w.cmd.ProcessState
	status, hasStatus := state.Sys().(syscall.WaitStatus)
	switch {
	case broken(err):
		d.how = err.Error()
	case w.condemned.Load() != nil:
		d.how = *w.condemned.Load()
	case state.Success():
		d.how = "it left without an answer"
	default:
		d.how = state.String()
		d.innocent = hasStatus && status.Signaled() && fromOutside(status.Signal())
		if d.innocent && status.Signal() == syscall.SIGKILL {
			d.how += ", as by the kernel where memory is short"
			if kills := memoryKills(); kills > w.memoryKills {
				d.how = fmt.Sprintf("%s: the kernel ended it, or another process, "+
					"since there was no more memory to be had", state)
				d.innocent, d.outOfMemory = false, true
			}
		}
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		d.how += ", in the middle of its answer"
	}
	d.said = w.stderr.said()
	d.outOfMemory = d.outOfMemory || w.ranOut(d.said)
	w.close()
	return d
}

// ranOut reports whether a worker's last words say that it could get no more memory. Go has several sentences for that,
// one for each thing that it could not allocate. Its race detector has another. Its collector has none (Go 1.26): it
// follows a null pointer. A fault of the code that works on an image has other words: it is a panic.
func (w *worker) ranOut(said string) bool {
	if reason, ok := strings.CutPrefix(said, "fatal error: "); ok {
		return strings.Contains(reason, "out of memory") || strings.Contains(reason, "cannot allocate memory")
	}
	return w.bounded && strings.HasPrefix(said, "SIGSEGV: ") ||
		strings.Contains(said, "ThreadSanitizer failed to allocate")
}

// fromOutside reports whether a signal comes from people, other programs or a kernel without memory, rather than
// from a fault in the program that it ends.
func fromOutside(s syscall.Signal) bool {
	switch s {
	case syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE, syscall.SIGALRM:
		return true
	}
	return false
}
