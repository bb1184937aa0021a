package transform

import (
	"image"
	"math"

	"github.com/disintegration/imaging"

	"imgpipe/transform/internal/resample"
)

// wideSigma is the standard deviation from which on a blur is done in a smaller image. A Gaussian takes time in
// proportion to it: 9 megapixels took 8.8 s with 50, and 0.3 s this way.
const wideSigma = 4

// blurred is img, softened with a Gaussian. What a wide one leaves has no detail, so it is found in an image that is
// smaller by half of sigma, and made larger again; the mean over a block and the interpolation blur as well, and are
// taken off sigma before.
func blurred(img *image.NRGBA, sigma float64) *image.NRGBA {
	b := img.Bounds()
	f := int(sigma / 2)
	if sigma < wideSigma || min(b.Dx(), b.Dy()) < 4*f {
		return imaging.Blur(img, sigma)
	}
	w, h := (b.Dx()+f-1)/f, (b.Dy()+f-1)/f
	small := resized(img, w, h, resample.Box)
	// In samples of the small image, the variance of a box is a twelfth; that of interpolation with Catmull-Rom is
	// none.
	scale := (float64(w)/float64(b.Dx()) + float64(h)/float64(b.Dy())) / 2
	narrow := math.Sqrt(sigma*sigma*scale*scale - 1.0/12)
	return resized(imaging.Blur(small, narrow), b.Dx(), b.Dy(), resample.CatmullRom)
}

// sharpened is img with what a blur takes from it added once more.
func sharpened(img *image.NRGBA, sigma float64) *image.NRGBA {
	if sigma < wideSigma {
		return imaging.Sharpen(img, sigma)
	}
	out := blurred(img, sigma)
	for y := range out.Rect.Dy() {
		from, to := img.Pix[y*img.Stride:][:4*img.Rect.Dx()], out.Pix[y*out.Stride:]
		for x, v := range from {
			to[x] = uint8(min(max(2*int(v)-int(to[x]), 0), 255))
		}
	}
	return out
}
