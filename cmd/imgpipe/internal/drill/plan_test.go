package drill

import (
	"slices"
	"testing"
)

func TestPlanIsTheSameEverywhere(t *testing.T) {
	p := Plan{Seed: 7, Images: 1000, Kill: 0.02, Panic: 0.01, OOM: 0.0001, Net: 0.1, MaxKills: 15, DiskFull: 500}
	q, err := parsePlan(p.String())
	if err != nil || p != q {
		t.Errorf("parse %q: %+v, %v", p, q, err)
	}
	if !slices.Equal(p.Table(), q.Table()) {
		t.Error("two tables of one plan differ")
	}
	count := map[Fault]int{}
	for i := 1; i <= p.Images; i++ {
		count[p.Table().Of(i)]++
	}
	for f, want := range map[Fault]int{Kill: 15, Panic: 10, Hang: 0, OOM: 1, Net: 100} {
		if count[f] != want {
			t.Errorf("%d images get %s, want %d", count[f], f, want)
		}
	}
	q.Seed++
	if slices.Equal(p.Table(), q.Table()) {
		t.Error("another seed gives the same table")
	}
}

func TestImagesOutsideThePlanHaveNoFault(t *testing.T) {
	table := Plan{Seed: 1, Images: 3, Panic: 1}.Table()
	for _, i := range []int{-1, 0, 4} {
		if f := table.Of(i); f != None {
			t.Errorf("image %d, which does not exist, gets %s", i, f)
		}
	}
	for i := 1; i <= 3; i++ {
		if f := table.Of(i); f != Panic {
			t.Errorf("image %d gets %q, want %q", i, f, Panic)
		}
	}
}

func TestWhatIsNoPlanIsRefused(t *testing.T) {
	for _, bad := range []string{"x=1", "seed=-1", "panic=much", "images=100000000", "images=-1"} {
		if _, err := parsePlan(bad); err == nil {
			t.Errorf("%q is taken for a plan", bad)
		}
	}
}
