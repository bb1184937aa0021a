//go:build race

package icc

import "testing"

// notUnderRace skips a long test of what one goroutine does alone.
func notUnderRace(t *testing.T) {
	t.Helper()
	t.Skip("one goroutine does all of this: the race detector would only make it slow")
}
