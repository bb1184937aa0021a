package samples

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"strings"
	"testing"
)

func awkwardFile(t *testing.T, name string) File {
	t.Helper()
	for _, f := range Awkward() {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no awkward file %s", name)
	return File{}
}

func TestAwkwardFilesAreWhatTheyAreSaidToBe(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Awkward() {
		if seen[f.Name] {
			t.Errorf("%s is there twice", f.Name)
		}
		seen[f.Name] = true
		if f.Doc == "" {
			t.Errorf("%s has no Doc", f.Name)
		}
		cfg, format, cfgErr := image.DecodeConfig(bytes.NewReader(f.Data))
		switch f.Class {
		case "too-large":
			// The standard library does not know BMP; the others must claim more than a gigapixel.
			if format != "" && cfg.Width*cfg.Height < 1e9 {
				t.Errorf("%s: claims %dx%d, want over a gigapixel", f.Name, cfg.Width, cfg.Height)
			}
			if (cfgErr != nil) != strings.HasSuffix(f.Name, ".bmp") {
				t.Errorf("%s: %v", f.Name, cfgErr)
			}
			continue
		case "decode":
			if cfgErr != nil {
				t.Errorf("%s: %v, want a good header", f.Name, cfgErr)
			}
		case "not-an-image":
			if cfgErr != image.ErrFormat {
				t.Errorf("%s: %v, want unknown format", f.Name, cfgErr)
			}
			continue
		case "":
			if f.Width == 0 || f.Height == 0 {
				t.Errorf("%s: size unknown", f.Name)
			}
		default:
			t.Errorf("%s: class %q", f.Name, f.Class)
		}
		if strings.HasSuffix(f.Name, ".tif") {
			continue // TestTIFFHoldsThePicture
		}
		data := f.Data
		if f.Name == "no-end.jpg" {
			data = append(bytes.Clone(data), 0xFF, 0xD9)
		}
		img, _, err := image.Decode(bytes.NewReader(data))
		if (err != nil) != (f.Class != "") {
			t.Errorf("%s: %v, class %q", f.Name, err, f.Class)
		}
		if f.Class == "" && img != nil {
			got, want := img.Bounds().Size(), image.Pt(f.Width, f.Height)
			if got != want && got != image.Pt(want.Y, want.X) {
				t.Errorf("%s: %v, want %v", f.Name, got, want)
			}
		}
	}
}

// TestAwkwardFormsShowOnePicture compares every way to write the picture with the first, which the standard library
// wrote.
func TestAwkwardFormsShowOnePicture(t *testing.T) {
	want := upright(t, awkwardFile(t, "orientation-1.jpg").Data, 1)
	for name, orientation := range map[string]int{
		"orientation-2.jpg": 2, "orientation-3.jpg": 3, "orientation-4.jpg": 4, "orientation-5.jpg": 5,
		"orientation-6.jpg": 6,
		"orientation-7.jpg": 7, "orientation-8.jpg": 8, "orientation-6.png": 6, "cmyk.jpg": 1, "ycck.jpg": 1,
		"progressive.jpg": 1,
		"restart.jpg":     1, "trailing.jpg": 1, "png-inside.jpg": 1, "depth-16.png": 1, "interlaced.png": 1,
	} {
		if e := blockError(want, upright(t, awkwardFile(t, name).Data, orientation)); e > 2.5 {
			t.Errorf("%s differs by %.2f levels", name, e)
		}
	}
	gray := upright(t, awkwardFile(t, "gray.jpg").Data, 1)
	for i := 0; i < len(want.Pix); i += 4 {
		y, _, _ := color.RGBToYCbCr(want.Pix[i], want.Pix[i+1], want.Pix[i+2])
		want.Pix[i], want.Pix[i+1], want.Pix[i+2] = y, y, y
	}
	if e := blockError(want, gray); e > 2.5 {
		t.Errorf("gray.jpg differs by %.2f levels", e)
	}
}

func TestAwkwardFilesHoldTheFeatureThatTheyAreFor(t *testing.T) {
	has := func(name string, want ...byte) {
		t.Helper()
		if !bytes.Contains(awkwardFile(t, name).Data, want) {
			t.Errorf("%s lacks % x", name, want)
		}
	}
	has("progressive.jpg", 0xFF, 0xC2)
	has("restart.jpg", 0xFF, 0xD7)
	has("cmyk.jpg", 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 0)
	has("ycck.jpg", 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 2)
	has("orientation-6.png", 'e', 'X', 'I', 'f')
	for o := 1; o <= 8; o++ {
		value := []byte{0x12, 0x01, 3, 0, 1, 0, 0, 0, byte(o), 0}
		if o%2 == 0 {
			value = []byte{0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, byte(o)}
		}
		has("orientation-"+string(rune('0'+o))+".jpg", value...)
	}
	if g, err := gif.DecodeAll(bytes.NewReader(awkwardFile(t, "animated.gif").Data)); err != nil || len(g.Image) != 3 {
		t.Errorf("animated.gif: %v", err)
	}
	if img, err := png.Decode(bytes.NewReader(awkwardFile(t, "alpha.png").Data)); err != nil {
		t.Error(err)
	} else if _, _, _, a := img.At(0, 0).RGBA(); a != 0 {
		t.Errorf("alpha.png: corner has alpha %d, want 0", a)
	}
	if cfg, _, _ := image.DecodeConfig(bytes.NewReader(awkwardFile(t,
		"depth-16.png").Data)); cfg.ColorModel != color.RGBA64Model && cfg.ColorModel != color.NRGBA64Model {
		t.Errorf("depth-16.png: color model %v, want 16 bits", cfg.ColorModel)
	}
}

func TestTIFFHoldsThePicture(t *testing.T) {
	f := awkwardFile(t, "orientation-8.tif")
	w, h := f.Height, f.Width // stored on its side
	stored := image.NewRGBA(rectOf(w, h))
	pixels := f.Data[len(f.Data)-w*h*3:]
	for i := range w * h {
		copy(stored.Pix[i*4:], pixels[i*3:i*3+3])
	}
	if e := blockError(upright(t, awkwardFile(t, "orientation-1.jpg").Data, 1), lay(stored, 6)); e > 2.5 {
		t.Errorf("differs by %.2f levels", e)
	}
}
