package transform

import (
	"image"
	"slices"

	"imgpipe/transform/internal/gauss"
	"imgpipe/transform/internal/pixel"
	"imgpipe/transform/internal/resample"
)

// A softening says what an operation with a sigma makes of a picture and its blur. Both are the same in any linear
// mixture of colors, so they need no RGB.
type softening int

const (
	noSoftening softening = iota
	theBlur               // the blur itself
	lessTheBlur           // the picture and what its blur lacks
)

// planar reports whether what is left to do for l can be done to planes.
func (l *leg) planar() bool {
	return !slices.ContainsFunc(l.rest, func(op Op) bool {
		if isGrayscale(op) {
			return false
		}
		return op.op.softening == noSoftening || !softens(l.view.size.X, l.view.size.Y, args(op).num("sigma"))
	})
}

// softens reports whether a plane of that size can be blurred with that sigma. A tiny one cannot with a wide one.
func softens(w, h int, sigma float64) bool {
	_, _, narrow := narrower(w, h, sigma)
	return narrow <= gauss.MaxSigma
}

func isGrayscale(op Op) bool { return op.op.name == "grayscale" }

// softened does what is left to do for l to planes, whose chroma has every sub-th column and row. It does not change
// them.
func (j *job) softened(l *leg, pic *pixel.Planes, sub int) (*pixel.Planes, error) {
	if pic.Kind != pixel.Gray && slices.ContainsFunc(l.rest, isGrayscale) {
		pic = &pixel.Planes{Kind: pixel.Gray, Plane: [4]pixel.Plane{pic.Plane[0]}}
	}
	for _, op := range l.rest {
		if op.op.softening == noSoftening {
			continue
		}
		j.doing = op.op.name
		out := &pixel.Planes{Kind: pic.Kind}
		for i := range pic.N() {
			from, sigma := pic.Plane[i], args(op).num("sigma")
			if i > 0 {
				sigma /= float64(sub)
			}
			to := pixel.NewPlane(from.W, from.H)
			if !j.blurPlane(to, from, sigma) {
				return nil, j.ended()
			}
			if op.op.softening == lessTheBlur {
				for y := range to.H {
					addDetail(to.Row(y), from.Row(y))
				}
			}
			out.Plane[i] = to
		}
		pic = out
	}
	return pic, j.ended()
}

// blurPlane is blurred for a plane. It returns false if the job has ended.
func (j *job) blurPlane(to, from pixel.Plane, sigma float64) bool {
	w, h, narrow := narrower(from.W, from.H, sigma)
	if w == 0 {
		return gauss.Blur(to, from, sigma, j.stop)
	}
	r := spares.Get().(*resample.Resampler)
	defer spares.Put(r)
	resize := func(to, from pixel.Plane, f resample.Filter) {
		if err := r.Plane(to, from, resample.Window{}, f); err != nil {
			panic(err) // an error means sizes that contradict each other, and these do not
		}
	}
	small, soft := pixel.NewPlane(w+2, h+2), pixel.NewPlane(w+2, h+2)
	inFrame(from.W, from.H, w, h, func(part, at image.Rectangle) {
		resize(partOf(small, at), partOf(from, part), resample.Box)
	})
	if !gauss.Blur(soft, small, narrow, j.stop) {
		return false
	}
	resize(to, partOf(soft, image.Rect(1, 1, w+1, h+1)), resample.CatmullRom)
	return true
}

// partOf returns a part of p, which shares its memory.
func partOf(p pixel.Plane, r image.Rectangle) pixel.Plane {
	end := (r.Max.Y-1)*p.Stride + r.Max.X
	return pixel.Plane{Pix: p.Pix[r.Min.Y*p.Stride+r.Min.X : end : end], Stride: p.Stride, W: r.Dx(), H: r.Dy()}
}

// addDetail makes of a blurred row the row itself, and what the blur lacks.
func addDetail(soft, row []byte) {
	row = row[:len(soft)]
	for x, v := range soft {
		soft[x] = uint8(min(max(2*int(row[x])-int(v), 0), 255))
	}
}

// softNeed counts what softened takes, for planes of that many bytes besides those that are counted.
func (l *leg) softNeed(planes int64) (bytes int64) {
	for _, op := range l.rest {
		if op.op.softening != noSoftening {
			bytes = 2*planes + gauss.Memory(l.view.size.X, gauss.MaxSigma)
		}
	}
	return bytes
}
