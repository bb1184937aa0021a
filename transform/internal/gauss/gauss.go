// Package gauss softens planes with a Gaussian.
//
// Start with [Blur]. It does the columns of a row first, and then the row, four samples at a time: each has 16 bits of
// a word, and the weights of a kernel add up to 256. So the sum of a full kernel just fits, and one multiplication
// serves four samples. What rounding a weight costs is owed to the next, which keeps the sum.
//
// The package starts no goroutine and keeps no state.
package gauss

import (
	"encoding/binary"
	"math"

	"imgpipe/transform/internal/pixel"
)

// MaxSigma is the widest Gaussian that [Blur] can do. The weights of a wider one are too small for eight bits.
const MaxSigma = 4

// kernel holds half of the weights of a Gaussian, the middle one first. The middle one once and the others twice add up
// to one.
type kernel []uint64

const one = 256

// newKernel returns the weights for a standard deviation in samples. They end after three standard deviations, or where
// they round to nothing.
func newKernel(sigma float64) kernel {
	k := make(kernel, 1+int(math.Ceil(3*sigma)))
	at := func(i int) float64 { return math.Exp(-float64(i*i) / (2 * sigma * sigma)) }
	sum := at(0)
	for i := 1; i < len(k); i++ {
		sum += 2 * at(i)
	}
	left, owed := uint64(one), 0.0
	for i := len(k) - 1; i > 0; i-- {
		owed += at(i) / sum * one
		k[i] = uint64(math.Round(owed))
		owed -= float64(k[i])
		left -= 2 * k[i]
	}
	k[0] = left
	for len(k) > 1 && k[len(k)-1] == 0 {
		k = k[:len(k)-1]
	}
	return k
}

// Memory returns how many bytes Blur uses besides the two planes, for planes that are w samples wide.
func Memory(w int, sigma float64) int64 {
	r := int64(math.Ceil(3 * sigma))
	return (2*r + 7) * 8 * (int64(w)/4 + 2 + r/2)
}

const (
	half  = 0x0080008000800080 // of each of four results
	lower = 0x00ff00ff00ff00ff
)

// Blur writes src to dst, which has the same size and other memory, softened with a Gaussian of that standard deviation
// in samples, from 0 to MaxSigma. The outermost samples go on beyond the edges. It calls stopped for some rows, and
// returns false once that returns true; nil is never.
func Blur(dst, src pixel.Plane, sigma float64, stopped func() bool) bool {
	k := newKernel(sigma)
	r := len(k) - 1
	words, margin := (src.W+3)/4, (r+3)/4 // of a row, and of what goes on beyond its ends
	ring := make([][]uint64, 2*r+1)       // the rows of src that one of dst is made of
	for i := range ring {
		ring[i] = make([]uint64, words)
	}
	sums := make([]uint64, words)
	// Phase p of a line has its samples from number p on.
	var phases [4][]uint64
	for p := range phases {
		phases[p] = make([]uint64, words+2*margin+1)
	}
	row := func(d, y int) []uint64 { return ring[min(max(y+d, 0), src.H-1)%len(ring)] }
	line := func(d, _ int) []uint64 {
		at := 4*margin + d
		return phases[at&3][at>>2:][:words]
	}
	next := 0
	for y := range src.H {
		if y%64 == 0 && stopped != nil && stopped() {
			return false
		}
		for ; next < src.H && next <= y+r; next++ {
			widen(ring[next%len(ring)], src.Row(next))
		}
		k.sum(sums, row, y)
		for i, v := range sums {
			sums[i] = (v + half) >> 8 & lower
		}
		extend(&phases, sums, margin, src.W)
		k.sum(sums, line, y)
		narrow(dst.Row(y), sums)
	}
	return true
}

// widen makes words of samples, the last of which may be zeros.
func widen(to []uint64, from []byte) {
	for i := range to {
		if len(from) < 4 {
			var last [4]byte
			copy(last[:], from)
			from = last[:]
		}
		v := uint64(binary.LittleEndian.Uint32(from))
		v = (v | v<<16) & 0x0000ffff0000ffff
		to[i] = (v | v<<8) & lower
		from = from[4:]
	}
}

// narrow makes samples of sums.
func narrow(to []byte, sums []uint64) {
	for _, v := range sums {
		v = (v + half) >> 8 & lower
		v = (v | v>>8) & 0x0000ffff0000ffff
		v |= v >> 16
		if len(to) < 4 {
			for i := range to {
				to[i] = byte(v >> (8 * i))
			}
			return
		}
		binary.LittleEndian.PutUint32(to, uint32(v))
		to = to[4:]
	}
}

// extend makes the phases of a line of w samples, and repeats the first and the last beyond its ends.
func extend(phases *[4][]uint64, line []uint64, margin, w int) {
	const each = 0x0001000100010001
	whole := phases[0]
	first, n := line[0]&0xff*each, len(line)
	for i := range margin {
		whole[i] = first
	}
	copy(whole[margin:], line)
	end := margin + n - 1
	in := uint(w-1) % 4 // of the last sample in its word
	last := whole[end] >> (16 * in) & 0xff * each
	if in < 3 {
		keep := uint64(1)<<(16*(in+1)) - 1
		whole[end] = whole[end]&keep | last&^keep
	}
	for i := end + 1; i < len(whole); i++ {
		whole[i] = last
	}
	one, two, three := phases[1][:len(whole)], phases[2][:len(whole)], phases[3][:len(whole)]
	for i := range len(whole) - 1 {
		v, after := whole[i], whole[i+1]
		one[i] = v>>16 | after<<48
		two[i] = v>>32 | after<<32
		three[i] = v>>48 | after<<16
	}
}

// sum writes the weighted sums of words: those that at returns for 0 have the weight in the middle, those for −d and d
// another. It does two distances at a time, since reading a sum and writing it back takes as long as a distance.
func (k kernel) sum(to []uint64, at func(d, y int) []uint64, y int) {
	middle := at(0, y)[:len(to)]
	d := 1
	if len(k)%2 == 0 {
		before, behind := at(-1, y)[:len(to)], at(1, y)[:len(to)]
		g0, g1 := k[0], k[1]
		for i := range to {
			to[i] = g0*middle[i] + g1*(before[i]+behind[i])
		}
		d = 2
	} else {
		g0 := k[0]
		for i := range to {
			to[i] = g0 * middle[i]
		}
	}
	for ; d < len(k); d += 2 {
		before, behind, g := at(-d, y)[:len(to)], at(d, y)[:len(to)], k[d]
		before2, behind2, g2 := at(-d-1, y)[:len(to)], at(d+1, y)[:len(to)], k[d+1]
		for i := range to {
			to[i] += g*(before[i]+behind[i]) + g2*(before2[i]+behind2[i])
		}
	}
}
