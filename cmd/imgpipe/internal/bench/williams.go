package bench

import "math/rand/v2"

// mostBalanced is the most contestants whose order is balanced. A square has as many rounds as contestants, or twice as
// many if their number is odd: with more of them no comparison makes a whole one.
const mostBalanced = 10

// order returns the Configs of a round, those that count beginning with 0, in the order of their runs. A run is not
// independent of the one before it, which leaves warm caches and a busy disk. So each Config has to follow each other
// one equally often: rounds are rows of a Williams square (Williams, Australian Journal of Scientific Research 2,
// 1949). Whole squares follow one another, each with its rows and Configs shuffled anew, so that no rhythm of the
// machine fits them. With more than mostBalanced Configs each round is shuffled by itself.
func (p Plan) order(round int) []int {
	configs := p.running()
	n := len(configs)
	if n == 0 {
		return nil
	}
	rows := n
	if n%2 == 1 {
		rows = 2 * n
	}
	if n > mostBalanced {
		rows = 1
	}
	square, row := max(round, 0)/rows, max(round, 0)%rows
	rng := rand.New(rand.NewPCG(uint64(p.Seed), uint64(square)))
	rng.Shuffle(n, func(i, j int) { configs[i], configs[j] = configs[j], configs[i] })
	if n > mostBalanced {
		return configs
	}
	order := williams(n, rng.Perm(rows)[row])
	for i, c := range order {
		order[i] = configs[c]
	}
	return order
}

// williams returns a row of a Williams square of 0 to n−1. The square has n rows, or 2n if n is odd: the second half is
// the first one backwards. In all rows together each number follows each other equally often.
func williams(n, row int) []int {
	order := make([]int, n)
	for i := range order {
		step := (i + 1) / 2 // 0, 1, n−1, 2, n−2 and so on
		if i%2 == 0 {
			step = n - i/2
		}
		at := i
		if row >= n {
			at = n - 1 - i
		}
		order[at] = (step + row) % n
	}
	return order
}
