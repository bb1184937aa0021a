package resample

import (
	"math"
	"sync"
)

// Light is counted from 0 to lightFull, which is white. A step of a sample of 16 bits is 4.95 of these at the least,
// near black: so every level comes back from its light.
const (
	lightBits = 22
	lightFull = 1 << lightBits
)

// lightOf returns the light of a level from 0 to 1 of sRGB (IEC 61966-2-1). No result is so near to the middle between
// two that another machine's last digit of a power could decide: TestLightIsTheSameEverywhere.
func lightOf(v float64) int64 {
	if v <= 0.04045 {
		return int64(math.Round(v / 12.92 * lightFull))
	}
	return int64(math.Round(math.Pow((v+0.055)/1.055, 2.4) * lightFull))
}

// lights8 are the lights of the levels of 8 bits.
var lights8 = sync.OnceValue(func() *[256]int64 {
	var t [256]int64
	for i := range t {
		t[i] = lightOf(float64(i) / 255)
	}
	return &t
})

// levelDrop is how many bits of light the table of levels8 leaves out. The light of a level lies some 10 entries from
// that of its border at the least.
const levelDrop = 6

// levels8 has the nearest level of 8 bits for light, without its last levelDrop bits.
var levels8 = sync.OnceValue(func() *[lightFull>>levelDrop + 1]uint8 {
	var t [lightFull>>levelDrop + 1]uint8
	from := 0
	for level := range 256 {
		border := lightOf((float64(level) + 0.5) / 255)
		to := min(int((border+1<<(levelDrop-1))>>levelDrop), len(t))
		if level == 255 {
			to = len(t)
		}
		for i := from; i < to; i++ {
			t[i] = uint8(level)
		}
		from = to
	}
	return &t
})

// Light returns the light of a level of sRGB of 8 bits, as a part of a number that is the same for all: white's. Means
// of light are light again.
func Light(level uint8) uint64 { return uint64(lights8()[level]) }

// Level returns the level whose light is nearest.
func Level(light uint64) uint8 { return levels8()[light>>levelDrop] }

// light16 converts between levels of 16 bits and light.
type light16 struct {
	of [65536]uint32 // the light of each level; it grows with it
	// at has for the first light of each of its parts the highest level whose light is not above it. Within a part,
	// levels lie nearly on a line.
	at [lightFull>>partBits + 2]uint16
}

const partBits = 10

var lights16 = sync.OnceValue(func() *light16 {
	t := new(light16)
	for i := range t.of {
		t.of[i] = uint32(lightOf(float64(i) / 65535))
	}
	level := 0
	for i := range t.at {
		for level < 65535 && int(t.of[level+1]) <= i<<partBits {
			level++
		}
		t.at[i] = uint16(level)
	}
	return t
})

// level returns the level whose light is nearest to v, from 0 to lightFull; of two the lower.
func (t *light16) level(v uint32) uint16 {
	part := v >> partBits
	low, high := uint32(t.at[part]), uint32(t.at[part+1])
	level := low + (high-low)*(v&(1<<partBits-1))>>partBits
	for level > 0 && t.of[level] > v {
		level--
	}
	for level < 65535 && t.of[level+1] <= v {
		level++
	}
	if level < 65535 && t.of[level+1]-v < v-t.of[level] {
		level++
	}
	return uint16(level)
}
