//go:build race

package bench

// slowed is how many times fewer seeds the tests take: the race detector makes a program five to ten times slower.
const slowed = 40
