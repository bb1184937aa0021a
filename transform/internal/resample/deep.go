package resample

import (
	"image"

	"imgpipe/transform/internal/pixel"
)

// NRGBA64 is NRGBA for samples of 16 bits.
func (r *Resampler) NRGBA64(dst, src *image.NRGBA64, win Window, f Filter) error {
	p := planeOf64(src)
	if err := check(p, "source", 8); err != nil {
		return err
	}
	if err := r.StartNRGBA64(dst, p.W, p.H, src.Opaque(), win, f); err != nil {
		return err
	}
	r.push(p.Pix, p.Stride, p.H)
	return nil
}

// StartGray16 is StartPlane for samples of 16 bits. Rows that are pushed have two bytes for a sample, the high one
// first.
func (r *Resampler) StartGray16(dst *image.Gray16, srcW, srcH int, win Window, f Filter) error {
	p := pixel.Plane{Pix: dst.Pix, Stride: dst.Stride, W: dst.Rect.Dx(), H: dst.Rect.Dy()}
	return r.begin(p, form{gray, true, r.Linear}, srcW, srcH, win, f)
}

// StartNRGBA64 is StartNRGBA for samples of 16 bits. Rows that are pushed have 8 bytes for a pixel: two for each
// sample, the high one first.
func (r *Resampler) StartNRGBA64(dst *image.NRGBA64, srcW, srcH int, opaque bool, win Window, f Filter) error {
	return r.begin(planeOf64(dst), form{colors(opaque), true, r.Linear}, srcW, srcH, win, f)
}

// planeOf64 returns m's bytes as a Plane whose W counts pixels.
func planeOf64(m *image.NRGBA64) pixel.Plane {
	return pixel.Plane{Pix: m.Pix, Stride: m.Stride, W: m.Rect.Dx(), H: m.Rect.Dy()}
}
