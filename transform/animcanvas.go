package transform

import "image"

// A canvas is what an animation shows. Frames change it one after the other.
type canvas struct {
	img    *image.NRGBA
	before *image.NRGBA // what the last frame covers, if that is to come back
	place  image.Rectangle
	after  disposal // of the last frame
}

func newCanvas(w, h int) *canvas { return &canvas{img: image.NewNRGBA(image.Rect(0, 0, w, h))} }

// show takes away the last frame, as that asks, and draws another. What reaches over the canvas is cut off.
func (c *canvas) show(f *sourceFrame) {
	switch c.after {
	case disposeClear:
		fillRect(c.img, c.place)
	case disposePrevious:
		copyRect(c.img, c.before, c.place)
	}
	c.place, c.after = f.place.Intersect(c.img.Rect), f.dispose
	if f.pix == nil || c.place.Empty() {
		return
	}
	if f.dispose == disposePrevious {
		if c.before == nil {
			c.before = image.NewNRGBA(c.img.Rect)
		}
		copyRect(c.before, c.img, c.place)
	}
	for y := c.place.Min.Y; y < c.place.Max.Y; y++ {
		to := c.img.Pix[c.img.PixOffset(c.place.Min.X, y):][:4*c.place.Dx()]
		from := f.pix.Pix[(y-f.place.Min.Y)*f.pix.Stride+4*(c.place.Min.X-f.place.Min.X):][:len(to)]
		if !f.blend {
			copy(to, from)
			continue
		}
		for ; len(to) >= 4 && len(from) >= 4; to, from = to[4:], from[4:] {
			switch a := from[3]; {
			case a == 255 || a > 0 && to[3] == 0:
				copy(to[:4], from)
			case a > 0:
				over((*[4]byte)(to), (*[4]byte)(from))
			}
		}
	}
}

// over lays one pixel over another (PNG, third edition, section 13.16, for pixels that are not premultiplied).
func over(to, from *[4]byte) {
	a := uint32(from[3]) * 255
	b := uint32(to[3]) * (255 - uint32(from[3]))
	sum := a + b
	for i := range 3 {
		to[i] = byte((uint32(from[i])*a + uint32(to[i])*b + sum/2) / sum)
	}
	to[3] = byte((sum + 127) / 255)
}

// fillRect makes a part of an image transparent.
func fillRect(img *image.NRGBA, r image.Rectangle) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		clear(img.Pix[img.PixOffset(r.Min.X, y):][:4*r.Dx()])
	}
}

// copyRect copies a part of an image to the same place in another.
func copyRect(to, from *image.NRGBA, r image.Rectangle) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		copy(to.Pix[to.PixOffset(r.Min.X, y):][:4*r.Dx()], from.Pix[from.PixOffset(r.Min.X, y):])
	}
}

// differing returns the smallest rectangle outside of which two images look the same. What is wholly transparent has no
// color. Both have the same size and begin at 0,0.
func differing(a, b *image.NRGBA) (r image.Rectangle) {
	w := a.Rect.Dx()
	for y := range a.Rect.Dy() {
		p, q := a.Pix[y*a.Stride:][:4*w], b.Pix[y*b.Stride:][:4*w]
		if string(p) == string(q) {
			continue
		}
		first, last := 0, w-1
		for first < w && samePixel(p[4*first:], q[4*first:]) {
			first++
		}
		for last > first && samePixel(p[4*last:], q[4*last:]) {
			last--
		}
		if first <= last {
			r = r.Union(image.Rect(first, y, last+1, y+1))
		}
	}
	return r
}

// samePixel reports whether two pixels look the same.
func samePixel(p, q []byte) bool {
	return p[3] == q[3] && (p[3] == 0 || p[0] == q[0] && p[1] == q[1] && p[2] == q[2])
}

// copied returns a copy of img that begins at 0,0, in the memory of spare if that is not nil.
func copied(spare, img *image.NRGBA) *image.NRGBA {
	if spare == nil {
		spare = image.NewNRGBA(image.Rectangle{Max: img.Rect.Size()})
	}
	for y := range spare.Rect.Dy() {
		copy(spare.Pix[y*spare.Stride:][:spare.Stride], img.Pix[y*img.Stride:])
	}
	return spare
}
