package procs

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"imgpipe/pipeline"
	"imgpipe/transform"
)

// Everything in this file runs in the parent.

const (
	triesGuilty   = 2 // of an image that crashes its worker
	triesInnocent = 5 // of an image whose worker was killed from outside
	maxFailed     = 3 // starts that failed since the last HELO: as many end the pool
	// maxKilled is the same for starts that were killed from outside. Where workers are killed at random, three in a
	// row happen within a few hundred images; where the kernel has no memory for any, each costs a few milliseconds.
	maxKilled = 30
)

// A Pool is a [pipeline.Executor] of worker processes, and is safe for use by many goroutines. Make one with [New];
// it must be closed.
type Pool struct {
	opts   Options
	env    []string
	shared *sharedMemory // with all workers; nil where there is none

	inside  sync.WaitGroup  // the tasks that were let in
	closing chan struct{}   // closed by the first Close, with mu held: no new task is let in
	broken  chan struct{}   // closed when startErr is set
	life    context.Context // ends when what still runs is to be killed
	end     context.CancelFunc
	starts  chan startRequest
	helpers sync.WaitGroup // goroutines that start or retire workers; begun only by who holds a slot
	once    sync.Once

	mu       sync.Mutex
	queue    // of tasks and slots: see there
	live     map[*worker]bool
	failed   int // starts since the last HELO
	killed   int // the same, of starts that were killed from outside
	startErr *StartError
	usage    Usage
}

type startup struct {
	worker *worker
	err    error
}

type startRequest struct {
	cmd     *exec.Cmd
	started chan error
}

// New makes a pool. It starts no process unless opts.Prestart says so. It is an error in a process that is itself a
// worker, since its main should have called [Main].
func New(opts Options) (*Pool, error) {
	if os.Getenv(cookieName) == cookie {
		return nil, errors.New("make a pool of workers: this process is itself a worker: expected its main to begin with procs.IsWorker and procs.Main")
	}
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	p := &Pool{
		opts:    opts,
		closing: make(chan struct{}),
		broken:  make(chan struct{}),
		starts:  make(chan startRequest),
		live:    map[*worker]bool{},
	}
	ahead := 0
	if opts.Ahead {
		ahead = opts.Workers * maxLine
	}
	p.shared = newShared(opts.Workers, ahead, opts.Shared)
	p.life, p.end = context.WithCancel(context.Background())
	// GORACE: a program built with the race detector otherwise sleeps for a second when it leaves.
	race := strings.TrimSpace(os.Getenv("GORACE") + " atexit_sleep_ms=0")
	p.env = slices.Concat(inherited(), []string{"GOMAXPROCS=1", "GORACE=" + race, cookieName + "=" + cookie,
		isolateName + "=" + string(opts.Isolate), memoryName + "=" + strconv.FormatInt(opts.WorkerMemory, 10)}, opts.Env)
	go p.starter()
	if threads(os.Getpid()) > 0 { // where the system tells
		p.helpers.Go(p.watch)
	}
	for lane := range opts.Workers {
		s := &slot{lane: lane}
		if opts.Prestart {
			p.launch(s)
		}
		p.slots, p.free = append(p.slots, s), append(p.free, s)
	}
	return p, nil
}

// inherited is what of this process's environment is a worker's, too: what the Go runtime wants to know, and Windows.
// The rest is not for who decodes the files of strangers: there may be secrets in it.
func inherited() []string {
	var env []string
	for _, name := range []string{"GODEBUG", "GOGC", "GOMEMLIMIT", "GOTRACEBACK", "GOCOVERDIR", "SYSTEMROOT"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// starter starts all processes of the pool, from one thread that lives as long as the pool does: Linux sends the
// signal that ties a child to its parent when the thread that started it ends, not the process (prctl(2),
// PR_SET_PDEATHSIG).
//
// Workers are born with what that thread has left: it gives up what they are not to have before the first of them
// begins, and is not unlocked, so that it ends with this goroutine.
func (p *Pool) starter() {
	runtime.LockOSThread()
	relaxTimers()
	giveUpPrivileges()
	for request := range p.starts {
		request.started <- request.cmd.Start()
	}
}

// Isolation says in a few words what the workers have given up, such as "no files, no network, no programs (landlock,
// seccomp)". It asks a worker, which it starts if need be and which is then ready for a task. The error is that of a
// Do that finds no worker.
func (p *Pool) Isolation(ctx context.Context) (string, error) {
	if !p.enter() {
		return "", pipeline.ErrClosed
	}
	defer p.inside.Done()
	g, err := p.acquire(ctx, &waiter{got: make(chan grant, 1)})
	if err != nil {
		return "", err
	}
	s := g.slot
	defer p.leave(s)
	var cost pipeline.Cost
	if err := p.ready(ctx, s, &cost); err != nil {
		return "", err
	}
	return s.worker.isolation, nil
}

// Get returns n bytes that the workers can read, or nil where none are to be had: on Linux there are segments of 16 MiB
// for two images of each worker, for those that may stand in line and for sixteen downloads, as far as Options.Shared
// allows. A file that is read into them goes to a worker without being copied. Put takes them back.
func (p *Pool) Get(n int) []byte { return p.shared.get(n) }

// Put takes back what Get returned, when nobody reads it any more, be it after Close. It reports whether that came
// from Get.
func (p *Pool) Put(b []byte) bool { return p.shared.back(b) }

// Width is how many tasks are worked on at once.
func (p *Pool) Width() int { return p.opts.Workers }

// Ahead is how many more can stand in line at workers: one at each, while as many wait for the one that is free
// first, and more small ones.
func (p *Pool) Ahead() pipeline.Ahead {
	if !p.opts.Ahead || p.shared == nil {
		return pipeline.Ahead{}
	}
	return pipeline.Ahead{Tasks: 2 * p.opts.Workers, Small: (maxLine - 2) * p.opts.Workers, Bytes: maxSmall}
}

// Do runs one task in a worker, as [pipeline.Executor] says. An image whose workers died fails with class
// "worker-killed" or "out-of-memory". A [StartError] is the end of the pool. The outputs of a Result share memory.
func (p *Pool) Do(ctx context.Context, task transform.Task) (transform.Result, pipeline.Cost, error) {
	var cost pipeline.Cost
	if !p.enter() {
		return transform.Result{}, cost, pipeline.ErrClosed
	}
	defer p.inside.Done()
	s, sent, err := p.turn(ctx, task, &cost)
	if err != nil {
		return transform.Result{}, cost, err
	}
	defer p.leave(s)
	for alone := false; ; alone = true { // a further try has nobody behind it
		if sent == nil {
			if err := p.ready(ctx, s, &cost); err != nil {
				return transform.Result{}, cost, err
			}
			cost.Attempts++
			s.worker.stderr.reset()
			if sent, err = s.worker.post(task, false); err != nil {
				return transform.Result{}, cost, err
			}
			if sent.wrote == nil && !alone {
				p.offer(s, len(task.Data) > maxSmall)
			}
		}
		if p.opts.Recycle > 0 && s.worker.answered+1 >= p.opts.Recycle && s.next == nil {
			p.launch(s) // beside the last image of this one
		}
		worker := s.worker
		bounded, cancel := pipeline.Bounded(ctx, task.Limits.Time)
		result, over, err := worker.receive(bounded, p.life, task, sent, &cost)
		cancel()
		p.shared.back(sent.copied)
		sent = nil
		p.account(worker)
		d, died := errors.AsType[*death](err)
		if died || worker.stopped {
			p.dismiss(s)
		}
		switch {
		case over && worker.halted.Load() && ctx.Err() == nil && cost.Attempts < triesGuilty:
			// The time of another try begins.
		case over:
			return transform.Result{}, cost, pipeline.ContextError(bounded)
		case !died:
			return result, cost, err
		case p.life.Err() != nil:
			return transform.Result{}, cost, pipeline.ErrClosed
		case cost.Attempts >= triesInnocent, cost.Attempts >= triesGuilty && !d.innocent:
			return transform.Result{}, cost, d.failure(cost.Attempts)
		}
	}
}

// launch starts a worker for s behind its back; s.next will give it.
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

// ready gives s a living worker.
func (p *Pool) ready(ctx context.Context, s *slot, cost *pipeline.Cost) error {
	for {
		if s.worker != nil && s.worker.stale.Load() {
			s.worker.kill()
			<-s.worker.dead
		}
		if s.worker != nil && s.worker.isDead() {
			s.worker.discard()
			s.worker = nil
		}
		if old := s.worker; old != nil && p.opts.Recycle > 0 && old.answered >= p.opts.Recycle {
			s.worker = nil // whatever it takes until its successor is there
			p.helpers.Go(func() { p.retire(old) })
		}
		if s.worker == nil && s.next == nil {
			p.launch(s)
		}
		if s.worker != nil {
			return nil
		}
		start := time.Now()
		select {
		case successor := <-s.next:
			cost.Start += time.Since(start)
			p.succeed(s, successor)
		case <-p.broken:
			return p.startErr
		case <-p.life.Done():
			return pipeline.ErrClosed
		case <-ctx.Done(): // the worker that is on its way is for the next task
			return pipeline.ContextError(ctx)
		}
		select {
		case <-p.broken:
			return p.startErr
		default:
		}
	}
}

// succeed has s take a worker that has started.
func (p *Pool) succeed(s *slot, successor startup) {
	s.next = nil
	if successor.err != nil {
		return // counted in launch
	}
	s.worker = successor.worker
}

// Close lets no new task in, waits for those that run, and tells the workers to leave. What has not ended within the
// grace, at either step, is killed; its tasks end with [pipeline.ErrClosed]. When Close returns, no process and no
// goroutine of the pool is left. Calling it again waits for the first call. Its error is always nil.
func (p *Pool) Close() error {
	p.once.Do(p.close)
	return nil
}

func (p *Pool) close() {
	p.mu.Lock()
	close(p.closing)
	p.mu.Unlock()
	grace := time.AfterFunc(p.opts.Grace, p.end)
	p.inside.Wait()
	grace.Stop()
	p.end() // no task runs: this ends the starts that are on their way

	var group sync.WaitGroup
	for _, s := range p.free {
		group.Go(func() {
			if s.worker != nil {
				p.retire(s.worker)
			}
			if s.next != nil {
				if successor := <-s.next; successor.worker != nil {
					p.retire(successor.worker)
				}
			}
		})
	}
	group.Wait()
	p.helpers.Wait()
	close(p.starts)
	p.shared.close()
}

// retire ends an idle worker, and counts its peak memory before, since its end tells that only where it is above its
// parent's.
func (p *Pool) retire(w *worker) {
	peak := peakMemory(w.cmd.Process.Pid)
	p.mu.Lock()
	p.usage.MaxRSS = max(p.usage.MaxRSS, peak)
	p.mu.Unlock()
	w.retire(p.opts.Grace)
}

var _ pipeline.Executor = (*Pool)(nil)
