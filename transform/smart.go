package transform

import (
	"image"
	"image/draw"

	"github.com/muesli/smartcrop"

	"imgpipe/transform/internal/resample"
)

// smartSide is the longest side of the copy in which a crop is searched. For each place of the window the search looks
// at the whole image, so its time grows with the fourth power of the side.
const smartSide = 256

// smartPlace returns the window of w × h pixels that holds the most edges, skin and saturated colors, after Jonas
// Wagner's smartcrop.js. It returns the center if nothing stands out.
func smartPlace(img *image.NRGBA, w, h int) image.Rectangle {
	b := img.Bounds()
	center := place(b.Dx(), b.Dy(), w, h, "center")
	small := img
	if b.Dx() > smartSide || b.Dy() > smartSide {
		f := Resize{Width: smartSide, Height: smartSide}.frame(b.Dx(), b.Dy())
		small = resized(img, f.width, f.height, resample.Box)
	}
	opaque := image.NewRGBA(small.Bounds())
	draw.Draw(opaque, opaque.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(opaque, opaque.Bounds(), small, small.Bounds().Min, draw.Over)
	scale := float64(opaque.Bounds().Dx()) / float64(b.Dx())
	scaleY := float64(opaque.Bounds().Dy()) / float64(b.Dy())
	analyzer := smartcrop.NewAnalyzer(boxResizer{})
	found, err := analyzer.FindBestCrop(opaque, side(float64(w)*scale), side(float64(h)*scaleY))
	if err != nil || found.Empty() {
		return center
	}
	// Only the middle of the found window counts: its size was rounded, and the search may make it smaller.
	mx := float64(found.Min.X+found.Max.X) / 2 / scale
	my := float64(found.Min.Y+found.Max.Y) / 2 / scaleY
	x := min(max(0, int(mx)-w/2), b.Dx()-w)
	y := min(max(0, int(my)-h/2), b.Dy()-h)
	return image.Rect(x, y, x+w, y+h)
}

type boxResizer struct{}

// Resize is called by smartcrop, which works on a still smaller image. A height of 0 follows from the width.
func (boxResizer) Resize(img image.Image, width, height uint) image.Image {
	// It is an opaque RGBA image that smartPlace made, whose bytes are those of an NRGBA image.
	m := img.(*image.RGBA)
	w := max(1, int(width))
	h := int(height)
	if h == 0 {
		h = side(float64(w) * float64(m.Rect.Dy()) / float64(m.Rect.Dx()))
	}
	return resized(&image.NRGBA{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect}, w, h, resample.Box)
}
