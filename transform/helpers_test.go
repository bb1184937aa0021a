package transform

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	xwebp "golang.org/x/image/webp"

	"imgpipe/transform/internal/avif"
	"imgpipe/transform/internal/vp8l"
	"imgpipe/transform/internal/webp"
)

// outputFormats are those that can be written. The race detector sees nothing of the code that writes AVIF, and would
// slow it down a hundred times.
var outputFormats = formatsThat(func(r *format) bool { return writable(r) && !(underRace && r.name == AVIF) })

func solid(w, h int, c color.NRGBA) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := 0; i < len(img.Pix); i += 4 {
		copy(img.Pix[i:], []byte{c.R, c.G, c.B, c.A})
	}
	return img
}

// scene draws a picture without symmetry: a gradient with a bright corner and a dark disc.
func scene(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{uint8(40 + 180*x/w), uint8(40 + 180*y/h), uint8(200 - 100*(x+y)/(w+h)), 255}
			if x < w/4 && y < h/4 {
				c = color.NRGBA{250, 240, 20, 255}
			}
			if dx, dy := x-w*2/3, y-h/2; dx*dx+dy*dy < w*h/50 {
				c = color.NRGBA{20, 10, 60, 255}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

// encoded writes a file without this package's own encoders.
func encoded(t testing.TB, img image.Image, f Format) []byte {
	var b bytes.Buffer
	var err error
	switch f {
	case JPEG:
		err = jpeg.Encode(&b, img, &jpeg.Options{Quality: 95})
	case PNG:
		err = png.Encode(&b, img)
	case GIF:
		err = gif.Encode(&b, img, nil)
	case TIFF:
		err = tiff.Encode(&b, img, nil)
	case BMP:
		err = bmp.Encode(&b, img)
	case WebP, WebPLossless: // for which there is no other encoder in Go
		b.Write(losslessWebPOf(t, img))
	case AVIF: // of which there is one encoder
		flat := image.NewNRGBA(img.Bounds())
		draw.Draw(flat, flat.Rect, img, flat.Rect.Min, draw.Src)
		var file []byte
		file, err = avif.Encode(flat, avif.Options{Quality: 95, Speed: 9, Full: true})
		b.Write(file)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func losslessWebPOf(t testing.TB, img image.Image) []byte {
	pic := image.NewNRGBA(image.Rectangle{Max: img.Bounds().Size()})
	draw.Draw(pic, pic.Rect, img, img.Bounds().Min, draw.Src)
	s := webp.Still{W: pic.Rect.Dx(), H: pic.Rect.Dy()}
	src := vp8l.Source{Pix: pic.Pix, Stride: pic.Stride, W: s.W, H: s.H}
	var err error
	if s.Lossless, err = new(vp8l.Encoder).Append(nil, &src, vp8l.EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	file, err := webp.Append(nil, &s, webp.Extras{})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// decoded reads a file without this package's own decoders.
func decoded(t testing.TB, data []byte, f Format) image.Image {
	t.Helper()
	r := bytes.NewReader(data)
	var img image.Image
	var err error
	switch f {
	case JPEG:
		img, err = jpeg.Decode(r)
	case PNG:
		img, err = png.Decode(r)
	case GIF:
		img, err = gif.Decode(r)
	case TIFF:
		img, err = tiff.Decode(r)
	case BMP:
		img, err = bmp.Decode(r)
	case WebP, WebPLossless:
		if img, err = xwebp.Decode(r); err == nil {
			img = fromVideo(img)
		}
	case AVIF:
		img, _, err = image.Decode(r)
	}
	if err != nil {
		t.Fatalf("read the %s made: %v", f, err)
	}
	return img
}

// fromVideo returns the picture of a lossy WebP, which x/image takes to be at full range (ITU-R BT.601).
func fromVideo(img image.Image) image.Image {
	at := func(int, int) uint8 { return 255 }
	planes, ok := img.(*image.YCbCr)
	if veiled, is := img.(*image.NYCbCrA); is {
		planes, ok = &veiled.YCbCr, true
		at = func(x, y int) uint8 { return veiled.NYCbCrAAt(x, y).A }
	}
	if !ok {
		return img
	}
	out := image.NewNRGBA(img.Bounds())
	level := func(v float64) uint8 { return uint8(min(max(v, 0), 255) + 0.5) }
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			c := planes.YCbCrAt(x, y)
			luma := 255.0 / 219 * (float64(c.Y) - 16)
			cb, cr := 255.0/224*(float64(c.Cb)-128), 255.0/224*(float64(c.Cr)-128)
			out.SetNRGBA(x, y, color.NRGBA{level(luma + 1.402*cr), level(luma - 0.344136*cb - 0.714136*cr),
				level(luma + 1.772*cb), at(x, y)})
		}
	}
	return out
}

// difference returns the mean absolute difference of two images of one size, over white, in levels of 0 to 255. It
// returns -1 if the sizes differ.
func difference(a, b image.Image) float64 {
	if a.Bounds().Size() != b.Bounds().Size() {
		return -1
	}
	over := func(v, alpha uint32) float64 { return float64(v+65535-alpha) / 257 }
	var sum float64
	n := a.Bounds().Size()
	for y := range n.Y {
		for x := range n.X {
			r1, g1, b1, a1 := a.At(a.Bounds().Min.X+x, a.Bounds().Min.Y+y).RGBA()
			r2, g2, b2, a2 := b.At(b.Bounds().Min.X+x, b.Bounds().Min.Y+y).RGBA()
			for _, d := range []float64{
				over(r1, a1) - over(r2, a2), over(g1, a1) - over(g2, a2), over(b1, a1) - over(b2, a2),
			} {
				sum += max(d, -d)
			}
		}
	}
	return sum / float64(3*n.X*n.Y)
}

// refused reports whether err is that of a damaged image of which a part is there.
func refused(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == ClassDecode && e.Refused
}

// notUnderRace skips a long test of what one goroutine does alone.
func notUnderRace(t *testing.T) {
	t.Helper()
	if underRace {
		t.Skip("one goroutine does all of this: the race detector would only make it slow")
	}
}

// listOf returns the Formats of a Spec that asks for f; none for "".
func listOf(f Format) []Format {
	if f == "" {
		return nil
	}
	return []Format{f}
}
