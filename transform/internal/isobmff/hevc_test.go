package isobmff

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// parameters is how a sequence parameter set of the main profile begins.
var parameters = nums(4, 0x42010103, 4, 0x70000003, 4, 0x00000003, 4, 0x00000003, 4, 0x00001eb0)

// TestParameterSetsOfAnyBytesAreReadOrRefused has mutants of a set, and random bytes.
func TestParameterSetsOfAnyBytesAreReadOrRefused(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		set := bytes.Clone(parameters)
		for range 1 + r.IntN(30) {
			set = append(set, byte(r.Uint32()))
		}
		set[r.IntN(len(set))] = byte(r.Uint32())
		if s, ok := readSequence(set[:r.IntN(len(set)+1)]); ok && (s.w <= 0 || s.h <= 0) {
			t.Errorf("%d x %d", s.w, s.h)
		}
	}
}
