package procs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"

	"imgpipe/pipeline"
	"imgpipe/pipeline/executor"
	"imgpipe/pipeline/wire"
)

// Everything in this file runs in the parent: how a slot comes by a worker.

const (
	maxFailed = 3 // starts that failed since the last HELO: as many end the pool
	// maxKilled is the same for starts that were killed from outside. Where workers are killed at random, three in a
	// row happen within a few hundred images; where the kernel has no memory for any, each costs a few milliseconds.
	maxKilled = 30
)

// What the pipe to a worker holds, where the system lets that be chosen. At 1 MiB a file of 3 MB goes over in 2.0 ms,
// at the 64 KiB that are usual in 3.2 ms (medians of 4, on a busy machine). Linux lets a user's pipes hold 64 MiB in
// sum and then makes them tiny, so that all of a pool's together stay well below.
const (
	maxPipe  = 1 << 20
	minPipe  = 64 << 10
	allPipes = 32 << 20
)

// A startup is how the start of a worker has ended: with a worker or an error.
type startup struct {
	worker *worker
	err    error
}

// A startRequest asks the starter for a process.
type startRequest struct {
	cmd     *exec.Cmd
	started chan error
}

// ready sees to it that s has a living worker, which it waits for. s belongs to the caller.
func (p *Pool) ready(ctx context.Context, s *slot, cost *pipeline.Cost) error {
	for {
		if s.worker != nil && s.worker.stale.Load() {
			s.worker.kill()
			<-s.worker.dead
		}
		if s.worker != nil && s.worker.isDead() {
			s.worker.close()
			s.worker = nil
		}
		if s.worker != nil {
			return nil
		}
		if s.next == nil {
			p.launch(s)
		}
		start := time.Now()
		select {
		case started := <-s.next:
			cost.Start += time.Since(start)
			s.worker, s.next = started.worker, nil // no worker if the start failed: launch has counted that
		case <-p.broken:
			return p.startErr
		case <-p.life.Done():
			return pipeline.ErrClosed
		case <-ctx.Done(): // the worker that is on its way is for the next call
			return executor.ContextError(ctx)
		}
		select {
		case <-p.broken:
			return p.startErr
		default:
		}
	}
}

// dismiss orders the worker of s to leave, if it has had all the images that it is to have. It does not wait for that,
// and leaves a worker that has ended, or has to be ended, to ready.
func (p *Pool) dismiss(s *slot) {
	old := s.worker
	if p.opts.Recycle == 0 || old.answered < p.opts.Recycle || old.stale.Load() || old.isDead() {
		return
	}
	s.worker = nil
	p.helpers.Go(func() { old.retire(p.opts.Grace) })
}

// launch begins the start of a worker for s, whose end is told on s.next.
func (p *Pool) launch(s *slot) {
	next := make(chan startup, 1) // room for one, so that nobody need be there when it comes
	s.next = next
	p.helpers.Go(func() {
		began := time.Now()
		w, err := p.spawn()
		p.mu.Lock()
		switch {
		case err == nil:
			p.failed, p.killed = 0, 0
			p.usage.Ready++
			p.usage.Starting += time.Since(began)
		case p.life.Err() == nil:
			if d, ok := errors.AsType[*death](err); ok && d.innocent {
				p.killed++
			} else {
				p.failed++
			}
			if (p.failed >= maxFailed || p.killed >= maxKilled) && p.startErr == nil {
				p.startErr = &StartError{p.failed + p.killed, err}
				close(p.broken)
			}
		}
		p.mu.Unlock()
		next <- startup{w, err}
	})
}

// spawn starts a process and waits for its HELO.
func (p *Pool) spawn() (*worker, error) {
	if p.life.Err() != nil {
		return nil, pipeline.ErrClosed
	}
	w, err := p.fork()
	if err != nil {
		return nil, err
	}
	p.born(w)
	go func() {
		w.cmd.Wait() // its error is in ProcessState
		p.buried(w)
		close(w.dead)
	}()

	ctx, cancel := executor.Bounded(p.life, p.opts.StartTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, w.kill)
	err = w.hear(p.shared)
	if !stop() && err == nil {
		err = ctx.Err() // its killer is on its way
	}
	if err == nil {
		return w, nil
	}
	d := w.bury(err)
	if p.life.Err() != nil {
		return nil, pipeline.ErrClosed
	}
	if ctx.Err() != nil {
		d.how, d.innocent = fmt.Sprintf("it said no hello within %v", p.opts.StartTimeout), false
	}
	return nil, d
}

// fork makes the pipes of a worker and starts its process.
func (p *Pool) fork() (*worker, error) {
	inR, inW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		inR.Close()
		inW.Close()
		return nil, err
	}
	size := min(max(allPipes/p.opts.Workers, minPipe), maxPipe)
	w := &worker{
		in: inW, out: outR, room: enlarge(inW, size),
		writer: wire.TaskWriter{Writer: wire.Writer{W: inW}},
		reader: wire.Reader{R: bufio.NewReaderSize(outR, 16<<10)},
		stderr: &transcript{},
		dead:   make(chan struct{}),

		bounded:  p.opts.WorkerMemory > 0,
		gullible: p.opts.gullible,
		born:     time.Now(),

		memoryKills: memoryKills(),
	}
	enlarge(outR, max(size/4, minPipe)) // most outputs are small
	w.cmd = exec.Command(p.opts.Command[0], p.opts.Command[1:]...)
	if p.opts.own {
		w.cmd.Args[0] = os.Args[0] // what lists of processes show
	}
	w.cmd.Env = p.env
	w.cmd.Stdin, w.cmd.Stdout, w.cmd.Stderr = inR, outW, w.stderr
	w.cmd.WaitDelay = farewell // where something else holds its standard error open
	p.shared.inherit(w.cmd)
	tieToParent(w.cmd)
	w.kill = sync.OnceFunc(func() { w.cmd.Process.Kill() })
	request := startRequest{w.cmd, make(chan error, 1)}
	p.starts <- request
	err = <-request.started
	inR.Close()
	outW.Close()
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// starter starts all processes of the pool, from one thread that lives as long as the pool does: Linux sends the
// signal that ties a child to its parent when the thread that started it ends, not the process (prctl(2),
// PR_SET_PDEATHSIG).
//
// Workers inherit the privileges of that thread. So it drops those that they are not to have before the first of them
// starts, and is never unlocked: it ends with this goroutine.
func (p *Pool) starter() {
	runtime.LockOSThread()
	relaxTimers()
	giveUpPrivileges()
	for request := range p.starts {
		request.started <- request.cmd.Start()
	}
}

// hear reads the HELO. The worker may have mapped the pool's shared memory.
func (w *worker) hear(shared *sharedMemory) error {
	f, err := w.reader.Next()
	if err != nil {
		return err
	}
	var m wire.Hello
	if err := f.Parse(&m); err != nil {
		return err
	}
	if len(f.Body) > 0 {
		return fmt.Errorf("%w: a HELO frame with a body", wire.ErrFrame)
	}
	if m.Version != wire.Version {
		return fmt.Errorf("%w: the worker speaks version %d, expected %d", wire.ErrFrame, m.Version, wire.Version)
	}
	if m.Mapped >= uint64(shared.size()) {
		w.shared = shared
	}
	w.isolation = printable(m.Isolation, maxWarning)
	return nil
}
