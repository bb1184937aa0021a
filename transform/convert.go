package transform

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
)

var errPaletteIndex = errors.New("a pixel names a color that the palette does not have")

// convert gives the pixels of what a decoder made as 8-bit RGB and alpha, not premultiplied, with the origin at 0,0. It may use
// the memory of src. In a lossy WebP, Y, Cb and Cr have the range of video (ITU-R BT.601), not that of JFIF.
func convert(src image.Image, video bool) (*image.NRGBA, error) {
	b := src.Bounds()
	rect := image.Rect(0, 0, b.Dx(), b.Dy())
	dst := &image.NRGBA{Stride: 4 * b.Dx(), Rect: rect}
	make4 := func() { dst.Pix = make([]byte, 4*b.Dx()*b.Dy()) }
	switch src := src.(type) {
	case *image.NRGBA:
		if src.Stride == dst.Stride && b.Min == (image.Point{}) {
			return src, nil
		}
	case *image.RGBA:
		if src.Stride == dst.Stride && b.Min == (image.Point{}) && src.Opaque() {
			dst.Pix = src.Pix
			return dst, nil
		}
	case *image.YCbCr:
		make4()
		convertYCbCr(dst, src, video)
		return dst, nil
	case *image.NYCbCrA:
		make4()
		convertYCbCr(dst, &src.YCbCr, video)
		for y := range b.Dy() {
			row := src.A[src.AOffset(b.Min.X, b.Min.Y+y):][:b.Dx()]
			out := dst.Pix[y*dst.Stride:]
			for x, a := range row {
				out[4*x+3] = a
			}
		}
		return dst, nil
	case *image.Paletted:
		make4()
		return dst, convertPaletted(dst, src)
	case *image.Gray, *image.CMYK:
		make4()
		opaque := &image.RGBA{Pix: dst.Pix, Stride: dst.Stride, Rect: rect}
		draw.Draw(opaque, rect, src, b.Min, draw.Src)
		return dst, nil
	case *image.NRGBA64, *image.RGBA64, *image.Gray16:
	default:
		return nil, fmt.Errorf("the decoder gave pixels of an unknown kind, %T", src)
	}
	make4()
	for y := range b.Dy() {
		out := dst.Pix[y*dst.Stride:]
		for x := range b.Dx() {
			c := nrgbaAt(src, b.Min.X+x, b.Min.Y+y)
			copy(out[4*x:4*x+4], c[:])
		}
	}
	return dst, nil
}

// nrgbaAt gives one pixel of the layouts with 16 bits, rounded to 8, and of premultiplied ones.
func nrgbaAt(src image.Image, x, y int) [4]byte {
	to8 := func(v uint16) byte { return byte((uint32(v)*255 + 32767) / 65535) }
	switch src := src.(type) {
	case *image.NRGBA:
		return [4]byte(src.Pix[src.PixOffset(x, y):])
	case *image.NRGBA64:
		c := src.NRGBA64At(x, y)
		return [4]byte{to8(c.R), to8(c.G), to8(c.B), to8(c.A)}
	case *image.Gray16:
		v := to8(src.Gray16At(x, y).Y)
		return [4]byte{v, v, v, 255}
	}
	r, g, b, a := src.At(x, y).RGBA()
	if a == 0 {
		return [4]byte{}
	}
	straight := func(v uint32) byte { return to8(uint16(min(65535, v*65535/a))) }
	return [4]byte{straight(r), straight(g), straight(b), to8(uint16(a))}
}

func convertPaletted(dst *image.NRGBA, src *image.Paletted) error {
	var table [256][4]byte
	for i, c := range src.Palette[:min(256, len(src.Palette))] {
		n := color.NRGBAModel.Convert(c).(color.NRGBA)
		table[i] = [4]byte{n.R, n.G, n.B, n.A}
	}
	n := len(src.Palette)
	for y := range dst.Rect.Dy() {
		row := src.Pix[y*src.Stride:][:dst.Rect.Dx()]
		out := dst.Pix[y*dst.Stride:][:4*len(row)]
		for x, index := range row {
			if int(index) >= n {
				return errPaletteIndex
			}
			copy(out[4*x:4*x+4], table[index][:])
		}
	}
	return nil
}

// A matrix turns Y, Cb and Cr into RGB, in fractions of 65536.
type matrix struct {
	luma, black        int32 // factor of Y, and the Y that is black
	redCr, blueCb      int32
	greenCb, greenCr   int32
	redBase, greenBase int32
	blueBase           int32
}

func newMatrix(luma float64, black int32, redCr, greenCb, greenCr, blueCb float64) matrix {
	fix := func(f float64) int32 { return int32(f*65536 + 0.5) }
	m := matrix{
		luma: fix(luma), black: black, redCr: fix(redCr), greenCb: fix(greenCb), greenCr: fix(greenCr), blueCb: fix(blueCb),
	}
	// Rounding and the offsets of Y, Cb and Cr are taken together.
	base := 32768 - m.black*m.luma
	m.redBase = base - 128*m.redCr
	m.greenBase = base + 128*(m.greenCb+m.greenCr)
	m.blueBase = base - 128*m.blueCb
	return m
}

var (
	jfif  = newMatrix(1, 0, 1.402, 0.344136, 0.714136, 1.772)                // ITU-T T.871
	bt601 = newMatrix(255.0/219, 16, 1.596027, 0.391762, 0.812968, 2.017232) // ITU-R BT.601, 16 to 235
)

// convertYCbCr raises chroma that has half the resolution of luma by a triangle filter, 3:1 for each direction, as its samples
// stand between those of luma; other ratios repeat the nearest.
func convertYCbCr(dst *image.NRGBA, src *image.YCbCr, video bool) {
	m := &jfif
	if video {
		m = &bt601
	}
	w, h := dst.Rect.Dx(), dst.Rect.Dy()
	b := src.Rect
	sx, sy := chromaRatio(src.SubsampleRatio)
	cb, cr := make([]byte, w+1), make([]byte, w+1)
	// A plane that begins in the middle of a chroma sample does not come from a decoder; the nearest is right for it.
	aligned := b.Min == image.Point{}
	for y := range h {
		luma := src.Y[src.YOffset(b.Min.X, b.Min.Y+y):][:w]
		rowCb, rowCr := cb[:w], cr[:w]
		if aligned {
			cw, ch := (w+sx-1)/sx, (h+sy-1)/sy
			rowCb = raise(cb, src.Cb, src.CStride, cw, ch, y, sx, sy, w)
			rowCr = raise(cr, src.Cr, src.CStride, cw, ch, y, sx, sy, w)
		} else {
			for x := range w {
				i := src.COffset(b.Min.X+x, b.Min.Y+y)
				cb[x], cr[x] = src.Cb[i], src.Cr[i]
			}
		}
		m.row(dst.Pix[y*dst.Stride:][:4*w], luma, rowCb, rowCr)
	}
}

func chromaRatio(r image.YCbCrSubsampleRatio) (sx, sy int) {
	switch r {
	case image.YCbCrSubsampleRatio422:
		return 2, 1
	case image.YCbCrSubsampleRatio420:
		return 2, 2
	case image.YCbCrSubsampleRatio440:
		return 1, 2
	case image.YCbCrSubsampleRatio411:
		return 4, 1
	case image.YCbCrSubsampleRatio410:
		return 4, 2
	}
	return 1, 1
}

// raise gives row y of a chroma plane of cw × ch samples at the resolution of luma, w samples wide.
func raise(buf, plane []byte, stride, cw, ch, y, sx, sy, w int) []byte {
	near := plane[y/sy*stride:][:cw]
	if sx == 1 && sy == 1 {
		return near
	}
	far := near
	if sy == 2 {
		other := min(max(0, y/2-1+2*(y&1)), ch-1)
		far = plane[other*stride:][:cw]
	}
	switch sx {
	case 1:
		for x := range buf[:w] {
			buf[x] = byte((3*int32(near[x]) + int32(far[x]) + 2) >> 2)
		}
	case 2:
		// buf has room for one sample more than an odd width needs.
		left := 3*int32(near[0]) + int32(far[0])
		here := left
		for cx := range near {
			right := here
			if cx+1 < cw {
				right = 3*int32(near[cx+1]) + int32(far[cx+1])
			}
			out := buf[2*cx:][:2]
			out[0] = byte((3*here + left + 8) >> 4)
			out[1] = byte((3*here + right + 7) >> 4)
			left, here = here, right
		}
	default:
		for x := range buf[:w] {
			buf[x] = byte((3*int32(near[x/sx]) + int32(far[x/sx]) + 2) >> 2)
		}
	}
	return buf[:w]
}

func (m *matrix) row(out, luma, cb, cr []byte) {
	cb, cr = cb[:len(luma)], cr[:len(luma)]
	for x, y := range luma {
		yy, u, v := int32(y)*m.luma, int32(cb[x]), int32(cr[x])
		r := (yy + m.redBase + v*m.redCr) >> 16
		g := (yy + m.greenBase - u*m.greenCb - v*m.greenCr) >> 16
		b := (yy + m.blueBase + u*m.blueCb) >> 16
		p := out[4*x:][:4]
		p[0] = byte(min(max(r, 0), 255))
		p[1] = byte(min(max(g, 0), 255))
		p[2] = byte(min(max(b, 0), 255))
		p[3] = 255
	}
}
