package transform

import (
	"slices"

	"imgpipe/transform/internal/gauss"
	"imgpipe/transform/internal/pixel"
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
		return !isGrayscale(op) && (op.op.softening == noSoftening || args(op).num("sigma") > gauss.MaxSigma)
	})
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
			if !gauss.Blur(to, from, sigma, j.stop) {
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
