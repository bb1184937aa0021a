package procs

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"imgpipe/pipeline"
	"imgpipe/pipeline/wire"
	"imgpipe/transform"
)

// Everything in this file runs in the parent.

// farewell is how long a worker that closed its output, or answered before it had read its task, has to explain
// itself.
const farewell = time.Second

// What the pipe to a worker holds, where the system lets that be chosen. At 1 MiB a file of 3 MB goes over in 2.0 ms,
// at the 64 KiB that are usual in 3.2 ms (medians of 4, on a busy machine). Linux lets a user's pipes hold 64 MiB in
// sum and then makes them tiny, so that all of a pool's together stay well below.
const (
	maxPipe  = 1 << 20
	minPipe  = 64 << 10
	allPipes = 32 << 20
)

// A worker is one child process.
type worker struct {
	cmd    *exec.Cmd
	in     *os.File // its standard input
	out    *os.File // its standard output
	room   int      // bytes that in takes without blocking while no task is in it
	stderr *transcript
	floor  int64 // see peakAtEnd

	memoryKills int64         // what memoryKills said when it started
	shared      *sharedMemory // the pool's, where it can read that
	bounded     bool          // its memory has a bound

	isolation string // what it said it has given up
	born      time.Time
	gullible  bool // see Options

	// What follows belongs to the task that is to be written next: to the first of its slot, and from Pool.offer on
	// to the one behind it.
	writer wire.TaskWriter
	posted uint64 // how many tasks it was given

	// What follows belongs to the first of its slot.
	reader             wire.Reader
	answered           int
	stopped            bool          // it was killed for the sake of a task that it had answered by then
	busy               time.Duration // with its last image; 0 where it has not answered
	collected, counted time.Duration // of garbage collection: what it told last, and what of that is in Usage.GC

	dead      chan struct{} // closed when it has ended and was waited for
	kill      func()        // ends it, once; dead follows
	condemned atomic.Bool   // it was killed because it broke the rules
	crowded   atomic.Bool   // it was killed because it had too many threads
	halted    atomic.Bool   // it was found stopped when the time of its image was over
	stale     atomic.Bool   // there are tasks in its pipe that others do: it must end when it has answered the first
	unread    atomic.Int64  // bytes that were written and not answered
}

// spawn starts a process and waits for its HELO.
func (p *Pool) spawn() (*worker, error) {
	if p.life.Err() != nil {
		return nil, pipeline.ErrClosed
	}
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
		stderr: &transcript{also: p.opts.Stderr},
		dead:   make(chan struct{}),
		floor:  peakMemory(os.Getpid()),

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
	p.shared.give(w.cmd)
	tieToParent(w.cmd)
	w.kill = sync.OnceFunc(func() { w.cmd.Process.Kill() })
	request := startRequest{w.cmd, make(chan error, 1)}
	p.starts <- request
	err = <-request.started
	inR.Close()
	outW.Close()
	if err != nil {
		w.discard()
		return nil, err
	}
	p.born(w)
	go func() {
		w.cmd.Wait() // its error is in ProcessState
		p.buried(w)
		close(w.dead)
	}()

	ctx, cancel := pipeline.Bounded(p.life, p.opts.StartTimeout)
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

// isDead tells of a worker that has ended.
func (w *worker) isDead() bool {
	select {
	case <-w.dead:
		return true
	default:
		return false
	}
}

// A posting is a task that a worker was given and has not answered.
type posting struct {
	task   uint64
	start  time.Time
	bytes  int64      // in the pipe
	copies int64      // of which so many were copied, to here or to the pipe
	copied []byte     // the file in shared memory, where it was copied there for this
	wrote  chan error // gives how the writing ended; nil where it ended at once
	lost   bool       // that it failed, in line, where it ended at once
}

// post gives the worker a task, which may stand in line behind others. It waits for the worker only where that
// answers and does not read, and not for long. The error is that of a task that cannot be given to any.
func (w *worker) post(task transform.Task, inLine bool) (*posting, error) {
	sent := &posting{start: time.Now()}
	if _, shared := w.shared.offset(task.Data); !shared {
		sent.copies = int64(len(task.Data))
		if sent.copied = w.shared.put(task.Data, inLine); sent.copied != nil {
			task.Data = sent.copied
		}
	}
	data, region := task.Data, wire.Region{}
	if at, shared := w.shared.offset(data); shared {
		data, region = nil, wire.Region{At: uint64(at), Length: uint64(len(data))}
	}
	number, err := w.writer.Begin(task, region)
	if err != nil {
		w.shared.back(sent.copied)
		return nil, err
	}
	sent.task, w.posted = number, number
	sent.bytes = int64(w.writer.Buffered() + len(data))
	need := w.unread.Add(sent.bytes)
	if inLine {
		need += maxLine * 2 * int64(os.Getpagesize()) // a frame may begin and end in the middle of a page, of which the rest is lost
	}
	send := func() error {
		err := w.writer.Flush(data)
		if err != nil && !inLine {
			// It has ended, or no longer reads, in which case it might say nothing either.
			w.await()
		}
		return err
	}
	if need <= int64(w.room) {
		// A worker that answers without reading might block it all the same. It is condemned then, and what it said
		// before it ended will be read, and the end of it.
		w.in.SetWriteDeadline(time.Now().Add(farewell)) // an error would mean that the write ends
		sent.lost = send() != nil && inLine
	} else {
		// A worker that stops reading would block the write, so that its answer or death went unheard.
		w.in.SetWriteDeadline(time.Time{})
		if w.stale.Load() {
			w.in.SetWriteDeadline(time.Now()) // see disperse
		}
		sent.wrote = make(chan error, 1)
		go func() { sent.wrote <- send() }()
	}
	return sent, nil
}

// receive waits for the answer to a task. It does not return before it has let go of the task's data. over tells that
// ctx ended before there was an answer. Where the error is a *death, the worker has ended and must be replaced.
func (w *worker) receive(
	ctx, life context.Context, task transform.Task, sent *posting, cost *pipeline.Cost,
) (result transform.Result, over bool, err error) {
	w.answered++
	stop, stopLife := context.AfterFunc(ctx, w.outOfTime), context.AfterFunc(life, w.kill)
	done, f, err := w.answer(sent, task)
	w.busy = 0
	if err == nil { // else its times are nobody's, or a stranger's words
		w.busy, w.collected = done.Busy, max(w.collected, done.Collected)
	}
	// Both are called, whatever the first says. When one is too late, the kill is on its way or has been done: the
	// worker is condemned even where it has answered. An answer that came too late is not used, as it would not be a
	// moment before.
	stopped, stoppedLife := stop(), stopLife()
	if sent.wrote != nil {
		err = w.settle(sent, err)
	}
	if err != nil {
		return transform.Result{}, !stopped, w.bury(err)
	}
	w.unread.Add(-sent.bytes)
	if !stopped || !stoppedLife {
		w.stopped = true
		w.kill()
		<-w.dead
		w.discard()
	}
	cost.Handover += max(0, time.Since(sent.start)-done.Busy)
	cost.Copied += int64(len(f.Body)) + sent.copies
	if done.Failure.Need > 0 {
		w.busy = 0 // with its header alone
	}
	return done.Result, !stopped, done.Err(task.Grant)
}

// outOfTime ends a worker whose task is over. One that somebody has stopped has not worked on it.
func (w *worker) outOfTime() {
	if isStopped(w.cmd.Process.Pid) {
		w.halted.Store(true)
	}
	w.kill()
}

// answer reads the answer to a task.
func (w *worker) answer(sent *posting, task transform.Task) (done wire.Done, f wire.Frame, err error) {
	w.reader.Before = func(f wire.Frame, body uint64) error {
		if f.Parse(&done) != nil || done.Task != sent.task {
			return fmt.Errorf("%w: a %s frame where the answer to task %d was expected", wire.ErrFrame, f.Tag, sent.task)
		}
		if w.gullible {
			return nil
		}
		return believe(&done, task, body, time.Since(w.born))
	}
	if f, err = w.reader.Next(); err == nil {
		err = done.Unpack(f.Body)
	}
	if err == nil && !w.gullible {
		err = look(&done)
	}
	return done, f, err
}

// settle waits until a task is written no more, after an answer to it or what ended the wait for one, and gives what
// was wrong with either.
func (w *worker) settle(sent *posting, err error) error {
	if err == nil {
		late := time.AfterFunc(farewell, w.condemn)
		defer late.Stop()
		return <-sent.wrote
	}
	if broken(err) {
		w.condemn()
	}
	w.await()
	<-sent.wrote
	return err
}

// discard lets go of the pool's ends of the pipes of a worker that has ended, or was never started.
func (w *worker) discard() {
	w.in.Close()
	w.out.Close()
}

// retire tells an idle worker to leave, and ends it if it has not after grace.
func (w *worker) retire(grace time.Duration) {
	w.in.Close()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-w.dead:
	case <-timer.C:
		w.kill()
		<-w.dead
	}
	w.discard()
}
