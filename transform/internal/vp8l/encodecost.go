package vp8l

import (
	"math"
	"math/bits"
	"sync"
)

// Costs are in bits with this many binary digits behind the point. They are whole numbers so that all machines decide
// alike.
const costDigits = 8

// logs has log2 of the numbers below 4096. makeLogs makes it, once: before the first picture, and not in a program that
// encodes none.
var logs [1 << 12]uint32

var makeLogs = sync.OnceFunc(func() {
	for i := 1; i < len(logs); i++ {
		logs[i] = uint32(math.Round(math.Log2(float64(i)) * (1 << costDigits)))
	}
})

// log2 returns the logarithm of n, which is at least 1.
func log2(n uint32) uint32 {
	if n < uint32(len(logs)) {
		return logs[n]
	}
	shift := bits.Len32(n) - 12
	return logs[n>>shift] + uint32(shift)<<costDigits
}

// entropy returns the cost of symbols as frequent as counts says in the best code for them, and how many differ.
func entropy(counts []uint32) (cost uint64, used int) {
	var total uint32
	for _, n := range counts {
		if n > 0 {
			total += n
			cost -= uint64(n) * uint64(log2(n))
			used++
		}
	}
	if used < 2 {
		return 0, used
	}
	return cost + uint64(total)*uint64(log2(total)), used
}

// codeCost estimates the cost of writing a code of so many symbols.
func codeCost(used int) uint64 {
	switch used {
	case 0:
		return 4 << costDigits
	case 1, 2:
		return uint64(4+8*used) << costDigits
	}
	return uint64(50+4*used) << costDigits
}

// costs sets table to the cost of each symbol in the best code for counts. A symbol that does not occur costs more
// than one that does.
func costs(table []uint32, counts []uint32) {
	var total uint32
	for _, n := range counts {
		total += n
	}
	whole := log2(max(total, 1))
	for i, n := range counts {
		if n > 0 {
			table[i] = whole - log2(n)
		} else {
			table[i] = whole + 5<<costDigits
		}
	}
}

// A layout says where the symbols of the five codes stand in one list: green, red, blue, alpha and distance.
type layout struct{ starts [6]int }

const (
	lengthCodes   = 24
	distanceCodes = 40
	greens        = 256 + lengthCodes
)

func newLayout(cached int) layout {
	g := greens + cached
	return layout{[6]int{0, g, g + 256, g + 512, g + 768, g + 768 + distanceCodes}}
}

// size returns the number of symbols.
func (l *layout) size() int { return l.starts[5] }

// part returns the symbols of code i.
func part[T any](l *layout, list []T, i int) []T { return list[l.starts[i]:l.starts[i+1]] }

// cost returns the cost of the symbols in counts and of their codes.
func (l *layout) cost(counts []uint32) (cost uint64) {
	for i := range 5 {
		c, used := entropy(part(l, counts, i))
		cost += c + codeCost(used)
	}
	return cost
}
