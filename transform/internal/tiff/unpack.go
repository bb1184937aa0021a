package tiff

import (
	"encoding/binary"
	"io"
	"math/bits"

	"imgpipe/transform/internal/damage"
	"imgpipe/transform/internal/fax"
	"imgpipe/transform/internal/inflate"
)

// An unpacker keeps a buffer for each plane, from one block to the next.
type unpacker struct {
	l       *Layout
	buffers [][]byte
	flipped []byte
	zip     inflate.Reader
	strings [lzwCodes]uint64
	apart   []byte // a row whose bytes stand apart
	faxes   fax.Decoder
	lost    damage.Report // what a block of fax data lacks
}

// unpack gives the samples of a block: rows times the bytes of a row, in which a predictor has yet to be undone. It is valid until the next block of the
// same plane.
func (u *unpacker) unpack(plane int, raw []byte, rows int) ([]byte, error) {
	l := u.l
	want := rows * l.rowBytes()
	if l.subX*l.subY > 1 {
		want = l.subsampledBytes(rows)
	}
	// The count of a block may be of all that follows it, or of codes that stand for nothing.
	raw = raw[:min(len(raw), l.mostPacked(want))]
	if l.reversed {
		u.flipped = append(u.flipped[:0], raw...)
		for i, b := range u.flipped {
			u.flipped[i] = bits.Reverse8(b)
		}
		raw = u.flipped
	}
	if l.compression == 1 {
		if len(raw) < want {
			return nil, io.ErrUnexpectedEOF
		}
		if l.predictor == 1 && !l.reversed {
			return raw[:want], nil
		}
	}
	// No code but that of fax packs better than 1365:1, as LZW does when it begins anew with each full table. More is not there, and need not be allocated to find out.
	if !l.isFax() && want/1500 > len(raw) {
		return nil, io.ErrUnexpectedEOF
	}
	for len(u.buffers) <= plane {
		u.buffers = append(u.buffers, nil)
	}
	u.lost = damage.Report{}
	out := sized(u.buffers[plane], want)
	u.buffers[plane] = out
	return out, u.fill(out, raw, rows)
}

// fill unpacks raw until out is full.
func (u *unpacker) fill(out, raw []byte, rows int) error {
	l := u.l
	switch l.compression {
	case 1:
		copy(out, raw)
		return nil
	case 32773:
		return packBits(out, raw)
	case 2, 3, 4, 32771:
		return u.fax(out, raw, rows)
	case 5:
		return lzw(out, raw, &u.strings)
	default:
		return u.inflate(out, raw)
	}
}

// inflate unpacks raw until out is full. What follows is not looked at, as some writers leave the checksum out.
func (u *unpacker) inflate(out, raw []byte) error {
	const most = 64 << 10
	u.zip.Unchecked = true
	u.zip.Start(func() ([]byte, error) { b := raw; raw = nil; return b, nil }, most)
	for len(out) > 0 {
		b, err := u.zip.Take(min(most, len(out)))
		if err != nil {
			return err
		}
		out = out[copy(out, b):]
	}
	return nil
}

// packBits is the run-length code of TIFF 6.0, section 9.
func packBits(out, raw []byte) error {
	for len(out) > 0 {
		if len(raw) < 2 {
			return io.ErrUnexpectedEOF
		}
		n := int(int8(raw[0]))
		switch {
		case n >= 0:
			if len(raw) < n+2 {
				return io.ErrUnexpectedEOF
			}
			out = out[copy(out, raw[1:n+2]):]
			raw = raw[n+2:]
		case n == -128:
			raw = raw[1:]
		default:
			k := min(1-n, len(out))
			for i := range k {
				out[i] = raw[1]
			}
			out, raw = out[k:], raw[2:]
		}
	}
	return nil
}

// undo takes the differences between the neighbors in a row back: section 14, and Technical Note 3 for floating point.
func (u *unpacker) undo(row []byte) {
	l := u.l
	step := l.samples / l.planes()
	order := l.d.order
	switch {
	case l.predictor == 1:
	case l.predictor == 3:
		u.undoFloat(row, step)
	case l.bits == 8:
		for i := step; i < len(row); i++ {
			row[i] += row[i-step]
		}
	case l.bits == 16:
		for i := 2 * step; i+2 <= len(row); i += 2 {
			order.PutUint16(row[i:], order.Uint16(row[i:])+order.Uint16(row[i-2*step:]))
		}
	case l.bits == 32:
		for i := 4 * step; i+4 <= len(row); i += 4 {
			order.PutUint32(row[i:], order.Uint32(row[i:])+order.Uint32(row[i-4*step:]))
		}
	}
}

// undoFloat joins the bytes of numbers, which stand apart, the most significant of the whole row first.
func (u *unpacker) undoFloat(row []byte, step int) {
	for i := step; i < len(row); i++ {
		row[i] += row[i-step]
	}
	size := u.l.bits / 8
	n := len(row) / size
	u.apart = append(u.apart[:0], row...)
	apart := u.apart
	for i := range n {
		for b := range size {
			at := b
			if u.l.d.order == binary.ByteOrder(binary.LittleEndian) {
				at = size - 1 - b
			}
			row[i*size+at] = apart[b*n+i]
		}
	}
}
