package transform

import (
	"context"
	"image"
	"path/filepath"
	"strings"
	"testing"
)

// TestOddFilesComeOutRight has small files, most of them made after public bug reports of other programs, each with the
// law of its pixels: x counts from the left, y from the top, and what a law returns counts modulo 256.
func TestOddFilesComeOutRight(t *testing.T) {
	plain := func(x, y int) [4]int { return [4]int{6 * x, 8 * y, 3 * (x + y), 255} }
	wide := func(x, y int) [4]int { return [4]int{8 * x, 10 * y, 4 * (x + y), 255} }
	squares := func(x, y int) [4]int { v := (x/4 + y/3) % 2 * 255; return [4]int{v, v, v, 255} }
	sound := oddPixels(t, "jpeg-sound.jpg", "")
	like := func(rows int) func(x, y int) [4]int {
		return func(x, y int) [4]int {
			if y >= rows {
				return [4]int{128, 128, 128, 255}
			}
			p := sound.Pix[sound.PixOffset(x, y):]
			return [4]int{int(p[0]), int(p[1]), int(p[2]), 255}
		}
	}
	colors := func(known int) func(x, y int) [4]int {
		return func(x, y int) [4]int {
			i := (x/4 + y/3) % 8
			if i >= known {
				return [4]int{0, 0, 0, 255}
			}
			return oddColors[i]
		}
	}
	for _, tt := range []struct {
		file string
		near int // how many levels it may differ
		law  func(x, y int) [4]int
		says string // a part of the first warning, "" where there is none
	}{
		{"tiff-cmyk-jpeg-adobe0.tif", 8, func(x, y int) [4]int {
			k := float64(255-3*y) / 255
			return [4]int{int(k * float64(6*x)), int(k * float64(8*y)), int(k * float64(3*(x+y))), 255}
		}, ""},
		{"tiff-predictor-uncompressed-pillow.tif", 0, plain, ""},
		{"tiff-predictor-packbits.tif", 0, plain, ""},
		{"tiff-palette-of-8bit-values-8bpp.tif", 0,
			func(x, y int) [4]int { return [4]int{6 * x, 255 - 6*x, 18 * x, 255} }, ""},
		{"tiff-rgb-4-samples-no-extrasamples.tif", 0, func(x, y int) [4]int {
			return [4]int{6 * x, 8 * y, 3 * (x + y), 255 - 8*y}
		}, ""},
		{"tiff-fax-g3-padded-eol.tif", 0, squares, ""},
		{"tiff-fax-g3-2d.tif", 0, squares, ""},
		{"tiff-stripbytecounts-too-large.tif", 0, plain, ""},
		{"tiff-tile-2048-for-40x30.tif", 0, plain, ""},
		{"jpeg-sound.jpg", 0, like(120), ""},
		{"jpeg-ff00-before-rst.jpg", 0, like(120), "decode jpeg: "},
		{"jpeg-rst-wrong-number.jpg", 0, like(120), "decode jpeg: "},
		{"jpeg-repeated-component-ids.jpg", 0, like(120), ""},
		{"jpeg-segment-of-length-0.jpg", 0, like(120), ""},
		{"jpeg-cut-by-6-bytes.jpg", 0, nil, "of 120 rows the last 8 are missing"},
		{"png-iccp-wrong-crc.png", 0, wide, "iCCP"},
		{"png-plte-in-gray.png", 0, func(x, y int) [4]int { return [4]int{8 * x, 8 * x, 8 * x, 255} }, ""},
		{"png-no-iend.png", 0, wide, ""},
		{"png-more-pixels-than-named.png", 0, wide, ""},
		{"icc-gray-with-alpha.png", 0, nil, ""},
		{"gif-one-pixel-too-many.gif", 0, colors(8), ""},
		{"gif-unknown-extension.gif", 0, colors(8), ""},
		{"gif-index-beyond-palette.gif", 0, colors(4), "palette"},
		{"bmp-index-beyond-palette.bmp", 0, func(x, y int) [4]int {
			i := (x+y)%16 + 8
			if i >= 16 {
				return [4]int{0, 0, 0, 255}
			}
			return [4]int{8 * i, 255 - 16*i, 16 * i, 255}
		}, "palette"},
	} {
		t.Run(tt.file, func(t *testing.T) {
			pic := oddPixels(t, tt.file, tt.says)
			if tt.law == nil {
				return
			}
			for y := range pic.Rect.Dy() {
				for x := range pic.Rect.Dx() {
					got, want := pic.Pix[pic.PixOffset(x, y):][:4], tt.law(x, y)
					for i := range 4 {
						if d := int(got[i]) - want[i]&255; d > tt.near || -d > tt.near {
							t.Fatalf("pixel %d,%d is %v: want %v, modulo 256", x, y, got, want)
						}
					}
				}
			}
		})
	}
	t.Run("rows that are there", func(t *testing.T) {
		pic := oddPixels(t, "jpeg-cut-by-6-bytes.jpg", "missing")
		if n := 104 * pic.Stride; string(pic.Pix[:n]) != string(sound.Pix[:n]) {
			t.Error("rows 0 to 103 differ from those of the sound file")
		}
	})
	t.Run("gray with alpha", func(t *testing.T) {
		pic := oddPixels(t, "icc-gray-with-alpha.png", "")
		if p := [4]byte(pic.Pix[pic.PixOffset(20, 10):]); p != [4]byte{45, 45, 45, 45} {
			t.Errorf("pixel 20,10 is %v", p)
		}
	})
}

// oddColors is the palette of the GIF files.
var oddColors = [8][4]int{
	{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {255, 255, 0, 255},
	{255, 255, 255, 255}, {0, 0, 0, 255}, {128, 128, 128, 255}, {0, 255, 255, 255},
}

// oddPixels returns the pixels of a file of testdata/odd, turned to PNG, whose first warning must hold says.
func oddPixels(t *testing.T, file, says string) *image.NRGBA {
	t.Helper()
	data := mustRead(t, filepath.Join("testdata", "odd", file))
	res, err := Do(context.Background(), Task{Data: data, Spec: mustSpec(t, "format=png")})
	if err != nil {
		t.Fatal(err)
	}
	if first := strings.Join(res.Warnings, "\n"); says != "" && !strings.Contains(first, says) {
		t.Errorf("warnings %q do not speak of %q", res.Warnings, says)
	}
	if res.Damaged != strings.Contains(says, "missing") {
		t.Errorf("damaged %t with warnings %q", res.Damaged, res.Warnings)
	}
	pic, ok := decoded(t, res.Outputs[0].Data, PNG).(*image.NRGBA)
	if !ok {
		return seen(decoded(t, res.Outputs[0].Data, PNG))
	}
	return pic
}
