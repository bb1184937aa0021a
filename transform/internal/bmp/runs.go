package bmp

import (
	"imgpipe/transform/internal/codec"
)

const errRuns = codec.Cut("the file ends before its run lengths do")

// runs reads the run lengths of 4, 8 or 24 bits. Pixels that are left out have the first color of the palette, or are
// black. Such a file may say that it ends before its last row.
func (d *decoder) runs(stop codec.Stop) error {
	h := d.h
	blank := [4]byte{0, 0, 0, 255}
	if len(h.palette) > 0 {
		blank = h.palette[0]
	}
	for i := 0; i < len(d.img.Pix); i += 4 {
		copy(d.img.Pix[i:i+4], blank[:])
	}
	r := runReader{d: d, src: h.pixels}
	for step := 0; r.y < h.Height; step++ {
		if step%4096 == 0 {
			if err := stop.Err(); err != nil {
				return err
			}
		}
		if more, whole := r.step(); !whole {
			// The end may be missing where nothing else is.
			if r.x >= h.Width {
				r.y++
			}
			d.miss(errRuns, r.y)
			return nil
		} else if !more {
			return nil
		}
	}
	return nil
}

// A runReader takes colors off a run-length stream.
type runReader struct {
	d    *decoder
	src  []byte
	x, y int // where the next color goes
}

// take returns the next n bytes, nil where there are not as many.
func (r *runReader) take(n int) []byte {
	if len(r.src) < n {
		r.src = nil
		return nil
	}
	b := r.src[:n]
	r.src = r.src[n:]
	return b
}

// step takes one code. It returns false for more at the end of the bitmap, and false for whole at the end of the file.
func (r *runReader) step() (more, whole bool) {
	code := r.take(2)
	switch {
	case code == nil:
		return false, false
	case code[0] > 0:
		return true, r.run(int(code[0]), code[1])
	case code[1] == 0:
		r.x, r.y = 0, r.y+1
	case code[1] == 1:
		return false, true
	case code[1] == 2:
		by := r.take(2)
		if by == nil {
			return false, false
		}
		r.x, r.y = r.x+int(by[0]), r.y+int(by[1])
	default:
		return true, r.literal(int(code[1]))
	}
	return true, true
}

// set puts one pixel and steps on; what stands over the right side is dropped.
func (r *runReader) set(c [4]byte) {
	if r.x < r.d.h.Width {
		copy(r.d.row(r.y)[4*r.x:], c[:])
	}
	r.x++
}

// run repeats a color, or two by turns with 4 bits. It reports whether all of it is there.
func (r *runReader) run(count int, first byte) bool {
	switch r.d.h.compression {
	case runs24:
		rest := r.take(2)
		if rest == nil {
			return false
		}
		for range count {
			r.set([4]byte{rest[1], rest[0], first, 255})
		}
	case runs4:
		for i := range count {
			r.index(first >> (4 * (1 - i&1)) & 15)
		}
	default:
		for range count {
			r.index(first)
		}
	}
	return true
}

// index puts a color of the palette.
func (r *runReader) index(i byte) {
	if r.x < r.d.h.Width {
		r.d.count(i)
	}
	r.set(r.d.palette[i])
}

// literal takes colors that follow one by one, padded to an even number of bytes. It reports whether all are there.
func (r *runReader) literal(count int) bool {
	size := count
	switch r.d.h.compression {
	case runs4:
		size = (count + 1) / 2
	case runs24:
		size = 3 * count
	}
	body := r.take(size)
	if body == nil {
		return false
	}
	r.src = r.src[min(size&1, len(r.src)):]
	for i := range count {
		switch r.d.h.compression {
		case runs24:
			r.set([4]byte{body[3*i+2], body[3*i+1], body[3*i], 255})
		case runs4:
			r.index(body[i/2] >> (4 * (1 - i&1)) & 15)
		default:
			r.index(body[i])
		}
	}
	return true
}
