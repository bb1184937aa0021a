package tiff

import (
	"bytes"
	"errors"
	"fmt"

	"imgpipe/transform/internal/codec"
)

// Samples are the pixels of a block that is an image file itself.
type Samples struct {
	// Pix holds N samples for each of W × H pixels. Rows are Stride bytes apart, and pixels Step.
	Pix             []byte
	Stride, Step, N int
	W, H            int
	// Damage says what is missing of the H rows. With no samples at all, its Err says why.
	Damage codec.Damage
}

// spareRows is by how many rows the JPEG of a strip may be higher than the strip: some end with a whole row of blocks.
const spareRows = 32

// picture puts the samples of a block that is a JPEG or WebP, of which n columns count, where unpacked samples stand.
// bad says why not all its rows are there.
func (d *Decoder) picture(plane int, raw []byte, n int) (samples []byte, bad, err error) {
	l := d.l
	rows := l.blockH // the last strip of some files is as high as the others
	if !l.tiled && l.compression == jpegCoded {
		rows += spareRows
	}
	var s Samples
	if l.compression == webpCoded {
		if d.o.WebP == nil {
			return nil, nil, codec.Unsupported(compressionName(webpCoded))
		}
		if l.reversed {
			raw = d.u.flip(raw)
		}
		s, err = d.o.WebP(raw, l.blockW, rows)
	} else {
		if d.o.JPEG == nil {
			return nil, nil, codec.Unsupported(compressionName(jpegCoded))
		}
		var file []byte
		if file, bad = l.jpegFile(raw); bad != nil {
			return nil, bad, nil
		}
		s, err = d.o.JPEG(file, l.blockW, rows, l.fromYCbCr)
	}
	if err != nil {
		return nil, nil, err
	}
	want := l.samples / l.planes()
	there := s.H
	if bad = s.Damage.Err; bad != nil {
		if n, first, last := s.Damage.Missing(); n > 0 && first+n == last+1 && last == s.H-1 {
			there = first
		}
		d.u.lost = s.Damage
	}
	switch {
	case there == 0 && bad != nil:
		return nil, bad, nil
	case s.N < want || s.N > want && l.compression == jpegCoded && want != 1:
		return nil, nil, fmt.Errorf("a %s holds an image of %d components: expected %d", l.kind(), s.N, want)
	case s.W < n:
		return nil, fmt.Errorf("it holds an image of %dx%d: expected %dx%d", s.W, s.H, n, d.end), nil
	case there < d.end && bad == nil:
		bad = fmt.Errorf("it holds an image of %dx%d: expected %dx%d", s.W, s.H, n, d.end)
	}
	there = min(there, d.end)
	size := l.rowBytes()
	out := d.u.buffer(plane, there*size)
	for y := range there {
		to, from := out[y*size:][:size], s.Pix[y*s.Stride:]
		if s.Step == want {
			copy(to, from[:want*min(s.W, l.blockW)])
			continue
		}
		for x := range min(n, s.W) {
			copy(to[x*want:][:want], from[x*s.Step:])
		}
	}
	return out, bad, nil
}

// jpegFile returns the JPEG file of a block, which may lack the tables that all blocks share (Technical Note 2).
func (l *Layout) jpegFile(raw []byte) ([]byte, error) {
	start := []byte{0xff, 0xd8}
	if !bytes.HasPrefix(raw, start) {
		return nil, errors.New("it is no JPEG")
	}
	raw = raw[:min(int64(len(raw)), l.mostJPEG())] // the count of a block may be of all that follows it
	tables := bytes.TrimSuffix(bytes.TrimPrefix(l.tables.Bytes, start), []byte{0xff, 0xd9})
	file := make([]byte, 0, len(raw)+len(tables))
	return append(append(append(file, start...), tables...), raw[2:]...), nil
}
