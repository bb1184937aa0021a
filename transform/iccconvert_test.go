package transform

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"imgpipe/transform/internal/icc"
)

// profileWith is a profile with these tags, pairs of a name and its content.
func profileWith(class, space, pcs string, tags ...string) []byte {
	be := binary.BigEndian
	b := make([]byte, 128)
	b[8] = 2
	copy(b[12:], class+space+pcs)
	copy(b[36:], "acsp")
	b = be.AppendUint32(b, uint32(len(tags)/2))
	at := len(b) + 6*len(tags)
	body := ""
	for i := 0; i < len(tags); i += 2 {
		b = append(b, tags[i]...)
		b = be.AppendUint32(be.AppendUint32(b, uint32(at+len(body))), uint32(len(tags[i+1])))
		body += tags[i+1] + "\x00\x00\x00"[:-len(tags[i+1])&3]
	}
	b = append(b, body...)
	be.PutUint32(b, uint32(len(b)))
	return b
}

// iccNumbers have 16 binary digits behind the point.
func iccNumbers(values ...float64) string {
	var b []byte
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(v*65536))))
	}
	return string(b)
}

func iccName(name string) string {
	n := binary.BigEndian.AppendUint32([]byte("desc\x00\x00\x00\x00"), uint32(len(name)+1))
	return string(n) + name + strings.Repeat("\x00", 79)
}

const iccGamma = "curv\x00\x00\x00\x00\x00\x00\x00\x01\x02\x33" // 2.2

// profileP3 is Display P3, but with a power of 2.2 for its curve.
func profileP3() []byte {
	xyz := func(x, y, z float64) string { return "XYZ \x00\x00\x00\x00" + iccNumbers(x, y, z) }
	return profileWith("mntr", "RGB ", "XYZ ", "desc", iccName("Display P3"),
		"rXYZ", xyz(0.51512, 0.24120, -0.00105), "gXYZ", xyz(0.29198, 0.69225, 0.04189),
		"bXYZ", xyz(0.15710, 0.06657, 0.78407), "rTRC", iccGamma, "gTRC", iccGamma, "bTRC", iccGamma)
}

// darkGray is for gray that is darker than sRGB's.
func darkGray() []byte {
	const gamma = "curv\x00\x00\x00\x00\x00\x00\x00\x01\x03\x00"
	return profileWith("mntr", "GRAY", "XYZ ", "desc", iccName("Dark"), "kTRC", gamma)
}

// pressInks is for CMYK: a table of two levels of each ink, which are warmer than the plain formula's.
func pressInks() []byte {
	table := []byte("mft1\x00\x00\x00\x00\x04\x03\x02\x00" + iccNumbers(1, 0, 0, 0, 1, 0, 0, 0, 1))
	line := make([]byte, 256)
	for i := range line {
		line[i] = byte(i)
	}
	table = append(table, bytes.Repeat(line, 4)...)
	for node := range 16 {
		c, m, y, k := float64(node>>3), float64(node>>2&1), float64(node>>1&1), float64(node&1)
		light := (1 - 0.4*c) * (1 - 0.45*m) * (1 - 0.08*y) * (1 - 0.85*k)
		a, b := (70*m-35*c)*(1-0.9*k), (85*y-45*c-5*m)*(1-0.9*k)
		table = append(table, byte(255*light), byte(128+a), byte(128+b))
	}
	table = append(table, bytes.Repeat(line, 3)...)
	return profileWith("prtr", "CMYK", "Lab ", "desc", iccName("Press"), "A2B1", string(table))
}

// converted is an image after the conversion of a profile.
func converted(t *testing.T, profile []byte, img image.Image) *image.NRGBA {
	t.Helper()
	p, err := icc.Parse(profile)
	if err != nil {
		t.Fatal(err)
	}
	transform, err := p.Transform()
	if err != nil {
		t.Fatal(err)
	}
	out := nrgbaOf(img)
	transform.Convert(out.Pix)
	return out
}

func nrgbaOf(img image.Image) *image.NRGBA {
	b := img.Bounds()
	out := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	for y := range b.Dy() {
		for x := range b.Dx() {
			out.Set(x, y, img.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return out
}

// worst is the largest difference between two images in one channel of a pixel that shows.
func worst(a, b image.Image) (d int) {
	p, q := nrgbaOf(a), nrgbaOf(b)
	for i := range p.Pix {
		if p.Pix[i|3] > 0 || q.Pix[i|3] > 0 {
			v := int(p.Pix[i]) - int(q.Pix[i])
			d = max(d, v, -v)
		}
	}
	return d
}

// Pixels of every kind of file become sRGB, on the same path and with the same geometry as without, and the file has no
// profile. keep does it for formats without a place for one.
func TestPixelsBecomeSRGBOnEveryPath(t *testing.T) {
	profiles := map[string][]byte{"RGB ": profileP3(), "GRAY": darkGray()}
	for _, source := range colorSources(t) {
		for space, profile := range profiles {
			if source.space != space && (space == "GRAY" || source.space != "GRAY") {
				continue
			}
			data := source.make(profile)
			for _, steps := range []string{"", "size=7;", "size=7;grayscale;", "size=8x8,fit=cover;rotate=90;flip;"} {
				plain := do(t, data, steps+"icc=strip;depth=8;format=png")
				want := converted(t, profile, decoded(t, plain.Outputs[0].Data, PNG))
				for _, c := range []struct {
					rule string
					f    Format
				}{{"srgb", PNG}, {"srgb", BMP}, {"keep", BMP}} {
					what := fmt.Sprintf("%s with %s%s to %s", source.name, steps, c.rule, c.f)
					res := do(t, data, steps+"icc="+c.rule+";format="+string(c.f))
					out := res.Outputs[0].Data
					m, err := inspect(out)
					if err != nil || m.icc != nil {
						t.Errorf("%s: %d bytes of profile, error %v", what, len(m.icc), err)
					}
					got := decoded(t, out, c.f)
					flat := want
					if c.f == BMP {
						flat = flatten(want, image.White)
					}
					if d := worst(got, flat); d > 2 {
						t.Errorf("%s: a pixel is %d off", what, d)
					}
					if strings.Contains(strings.Join(res.Warnings, "\n"), "profile") {
						t.Errorf("%s: warnings %q", what, res.Warnings)
					}
				}
			}
		}
	}
}

// The file is reduced while it is decoded, as without a conversion, and the steps say where that is done.
func TestExplainSaysTheConversion(t *testing.T) {
	wide := intoJPEG(jpegOf(t, solid(4000, 3000, color.NRGBA{90, 90, 90, 255}), 2, 2), profileP3())
	h, err := ReadHeader(wide)
	if err != nil {
		t.Fatal(err)
	}
	got, err := mustSpec(t, "size=320;blur=2;icc=srgb").Explain(h, Limits{})
	const want = `path ycbcr+rgba: planes until conversion from "Display P3" to sRGB, which is done in RGB
decode jpeg 4000x3000 at 2/8: 1000x750, chroma at 3/8
resize=320x320: 320x240
conversion from "Display P3" to sRGB: 320x240
blur=2: 320x240
encode jpeg 320x240 with quality 85, chroma 420
`
	if err != nil || got != want {
		t.Errorf("error %v, got\n%s", err, got)
	}
	inks := intoJPEG(inksJPEG(0), pressInks())
	if h, err = ReadHeader(inks); err != nil {
		t.Fatal(err)
	}
	got, err = Spec{}.Explain(h, Limits{})
	if err != nil || !strings.Contains(got, "\ndecode jpeg 12x9 at 8/8: 12x9, its inks by \"Press\" to sRGB\n") {
		t.Errorf("error %v, got\n%s", err, got)
	}
}

// TestExplainSaysWhichFormatIsConverted has formats of which some keep the profile.
func TestExplainSaysWhichFormatIsConverted(t *testing.T) {
	h, err := ReadHeader(intoPNG(encoded(t, solid(40, 30, color.NRGBA{200, 40, 30, 255}), PNG), profileP3()))
	if err != nil {
		t.Fatal(err)
	}
	const convert = `conversion from "Display P3" to sRGB`
	for formats, want := range map[string]string{
		"jpeg,gif":    "resize=20x20: 20x15\n" + convert + ", for gif: 20x15\nblur=2: 20x15\nencode jpeg",
		"gif,jpeg":    "resize=20x20: 20x15\n" + convert + ", for gif: 20x15\nblur=2: 20x15\nencode gif",
		"gif,png,bmp": "resize=20x20: 20x15\n" + convert + ", for gif and bmp: 20x15\nblur=2: 20x15\nencode gif",
		"gif,bmp":     "resize=20x20: 20x15\n" + convert + ": 20x15\nblur=2: 20x15\nencode gif",
		"jpeg,png":    "resize=20x20: 20x15\nblur=2: 20x15\nencode jpeg",
	} {
		got, err := mustSpec(t, "size=20;blur=2;format="+formats).Explain(h, Limits{})
		if err != nil || !strings.Contains(got, "\n"+want) {
			t.Errorf("%s: error %v, got\n%s", formats, err, got)
		}
	}
	got, err := mustSpec(t, "size=20;format=jpeg,gif").Explain(h, Limits{})
	if err != nil || !strings.Contains(got, "\n"+convert+", for gif: 20x15\nencode jpeg") {
		t.Errorf("error %v, got\n%s", err, got)
	}
}

// TestGrayProfileIsConvertedWherePixelsHaveColors has formats that cannot hold gray pixels: the picture looks the same
// in all of them.
func TestGrayProfileIsConvertedWherePixelsHaveColors(t *testing.T) {
	profile := darkGray()
	gray := image.NewGray(image.Rect(0, 0, 32, 8))
	for i := range gray.Pix {
		gray.Pix[i] = byte(i)
	}
	data := intoPNG(encoded(t, gray, PNG), profile)
	want := converted(t, profile, gray)
	for _, f := range outputFormats {
		res := do(t, data, "quality=100;format="+string(f))
		m, err := inspect(res.Outputs[0].Data)
		if err != nil || len(res.Warnings) > 0 {
			t.Fatal(f, err, res.Warnings)
		}
		shown := nrgbaOf(decoded(t, res.Outputs[0].Data, f))
		if m.icc != nil {
			if !bytes.Equal(m.icc, profile) || !grayFile(t, res.Outputs[0].Data, f) {
				t.Errorf("%s: %d bytes of profile, in a file of gray: %v", f, len(m.icc),
					grayFile(t, res.Outputs[0].Data, f))
			}
			shown = converted(t, profile, shown)
		}
		if d := difference(shown, want); d > 3 {
			t.Errorf("%s: it differs by %.2f levels", f, d)
		}
	}
}

// What is added to a picture after the conversion is in sRGB.
func TestColorsThatAreAddedAreOfSRGB(t *testing.T) {
	wide := profileP3()
	red := color.NRGBA{200, 40, 30, 255}
	for _, f := range []Format{JPEG, PNG, GIF, BMP, TIFF} {
		var data []byte
		switch pic := solid(40, 20, red); f {
		case JPEG:
			data = intoJPEG(encoded(t, pic, f), wide)
		case PNG:
			data = intoPNG(encoded(t, pic, f), wide)
		case BMP:
			data = bmpEmbedding(encoded(t, pic, f), wide)
		case GIF:
			data = gifWith(encoded(t, pic, f), wide)
		case TIFF:
			data = tiffKind(2, 3, 8, 0, wide)
		}
		res := do(t, data, "size=30x30,fit=contain;background=#10c010;icc=srgb;format=png")
		pic := decoded(t, res.Outputs[0].Data, PNG)
		if got := nrgbaOf(pic).NRGBAAt(15, 1); got != (color.NRGBA{0x10, 0xc0, 0x10, 255}) {
			t.Errorf("%s: the background is %v", f, got)
		}
	}
}

// A mark with a profile is converted, unless the picture keeps the same.
func TestWatermarkIsConverted(t *testing.T) {
	wide, red := profileP3(), color.NRGBA{200, 40, 30, 255}
	mark := intoPNG(encoded(t, solid(8, 8, red), PNG), wide)
	picture := encoded(t, solid(40, 40, color.NRGBA{0, 0, 255, 255}), PNG)
	for _, c := range []struct {
		rule   string
		wide   bool // the picture has the profile of the mark
		change bool
	}{
		{"keep", false, true}, {"srgb", false, true}, {"srgb", true, true}, {"keep", true, false},
		{"strip", true, false},
	} {
		spec, err := mustSpec(t, "watermark=m;icc="+c.rule+";format=png").WithAssets(map[string][]byte{"m": mark})
		if err != nil {
			t.Fatal(err)
		}
		data := picture
		if c.wide {
			data = intoPNG(picture, wide)
		}
		res, err := Do(t.Context(), Task{Data: data, Spec: spec})
		if err != nil || len(res.Warnings) > 0 {
			t.Fatalf("%+v: warnings %q, error %v", c, res.Warnings, err)
		}
		want := solid(1, 1, red)
		if c.change {
			want = converted(t, wide, want)
		}
		pic := nrgbaOf(decoded(t, res.Outputs[0].Data, PNG))
		if !slices.ContainsFunc(slices.Collect(slices.Chunk(pic.Pix, 4)), func(p []byte) bool {
			return bytes.Equal(p, want.Pix)
		}) {
			t.Errorf("%+v: no pixel is %v", c, want.Pix)
		}
	}
}

// CMYK goes through its profile whatever becomes of profiles, and nothing is said.
func TestInksGoThroughTheirProfile(t *testing.T) {
	press := pressInks()
	for _, source := range colorSources(t) {
		if source.space != "CMYK" {
			continue
		}
		var first image.Image
		for _, rule := range []string{"keep", "srgb", "strip"} {
			res := do(t, source.make(press), "icc="+rule+";depth=8;format=png")
			m, err := inspect(res.Outputs[0].Data)
			if err != nil || m.icc != nil || len(res.Warnings) > 0 {
				t.Errorf("%s, %s: %d bytes of profile, warnings %q, error %v", source.name, rule, len(m.icc),
					res.Warnings, err)
			}
			pic := decoded(t, res.Outputs[0].Data, PNG)
			plain := decoded(t, do(t, source.make(nil), "format=png").Outputs[0].Data, PNG)
			if first == nil {
				first = pic
			}
			if worst(pic, first) > 0 || difference(pic, plain) < 3 {
				t.Errorf("%s, %s: %.1f from the plain formula", source.name, rule, difference(pic, plain))
			}
		}
	}
	// One pixel of each ink, as a TIFF stores them.
	inks := []byte{255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 30, 60, 90, 120}
	tags := []tiffTag{
		{256, 3, []byte{5, 0}}, {257, 3, []byte{1, 0}}, {258, 3, []byte{8, 0, 8, 0, 8, 0, 8, 0}},
		{259, 3, []byte{1, 0}}, {262, 3, []byte{5, 0}}, {273, 4, []byte{8, 0, 0, 0}}, {277, 3, []byte{4, 0}},
		{278, 3, []byte{1, 0}}, {279, 4, []byte{20, 0, 0, 0}}, {34675, 7, press},
	}
	got := decoded(t, do(t, tiffFile(inks, tags), "format=png").Outputs[0].Data, PNG)
	want := converted(t, press, &image.NRGBA{Pix: inks, Stride: 20, Rect: image.Rect(0, 0, 5, 1)})
	if worst(got, want) > 0 {
		t.Errorf("inks become %v, want %v", nrgbaOf(got).Pix, want.Pix)
	}
}

// Each format of one decode has what suits it.
func TestFormatsOfOneDecodeDifferInTheirColors(t *testing.T) {
	wide := profileP3()
	red := solid(16, 16, color.NRGBA{200, 40, 30, 255})
	res := do(t, intoPNG(encoded(t, red, PNG), wide), "format=png,bmp")
	for i, want := range []*image.NRGBA{red, converted(t, wide, red)} {
		out := res.Outputs[i]
		m, err := inspect(out.Data)
		if err != nil || bytes.Equal(m.icc, wide) != (out.Format == PNG) {
			t.Errorf("%s: %d bytes of profile, error %v", out.Format, len(m.icc), err)
		}
		if d := worst(decoded(t, out.Data, out.Format), want); d > 0 {
			t.Errorf("%s: %d off", out.Format, d)
		}
	}
}

// What cannot be converted is taken as sRGB, and a warning says why; strip has nothing to say.
func TestProfileThatCannotBeConvertedIsSaid(t *testing.T) {
	red := solid(8, 8, color.NRGBA{200, 40, 30, 255})
	data := intoPNG(encoded(t, red, PNG), profileOf(2, "RGB ", "Odd"))
	const why = `the color profile "Odd" was left out of the png: its colors cannot be converted: ` +
		`it has neither a table nor curves of colors`
	for rule, want := range map[string]string{"srgb": why, "strip": "", "keep": ""} {
		res := do(t, data, "icc="+rule)
		if got := strings.Join(res.Warnings, "\n"); got != want {
			t.Errorf("%s: warnings %q, want %q", rule, got, want)
		}
		if worst(decoded(t, res.Outputs[0].Data, PNG), red) > 0 {
			t.Errorf("%s: pixels have changed", rule)
		}
	}
}

// The tables of a conversion are counted.
func TestNeedCountsTheTablesOfColors(t *testing.T) {
	inks := intoJPEG(inksJPEG(0), pressInks())
	plain, err := ReadHeader(inksJPEG(0))
	if err != nil {
		t.Fatal(err)
	}
	h, err := ReadHeader(inks)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := icc.Parse(pressInks())
	tables, err := p.Memory()
	if more := (Spec{}).Need(h) - (Spec{}).Need(plain); err != nil || more < tables {
		t.Errorf("%d bytes more than without a profile, want %d, error %v", more, tables, err)
	}
}

// exiftool finds the profile of the input in the output, byte for byte.
func TestExiftoolFindsTheProfileThatIsKept(t *testing.T) {
	tool, err := exec.LookPath("exiftool")
	if err != nil {
		t.Skip("exiftool is not installed")
	}
	wide := padded(profileP3(), 150_000)
	data := intoJPEG(encoded(t, scene(40, 30), JPEG), wide)
	for _, f := range formatsThat(func(r *format) bool { return r.profile }) {
		for _, rule := range []string{"keep", "srgb", "strip"} {
			file := filepath.Join(t.TempDir(), "a."+f.Ext())
			out := do(t, data, "size=20;icc="+rule+";format="+string(f)).Outputs[0].Data
			if err := os.WriteFile(file, out, 0o666); err != nil {
				t.Fatal(err)
			}
			got, err := exec.Command(tool, "-b", "-icc_profile", file).Output()
			want := wide
			if rule != "keep" {
				want = nil
			}
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s, %s: %d bytes of profile, want %d, error %v", f, rule, len(got), len(want), err)
			}
		}
	}
}

// Inks are decoded as small as the outputs allow, as luma is, whatever is done to them then.
func TestInksAreReducedWhileTheyAreDecoded(t *testing.T) {
	var files [][]byte
	for i := range 4 {
		img := image.NewGray(image.Rect(0, 0, 400, 300))
		for k := range img.Pix {
			x, y := float64(k%400), float64(k/400)
			img.Pix[k] = byte(128 + 100*math.Sin(x/(30+9*float64(i)))*math.Cos(y/(40-7*float64(i))))
		}
		files = append(files, encoded(t, img, JPEG))
	}
	for _, adobe := range []int{-1, 0, 2} {
		for _, profile := range [][]byte{nil, pressInks()} {
			data := apart(files, adobe)
			if profile != nil {
				data = intoJPEG(data, profile)
			}
			h, err := ReadHeader(data)
			if err != nil {
				t.Fatal(err)
			}
			steps, err := mustSpec(t, "size=50").Explain(h, Limits{})
			if err != nil || !strings.Contains(steps, "decode jpeg 400x300 at 3/8: 150x113") {
				t.Errorf("error %v, %s", err, steps)
			}
			whole := do(t, data, "format=png")
			for _, text := range []string{
				"size=50", "size=50;grayscale", "grayscale;size=60;rotate=90", "size=50;size=90;blur=1",
			} {
				res := do(t, data, text+";format=png")
				want := do(t, whole.Outputs[0].Data, text+";format=png")
				for i, out := range res.Outputs {
					d := difference(decoded(t, out.Data, PNG), decoded(t, want.Outputs[i].Data, PNG))
					if d > 1.5 || res.Path != "cmyk+rgba" {
						t.Errorf("Adobe %d, %d bytes of profile, %s: %.2f off, path %s", adobe, len(profile), text, d,
							res.Path)
					}
				}
			}
		}
	}
}

// Inks of a stranger that cost much to convert need as many bytes as other work does; small outputs cost little.
func TestConvertingInksHasItsPrice(t *testing.T) {
	data := intoJPEG(inksJPEG(0), pressInks())
	h, err := ReadHeader(data)
	if err != nil {
		t.Fatal(err)
	}
	h.Width, h.Height = 9000, 9000
	for text, want := range map[string]bool{"": true, "size=500": false} {
		_, err := mustSpec(t, text).Explain(h, Limits{})
		if refused := err != nil && strings.Contains(err.Error(), "too few"); refused != want {
			t.Errorf("%q: error %v, refused should be %v", text, err, want)
		}
	}
}
