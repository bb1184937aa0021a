package resample

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"imgpipe/transform/internal/pixel"
)

// Orient copies src to dst as EXIF orientation o (TIFF tag 274) asks for, so that the picture stands upright; 1 is a
// plain copy. dst must have src's size, or for 5 to 8, which swap width and height, src's height by src's width; it
// must not overlap src. Orient panics if the sizes do not match or o is not 1 to 8: both are mistakes of the caller,
// not of a file.
//
// Resample first: fewer samples are left to move, and the padding of a decoded plane, which would come to lie at the
// wrong side, is gone.
func Orient(dst, src pixel.Plane, o int) {
	if o < 1 || o > 8 {
		panic(fmt.Sprintf("resample: there is no orientation %d", o))
	}
	w, h := src.W, src.H
	if o >= 5 {
		w, h = h, w
	}
	if dst.W != w || dst.H != h {
		panic(fmt.Sprintf("resample: orientation %d of %dx%d is %dx%d, not %dx%d", o, src.W, src.H, w, h, dst.W, dst.H))
	}
	switch o {
	case 1, 4:
		for y := range src.H {
			copy(dst.Row(turned(y, src.H, o == 4)), src.Row(y))
		}
	case 2, 3:
		for y := range src.H {
			mirror(dst.Row(turned(y, src.H, o == 3)), src.Row(y))
		}
	default:
		// 5 is transposed; 6, a quarter turn clockwise, has the last source row first; 8 has the last source column
		// first; 7 both.
		transpose(dst, src, o == 6 || o == 7, o == 7 || o == 8)
	}
}

// turned returns i, counted from the end of n if fromEnd is set.
func turned(i, n int, fromEnd bool) int {
	if fromEnd {
		return n - 1 - i
	}
	return i
}

// mirror copies src to dst, the last sample first.
func mirror(dst, src []byte) {
	i := 0
	for ; i+8 <= len(src); i += 8 {
		v := binary.LittleEndian.Uint64(src[len(src)-8-i:])
		binary.LittleEndian.PutUint64(dst[i:], bits.ReverseBytes64(v))
	}
	for ; i < len(src); i++ {
		dst[i] = src[len(src)-1-i]
	}
}

// transpose makes column x of dst from row x of src, counted from the last if rows is set, and row y of dst from column
// y of src, counted from the last if columns is set. It goes by blocks of 8 by 8, in bands 8 source rows high, so that
// each cache line of either side is used whole while it is near.
func transpose(dst, src pixel.Plane, rows, columns bool) {
	var block [8]uint64
	x := 0
	for ; x+8 <= dst.W; x += 8 {
		y := 0
		for ; y+8 <= dst.H; y += 8 {
			from := y
			if columns {
				from = dst.H - 8 - y
			}
			for i := range block {
				block[i] = binary.LittleEndian.Uint64(src.Pix[turned(x+i, src.H, rows)*src.Stride+from:])
			}
			transpose8(&block)
			for i, v := range block {
				binary.LittleEndian.PutUint64(dst.Pix[(y+turned(i, 8, columns))*dst.Stride+x:], v)
			}
		}
		transposeSamples(dst, src, rows, columns, x, x+8, y)
	}
	transposeSamples(dst, src, rows, columns, x, dst.W, 0)
}

// transposeSamples does columns x to end of dst from row y on, one sample at a time.
func transposeSamples(dst, src pixel.Plane, rows, columns bool, x, end, y int) {
	for ; y < dst.H; y++ {
		for x := x; x < end; x++ {
			dst.Pix[y*dst.Stride+x] = src.Pix[turned(x, src.H, rows)*src.Stride+turned(y, src.W, columns)]
		}
	}
}

// transpose8 transposes a block of 8 by 8 bytes, one row per word, by swapping quarters, their quarters, and theirs
// (Warren, Hacker's Delight, section 7-3).
func transpose8(b *[8]uint64) {
	const (
		m1 = 0x00FF00FF00FF00FF
		m2 = 0x0000FFFF0000FFFF
		m4 = 0x00000000FFFFFFFF
	)
	for i := range 4 {
		t := (b[i]>>32 ^ b[i+4]) & m4
		b[i], b[i+4] = b[i]^t<<32, b[i+4]^t
	}
	for _, i := range [4]int{0, 1, 4, 5} {
		t := (b[i]>>16 ^ b[i+2]) & m2
		b[i], b[i+2] = b[i]^t<<16, b[i+2]^t
	}
	for _, i := range [4]int{0, 2, 4, 6} {
		t := (b[i]>>8 ^ b[i+1]) & m1
		b[i], b[i+1] = b[i]^t<<8, b[i+1]^t
	}
}
