package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"imgpipe/fetch"
	"imgpipe/pipeline/store"
)

// An originals has the files that --on-exist overwrite must not replace.
type originals struct {
	// inputs replace those of the flags: what could be read but once has been copied.
	inputs fetch.Inputs
	// files are the files that a run reads besides its inputs, such as a watermark. With --on-exist overwrite, which
	// alone replaces files that are not ours, they are the inputs as well.
	files *store.FileSet

	spooled string   // a folder with what could be read but once, or ""
	stdin   *os.File // what standard input held, or nil
}

// originals looks at all inputs before anything is begun, if files that are not ours may be replaced. Otherwise one
// item's output could take the place of another item's input, even of one whose turn comes later. It refuses inputs
// that lie in the output folder. A list that can be read but once is copied, and its inputs in the output folder fail
// when their turn comes.
func (f *runFlags) originals(stop *stopper, inputs fetch.Inputs) (*originals, error) {
	o := &originals{inputs: inputs}
	if f.output.remote() && f.output.onExist == store.Overwrite {
		if err := o.lookRemote(stop, f); err != nil {
			o.close()
			return nil, err
		}
		return o, nil
	}
	if _, err := os.Stat(f.output.dir); f.output.onExist != store.Overwrite || err != nil {
		return o, nil
	}
	before, err := store.Open(f.output.dir, store.Options{ReadOnly: true})
	if err != nil {
		return o, nil // the same error comes when it is opened for writing
	}
	defer before.Close()
	if err := o.look(stop, f, before); err != nil {
		o.close()
		return nil, err
	}
	return o, nil
}

// look goes through all inputs.
func (o *originals) look(stop *stopper, f *runFlags, before *store.Store) error {
	tree := store.NewTree(f.output.dir)
	ours := func(file string) bool { // an output of ours is passed over
		_, ours := before.Identify(file)
		return ours
	}
	lies := func(file string) error {
		if rel, inside := tree.Rel(file); inside && rel != "." {
			return fmt.Errorf("--on-exist overwrite: the input %q lies in the output folder, "+
				"and originals are never written over: expected another folder", file)
		}
		return nil
	}
	for _, arg := range f.input.args {
		if _, err := os.Stat(arg); err == nil && !ours(arg) {
			if err := lies(arg); err != nil {
				return err
			}
		}
	}
	again := rereadable(f.input.lists)
	if !again {
		if err := o.spool(stop.ctx, stop.atLast); err != nil {
			return err
		}
	}
	o.files = &store.FileSet{}
	for item, err := range withLeftOut(o.inputs, o.files.Add).Items(stop.ctx) {
		if err != nil || item.Err != nil || !item.Local() || ours(item.Source) {
			continue
		}
		if err := lies(item.Source); err != nil && again {
			return err
		}
		o.files.Add(item.Source)
	}
	return o.rewind()
}

// rewind has standard input, if it was copied, be read from its beginning.
func (o *originals) rewind() error {
	if o.stdin == nil {
		return nil
	}
	_, err := o.stdin.Seek(0, io.SeekStart)
	return err
}

// withLeftOut returns inputs that call add with each file that patterns leave out: it is an original all the same.
func withLeftOut(inputs fetch.Inputs, add func(file string)) fetch.Inputs {
	inputs.PassedOver = func(file, what string) {
		if what == fetch.ExcludedFiles || what == fetch.NotIncluded {
			add(file)
		}
	}
	return inputs
}

// reads adds further files that a run reads, such as those of operations. An output of ours may be one of them.
func (o *originals) reads(files []string) {
	for _, file := range files {
		if o.files == nil {
			o.files = &store.FileSet{}
		}
		o.files.Add(file)
	}
}

// spool copies lists that can be read but once. It calls atLast with a function that removes the copies, for a program
// that ends while a list blocks.
func (o *originals) spool(ctx context.Context, atLast func(func())) (err error) {
	dir, err := os.MkdirTemp("", "imgpipe-")
	if err != nil {
		return err
	}
	o.spooled = dir
	atLast(func() { os.RemoveAll(dir) })
	lists := make([]fetch.List, len(o.inputs.Lists))
	for i, l := range o.inputs.Lists {
		lists[i] = l
		if rereadable([]string{l.Path}) {
			continue
		}
		// The name stays, since it may tell the format.
		to := filepath.Join(dir, fmt.Sprint(i)+"-"+filepath.Base(l.Name()))
		err := keepList(ctx, l, o.inputs.Stdin, to)
		if err == nil && l.Stdin() {
			o.stdin, err = os.Open(to)
		}
		if err != nil {
			return fmt.Errorf("keep the list %q, which can be read but once: %w", l.Path, err)
		}
		if l.Stdin() {
			o.inputs.Stdin = o.stdin
		} else {
			lists[i].Path, lists[i].From = to, nil
		}
	}
	o.inputs.Lists = lists
	return nil
}

// close removes what spool wrote.
func (o *originals) close() {
	if o.spooled == "" {
		return
	}
	if o.stdin != nil {
		o.stdin.Close() // first, because Windows keeps what is open
	}
	os.RemoveAll(o.spooled)
}
