package transform

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"imgpipe/transform/internal/tiff"
)

// profileOf is a profile of version 2 or 4 with a description and, so that it has some length, a text.
func profileOf(version byte, space, name string) []byte {
	be := binary.BigEndian
	var desc []byte
	if version == 4 {
		text := utf16.Encode([]rune(name))
		desc = []byte("mluc\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0cenUS")
		desc = be.AppendUint32(be.AppendUint32(desc, uint32(2*len(text))), 28)
		for _, u := range text {
			desc = be.AppendUint16(desc, u)
		}
	} else {
		desc = be.AppendUint32([]byte("desc\x00\x00\x00\x00"), uint32(len(name)+1))
		desc = append(append(desc, name...), make([]byte, 79)...)
	}
	b := make([]byte, 128)
	b[8] = version
	copy(b[12:], "mntr"+space+"XYZ ")
	copy(b[36:], "acsp")
	b = be.AppendUint32(b, 2)
	const start = 132 + 2*12
	b = be.AppendUint32(be.AppendUint32(append(b, "desc"...), start), uint32(len(desc)))
	b = be.AppendUint32(be.AppendUint32(append(b, "cprt"...), start+uint32(len(desc))), 20)
	b = append(append(b, desc...), "text\x00\x00\x00\x00none of it\x00\x00"...)
	be.PutUint32(b, uint32(len(b)))
	return b
}

// pngKind is a PNG of 12x9 pixels with any color type and depth.
func pngKind(colors, depth byte, profile []byte) []byte {
	const w, h = 12, 9
	samples := map[byte]int{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colors]
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	b := append([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", append(head, depth, colors, 0, 0, 0))...)
	if profile != nil {
		b = append(b, pngChunk("iCCP", append([]byte("x\x00\x00"), packed(profile)...))...)
	}
	if colors == 3 {
		b = append(b, pngChunk("PLTE", []byte{10, 20, 30, 200, 0, 0, 0, 200, 0, 0, 0, 200})...)
	}
	var raw []byte
	for y := range h {
		raw = append(raw, 0)
		for i := range w * samples * int(depth) / 8 {
			v := byte(16*y + 9*i)
			if colors == 3 {
				v %= 4
			}
			raw = append(raw, v)
		}
	}
	b = append(b, pngChunk("IDAT", packed(raw))...)
	return append(b, pngChunk("IEND", nil)...)
}

// tiffKind is a TIFF of 12x9 pixels, which are not packed.
func tiffKind(photometric, samples, bits, extra int, profile []byte) []byte {
	const w, h = 12, 9
	pixels := make([]byte, w*h*samples*bits/8)
	for i := range pixels {
		pixels[i] = byte(7*i + i/20)
	}
	var depths, colors []byte
	for range samples {
		depths = binary.LittleEndian.AppendUint16(depths, uint16(bits))
	}
	for i := range 3 << 8 {
		colors = binary.LittleEndian.AppendUint16(colors, uint16(i*997))
	}
	tags := []tiffTag{
		{256, 3, []byte{w, 0}}, {257, 3, []byte{h, 0}}, {258, 3, depths}, {259, 3, []byte{1, 0}},
		{262, 3, []byte{byte(photometric), 0}}, {273, 4, []byte{8, 0, 0, 0}}, {277, 3, []byte{byte(samples), 0}},
		{278, 3, []byte{h, 0}}, {279, 4, binary.LittleEndian.AppendUint32(nil, uint32(len(pixels)))},
	}
	if photometric == 3 {
		tags = append(tags, tiffTag{320, 3, colors})
	}
	if extra > 0 {
		tags = append(tags, tiffTag{338, 3, []byte{byte(extra), 0}})
	}
	if profile != nil {
		tags = append(tags, tiffTag{34675, 7, profile})
	}
	return tiffFile(pixels, tags)
}

type tiffTag struct {
	tag, kind int
	values    []byte
}

// tiffFile is a file of a strip and a directory.
func tiffFile(strip []byte, tags []tiffTag) []byte {
	le := binary.LittleEndian
	b := append([]byte("II*\x00\x00\x00\x00\x00"), strip...)
	var entries []byte
	for _, t := range tags {
		entries = le.AppendUint16(le.AppendUint16(entries, uint16(t.tag)), uint16(t.kind))
		entries = le.AppendUint32(entries, uint32(len(t.values)/map[int]int{3: 2, 4: 4, 7: 1}[t.kind]))
		if len(t.values) <= 4 {
			entries = append(append(entries, t.values...), make([]byte, 4-len(t.values))...)
			continue
		}
		entries = le.AppendUint32(entries, uint32(len(b)))
		b = append(b, t.values...)
	}
	le.PutUint32(b[4:], uint32(len(b)))
	b = le.AppendUint16(b, uint16(len(tags)))
	return append(append(b, entries...), 0, 0, 0, 0)
}

// inksJPEG is a JPEG of four components, which Adobe's marker says are CMYK or YCCK if transform is not negative.
func inksJPEG(transform int) []byte {
	b := manyScans(12, 9, 4, 0, true)
	if transform < 0 {
		return b
	}
	return slices.Insert(b, 2, jpegSegment(0xee, append([]byte("Adobe\x00\x64\x00\x00\x00\x00"), byte(transform)))...)
}

// webpWith puts a profile into a WebP.
func webpWith(file []byte, flags byte, profile []byte) []byte {
	h, _ := ReadHeader(file)
	w, ht := h.Width-1, h.Height-1
	head := riffChunk("VP8X", []byte{0x20 | flags, 0, 0, 0, byte(w), byte(w >> 8), 0, byte(ht), byte(ht >> 8), 0})
	return webpOf(head, riffChunk("ICCP", profile), file[12:])
}

// gifWith puts a profile into a GIF, in front of its first frame.
func gifWith(file, profile []byte) []byte {
	block := []byte("\x21\xff\x0bICCRGBG1012")
	for part := range slices.Chunk(profile, 255) {
		block = append(append(block, byte(len(part))), part...)
	}
	at := 13
	if file[10]&0x80 != 0 {
		at += 3 << (file[10]&7 + 1)
	}
	return slices.Insert(bytes.Clone(file), at, append(block, 0)...)
}

// bmpWith makes a bitmap one of version 5. kind says of what kind its color space is.
func bmpWith(file []byte, kind string, profile []byte) []byte {
	le := binary.LittleEndian
	at := le.Uint32(file[10:])
	header := make([]byte, 124)
	copy(header, file[14:54])
	le.PutUint32(header, 124)
	copy(header[56:], kind)
	le.PutUint32(header[112:], uint32(124+len(file)-int(at)))
	le.PutUint32(header[116:], uint32(len(profile)))
	b := slices.Concat(file[:14], header, file[at:], profile)
	le.PutUint32(b[2:], uint32(len(b)))
	le.PutUint32(b[10:], 14+124)
	return b
}

func bmpEmbedding(file, profile []byte) []byte { return bmpWith(file, "DEBM", profile) }

// A colorSource is a kind of file. make puts a profile into it, nil for none.
type colorSource struct {
	name, space string
	make        func(profile []byte) []byte
}

func colorSources(t *testing.T) []colorSource {
	gray := image.NewGray(image.Rect(0, 0, 12, 9))
	draw.Draw(gray, gray.Rect, scene(12, 9), image.Point{}, draw.Src)
	few := image.NewPaletted(gray.Rect, palette.WebSafe)
	draw.Draw(few, few.Rect, scene(12, 9), image.Point{}, draw.Src)
	jpegs := func(file []byte) func([]byte) []byte {
		return func(p []byte) []byte {
			if p == nil {
				return file
			}
			return intoJPEG(file, p)
		}
	}
	with := func(file []byte, f func(file, p []byte) []byte) func([]byte) []byte {
		return func(p []byte) []byte {
			if p == nil {
				return file
			}
			return f(file, p)
		}
	}
	list := []colorSource{
		{"gray jpeg", "GRAY", jpegs(encoded(t, gray, JPEG))}, {"jpeg", "RGB ", jpegs(encoded(t, scene(12, 9), JPEG))},
		{"bare cmyk jpeg", "CMYK", jpegs(inksJPEG(-1))}, {"cmyk jpeg", "CMYK", jpegs(inksJPEG(0))},
		{"ycck jpeg", "CMYK", jpegs(inksJPEG(2))},
		{"lossy webp", "RGB ", with(lossyWebP(t), func(f, p []byte) []byte { return webpWith(f, 0, p) })},
		{"lossless webp", "RGB ", with(losslessWebP(12, 9), func(f, p []byte) []byte { return webpWith(f, 0x10, p) })},
		{"gif", "RGB ", with(encoded(t, few, GIF), gifWith)},
		{"bmp", "RGB ", with(encoded(t, scene(12, 9), BMP), bmpEmbedding)},
	}
	for _, k := range []struct {
		name          string
		colors, depth byte
	}{
		{"gray png", 0, 8}, {"gray png of 16 bits", 0, 16}, {"gray png of 2 bits", 0, 2}, {"png", 2, 8},
		{"png of 16 bits", 2, 16}, {"png with a palette", 3, 8}, {"gray png with alpha", 4, 8},
		{"gray png with alpha of 16 bits", 4, 16}, {"png with alpha", 6, 8}, {"png with alpha of 16 bits", 6, 16},
	} {
		space := "RGB "
		if k.colors == 0 || k.colors == 4 {
			space = "GRAY"
		}
		list = append(list, colorSource{k.name, space, func(p []byte) []byte { return pngKind(k.colors, k.depth, p) }})
	}
	list = append(list, colorSource{"png with a palette and tRNS", "RGB ", func(p []byte) []byte {
		file := pngKind(3, 8, p)
		return slices.Insert(file, bytes.Index(file, []byte("IDAT"))-4, pngChunk("tRNS", []byte{0, 100})...)
	}})
	for _, k := range []struct {
		name, space                       string
		photometric, samples, bits, extra int
	}{
		{"gray tiff", "GRAY", 1, 1, 8, 0}, {"gray tiff from white to black", "GRAY", 0, 1, 8, 0},
		{"gray tiff of 16 bits", "GRAY", 1, 1, 16, 0}, {"gray tiff with alpha", "GRAY", 1, 2, 8, 2},
		{"gray tiff with associated alpha", "GRAY", 1, 2, 16, 1}, {"tiff", "RGB ", 2, 3, 8, 0},
		{"tiff of 16 bits", "RGB ", 2, 3, 16, 0}, {"tiff with alpha", "RGB ", 2, 4, 8, 2},
		{"tiff with a palette", "RGB ", 3, 1, 8, 0}, {"cmyk tiff", "CMYK", 5, 4, 8, 0},
		{"cmyk tiff of 16 bits", "CMYK", 5, 4, 16, 0}, {"cmyk tiff with alpha", "CMYK", 5, 5, 8, 2},
	} {
		list = append(list, colorSource{k.name, k.space, func(p []byte) []byte {
			return tiffKind(k.photometric, k.samples, k.bits, k.extra, p)
		}})
	}
	return list
}

// grayFile reports whether the pixels of an output are gray, with or without alpha.
func grayFile(t *testing.T, data []byte, f Format) bool {
	switch f {
	case JPEG:
		return decoded(t, data, f).ColorModel() == color.GrayModel
	case PNG:
		return data[25] == 0 || data[25] == 4
	case TIFF:
		d, _ := tiff.Open(data)
		return d.Number(tiff.Photometric, 9) == 1
	}
	return false
}

// A colorProfile is one of those that are put into sources.
type colorProfile struct {
	space, name string
	data        []byte
}

const srgbName = "sRGB IEC61966-2.1"

// A color profile is in the output, whose pixels are of its space, or a warning names it; whatever the source, the
// output and what is done between. Each source meets each profile and each format with one of the things that are done,
// so that any three of the four meet: there are as many profiles, sources and formats as turn through what is done.
func TestColorProfileIsKeptOrNamed(t *testing.T) {
	profiles := []colorProfile{{}}
	for _, v := range []byte{2, 4} {
		for _, p := range [][2]string{
			{"RGB ", "Display P3"}, {"GRAY", "Dot Gain 20%"}, {"CMYK", "FOGRA39"}, {"Lab ", "Labor \"b\""},
			{"RGB ", srgbName},
		} {
			profiles = append(profiles, colorProfile{p[0], p[1], profileOf(v, p[0], p[1])})
		}
	}
	logo := encoded(t, solid(4, 4, color.NRGBA{250, 10, 10, 255}), PNG)
	steps := []string{
		"", "size=8", "grayscale", "size=7;watermark=logo,opacity=0.5", "background=red;rotate=20",
		"background=red", "background=#80808080;size=30x9,fit=contain", "brightness=10;hue=30",
		"size=6;invert;rotate=90", "text=x,size=9,color=red",
	}
	kept, named, neither := 0, 0, 0
	for n, source := range colorSources(t) {
		for i, profile := range profiles {
			data := source.make(profile.data)
			for k, f := range outputFormats {
				text := steps[(n+i+k)%len(steps)]
				spec := mustSpec(t, strings.TrimPrefix(text+";format="+string(f), ";"))
				spec, err := spec.WithAssets(map[string][]byte{"logo": logo})
				if err != nil {
					t.Fatal(err)
				}
				what := fmt.Sprintf("%s with %q, %s", source.name, profile.name, spec)
				res, err := Do(context.Background(), Task{Data: data, Spec: spec})
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				switch keptOrNamed(t, what, source, profile, res) {
				case "kept":
					kept++
				case "named":
					named++
				default:
					neither++
				}
			}
		}
	}
	t.Logf("%d kept, %d named, %d with nothing to say", kept, named, neither)
	if kept == 0 || named == 0 || neither == 0 {
		t.Error("one of them did not happen")
	}
}

// keptOrNamed says what became of a profile: "kept", "named" or, where there is nothing to say, "".
func keptOrNamed(t *testing.T, what string, source colorSource, profile colorProfile, res Result) string {
	out := res.Outputs[0]
	m, err := inspect(out.Data)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	warnings := strings.Join(res.Warnings, "\n")
	if profile.data == nil || profile.name == srgbName && source.space != "CMYK" {
		said := strings.Contains(warnings, "there is no color profile: the colors of CMYK come from a plain formula")
		if m.icc != nil || said != (source.space == "CMYK") || !said && strings.Contains(warnings, "profile") {
			t.Errorf("%s: a profile of %d bytes, warnings %q", what, len(m.icc), warnings)
		}
		return ""
	}
	gray := grayFile(t, out.Data, out.Format)
	fits := profile.space == "RGB " && !gray || profile.space == "GRAY" && gray
	isNamed := strings.Contains(warnings, "the color profile "+strconv.Quote(profile.name)+" was left out")
	isKept := bytes.Equal(m.icc, profile.data)
	if isKept == isNamed || isKept && !fits || m.icc != nil && !isKept {
		t.Errorf("%s: a profile of %d bytes in a file that is gray %v, warnings %q", what, len(m.icc), gray, warnings)
	}
	// What could be kept is kept.
	suits := profile.space == source.space || profile.space == "RGB " && source.space == "GRAY"
	if suits && fits && source.space != "CMYK" && slices.Contains([]Format{JPEG, PNG, TIFF}, out.Format) && !isKept {
		t.Errorf("%s: left out, warnings %q", what, warnings)
	}
	if isKept {
		return "kept"
	}
	return "named"
}
