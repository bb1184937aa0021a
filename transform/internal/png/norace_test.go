//go:build !race

package png

import "testing"

func notUnderRace(*testing.T) {}
