package transform

import (
	"image"

	"imgpipe/transform/internal/jpeg"
	"imgpipe/transform/internal/pixel"
)

// An inkSource is a planeSource whose pictures may have inks.
type inkSource interface {
	// inverted reports whether 255 is no ink.
	inverted() bool
}

// isInks reports whether a picture has the four components of CMYK.
func isInks(k pixel.Kind) bool { return k == pixel.CMYK || k == pixel.YCCK }

// plainInks reports whether a JPEG of CMYK can be decoded to planes of any scale: chroma alone may have fewer samples.
func plainInks(h *jpeg.Header) bool {
	s := h.Shape()
	hMax, vMax := s.Finest()
	full := func(i int) bool { return s.Sampling[i].H == hMax && s.Sampling[i].V == vMax }
	if h.Kind == pixel.CMYK {
		return full(0) && full(1) && full(2) && full(3)
	}
	return h.Kind == pixel.YCCK && full(0) && full(3)
}

// inksOf makes RGB of the inks of a view, whose planes have one size.
func (j *job) inksOf(view *pixel.Planes, inverted bool) (*image.NRGBA, error) {
	all := pixel.Sampling{H: 1, V: 1}
	return j.rgbOf(view, pixel.Shape{
		Width: view.Plane[0].W, Height: view.Plane[0].H, Kind: view.Kind,
		Sampling: [4]pixel.Sampling{all, all, all, all},
	}, inverted)
}

// rgbOf makes RGB of planes that were decoded at full size from a picture of shape s; of inks by the profile of the
// file, or else by the plain formula. inverted reports whether 255 is no ink, for CMYK and YCCK.
func (j *job) rgbOf(p *pixel.Planes, s pixel.Shape, inverted bool) (*image.NRGBA, error) {
	img := image.NewNRGBA(image.Rect(0, 0, s.Width, s.Height))
	rows := pixel.NewRows(p, s)
	for y := range s.Height {
		if y%64 == 0 {
			if err := j.ended(); err != nil {
				return nil, err
			}
		}
		if out := img.Pix[y*img.Stride:][:4*s.Width]; j.inks != nil {
			rows.Inks(out, y, inverted)
		} else {
			rows.RGB(out, y, inverted)
		}
	}
	if j.inks == nil {
		return img, nil
	}
	return img, j.convert(img, j.inks)
}
