package main

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"os"
	"slices"
	"sync"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/fetch"
)

// An intake has the items of a run, each with so many of its first bytes.
type intake struct {
	inputs fetch.Inputs
	heads  int
	ctx    context.Context
	cancel context.CancelFunc
	// ours, where set, reports whether an item is what the run or an earlier one wrote, which is no input.
	ours func(fetch.Item) bool
	// To be read when the run has ended: why the input ended early, and what was passed over in folders, by kind.
	err    error
	passed map[string]passedOver
}

// A passedOver is how many entries of a kind were passed over, and the first.
type passedOver struct {
	count int
	first string
}

func newIntake(ctx context.Context, inputs fetch.Inputs, heads int) *intake {
	in := &intake{inputs: inputs, heads: heads, passed: map[string]passedOver{}}
	in.ctx, in.cancel = context.WithCancel(ctx)
	return in
}

// close ends the input, also one that waits for standard input.
func (in *intake) close() { in.cancel() }

func (in *intake) items() iter.Seq[fetch.Item] {
	inputs := in.inputs
	inputs.Heads = in.heads
	inputs.PassedOver = func(path, what string) {
		p := in.passed[what]
		if p.count == 0 {
			p.first = path
		}
		p.count++
		in.passed[what] = p
	}
	return func(yield func(fetch.Item) bool) {
		index := 0
		for item, err := range inputs.Items(in.ctx) {
			if err != nil {
				if in.ctx.Err() == nil {
					in.err = err
				}
				return
			}
			if in.ours != nil && in.ours(item) {
				inputs.PassedOver(item.Source, "outputs of this folder")
				continue
			}
			// A name must not depend on how much of what lies between the inputs was passed over.
			item.Index = index
			index++
			if !yield(item) {
				return
			}
		}
	}
}

// passedOver is what was passed over, for the report.
func (in *intake) passedOver() (all []summary.PassedOver) {
	for _, what := range slices.Sorted(maps.Keys(in.passed)) {
		all = append(all, summary.PassedOver{What: what, Count: in.passed[what].count, Example: in.passed[what].first})
	}
	return all
}

// notes says what was passed over, a line for each kind.
func (in *intake) notes() (lines []string) {
	for _, what := range slices.Sorted(maps.Keys(in.passed)) {
		p := in.passed[what]
		lines = append(lines, fmt.Sprintf("note: passed over %s: %d, such as %s", what, p.count, summary.Printable(p.first)))
	}
	return lines
}

// rereadable reports whether lists can be read more than once: not standard input, nor a pipe.
func rereadable(lists []string) bool {
	for _, l := range lists {
		if info, err := os.Stat(l); (fetch.List{Path: l}).Stdin() || err != nil || !info.Mode().IsRegular() {
			return false
		}
	}
	return true
}

// count tells the screen how many items there are, where the input can be read twice and there is a screen to tell. The run does not wait
// for it.
func (in *intake) count(f *runFlags, s *screen) *sync.WaitGroup {
	var counting sync.WaitGroup
	if f.quiet || f.progress == progressNone || !rereadable(f.lists) {
		return &counting
	}
	counting.Go(func() {
		n := 0
		for item, err := range in.inputs.Items(in.ctx) {
			if err != nil {
				return
			}
			if in.ours == nil || !in.ours(item) {
				n++
			}
		}
		s.expect(n)
	})
	return &counting
}
