package modes

import (
	"slices"
	"testing"
)

// TestEveryModeButAutoIsComparable holds two lists together: a mode that is added to one must be added to the other.
func TestEveryModeButAutoIsComparable(t *testing.T) {
	all := slices.DeleteFunc(Names(), func(name string) bool { return name == Auto })
	compared := Comparable()
	slices.Sort(all)
	slices.Sort(compared)
	if !slices.Equal(all, compared) {
		t.Errorf("modes but auto: %q; modes to compare: %q", all, compared)
	}
}
