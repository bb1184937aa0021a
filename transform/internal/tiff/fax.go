package tiff

import (
	"errors"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/fax"
)

// fax unpacks a block of fax data, and returns how many bytes of out there are before the last rows that are missing.
// What is white is zeros, whatever the photometric interpretation makes of these. Rows that are missing elsewhere
// become black, and are in u.lost.
func (u *unpacker) fax(out, raw []byte, rows int) (int, error) {
	l := u.l
	black := byte(0)
	if l.photometric == whiteIsZero {
		black = 0xff
	}
	for i := range out {
		out[i] = black
	}
	r, err := u.faxes.Decode(out, raw, l.blockW, rows, l.faxCoding(), u.stop)
	if err != nil {
		return 0, err
	}
	if errors.Is(r.Err, fax.ErrUncompressed) && l.faxOptions()&2 != 0 {
		return 0, codec.Unsupported("the uncompressed mode of fax coding")
	}
	if early(r.Err) {
		r.Err = errEnds
	}
	n, first, _ := r.Missing()
	if n > 0 && first+n == rows {
		return first * l.rowBytes(), r.Err
	}
	u.lost = r
	return len(out), nil
}

// lostRows notes what the unpacking of a block that begins at row y has lost.
func (d *Decoder) lostRows(i int, raw []byte) {
	if lost := d.u.lost; lost.Err != nil {
		lost.Err = d.l.lacking(i, raw, lost.Err)
		lost.Rows = min(lost.Rows, d.end) // a JPEG may be higher than its strip
		d.damage.Part(lost, d.y)
		d.gone.Part(lost, 0)
		d.u.lost = codec.Damage{}
	}
}

// faxOptions are the bits of T4Options or T6Options: two-dimensional coding, and that the uncompressed mode is used.
func (l *Layout) faxOptions() uint64 {
	if l.compression == group4Coded {
		return l.d.Number(T6Options, 0)
	}
	return l.d.Number(T4Options, 0)
}

func (l *Layout) faxCoding() fax.Coding {
	switch {
	case l.compression == huffmanCoded:
		return fax.Huffman
	case l.compression == huffmanWordsCoded:
		return fax.HuffmanWords
	case l.compression == group4Coded:
		return fax.Group4
	case l.faxOptions()&1 != 0:
		return fax.Group3Mixed
	}
	return fax.Group3
}
