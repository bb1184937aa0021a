package transform

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"slices"
	"strings"
	"testing"

	"imgpipe/transform/internal/tiff"
)

// TestLostTransparencyIsSaid also shows that nothing is said of images that could be transparent and are not, and of
// formats that keep it.
func TestLostTransparencyIsSaid(t *testing.T) {
	opaque, clear, cut := scene(40, 30), scene(40, 30), scene(40, 30)
	clear.Pix[4*(40*15+20)+3] = 100
	cut.Pix[4*(40*15+20)+3] = 0
	for _, c := range []struct {
		pic  *image.NRGBA
		text string
		want string
	}{
		{clear, "format=jpeg", "transparency was laid over white, as jpeg has none: png keeps it"},
		{clear, "size=30;size=20;format=jpeg", "transparency was laid over white, as jpeg has none: png keeps it"},
		{clear, "background=#336699;blur=1;format=bmp",
			"transparency was laid over #336699, as bmp has none: png keeps it"},
		{opaque, "background=transparent;size=50x20,fit=contain;format=jpeg",
			"transparency was laid over #00000000, as jpeg has none: png keeps it"},
		{clear, "crop=10x10,x=0,y=0;format=jpeg", ""},
		{clear, "format=gif", "partial transparency was laid over white, as gif has none: png keeps it"},
		{cut, "format=gif", ""},
		{clear, "size=30", ""},
		{clear, "format=tiff", ""},
		{opaque, "format=jpeg", ""},
	} {
		var file bytes.Buffer
		// The file gets an alpha channel even of an opaque image where image/png cannot ask it.
		if err := png.Encode(&file, struct{ image.Image }{c.pic}); err != nil {
			t.Fatal(err)
		}
		for way, res := range map[string]Result{
			"rows": do(t, file.Bytes(), c.text), "general": do(t, encoded(t, c.pic, TIFF), c.text),
		} {
			if strings.Join(res.Warnings, "; ") != c.want {
				t.Errorf("%q by %s: warnings %q, want %q", c.text, way, res.Warnings, c.want)
			}
		}
	}
}

// TestFramesThatAreLeftOutAreSaid also shows that nothing is said of pictures that stand still.
func TestFramesThatAreLeftOutAreSaid(t *testing.T) {
	frame := func(c color.Color) *image.Paletted {
		p := image.NewPaletted(image.Rect(0, 0, 9, 7), color.Palette{c, color.White})
		return p
	}
	animation := func(n int) []byte {
		var g gif.GIF
		for i := range n {
			g.Image, g.Delay = append(g.Image, frame(color.Gray{uint8(50 * i)})), append(g.Delay, 10)
		}
		var b bytes.Buffer
		if err := gif.EncodeAll(&b, &g); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	// APNG: acTL, the number of frames in its first four bytes, behind IHDR.
	apng := func(n byte) []byte {
		still := encoded(t, scene(9, 7), PNG)
		control := []byte{0, 0, 0, 8, 'a', 'c', 'T', 'L', 0, 0, 0, n, 0, 0, 0, 0}
		control = binary.BigEndian.AppendUint32(control, crc32.ChecksumIEEE(control[4:]))
		return slices.Concat(still[:33], control, still[33:])
	}
	webp := func(n int) []byte {
		chunk := func(name string, body []byte) []byte {
			return append(binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body))), body...)
		}
		frame := chunk("ANMF", append(make([]byte, 16), tinyWebP[12:]...))
		still, err := ReadHeader(tinyWebP)
		if err != nil {
			t.Fatal(err)
		}
		body := append([]byte("WEBP"),
			chunk("VP8X", []byte{2, 0, 0, 0, byte(still.Width - 1), 0, 0, byte(still.Height - 1), 0, 0})...)
		for range n {
			body = append(body, frame...)
		}
		return chunk("RIFF", body)
	}
	// A TIFF whose directory is given so many times, the last one perhaps as a smaller version or a mask.
	tiffs := func(n int, kind uint32) []byte {
		data := encoded(t, scene(9, 7), TIFF)
		le := binary.LittleEndian
		first := int(le.Uint32(data[4:]))
		last := first
		for i := range n - 1 {
			directory := slices.Clone(data[first:][:2+12*int(le.Uint16(data[first:]))+4])
			if i == n-2 && kind != 0 {
				directory = slices.Insert(directory, 2, make([]byte, 12)...)
				le.PutUint16(directory, le.Uint16(directory)+1)
				le.PutUint16(directory[2:], tiff.SubfileType)
				le.PutUint16(directory[4:], 4)
				le.PutUint32(directory[6:], 1)
				le.PutUint32(directory[10:], kind)
			}
			le.PutUint32(data[last+2+12*int(le.Uint16(data[last:])):], uint32(len(data)))
			last = len(data)
			data = append(data, directory...)
		}
		return data
	}
	ring := tiffs(2, 1) // whose second directory comes after itself
	first := int(binary.LittleEndian.Uint32(ring[4:]))
	next := first + 2 + 12*int(binary.LittleEndian.Uint16(ring[first:]))
	copy(ring[len(ring)-4:], ring[next:next+4])
	self := tiffs(2, 0) // whose first directory comes after itself
	binary.LittleEndian.PutUint32(self[first+2+12*int(binary.LittleEndian.Uint16(self[first:])):], uint32(first))
	for name, data := range map[string][]byte{
		"tiff self 1": self,
		"tiff 1":      tiffs(1, 0), "tiff 2": tiffs(2, 0), "tiff 3": tiffs(3, 4), "tiff small 1": tiffs(2, 1),
		"tiff mask 1": tiffs(2, 4), "tiff ring 1": ring,
		"gif 1": animation(1), "gif 2": animation(2), "gif 3": animation(3), "png 1": apng(1), "png 2": apng(2),
		"webp 1": webp(1), "webp 2": webp(2),
	} {
		want := []string{
			"only the first frame of the animation was used in the bmp: png, gif, webp and webp-lossless keep it",
		}
		if name == "png 2" { // it says that it has frames, and has none
			want[0], _, _ = strings.Cut(want[0], " in")
		}
		if strings.HasPrefix(name, "tiff") {
			want = []string{"only the first page was used"}
		}
		if strings.HasSuffix(name, "1") {
			want = nil
		}
		if res := do(t, data, "size=5;format=bmp"); !slices.Equal(res.Warnings, want) {
			t.Errorf("%s: warnings %q, want %q", name, res.Warnings, want)
		}
	}
}

// TestLostProfileIsSaid also shows that nothing is said where there is none to keep, or the f keeps it.
func TestLostProfileIsSaid(t *testing.T) {
	plain := jpegOf(t, scene(40, 30), 2, 2)
	wide := intoJPEG(plain, iccProfile("RGB ", "Display P3", 400))
	srgb := intoJPEG(plain, iccProfile("RGB ", "sRGB IEC61966-2.1", 400))
	for _, f := range outputFormats {
		for name, data := range map[string][]byte{"none": plain, "sRGB": srgb, "wide": wide} {
			var want []string
			if name == "wide" && (!f.HasProfile()) {
				want = []string{`the color profile "Display P3" was left out of the ` + string(f) +
					": its colors cannot be converted: it has neither a table nor curves of colors"}
			}
			if res := do(t, data, "size=20;format="+string(f)); !slices.Equal(res.Warnings, want) {
				t.Errorf("%s to %s: warnings %q, want %q", name, f, res.Warnings, want)
			}
		}
	}
}

// What was to fill a box either does, to the pixel, or a warning says that it does not.
func TestBoxIsFilledOrAWarningSaysWhichImageWasTooSmall(t *testing.T) {
	for _, size := range [][2]int{
		{200, 180}, {256, 256}, {255, 400}, {400, 255}, {300, 257}, {1, 1}, {256, 1}, {1000, 3},
	} {
		for _, f := range []Format{PNG, JPEG} {
			data := encoded(t, scene(size[0], size[1]), f)
			for _, fit := range fitWords {
				for _, upscale := range []string{"", ",upscale"} {
					for _, spec := range []string{"size=256x256,fit=", "resize=256x256,fit="} {
						res := do(t, data, spec+fit+upscale)
						out := res.Outputs[0]
						exact := out.Width == 256 && out.Height == 256
						warned := len(res.Warnings) == 1 && strings.Contains(res.Warnings[0], "upscale")
						if fit == "inside" && len(res.Warnings) > 0 {
							t.Errorf("%s of %v with %s%s: %q", f, size, spec, fit, res.Warnings)
						}
						if fit != "inside" && exact == warned || fit != "inside" && !exact && upscale != "" ||
							fit == "contain" && !exact {
							t.Errorf("%s of %v with %s%s%s: %dx%d, warnings %q", f, size, spec, fit, upscale, out.Width,
								out.Height, res.Warnings)
						}
					}
				}
			}
		}
	}
	// Two sizes have a warning each.
	res := do(t, encoded(t, scene(20, 30), PNG), "size=25x25,fit=cover;size=40x40,fit=fill;size=10x10,fit=cover")
	if len(res.Warnings) != 2 || !strings.Contains(res.Warnings[0], "25x25") ||
		!strings.Contains(res.Warnings[1], "40x40") {
		t.Errorf("warnings %q: expected one for 25x25 and one for 40x40", res.Warnings)
	}
}

// TestBackgroundHasOneName has a Spec made by hand and the same Spec from its text, as a worker gets it.
func TestBackgroundHasOneName(t *testing.T) {
	data := encoded(t, solid(8, 8, color.NRGBA{200, 10, 10, 100}), PNG)
	for _, background := range []Color{"", "#ffffff", "#ffffffff", "#336699"} {
		s := Spec{Formats: []Format{JPEG}, Background: background}
		var said []string
		for _, s := range []Spec{s, mustSpec(t, s.String())} {
			res, err := Do(context.Background(), Task{Data: data, Spec: s})
			if err != nil {
				t.Fatal(err)
			}
			said = append(said, fmt.Sprint(res.Warnings))
		}
		if said[0] != said[1] {
			t.Errorf("background %q: %s, and %s from its text", background, said[0], said[1])
		}
	}
}
