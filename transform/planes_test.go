package transform

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"imgpipe/transform/internal/jpeg"
	"imgpipe/transform/internal/pixel"
)

// jpegOf writes a JPEG whose chroma has one sample for sx × sy pixels; 0 is a gray one.
func jpegOf(t testing.TB, img *image.NRGBA, sx, sy int) []byte {
	t.Helper()
	p := planesAt(img, max(sx, 1), max(sy, 1))
	if sx == 0 {
		p.Kind = pixel.Gray
	}
	data, err := new(jpeg.Encoder).Append(nil, p, jpeg.EncodeOptions{Quality: 92})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// generally does a Task in the way that every format takes.
func generally(t testing.TB, task Task) Result {
	t.Helper()
	j := newJob(context.Background(), task.Spec, task.Limits)
	j.space = new(workspace)
	m, err := inspect(task.Data)
	if err != nil {
		t.Fatal(err)
	}
	p, err := task.Spec.plan(m.Header, task.Limits)
	if err != nil {
		t.Fatal(err)
	}
	res := Result{Source: m.plain()}
	err = (&rgbPath{p, m.Header}).run(j, task.Data, m, &res, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// TestBothWaysOfAJPEGAgree compares what comes out of the planes with what comes out of RGB.
func TestBothWaysOfAJPEGAgree(t *testing.T) {
	pic := smooth(317, 203)
	for y := range 203 {
		for x := range 317 {
			c := pic.NRGBAAt(x, y)
			dx, dy := float64(x-120)/30, float64(y-90)/30
			soft := math.Exp(-dx*dx - dy*dy)
			pic.SetNRGBA(x, y,
				color.NRGBA{uint8(float64(c.R) * (1 - soft)), c.G, uint8(float64(c.B)*(1-soft) + 200*soft), 255})
		}
	}
	for name, data := range map[string][]byte{
		"4:4:4": jpegOf(t, pic, 1, 1), "4:2:2": jpegOf(t, pic, 2, 1), "4:2:0": jpegOf(t, pic, 2, 2),
		"4:4:0": jpegOf(t, pic, 1, 2),
		"gray":  jpegOf(t, pic, 0, 0),
	} {
		for o := uint16(1); o <= 8; o++ {
			if o%5 != 1 && (name != "4:2:0" || underRace) {
				continue
			}
			data := withOrientation(data, o)
			for _, c := range []struct{ text, path string }{
				{"", "ycbcr"},
				{"size=64", "ycbcr"},
				{"size=90x60,fit=cover,gravity=north;rotate=90;quality=95", "ycbcr"},
				{"crop=101x77,x=13,y=9;flop", "ycbcr"},
				{"size=160;size=35;quality=95", "ycbcr"},
				{"size=80x80,fit=contain", "ycbcr+rgba"},
				{"size=80;size=60x60,fit=contain", "ycbcr+rgba"},
				{"size=70;grayscale;flip", "ycbcr"},
				{"grayscale;size=70", "ycbcr"},
				{"grayscale;crop=101x77;blur=1", "ycbcr"},
				{"blur=2", "ycbcr"},
				{"size=90;blur=1.5;grayscale", "ycbcr"},
				{"size=110;sharpen=1;blur=0.4;quality=95", "ycbcr"},
				{"sharpen;grayscale;format=jpeg,png", "ycbcr+rgba"},
				{"blur=9;size=200", "ycbcr"},
				{"blur=9;quality=95", "ycbcr"},
				{"size=80;blur=4.1", "ycbcr"},
				{"blur=1;flip", "ycbcr+rgba"},
				{"size=60x60,fit=contain;grayscale", "ycbcr+rgba"},
				{"grayscale;format=png", "ycbcr+rgba"},
				{"size=100;format=png", "ycbcr+rgba"},
			} {
				task := Task{Data: data, Spec: mustSpec(t, c.text)}
				res, err := Do(context.Background(), task)
				if err != nil {
					t.Fatal(err)
				}
				if res.Path != c.path {
					t.Errorf("%s, %q went by %s, want %s", name, c.text, res.Path, c.path)
				}
				for i, want := range generally(t, task).Outputs {
					got := res.Outputs[i]
					d := difference(decoded(t, got.Data, got.Format), decoded(t, want.Data, want.Format))
					if got.Label != want.Label || got.Width != want.Width || got.Height != want.Height || d < 0 ||
						d > 1 {
						t.Errorf("%s, orientation %d, %q: %s %dx%d and %s %dx%d differ by %.2f levels", name, o, c.text,
							got.Label, got.Width, got.Height, want.Label, want.Width, want.Height, d)
					}
				}
			}
		}
	}
}

func TestPlanesAreDecodedNoLargerThanNeeded(t *testing.T) {
	for _, c := range []struct {
		h, v        int // sampling factors of the luma
		text        string
		scale       pixel.Scale
		subsampling int
	}{
		{2, 2, "size=800", pixel.Scale{Luma: 3, Chroma: 2}, 2},
		{2, 1, "size=800", pixel.Scale{Luma: 3, Chroma: 2}, 2},
		{1, 1, "size=800", pixel.Scale{Luma: 3, Chroma: 1}, 2},
		{2, 2, "size=800;quality=90", pixel.Scale{Luma: 3, Chroma: 5}, 1},
		{2, 2, "size=100", pixel.Scale{Luma: 1, Chroma: 1}, 2},
		{2, 2, "size=120", pixel.Scale{Luma: 2, Chroma: 1}, 2},
		{2, 2, "size=500", pixel.Scale{Luma: 3, Chroma: 1}, 2},
		{2, 2, "size=1300", pixel.Scale{Luma: 5, Chroma: 3}, 2},
		{2, 2, "size=100;size=800", pixel.Scale{Luma: 3, Chroma: 2}, 2},
		{2, 2, "size=800;format=png", pixel.Scale{Luma: 3, Chroma: 5}, 1},
		{2, 2, "size=800,filter=nearest", pixel.Scale{Luma: 8, Chroma: 8}, 2},
		{2, 2, "", pixel.Scale{Luma: 8, Chroma: 8}, 2},
		{2, 2, "quality=95", pixel.Scale{Luma: 8, Chroma: 8}, 2}, // there is no more chroma than that
		{1, 1, "quality=95", pixel.Scale{Luma: 8, Chroma: 8}, 1},
		{1, 1, "", pixel.Scale{Luma: 8, Chroma: 4}, 2},
		{2, 2, "crop=1000x1000;resize=800x", pixel.Scale{Luma: 8, Chroma: 7}, 2},
		{2, 2, "size=800;grayscale", pixel.Scale{Luma: 3, Chroma: 1}, 2},
		{2, 2, "grayscale;blur=2", pixel.Scale{Luma: 8, Chroma: 1}, 2},
		{2, 2, "size=800;blur=2;grayscale", pixel.Scale{Luma: 3, Chroma: 1}, 2},
		{2, 2, "size=80;blur=50;grayscale", pixel.Scale{Luma: 1, Chroma: 2}, 1},
		{2, 2, "size=8000,upscale", pixel.Scale{Luma: 8, Chroma: 8}, 2},
		{2, 2, "blur=2;resize=800", pixel.Scale{Luma: 8, Chroma: 8}, 1},
	} {
		h := &jpeg.Header{Width: 4000, Height: 3000, Kind: pixel.YCbCr, N: 3}
		h.Components = [4]jpeg.Component{{H: c.h, V: c.v}, {H: 1, V: 1}, {H: 1, V: 1}}
		r := newPlanesPath(planOf(t, c.text, h.Width, h.Height, 1), jpegPlanes{&jpegHead{Header: *h}})
		if got := r.subsampling(r.legs[0]); r.scale != c.scale || got != c.subsampling {
			t.Errorf("%d:%d, %q: scale %v and subsampling %d, want %v and %d", c.h, c.v, c.text, r.scale, got, c.scale,
				c.subsampling)
		}
	}
}

// TestConversionsAgreeWithTheStandardLibrary looks at colors all over the cube.
func TestConversionsAgreeWithTheStandardLibrary(t *testing.T) {
	var colors []color.NRGBA
	for r := 0; r <= 255; r += 5 {
		for g := 0; g <= 255; g += 5 {
			for b := 0; b <= 255; b += 5 {
				colors = append(colors, color.NRGBA{uint8(r), uint8(g), uint8(b), 255})
			}
		}
	}
	img := image.NewNRGBA(image.Rect(0, 0, len(colors), 1))
	p := &pixel.Planes{Kind: pixel.YCbCr}
	for i := range 3 {
		p.Plane[i] = pixel.NewPlane(len(colors), 1)
	}
	for i, c := range colors {
		img.SetNRGBA(i, 0, c)
		p.Plane[0].Pix[i], p.Plane[1].Pix[i], p.Plane[2].Pix[i] = c.R, c.G, c.B // any values are a color
	}
	off := func(a, b uint8) bool { return a > b+1 && b < 255 || b > a+1 && a < 255 }
	got := p.NRGBA()
	for i, c := range colors {
		r, g, b := color.YCbCrToRGB(c.R, c.G, c.B)
		if x := got.NRGBAAt(i, 0); off(x.R, r) || off(x.G, g) || off(x.B, b) || x.A != 255 {
			t.Fatalf("Y, Cb, Cr %v are %v, want %v", c, x, []uint8{r, g, b})
		}
	}
	planes := new(workspace).planesOf(img, false, 1)
	for i, c := range colors {
		y, cb, cr := color.RGBToYCbCr(c.R, c.G, c.B)
		x := [3]uint8{planes.Plane[0].Pix[i], planes.Plane[1].Pix[i], planes.Plane[2].Pix[i]}
		if off(x[0], y) || off(x[1], cb) || off(x[2], cr) {
			t.Fatalf("%v is Y, Cb, Cr %v, want %v", c, x, []uint8{y, cb, cr})
		}
	}
}

// TestChromaOfRGBIsTheMean looks at blocks of two by two pixels, and at what is left of them where the sides are odd.
func TestChromaOfRGBIsTheMean(t *testing.T) {
	img := scene(31, 17)
	want := planesAt(img, 2, 2)
	got := new(workspace).planesOf(img, false, 2)
	for i := range 3 {
		a, b := got.Plane[i], want.Plane[i]
		if a.W != b.W || a.H != b.H {
			t.Fatalf("plane %d is %dx%d, want %dx%d", i, a.W, a.H, b.W, b.H)
		}
		for k := range b.Pix {
			if d := int(a.Pix[k]) - int(b.Pix[k]); d < -1 || d > 1 {
				t.Fatalf("plane %d, sample %d is %d, want %d", i, k, a.Pix[k], b.Pix[k])
			}
		}
	}
}

// TestGrayStaysGray also shows that color that a gray source cannot have takes no bytes.
func TestGrayStaysGray(t *testing.T) {
	data := jpegOf(t, scene(80, 60), 0, 0)
	for _, text := range []string{"size=40", "", "rotate=90", "size=30;blur=1"} {
		out := do(t, data, text).Outputs[0]
		if h, err := jpeg.ReadHeader(out.Data); err != nil || h.Kind != pixel.Gray {
			t.Errorf("%q: %v, error %v", text, h.Kind, err)
		}
	}
}

// TestRowsAgreeWithTheWhole compares what becomes of rows with what becomes of an image that is decoded at once.
func TestRowsAgreeWithTheWhole(t *testing.T) {
	pic := smooth(117, 83)
	gray, clear := image.NewGray(pic.Rect), image.NewNRGBA(pic.Rect)
	for y := range 83 {
		for x := range 117 {
			c := pic.NRGBAAt(x, y)
			gray.Set(x, y, c)
			clear.SetNRGBA(x, y, color.NRGBA{c.R, c.G, c.B, uint8(255 - y)})
		}
	}
	for _, src := range []struct {
		pic           image.Image
		direct, mixed string
	}{{pic, "rgba", "rgba"}, {clear, "rgba", "rgba"}, {gray, "gray", "gray+rgba"}} {
		for _, c := range []struct {
			text   string
			direct bool
		}{
			{"format=jpeg", true}, {"size=40;rotate=90;format=jpeg", true},
			{"crop=31x17,x=3,y=9;flop;grayscale;format=jpeg", true},
			{"size=60;size=31;format=jpeg", true}, {"size=50", false}, {"grayscale;size=50;blur=1;format=jpeg", false},
			{"size=50x50,fit=contain;format=jpeg", false}, {"flip;format=bmp", false},
		} {
			for _, format := range []Format{PNG, TIFF} {
				data := encoded(t, src.pic, format)
				res := do(t, data, c.text)
				want := src.mixed
				if c.direct {
					want = src.direct
				}
				if res.Path != want {
					t.Errorf("%s of %T, %q went by %s, want %s", format, src.pic, c.text, res.Path, want)
				}
				for i, want := range generally(t, Task{Data: data, Spec: mustSpec(t, c.text)}).Outputs {
					got := res.Outputs[i]
					d := difference(decoded(t, got.Data, got.Format), decoded(t, want.Data, want.Format))
					if got.Width != want.Width || got.Height != want.Height || d < 0 || d > 1 {
						t.Errorf("%s of %T, %q: %dx%d and %dx%d differ by %.2f levels", format, src.pic, c.text,
							got.Width, got.Height, want.Width, want.Height, d)
					}
				}
			}
		}
	}
}

// lossyWebP is a file of 400x300 pixels that smooth has drawn.
func lossyWebP(t testing.TB) []byte { return mustRead(t, filepath.Join("testdata", "lossy.webp")) }

// TestBothWaysOfALossyWebPAgree compares what comes out of its planes with what comes out of RGB, where their range is
// that of video.
func TestBothWaysOfALossyWebPAgree(t *testing.T) {
	data := lossyWebP(t)
	for text, path := range map[string]string{
		"": "ycbcr", "format=jpeg": "ycbcr", "size=140;rotate=90;format=jpeg": "ycbcr",
		"crop=131x117,x=3,y=9;flop;format=jpeg": "ycbcr", "grayscale;size=50;format=jpeg": "ycbcr",
		"format=png": "ycbcr+rgba", "size=50;blur=1;format=png": "ycbcr+rgba",
		"size=400x300;size=50;format=png": "ycbcr+rgba",
	} {
		task := Task{Data: data, Spec: mustSpec(t, text)}
		res := do(t, data, text)
		if res.Path != path || res.Source.Format != WebP {
			t.Errorf("%q of a %s went by %s, want %s", text, res.Source.Format, res.Path, path)
		}
		for i, want := range generally(t, task).Outputs {
			got := res.Outputs[i]
			d := difference(decoded(t, got.Data, got.Format), decoded(t, want.Data, want.Format))
			if got.Width != want.Width || got.Height != want.Height || d < 0 || d > 1 {
				t.Errorf("%q: %dx%d and %dx%d differ by %.2f levels", text, got.Width, got.Height, want.Width,
					want.Height, d)
			}
		}
	}
	cut := data[:len(data)*2/3]
	refused := Task{Data: cut, Spec: mustSpec(t, "size=40"), Limits: Limits{RefuseDamaged: true}}
	if _, err := Do(context.Background(), refused); class(err) != ClassDecode {
		t.Errorf("two thirds of the file: error %v", err)
	}
}

// TestGrayscaleOfAnRGBProfileKeepsIt shows that the levels of a picture mean the same when its colors are gone: a gray
// file could not have the profile that says what they mean.
func TestGrayscaleOfAnRGBProfileKeepsIt(t *testing.T) {
	wide := iccProfile("RGB ", "Display P3", 400)
	for _, c := range []struct {
		profile []byte
		kind    pixel.Kind
	}{{nil, pixel.Gray}, {iccProfile("RGB ", "sRGB IEC61966-2.1", 400), pixel.Gray}, {wide, pixel.YCbCr}} {
		data := jpegOf(t, scene(81, 61), 2, 2)
		if c.profile != nil {
			data = intoJPEG(data, c.profile)
		}
		for _, text := range []string{"grayscale", "size=41;grayscale;rotate=90"} {
			res := do(t, data, text)
			h, err := jpeg.ReadHeader(res.Outputs[0].Data)
			if err != nil || h.Kind != c.kind || res.Path != "ycbcr" {
				t.Errorf("%q: %v by %s, error %v: want %v", text, h.Kind, res.Path, err, c.kind)
			}
			m, err := inspect(res.Outputs[0].Data)
			if err != nil || (m.icc != nil) != (c.kind == pixel.YCbCr) {
				t.Errorf("%q: %d bytes of profile, error %v", text, len(m.icc), err)
			}
			pic := decoded(t, res.Outputs[0].Data, JPEG)
			for i := range pic.Bounds().Dx() {
				if r, g, b, _ := pic.At(i, i/3).RGBA(); r != g || g != b {
					t.Fatalf("%q: pixel %d,%d has a color", text, i, i/3)
				}
			}
		}
	}
}

// TestProgressiveThatBreaksOffIsSaid takes a file whose last scans are missing: what is there is a picture with less
// detail.
func TestProgressiveThatBreaksOffIsSaid(t *testing.T) {
	whole := progressivePhoto(t)
	if whole == nil {
		t.Skip("the shared corpus of images is not beside the module")
	}
	res, err := Do(context.Background(), Task{Data: whole[:len(whole)*9/10], Spec: mustSpec(t, "size=600")})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Warnings) != 1 || !strings.HasPrefix(res.Warnings[0], "decode jpeg: ") {
		t.Errorf("warnings %q", res.Warnings)
	}
	clean := do(t, whole, "size=600").Outputs[0]
	if d := difference(decoded(t, res.Outputs[0].Data, JPEG), decoded(t, clean.Data, JPEG)); d < 0 || d > 8 {
		t.Errorf("differs by %.1f levels from the whole", d)
	}
	refuse := Limits{RefuseDamaged: true}
	cut := Task{Data: whole[:len(whole)/20], Spec: mustSpec(t, "size=600"), Limits: refuse}
	if _, err := Do(context.Background(), cut); class(err) != ClassDecode {
		t.Errorf("the first scan broken off: %v", err)
	}
}

// TestDamageInAScanIsRefused overwrites the middle of a scan.
func TestDamageInAScanIsRefused(t *testing.T) {
	data := jpegOf(t, scene(400, 300), 2, 2)
	at := len(data) / 2
	copy(data[at:], bytes.Repeat([]byte{0xff, 0xd3}, 40))
	_, err := Do(context.Background(),
		Task{Data: data, Spec: mustSpec(t, "size=100"), Limits: Limits{RefuseDamaged: true}})
	if class(err) != ClassDecode || !strings.Contains(fmt.Sprint(err), "of 300 rows") {
		t.Errorf("error %v", err)
	}
}
