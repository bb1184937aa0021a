package transform

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	stdjpeg "image/jpeg"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"imgpipe/transform/internal/jpeg"
	"imgpipe/transform/internal/pixel"
)

func jpegFile(t testing.TB, name string) []byte {
	return mustRead(t, filepath.Join("testdata", "jpeg", name+".jpg"))
}

// apart writes a JPEG whose components are those of gray ones, each in a scan of its own. adobe is the transform that
// Adobe's marker names, -1 for no marker.
func apart(grays [][]byte, adobe int) []byte {
	first := grays[0]
	frame, scan := bytes.Index(first, []byte{0xff, 0xc0}), bytes.Index(first, []byte{0xff, 0xda})
	out := []byte{0xff, 0xd8}
	if adobe >= 0 {
		out = append(out, jpegSegment(0xee, []byte{'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, byte(adobe)})...)
	}
	head := bytes.Clone(first[frame+4 : frame+10])
	head[5] = byte(len(grays))
	for i := range grays {
		head = append(head, byte(i+1), 0x11, 0)
	}
	for at := 2; at < scan; { // tables
		n := 2 + int(first[at+2])<<8 + int(first[at+3])
		if first[at+1] == 0xdb || first[at+1] == 0xc4 {
			out = append(out, first[at:at+n]...)
		}
		at += n
	}
	out = append(out, jpegSegment(0xc0, head)...)
	for i, g := range grays {
		out = append(out, jpegSegment(0xda, []byte{1, byte(i + 1), 0, 0, 63, 0})...)
		out = append(out, g[scan+10:len(g)-2]...)
	}
	return append(out, 0xff, 0xd9)
}

// pattern is a gray JPEG of another pattern for each i, and its samples as image/jpeg has them.
func pattern(t *testing.T, i int) ([]byte, *image.Gray) {
	pic := image.NewGray(image.Rect(0, 0, 72, 56))
	for y := range 56 {
		for x := range 72 {
			pic.Pix[y*72+x] = uint8(128 + 100*(i%2*2-1)*(x+i*y-80)/(80+60*i))
		}
	}
	data := encoded(t, pic, JPEG)
	m, err := stdjpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return data, m.(*image.Gray)
}

func nrgba(src image.Image) *image.NRGBA {
	img := image.NewNRGBA(src.Bounds())
	draw.Draw(img, img.Rect, src, src.Bounds().Min, draw.Src)
	return img
}

// What the components of a JPEG mean follows from their number and Adobe's marker, or from what a caller says.
func TestComponentsBecomeColors(t *testing.T) {
	var files [][]byte
	var want []*image.Gray
	for i := range 4 {
		data, pic := pattern(t, i)
		files, want = append(files, data), append(want, pic)
	}
	inks := func(s []uint8) (r, g, b uint8) { return color.CMYKToRGB(s[0], s[1], s[2], s[3]) }
	turned := func(s []uint8) (r, g, b uint8) { return inks([]uint8{255 - s[0], 255 - s[1], 255 - s[2], 255 - s[3]}) }
	ycc := func(s []uint8) (r, g, b uint8) { return color.YCbCrToRGB(s[0], s[1], s[2]) }
	ycck := func(s []uint8) (uint8, uint8, uint8) {
		r, g, b := ycc(s)
		return inks([]uint8{r, g, b, 255 - s[3]})
	}
	turnedYCCK := func(s []uint8) (uint8, uint8, uint8) {
		r, g, b := ycc(s)
		return inks([]uint8{255 - r, 255 - g, 255 - b, s[3]})
	}
	rgb := func(s []uint8) (r, g, b uint8) { return s[0], s[1], s[2] }
	gray := func(s []uint8) (r, g, b uint8) { return s[0], s[0], s[0] }
	for _, c := range []struct {
		n, adobe int
		kind     pixel.Kind // 0 for what the file says
		inverted bool
		want     func([]uint8) (uint8, uint8, uint8)
	}{
		{1, -1, 0, true, gray}, {1, 0, 0, true, gray}, {3, -1, 0, true, ycc}, {3, 1, 0, true, ycc},
		{3, 0, 0, true, rgb},
		{4, -1, 0, false, inks}, {4, 0, 0, true, turned}, {4, 1, 0, true, ycck}, {4, 2, 0, true, ycck},
		{3, -1, pixel.RGB, false, rgb}, {3, 1, pixel.RGB, false, rgb}, {3, 0, pixel.YCbCr, false, ycc},
		{4, 2, pixel.CMYK, false, inks}, {4, -1, pixel.CMYK, true, turned},
		{4, 0, pixel.YCCK, false, turnedYCCK}, {4, -1, pixel.YCCK, true, ycck},
	} {
		data := apart(files[:c.n], c.adobe)
		h, err := jpeg.ReadHeader(data)
		if err != nil {
			t.Fatal(err)
		}
		if c.kind != 0 {
			h.Kind = c.kind
		}
		j := newJob(context.Background(), Spec{}, Limits{})
		j.space = new(workspace)
		img, report, err := j.jpegPixels(data, &h, c.inverted)
		if err != nil || report.Err != nil {
			t.Fatalf("%+v: %v, %s", c, err, report.String())
		}
		got := []*image.NRGBA{img}
		if c.kind == 0 {
			got = append(got, nrgba(decoded(t, do(t, data, "format=png").Outputs[0].Data, PNG)))
		}
		for _, img := range got {
			for p := range 72 * 56 {
				s := []uint8{want[0].Pix[p/72*want[0].Stride+p%72], 0, 0, 0}
				for i := 1; i < c.n; i++ {
					s[i] = want[i].Pix[p/72*want[i].Stride+p%72]
				}
				r, g, b := c.want(s)
				for i, v := range []uint8{r, g, b} {
					if d := int(img.Pix[4*p+i]) - int(v); d < -3 || d > 3 {
						t.Fatalf("%d components, Adobe %d, %v: pixel %d,%d is %v, want %v",
							c.n, c.adobe, h.Kind, p%72, p/72,
							img.Pix[4*p:][:4], []uint8{r, g, b})
					}
				}
			}
		}
	}
	h, _ := jpeg.ReadHeader(apart(files[:3], -1))
	h.Kind = pixel.CMYK
	j := newJob(context.Background(), Spec{}, Limits{})
	j.space = new(workspace)
	if _, _, err := j.jpegPixels(apart(files[:3], -1), &h, false); err == nil {
		t.Error("three components were taken for four inks")
	}
}

// What is odd in a file and leaves nothing missing is a warning, also where damage is refused.
func TestOddJPEGsAreWhole(t *testing.T) {
	want := do(t, jpegFile(t, "sound"), "format=png")
	if len(want.Warnings) > 0 {
		t.Errorf("the sound file: %q", want.Warnings)
	}
	for name, warning := range map[string]string{
		"ff00-before-rst": "decode jpeg: a restart interval has bytes after its end, which were passed over",
		"rst-wrong-number": "decode jpeg: a restart marker has a wrong number, " +
			"and was taken for the one expected",
		"repeated-component-ids": "decode jpeg: components have the same number, and were told apart by their place",
		"segment-of-length-0": "decode jpeg: the segment of marker ffe9 has a length below 2, " +
			"and was taken for an empty one",
	} {
		for _, text := range []string{"format=png", "format=jpeg", "size=40;format=jpeg"} {
			task := Task{Data: jpegFile(t, name), Spec: mustSpec(t, text), Limits: Limits{RefuseDamaged: true}}
			res, err := Do(context.Background(), task)
			if err != nil || res.Damaged || len(res.Warnings) != 1 || res.Warnings[0] != warning {
				t.Errorf("%s, %q: %v, warnings %q", name, text, err, res.Warnings)
				continue
			}
			if text == "format=png" && !bytes.Equal(res.Outputs[0].Data, want.Outputs[0].Data) {
				t.Errorf("%s is not what the sound file is", name)
			}
		}
	}
}

// A JPEG that ends anywhere shows the rows that it holds as they are in the whole, gray where they are missing, and
// says the same whatever is made of it; or it is refused, if that is wished or nothing is there.
func TestCutJPEGsShowWhatTheyHold(t *testing.T) {
	notUnderRace(t)
	files := map[string][]byte{
		"gray": jpegOf(t, scene(160, 120), 0, 0), "4:4:4": jpegOf(t, scene(160, 120), 1, 1),
		"4:2:2": jpegOf(t, scene(160, 120), 2, 1),
		"4:4:0": jpegOf(t, scene(160, 120), 1, 2),
	}
	for _, name := range []string{"sound", "ff00-before-rst", "progressive", "cmyk", "ycck", "rgb"} {
		files[name] = jpegFile(t, name)
	}
	specs := []string{
		"format=png", "size=20;format=jpeg", "size=10;format=png", "size=70;grayscale;format=jpeg",
		"rotate=90;format=jpeg",
	}
	for name, data := range files {
		whole := decoded(t, do(t, data, "format=png").Outputs[0].Data, PNG)
		h, err := jpeg.ReadHeader(data)
		if err != nil {
			t.Fatal(err)
		}
		scan := bytes.Index(data, []byte{0xff, 0xda})
		kept, nothing := 0, 0
		for cut := scan; cut < len(data)-2; cut++ {
			if cut%(len(data)/12) != 0 && cut != len(data)-8 && cut != len(data)-3 && cut > scan+30 ||
				cut > scan && cut < scan+30 && cut%7 > 0 {
				continue
			}
			said := ""
			for _, text := range specs {
				task := Task{Data: data[:cut], Spec: mustSpec(t, text)}
				res, err := Do(context.Background(), task)
				task.Limits.RefuseDamaged = true
				if _, err := Do(context.Background(), task); class(err) != ClassDecode {
					t.Fatalf("%s, %d bytes: error %v where damage is refused", name, cut, err)
				}
				if err != nil {
					if class(err) != ClassDecode || said != "" && said != err.Error() {
						t.Fatalf("%s, %d bytes, %q: error %v, before %q", name, cut, text, err, said)
					}
					said = err.Error()
					continue
				}
				if !res.Damaged || said != "" && said != res.Warnings[0] {
					t.Fatalf("%s, %d bytes, %q: damaged %t, warnings %q, before %q",
						name, cut, text, res.Damaged, res.Warnings, said)
				}
				said = res.Warnings[0]
				if text != specs[0] {
					continue
				}
				kept++
				pic := decoded(t, res.Outputs[0].Data, PNG)
				checkCut(t, fmt.Sprintf("%s, %d bytes", name, cut), said, pic, whole, h.Progressive)
			}
			if strings.Contains(said, "none of 120 rows is there") {
				nothing++
			}
		}
		if kept < 5 || nothing == 0 {
			t.Errorf("%s: %d cuts were kept, of %d nothing was there", name, kept, nothing)
		}
	}
}

// checkCut compares what is there of a picture of 120 rows with the whole. Chroma is raised from as many as four rows.
func checkCut(t *testing.T, name, said string, got, whole image.Image, detail bool) {
	t.Helper()
	var missing int
	if at := strings.Index(said, "the last "); at >= 0 {
		if _, err := fmt.Sscanf(said[at:], "the last %d are missing", &missing); err != nil {
			t.Fatalf("%s: %q", name, said)
		}
	}
	if missing == 0 != detail && !strings.Contains(said, "detail is missing") {
		t.Fatalf("%s: %q", name, said)
	}
	first := 120 - missing
	for x := range 160 {
		for y := 0; y < first-8 && !detail; y++ {
			if got.At(x, y) != whole.At(x, y) {
				t.Fatalf("%s: pixel %d,%d differs though it is there: %q", name, x, y, said)
			}
		}
	}
	if missing > 0 {
		// The complement of 128 is 127.
		if r, g, b, _ := got.At(159, 119).RGBA(); r != g || g != b || r>>8 != 128 && r>>8 != 127 {
			t.Fatalf("%s: what is missing is %v", name, got.At(159, 119))
		}
	}
}

// The file that lacks six bytes is what its users see of it.
func TestSixBytesMissing(t *testing.T) {
	whole := decoded(t, do(t, jpegFile(t, "sound"), "format=png").Outputs[0].Data, PNG)
	data := jpegFile(t, "cut-by-6-bytes")
	res := do(t, data, "format=png")
	want := "decode jpeg: the scan ends early: of 120 rows the last 8 are missing"
	if len(res.Warnings) != 1 || res.Warnings[0] != want || !res.Damaged {
		t.Errorf("warnings %q, want %q", res.Warnings, want)
	}
	pic := decoded(t, res.Outputs[0].Data, PNG)
	for y := range 104 {
		for x := range 160 {
			if pic.At(x, y) != whole.At(x, y) {
				t.Fatalf("pixel %d,%d differs", x, y)
			}
		}
	}
	_, err := Do(context.Background(), Task{Data: data, Limits: Limits{RefuseDamaged: true}})
	if class(err) != ClassDecode || !strings.Contains(fmt.Sprint(err), "of 120 rows the last 8 are missing") {
		t.Errorf("where damage is refused: %v", err)
	}
}

// A picture without its color never passes as whole, and one without its luma is none.
func TestMissingScansOfAJPEGAreSaid(t *testing.T) {
	var files [][]byte
	for i := range 4 {
		data, _ := pattern(t, i)
		files = append(files, data)
	}
	const colorless = "of 56 rows none is missing, but from row 0 on color is missing"
	for _, c := range []struct {
		n, adobe int
		color    bool // the first component alone is a picture
	}{{3, -1, true}, {3, 0, false}, {4, 0, false}, {4, 2, false}} {
		data := apart(files[:c.n], c.adobe)
		scans := bytes.Split(data, []byte{0xff, 0xda})
		for n := 2; n <= c.n; n++ {
			cut := bytes.Join(scans[:n], []byte{0xff, 0xda})
			for _, data := range [][]byte{cut, append(bytes.Clone(cut), 0xff, 0xd9)} {
				res, err := Do(context.Background(), Task{Data: data, Spec: mustSpec(t, "format=png")})
				if c.color && (err != nil || !res.Damaged || !strings.HasSuffix(res.Warnings[0], colorless)) {
					t.Errorf("%d of %d components: %v, %q", n-1, c.n, err, res.Warnings)
				}
				none := class(err) == ClassDecode && strings.HasSuffix(err.Error(), "none of 56 rows is there")
				if !c.color && !none {
					t.Errorf("%d of %d components, Adobe %d: %v, %q", n-1, c.n, c.adobe, err, res.Warnings)
				}
			}
		}
	}
}

// Whatever is overwritten, the file is refused or its rows are counted, alike at every scale.
func TestDamagedJPEGsSayTheSameAtEveryScale(t *testing.T) {
	notUnderRace(t)
	rng := rand.New(rand.NewPCG(5, 6))
	for _, name := range []string{"sound", "ff00-before-rst", "cmyk", "rgb"} {
		data := jpegFile(t, name)
		scan := bytes.Index(data, []byte{0xff, 0xda})
		for range 25 {
			broken := bytes.Clone(data)
			at := scan + 20 + rng.IntN(len(data)-scan-60)
			for i := range 1 + rng.IntN(20) {
				broken[at+i] = uint8(rng.Uint32())
			}
			said := ""
			for i, text := range []string{"format=png", "size=70;format=png", "size=40;format=jpeg",
				"size=10;format=jpeg"} {
				res, err := Do(context.Background(), Task{Data: broken, Spec: mustSpec(t, text)})
				now := fmt.Sprint(err, res.Damaged, res.Warnings)
				if i > 0 && now != said {
					t.Errorf("%s, %q: %s, before %s", name, text, now, said)
				}
				said = now
			}
		}
	}
}

// Bytes that belong to no segment are passed over wherever they stand, and are a remark.
func TestBytesBetweenSegmentsOfAJPEGAreARemark(t *testing.T) {
	data, _ := pattern(t, 1)
	spec := mustSpec(t, "format=png")
	want, err := Do(context.Background(), Task{Spec: spec, Data: data})
	if err != nil || len(want.Warnings) > 0 {
		t.Fatalf("%v, warnings %q", err, want.Warnings)
	}
	for at := 2; ; {
		odd := slices.Concat(data[:at], []byte{0, 0x12, 0xd8}, data[at:])
		got, err := Do(context.Background(), Task{Spec: spec, Data: odd, Limits: Limits{RefuseDamaged: true}})
		if err != nil {
			t.Fatalf("bytes at %d: %v", at, err)
		}
		if !bytes.Equal(got.Outputs[0].Data, want.Outputs[0].Data) {
			t.Errorf("bytes at %d: another picture", at)
		}
		said := strings.Join(got.Warnings, "; ")
		if said != "decode jpeg: 3 bytes stand between segments, and were passed over" {
			t.Errorf("bytes at %d: warnings %q", at, got.Warnings)
		}
		if data[at+1] == 0xda {
			return
		}
		at += 2 + int(data[at+2])<<8 + int(data[at+3])
	}
}
