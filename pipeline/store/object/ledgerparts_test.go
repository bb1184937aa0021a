package object

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
)

// TestPartsBelowOnePrefixAreTheWhole has machines do parts at the same time, and one do the whole later.
func TestPartsBelowOnePrefixAreTheWhole(t *testing.T) {
	eachServer(t, func(t *testing.T, endpoint string) {
		const items, parts = 11, 3
		var group sync.WaitGroup
		var done atomic.Int32
		for i := range parts {
			m := newMachine(t, endpoint)
			m.opts.Part = store.Part{Number: i + 1, Of: parts}
			group.Go(func() { done.Add(int32(m.run(items))) })
		}
		group.Wait()
		if done.Load() != items {
			t.Errorf("the parts did %d items, want %d", done.Load(), items)
		}
		again := newMachine(t, endpoint)
		again.opts.Part = store.Part{Number: 2, Of: 4} // of which other parts did all
		if n := again.run(items); n != 0 {
			t.Errorf("a part did %d items that others had done", n)
		}
		whole := newMachine(t, endpoint)
		for run := range 2 {
			if n := whole.run(items); n != 0 {
				t.Errorf("run %d of the whole did %d items that parts had done", run, n)
			}
			if lines := strings.Count(ledgerOf(t, endpoint), "\n"); lines != items {
				t.Errorf("run %d: the ledger has %d lines, want %d", run, lines, items)
			}
		}
		b := bucketAt(t, endpoint, "out")
		left, err := b.Parts(t.Context())
		if err != nil || slices.ContainsFunc(left, func(p store.Part) bool { return p.Of == parts }) {
			t.Errorf("of the parts there is left: %v, %v", left, err)
		}
		for i := range items {
			name := fmt.Sprintf("%03d.jpg", i)
			if c, err := b.Files().Digest(t.Context(), name); err != nil || c != contentOf(fmt.Sprint("picture ", i)) {
				t.Errorf("%s: %v", name, err)
			}
		}
		// A part keeps the whole out, and the whole each part.
		part := newMachine(t, endpoint)
		part.opts.Part = store.Part{Number: 1, Of: 2}
		for _, pair := range [][2]*machine{{part, whole}, {whole, part}} {
			first := pair[0].mustOpen()
			if _, err := pair[1].open(); pipeline.ClassOf(err) != pipeline.ClassLocked {
				t.Errorf("%v beside %v: %v", pair[1].opts.Part, pair[0].opts.Part, err)
			}
			if err := first.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}
