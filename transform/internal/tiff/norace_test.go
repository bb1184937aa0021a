//go:build !race

package tiff

import "testing"

func notUnderRace(*testing.T) {}
