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
	"imgpipe/pipeline/store"
)

// An intake reads the items of a run.
type intake struct {
	inputs fetch.Inputs
	heads  int // how many of the first bytes of a local file come with its item
	ctx    context.Context
	cancel context.CancelFunc
	// ours reports whether an item is an output of this run or of an earlier one, which is no input. Nil takes all.
	ours func(fetch.Item) bool
	// part is which items are taken. The others are passed, which their names depend on.
	part store.Part
	pass func(fetch.Item)
	// err is why the input ended early, passed what was passed over in folders, by kind. They may be read when the run
	// has ended.
	err    error
	passed map[string]passedOver
	// unmatched are the flags whose patterns had nothing, as they were given.
	unmatched []string
}

// A passedOver counts the entries of a kind that were passed over, and has the first of them.
type passedOver struct {
	count int
	first string
}

func newIntake(ctx context.Context, inputs fetch.Inputs, heads int) *intake {
	in := &intake{inputs: inputs, heads: heads, passed: map[string]passedOver{}}
	in.ctx, in.cancel = context.WithCancel(ctx)
	return in
}

// close ends the input, even while it waits for standard input.
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
	inputs.Unmatched = func(p fetch.Pattern, excludes bool) {
		flag := "--include"
		if excludes {
			flag = "--exclude"
		}
		in.unmatched = append(in.unmatched, fmt.Sprintf("%s %q", flag, p))
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
			// What was passed over has no index: an item's name must not depend on it.
			item.Index = index
			index++
			if !in.part.Has(item.Index) {
				in.pass(item)
				continue
			}
			if !yield(item) {
				return
			}
		}
	}
}

// passedOver returns what was passed over, for the report.
func (in *intake) passedOver() (all []summary.PassedOver) {
	for _, what := range slices.Sorted(maps.Keys(in.passed)) {
		all = append(all, summary.PassedOver{What: what, Count: in.passed[what].count, Example: in.passed[what].first})
	}
	return all
}

// notes returns what was passed over as lines for the screen, one for each kind, and which patterns had nothing.
func (in *intake) notes() (lines []string) {
	for _, what := range slices.Sorted(maps.Keys(in.passed)) {
		p := in.passed[what]
		why := "passed over " + what
		switch what {
		case fetch.ExcludedFiles:
			why = "files left out by --exclude"
		case fetch.ExcludedFolders:
			why = "folders left out by --exclude"
		case fetch.NotIncluded:
			why = "files left out, as no --include has them"
		case fetch.NoneIncluded:
			why = "folders left out, as no --include has anything in them"
		}
		lines = append(lines, fmt.Sprintf("note: %s: %d, such as %s", why, p.count, summary.Printable(p.first)))
	}
	for _, flag := range in.unmatched {
		lines = append(lines, fmt.Sprintf("note: %s matched nothing that would be taken", summary.Printable(flag)))
	}
	return lines
}

// rereadable reports whether lists can be read more than once, as standard input and pipes cannot.
func rereadable(lists []string) bool {
	for _, l := range lists {
		if info, err := os.Stat(l); (fetch.List{Path: l}).Stdin() || err != nil || !info.Mode().IsRegular() {
			return false
		}
	}
	return true
}

// count counts the items while the run goes on, and calls expect with their number. The inputs must be such as can be
// read twice. The caller waits for the result after it has called close.
func (in *intake) count(expect func(int)) *sync.WaitGroup {
	var counting sync.WaitGroup
	counting.Go(func() {
		index, n := 0, 0
		for item, err := range in.inputs.Items(in.ctx) {
			if err != nil {
				return
			}
			if in.ours != nil && in.ours(item) {
				continue
			}
			if in.part.Has(index) {
				n++
			}
			index++
		}
		expect(n)
	})
	return &counting
}
