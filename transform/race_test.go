//go:build race

package transform

// underRace reports that the race detector slows the tests down by some ten times, and makes pools forget.
const underRace = true
