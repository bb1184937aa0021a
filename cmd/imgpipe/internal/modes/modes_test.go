package modes

import (
	"slices"
	"strings"
	"testing"
)

// TestEveryModeIsComparable holds two lists together: a mode that is added to one must be added to the other.
func TestEveryModeIsComparable(t *testing.T) {
	all, compared := Names(), Comparable()
	slices.Sort(all)
	slices.Sort(compared)
	if !slices.Equal(all, compared) {
		t.Errorf("modes: %q; modes to compare: %q", all, compared)
	}
	for _, name := range Classic() {
		if !slices.Contains(all, name) {
			t.Errorf("%q is compared by default, and no mode", name)
		}
	}
}

func TestEveryModeSaysWhatItIsAndWhatItShows(t *testing.T) {
	for _, m := range All() {
		if m.Doc == "" || m.Shows == "" || strings.HasSuffix(m.Doc, ".") || strings.HasSuffix(m.Shows, ".") {
			t.Errorf("%s: %q, shows %q", m.Name, m.Doc, m.Shows)
		}
		if AllInWorkers(m.Name) && !Pooled(m.Name) {
			t.Errorf("%s has all images in workers, and no workers", m.Name)
		}
		if same := SameAs(m.Name); same != m.Name && Pooled(same) != Pooled(m.Name) {
			t.Errorf("%s runs as %s, and they differ in their workers", m.Name, same)
		}
	}
}

// TestContestantsAreUniqueRowsOfModesThatExist is what a comparison that takes them by name relies on.
func TestContestantsAreUniqueRowsOfModesThatExist(t *testing.T) {
	rows := map[string]bool{}
	for _, c := range Contestants() {
		if found, ok := ContestantNamed(c.Name); !ok || found.Doc != c.Doc || c.Doc == "" || len(c.Rows) == 0 {
			t.Errorf("%s: found %v, as %q", c.Name, ok, found.Doc)
		}
		for _, r := range c.Rows {
			if rows[r.Name] || !slices.Contains(Names(), r.Mode) {
				t.Errorf("%s: row %q of mode %q", c.Name, r.Name, r.Mode)
			}
			rows[r.Name] = true
			for _, e := range r.Env {
				if name, value, ok := strings.Cut(e, "="); !ok || name == "" || value == "" {
					t.Errorf("%s: row %q has %q in its environment, want KEY=value", c.Name, r.Name, e)
				}
			}
		}
	}
	for _, name := range append(Names(), Heaps) {
		if _, ok := ContestantNamed(name); !ok {
			t.Errorf("%s is no contestant", name)
		}
	}
	if _, ok := ContestantNamed("forks"); ok {
		t.Error("a contestant that does not exist was found")
	}
}
