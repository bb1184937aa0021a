package transform

import (
	"image"
	"math"

	"imgpipe/transform/internal/resample"
)

// wideSigma is the least standard deviation for which a blur is done in a smaller image. The time of a Gaussian grows
// with it: 9 megapixels took 8.8 s with 50, and take 0.3 s this way.
const wideSigma = 4

// blurred returns img softened with a Gaussian, as if the pixels at its edges went on beyond them. A wide Gaussian
// leaves no detail. So it is done in an image that is smaller by half of sigma, and the result is made larger again.
// The mean over a block and the interpolation blur as well; they are subtracted from sigma before.
func blurred(img *image.NRGBA, sigma float64) *image.NRGBA {
	b := img.Bounds()
	f := int(sigma / 2)
	if sigma < wideSigma || min(b.Dx(), b.Dy()) < 4*f {
		return gaussianBlur(img, sigma)
	}
	w, h := (b.Dx()+f-1)/f, (b.Dy()+f-1)/f
	// In samples of the small image, the variance of a box is a twelfth; that of interpolation with Catmull-Rom is
	// none.
	scale := (float64(w)/float64(b.Dx()) + float64(h)/float64(b.Dy())) / 2
	narrow := math.Sqrt(sigma*sigma*scale*scale - 1.0/12)
	small := gaussianBlur(shrunk(img, w, h), narrow).SubImage(image.Rect(1, 1, w+1, h+1))
	return resized(small.(*image.NRGBA), b.Dx(), b.Dy(), resample.CatmullRom)
}

// shrunk returns img at w × h pixels, in a frame of one pixel. The frame is made of the outermost pixels of img
// alone, as these go on beyond the edges, and not the mean of many.
func shrunk(img *image.NRGBA, w, h int) *image.NRGBA {
	width, height := img.Rect.Dx(), img.Rect.Dy()
	out := image.NewNRGBA(image.Rect(0, 0, w+2, h+2))
	// The columns or rows from one to another go to n, the first of them number at.
	type stretch struct{ from, to, at, n int }
	for _, x := range []stretch{{0, 1, 0, 1}, {0, width, 1, w}, {width - 1, width, w + 1, 1}} {
		for _, y := range []stretch{{0, 1, 0, 1}, {0, height, 1, h}, {height - 1, height, h + 1, 1}} {
			part := img.SubImage(image.Rect(x.from, y.from, x.to, y.to).Add(img.Rect.Min)).(*image.NRGBA)
			small := resized(part, x.n, y.n, resample.Box)
			for i := range y.n {
				copy(out.Pix[out.PixOffset(x.at, y.at+i):], small.Pix[i*small.Stride:][:4*x.n])
			}
		}
	}
	return out
}

// sharpened returns img with the difference to its blur added.
func sharpened(img *image.NRGBA, sigma float64) *image.NRGBA {
	out := blurred(img, sigma)
	for y := range out.Rect.Dy() {
		from, to := img.Pix[y*img.Stride:][:4*img.Rect.Dx()], out.Pix[y*out.Stride:]
		for x, v := range from {
			to[x] = uint8(min(max(2*int(v)-int(to[x]), 0), 255))
		}
	}
	return out
}
