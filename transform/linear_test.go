package transform

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"strings"
	"testing"
)

// checkerboard draws squares of n pixels, black and white.
func checkerboard(w, h, n int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			v := uint8(255 * ((x/n + y/n) % 2))
			img.SetNRGBA(x, y, color.NRGBA{v, v, v, 255})
		}
	}
	return img
}

// checkerboards are files of one checkerboard that go by each way that pixels take, with what a format does to it.
func checkerboards(t *testing.T) map[string][]byte {
	pic := checkerboard(64, 48, 1)
	gray := image.NewGray(pic.Rect)
	draw.Draw(gray, gray.Rect, pic, image.Point{}, draw.Src)
	deep, deepGray := image.NewNRGBA64(pic.Rect), image.NewNRGBA64(pic.Rect)
	clear, tinted := checkerboard(64, 48, 1), checkerboard(64, 48, 1)
	for i, v := range pic.Pix {
		deep.Pix[2*i], deep.Pix[2*i+1] = v, v
		if i%4 == 3 {
			clear.Pix[i] = 100
		} else if i%4 == 2 {
			tinted.Pix[i] = 255 // so that it is no picture of grays
		}
	}
	copy(deepGray.Pix, deep.Pix)
	deep.Pix[8*(64*48-1)+5]-- // a color, so that it has three samples
	clearDeep := image.NewNRGBA64(pic.Rect)
	copy(clearDeep.Pix, deep.Pix)
	for i := 6; i < len(clearDeep.Pix); i += 8 {
		clearDeep.Pix[i] = 100
	}
	return map[string][]byte{
		"png": encoded(t, tinted, PNG), "gray png": encoded(t, gray, PNG), "clear png": encoded(t, clear, PNG),
		"deep png": deepFile(t, deep, PNG), "deep gray tiff": deepFile(t, deepGray, TIFF),
		"deep clear png": deepFile(t, clearDeep, PNG), "tiff": encoded(t, tinted, TIFF),
		"jpeg": jpegOf(t, pic, 1, 1), "jpeg of halved chroma": jpegOf(t, pic, 2, 2),
		"gray jpeg": encoded(t, gray, JPEG),
		"gif":       encoded(t, pic, GIF), "bmp": encoded(t, tinted, BMP),
		"lossless webp": encoded(t, tinted, WebPLossless),
		"webp":          do(t, encoded(t, pic, PNG), "format=webp;quality=100").Outputs[0].Data,
	}
}

// TestHalfTheLightOfWhite halves a checkerboard of black and white, which gives off half of the light of white: level
// 188 in linear light, and 128 otherwise. It has all formats in and out, resizing as an operation among others, and
// files of 8 and of 16 bits. A JPEG and a lossy WebP hold the checkerboard nearly.
func TestHalfTheLightOfWhite(t *testing.T) {
	for name, data := range checkerboards(t) {
		within := 0
		switch {
		case strings.Contains(name, "jpeg"):
			within = 2
		case name == "webp":
			within = 4
		}
		for _, steps := range []string{
			"size=32,filter=box;format=png", "size=32,filter=box;format=tiff",
			"size=32,filter=linear;format=png;depth=8",
			"rotate=180;resize=32,filter=box;format=png", "resize=64x96,fit=contain;resize=32x48,filter=box;format=png",
			"size=32,filter=box;format=bmp", "size=32,filter=box;format=webp-lossless", "size=16,filter=box;format=png",
			"size=8,filter=box;format=png", "size=32,filter=box;format=png,jpeg", "size=32,filter=box;format=jpeg",
		} {
			for _, linear := range []bool{true, false} {
				want := 128
				text := steps
				if linear {
					want, text = 188, steps+";linear=on"
				}
				out := do(t, data, text).Outputs[0]
				img := decoded(t, do(t, out.Data, "format=png").Outputs[0].Data, PNG) // others read no gray with alpha
				b := img.Bounds()
				// The middle, as the outermost pixels of some filters have a half of their own.
				c := color.NRGBAModel.Convert(img.At(b.Min.X+b.Dx()/2, b.Min.Y+b.Dy()/2)).(color.NRGBA)
				most := within
				if out.Format == JPEG {
					most += 2
				}
				if strings.Contains(name, "clear") && (!out.Format.HasAlpha() || strings.Contains(steps, "contain")) {
					continue // laid over white
				}
				if !linear && strings.Contains(name, "deep") {
					most++ // 127.5
				}
				if d := int(c.R) - want; d > most || d < -most {
					t.Errorf("%s, %q: level %d, want %d", name, text, c.R, want)
				}
			}
		}
	}
}

// TestLinearKeepsPlainPictures holds that a picture of one color keeps it exactly, at all 256 levels, by every path.
func TestLinearKeepsPlainPictures(t *testing.T) {
	for v := range 256 {
		if testing.Short() && v%16 != 3 {
			continue
		}
		level := uint8(v)
		pic := solid(24, 18, color.NRGBA{level, level, 255 - level, 255})
		if v%2 == 0 {
			pic = solid(24, 18, color.NRGBA{level, 255 - level, level, 90})
		}
		want := pic.NRGBAAt(0, 0)
		for _, f := range []Format{PNG, WebPLossless} { // by rows, and as a whole
			for _, size := range []string{"10x7,fit=fill", "40x40,fit=fill,upscale,filter=mitchell"} {
				img := decoded(t, do(t, encoded(t, pic, f), "size="+size+";linear=on;format=png").Outputs[0].Data, PNG)
				for y := range img.Bounds().Dy() {
					for x := range img.Bounds().Dx() {
						if got := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA); got != want {
							t.Fatalf("%s, %s: %v becomes %v", f, size, want, got)
						}
					}
				}
			}
		}
	}
}

// TestLinearOfNothing holds that the setting changes no byte where nothing is resized, or where no pixels are added up.
func TestLinearOfNothing(t *testing.T) {
	for name, data := range manySources(t, 200, 150) {
		for _, steps := range []string{"", "rotate=90", "size=5000", "size=50,filter=nearest", "blur=9", "crop=50x40"} {
			a, b := do(t, data, steps), do(t, data, steps+";linear=on")
			if !bytes.Equal(a.Outputs[0].Data, b.Outputs[0].Data) || a.Path != b.Path {
				t.Errorf("%s, %q: another file, by way of %q and %q", name, steps, a.Path, b.Path)
			}
		}
	}
}

// TestLinearIsExplained says which steps are in linear light, and that planes are decoded at full size.
func TestLinearIsExplained(t *testing.T) {
	data := jpegOf(t, scene(400, 300), 2, 2)
	h, err := ReadHeader(data)
	if err != nil {
		t.Fatal(err)
	}
	for steps, want := range map[string][]string{
		"size=100":                          {"path ycbcr: planes", "resize=100x100: 100x75\n"},
		"size=100;linear=on":                {"planes of full size", "jpeg 400x300\n", ": 100x75, in linear light\n"},
		"size=100,filter=nearest;linear=on": {"path ycbcr: planes", "filter=nearest: 100x75\n"},
		"blur=1;resize=50;linear=on":        {"path ycbcr+rgba", "blur=1: 400x300\n", ": 50x38, in linear light\n"},
	} {
		text, err := mustSpec(t, steps).Explain(h, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("%q: %q is not in %q", steps, part, text)
			}
		}
	}
}

// TestLinearOfInksAndDamage has the rows of planes: those of CMYK, and of a file that is cut.
func TestLinearOfInksAndDamage(t *testing.T) {
	inks := manyScans(120, 90, 4, 6, true)
	for _, data := range [][]byte{inks, jpegOf(t, scene(120, 90), 2, 1), lossyWebP(t)} {
		plain, linear := one(t, atFullSize(t, data), "size=40"), do(t, data, "size=40;linear=on;format=png")
		if d := difference(plain, decoded(t, linear.Outputs[0].Data, PNG)); d < 0 || d > 12 {
			t.Errorf("a %s is %.1f levels from one that was resized otherwise", linear.Source.Format, d)
		}
		cut := do(t, data[:len(data)*3/4], "size=40;linear=on;format=png")
		same := do(t, data[:len(data)*3/4], "size=40;format=png")
		if cut.Damaged != same.Damaged || fmt.Sprint(cut.Warnings) != fmt.Sprint(same.Warnings) {
			t.Errorf("a %s that is cut: damaged %t, %q; want %t, %q", cut.Source.Format, cut.Damaged, cut.Warnings,
				same.Damaged, same.Warnings)
		}
	}
}

// atFullSize decodes a file at its full size.
func atFullSize(t *testing.T, data []byte) image.Image {
	return decoded(t, do(t, data, "format=png").Outputs[0].Data, PNG)
}
