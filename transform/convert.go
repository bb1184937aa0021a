package transform

import (
	"image"

	"imgpipe/transform/internal/vp8"
)

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

// convert returns the pixels of a lossy WebP as RGB and alpha, which is a byte for each pixel; nil is opaque. Chroma, which
// has half the resolution of luma, is raised by a triangle filter.
func convert(p *vp8.Picture, alpha []byte) *image.NRGBA {
	w := p.Width
	img := image.NewNRGBA(image.Rect(0, 0, w, p.Height))
	cb, cr := make([]byte, w+1), make([]byte, w+1)
	cw, ch := (w+1)/2, (p.Height+1)/2
	for y := range p.Height {
		out := img.Pix[y*img.Stride:][:4*w]
		blue := raise(cb, p.Cb, p.CStride, cw, ch, y, 2, 2, w)
		red := raise(cr, p.Cr, p.CStride, cw, ch, y, 2, 2, w)
		bt601.row(out, p.Y[y*p.YStride:][:w], blue, red)
		if alpha != nil {
			for x, a := range alpha[y*w:][:w] {
				out[4*x+3] = a
			}
		}
	}
	return img
}

// raise returns row y of a chroma plane of cw × ch samples at the resolution of luma, w samples wide. Samples that are half
// as many are raised by a triangle filter, 3:1 for each direction, as they stand between those of luma; others are repeated.
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
