package transform

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/pixel"
	"imgpipe/transform/internal/png"
	"imgpipe/transform/internal/tiff"
)

// deepKinds are the pictures of 16 bits a sample, by their samples.
var deepKinds = []string{"gray", "gray+alpha", "rgb", "rgba"}

// deepScene draws a picture of 16 bits a sample, with low bits that no picture of 8 bits has.
func deepScene(w, h int, kind string) *image.NRGBA64 {
	rng := rand.New(rand.NewPCG(3, 4))
	img := image.NewNRGBA64(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA64{
				R: uint16(9000 + 40000*x/w + rng.IntN(700)), G: uint16(9000 + 40000*y/h + rng.IntN(700)),
				B: uint16(50000 - 30000*(x+y)/(w+h) + rng.IntN(700)), A: 65535,
			}
			if x < w/4 && y < h/4 {
				c.R, c.G, c.B = 64000, 61234, 4321
			}
			if strings.HasPrefix(kind, "gray") {
				c.G, c.B = c.R, c.R
			}
			if strings.HasSuffix(kind, "a") || strings.HasSuffix(kind, "alpha") {
				c.A = uint16(20000 + 45000*x/w + rng.IntN(500))
			}
			img.SetNRGBA64(x, y, c)
		}
	}
	return img
}

// deepFile writes a file of 16 bits a sample, with as few samples as hold the picture.
func deepFile(t testing.TB, img *image.NRGBA64, f Format) []byte {
	t.Helper()
	gray, opaque := colorlessDeep(img), img.Opaque()
	w, h := img.Rect.Dx(), img.Rect.Dy()
	var data []byte
	var err error
	if f == TIFF {
		p := tiff.Picture{Deep: true, Pix: img.Pix, Stride: img.Stride, W: w, H: h, Gray: gray, Alpha: !opaque}
		data, err = new(tiff.Encoder).Append(nil, &p, tiff.EncodeOptions{})
	} else {
		p := png.Picture{Deep: true, Pix: img.Pix, Stride: img.Stride, W: w, H: h, Layout: png.RGBA}
		switch {
		case gray && opaque:
			p.Layout = png.Gray
		case gray:
			p.Layout = png.GrayAlpha
		case opaque:
			p.Layout = png.RGB
		}
		data, err = new(png.Encoder).Append(nil, &p, png.EncodeOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// deepPixels reads a file of 16 bits a sample. It fails if there are fewer.
func deepPixels(t testing.TB, data []byte) *image.NRGBA64 {
	t.Helper()
	img, damage := deepDecoded(t, data)
	if damage.Err != nil {
		t.Fatal(damage.Err)
	}
	return img
}

// deepDecoded is deepPixels of a file that may be damaged.
func deepDecoded(t testing.TB, data []byte) (*image.NRGBA64, codec.Damage) {
	t.Helper()
	m, err := inspect(data)
	if err != nil || !m.deep {
		t.Fatalf("a file of %d bits, error %v: want 16 bits a sample", m.bits, err)
	}
	j := newJob(context.Background(), Spec{}, Limits{})
	j.space = new(workspace)
	r := m.rows.start(j, data, true)
	img := image.NewNRGBA64(image.Rect(0, 0, m.Width, m.Height))
	for y := range m.Height {
		row, err := r.Row()
		if err != nil {
			t.Fatal(err)
		}
		if out := img.Pix[y*img.Stride:][:img.Stride]; m.rows.gray(true) {
			pixel.Spread(out, row, 2)
		} else {
			copy(out, row)
		}
	}
	return img, r.Damage()
}

// levelsApart returns by how many levels of 8 bits two pictures of one size differ at the most, where they can be seen.
func levelsApart(t *testing.T, deep *image.NRGBA64, flat image.Image) int {
	t.Helper()
	if deep.Rect.Size() != flat.Bounds().Size() {
		t.Fatalf("%v pixels, and %v with 8 bits", deep.Rect.Size(), flat.Bounds().Size())
	}
	a, b := pixel.Shallow64(deep), image.NewNRGBA(deep.Rect)
	draw.Draw(b, b.Rect, flat, flat.Bounds().Min, draw.Src)
	worst := 0
	for i := 0; i < len(a.Pix); i += 4 {
		if a.Pix[i+3] < 20 && b.Pix[i+3] < 20 {
			continue
		}
		for k := range 4 {
			worst = max(worst, max(int(a.Pix[i+k])-int(b.Pix[i+k]), int(b.Pix[i+k])-int(a.Pix[i+k])))
		}
	}
	return worst
}

// lowBits reports whether some sample is none that 8 bits have.
func lowBits(img *image.NRGBA64) bool {
	for i := 0; i < len(img.Pix); i += 2 {
		if img.Pix[i] != img.Pix[i+1] {
			return true
		}
	}
	return false
}

// TestDepthIsKept holds that pictures of 16 bits a sample keep them, of every kind, among PNG and TIFF, through all
// geometry and each operation that says so. Rounded, they look as if the work had been done with 8 bits.
func TestDepthIsKept(t *testing.T) {
	n := 0
	for _, kind := range deepKinds {
		for _, from := range []Format{PNG, TIFF} {
			data := deepFile(t, deepScene(90, 60, kind), from)
			for i, steps := range []string{
				"size=40", "size=33x21,filter=mitchell", "size=30x30,fit=cover", "size=25x40,fit=fill,filter=box",
				"size=50x50,fit=contain;background=#336699", "size=180,upscale,filter=linear",
				"crop=40x31,gravity=southeast",
				"size=20x20,fit=cover,gravity=smart", "crop=30x30,gravity=smart", "rotate=90", "rotate=180;size=30",
				"rotate=270",
				"flip", "flop;size=45", "resize=50;resize=20", "size=31,filter=nearest",
				"size=44,filter=catmullrom;flip",
				"invert", "grayscale;size=30", "gamma=1.7", "brightness=12", "contrast=-30", "contrast=40;size=30",
				"size=41;crop=10x10,x=3,y=4;resize=7x30,fit=contain;invert", "orient=off;size=40",
			} {
				to := []Format{PNG, TIFF}[i%2]
				res := do(t, data, steps+";format="+string(to))
				name := fmt.Sprintf("%s %s, %q to %s", kind, from, steps, to)
				if len(res.Warnings) > 0 {
					t.Errorf("%s: warnings %q", name, res.Warnings)
				}
				got := deepPixels(t, res.Outputs[0].Data)
				if !lowBits(got) {
					t.Errorf("%s: no sample has more than 8 bits", name)
				}
				flat := do(t, data, steps+";depth=8;format=png").Outputs[0].Data
				if about, err := ReadAbout(flat); err != nil || about.Bits != 8 {
					t.Fatalf("%s: %d bits with depth=8, error %v", name, about.Bits, err)
				}
				// A place that is searched may differ, as the pixels do in which it is searched. Steep curves make
				// more of what is rounded before them.
				most := 2
				if strings.Contains(steps, "gamma") || strings.Contains(steps, "contrast=40") {
					most = 4
				}
				if d := levelsApart(t, got, decoded(t, flat, PNG)); d > most && !strings.Contains(steps, "smart") {
					t.Errorf("%s: %d levels apart from work with 8 bits", name, d)
				}
				n++
			}
		}
	}
	t.Logf("%d outputs", n)
}

// TestDeepPixelsStayAsTheyAre holds that nothing but what is asked for changes a sample: a file that is written again
// has those of its source, and geometry without resizing moves them.
func TestDeepPixelsStayAsTheyAre(t *testing.T) {
	for _, kind := range deepKinds {
		in := deepScene(53, 31, kind)
		for _, from := range []Format{PNG, TIFF} {
			data := deepFile(t, in, from)
			for steps, at := range map[string]func(x, y int) (int, int){
				"":                                      func(x, y int) (int, int) { return x, y },
				"flip":                                  func(x, y int) (int, int) { return x, 30 - y },
				"flop":                                  func(x, y int) (int, int) { return 52 - x, y },
				"rotate=90":                             func(x, y int) (int, int) { return y, 30 - x },
				"rotate=180":                            func(x, y int) (int, int) { return 52 - x, 30 - y },
				"rotate=270":                            func(x, y int) (int, int) { return 52 - y, x },
				"rotate=90;flip":                        func(x, y int) (int, int) { return 52 - y, 30 - x },
				"crop=20x10,x=7,y=9":                    func(x, y int) (int, int) { return x + 7, y + 9 },
				"invert;invert;crop=20x10,x=7,y=9;flop": func(x, y int) (int, int) { return 26 - x, y + 9 },
			} {
				for _, to := range []string{"png", "tiff", "png,tiff", "tiff,jpeg", "png;linear=on"} {
					out := do(t, data, strings.TrimPrefix(steps+";format="+to, ";")).Outputs[0].Data
					got := deepPixels(t, out)
					for y := range got.Rect.Dy() {
						for x := range got.Rect.Dx() {
							if a, b := got.NRGBA64At(x, y), in.NRGBA64At(at(x, y)); a != b {
								t.Fatalf("%s %s, %q to %s: at %d,%d: %v, want %v", kind, from, steps, to, x, y, a, b)
							}
						}
					}
				}
			}
		}
	}
}

// TestDeepMeansAreExact halves a picture, where each sample becomes the mean of four.
func TestDeepMeansAreExact(t *testing.T) {
	in := deepScene(64, 40, "rgb")
	got := deepPixels(t, do(t, deepFile(t, in, PNG), "size=32,filter=box").Outputs[0].Data)
	for y := range 20 {
		for x := range 32 {
			for c := range 3 {
				var sum float64
				for i := range 4 {
					sum += float64(binary.BigEndian.Uint16(in.Pix[in.PixOffset(2*x+i%2, 2*y+i/2)+2*c:]))
				}
				v := binary.BigEndian.Uint16(got.Pix[got.PixOffset(x, y)+2*c:])
				if d := float64(v) - sum/4; d < -0.51 || d > 0.51 {
					t.Fatalf("at %d,%d: %d, want %v", x, y, v, sum/4)
				}
			}
		}
	}
}

// TestWhatTakesBitsAwayIsSaid has all that makes 8 bits of 16: what cannot be helped is said once, what is asked for or
// follows from the format is not.
func TestWhatTakesBitsAwayIsSaid(t *testing.T) {
	file := deepFile(t, deepScene(60, 40, "rgb"), PNG)
	frames := do(t, encoded(t, scene(30, 20), PNG), "").Outputs[0].Data
	for _, c := range []struct {
		data         []byte
		steps, want  string
		bits         int
		explanations string
	}{
		{file, "size=30", "", 16, "encode png 30x20 with 16 bits a sample"},
		{file, "size=30;depth=keep", "", 16, "with 16 bits a sample"},
		{file, "size=30;depth=8", "", 8, "encode png 30x20\n"},
		{file, "blur=1", "worked in 8 bits: blur", 8, "worked in 8 bits: blur\n"},
		{file, "size=30;sharpen;blur=1;sharpen", "worked in 8 bits: sharpen and blur", 8, ": sharpen and blur"},
		{file, "size=30;size=20;hue=9", "worked in 8 bits: hue", 8, "worked in 8 bits: hue"},
		{file, "blur=1;format=png,tiff", "worked in 8 bits: blur", 8, "worked in 8 bits: blur"},
		{file, "rotate=12", "worked in 8 bits: rotate", 8, "worked in 8 bits: rotate"},
		{file, "rotate=270", "", 16, "with 16 bits a sample"},
		{file, "blur=1;format=jpeg", "", 8, "encode jpeg"},
		{file, "blur=1;depth=8", "", 8, "encode png"},
		{file, "colors=20", "", 8, "encode png 60x40 with at most 20 colors"},
		{file, "format=auto:png,webp-lossless", "", 8, "encode png 60x40\n"},
		{file, "format=tiff;colors=20", "", 16, "with 16 bits a sample"},
		{frames, "blur=1", "", 8, "encode png"},
		{tiffKind(1, 1, 32, 0, nil), "format=png", "worked in 8 bits: samples of 32 bits", 8, "samples of 32 bits"},
		{tiffKind(5, 4, 16, 0, nil), "format=tiff", "worked in 8 bits: inks (CMYK)", 8, "inks (CMYK)"},
		{tiffKind(5, 4, 16, 0, nil), "format=jpeg", "", 8, "encode jpeg"},
	} {
		spec := mustSpec(t, c.steps)
		res := do(t, c.data, c.steps)
		said := slices.DeleteFunc(res.Warnings, func(w string) bool { return !strings.Contains(w, "8 bits") })
		if got := strings.Join(said, "; "); got != c.want {
			t.Errorf("%q: warned %q, want %q", c.steps, got, c.want)
		}
		if out := res.Outputs[0]; out.Format == PNG || out.Format == TIFF {
			about, err := ReadAbout(out.Data)
			if palette := about.Bits < 8 && c.bits == 8; err != nil || about.Bits != c.bits && !palette {
				t.Errorf("%q: %d bits, error %v; want %d", c.steps, about.Bits, err, c.bits)
			}
		}
		h, err := ReadHeader(c.data)
		if err != nil {
			t.Fatal(err)
		}
		text, err := spec.Explain(h, Limits{})
		if err != nil || !strings.Contains(text, c.explanations) {
			t.Errorf("%q: explained as %q, error %v; want %q", c.steps, text, err, c.explanations)
		}
	}
}

// TestDeepFilesBesideOthers makes formats of 8 and of 16 bits at once, of rows with one sample and with four. Both
// depths come from one decode, and each file is that of a run for it alone.
func TestDeepFilesBesideOthers(t *testing.T) {
	for _, kind := range deepKinds {
		for _, from := range []Format{PNG, TIFF} {
			data := deepFile(t, deepScene(70, 50, kind), from)
			for _, steps := range []string{
				"", "size=31;size=20x20,fit=cover;", "blur=1;", "size=30;colors=9;", "rotate=90;",
			} {
				formats := []string{"jpeg", "tiff", "webp", "png", "bmp"}
				all := do(t, data, steps+"format="+strings.Join(formats, ","))
				for i, f := range formats {
					alone := do(t, data, steps+"format="+f)
					for k, want := range alone.Outputs {
						if got := all.Outputs[k*len(formats)+i]; !bytes.Equal(got.Data, want.Data) {
							t.Errorf("%s %s, %q: the %s is not that of a run for it alone", kind, from, steps, f)
						}
					}
				}
			}
		}
	}
}

// TestSmallerFilesOfFewerBits holds that a source of 16 bits takes the place of no output for which 8 are asked.
func TestSmallerFilesOfFewerBits(t *testing.T) {
	img := image.NewNRGBA64(image.Rect(0, 0, 1, 1)) // of which a file of 8 bits is no smaller
	img.Pix[7], img.Pix[6] = 255, 255
	data := deepFile(t, img, PNG)
	for _, rule := range []string{"copy", "skip"} {
		out := do(t, data, "depth=8;only-if-smaller="+rule).Outputs[0]
		about, err := ReadAbout(out.Data)
		if out.Copied || out.Omitted || err != nil || about.Bits == 16 {
			t.Errorf("%s: copied %t, omitted %t, %d bits, error %v", rule, out.Copied, out.Omitted, about.Bits, err)
		}
	}
}

// TestDeepProfilesStay holds that a picture of 16 bits keeps its profile byte for byte, and that its conversion is
// said.
func TestDeepProfilesStay(t *testing.T) {
	profile := displayP3()
	img := deepScene(40, 30, "rgb")
	file, err := new(png.Encoder).Append(nil, &png.Picture{
		Deep: true, Layout: png.RGB, Pix: img.Pix, Stride: img.Stride, W: 40, H: 30,
	}, png.EncodeOptions{ICC: profile})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"png", "tiff"} {
		res := do(t, file, "size=20;format="+f)
		m, err := inspect(res.Outputs[0].Data)
		if err != nil || !bytes.Equal(m.icc, profile) || !m.deep || len(res.Warnings) > 0 {
			t.Errorf("%s: a profile of %d bytes, deep %t, warnings %q, error %v", f, len(m.icc), m.deep,
				res.Warnings, err)
		}
		res = do(t, file, "size=20;icc=srgb;format="+f)
		if len(res.Warnings) != 1 || !strings.HasPrefix(res.Warnings[0], "worked in 8 bits: conversion from ") {
			t.Errorf("%s: warnings %q", f, res.Warnings)
		}
		res = do(t, file, "size=20;icc=strip;format="+f)
		if m, err := inspect(res.Outputs[0].Data); err != nil || m.icc != nil || !m.deep {
			t.Errorf("%s, without the profile: deep %t, error %v", f, m.deep, err)
		}
	}
}
