package transform

import (
	"bytes"
	"context"
	"image"
	"image/draw"
	"slices"
	"strings"
	"testing"
)

// manySources are images of w × h pixels, but for the WebP, that go by each of the paths.
func manySources(t *testing.T, w, h int) map[string][]byte {
	pic := scene(w, h)
	gray := image.NewGray(pic.Rect)
	draw.Draw(gray, gray.Rect, pic, image.Point{}, draw.Src)
	clear := scene(w, h)
	clear.Pix[3] = 7
	return map[string][]byte{
		"jpeg": jpegOf(t, pic, 2, 2), "turned jpeg": withOrientation(jpegOf(t, pic, 2, 2), 6),
		"gray jpeg": encoded(t, gray, JPEG), "webp": lossyWebP(t),
		"png": encoded(t, pic, PNG), "gray png": encoded(t, gray, PNG), "clear png": encoded(t, clear, PNG),
		"bmp": encoded(t, pic, BMP), "gif": encoded(t, pic, GIF),
		"deep png":       deepFile(t, deepScene(400, 300, "rgba"), PNG),
		"deep gray tiff": deepFile(t, deepScene(400, 300, "gray"), TIFF),
	}
}

// TestEachFormatIsThatOfARunForItAlone makes several formats at once. Planes are decoded at the finest scale that an
// output wants. So a JPEG beside a PNG is made from more chroma, and may differ a little from one that is made alone.
func TestEachFormatIsThatOfARunForItAlone(t *testing.T) {
	formats := []string{"jpeg", "png", "gif", "tiff", "bmp"}
	for name, data := range manySources(t, 200, 150) {
		for _, steps := range []string{"", "size=80", "size=90;size=33x40,fit=cover", "size=80;grayscale", "blur=1",
			"size=70x70,fit=contain;rotate=90", "flip;quality=95"} {
			with := func(f string) string { return strings.TrimPrefix(steps+";format="+f, ";") }
			res := do(t, data, with(strings.Join(formats, ",")))
			planes := strings.HasPrefix(res.Path, "ycbcr")
			for i, f := range formats {
				alone := do(t, data, with(f))
				sizes := len(alone.Outputs)
				if len(res.Outputs) != sizes*len(formats) {
					t.Fatalf("%s, %q: %d outputs", name, steps, len(res.Outputs))
				}
				for k, want := range alone.Outputs {
					got := res.Outputs[k*len(formats)+i]
					same := bytes.Equal(got.Data, want.Data)
					if f == "jpeg" && planes && !same {
						d := difference(decoded(t, got.Data, JPEG), decoded(t, want.Data, JPEG))
						same = d >= 0 && d < 1.5
					}
					if !same || got.Label != want.Label || got.Format != want.Format {
						t.Errorf("%s, %q: the %s %q is not that of a run for it alone", name, steps, f, got.Label)
					}
				}
			}
		}
	}
}

// TestFormatsOfOneScaleAreByteEqual is for planes, whose scale the sizes decide and the formats that take RGB.
func TestFormatsOfOneScaleAreByteEqual(t *testing.T) {
	data := manySources(t, 400, 300)["jpeg"]
	for _, steps := range []string{"", "size=80;format=png,bmp,gif", "size=80,filter=nearest;format=jpeg,png"} {
		res := do(t, data, steps)
		for _, got := range res.Outputs {
			text, _, _ := strings.Cut(steps, "format=")
			want := do(t, data, text+"format="+string(got.Format)).Outputs[0]
			if !bytes.Equal(got.Data, want.Data) {
				t.Errorf("%q: the %s is not that of a run for it alone", steps, got.Format)
			}
		}
	}
}

// TestNeedOfSeveralFormats wants the pixels that formats share to be counted once.
func TestNeedOfSeveralFormats(t *testing.T) {
	for name, data := range manySources(t, 400, 300) {
		h, err := ReadHeader(data)
		if err != nil {
			t.Fatal(err)
		}
		need := func(formats string) int64 { return mustSpec(t, "blur=1;format="+formats).Need(h) }
		both, png, tiff := need("png,tiff"), need("png"), need("tiff")
		if both < png || both < tiff || both > png+tiff {
			t.Errorf("%s: PNG needs %d bytes, TIFF %d, both %d", name, png, tiff, both)
		}
	}
}

// TestSizesOfTheSamePixelsAreMadeOnce has an image that is smaller than some of the sizes, or has their shape.
func TestSizesOfTheSamePixelsAreMadeOnce(t *testing.T) {
	for _, c := range []struct {
		text   string
		labels []string
		said   string
	}{
		{"size=80;size=640;size=1280;size=2560", []string{"80", "640"},
			"not made: size 1280 and 2560, with the same 400x300 pixels as size 640"},
		{"size=1280;size=640;size=80", []string{"1280", "80"},
			"not made: size 640, with the same 400x300 pixels as size 1280"},
		{"size=640,upscale;size=1280,upscale", []string{"640", "1280"}, ""},
		{"size=80;size=80x;size=x60", []string{"80"},
			"not made: size 80w and 60h, with the same 80x60 pixels as size 80"},
		{"size=80,filter=box;size=80x", []string{"80", "80w"}, ""},
		{"size=80x60,fit=cover;size=80", []string{"80x60"},
			"not made: size 80, with the same 80x60 pixels as size 80x60"},
		{"size=80x80,fit=cover;size=80x", []string{"80", "80w"}, ""},
		{"size=500x500,fit=contain;size=600x600,fit=contain", []string{"500", "600"}, ""},
		{"size=640;size=1280;grayscale;blur=1;format=png,jpeg", []string{"640", "640"},
			"not made: size 1280, with the same 400x300 pixels as size 640"},
	} {
		for name, data := range manySources(t, 400, 300) {
			if name == "turned jpeg" {
				continue
			}
			res := do(t, data, c.text)
			var labels []string
			for _, o := range res.Outputs {
				labels = append(labels, o.Label)
			}
			if !slices.Equal(labels, c.labels) {
				t.Errorf("%s, %q: made %q, want %q", name, c.text, labels, c.labels)
			}
			if c.said != "" && !slices.Contains(res.Warnings, c.said) {
				t.Errorf("%s, %q: warnings %q, want %q", name, c.text, res.Warnings, c.said)
			}
			want, err := Task{Data: data, Spec: mustSpec(t, c.text)}.Expected(res.Source)
			if err != nil || len(want) != len(labels) {
				t.Errorf("%s, %q: expected %v, error %v", name, c.text, want, err)
			}
			text, err := mustSpec(t, c.text).Explain(res.Source, Limits{})
			if err != nil || c.said != "" && !strings.Contains(text, c.said+"\n") {
				t.Errorf("%s, %q: explained as %s, error %v", name, c.text, text, err)
			}
		}
	}
}

// TestTheSmallestSuitedFormatIsKept has a picture of each look, and lists of formats.
func TestTheSmallestSuitedFormatIsKept(t *testing.T) {
	pic := scene(200, 150)
	few := image.NewNRGBA(pic.Rect)
	for i := range few.Pix {
		few.Pix[i] = byte(i/400%2*255) | 255*byte(i%4/3)
	}
	half := scene(200, 150)
	half.Pix[3] = 100
	sources := map[string][]byte{
		"photo": encoded(t, noise(200, 150), PNG), "jpeg": jpegOf(t, noise(200, 150), 2, 2),
		"drawing": encoded(t, few, PNG), "transparent": encoded(t, half, PNG),
		"gray photo": encoded(t, grayOfNoise(200, 150), PNG),
	}
	for _, c := range []struct {
		source, formats string
		want            Format
	}{
		{"photo", "auto", JPEG}, {"jpeg", "auto", WebP}, {"drawing", "auto", WebPLossless},
		{"transparent", "auto", WebPLossless}, {"gray photo", "auto", WebP},
		{"photo", "auto:jpeg,png", JPEG}, {"drawing", "auto:jpeg,png", PNG}, {"transparent", "auto:jpeg,png", PNG},
		{"photo", "auto:png,gif", GIF}, // none is lossy: all are tried
		{"jpeg", "auto:png,jpeg", JPEG},
		{"transparent", "auto:jpeg,gif", JPEG}, // none holds it
		{"drawing", "auto:bmp,gif", GIF},
		{"photo", "auto:png", PNG},
	} {
		for _, steps := range []string{"", "size=100,filter=nearest;", "flip;"} {
			text := steps + "format=" + c.formats
			res := do(t, sources[c.source], text)
			if len(res.Outputs) != 1 {
				t.Fatalf("%s, %q: %d outputs", c.source, text, len(res.Outputs))
			}
			got := res.Outputs[0]
			if steps == "" && got.Format != c.want {
				t.Errorf("%s, %q: %s of %d bytes, want %s", c.source, text, got.Format, len(got.Data), c.want)
			}
			alone := do(t, sources[c.source], steps+"format="+string(got.Format)).Outputs[0]
			if !bytes.Equal(got.Data, alone.Data) {
				t.Errorf("%s, %q: the %s is not that of a run for it alone", c.source, text, got.Format)
			}
			task := Task{Data: sources[c.source], Spec: mustSpec(t, text)}
			want, err := task.Expected(res.Source)
			if err != nil || len(want) != 1 || want[0].Format != "" ||
				!slices.Contains(task.Spec.Outputs(res.Source), got.Format) {
				t.Errorf("%s, %q: expected %v, error %v", c.source, text, want, err)
			}
		}
	}
}

// grayOfNoise is gray noise.
func grayOfNoise(w, h int) image.Image {
	gray := image.NewGray(image.Rect(0, 0, w, h))
	draw.Draw(gray, gray.Rect, noise(w, h), image.Point{}, draw.Src)
	return gray
}

// TestFormatsThatCannotHoldAnImageAreLeftOut has an image that is too wide for some.
func TestFormatsThatCannotHoldAnImageAreLeftOut(t *testing.T) {
	data := encoded(t, image.NewGray(image.Rect(0, 0, 65536, 1)), PNG)
	if o := do(t, data, "format=auto").Outputs[0]; o.Format != PNG {
		t.Errorf("a wide image is a %s", o.Format)
	}
	for _, text := range []string{"format=auto:jpeg,gif", "format=jpeg,png"} {
		_, err := Do(t.Context(), Task{Data: data, Spec: mustSpec(t, text)})
		if class(err) != ClassEncode {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestFormatsReadAndPrint(t *testing.T) {
	for text, want := range map[string]string{
		"keep": "", "KEEP": "", "png": "png", "jpg, png": "jpeg,png", "auto": "auto", "Auto": "auto",
		"auto: jpg,png": "auto:jpeg,png", "auto:png": "auto:png",
	} {
		list, smallest, err := ParseFormats(text)
		if got := FormatsText(list, smallest); err != nil || got != want {
			t.Errorf("%q is %q, error %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "auto:", "auto:keep", "keep,png", "auto,png", "png,auto", "png:jpeg", "auto:auto",
	} {
		if list, smallest, err := ParseFormats(text); err == nil {
			t.Errorf("%q is %v, %v", text, list, smallest)
		}
	}
	if err := (Spec{Smallest: true, Formats: []Format{PNG, PNG}}).Validate(); err == nil {
		t.Error("one format twice among those of which the smallest is kept")
	}
}

// TestTheSmallestFileOfAnAnimationKeepsItsFrames asks for the smallest of formats that can hold an animation, of which
// one frame would be smaller, and of formats that cannot.
func TestTheSmallestFileOfAnAnimationKeepsItsFrames(t *testing.T) {
	data := film(t, 0, movie(4, 30, 20, grounds["opaque"]), 10)
	for text, frames := range map[string]int{"auto": 4, "auto:jpeg,gif": 4, "auto:jpeg,bmp": 1, "auto:jpeg": 1} {
		task := Task{Data: data, Spec: mustSpec(t, "size=15;size=10;format="+text)}
		res, err := Do(context.Background(), task)
		if err != nil || len(res.Outputs) != 2 {
			t.Fatalf("%s: %d outputs, error %v", text, len(res.Outputs), err)
		}
		for _, out := range res.Outputs {
			if err := out.CheckFile(); err != nil || out.Format.Animates() != (frames > 1) {
				t.Fatalf("%s: a %s was made: %v", text, out.Format, err)
			}
			if !out.Format.Animates() {
				continue
			}
			if got, _ := framesOf(t, out.Data); len(got) != frames {
				t.Errorf("%s: a %s of %d frames, want %d", text, out.Format, len(got), frames)
			}
		}
		if want, err := task.Expected(res.Source); err != nil || len(want) != 2 || !res.Swatch.Valid() {
			t.Errorf("%s: expected %v, error %v, swatch %q", text, want, err, res.Swatch)
		}
	}
}

// TestNeedDoesNotDependOnTheOrderOfFormats has a picture whose colors are converted for one of two formats, which takes
// an image more.
func TestNeedDoesNotDependOnTheOrderOfFormats(t *testing.T) {
	for name, pic := range map[string][]byte{
		"planes": intoJPEG(jpegOf(t, scene(900, 700), 2, 2), profileP3()),
		"rows":   intoPNG(encoded(t, scene(900, 700), PNG), profileP3()),
		"rgb":    intoPNG(encoded(t, scene(900, 700), PNG), profileP3()),
	} {
		h, err := ReadHeader(pic)
		if err != nil {
			t.Fatal(err)
		}
		if name == "rgb" {
			h.traits.rows = nil
		}
		a, b := mustSpec(t, "format=tiff,gif").Need(h), mustSpec(t, "format=gif,tiff").Need(h)
		if a != b {
			t.Errorf("%s: %d in one order, %d in the other", name, a, b)
		}
	}
}
