package store

import (
	"fmt"
	"maps"
	"testing"
)

// TestPlanBegunAnewIsThatOfAnotherRun: names, what is done and what is made are those of a Store that is opened again.
func TestPlanBegunAnewIsThatOfAnotherRun(t *testing.T) {
	rounds := [][]string{{"b.jpg", "d/b.jpg"}, {"b.jpg", "c.jpg", "d/b.jpg"}, {"a.jpg", "d/b.jpg"}, {"a.jpg", "b.jpg"}}
	photos := t.TempDir()
	for _, names := range rounds {
		for _, name := range names {
			write(t, photos, map[string]string{name: jpegOf(name)})
		}
	}
	opts := Options{Name: "{stem}.{ext}"} // which two of them have
	again, once := t.TempDir(), t.TempDir()
	long := open(t, once, opts)
	for i, names := range rounds {
		s := open(t, again, opts)
		outputsOf(t, s, photos, names...)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			if err := long.Anew(); err != nil {
				t.Fatal(err)
			}
		}
		outputsOf(t, long, photos, names...)
		if got, want := tree(t, once), tree(t, again); !maps.Equal(got, want) || len(want) < 2 {
			t.Errorf("round %d\n got %q\nwant %q", i, fmt.Sprint(got), fmt.Sprint(want))
		}
	}
}
