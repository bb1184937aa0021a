// Package resample changes the size of planes and images by separable filters, in integer arithmetic.
//
// Start with [Resampler.Plane] for a whole plane, or [Resampler.StartPlane] and [Resampler.Push] for rows.
//
//	source rows -> lanes -> sums down the columns -> two rows side by side -> sums along them -> destination rows
//	 (8 bits)  (2 or 3 per   (one for each row of     (2 lanes per word)                            (8 bits)
//	              word)       the destination that
//	                          is open)
//
// One multiplication of two 64-bit words does the work of three: samples lie in lanes of a word, far enough apart for
// their sums, and all is exact modulo 2^64. So a negative weight may borrow from the lane above as long as the last
// sum, raised by a constant, is positive in every lane. Source rows are taken one after another and are not needed
// again: memory holds a few rows, whatever the size of the image. A destination row is ready as soon as the last source
// row that it needs has come.
//
// Samples of 16 bits, and levels of sRGB that are added as light, go by an engine of their own, with a word for each
// sum. PNGs of 16 bits and 2400 px took 1.05 times the CPU time to 800 px that they take with 8, the whole program.
//
// The same call returns the same bytes with every engine: floating point is used for the weights alone. The result is
// within one level of exact arithmetic. On a picture like a photograph it is within 0.52, of which rounding alone costs
// 0.5, and at 73 dB from the exact result rounded. The package never starts a goroutine, never reads a sample outside
// the window that is asked for, and knows nothing of color but alpha.
//
// # What it costs
//
// Milliseconds with Lanczos3 on one core of a shared 2-core AMD EPYC, November 2026, best of many (go test -bench .
// measures another):
//
//	                                  any machine   GOEXPERIMENT=simd, amd64 with AVX2
//	plane   2000x1500 to 800x600              6.5    3.2
//	plane   1000x750  to 400x300              1.5    0.9
//	plane   500x375   to 224x168              0.4    0.3
//	opaque  4000x3000 to 800x600               61     27
//	translucent, the same                      89     89
//
// # Decisions
//
// Columns are summed before rows, because a reduction then leaves less for the rows, where a word holds two lanes and
// not three. For an enlargement the other order would leave less, which is not worth a second schedule: it is rare.
//
// Spreading samples over three lanes once, when a row comes, made the sums down the columns twice as fast as masking
// two lanes out of the bytes each time (4.2 and 8.5 ms of the first case above). Three lanes leave 12 bits for weights,
// which is where the 73 dB come from.
//
// Source rows are added to all open destination rows four at a time, rather than gathered for one destination row from
// a ring of source rows: the sums stay in the first-level cache, and memory does not grow with the ratio.
package resample

import (
	"encoding/binary"
	"fmt"
	"image"
	"math"

	"imgpipe/transform/internal/pixel"
)

// check returns an error unless p can hold what it says, of samples of so many bytes.
func check(p pixel.Plane, what string, bytes int) error {
	empty := p.W == 0 || p.H == 0
	if p.W >= 0 && p.H >= 0 && (empty || p.Stride >= p.W*bytes && p.Stride <= math.MaxInt/p.H &&
		(p.H-1)*p.Stride+p.W*bytes <= len(p.Pix)) {
		return nil
	}
	return fmt.Errorf("resample: the %s of %dx%d with a stride of %d does not fit its %d bytes",
		what, p.W, p.H, p.Stride, len(p.Pix))
}

// A Window is the part of the source that becomes the whole destination. Sample i of the source covers the stretch from
// i to i+1, so a plane has the window {0, 0, W, H}; fractions say that it ends or begins within a sample, as the luma
// of a JPEG that is 2007 pixels wide does at 1003.5 when it is decoded at half its size. Samples that are not in the
// window, not even in part, do not influence the result. The zero Window is the whole source.
//
// A window may reach past the source, by less than one sample of the destination on each side: that sample is then made
// of what there is. So the chroma of a picture of odd width gets its one column more than half without being stretched.
type Window struct {
	X, Y, W, H float64
}

// check returns w, or the whole source for the zero Window. The error says what is wrong with w for a destination of
// dstW × dstH samples.
func (w Window) check(srcW, srcH, dstW, dstH int) (Window, error) {
	if w == (Window{}) {
		return Window{0, 0, float64(srcW), float64(srcH)}, nil
	}
	if !within(&w.X, &w.W, srcW, dstW) || !within(&w.Y, &w.H, srcH, dstH) {
		return w, fmt.Errorf("resample: the window %gx%g at %g,%g does not lie in a source of %dx%d",
			w.W, w.H, w.X, w.Y, srcW, srcH)
	}
	return w, nil
}

// within reports whether a stretch lies in a source of size samples, or reaches past it by less than one of n
// destination samples. It mends errors of rounding: a sliver thinner than the slack would hold no sample.
func within(pos, extent *float64, size, n int) bool {
	p, e, end := *pos, *extent, float64(size)
	over := e / float64(max(n, 1))
	if !(e > 0 && p > -over && p < end && p+e > 0 && p+e < end+max(over, slack)) {
		return false
	}
	*extent = max(e, 4*slack)
	if p >= 0 && p+e <= end+slack {
		*pos = min(p, max(0, end-*extent))
	}
	return *pos+*extent > slack && *pos < end-slack
}

// A Resampler resamples one plane or image at a time: the whole at once with Plane or NRGBA, or row by row with
// StartPlane or StartNRGBA and then Push. It keeps its scratch memory from one to the next. The zero value is ready for
// use; a Resampler must not be used by two goroutines at once.
type Resampler struct {
	// Cache keeps weights, to be shared with other Resamplers. Nil means one of its own.
	Cache *Cache
	// Linear has samples added as the light that they stand for as levels of sRGB (IEC 61966-2-1). It counts from the
	// next start on. Alpha is no light, and stays as it is.
	Linear bool

	stream
}

// Plane fills dst from the window of src. dst and src must not overlap. An error means that sizes contradict each
// other; nothing is written then.
func (r *Resampler) Plane(dst, src pixel.Plane, win Window, f Filter) error {
	if err := check(src, "source", 1); err != nil {
		return err
	}
	if err := r.StartPlane(dst, src.W, src.H, win, f); err != nil {
		return err
	}
	r.push(src.Pix, src.Stride, src.H)
	return nil
}

// NRGBA fills dst from the window of src, whose corner is src.Rect.Min. Colors are weighed by their alpha, so that the
// color of transparent pixels does not show; pixels with an alpha of 0 become 0, 0, 0, 0. dst and src must not overlap.
// An error means that sizes contradict each other; nothing is written then.
//
// An opaque image.RGBA has the bytes of an image.NRGBA and may be passed as one.
func (r *Resampler) NRGBA(dst, src *image.NRGBA, win Window, f Filter) error {
	p := planeOf(src)
	if err := check(p, "source", 4); err != nil {
		return err
	}
	if err := r.StartNRGBA(dst, p.W, p.H, opaque(p), win, f); err != nil {
		return err
	}
	r.push(p.Pix, p.Stride, p.H)
	return nil
}

// StartPlane begins a plane whose source comes with Push: srcH rows of srcW samples. dst belongs to the Resampler until
// all of it is written. Errors are those of Plane. A plane that was begun before is abandoned.
func (r *Resampler) StartPlane(dst pixel.Plane, srcW, srcH int, win Window, f Filter) error {
	return r.begin(dst, form{gray, false, r.Linear}, srcW, srcH, win, f)
}

// StartNRGBA begins an image whose source comes with Push: srcH rows of srcW pixels of 4 bytes, R, G, B and A, not
// premultiplied. If opaque is set, A counts as 255 whatever it is, which takes a third less time.
func (r *Resampler) StartNRGBA(dst *image.NRGBA, srcW, srcH int, opaque bool, win Window, f Filter) error {
	return r.begin(planeOf(dst), form{colors(opaque), false, r.Linear}, srcW, srcH, win, f)
}

// colors returns the kind of pixels of four samples.
func colors(opaque bool) kind {
	if opaque {
		return rgb
	}
	return translucent
}

// Push takes the next n rows of the source, of which row i begins at rows[i*stride], and returns how many rows of the
// destination are complete, counted from the first. It does not keep rows. Rows past the source's height are ignored.
// An error means that the rows do not fit their bytes; none is taken then.
func (r *Resampler) Push(rows []byte, stride, n int) (int, error) {
	strip := pixel.Plane{Pix: rows, Stride: stride, W: r.srcW, H: n}
	if err := check(strip, "strip", r.bytes()); err != nil {
		return r.done, err
	}
	return r.push(rows, stride, n), nil
}

// planeOf returns m's bytes as a Plane whose W counts pixels.
func planeOf(m *image.NRGBA) pixel.Plane {
	return pixel.Plane{Pix: m.Pix, Stride: m.Stride, W: m.Rect.Dx(), H: m.Rect.Dy()}
}

// opaque reports whether every pixel of p has an alpha of 255.
func opaque(p pixel.Plane) bool {
	for y := range p.H {
		row := p.Pix[y*p.Stride:][:4*p.W]
		all := ^uint64(0)
		for len(row) >= 16 {
			all &= binary.LittleEndian.Uint64(row) & binary.LittleEndian.Uint64(row[8:])
			row = row[16:]
		}
		for ; len(row) >= 4; row = row[4:] {
			all &= uint64(row[3])<<24 | 0xFF<<56
		}
		if all>>24&0xFF != 0xFF || all>>56 != 0xFF {
			return false
		}
	}
	return true
}
