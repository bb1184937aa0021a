package transform

import (
	"bytes"
	"image"
	"image/color"
	stdpng "image/png"
	"slices"
	"testing"
)

// paletteOf returns the colors of a file that has a palette, and fails otherwise.
func paletteOf(t *testing.T, data []byte, f Format) []color.NRGBA {
	t.Helper()
	few, ok := decoded(t, data, f).(*image.Paletted)
	if !ok {
		t.Fatalf("the %s has no palette", f)
	}
	var list []color.NRGBA
	used := map[uint8]bool{}
	for _, v := range few.Pix {
		used[v] = true
	}
	for i, c := range few.Palette {
		if used[uint8(i)] {
			list = append(list, color.NRGBAModel.Convert(c).(color.NRGBA))
		}
	}
	return list
}

// A PNG and a GIF have at most the colors that were asked for, and no more bits for a pixel than they need.
func TestColorsAreAtMostThoseAskedFor(t *testing.T) {
	pic := encoded(t, scene(120, 90), PNG)
	for text, depth := range map[string]byte{
		"colors=2": 1, "colors=4": 2, "colors=16": 4, "colors=17": 8, "colors=256": 8,
	} {
		spec := mustSpec(t, text)
		for _, f := range []Format{PNG, GIF} {
			out := do(t, pic, "format="+string(f)+";"+text).Outputs[0].Data
			if n := len(paletteOf(t, out, f)); n > spec.Colors || n < spec.Colors/2 {
				t.Errorf("%s, %s: %d colors", f, text, n)
			}
			if f == PNG && out[24] != depth {
				t.Errorf("%s: %d bits, %d were expected", text, out[24], depth)
			}
		}
	}
}

// A picture that has no more colors than were asked for keeps each of them.
func TestFewColorsStayAsTheyAre(t *testing.T) {
	pic := image.NewNRGBA(image.Rect(0, 0, 64, 48))
	for y := range 48 {
		for x := range 64 {
			pic.SetNRGBA(x, y, color.NRGBA{uint8(x / 8 * 30), uint8(y / 6 * 31), 99, 255})
		}
	}
	in := encoded(t, pic, PNG)
	for _, text := range []string{"format=png;colors=64", "format=gif", "format=gif;colors=64"} {
		res := do(t, in, text)
		if d := difference(pic, decoded(t, res.Outputs[0].Data, res.Outputs[0].Format)); d != 0 {
			t.Errorf("%s: pixels differ by %.3f", text, d)
		}
	}
	if d := difference(pic, decoded(t, do(t, in, "format=png;colors=63").Outputs[0].Data, PNG)); d == 0 || d > 2 {
		t.Errorf("of 64 colors in 63, pixels differ by %.3f", d)
	}
}

// The palette of a PNG holds colors that are partly transparent; opaque pixels stay opaque, and clear ones clear.
func TestPalettesKeepAlpha(t *testing.T) {
	pic := scene(100, 80)
	for y := range 80 {
		for x := range 100 {
			pic.Pix[y*pic.Stride+4*x+3] = uint8(min(255, max(0, 6*(x-20))))
		}
	}
	out := decoded(t, do(t, encoded(t, pic, PNG), "format=png;colors=64").Outputs[0].Data, PNG)
	partly := 0
	for y := range 80 {
		for x := range 100 {
			_, _, _, a := out.At(x, y).RGBA()
			want := pic.NRGBAAt(x, y).A
			if (want == 255) != (a == 0xffff) && want == 255 || (want == 0) != (a == 0) && want == 0 {
				t.Fatalf("pixel %d,%d had alpha %d and has %d", x, y, want, a>>8)
			}
			if a > 0 && a < 0xffff {
				partly++
			}
		}
	}
	if partly < 80*30 {
		t.Errorf("%d pixels are partly transparent", partly)
	}
}

// A gray picture in few grays stays gray, with and without a profile that is for gray alone.
func TestFewGraysStayGray(t *testing.T) {
	pic := image.NewGray(image.Rect(0, 0, 256, 30))
	for i := range pic.Pix {
		pic.Pix[i] = uint8(i)
	}
	var b bytes.Buffer
	if err := stdpng.Encode(&b, pic); err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"4", "40"} {
		out := decoded(t, do(t, b.Bytes(), "colors="+n).Outputs[0].Data, PNG)
		grays := map[uint32]bool{}
		for y := range 30 {
			for x := range 256 {
				r, g, b, _ := out.At(x, y).RGBA()
				if r != g || g != b {
					t.Fatalf("%s colors: pixel %d,%d is %d %d %d", n, x, y, r, g, b)
				}
				grays[r] = true
			}
		}
		if len(grays) > 40 || n == "4" && len(grays) != 4 {
			t.Errorf("%s colors: %d grays", n, len(grays))
		}
	}
}

// What has no palette keeps all colors.
func TestFormatsWithoutPalettesKeepAllColors(t *testing.T) {
	in := encoded(t, scene(60, 40), PNG)
	for _, f := range []string{"tiff", "bmp", "jpeg"} {
		a, b := do(t, in, "format="+f).Outputs[0].Data, do(t, in, "format="+f+";colors=8").Outputs[0].Data
		if !bytes.Equal(a, b) {
			t.Errorf("%s is another file", f)
		}
	}
}

// A setting changes the file of each format whose row names it, and no other.
func TestSettingsChangeTheFormatsThatHeedThem(t *testing.T) {
	in := encoded(t, scene(160, 120), PNG)
	for setting, value := range map[string]string{
		"quality": "40", "chroma": "444", "progressive": "on", "effort": "high", "compression": "1", "colors": "16",
	} {
		for _, f := range outputFormats {
			plain := do(t, in, "format="+string(f)).Outputs[0].Data
			set := do(t, in, "format="+string(f)+";"+setting+"="+value).Outputs[0]
			if err := set.CheckFile(); err != nil {
				t.Errorf("%s, %s=%s: %v", f, setting, value, err)
			}
			if same := bytes.Equal(plain, set.Data); same == f.Heeds(setting) {
				t.Errorf("%s, %s=%s: the same file %t, heeded %t", f, setting, value, same, f.Heeds(setting))
			}
		}
	}
	for _, f := range formats {
		for _, name := range f.settings {
			if !slices.Contains([]string{"effort", "chroma", "progressive", "compression", "colors"}, name) {
				t.Errorf("%s names the setting %q", f.name, name)
			}
		}
	}
}
