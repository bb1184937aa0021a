package transform

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"
	"testing"
)

// wrongSum returns a chunk whose checksum is wrong.
func wrongSum(chunk []byte) []byte {
	chunk = bytes.Clone(chunk)
	chunk[len(chunk)-1] ^= 1
	return chunk
}

// pngWith puts chunks before the pixels of a PNG.
func pngWith(file []byte, chunks ...[]byte) []byte {
	at := bytes.Index(file, []byte("IDAT")) - 4
	return slices.Concat(file[:at], slices.Concat(chunks...), file[at:])
}

// interlacedPNG returns a PNG of 8 bits for a sample of the color type that pic has.
func interlacedPNG(t testing.TB, pic *image.NRGBA, color byte) []byte {
	w, h := pic.Rect.Dx(), pic.Rect.Dy()
	head := binary.BigEndian.AppendUint32(nil, uint32(w))
	head = binary.BigEndian.AppendUint32(head, uint32(h))
	var raw []byte
	passes := [][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}
	for _, p := range passes {
		for y := p[1]; y < h && p[0] < w; y += p[3] {
			raw = append(raw, 0)
			for x := p[0]; x < w; x += p[2] {
				c := pic.NRGBAAt(x, y)
				samples := [][]byte{0: {c.R}, 2: {c.R, c.G, c.B}, 4: {c.R, c.A}, 6: {c.R, c.G, c.B, c.A}}
				raw = append(raw, samples[color]...)
			}
		}
	}
	b := append([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", append(head, 8, color, 0, 0, 1))...)
	b = append(append(b, pngChunk("IDAT", packed(raw))...), pngChunk("IEND", nil)...)
	if _, err := png.Decode(bytes.NewReader(b)); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestCutPNGKeepsItsRows cuts files of many kinds, in the ways of rows and of whole images. Rows that are there are
// those of the whole; the others are black, or clear where there is alpha; and who wants no damage gets none.
func TestCutPNGKeepsItsRows(t *testing.T) {
	notUnderRace(t)
	pic, clear := scene(60, 50), scene(60, 50)
	for i := 3; i < len(clear.Pix); i += 4 {
		clear.Pix[i] = byte(i / 7)
	}
	gray := image.NewGray(pic.Rect)
	for i := range gray.Pix {
		gray.Pix[i] = byte(i)
	}
	grays := image.NewNRGBA(pic.Rect)
	for i, v := range gray.Pix {
		copy(grays.Pix[4*i:], []byte{v, v, v, 255})
	}
	ctx := context.Background()
	for name, c := range map[string]struct {
		data  []byte
		blank color.NRGBA
	}{
		"rgb":                       {encoded(t, pic, PNG), color.NRGBA{A: 255}},
		"rgba":                      {encoded(t, clear, PNG), color.NRGBA{}},
		"gray":                      {encoded(t, gray, PNG), color.NRGBA{A: 255}},
		"interlaced rgb":            {interlacedPNG(t, pic, 2), color.NRGBA{A: 255}},
		"interlaced rgba":           {interlacedPNG(t, clear, 6), color.NRGBA{}},
		"interlaced gray":           {interlacedPNG(t, grays, 0), color.NRGBA{A: 255}},
		"interlaced gray and alpha": {interlacedPNG(t, clear, 4), color.NRGBA{}},
	} {
		whole := decoded(t, do(t, c.data, "format=png").Outputs[0].Data, PNG)
		damaged, remarked := 0, 0
		for cut := 34; cut < len(c.data); cut += 1 + min(len(c.data)/40, (len(c.data)-cut)/3) {
			task := Task{Data: c.data[:cut], Spec: mustSpec(t, "format=png")}
			res, err := Do(ctx, task)
			strict := task
			strict.Limits.RefuseDamaged = true
			_, refused := Do(ctx, strict)
			if err != nil {
				none := strings.Contains(err.Error(), "none of 50 rows is there") && fmt.Sprint(refused) == err.Error()
				if class(err) != ClassDecode || !none {
					t.Errorf("%s, cut at %d of %d: %v; %v", name, cut, len(c.data), err, refused)
				}
				continue
			}
			got, missing := decoded(t, res.Outputs[0].Data, PNG), 0
			for y := range 50 {
				there, blank := true, true
				for x := range 60 {
					p := color.NRGBAModel.Convert(got.At(x, y))
					there = there && p == color.NRGBAModel.Convert(whole.At(x, y))
					blank = blank && p == c.blank
				}
				if !there {
					missing++
				}
				if !there && !blank {
					t.Fatalf("%s, cut at %d of %d: row %d is neither there nor blank", name, cut, len(c.data), y)
				}
			}
			if general := generally(t, task); difference(decoded(t, general.Outputs[0].Data, PNG), got) != 0 {
				t.Errorf("%s, cut at %d of %d: decoded as a whole it differs", name, cut, len(c.data))
			}
			if !res.Damaged {
				remarked++
				said := len(res.Warnings) == 1 && strings.Contains(res.Warnings[0], "no pixel is missing")
				if missing > 0 || refused != nil || !said {
					t.Errorf("%s, cut at %d of %d: %q; %v", name, cut, len(c.data), res.Warnings, refused)
				}
				continue
			}
			damaged++
			says := "the file ends before the image does: of 50 rows"
			if len(res.Warnings) != 1 || !strings.Contains(res.Warnings[0], says) || class(refused) != ClassDecode ||
				!strings.Contains(refused.Error(), res.Warnings[0]) {
				t.Errorf("%s, cut at %d of %d: %q; %v", name, cut, len(c.data), res.Warnings, refused)
			}
			if says := fmt.Sprint(" ", missing, " "); missing > 1 && !strings.Contains(res.Warnings[0], says) {
				t.Errorf("%s, cut at %d of %d: %d rows are missing: %q", name, cut, len(c.data), missing, res.Warnings)
			}
		}
		if damaged < 5 || remarked < 3 {
			t.Errorf("%s: %d cuts left some rows, and %d all", name, damaged, remarked)
		}
	}
}

// TestChunksOfAPNGWithAWrongChecksumDoNotCount has what would change an output, beside the same with a right
// checksum.
func TestChunksOfAPNGWithAWrongChecksumDoNotCount(t *testing.T) {
	plain := encoded(t, scene(40, 30), PNG)
	profile := intoPNG(plain, iccProfile("RGB ", "Display P3", 400))
	exif := pngChunk("eXIf", exifWith(binary.BigEndian, 6))
	xmp := pngChunk("iTXt", []byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00<x tiff:Orientation=\"6\"/>"))
	for name, chunk := range map[string][]byte{
		"iCCP": profile[33 : len(profile)-len(plain)+33], "eXIf": exif, "iTXt": xmp,
		"acTL": pngChunk("acTL", []byte{0, 0, 0, 2, 0, 0, 0, 0}),
		"tRNS": pngChunk("tRNS", []byte{0, 250, 0, 240, 0, 20}), "gAMA": pngChunk("gAMA", []byte{0, 1, 0x86, 0xa0}),
		"cHRM": pngChunk("cHRM", make([]byte, 32)),
	} {
		right, wrong := do(t, pngWith(plain, chunk), "format=png"), do(t, pngWith(plain, wrongSum(chunk)), "format=png")
		want := do(t, plain, "format=png")
		if bytes.Equal(right.Outputs[0].Data, want.Outputs[0].Data) && len(right.Warnings) == 0 {
			t.Errorf("%s makes no difference where its checksum is right", name)
		}
		if !bytes.Equal(wrong.Outputs[0].Data, want.Outputs[0].Data) || wrong.Source != want.Source || wrong.Damaged {
			t.Errorf("%s with a wrong checksum counts: %+v", name, wrong.Source)
		}
		says := []string{"decode png: its chunk " + name + " was left out: its checksum is wrong"}
		if !slices.Equal(wrong.Warnings, says) {
			t.Errorf("%s: warnings %q, want %q", name, wrong.Warnings, says)
		}
		strict := Task{Data: pngWith(plain, wrongSum(chunk)), Limits: Limits{RefuseDamaged: true}}
		if _, err := Do(context.Background(), strict); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestColorsOfAPNGThatAreLeftOutAreSaid also shows that nothing is said where they are those of sRGB, or a profile
// counts.
func TestColorsOfAPNGThatAreLeftOutAreSaid(t *testing.T) {
	plain := encoded(t, scene(40, 30), PNG)
	number := func(values ...uint32) (b []byte) {
		for _, v := range values {
			b = binary.BigEndian.AppendUint32(b, v)
		}
		return b
	}
	gamma := func(v uint32) []byte { return pngChunk("gAMA", number(v)) }
	srgb := pngChunk("cHRM", number(31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000))
	adobe := pngChunk("cHRM", number(31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000))
	profile := intoPNG(plain, iccProfile("RGB ", "sRGB", 400))
	const lighter = " was left out: a viewer that applies it shows the file lighter than its outputs"
	const darker = " was left out: a viewer that applies it shows the file darker than its outputs"
	const primaries = "its primaries (cHRM) were left out: a viewer that applies them shows other colors"
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"1/2.2":           {pngWith(plain, gamma(45455), srgb), ""},
		"0.45":            {pngWith(plain, gamma(45000)), ""},
		"nothing":         {pngWith(plain, gamma(0)), ""},
		"linear":          {pngWith(plain, gamma(100000)), "its gamma of 1" + lighter},
		"1/1.8":           {pngWith(plain, gamma(55556)), "its gamma of 0.5556" + lighter},
		"low":             {pngWith(plain, gamma(35000)), "its gamma of 0.35" + darker},
		"Adobe RGB":       {pngWith(plain, gamma(45455), adobe), primaries},
		"sRGB as well":    {pngWith(plain, pngChunk("sRGB", []byte{0}), gamma(100000), adobe), ""},
		"profile as well": {pngWith(profile, gamma(100000), adobe), ""},
		"code of sRGB":    {pngWith(plain, gamma(100000), pngChunk("cICP", []byte{1, 13, 0, 1})), ""},
	} {
		var want []string
		if c.want != "" {
			want = []string{"decode png: " + c.want}
		}
		if res := do(t, c.data, "format=png"); !slices.Equal(res.Warnings, want) {
			t.Errorf("%s: warnings %q, want %q", name, res.Warnings, want)
		}
	}
}

// TestInterlacedPNGGoesByRows shows that it comes to the same as if it were not interlaced.
func TestInterlacedPNGGoesByRows(t *testing.T) {
	pic := scene(117, 83)
	for _, text := range []string{
		"format=png", "size=40;size=31x31,fit=cover;format=jpeg", "rotate=90;crop=20x20,x=3,y=5", "blur=2",
	} {
		want, got := do(t, encoded(t, pic, PNG), text), do(t, interlacedPNG(t, pic, 2), text)
		for i, out := range got.Outputs {
			if !bytes.Equal(out.Data, want.Outputs[i].Data) || len(got.Warnings) > 0 {
				t.Errorf("%q: output %d differs, warnings %q", text, i, got.Warnings)
			}
		}
	}
}

func TestDamagedWatermarkIsRefused(t *testing.T) {
	mark := encoded(t, scene(40, 30), PNG)
	spec := mustSpec(t, "watermark=m")
	_, err := spec.WithAssets(map[string][]byte{"m": mark[:len(mark)*2/3]})
	if err == nil || !strings.Contains(err.Error(), "of 30 rows") {
		t.Errorf("error %v", err)
	}
}

func TestIPhonePNGIsNamed(t *testing.T) {
	plain := encoded(t, scene(40, 30), PNG)
	data := slices.Concat(plain[:8], pngChunk("CgBI", []byte{0x50, 0, 0x20, 2}), plain[8:])
	_, err := Do(context.Background(), Task{Data: data})
	if class(err) != ClassUnsupported || !strings.Contains(err.Error(), "an iPhone-optimized PNG (CgBI) cannot") {
		t.Errorf("class %s, %v", class(err), err)
	}
}
