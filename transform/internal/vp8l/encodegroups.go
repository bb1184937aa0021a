package vp8l

import (
	"math"

	"imgpipe/transform/internal/codec"
)

// maxTiles is how many squares there are at most whose groups may differ, by effort, and leastTile how small they may
// be. More of them cost more than they save.
var (
	maxTiles  = [...]int{Fast: 256, Normal: 1024, High: 2600}
	leastTile = [...]int{Fast: 5, Normal: 4, High: 3}
)

// A clustering finds squares that can share a group of codes. It keeps its buffers.
type clustering struct {
	layout
	bits, wide, high int
	tiles            []uint16 // counts of each square, which stop at the largest number
	clusters         [][]uint32
	of               []uint16 // the cluster of each square
	prices           []uint32
}

func (c *clustering) tile(i int) []uint16 { return c.tiles[i*c.size():][:c.size()] }

// cluster sets c to the squares of a picture and the clusters that they are in.
func (c *clustering) cluster(w walker, l layout, effort Effort, stop codec.Stop) error {
	c.layout = l
	g := w.grid
	c.bits = leastTile[effort]
	for tiles(g.w, c.bits)*tiles(g.h, c.bits) > maxTiles[effort] && c.bits < 9 {
		c.bits++
	}
	c.wide, c.high = tiles(g.w, c.bits), tiles(g.h, c.bits)
	n := c.wide * c.high
	c.of = resized(c.of, n)
	clear(c.of)
	c.clusters = c.clusters[:0]
	if n == 1 || n > 4*maxTiles[High] {
		c.count(w, 1)
		return stop.Err()
	}
	c.tiles = resized(c.tiles, n*c.size())
	clear(c.tiles)
	for !w.done() {
		counts := c.tile(w.y>>c.bits*c.wide + w.x>>c.bits)
		t := w.next()
		for _, s := range t.symbols(&c.layout) {
			if counts[s] < math.MaxUint16 {
				counts[s]++
			}
		}
	}
	if err := stop.Err(); err != nil {
		return err
	}
	c.sort()
	for range 1 + int(effort) {
		c.gather()
		c.merge()
		if err := stop.Err(); err != nil {
			return err
		}
		c.assign()
	}
	c.gather()
	c.merge()
	return nil
}

// sort puts squares into one cluster whose green, red and blue are about as hard to encode.
func (c *clustering) sort() {
	const steps = 4
	n := c.wide * c.high
	cost := make([][3]uint64, n)
	var least, most [3]uint64
	counts := make([]uint32, c.size())
	for i := range n {
		for s, v := range c.tile(i) {
			counts[s] = uint32(v)
		}
		for k := range 3 {
			cost[i][k], _ = entropy(part(&c.layout, counts, k))
			if i == 0 {
				least[k], most[k] = cost[i][k], cost[i][k]
			}
			least[k], most[k] = min(least[k], cost[i][k]), max(most[k], cost[i][k])
		}
	}
	number := map[uint64]uint16{}
	for i := range n {
		bin := uint64(0)
		for k := range 3 {
			bin = bin*steps + (cost[i][k]-least[k])*steps/(most[k]-least[k]+1)
		}
		if _, known := number[bin]; !known {
			number[bin] = uint16(len(number))
		}
		c.of[i] = number[bin]
	}
	c.clusters = append(c.clusters, make([][]uint32, len(number))...)
}

// gather adds up the counts of each cluster, and drops those that are empty.
func (c *clustering) gather() {
	n := len(c.clusters)
	used := make([]bool, n)
	for _, k := range c.of {
		used[k] = true
	}
	place := make([]uint16, n)
	next := uint16(0)
	for k, u := range used {
		if place[k] = next; u {
			next++
		}
	}
	c.clusters = c.clusters[:next]
	for k := range c.clusters {
		c.clusters[k] = resized(c.clusters[k], c.size())
		clear(c.clusters[k])
	}
	for i, k := range c.of {
		k = place[k]
		c.of[i] = k
		to := c.clusters[k]
		for s, v := range c.tile(i) {
			to[s] += uint32(v)
		}
	}
}

// merge makes one cluster of two as long as that saves bits, those first that save most.
func (c *clustering) merge() {
	n := len(c.clusters)
	sum := make([]uint32, c.size())
	both := func(a, b int) uint64 {
		for s, v := range c.clusters[a] {
			sum[s] = v + c.clusters[b][s]
		}
		return c.cost(sum)
	}
	cost := make([]uint64, n)
	gain := make([][]int64, n) // of a and b, where a < b
	gone := make([]int, n)     // the cluster that it is part of, and one more
	for b := range n {
		cost[b] = c.cost(c.clusters[b])
		gain[b] = make([]int64, n)
		for a := range b {
			gain[a][b] = int64(cost[a]+cost[b]) - int64(both(a, b))
		}
	}
	for {
		x, y, most := 0, 0, int64(0)
		for b := range n {
			for a := range b {
				if gone[a] == 0 && gone[b] == 0 && gain[a][b] > most {
					x, y, most = a, b, gain[a][b]
				}
			}
		}
		if most == 0 {
			break
		}
		for s, v := range c.clusters[y] {
			c.clusters[x][s] += v
		}
		gone[y] = x + 1
		cost[x] = c.cost(c.clusters[x])
		for k := range n {
			if k != x && gone[k] == 0 {
				a, b := min(k, x), max(k, x)
				gain[a][b] = int64(cost[a]+cost[b]) - int64(both(a, b))
			}
		}
	}
	c.renumber(gone)
}

// renumber drops the clusters that are part of others.
func (c *clustering) renumber(gone []int) {
	place := make([]uint16, len(gone))
	kept := 0
	for k := range gone {
		if gone[k] == 0 {
			place[k] = uint16(kept)
			c.clusters[kept], c.clusters[k] = c.clusters[k], c.clusters[kept]
			kept++
		}
	}
	for i, k := range c.of {
		for gone[k] != 0 {
			k = uint16(gone[k] - 1)
		}
		c.of[i] = place[k]
	}
	c.clusters = c.clusters[:kept]
}

// assign puts each square into the cluster whose codes suit it best.
func (c *clustering) assign() {
	n, size := len(c.clusters), c.size()
	if n < 2 {
		return
	}
	// The prices of one symbol stand together.
	c.prices = resized(c.prices, n*size)
	table := make([]uint32, size)
	for k, counts := range c.clusters {
		for i := range 5 {
			costs(part(&c.layout, table, i), part(&c.layout, counts, i))
		}
		for s, v := range table {
			c.prices[s*n+k] = v
		}
	}
	sums := make([]uint64, n)
	for i := range c.of {
		clear(sums)
		for s, v := range c.tile(i) {
			if v > 0 {
				for k, price := range c.prices[s*n:][:n] {
					sums[k] += uint64(v) * uint64(price)
				}
			}
		}
		best := 0
		for k, sum := range sums {
			if sum < sums[best] {
				best = k
			}
		}
		c.of[i] = uint16(best)
	}
}

// count sets the counts of n clusters to those of all tokens.
func (c *clustering) count(w walker, n int) {
	for len(c.clusters) < n {
		c.clusters = append(c.clusters, nil)
	}
	for k := range n {
		c.clusters[k] = resized(c.clusters[k], c.size())
		clear(c.clusters[k])
	}
	for !w.done() {
		to := c.clusters[0]
		if n > 1 {
			to = c.clusters[c.of[w.y>>c.bits*c.wide+w.x>>c.bits]]
		}
		t := w.next()
		for _, s := range t.symbols(&c.layout) {
			to[s]++
		}
	}
}
