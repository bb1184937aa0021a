package transform

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"slices"
	"strings"
	"testing"
)

// padded is a profile that is as long as that.
func padded(profile []byte, size int) []byte {
	b := append(bytes.Clone(profile), make([]byte, size-len(profile))...)
	binary.BigEndian.PutUint32(b, uint32(size))
	return b
}

// changed is a copy of b with other bytes at a place.
func changed(b []byte, at int, with string) []byte {
	b = bytes.Clone(b)
	copy(b[at:], with)
	return b
}

// A profile that no output may have is named, as far as there is a name in the file, and so is what is wrong with it.
func TestUnfitProfileIsNamed(t *testing.T) {
	p3 := profileOf(4, "RGB ", "Display P3")
	long := padded(profileOf(2, "RGB ", "Printer"), 150_000)
	inJPEG := intoJPEG(encoded(t, scene(12, 9), JPEG), long) // in three parts
	part := func(n string) int { return bytes.Index(inJPEG, []byte("ICC_PROFILE\x00"+n)) + 12 }
	inTIFF := tiffKind(2, 3, 8, 0, p3)
	entry := bytes.Index(inTIFF, []byte{0x73, 0x87, 7, 0})
	inPNG := pngKind(2, 8, p3)
	bmp := encoded(t, scene(12, 9), BMP)
	calibrated := bmpWith(bmp, "\x00\x00\x00\x00", nil)
	binary.LittleEndian.PutUint32(calibrated[14+96:], 1<<16) // an exponent of 1 for red
	tooMuch := padded(p3, 1<<20+4)
	for name, c := range map[string]struct {
		file []byte
		want string // of the warning, which begins with "the color profile"
	}{
		"a device link": {
			pngKind(2, 8, changed(p3, 12, "link")),
			` "Display P3" was left out: it is of the class "link", which does not describe pixels`,
		},
		"named colors": {
			pngKind(2, 8, changed(p3, 12, "nmcl")),
			` "Display P3" was left out: it is of the class "nmcl", which does not describe pixels`,
		},
		"no signature": {
			pngKind(2, 8, changed(p3, 36, "ACSP")),
			` was left out: it does not begin as a color profile does`,
		},
		"cut in its tags": {
			pngKind(2, 8, p3[:len(p3)-8]),
			` "Display P3" was left out: it is cut short: it has `,
		},
		"cut in its header": {pngKind(2, 8, p3[:100]), ` was left out: it does not begin as a color profile does`},
		"empty":             {pngKind(2, 8, []byte{}), ` was left out: it is empty`},
		"a tag outside": {
			pngKind(2, 8, changed(p3, 144+4, "\x7f")),
			` "Display P3" was left out: its tag "cprt" lies outside it`,
		},
		"for another space": {
			pngKind(2, 8, changed(p3, 16, "5CLR")),
			` "Display P3" was left out: it is for 5CLR, and the picture is RGB`,
		},
		"gray for RGB": {
			pngKind(2, 8, changed(p3, 16, "GRAY")),
			` "Display P3" was left out: it is for gray, and the picture is RGB`,
		},
		"CMYK for gray": {
			pngKind(0, 8, changed(p3, 16, "CMYK")),
			` "Display P3" was left out: it is for CMYK, and the picture is gray`,
		},
		"RGB for CMYK": {
			intoJPEG(inksJPEG(0), p3),
			` "Display P3" was left out: it is for RGB, and the picture is CMYK`,
		},
		"too long in a PNG": {pngKind(2, 8, tooMuch), ` "Display P3" was left out: it has over 1,048,576 bytes`},
		"too long in a JPEG": {
			intoJPEG(encoded(t, scene(12, 9), JPEG), tooMuch),
			` "Display P3" was left out: it has over 1,048,576 bytes`,
		},
		"too long in a TIFF": {
			tiffKind(2, 3, 8, 0, tooMuch),
			` "Display P3" was left out: it has over 1,048,576 bytes`,
		},
		"too long in a WebP": {
			webpWith(lossyWebP(t), 0, tooMuch),
			` "Display P3" was left out: it has over 1,048,576 bytes`,
		},
		"too long in a BMP": {
			bmpEmbedding(bmp, tooMuch),
			` "Display P3" was left out: it has over 1,048,576 bytes`,
		},
		"no first part": {changed(inJPEG, part("\x01"), "\x02"), ` was left out: parts of it are missing`},
		"no second part": {
			changed(inJPEG, part("\x02"), "\x01"),
			` "Printer" was left out: parts of it are missing`,
		},
		"no last part": {
			changed(inJPEG, part("\x03")-12, "JCC"),
			` "Printer" was left out: parts of it are missing`,
		},
		"parts from 0": {
			changed(intoJPEG(encoded(t, scene(12, 9), JPEG), p3), 18, "\x00\x00"),
			` was left out: parts of it are missing`,
		},
		"outside a TIFF": {changed(inTIFF, entry+8, "\xff\xff\xff\x7f"), ` was left out: it is not in the file`},
		"packed in no way": {
			slices.Concat(inPNG[:33], pngChunk("iCCP", []byte("P3\x00\x00packed")), inPNG[33:]),
			` "P3" was left out: it cannot be unpacked`,
		},
		"calibrated": {
			calibrated,
			` was left out: it is a calibration in the header of the bitmap, which is not read`,
		},
		"a code": {
			slices.Insert(pngKind(2, 8, nil), 33, pngChunk("cICP", []byte{9, 16, 0, 1})...),
			` was left out: it is a code in the chunk cICP, which is not read`,
		},
		"in another file": {
			bmpWith(bmp, "KNIL", []byte("c:\\p3.icc\x00")),
			` "c:\\p3.icc" was left out: it is in another file`,
		},
		"outside a BMP": {bmpWith(bmp, "DEBM", nil), ` was left out: it is not in the file`},
		"cut by the BMP's end": {
			bmpEmbedding(bmp, p3)[:14+124+9*36+210],
			` "Display P3" was left out: it is cut short: it has 210 bytes of `,
		},
	} {
		for _, f := range outputFormats {
			res := do(t, c.file, "format="+string(f))
			m, err := inspect(res.Outputs[0].Data)
			if err != nil {
				t.Fatal(err)
			}
			said := len(res.Warnings) == 1 && strings.HasPrefix(res.Warnings[0], "the color profile"+c.want)
			if !said || m.icc != nil {
				t.Errorf("%s to %s: %d bytes, warnings %q: expected %q", name, f, len(m.icc), res.Warnings, c.want)
			}
		}
	}
}

// What stands behind the end of a profile is not taken along, and what stands twice is taken once.
func TestOnlyTheProfileIsTaken(t *testing.T) {
	p3, other := profileOf(4, "RGB ", "Display P3"), profileOf(2, "RGB ", "Other")
	photo := encoded(t, scene(12, 9), JPEG)
	twice := pngKind(2, 8, p3)
	second := pngChunk("iCCP", append([]byte("x\x00\x00"), packed(other)...))
	twice = slices.Insert(twice, bytes.Index(twice, []byte("IDAT"))-4, second...)
	text := append([]byte("Raw profile type exif\x00\x00"), packed([]byte("\n"))...)
	texts := bytes.Repeat(pngChunk("zTXt", text), 10)
	for name, file := range map[string][]byte{
		"padded":                tiffKind(2, 3, 8, 0, append(bytes.Clone(p3), 0, 0, 0)),
		"twice in a PNG":        twice,
		"twice in a JPEG":       intoJPEG(intoJPEG(photo, other), p3),
		"twice in a WebP":       webpWith(webpWith(losslessWebP(12, 9), 0, other), 0, p3),
		"behind ten texts":      slices.Insert(pngKind(2, 8, p3), 33, texts...),
		"a bitmap of version 5": bmpEmbedding(encoded(t, scene(12, 9), BMP), p3),
	} {
		res := do(t, file, "format=png")
		if m, err := inspect(res.Outputs[0].Data); err != nil || !bytes.Equal(m.icc, p3) || len(res.Warnings) > 0 {
			t.Errorf("%s: %d bytes of profile, warnings %q, error %v", name, len(m.icc), res.Warnings, err)
		}
	}
	// A calibration of sRGB, a code of sRGB, and a calibration of nothing, say nothing.
	plain := bmpWith(encoded(t, scene(12, 9), BMP), "\x00\x00\x00\x00", nil)
	srgb := bytes.Clone(plain)
	for i, v := range []float64{0.64, 0.33, 0.03, 0.30, 0.60, 0.10, 0.15, 0.06, 0.79} {
		binary.LittleEndian.PutUint32(srgb[14+60+4*i:], uint32(v*(1<<30)))
	}
	for i := range 3 {
		binary.LittleEndian.PutUint32(srgb[14+96+4*i:], 0x23333) // 2.2
	}
	named := changed(plain, 14+56, "BGRs")
	coded := slices.Insert(pngKind(2, 8, nil), 33, pngChunk("cICP", []byte{1, 13, 0, 1})...)
	for name, file := range map[string][]byte{"nothing": plain, "sRGB": srgb, "named sRGB": named, "code": coded} {
		if res := do(t, file, "format=png"); len(res.Warnings) > 0 {
			t.Errorf("%s: warnings %q", name, res.Warnings)
		}
	}
}

// A mark whose colors want another profile than the picture's is named, once for all outputs.
func TestProfileOfAWatermarkIsNamed(t *testing.T) {
	p3, wide := profileOf(4, "RGB ", "Display P3"), profileOf(2, "RGB ", "Wide")
	marks := map[string][]byte{
		"plain": pngKind(2, 8, nil), "p3": pngKind(6, 8, p3), "srgb": pngKind(2, 8, profileOf(2, "RGB ", srgbName)),
		"inks": inksJPEG(0), "link": pngKind(2, 8, changed(p3, 12, "link")),
	}
	const mixed = `of the image "m" that was laid over this one, which has another`
	for _, c := range []struct {
		picture []byte
		mark    string
		want    string
	}{
		{nil, "plain", ""}, {nil, "srgb", ""}, {p3, "plain", ""}, {p3, "p3", ""}, {wide, "srgb", ""},
		{nil, "p3", `the color profile "Display P3" was left out ` + mixed},
		{wide, "p3", `the color profile "Display P3" was left out ` + mixed},
		{nil, "inks", `image "m": there is no color profile: the colors of CMYK come from a plain formula`},
		{
			p3, "link",
			`image "m": the color profile "Display P3" was left out: ` +
				`it is of the class "link", which does not describe pixels`,
		},
	} {
		spec, err := mustSpec(t, "size=9;size=6;watermark=m").WithAssets(map[string][]byte{"m": marks[c.mark]})
		if err != nil {
			t.Fatal(err)
		}
		res, err := Do(t.Context(), Task{Data: pngKind(2, 8, c.picture), Spec: spec})
		if err != nil || strings.Join(res.Warnings, "\n") != c.want {
			t.Errorf("%s: warnings %q, error %v: expected %q", c.mark, res.Warnings, err, c.want)
		}
	}
}

// A gray picture with alpha has two samples in a PNG or TIFF, an opaque one in color three, with the same pixels as
// before.
func TestOutputsHaveTheSamplesThatTheyNeed(t *testing.T) {
	gray, clear := image.NewNRGBA(image.Rect(0, 0, 40, 30)), scene(40, 30)
	for i := range gray.Pix {
		gray.Pix[i] = byte(i / 4 * 7)
		if i%4 == 3 {
			gray.Pix[i] = byte(i / 16)
			clear.Pix[i] = byte(i / 16)
		}
	}
	opaque := solid(40, 30, color.NRGBA{})
	for i := range opaque.Pix {
		opaque.Pix[i] = gray.Pix[i] | byte(255*(i%4/3))
	}
	for name, c := range map[string]struct {
		pic     *image.NRGBA
		colors  byte // color type of a PNG
		samples string
	}{
		"gray": {opaque, 0, "\x01"}, "gray with alpha": {gray, 4, "\x02"},
		"color": {scene(40, 30), 2, "\x03"}, "color with alpha": {clear, 6, "\x04"},
	} {
		source := encoded(t, c.pic, PNG)
		out := do(t, source, "format=png").Outputs[0].Data
		if out[25] != c.colors || difference(decoded(t, out, PNG), c.pic) > 0 {
			t.Errorf("%s: a PNG of color type %d: expected %d, and the same pixels", name, out[25], c.colors)
		}
		out = do(t, source, "format=tiff").Outputs[0].Data
		has := func(entry string) bool { return bytes.Contains(out, []byte(entry)) }
		const samples, extra = "\x15\x01\x03\x00\x01\x00\x00\x00", "\x52\x01\x03\x00\x01\x00\x00\x00"
		if !has(samples+c.samples) || has(extra) != (c.samples[0]%2 == 0) {
			t.Errorf("%s: not a TIFF of %d samples", name, c.samples[0])
		}
		if back := do(t, out, "format=png").Outputs[0].Data; difference(decoded(t, back, PNG), c.pic) > 0 {
			t.Errorf("%s: the TIFF has other pixels", name)
		}
	}
}
