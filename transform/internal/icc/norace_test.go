//go:build !race

package icc

import "testing"

func notUnderRace(*testing.T) {}
