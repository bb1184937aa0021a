package bench

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"imgpipe/cmd/imgpipe/internal/modes"
)

// inTurn has the runs of a comparison do what the words say, one after another, and then the last of them.
func inTurn(words ...string) *Runner {
	made := 0
	return &Runner{Env: func(int) []string {
		made++
		return environment(words[min(made, len(words))-1])
	}}
}

func twoModes(runs int) Plan {
	return Plan{Configs: Grid([]string{modes.Serial, modes.Goroutines}, []int{2}, []int{4}), Runs: runs}
}

func TestAnImageThatFailsInSomeRunsIsLeftOutOfAll(t *testing.T) {
	for name, failing := range map[string]int{"in the first run": 0, "in the second run": 1, "in the last run": 3} {
		words := slices.Repeat([]string{"all=many"}, 4)
		words[failing] = "all=many,all=one fails"
		c, err := compareWith(t, t.Context(), "", inTurn(words...), twoModes(2))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := []LeftOut{{Source: "c", Class: "http-404", Runs: 1, Of: 4}}
		if !slices.Equal(c.LeftOut, want) || c.Common != 9 || len(c.Samples) != 4 || c.Different != "" {
			t.Errorf("%s: left out %+v, %d in common, %d runs, different %q", name, c.LeftOut, c.Common,
				len(c.Samples), c.Different)
		}
		for _, s := range c.Samples {
			if got, want := c.each(s.cpu(), &s), 1.0/9; got != want {
				t.Errorf("%s: %v of CPU for each image, want %v", name, got, want)
			}
		}
	}
}

func TestOtherBytesAreSeenBesideAnImageThatIsLeftOut(t *testing.T) {
	r := inTurn("all=many,all=one fails", "all=many,all=other bytes")
	_, err := compareWith(t, t.Context(), "", r, twoModes(2))
	if !errors.Is(err, ErrDifferent) || !strings.Contains(err.Error(), "trip/b.jpg is not the same in both: ") {
		t.Errorf("error %v, want one that names the file", err)
	}
}

func TestOtherBytesOfAnImageThatFailedFirstAreSeenLater(t *testing.T) {
	p := twoModes(2)
	p.Warmup = 1
	// It fails in the warm-up, which leaves nothing out.
	first := "all=many,all=one fails"
	r := inTurn(first, first, "all=many", "all=many,all=other c")
	if _, err := compareWith(t, t.Context(), "", r, p); !errors.Is(err, ErrDifferent) ||
		!strings.Contains(err.Error(), "c.jpg") {
		t.Errorf("error %v, want one that names c.jpg", err)
	}
}

func TestMoreThanAQuarterLeftOutEndsAComparison(t *testing.T) {
	c, err := compareWith(t, t.Context(), "", inTurn("", "all=one fails"), twoModes(2))
	if !errors.Is(err, ErrLeftOut) {
		t.Fatalf("error %v, want ErrLeftOut", err)
	}
	for _, part := range []string{"1 of 3", "http-404", `"c"`} {
		if !strings.Contains(c.Partial, part) {
			t.Errorf("%q does not say %s", c.Partial, part)
		}
	}
}

func TestAStageWithoutOutputsNamesWhatFailed(t *testing.T) {
	p := twoModes(2)
	p.Stage = StageFetch
	c, err := compareWith(t, t.Context(), "", inTurn("all=many", "all=many,all=one fails", "all=many"), p)
	if err != nil || len(c.LeftOut) != 1 || c.LeftOut[0].Source != "c" {
		t.Errorf("%v; left out %+v", err, c.LeftOut)
	}
}
