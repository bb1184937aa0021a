package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// How long a command may take to end, once it has been asked.
const (
	// grace is for what is under way when the system, and not a person who can ask again, asks to end: `docker stop`
	// kills after ten seconds.
	grace = 5 * time.Second
	// slowEnd is for what ends by itself after that, such as child processes.
	slowEnd = 3 * time.Second
	// lastResort is for a second request, or a first one while nothing is under way: then the program ends, whatever
	// blocks. What that leaves behind the next run settles.
	lastResort = 800 * time.Millisecond
)

var errInterrupted = errors.New("interrupted")

// A stopper hears the signals that ask a command to end: Ctrl-C, SIGTERM, and SIGHUP, which a terminal sends when it is
// closed. What was ignored when the program began, as under nohup, stays ignored (of SIGTERM Go does not know that). It
// is for all commands, in three stages:
//
//	request                      nothing under way    an orderly end is offered     any other time
//	first                        end, 0.8 s           orderly end                   end, 8 s
//	first, not by a person       end, 0.8 s           orderly end, end after 5 s    end, 8 s
//	second                       end, 0.8 s           end, 0.8 s                    end, 0.8 s
//	nothing left under way                            end, 0.8 s
//
// To end is to end the context; after the time that stands beside it, the program.
type stopper struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	stderr io.Writer
	heard  chan os.Signal
	quit   chan struct{}
	all    sync.WaitGroup

	mu      sync.Mutex
	count   int
	why     string // the first request in words
	busy    bool
	orderly func()
	again   chan struct{} // closed by the second request
	until   time.Time     // when all must have ended after a first request that is not a person's; else zero
	lastly  []func()
	timers  []*time.Timer
}

// listen begins to hear signals. release must be called.
func listen(ctx context.Context, stderr io.Writer) *stopper {
	s := &stopper{stderr: stderr, heard: make(chan os.Signal, 4), quit: make(chan struct{}), again: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(sig) {
			signal.Notify(s.heard, sig)
		}
	}
	s.all.Go(func() {
		for {
			select {
			case sig := <-s.heard:
				s.ask("interrupted", sig == os.Interrupt)
			case <-s.quit:
				return
			}
		}
	})
	return s
}

// release ends the hearing, unless the end has been asked for: then it goes on while the last words are said, which may
// block as all else.
func (s *stopper) release() {
	if s.asked() != "" {
		return
	}
	signal.Stop(s.heard)
	close(s.quit)
	s.all.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopTimers()
	s.cancel(nil)
}

// work says that something is under way from now on. orderly, where it is set, is what a first request does; it must
// not block.
func (s *stopper) work(orderly func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy, s.orderly = true, orderly
	if s.count > 0 && orderly != nil {
		orderly()
	}
}

// idle says that nothing is under way any more. Where the end has been asked for, whoever waits now waits for what may
// never come.
func (s *stopper) idle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count > 0 {
		s.end(lastResort)
	}
}

// settle says that what was under way has ended. What is left to do, such as to write reports, is to be done: only a
// second request ends it, or the time that the system gives.
func (s *stopper) settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy, s.orderly = true, func() {}
	if s.count > 1 {
		return
	}
	s.stopTimers()
	if !s.until.IsZero() {
		s.timers = append(s.timers, time.AfterFunc(time.Until(s.until), s.force))
	}
}

// stopTimers has nothing end that has been asked to. The lock is held.
func (s *stopper) stopTimers() {
	for _, t := range s.timers {
		t.Stop()
	}
	s.timers = nil
}

// atLast has f called before the program ends while something blocks, if f comes to an end at once.
func (s *stopper) atLast(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastly = append(s.lastly, f)
}

// after asks for the end after so long, as a first signal does. why says so.
func (s *stopper) after(d time.Duration, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timers = append(s.timers, time.AfterFunc(d, func() {
		if s.asked() == "" {
			s.ask(why, false)
		}
	}))
}

// asked returns why the command is to end, or "".
func (s *stopper) asked() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.why
}

// verdict is the error of a command that has ended with err: where it was asked to end before anything was under way,
// or was ended at once, what went wrong with that is of no interest.
func (s *stopper) verdict(err error) error {
	why := s.asked()
	if why == "" || err == nil {
		return err
	}
	for _, e := range exits(err) {
		if e.code == exitInterrupted {
			return err
		}
	}
	return exitError{exitInterrupted, errors.New(why)}
}

// ask is one request. It does not write: what reads stderr may have stopped reading.
func (s *stopper) ask(why string, person bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	if s.why == "" {
		s.why = why
	}
	if s.count == 1 && !person {
		s.until = time.Now().Add(grace + slowEnd)
	}
	switch {
	case s.count > 1:
		if s.count == 2 {
			close(s.again)
		}
		s.end(lastResort)
	case !s.busy:
		s.end(lastResort)
	case s.orderly == nil:
		s.end(grace + slowEnd)
	default:
		s.orderly()
		if !person {
			s.timers = append(s.timers, time.AfterFunc(grace, func() {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.end(slowEnd)
			}))
		}
	}
}

// end ends the context now, and the program after so long. The lock is held.
func (s *stopper) end(within time.Duration) {
	s.cancel(errInterrupted)
	s.timers = append(s.timers, time.AfterFunc(within, s.force))
}

// force ends the program.
func (s *stopper) force() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, f := range s.lastly {
			f()
		}
		fmt.Fprintf(s.stderr, "imgpipe: %s; what did not end was left\n", s.why)
	}()
	select {
	case <-done:
	case <-time.After(100 * time.Millisecond):
	}
	os.Exit(exitInterrupted)
}
