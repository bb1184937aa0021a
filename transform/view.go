package transform

import (
	"cmp"
	"image"
)

// A view is what the geometry of a Spec makes of an image: a part of it, resampled once, then turned. Any number of
// resizing, cropping, quarter turns and mirroring adds up to one view. So pixels are touched once, and the decoder is
// asked for no more than is needed.
type view struct {
	// x, y, w and h are the part of the image, as it is stored, in pixels.
	x, y, w, h float64
	turn       turn
	// size is that of the result.
	size image.Point
	// filter resamples; "" until something is resized.
	filter Filter
}

// A turn brings an image into one of the eight positions that EXIF numbers: first x and y change places, then each may
// be mirrored.
type turn struct{ swap, flipX, flipY bool }

// turnOf returns the turn that brings an image of that EXIF orientation upright.
func turnOf(orientation int) turn {
	return map[int]turn{
		2: {false, true, false}, 3: {false, true, true}, 4: {false, false, true},
		5: {true, false, false}, 6: {true, true, false}, 7: {true, true, true}, 8: {true, false, true},
	}[orientation]
}

// orientation is the inverse of turnOf.
func (t turn) orientation() int {
	for o := 2; o <= 8; o++ {
		if turnOf(o) == t {
			return o
		}
	}
	return 1
}

// then returns the turn that does t and then u.
func (t turn) then(u turn) turn {
	if u.swap {
		t.flipX, t.flipY = t.flipY, t.flipX
	}
	return turn{t.swap != u.swap, t.flipX != u.flipX, t.flipY != u.flipY}
}

// newView is the whole of an image of w × h pixels, turned upright.
func newView(w, h, orientation int) view {
	v := view{w: float64(w), h: float64(h), turn: turnOf(orientation), size: image.Pt(w, h)}
	if v.turn.swap {
		v.size = image.Pt(h, w)
	}
	return v
}

// stored returns the size of the result before it is turned.
func (v view) stored() image.Point {
	if v.turn.swap {
		return image.Pt(v.size.Y, v.size.X)
	}
	return v.size
}

// part returns the part of the stored image that shows in r, a rectangle of the result. r may reach beyond the result.
func (v view) part(r image.Rectangle) (x, y, w, h float64) {
	// The turn back: mirrored first, then x and y change places.
	if v.turn.flipX {
		r.Min.X, r.Max.X = v.size.X-r.Max.X, v.size.X-r.Min.X
	}
	if v.turn.flipY {
		r.Min.Y, r.Max.Y = v.size.Y-r.Max.Y, v.size.Y-r.Min.Y
	}
	if v.turn.swap {
		r = image.Rect(r.Min.Y, r.Min.X, r.Max.Y, r.Max.X)
	}
	size := v.stored()
	sx, sy := v.w/float64(size.X), v.h/float64(size.Y)
	return v.x + sx*float64(r.Min.X), v.y + sy*float64(r.Min.Y), sx * float64(r.Dx()), sy * float64(r.Dy())
}

// crop cuts r out of the result.
func (v view) crop(r image.Rectangle) view {
	v.x, v.y, v.w, v.h = v.part(r)
	v.size = r.Size()
	return v
}

// with adds an operation to v. ok is false if the operation is not geometry, if it depends on pixels, or if it is a
// second resize, whose loss of detail may be intended. Of a resize that ends in RGB, sum has the part that can be done
// before.
func (v view) with(op Op) (sum view, ok bool) {
	a := args(op)
	switch op.op.name {
	case "flip":
		v.turn = v.turn.then(turnOf(4))
	case "flop":
		v.turn = v.turn.then(turnOf(2))
	case "rotate":
		quarters, exact := turns(a)
		if !exact {
			return v, false
		}
		t := turnOf([]int{1, 6, 3, 8}[quarters])
		v.turn = v.turn.then(t)
		if t.swap {
			v.size = image.Pt(v.size.Y, v.size.X)
		}
	case "crop":
		r, err := cropRect(a, v.size.X, v.size.Y)
		smart := a.text("gravity") == "smart" && a.text("x") == "" && a.text("y") == ""
		if err != nil || smart && r.Size() != v.size {
			return v, false
		}
		return v.crop(r), true
	case "resize":
		return v.resize(resizeOf(a))
	default:
		return v, false
	}
	return v, true
}

func (v view) resize(r Resize) (sum view, ok bool) {
	f := r.frame(v.size.X, v.size.Y)
	whole := image.Rectangle{Max: v.size}
	switch {
	case f.canvasW != f.width || f.canvasH != f.height:
		// A picture on a canvas is needed in its size there.
		sum, _ = v.scaled(image.Pt(f.width, f.height), r.Filter)
		return sum, false
	case f.src != whole && r.Gravity == "smart":
		// The place is searched in a picture that covers the box.
		s := max(float64(f.width)/float64(f.src.Dx()), float64(f.height)/float64(f.src.Dy()))
		if s < 1 {
			v, _ = v.scaled(image.Pt(side(float64(v.size.X)*s), side(float64(v.size.Y)*s)), r.Filter)
		}
		return v, false
	}
	to := image.Pt(f.width, f.height)
	if v.filter != "" && f.src.Size() != to {
		return v, false
	}
	if f.src != whole {
		v = v.crop(f.src)
	}
	return v.scaled(to, r.Filter)
}

// scaled returns v with another size, unless v was resized before.
func (v view) scaled(to image.Point, f Filter) (sum view, ok bool) {
	if v.size == to || v.filter != "" {
		return v, v.size == to
	}
	v.size, v.filter = to, Filter(cmp.Or(string(f), "lanczos"))
	return v, true
}

// look works out the view of l, for an image that is stored with that size and orientation, and what it leaves to do.
func (l *leg) look(stored image.Point, orientation int) {
	l.view, l.rest = newView(stored.X, stored.Y, orientation), l.ops
	for len(l.rest) > 0 {
		if l.rest[0].op.name == "grayscale" {
			l.gray, l.rest = true, l.rest[1:]
			continue
		}
		sum, ok := l.view.with(l.rest[0])
		l.view = sum
		if !ok {
			return
		}
		l.rest = l.rest[1:]
	}
}
