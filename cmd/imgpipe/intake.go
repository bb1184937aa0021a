package main

import (
	"context"
	"iter"
	"os"
	"sync"

	"imgpipe/fetch"
)

// An intake gives a run its items.
type intake struct {
	inputs fetch.Inputs
	ctx    context.Context
	cancel context.CancelFunc
	err    error // why the input ended early; to be read when the run has ended
}

func newIntake(ctx context.Context, inputs fetch.Inputs) *intake {
	in := &intake{inputs: inputs}
	in.ctx, in.cancel = context.WithCancel(ctx)
	return in
}

// close ends the input, also one that waits for standard input.
func (in *intake) close() { in.cancel() }

func (in *intake) items() iter.Seq[fetch.Item] {
	return func(yield func(fetch.Item) bool) {
		for item, err := range in.inputs.Items(in.ctx) {
			if err != nil {
				if in.ctx.Err() == nil {
					in.err = err
				}
				return
			}
			if !yield(item) {
				return
			}
		}
	}
}

// rereadable tells that lists can be read more than once: not standard input, nor a pipe.
func rereadable(lists []string) bool {
	for _, l := range lists {
		if info, err := os.Stat(l); l == "-" || err != nil || !info.Mode().IsRegular() {
			return false
		}
	}
	return true
}

// count tells the screen how many items there are, where the input can be read twice and there is a screen to tell. The run does not wait
// for it.
func (in *intake) count(f *runFlags, s *screen) *sync.WaitGroup {
	var counting sync.WaitGroup
	if f.quiet || f.progress == "none" || !rereadable(f.lists) {
		return &counting
	}
	counting.Go(func() {
		n := 0
		for _, err := range in.inputs.Items(in.ctx) {
			if err != nil {
				return
			}
			n++
		}
		s.expect(n)
	})
	return &counting
}
