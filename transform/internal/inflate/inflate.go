// Package inflate unpacks zlib streams (RFC 1950, RFC 1951) piece by piece, in half of compress/zlib's time.
//
// Start with [Reader.Start] and [Reader.Take].
//
//	pieces -> 32 KiB of input -> one or two symbols for a look-up -> a window of 32 KiB, and bytes ahead of it -> bytes
//
// It never returns a byte that the stream does not hold, starts no goroutine, and keeps no state but the buffers of a
// [Reader].
package inflate

import (
	"encoding/binary"
	"errors"
	"hash"
	"hash/adler32"
)

const (
	windowSize = 32 << 10 // how far back a match can be (RFC 1951, section 2)
	inputSize  = 32 << 10
	ahead      = 96 << 10 // what is unpacked at once, besides a row
	slack      = 320      // a match, and what its copy writes past it
	near       = 16       // how many bytes a round of codes may look at: two words
)

// Errors of streams that end too early, are damaged, or go on where Finish expects their end. A stream that is cut off
// is a codec.ErrCut.
var (
	ErrFew      = errors.New("there are fewer pixels than the header names")
	ErrDamaged  = errors.New("the compressed pixels are damaged")
	ErrChecksum = errors.New("the checksum of the pixels is wrong")
	ErrTooMuch  = errors.New("there are more pixels than the header names")
)

// A Reader unpacks one stream after another. The zero value is ready for Start. It keeps its buffers; it is not for
// concurrent use. Bits are taken from a 64-bit word that is filled without a test for the end. Only the last bytes of a
// stream are decoded with such tests, code by code, so that everything before a break is unpacked.
type Reader struct {
	// Unchecked leaves the checksum out. Then Finish must not be called.
	Unchecked bool

	piece func() ([]byte, error) // the next piece of the stream, nil at its end
	rest  []byte                 // of a piece

	in       [inputSize]byte
	pos, end int
	over     bool // there is no more than in[:end]
	acc      uint64
	n        uint // how many bits acc has

	out   []byte
	r, w  int   // what was taken, and what is unpacked
	gone  int64 // how many bytes stood before out
	err   error
	sum   hash.Hash32
	next  int
	final bool // this block is the last
	left  int  // of a stored block
	fixed bool // the tables are those of a block with fixed codes

	lit, dist table
	lengths   [288]uint8 // of the codes of lit
}

// What comes next in a stream.
const (
	head = iota
	block
	stored
	coded
	tail // the checksum
	done
)

// Start begins a stream of which at most n bytes will be taken at a time. piece returns the next piece of it, and nil
// at its end. Take and Finish return an error of piece as it is.
func (z *Reader) Start(piece func() ([]byte, error), n int) {
	size := windowSize + ahead + n + slack
	if cap(z.out) < size {
		z.out = make([]byte, size)
	}
	z.out = z.out[:size]
	if z.sum == nil {
		z.sum = adler32.New()
	}
	z.sum.Reset()
	z.piece, z.rest, z.pos, z.end, z.over, z.acc, z.n = piece, nil, 0, 0, false, 0, 0
	// The tables stay: those of fixed codes are the same in each stream.
	z.r, z.w, z.gone, z.next, z.final = 0, 0, 0, head, false
	z.err = nil
}

// Release forgets the stream.
func (z *Reader) Release() { z.piece, z.rest = nil, nil }

// Take returns the next n bytes, good until the next call. If fewer can be unpacked, it returns why, and those can
// still be taken. One byte behind those returned may be read, whatever it is.
func (z *Reader) Take(n int) ([]byte, error) {
	if z.w-z.r < n && z.err == nil {
		z.shift(min(z.r, max(0, z.w-windowSize)))
		z.err = z.unpack(len(z.out) - slack)
	}
	if z.w-z.r < n {
		if z.err == nil {
			z.err = ErrFew
		}
		return nil, z.err
	}
	z.r += n
	return z.out[z.r-n : z.r], nil
}

// shift forgets the first n bytes of out.
func (z *Reader) shift(n int) {
	z.w = copy(z.out, z.out[n:z.w])
	z.r -= n
	z.gone += int64(n)
}

// Taken returns how many bytes of this stream Take has returned.
func (z *Reader) Taken() int64 { return z.gone + int64(z.r) }

// Unpacked returns how many bytes of this stream are unpacked. Within a call of piece, it is how many come from the
// pieces before, but for the last 32 bytes of these.
func (z *Reader) Unpacked() int64 { return z.gone + int64(z.w) }

// Finish checks that nothing is left to take, and that the checksum of all is right.
func (z *Reader) Finish() error {
	if z.r == z.w && z.err == nil {
		z.shift(max(0, z.w-windowSize))
		z.err = z.unpack(z.w + 1)
	}
	if z.r < z.w {
		return ErrTooMuch
	}
	return z.err
}

// unpack goes on until w is at least limit, or the stream ends.
func (z *Reader) unpack(limit int) error {
	start := z.w
	for z.w < limit && z.next < tail {
		var err error
		switch z.next {
		case head:
			err = z.head()
		case block:
			err = z.block()
		case stored:
			err = z.copyStored(limit)
		default:
			err = z.codes(limit)
		}
		if err != nil {
			return err
		}
	}
	if z.Unchecked {
		return nil
	}
	z.sum.Write(z.out[start:z.w])
	if z.next != tail {
		return nil
	}
	z.next = done
	z.drop(z.n & 7)
	var want uint32
	for range 4 {
		b, err := z.bits(8)
		if err != nil {
			return err
		}
		want = want<<8 | uint32(b)
	}
	if want != z.sum.Sum32() {
		return ErrChecksum
	}
	return nil
}

// head reads what stands before the first block.
func (z *Reader) head() error {
	v, err := z.bits(16)
	if err != nil {
		return err
	}
	// The first byte is the lower; method 8 with a window of at most 32 KiB, and no dictionary.
	if v&15 != 8 || v>>4&15 > 7 || v>>13&1 != 0 || (v<<8&0xff00|v>>8)%31 != 0 {
		return ErrDamaged
	}
	z.next = block
	return nil
}

// block reads the head of a block, and its codes.
func (z *Reader) block() error {
	if z.final {
		z.next = tail
		return nil
	}
	v, err := z.bits(3)
	if err != nil {
		return err
	}
	z.final = v&1 != 0
	switch v >> 1 {
	case 0:
		z.drop(z.n & 7)
		n, err := z.bits(16)
		if err != nil {
			return err
		}
		check, err := z.bits(16)
		if err != nil {
			return err
		}
		if n^check != 0xffff {
			return ErrDamaged
		}
		z.next, z.left = stored, n
		return nil
	case 1:
		z.next = coded
		return z.fixedCodes()
	case 2:
		z.next = coded
		return z.dynamicCodes()
	}
	return ErrDamaged
}

func (z *Reader) copyStored(limit int) error {
	for z.left > 0 && z.w < limit {
		// Whole bytes may be left in acc.
		b, err := z.bits(8)
		if err != nil {
			return err
		}
		z.out[z.w] = byte(b)
		z.w++
		z.left--
		if z.n == 0 {
			n := copy(z.out[z.w:limit], z.in[z.pos:min(z.end, z.pos+z.left)])
			z.w, z.pos, z.left = z.w+n, z.pos+n, z.left-n
		}
	}
	if z.left == 0 {
		z.next = block
	}
	return nil
}

// codes unpacks symbols until w is at least limit, or the block ends.
func (z *Reader) codes(limit int) error {
	out, in := z.out, &z.in
	pos, acc, n, w := z.pos, z.acc, z.n, z.w
	lit, dist := &z.lit, &z.dist
	var err error
loop:
	for w < limit {
		if pos > z.end-near {
			z.w = w
			z.giveBack(pos, acc, n)
			if z.pos > z.end-near {
				if err := z.fill(); err != nil {
					return err
				}
			}
			if z.pos > z.end-near {
				return z.lastCodes(limit)
			}
			pos, acc, n = z.pos, z.acc, z.n
		}
		acc |= binary.LittleEndian.Uint64(in[pos:]) << (n & 63)
		pos += int(63-n) >> 3
		n |= 56

		e := lit[acc&(1<<tableBits-1)]
		for range 3 {
			if e&literals == 0 {
				break
			}
			binary.LittleEndian.PutUint16(out[w:], uint16(e>>8))
			w += int(e >> 6 & 3)
			acc >>= e & 63
			n -= uint(e & 63)
			e = lit[acc&(1<<tableBits-1)]
		}
		if e&literals != 0 {
			continue // it is looked up again with more bits at hand
		}
		if n < 48 {
			acc |= binary.LittleEndian.Uint64(in[pos:]) << (n & 63)
			pos += int(63-n) >> 3
			n |= 56
		}
		if e&special != 0 {
			if e&longer != 0 {
				acc >>= tableBits
				n -= tableBits
				e = lit[int(e>>8&0xffff)+int(acc&7)]
				if e&literals != 0 {
					out[w] = byte(e >> 8)
					w++
					acc >>= e & 63
					n -= uint(e & 63)
					continue
				}
			}
			if e&special != 0 {
				if e&ending == 0 {
					err = ErrDamaged
					break loop
				}
				acc >>= e & 63
				n -= uint(e & 63)
				z.next = block
				break loop
			}
		}
		extra := uint(e >> 17 & 15)
		total := uint(e & 63)
		length := int(e>>8&0x1ff) + int(acc>>((total-extra)&63)&(1<<extra-1))
		acc >>= total & 63
		n -= total

		e = dist[acc&(1<<tableBits-1)]
		if e&special != 0 {
			if e&longer == 0 {
				err = ErrDamaged
				break
			}
			acc >>= tableBits
			n -= tableBits
			e = dist[int(e>>8&0xffff)+int(acc&7)]
			if e&special != 0 {
				err = ErrDamaged
				break
			}
		}
		extra = uint(e >> 23 & 15)
		total = uint(e & 63)
		back := int(e>>8&0x7fff) + int(acc>>((total-extra)&63)&(1<<extra-1))
		acc >>= total & 63
		n -= total
		if back > w {
			err = ErrDamaged
			break
		}
		end, from := w+length, w-back
		switch {
		case back >= 8:
			for ; w < end; w, from = w+8, from+8 {
				binary.LittleEndian.PutUint64(out[w:], binary.LittleEndian.Uint64(out[from:]))
			}
		default:
			for ; w < end; w, from = w+1, from+1 {
				out[w] = out[from]
			}
		}
		w = end
	}
	z.w = w
	z.giveBack(pos, acc, n)
	return err
}

// Memory is how many bytes a Reader holds of which at most n are taken at a time.
func Memory(n int) int64 {
	const tables = 2 * 4 * (1<<tableBits + 8*288)
	return int64(windowSize + ahead + n + slack + inputSize + tables)
}
