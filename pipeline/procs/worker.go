package procs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"time"

	"imgpipe/pipeline"
	"imgpipe/pipeline/wire"
	"imgpipe/transform"
)

// Everything in this file runs in the parent: what it says to a worker, and hears.

// farewell is how long a worker that closed its output, or answered before it had read its task, has to explain
// itself.
const farewell = time.Second

// A worker is one child process.
type worker struct {
	cmd    *exec.Cmd
	in     *os.File // its standard input
	out    *os.File // its standard output
	room   int      // bytes that in takes without blocking while no task is in it
	stderr *transcript

	memoryKills int64         // what memoryKills returned when it started
	shared      *sharedMemory // the pool's, if it can read that
	bounded     bool          // its memory has a bound

	isolation string // what it said it has given up
	born      time.Time
	gullible  bool // see Options

	// What follows belongs to the call that writes its task next: slot.last, if that is set.
	writer wire.TaskWriter
	posted uint64 // how many tasks it was given

	// What follows belongs to the first of its slot.
	reader   wire.Reader
	heard    time.Time // when its last answer was read
	answered int
	busy     time.Duration // with its last image; 0 if it has not answered

	dead chan struct{} // closed when it has ended and was waited for
	kill func()        // ends it, once; dead follows

	condemned atomic.Pointer[string] // what it did, if it was killed for that
	halted    atomic.Bool            // it was found stopped when the time of its image was over
	stale     atomic.Bool            // tasks in its pipe are done elsewhere: it ends when it has answered the first
	unread    atomic.Int64           // bytes that were written and not answered
}

// isDead reports whether w has ended.
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
	task   uint64 // its number
	posted time.Time
	start  time.Time  // when the slot was its own
	bytes  int64      // in the pipe
	copies int64      // how many bytes of the file were copied, into shared memory or the pipe
	copied []byte     // the file in shared memory, if it was copied there for this
	wrote  chan error // gets how the writing ended; nil if that is known already
	lost   bool       // it is known, and failed, behind other tasks
}

// release waits until the task is written no more, and releases the memory that was taken for it. It is for a task that
// is done elsewhere.
func (sent *posting) release(shared *sharedMemory) {
	if sent.wrote != nil {
		<-sent.wrote
	}
	shared.release(sent.copied)
}

// post writes a task to the worker; behind reports that others are in its pipe. It blocks only if the worker answers
// without reading, and for a second at most. An error means that no worker could take the task.
func (w *worker) post(task transform.Task, behind bool) (*posting, error) {
	now := time.Now()
	sent := &posting{posted: now, start: now}
	at, shared := w.shared.offset(task.Data)
	if !shared {
		sent.copies = int64(len(task.Data))
		if sent.copied = w.shared.put(task.Data, behind); sent.copied != nil {
			task.Data = sent.copied
			at, shared = w.shared.offset(sent.copied)
		}
	}
	data, region := task.Data, wire.Region{}
	if shared {
		data, region = nil, wire.Region{At: uint64(at), Length: uint64(len(task.Data))}
	}
	number, err := w.writer.Begin(task, region)
	if err != nil {
		w.shared.release(sent.copied)
		return nil, err
	}
	sent.task, w.posted = number, number
	sent.bytes = int64(w.writer.Buffered() + len(data))
	need := w.unread.Add(sent.bytes)
	if behind { // a frame may begin and end in the middle of a page, whose rest is lost
		need += maxLine * 2 * int64(os.Getpagesize())
	}
	write := func() error {
		err := w.writer.Flush(data)
		if err != nil && !behind {
			// It has ended, or no longer reads, in which case it might say nothing either.
			w.await()
		}
		return err
	}
	if need <= int64(w.room) {
		// A worker that answers without reading might block it all the same. It is condemned then, and what it said
		// before it ended will be read, and the end of it.
		w.in.SetWriteDeadline(time.Now().Add(farewell)) // an error would mean that the write ends
		sent.lost = write() != nil && behind
	} else {
		// A worker that stops reading would block the write, so that its answer or death went unheard.
		w.in.SetWriteDeadline(time.Time{})
		if w.stale.Load() {
			w.in.SetWriteDeadline(time.Now()) // see queue.withdraw
		}
		sent.wrote = make(chan error, 1)
		go func() { sent.wrote <- write() }()
	}
	return sent, nil
}

// receive waits for the answer to a task. Nothing reads the task's data when it returns. over reports that ctx ended
// before there was an answer. If the error is a *death, the worker has ended and must be replaced.
func (w *worker) receive(
	ctx, life context.Context, task transform.Task, sent *posting, cost *pipeline.Cost,
) (result transform.Result, over bool, err error) {
	w.answered++
	stop, stopLife := context.AfterFunc(ctx, w.outOfTime), context.AfterFunc(life, w.kill)
	done, f, err := w.answer(sent, task)
	w.busy = 0
	if err == nil { // else its times are nobody's, or not to be believed
		w.busy = done.Busy
	}
	// Both are called, whatever the first returns. When one is too late, the kill is on its way or has been done: the
	// worker is ended even if it has answered. An answer that came too late is not used, as it would not be a moment
	// before.
	stopped, stoppedLife := stop(), stopLife()
	if sent.wrote != nil {
		err = w.settle(sent, err)
	}
	if err != nil {
		return transform.Result{}, !stopped, w.bury(err)
	}
	w.unread.Add(-sent.bytes)
	if !stopped || !stoppedLife {
		w.kill()
		<-w.dead
		w.close()
	}
	w.heard = time.Now()
	took := w.heard.Sub(sent.start)
	cost.Handover += max(0, took-done.Busy)
	work := done.Work.Within(time.Since(sent.posted)) // no worker has worked on it for longer
	cost.Work = cost.Work.Add(work)
	cost.Overlap += max(0, work.Wall-took)
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
			return fmt.Errorf("%w: a %s frame where the answer to task %d was expected",
				wire.ErrFrame, f.Tag, sent.task)
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

// settle waits until a task is written no more, after an answer to it or the error that ended the wait for one. It
// returns what was wrong with either.
func (w *worker) settle(sent *posting, err error) error {
	if err == nil {
		late := time.AfterFunc(farewell, func() { w.condemn(silent) })
		defer late.Stop()
		return <-sent.wrote
	}
	if broken(err) {
		w.condemn(err.Error())
	}
	w.await()
	<-sent.wrote
	return err
}

// retire orders an idle worker to leave, and kills it if it has not left after grace.
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
	w.close()
}

// close closes the pool's ends of the pipes of a worker that has ended, or was never started.
func (w *worker) close() {
	w.in.Close()
	w.out.Close()
}
