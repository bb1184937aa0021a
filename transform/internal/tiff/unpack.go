package tiff

import (
	"encoding/binary"
	"io"
	"math/bits"

	"github.com/klauspost/compress/zstd"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/fax"
	"imgpipe/transform/internal/inflate"
)

// An unpacker keeps a buffer for each plane, from one block to the next.
type unpacker struct {
	l       *Layout
	stop    codec.Stop
	buffers [][]byte
	flipped []byte
	zip     inflate.Reader
	zst     *zstd.Decoder // nil until it is needed, and for windows of zstWindow bytes
	window  int64
	strings [lzwCodes]uint64
	apart   []byte // a row whose bytes stand apart
	faxes   fax.Decoder
	lost    codec.Damage // what a block of fax data lacks, but at its end
}

// unpack returns the samples of a block: rows times the bytes of a row, in which a predictor has yet to be undone. They
// are valid until the next block of the same plane. If there is an error, they are the samples before it.
func (u *unpacker) unpack(plane int, raw []byte, rows int) ([]byte, error) {
	l := u.l
	want := l.size(rows)
	// The count of a block may be of all that follows it, or of codes that stand for nothing.
	raw = raw[:min(int64(len(raw)), l.mostPacked())]
	if l.reversed {
		raw = u.flip(raw)
	}
	if l.compression == uncompressed {
		raw = raw[:min(len(raw), want)]
		if l.reversed {
			out := u.buffer(plane, len(raw))
			copy(out, raw)
			raw = out
		}
		if len(raw) < want {
			return raw, errEnds
		}
		return raw, nil
	}
	// What the bytes cannot fill is not there, and need not be allocated to find out.
	size := int(min(int64(want), product(len(raw), densest(l.compression))))
	out := u.buffer(plane, size)
	n, err := u.fill(out, raw, rows)
	if early(err) {
		err = errEnds
	}
	if err == nil && size < want {
		err = errEnds
	}
	return out[:n], err
}

// early reports whether a packing returned err because its data ends too early.
func early(err error) bool {
	switch err {
	case io.EOF, io.ErrUnexpectedEOF, codec.ErrCut, inflate.ErrFew:
		return true
	}
	return false
}

// flip returns raw with the bits of each byte reversed, valid until the next call.
func (u *unpacker) flip(raw []byte) []byte {
	u.flipped = append(u.flipped[:0], raw...)
	for i, b := range u.flipped {
		u.flipped[i] = bits.Reverse8(b)
	}
	return u.flipped
}

// buffer returns that of a plane with n bytes, whose values are arbitrary.
func (u *unpacker) buffer(plane, n int) []byte {
	for len(u.buffers) <= plane {
		u.buffers = append(u.buffers, nil)
	}
	u.buffers[plane] = sized(u.buffers[plane], n)
	return u.buffers[plane]
}

// fill unpacks raw until out is full, and returns how many bytes of out are as they were packed.
func (u *unpacker) fill(out, raw []byte, rows int) (int, error) {
	l := u.l
	switch l.compression {
	case packBitsCoded:
		return packBits(out, raw)
	case huffmanCoded, huffmanWordsCoded, group3Coded, group4Coded:
		return u.fax(out, raw, rows)
	case lzwCoded:
		return lzw(out, raw, &u.strings)
	case zstdCoded:
		return u.zstd(out, raw)
	case lzmaCoded:
		return u.xz(out, raw)
	default:
		return u.inflate(out, raw)
	}
}

// inflate unpacks raw until out is full. What follows is not looked at, as some writers leave the checksum out.
func (u *unpacker) inflate(out, raw []byte) (int, error) {
	const most = 64 << 10
	u.zip.Unchecked = true
	u.zip.Start(func() ([]byte, error) { b := raw; raw = nil; return b, nil }, most)
	n, at, failed := 0, most, error(nil)
	for n < len(out) && at > 0 {
		if err := u.stop.Err(); err != nil {
			return n, err
		}
		b, err := u.zip.Take(min(at, len(out)-n))
		if err != nil {
			// Of what is wanted, some may be there.
			failed = err
			at = min(at, len(out)-n) / 2
			continue
		}
		n += copy(out[n:], b)
	}
	if n < len(out) {
		return n, failed
	}
	return n, nil
}

// packBits is the run-length code of TIFF 6.0, section 9. It returns how many bytes it has unpacked.
func packBits(out, raw []byte) (int, error) {
	w := 0
	for w < len(out) {
		if len(raw) < 2 {
			return w, errEnds
		}
		n := int(int8(raw[0]))
		switch {
		case n >= 0:
			w += copy(out[w:], raw[1:min(n+2, len(raw))])
			if len(raw) < n+2 {
				raw = nil
				continue
			}
			raw = raw[n+2:]
		case n == -128:
			raw = raw[1:]
		default:
			for k := min(w+1-n, len(out)); w < k; w++ {
				out[w] = raw[1]
			}
			raw = raw[2:]
		}
	}
	return w, nil
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
	case l.bits == 64:
		for i := 8 * step; i+8 <= len(row); i += 8 {
			order.PutUint64(row[i:], order.Uint64(row[i:])+order.Uint64(row[i-8*step:]))
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
