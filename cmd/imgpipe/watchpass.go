package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/fetch"
	"imgpipe/pipeline"
)

// A watching is a watch under way: many passes over the same folders, each a run of the pipeline with what is whole.
type watching struct {
	f        *watchFlags
	r        *runner
	notices  *notices // nil if the system cannot watch
	whole    *wholes
	stopping chan struct{}

	end    *ending
	first  bool // pass
	absent bool // a folder is not there, and that was said
	// unpruned is why nothing was removed in the last pass, which was said; "" if nothing was in the way.
	unpruned string

	// A pass plans in one goroutine, and has outcomes in another. Guarded by mu, with whole.
	mu     sync.Mutex
	failed map[string]failedFile
	listed map[string]bool // inputs of this pass, and whether they could not be listed
	cut    bool            // items were under way at the end
}

// A failedFile is how an input has failed, and what it was then.
type failedFile struct {
	state   fileState
	outcome pipeline.Outcome
}

func newWatching(f *watchFlags, r *runner, n *notices) *watching {
	return &watching{f: f, r: r, notices: n, whole: newWholes(f.settle, time.Now, stateOf),
		stopping: make(chan struct{}), end: &ending{}, first: true, failed: map[string]failedFile{}}
}

// run goes on until it is asked to stop, and says how it has ended.
func (w *watching) run() error {
	r := w.r
	r.process.undo(pipeline.BoundHeap(w.f.exec.budget()))
	if modes.AllInWorkers(w.f.exec.mode) && r.exec.pool != nil {
		r.process.undo(r.exec.pool.Tune())
	}
	r.stop.work(func() { close(w.stopping) })
	takes := r.inputs.Extensions
	l := &watchLoop{
		folders: w.f.input.args, whole: w.whole, poll: w.f.poll, now: time.Now, sleep: w.sleep,
		removals: w.f.output.prune,
		enters:   func(folder string) bool { return isEntered(folder, w.f.output.dir) },
		wants:    func(name string) bool { return name[0] != '.' && takes.Has(name) },
		pass:     w.pass, say: r.screen.say,
	}
	if w.notices == nil {
		l.watch = func(string, func(string)) error { return errors.ErrUnsupported }
	} else {
		l.take = w.notices.take
		l.watch = func(folder string, found func(string)) error {
			return w.notices.tree(folder, l.enters, found)
		}
	}
	w.end.clock.begin()
	w.end.err = l.run()
	r.memory.Stop()
	r.stop.settle()
	w.end.interrupted = r.stop.asked()
	return w.finish()
}

// sleep waits on the real clock.
func (w *watching) sleep(until time.Time) wake {
	if w.r.stop.asked() != "" {
		return wakeStop
	}
	var due <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(time.Until(until))
		defer timer.Stop()
		due = timer.C
	}
	var bell chan struct{}
	if w.notices != nil {
		bell = w.notices.bell
	}
	select {
	case <-w.stopping:
		return wakeStop
	case <-w.r.stop.ctx.Done():
		return wakeStop
	case <-bell:
		return wakeEvent
	case <-due:
		return wakeDue
	}
}

// pass is a run of the pipeline over the folders as they are now.
func (w *watching) pass() (listed bool, err error) {
	r, ctx := w.r, w.r.stop.ctx
	if w.isAbsent() {
		return false, nil
	}
	if !w.first {
		if err := r.store.Anew(); err != nil {
			return false, err
		}
	}
	in := newIntake(ctx, r.inputs, r.store.Heads())
	defer in.close()
	in.ours = r.store.Wrote
	r.strays = w.f.pruner().after(r.strays)
	w.listed = map[string]bool{}
	done, failed := r.sum.Done, r.sum.Failed
	options := r.options(w.stopping, in)
	options.Store = watchStore{wordedStore{r.store}, w}
	options.Fetcher = steady{r.client}
	totals, err := pipeline.Run(ctx, r.counted(in.items()), options, w.outcome)
	w.end.in, w.end.totals = in, totals
	if flushed := r.store.Flush(); err == nil {
		err = flushed
	}
	if err == nil {
		err = in.err
	}
	end := *w.end
	end.err, end.interrupted = err, r.stop.asked()
	if r.strays != nil && end.interrupted == "" && err == nil {
		why := r.strays.partial(nil, nil, "")
		if why == "" || why != w.unpruned {
			err = r.prune(&end)
		}
		w.unpruned = why
	}
	r.sayWarnings()
	if err == nil && end.interrupted == "" {
		if w.first {
			r.store.Acquit()
		}
		if done, failed = r.sum.Done-done, r.sum.Failed-failed; w.first || done+failed > 0 {
			r.screen.say("watch: %d done, %d failed; waiting for files, Ctrl-C ends", done, failed)
		}
	}
	if err == nil && end.interrupted == "" {
		w.forget()
	}
	w.first = false
	return true, err
}

// forget drops what is known of files that are no longer among the inputs, once all of these were listed. Their folder
// may have been moved or removed, which nobody says of each file.
func (w *watching) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for path, f := range w.failed {
		bad, listed := w.listed[path]
		if !listed || f.outcome.Item.Err != nil && !bad { // what could not be listed can be now
			delete(w.failed, path)
		}
	}
	for path := range w.whole.known {
		if _, listed := w.listed[path]; !listed {
			delete(w.whole.known, path)
		}
	}
	w.listed = nil
}

// isAbsent reports whether a folder is not there. Then there is no pass: names depend on all folders.
func (w *watching) isAbsent() bool {
	args := w.f.input.args
	if len(folders(args)) == len(args) {
		w.absent = false
		return false
	}
	if !w.absent {
		w.r.screen.say("note: a folder is not there; nothing is done until it comes back")
	}
	w.absent = true
	return true
}

// outcome takes the outcome of one item. What was done before the watch counts once, and what waits does not.
func (w *watching) outcome(o pipeline.Outcome) {
	r := w.r
	r.underWay.Add(-1)
	r.strays.saw(o.Item)
	w.mu.Lock()
	defer w.mu.Unlock()
	o.Err = withFlag(o.Err)
	path := filepath.Clean(o.Item.Source)
	w.listed[path] = o.Item.Err != nil
	switch o.Status {
	case pipeline.Skipped:
		if !w.first || o.Why == whyPartial || o.Why == whyEmpty {
			return
		}
		r.left.add(o)
	case pipeline.Interrupted:
		if errors.Is(o.Err, errUnsteady) {
			w.whole.touched(path)
			return
		}
		w.cut = true
	case pipeline.Failed:
		w.failed[path] = failedFile{listedState(o.Item), o}
	case pipeline.Done:
		delete(w.failed, path)
	}
	r.sum.Add(o)
	r.screen.outcome(o)
	r.sides.saw(o.Item)
}

// listedState is the state of a file when it was listed.
func listedState(item fetch.Item) fileState {
	if item.Err != nil {
		return fileState{}
	}
	return fileState{item.Size, item.ModTime.UnixNano()}
}

// remaining returns the outcomes of the inputs that have failed, are there and were not changed since.
func (w *watching) remaining() (all []pipeline.Outcome) {
	for path, f := range w.failed {
		if state, there := stateOf(path); f.outcome.Item.Err != nil || there && state == f.state {
			all = append(all, f.outcome)
		}
	}
	slices.SortFunc(all, func(a, b pipeline.Outcome) int { return a.Item.Index - b.Item.Index })
	return all
}

// finish says how the watch has ended. Its error has the exit status.
func (w *watching) finish() error {
	r, f, end := w.r, w.f, w.end
	if err := r.exec.Close(); err != nil {
		r.screen.say("note: %v", err)
	}
	r.apart.Close() // its error is always nil
	r.screen.close()
	left := w.remaining()
	for _, o := range left {
		if err := r.failed.add(o); err != nil {
			break // close says so
		}
	}
	interrupted := ""
	if w.cut {
		interrupted = end.interrupted
	}
	end.totals = pipeline.Totals{Failed: len(left) + r.left.count}
	if errors.Is(end.err, errInterrupted) {
		end.err = nil // it was asked to stop
	}
	r.sum.FailedBefore = r.left.count
	err := errors.Join(f.verdict(end.err, nil, end.totals, interrupted), asCouldNotRun(r.failed.close()))
	r.spent(end)
	r.ended(err)
	if !f.tell.quiet {
		r.sum.WriteText(r.stderr)
	}
	r.left.say(r.stderr)
	r.sum.Written = time.Since(end.clock.stopped).Seconds()
	return errors.Join(err, asCouldNotRun(r.writeReport()))
}

// Why an item waits in a pass.
const (
	whyPartial = "it may not be whole yet"
	whyEmpty   = "no image is there yet"
	whyFailed  = "it failed, and was not changed since"
)

// A watchStore leaves out what is not whole, and what has failed and was not changed. All of that has its name: names
// are those of a run that finds all whole.
type watchStore struct {
	wordedStore
	w *watching
}

// Plan is that of the store, but for what waits.
func (s watchStore) Plan(item fetch.Item) (pipeline.Place, error) {
	named := func(arg string) bool { return filepath.Clean(arg) == filepath.Clean(item.Source) }
	if item.Err != nil && pipeline.ClassOf(item.Err) == fetch.ClassNotFound &&
		slices.ContainsFunc(s.w.f.input.args, named) {
		return unwritten{Why: whyEmpty}, nil
	}
	p, err := s.wordedStore.Plan(item)
	if err == nil && p.Skip().Why != "" {
		return p, nil
	}
	if why := s.w.waits(item); why != "" {
		return unwritten{Why: why}, nil
	}
	return p, err
}

// waits returns why an item is not to be done now; "" if it is.
func (w *watching) waits(item fetch.Item) string {
	path, state := filepath.Clean(item.Source), listedState(item)
	w.mu.Lock()
	defer w.mu.Unlock()
	if item.Err == nil && !w.whole.whole(path, state) {
		return whyPartial
	}
	if f, failed := w.failed[path]; failed && f.state == state {
		return whyFailed
	}
	return ""
}

// errUnsteady is the error of a file that was written to after it was listed. It is no failure: the file is taken when
// it is whole.
var errUnsteady = fmt.Errorf("the file was written to after it was listed: %w", fetch.ErrFinished)

// A steady fetches a file only if it is the one that was listed.
type steady struct{ *fetch.Client }

// Fetch is that of the client.
func (s steady) Fetch(ctx context.Context, item fetch.Item, room fetch.Room) (fetch.Body, error) {
	body, err := s.Client.Fetch(ctx, item, room)
	if err != nil {
		return body, err
	}
	// The client has seen to it that the file did not change while it was read.
	if now, there := stateOf(item.Source); !there || now != listedState(item) || int64(len(body.Data)) != item.Size {
		if body.Release != nil {
			body.Release()
		}
		return fetch.Body{}, errUnsteady
	}
	return body, nil
}
