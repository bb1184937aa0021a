package bench

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestEachContestantComesBeforeEachOtherEquallyOften(t *testing.T) {
	for n := 2; n <= mostBalanced; n++ {
		rows := n
		if n%2 == 1 {
			rows = 2 * n
		}
		for _, seed := range []uint32{0, 1, 7} {
			p := Plan{Configs: make([]Config, n), Seed: seed}
			for square := range 2 {
				next, before, places := map[[2]int]int{}, map[[2]int]int{}, map[[2]int]int{}
				for row := range rows {
					order := p.order(square*rows + row)
					for i, a := range order {
						places[[2]int{a, i}]++
						for j, b := range order[i+1:] {
							before[[2]int{a, b}]++
							if j == 0 {
								next[[2]int{a, b}]++
							}
						}
					}
				}
				for a := range n {
					for b := range n {
						if places[[2]int{a, b}] != rows/n {
							t.Fatalf("%d contestants: %d is %d times at place %d", n, a, places[[2]int{a, b}], b)
						}
						at, all := next[[2]int{a, b}], before[[2]int{a, b}]
						if a != b && (at != rows/n || all != rows/2) {
							t.Fatalf("%d contestants, square %d: %d follows %d %d times at once and %d times in all, "+
								"want %d and %d", n, square, b, a, at, all, rows/n, rows/2)
						}
					}
				}
			}
		}
	}
}

func TestEveryOrderHasEachRunningContestantOnceAndFollowsFromTheSeed(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		n := 1 + rng.IntN(14)
		p := Plan{Configs: make([]Config, n), Seed: rng.Uint32()}
		if n > 2 {
			p.Configs[1].SameAs = "another"
		}
		round := rng.IntN(60)
		order := p.order(round)
		if !slices.Equal(order, p.order(round)) {
			t.Fatal("the same seed orders a round in two ways")
		}
		slices.Sort(order)
		if !slices.Equal(order, p.running()) {
			t.Fatalf("round %d of %d contestants: %v", round, n, order)
		}
	}
}
