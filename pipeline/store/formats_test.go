package store

import (
	"fmt"
	"slices"
	"testing"

	"imgpipe/fetch"
	"imgpipe/transform"
)

// TestNamesAvoidEachOtherInAnyNumberOfFormats has more formats than a formatSet has bits.
func TestNamesAvoidEachOtherInAnyNumberOfFormats(t *testing.T) {
	before := formats
	defer func() { formats, formatBits = before, bitsOf(before) }()
	formats = slices.Clone(formats)
	for len(formats) < 40 {
		formats = append(formats, transform.Format(fmt.Sprintf("f%d", len(formats))))
	}
	formatBits = bitsOf(formats)
	n := newNamer(t, NameOptions{})
	taken := map[string]bool{}
	for i, f := range append(slices.Clone(formats), formats...) {
		name, err := n.Plan(Subject{Item: fetch.Item{Index: i, Source: "a.x"}, Formats: of(f)})
		if err != nil {
			t.Fatal(err)
		}
		if p := name.Path(transform.Output{Format: f}); taken[p] {
			t.Errorf("item %d gets %s, which another has", i, p)
		} else {
			taken[p] = true
		}
	}
	for _, p := range []string{"a.jpg", "a.png", "a.f30"} { // formats with a bit of their own need no suffix
		if !taken[p] {
			t.Errorf("no item has %s", p)
		}
	}
}

// of returns the formats of outputs that have one; none for "".
func of(f transform.Format) []transform.Format {
	if f == "" {
		return nil
	}
	return []transform.Format{f}
}
