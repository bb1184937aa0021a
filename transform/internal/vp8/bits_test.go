package vp8

import (
	"math/rand/v2"
	"testing"
)

// Bits and tokens are read here bit by bit, as RFC 6386 has it.

// A plainReader reads bits as section 7.3 has it, a bit of the data at a time.
type plainReader struct {
	data         []byte
	value, width uint32
	bits         int // of the last of the two bytes in value, how many are used
	next         int // the byte to come
}

func newPlainReader(data []byte) *plainReader {
	r := &plainReader{data: data, width: 255}
	r.value = uint32(r.byte())<<8 | uint32(r.byte())
	return r
}

func (r *plainReader) byte() (b byte) {
	if r.next < len(r.data) {
		b = r.data[r.next]
	}
	r.next++
	return b
}

func (r *plainReader) bit(prob uint8) bool {
	split := 1 + (r.width-1)*uint32(prob)>>8
	one := r.value >= split<<8
	if one {
		r.value, r.width = r.value-split<<8, r.width-split
	} else {
		r.width = split
	}
	for r.width < 128 {
		r.value, r.width = r.value<<1, r.width<<1
		if r.bits++; r.bits == 8 {
			r.bits, r.value = 0, r.value|uint32(r.byte())
		}
	}
	return one
}

func (r *plainReader) toInt(prob uint8) int32 { return int32(toInt(r.bit(prob))) }

// block reads a block by the tree of tokens (section 13.2). It returns one more than the place of the last
// coefficient.
func (r *plainReader) block(probs *[8][3][11]uint8, context, first int, out *[16]int16) int {
	for n, ended := first, true; n < 16; n++ {
		p := &probs[bands[n]][context]
		if ended && !r.bit(p[0]) {
			return n * toInt(n > first)
		}
		if ended = r.bit(p[1]); !ended {
			context = 0
			continue
		}
		v := int32(1)
		context = 1
		if r.bit(p[2]) {
			context = 2
			switch {
			case !r.bit(p[3]):
				if v = 2; r.bit(p[4]) {
					v = 3 + r.toInt(p[5])
				}
			case !r.bit(p[6]):
				if !r.bit(p[7]) {
					v = 5 + r.toInt(159)
				} else {
					v = 7 + 2*r.toInt(165)
					v += r.toInt(145)
				}
			default:
				group := r.toInt(p[8])
				group = 2*group + r.toInt(p[9+group])
				v = 0
				for _, prob := range extraBits[group] {
					v = 2*v + r.toInt(prob)
				}
				v += 3 + 8<<group
			}
		}
		if r.bit(128) {
			v = -v
		}
		out[zigzag[n]] = int16(v)
	}
	return 16
}

// someProbs returns probabilities of tokens: those that files start with, or random ones.
func someProbs(r *rand.Rand) *[8][3][11]uint8 {
	probs := defaultProbs[r.IntN(4)]
	if r.IntN(2) > 0 {
		for i := range probs {
			for j := range probs[i] {
				for k := range probs[i][j] {
					probs[i][j][k] = uint8(r.Uint32() >> r.IntN(8))
				}
			}
		}
	}
	return &probs
}

// checkBlocks reads blocks until the data ends, by both readers and bit by bit, and compares them. It returns how many
// there were. Some probabilities make blocks of next to no bits: there are no more than 3000.
func checkBlocks(t *testing.T, data []byte, r *rand.Rand) int {
	t.Helper()
	if len(data) > 0 && data[0] == 255 {
		return 0 // the first range is 255 wide: there is no such partition, and what it says is anything
	}
	var fast, last boolReader
	fast.start(data)
	last.start(data)
	plain := newPlainReader(data)
	probs := someProbs(r)
	spread := spreadProbs(probs)
	for n := 0; ; n++ {
		context, first := r.IntN(3), r.IntN(2)
		if r.IntN(4) == 0 { // what stands between blocks
			if prob := uint8(r.Uint32()); fast.bit(prob) != last.bit(prob) {
				t.Fatalf("block %d: a bit before it differs", n)
			} else {
				plain.bit(prob)
			}
		}
		var a, b, want [16]int16
		ended := plain.block(probs, context, first, &want)
		na := readBlock(&fast, &spread, uint8(context), first, &a)
		nb := readLast(&last, &spread, uint8(context), first, &b)
		if fast.short != last.short {
			t.Fatalf("block %d: the data ends at different places", n)
		}
		// Bits behind the data are zeros, for all of them.
		if int(na) != ended || nb != na || a != b || a != want {
			t.Fatalf("block %d of %d bytes: %v up to %d, and %v up to %d, want %v up to %d",
				n, len(data), a, na, b, nb, want, ended)
		}
		if last.short || n == 3000 {
			return n
		}
	}
}

func TestBlocksAreReadAsBitByBit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 6))
	blocks := 0
	for range 300 {
		data := make([]byte, r.IntN(4000))
		for i := range data {
			data[i] = byte(r.Uint32() >> r.IntN(9))
		}
		blocks += checkBlocks(t, data, r)
	}
	if blocks < 20000 {
		t.Errorf("only %d blocks", blocks)
	}
}

// FuzzBlocks holds that blocks are read as bit by bit, whatever the data.
func FuzzBlocks(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 7))
	for n := range uint64(4) {
		data := make([]byte, 1000)
		for i := range data {
			data[i] = byte(r.Uint32() >> r.IntN(9))
		}
		f.Add(data, n)
	}
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		checkBlocks(t, data, rand.New(rand.NewPCG(seed, 8)))
	})
}
