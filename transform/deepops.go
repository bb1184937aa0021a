package transform

import (
	"encoding/binary"
	"image"
	"image/color"
	"math"

	"imgpipe/transform/internal/pixel"
	"imgpipe/transform/internal/resample"
)

// Operations on images of 16 bits a sample. Each does what its like of 8 bits does, in 65,535 steps: TestDeepOperations
// holds that the results are one level apart at the most, once they are rounded.

// deep returns what does o to an image of 16 bits a sample, nil if nothing does.
func (o Op) deep() deepFunc {
	if o.op.deep == nil {
		return nil
	}
	return o.op.deep(args(o))
}

// always returns the deep of an operation that can be done with any arguments.
func always(f deepFunc) func(args) deepFunc { return func(args) deepFunc { return f } }

// eachDeep returns a new image of img's size whose rows f makes of img's.
func eachDeep(img *image.NRGBA64, f func(to, from []byte)) *image.NRGBA64 {
	out := image.NewNRGBA64(image.Rectangle{Max: img.Rect.Size()})
	n := 8 * out.Rect.Dx()
	for y := range out.Rect.Dy() {
		f(out.Pix[y*out.Stride:][:n], img.Pix[y*img.Stride:][:n])
	}
	return out
}

// pointDeep returns the deepFunc of a function of R, G and B.
func pointDeep(f func(r, g, b uint16) (uint16, uint16, uint16)) deepFunc {
	return func(_ *job, img *image.NRGBA64, _ args) (*image.NRGBA64, error) {
		return eachDeep(img, func(to, from []byte) {
			for ; len(from) >= 8 && len(to) >= 8; to, from = to[8:], from[8:] {
				v := binary.BigEndian.Uint64(from)
				r, g, b := f(uint16(v>>48), uint16(v>>32), uint16(v>>16))
				binary.BigEndian.PutUint64(to, uint64(r)<<48|uint64(g)<<32|uint64(b)<<16|v&0xffff)
			}
		}), nil
	}
}

var deepInvert = pointDeep(func(r, g, b uint16) (uint16, uint16, uint16) { return ^r, ^g, ^b })

// deepGrayscale has the weights of ITU-R BT.601.
var deepGrayscale = pointDeep(func(r, g, b uint16) (uint16, uint16, uint16) {
	y := uint16((19595*uint64(r) + 38470*uint64(g) + 7471*uint64(b) + 1<<15) >> 16)
	return y, y, y
})

// deepLevels returns the deep of an operation that maps levels from 0 to 1, and has one number.
func deepLevels(name string, f func(level, n float64) float64) func(args) deepFunc {
	return func(a args) deepFunc {
		n := a.num(name)
		return func(j *job, img *image.NRGBA64, a args) (*image.NRGBA64, error) {
			table := make([]uint16, 1<<16)
			for i := range table {
				table[i] = uint16(math.Round(min(max(f(float64(i)/65535, n), 0), 1) * 65535))
			}
			return pointDeep(func(r, g, b uint16) (uint16, uint16, uint16) {
				return table[r], table[g], table[b]
			})(j, img, a)
		}
	}
}

func brighter(level, percent float64) float64 { return level + percent/100 }

func gammaOf(level, gamma float64) float64 { return math.Pow(level, 1/gamma) }

func contrasted(level, percent float64) float64 {
	from := level - 0.5
	switch v := (100 + percent) / 100; {
	case v <= 1:
		from *= v
	case v < 2:
		from /= 2 - v
	case from < 0:
		return 0
	default:
		return 1
	}
	return 0.5 + float64(from) // the conversion keeps a machine from rounding once where others do twice
}

// deepTurn returns the deep of an operation that turns as an EXIF orientation is undone.
func deepTurn(orientation int) func(args) deepFunc {
	return always(func(_ *job, img *image.NRGBA64, _ args) (*image.NRGBA64, error) {
		return turned(img, turnOf(orientation)), nil
	})
}

func deepRotate(a args) deepFunc {
	quarters, exact := turns(a)
	if !exact {
		return nil
	}
	return deepTurn([]int{1, 6, 3, 8}[quarters])(a)
}

// turned returns img after a turn.
func turned(img *image.NRGBA64, t turn) *image.NRGBA64 {
	if t == (turn{}) {
		return img
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	across, down := 8, img.Stride // from one pixel of the result to the next in img
	if t.swap {
		w, h = h, w
		across, down = down, across
	}
	start := 0
	if t.flipX {
		start += (w - 1) * across
		across = -across
	}
	if t.flipY {
		start += (h - 1) * down
		down = -down
	}
	out := image.NewNRGBA64(image.Rect(0, 0, w, h))
	for y := range h {
		at := start + y*down
		for to := out.Pix[y*out.Stride:][:8*w]; len(to) >= 8; to = to[8:] {
			copy(to[:8], img.Pix[at:])
			at += across
		}
	}
	return out
}

// cutOut returns a part of img, as an image of its own.
func cutOut(img *image.NRGBA64, r image.Rectangle) *image.NRGBA64 {
	return eachDeep(img.SubImage(r.Add(img.Rect.Min)).(*image.NRGBA64), func(to, from []byte) { copy(to, from) })
}

func deepCrop(j *job, img *image.NRGBA64, a args) (*image.NRGBA64, error) {
	b := img.Bounds()
	r, err := cropRect(a, b.Dx(), b.Dy())
	if err != nil || r == b {
		return img, err
	}
	if a.text("gravity") == "smart" && a.text("x") == "" && a.text("y") == "" {
		r = j.smartPlace(pixel.Shallow64(img), r.Dx(), r.Dy())
	}
	return cutOut(img, r), nil
}

func deepResize(j *job, img *image.NRGBA64, a args) (*image.NRGBA64, error) {
	r := resizeOf(a)
	b := img.Bounds()
	f := r.frame(b.Dx(), b.Dy())
	if r.Fit == FitCover && r.Gravity == "smart" && f.src != b {
		f.src = j.smartPlace(pixel.Shallow64(img), f.src.Dx(), f.src.Dy())
	}
	out := img
	switch {
	case f.src.Size() != image.Pt(f.width, f.height):
		part := img.SubImage(f.src).(*image.NRGBA64)
		out = image.NewNRGBA64(image.Rect(0, 0, f.width, f.height))
		s := spares.Get().(*resample.Resampler)
		defer spares.Put(s)
		s.Linear = j.linear && r.Filter != "nearest"
		if err := s.NRGBA64(out, part, resample.Window{}, resamplers[r.Filter]); err != nil {
			panic(err) // an error means sizes that contradict each other, and these do not
		}
	case f.src != b:
		out = cutOut(img, f.src)
	}
	if f.canvasW == f.width && f.canvasH == f.height {
		return out, nil
	}
	canvas := image.NewNRGBA64(image.Rect(0, 0, f.canvasW, f.canvasH))
	var back uint64
	c := color.NRGBAModel.Convert(j.background.C).(color.NRGBA)
	for _, v := range []uint8{c.R, c.G, c.B, c.A} {
		back = back<<16 | uint64(v)*257
	}
	for pix := canvas.Pix; len(pix) >= 8; pix = pix[8:] {
		binary.BigEndian.PutUint64(pix, back)
	}
	lay(canvas, out, f.offset)
	return canvas, nil
}

// lay lays img over canvas, in which it has room at that place.
func lay(canvas, img *image.NRGBA64, at image.Point) {
	for y := range img.Rect.Dy() {
		from := img.Pix[y*img.Stride:][:8*img.Rect.Dx()]
		to := canvas.Pix[canvas.PixOffset(at.X, at.Y+y):][:len(from)]
		for ; len(from) >= 8; to, from = to[8:], from[8:] {
			top, under := binary.BigEndian.Uint64(from), binary.BigEndian.Uint64(to)
			binary.BigEndian.PutUint64(to, overDeep(top, under))
		}
	}
}

// overDeep lays one pixel over another. Both are R, G, B and A from the highest bits on, not premultiplied.
func overDeep(top, under uint64) uint64 {
	const full = 0xffff
	a := top & full * full                  // how much of top shows
	b := (under & full) * (full - top&full) // and of what is under it
	sum := a + b                            // alpha of the result, times full
	if sum == 0 {
		return 0
	}
	pix := (sum + full/2) / full
	for shift := 16; shift < 64; shift += 16 {
		v := (a*(top>>shift&full) + b*(under>>shift&full) + sum/2) / sum
		pix |= v << shift
	}
	return pix
}
