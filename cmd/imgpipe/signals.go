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
	// grace is for what is under way if the system asks, which cannot ask again as a person can: `docker stop` kills
	// after ten seconds.
	grace = 5 * time.Second
	// slowEnd is for what then ends by itself, such as child processes.
	slowEnd = 3 * time.Second
	// lastResort is for a second request, or a first one while nothing is under way. After it the program ends,
	// whatever blocks. The next run cleans up.
	lastResort = 800 * time.Millisecond
)

var errInterrupted = errors.New("interrupted")

// A stopper receives the signals that ask a command to end: Ctrl-C, SIGTERM, and SIGHUP, which a terminal sends when it
// is closed. A signal that was ignored when the program began, as under nohup, stays ignored (for SIGTERM, Go does not
// know that). All commands use it. They are in one of three stages:
//
//	request                      nothing under way    an orderly end is offered     any other time
//	first                        end, 0.8 s           orderly end                   end, 8 s
//	first, not by a person       end, 0.8 s           orderly end, end after 5 s    end, 8 s
//	second                       end, 0.8 s           end, 0.8 s                    end, 0.8 s
//	nothing left under way                            end, 0.8 s
//
// To end is to cancel the context at once, and to end the program after the time that is given.
type stopper struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	stderr io.Writer
	heard  chan os.Signal
	quit   chan struct{}
	all    sync.WaitGroup

	mu      sync.Mutex
	count   int
	why     string // the first request, in words
	busy    bool
	orderly func()
	again   chan struct{} // closed by the second request
	until   time.Time     // when all must have ended; zero unless the first request was not by a person
	lastly  []func()
	timers  []*time.Timer
}

// listen begins to receive signals. The caller calls release.
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

// stoppable runs a command that is under way from its first moment: the first request ends its context.
func stoppable(ctx context.Context, stderr io.Writer, do func(*stopper) error) error {
	stop := listen(ctx, stderr)
	defer stop.release()
	stop.work(nil)
	return stop.verdict(do(stop))
}

// release stops receiving signals, unless the command was asked to end: then it goes on during the last messages, which
// may block like everything else.
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

// work begins the stage in which something is under way. orderly, if it is not nil, is called by a first request; it
// must not block.
func (s *stopper) work(orderly func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy, s.orderly = true, orderly
	if s.count > 0 && orderly != nil {
		orderly()
	}
}

// idle ends the stage in which something is under way. If the command was asked to end, it ends now: whoever still
// waits may wait for what never comes.
func (s *stopper) idle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count > 0 {
		s.end(lastResort)
	}
}

// settle begins the last stage: what was under way has ended, and what is left, such as reports, is done. Only a second
// request ends that early, or the time that the system allows.
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

// stopTimers takes back every end that is due later. The caller holds the lock.
func (s *stopper) stopTimers() {
	for _, t := range s.timers {
		t.Stop()
	}
	s.timers = nil
}

// atLast adds a function that is called before the program ends while something blocks. It must return at once.
func (s *stopper) atLast(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastly = append(s.lastly, f)
}

// after asks the command to end after so long, as a first signal does. why is what the user reads.
func (s *stopper) after(d time.Duration, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timers = append(s.timers, time.AfterFunc(d, func() {
		if s.asked() == "" {
			s.ask(why, false)
		}
	}))
}

// asked returns why the command was asked to end; "" if it was not.
func (s *stopper) asked() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.why
}

// verdict returns the error of a command that has ended with err. If the command was asked to end before anything was
// under way, or was ended at once, what went wrong because of that is of no interest.
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

// ask is one request to end. It writes nothing, since the reader of stderr may have stopped reading.
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

// end cancels the context now, and ends the program after so long. The caller holds the lock.
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
