package tiff

import (
	"errors"

	"imgpipe/transform/internal/fax"
)

// fax unpacks a block of fax data. What is white is zeros, whatever the photometric interpretation makes of these. Rows
// that are missing become black, and are in u.lost.
func (u *unpacker) fax(out, raw []byte, rows int) error {
	l := u.l
	black := byte(0)
	if l.photometric == whiteIsZero {
		black = 0xff
	}
	for i := range out {
		out[i] = black
	}
	u.lost = u.faxes.Decode(out, raw, l.blockW, rows, l.faxCoding())
	if errors.Is(u.lost.Err, fax.ErrUncompressed) && l.faxOptions()&2 != 0 {
		return Unsupported("the uncompressed mode of fax coding")
	}
	return nil
}

// faxOptions are the bits of T4Options or T6Options: two-dimensional coding, and that the uncompressed mode is used.
func (l *Layout) faxOptions() uint64 {
	if l.compression == 4 {
		return l.d.Number(T6Options, 0)
	}
	return l.d.Number(T4Options, 0)
}

// isFax reports whether blocks are fax data.
func (l *Layout) isFax() bool {
	switch l.compression {
	case 2, 3, 4, 32771:
		return true
	}
	return false
}

func (l *Layout) faxCoding() fax.Coding {
	switch {
	case l.compression == 2:
		return fax.Huffman
	case l.compression == 32771:
		return fax.HuffmanWords
	case l.compression == 4:
		return fax.Group4
	case l.faxOptions()&1 != 0:
		return fax.Group3Mixed
	}
	return fax.Group3
}

// Least returns how many bytes the pixels take at least, as far as their compression says.
func (l *Layout) Least() int64 {
	if !l.isFax() {
		return 0
	}
	return fax.Least(l.Width, l.Height, l.faxCoding())
}
