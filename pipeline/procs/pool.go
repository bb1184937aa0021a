package procs

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"imgpipe/pipeline"
	"imgpipe/pipeline/executor"
	"imgpipe/transform"
)

// Everything in this file runs in the parent.

const (
	triesGuilty   = 2 // of an image that crashes its worker
	triesInnocent = 5 // of an image whose worker was killed from outside
)

// A Pool is a [pipeline.Executor] of worker processes. It is safe for use by many goroutines. Make one with [New]; it
// must be closed.
type Pool struct {
	opts   Options
	env    []string
	shared *sharedMemory // with all workers; nil where there is none

	inside  sync.WaitGroup  // the calls that were let in
	closing chan struct{}   // closed by the first Close, with mu held: no new call is let in
	broken  chan struct{}   // closed when startErr is set
	life    context.Context // ends when what still runs is to be killed
	end     context.CancelFunc
	starts  chan startRequest
	helpers sync.WaitGroup // goroutines that start or retire workers; begun only by the first call of a slot
	once    sync.Once

	mu       sync.Mutex
	queue    // of calls and slots: see there
	live     map[*worker]bool
	failed   int // starts since the last HELO
	killed   int // the same, of starts that were killed from outside
	startErr *StartError
	usage    Usage
	died     int // workers that ended with another status than 0
}

// New makes a pool. It starts no process unless opts.Prestart is set. It is an error in a process that is itself a
// worker, since its main should have called [Main]. A program that does nothing but feed the pool should call
// [Pool.Tune] next.
func New(opts Options) (*Pool, error) {
	if os.Getenv(cookieName) == cookie {
		return nil, errors.New("make a pool of workers: this process is itself a worker: " +
			"expected its main to begin with procs.IsWorker and procs.Main")
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
	if !opts.Pipes {
		p.shared = newShared(opts.Workers, ahead, opts.Shared)
	}
	p.life, p.end = context.WithCancel(context.Background())
	// GORACE: a program built with the race detector otherwise sleeps for a second when it leaves.
	race := strings.TrimSpace(os.Getenv("GORACE") + " atexit_sleep_ms=0")
	p.env = slices.Concat(inherited(), []string{"GOMAXPROCS=1", "GORACE=" + race, cookieName + "=" + cookie,
		isolateName + "=" + string(opts.Isolate),
		memoryName + "=" + strconv.FormatInt(opts.WorkerMemory, 10)}, opts.Env)
	if opts.Measured {
		p.env = append(p.env, measuredName+"=1")
	}
	go p.starter()
	if threads(os.Getpid()) > 0 { // if the system says
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

// inherited returns what a worker gets of this process's environment: what the Go runtime reads, and Windows. The
// rest is not for code that decodes untrusted files: there may be secrets in it.
func inherited() []string {
	var env []string
	for _, name := range []string{"GODEBUG", "GOGC", "GOMEMLIMIT", "GOTRACEBACK", "GOCOVERDIR", "SYSTEMROOT"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// enter counts a call in, unless Close has been called.
func (p *Pool) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.closing:
		return false
	default:
		p.inside.Add(1)
		return true
	}
}

// Do runs one task in a worker, as [pipeline.Executor] says. An image whose workers died fails with class
// "worker-killed" or "out-of-memory"; one whose workers did not answer as sound workers do, with "worker-answer". A
// [StartError] is the end of the pool. The outputs of a Result share memory.
func (p *Pool) Do(ctx context.Context, task transform.Task) (transform.Result, pipeline.Cost, error) {
	var cost pipeline.Cost
	if !p.enter() {
		return transform.Result{}, cost, pipeline.ErrClosed
	}
	defer p.inside.Done()
	c, sent, err := p.turn(ctx, task, &cost)
	if err != nil {
		return transform.Result{}, cost, err
	}
	defer p.pass(c)
	for s := c.slot; ; {
		if sent == nil {
			if sent, err = p.send(ctx, c, task, &cost); err != nil {
				return transform.Result{}, cost, err
			}
		}
		if p.opts.Recycle > 0 && s.worker.answered+1 >= p.opts.Recycle && s.next == nil && !p.opts.OnDemand {
			p.launch(s) // beside the last image of this one
		}
		worker := s.worker
		bounded, cancel := executor.Bounded(ctx, task.Limits.Time)
		result, over, err := worker.receive(bounded, p.life, task, sent, &cost)
		cancel()
		p.shared.release(sent.copied)
		sent = nil
		p.account(worker)
		if worker.isDead() {
			p.scatter(s)
		}
		p.dismiss(s)
		d, died := errors.AsType[*death](err)
		switch {
		case over && worker.halted.Load() && ctx.Err() == nil && cost.Attempts < triesGuilty:
			// The time of another try begins.
		case over:
			return transform.Result{}, cost, executor.ContextError(bounded)
		case !died:
			return result, cost, err
		case p.life.Err() != nil:
			return transform.Result{}, cost, pipeline.ErrClosed
		case cost.Attempts >= triesInnocent, cost.Attempts >= triesGuilty && !d.innocent:
			return transform.Result{}, cost, d.failure(cost.Attempts)
		}
	}
}

// send has the worker of c's slot, which c is the first of, take the task.
func (p *Pool) send(ctx context.Context, c *call, task transform.Task, cost *pipeline.Cost) (*posting, error) {
	if err := p.ready(ctx, c.slot, cost); err != nil {
		return nil, err
	}
	cost.Attempts++
	worker := c.slot.worker
	worker.stderr.reset()
	sent, err := worker.post(task, false)
	if err == nil && sent.wrote == nil {
		p.written(c, worker)
	}
	return sent, err
}

// Get returns n bytes that the workers can read, or nil if there are none left. On Linux there are segments of 16 MiB
// for two images of each worker, for those that may be in line and for sixteen downloads, as far as Options.Shared
// allows. A file that is read into them goes to a worker without being copied. Put takes them back.
func (p *Pool) Get(n int) []byte { return p.shared.get(n) }

// Put takes back what Get returned, when nobody reads it any more; that may be after Close. It reports whether b came
// from Get.
func (p *Pool) Put(b []byte) bool { return p.shared.release(b) }

// Width is how many tasks are worked on at once.
func (p *Pool) Width() int { return p.opts.Workers }

// Ahead is how many more tasks can be under way: one in line at each worker while as many wait for the slot that is
// free first, and more small ones in line.
func (p *Pool) Ahead() pipeline.Ahead {
	if !p.opts.Ahead || p.shared == nil {
		return pipeline.Ahead{}
	}
	return pipeline.Ahead{Tasks: 2 * p.opts.Workers, Small: (maxLine - 2) * p.opts.Workers, Bytes: maxSmall}
}

// Isolation returns in a few words what the workers have given up, such as "no files, no network, no programs
// (landlock, seccomp)". It asks a worker, which is started if need be and is then ready for a task. The error is that
// of a Do that finds no worker.
func (p *Pool) Isolation(ctx context.Context) (string, error) {
	if !p.enter() {
		return "", pipeline.ErrClosed
	}
	defer p.inside.Done()
	c := newCall(false, false, false)
	if _, err := p.wait(ctx, c); err != nil {
		return "", err
	}
	defer p.pass(c)
	var cost pipeline.Cost
	if err := p.ready(ctx, c.slot, &cost); err != nil {
		return "", err
	}
	return c.slot.worker.isolation, nil
}

// Close lets no new task in, waits for those that run, and orders the workers to leave. What has not ended within
// Options.Grace, at either step, is killed; its tasks end with [pipeline.ErrClosed]. When Close returns, no process and
// no goroutine of the pool is left. Calling it again waits for the first call. Its error is always nil.
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
				s.worker.retire(p.opts.Grace)
			}
			if s.next != nil {
				if started := <-s.next; started.worker != nil {
					started.worker.retire(p.opts.Grace)
				}
			}
		})
	}
	group.Wait()
	p.helpers.Wait()
	close(p.starts)
	p.shared.close()
}

var _ pipeline.Executor = (*Pool)(nil)
