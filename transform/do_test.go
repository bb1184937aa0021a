package transform

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"imgpipe/transform/internal/tiff"
)

func do(t testing.TB, data []byte, spec string) Result {
	t.Helper()
	res, err := Do(context.Background(), Task{Data: data, Spec: mustSpec(t, spec)})
	if err != nil {
		t.Fatalf("%q: %v", spec, err)
	}
	return res
}

// one gives the picture that a Spec makes of another, through files without loss.
func one(t testing.TB, img image.Image, spec string) image.Image {
	t.Helper()
	return decoded(t, do(t, encoded(t, img, PNG), spec+";format=png").Outputs[0].Data, PNG)
}

func class(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Class()
	}
	return ""
}

// sourcesOf gives a file of each format that can be read.
func sourcesOf(t *testing.T) map[Format][]byte {
	pic := scene(96, 64)
	sources := map[Format][]byte{}
	for _, f := range outputFormats {
		sources[f] = encoded(t, pic, f)
	}
	sources[WebP] = tinyWebP
	return sources
}

// tinyWebP is a lossless image of one red pixel, put together by hand from RFC 9649: five codes of one symbol each.
var tinyWebP = func() []byte {
	var bits, n uint64
	var out []byte
	put := func(v uint64, width uint) {
		bits |= v << n
		for n += uint64(width); n >= 8; n -= 8 {
			out = append(out, byte(bits))
			bits >>= 8
		}
	}
	put(0x2f, 8)
	put(0, 14)                                           // width - 1
	put(0, 14)                                           // height - 1
	put(0, 1)                                            // alpha is not used
	put(0, 3)                                            // version
	put(0, 1)                                            // no transform
	put(0, 1)                                            // no color cache
	put(0, 1)                                            // no meta image
	for _, symbol := range []uint64{0, 255, 0, 255, 0} { // green, red, blue, alpha, distance
		put(1, 1) // simple code
		put(0, 1) // of one symbol
		put(1, 1) // of eight bits
		put(symbol, 8)
	}
	put(0, 7)
	return webpOf(riffChunk("VP8L", out))
}()

func TestEverySourceFormatToEveryTarget(t *testing.T) {
	for source, data := range sourcesOf(t) {
		h, err := ReadHeader(data)
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		want := one(t, decodedAny(t, data), "size=40")
		for _, target := range append([]Format{""}, outputFormats...) {
			t.Run(fmt.Sprintf("%s to %s", source, target), func(t *testing.T) {
				spec := Spec{Format: target, Sizes: []Resize{{Width: 40, Height: 40}}}
				res, err := Do(context.Background(), Task{Data: data, Spec: spec})
				if err != nil {
					t.Fatal(err)
				}
				out := res.Outputs[0]
				if out.Format != spec.Output(h) || res.Source.Format != source || Sniff(out.Data) != out.Format {
					t.Errorf("source %q, output %q, which sniffs as %q", res.Source.Format, out.Format, Sniff(out.Data))
				}
				got := decoded(t, out.Data, out.Format)
				if got.Bounds().Dx() != out.Width || got.Bounds().Dy() != out.Height {
					t.Errorf("the file is %v, the output says %dx%d", got.Bounds(), out.Width, out.Height)
				}
				tolerance := map[Format]float64{JPEG: 7, GIF: 6}[out.Format]
				switch source {
				case JPEG: // whose planes are resampled before they become RGB
					tolerance = max(tolerance, 1)
				case TIFF: // which has room for transparency, and so is resampled premultiplied
					tolerance = max(tolerance, 0.01)
				}
				if d := difference(got, want); d < 0 || d > tolerance {
					t.Errorf("the picture differs by %.2f levels: expected at most %g", d, tolerance)
				}
			})
		}
	}
}

// decodedAny reads any source by way of this package, without any operation.
func decodedAny(t testing.TB, data []byte) image.Image {
	return decoded(t, do(t, data, "format=png").Outputs[0].Data, PNG)
}

func TestOperationsOnPixels(t *testing.T) {
	gray := func(v uint8) color.NRGBA { return color.NRGBA{v, v, v, 255} }
	red := color.NRGBA{255, 0, 0, 255}
	for _, c := range []struct {
		spec     string
		in, want color.NRGBA
	}{
		{"grayscale", red, gray(76)}, // 0.299 × 255
		{"invert", color.NRGBA{10, 20, 30, 255}, color.NRGBA{245, 235, 225, 255}},
		{"brightness=10", gray(100), gray(126)},
		{"brightness=-100", gray(100), gray(0)},
		{"contrast=-100", gray(20), gray(128)},
		{"gamma=2", gray(64), gray(128)}, // 255 × √(64/255)
		{"saturation=-100", red, gray(128)},
		{"hue=120", red, color.NRGBA{0, 255, 0, 255}},
		{"hue=-120", red, color.NRGBA{0, 0, 255, 255}},
		{"blur=3", gray(90), gray(90)},
		{"sharpen=2", gray(90), gray(90)},
		{"size=5x5", gray(90), gray(90)},
		{"rotate=90;rotate=180;rotate=-270", gray(90), gray(90)},
		{"flip;flop", red, red},
	} {
		got := one(t, solid(20, 20, c.in), c.spec)
		if d := difference(got, solid(got.Bounds().Dx(), got.Bounds().Dy(), c.want)); d < 0 || d > 1 {
			t.Errorf("%s on %v: %v, want %v", c.spec, c.in, got.At(2, 2), c.want)
		}
	}
}

// TestGeometryMovesPixels compares with pixels moved one by one.
func TestGeometryMovesPixels(t *testing.T) {
	in := scene(31, 17)
	move := func(w, h int, from func(x, y int) (int, int)) image.Image {
		out := image.NewNRGBA(image.Rect(0, 0, w, h))
		for y := range h {
			for x := range w {
				sx, sy := from(x, y)
				out.SetNRGBA(x, y, in.NRGBAAt(sx, sy))
			}
		}
		return out
	}
	for spec, want := range map[string]image.Image{
		"flip":                              move(31, 17, func(x, y int) (int, int) { return x, 16 - y }),
		"flop":                              move(31, 17, func(x, y int) (int, int) { return 30 - x, y }),
		"rotate=90":                         move(17, 31, func(x, y int) (int, int) { return y, 16 - x }),
		"rotate=-180":                       move(31, 17, func(x, y int) (int, int) { return 30 - x, 16 - y }),
		"rotate=270":                        move(17, 31, func(x, y int) (int, int) { return 30 - y, x }),
		"rotate=360":                        in,
		"crop=10x5":                         move(10, 5, func(x, y int) (int, int) { return x + 10, y + 6 }),
		"crop=10x5,gravity=southeast":       move(10, 5, func(x, y int) (int, int) { return x + 21, y + 12 }),
		"crop=10x5,x=3,y=2":                 move(10, 5, func(x, y int) (int, int) { return x + 3, y + 2 }),
		"crop=50%x100%,x=0":                 move(16, 17, func(x, y int) (int, int) { return x, y }),
		"crop=100x100,x=30,y=16":            move(1, 1, func(x, y int) (int, int) { return 30, 16 }),
		"crop=1000x1000":                    in,
		"size=1000x1000":                    in,
		"size=62x34,filter=nearest,upscale": move(62, 34, func(x, y int) (int, int) { return x / 2, y / 2 }),
	} {
		if d := difference(one(t, in, spec), want); d != 0 {
			t.Errorf("%s differs by %v levels", spec, d)
		}
	}
}

func TestRotatedSizeIsKnownBefore(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {2, 9}, {30, 20}, {31, 57}} {
		for degrees := -180.0; degrees <= 180; degrees += 7.5 {
			spec := mustSpec(t, fmt.Sprintf("rotate=%v", degrees))
			w, h, err := rotateSize(args(spec.Ops[0]), size.X, size.Y)
			got := one(t, solid(size.X, size.Y, color.NRGBA{1, 2, 3, 255}), spec.String()).Bounds()
			if err != nil || got.Dx() != w || got.Dy() != h {
				t.Errorf("%v by %v°: %v, expected %dx%d", size, degrees, got, w, h)
			}
		}
	}
}

// TestResizeAgainstMeans halves and quarters a picture and compares with the means of its blocks.
func TestResizeAgainstMeans(t *testing.T) {
	in := scene(128, 96)
	for _, n := range []int{2, 4} {
		want := image.NewNRGBA(image.Rect(0, 0, 128/n, 96/n))
		for y := range 96 / n {
			for x := range 128 / n {
				var sum [3]int
				for k := range n * n {
					p := in.Pix[in.PixOffset(x*n+k%n, y*n+k/n):]
					for c := range sum {
						sum[c] += int(p[c])
					}
				}
				want.SetNRGBA(x, y, color.NRGBA{uint8(sum[0] / n / n), uint8(sum[1] / n / n), uint8(sum[2] / n / n), 255})
			}
		}
		for filter, tolerance := range map[string]float64{"box": 0.6, "linear": 3, "lanczos": 3, "catmullrom": 3, "mitchell": 3} {
			spec := fmt.Sprintf("size=%dx%d,filter=%s", 128/n, 96/n, filter)
			if d := difference(one(t, in, spec), want); d < 0 || d > tolerance {
				t.Errorf("%s differs by %.2f levels from the means: expected at most %v", spec, d, tolerance)
			}
		}
	}
}

func TestTransparencyGetsTheBackground(t *testing.T) {
	half := solid(16, 16, color.NRGBA{255, 0, 0, 128})
	clear := solid(16, 16, color.NRGBA{9, 9, 9, 0})
	for _, f := range []Format{JPEG, BMP} {
		for _, c := range []struct {
			img        image.Image
			background string
			want       color.NRGBA
		}{
			{clear, "white", color.NRGBA{255, 255, 255, 255}},
			{clear, "#0000ff", color.NRGBA{0, 0, 255, 255}},
			{clear, "transparent", color.NRGBA{255, 255, 255, 255}},
			{half, "white", color.NRGBA{255, 127, 127, 255}},
			{half, "black", color.NRGBA{128, 0, 0, 255}},
		} {
			spec := fmt.Sprintf("background=%s;format=%s", c.background, f)
			got := decoded(t, do(t, encoded(t, c.img, PNG), spec).Outputs[0].Data, f)
			if d := difference(got, solid(16, 16, c.want)); d < 0 || d > 2 {
				t.Errorf("%s: %v, want %v", spec, got.At(5, 5), c.want)
			}
		}
	}
	for _, f := range []Format{PNG, TIFF} {
		got := decoded(t, do(t, encoded(t, half, PNG), "format="+string(f)).Outputs[0].Data, f)
		if _, _, _, a := got.At(3, 3).RGBA(); a>>8 != 128 {
			t.Errorf("%s does not keep transparency: alpha %d", f, a>>8)
		}
	}
	got := decoded(t, do(t, encoded(t, clear, PNG), "format=gif").Outputs[0].Data, GIF)
	if _, _, _, a := got.At(3, 3).RGBA(); a != 0 {
		t.Errorf("gif does not keep transparency: alpha %d", a>>8)
	}
}

func TestContainPadsWithTheBackground(t *testing.T) {
	got := one(t, solid(20, 10, color.NRGBA{0, 0, 0, 255}), "background=#00ff00;size=40x40,fit=contain")
	if got.Bounds().Dx() != 40 || got.Bounds().Dy() != 40 {
		t.Fatalf("size %v", got.Bounds())
	}
	for at, want := range map[image.Point]color.NRGBA{{1, 1}: {0, 255, 0, 255}, {20, 20}: {0, 0, 0, 255}, {20, 38}: {0, 255, 0, 255}} {
		if c := color.NRGBAModel.Convert(got.At(at.X, at.Y)); c != want {
			t.Errorf("at %v: %v, want %v", at, c, want)
		}
	}
}

func TestSmartCropFindsTheSubject(t *testing.T) {
	img := solid(900, 300, color.NRGBA{128, 128, 128, 255})
	for i := range 40 * 40 {
		x, y := 700+4*(i%40), 80+4*(i/40)
		for k := range 16 {
			img.SetNRGBA(x+k%4, y+k/4, color.NRGBA{uint8(255 * (i % 2)), uint8(60 * (i % 5)), 30, 255})
		}
	}
	for _, spec := range []string{"size=100x100,fit=cover,gravity=smart", "crop=300x300,gravity=smart"} {
		got := one(t, img, spec)
		plain := 0
		b := got.Bounds()
		for y := range b.Dy() {
			for x := range b.Dx() {
				if color.NRGBAModel.Convert(got.At(x, y)) == (color.NRGBA{128, 128, 128, 255}) {
					plain++
				}
			}
		}
		if plain > b.Dx()*b.Dy()*9/10 {
			t.Errorf("%s shows the empty part", spec)
		}
	}
	// Shapes that leave the search nothing to do.
	for _, spec := range []string{"size=1x300,fit=cover,gravity=smart", "size=900x1,fit=cover,gravity=smart"} {
		one(t, img, spec)
	}
}

func TestWatermarkStandsWhereItIsAsked(t *testing.T) {
	mark := encoded(t, solid(10, 10, color.NRGBA{255, 0, 0, 255}), PNG)
	base := solid(100, 50, color.NRGBA{0, 0, 0, 255})
	for text, want := range map[string]image.Rectangle{
		"watermark=m":                              image.Rect(90, 40, 100, 50),
		"watermark=m,gravity=northwest,margin=5":   image.Rect(5, 5, 15, 15),
		"watermark=m,gravity=center,scale=40":      image.Rect(30, 5, 70, 45),
		"watermark=m,gravity=center,scale=100":     image.Rect(25, 0, 75, 50),
		"watermark=m,gravity=southwest,margin=10%": image.Rect(5, 35, 15, 45),
		"watermark=m,gravity=center,margin=1000":   image.Rect(49, 24, 51, 26),
	} {
		spec, err := mustSpec(t, text+";format=png").WithAssets(map[string][]byte{"m": mark})
		if err != nil {
			t.Fatal(err)
		}
		res, err := Do(context.Background(), Task{Data: encoded(t, base, PNG), Spec: spec})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := decoded(t, res.Outputs[0].Data, PNG)
		expected := solid(100, 50, color.NRGBA{0, 0, 0, 255})
		for y := want.Min.Y; y < want.Max.Y; y++ {
			for x := want.Min.X; x < want.Max.X; x++ {
				expected.SetNRGBA(x, y, color.NRGBA{255, 0, 0, 255})
			}
		}
		if d := difference(got, expected); d != 0 {
			t.Errorf("%s differs by %v levels", text, d)
		}
	}
	spec, _ := mustSpec(t, "watermark=m,opacity=0.5,gravity=center;format=png").WithAssets(map[string][]byte{"m": mark})
	res, err := Do(context.Background(), Task{Data: encoded(t, base, PNG), Spec: spec})
	if err != nil {
		t.Fatal(err)
	}
	if r, _, _, _ := decoded(t, res.Outputs[0].Data, PNG).At(50, 25).RGBA(); r>>8 < 126 || r>>8 > 129 {
		t.Errorf("half of red on black is %d", r>>8)
	}
	_, err = Do(context.Background(), Task{Data: encoded(t, base, PNG), Spec: mustSpec(t, "watermark=m")})
	if class(err) != ClassOperation {
		t.Errorf("without assets: %v", err)
	}
}

// TestSizesShareOneDecode also shows that no branch changes what the next one gets.
func TestSizesShareOneDecode(t *testing.T) {
	data := encoded(t, scene(200, 100), PNG)
	res := do(t, data, "size=100;size=50;size=10x10,fit=cover;invert;format=png")
	if len(res.Outputs) != 3 {
		t.Fatalf("%d outputs", len(res.Outputs))
	}
	for i, size := range []string{"100", "50", "10x10,fit=cover"} {
		alone := do(t, data, "size="+size+";invert;format=png").Outputs[0]
		if !bytes.Equal(alone.Data, res.Outputs[i].Data) || alone.Label != "" || res.Outputs[i].Label == "" {
			t.Errorf("size %s is not what it is alone", size)
		}
	}
}

func TestSameTaskSameBytes(t *testing.T) {
	spec := mustSpec(t, "size=60;size=30x30,fit=cover,gravity=smart;blur=1;rotate=10;sharpen")
	for _, f := range outputFormats {
		data := encoded(t, scene(150, 100), f)
		want, err := Do(context.Background(), Task{Data: data, Spec: spec})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				got, err := Do(context.Background(), Task{Data: data, Spec: spec})
				if err != nil {
					t.Error(err)
					return
				}
				for i := range want.Outputs {
					if !bytes.Equal(got.Outputs[i].Data, want.Outputs[i].Data) {
						t.Errorf("%s: output %d differs from one run to the next", f, i)
					}
				}
			})
		}
		wg.Wait()
	}
}

func TestWhatIsNoImageIsNamed(t *testing.T) {
	for _, c := range []struct{ data, class, says string }{
		{"", ClassNotAnImage, "the file is empty"},
		{"<!DOCTYPE html><html>", ClassNotAnImage, "HTML page"},
		{"\xef\xbb\xbf\n <!-- note -->\n<HTML>", ClassNotAnImage, "HTML page"},
		{"<?xml version='1.0'?><Error/>", ClassNotAnImage, "XML document"},
		{"<svg xmlns=''/>", ClassNotAnImage, "SVG drawing"},
		{"<?xml version='1.0'?>\n<svg/>", ClassNotAnImage, "SVG drawing"},
		{`{"error": "not found"}`, ClassNotAnImage, "JSON document"},
		{"404 page not found\n", ClassNotAnImage, "this is text"},
		{"Zoë", ClassNotAnImage, "this is text"},
		{"   \n", ClassNotAnImage, "an empty text"},
		{"PK\x03\x04....", ClassNotAnImage, "ZIP archive"},
		{"\x00\x00\x00\x18ftypmp42", ClassNotAnImage, "video"},
		{"\x01\x02\x03", ClassNotAnImage, "01 02 03"},
		{"\x00\x00\x00\x18ftypheic", ClassUnsupported, "a HEIC image"},
		{"\x00\x00\x00\x18ftypavif", ClassUnsupported, "an AVIF image"},
		{"\xff\x0a....", ClassUnsupported, "JPEG XL"},
		{"\x00\x00\x00\x0cjP  \r\n\x87\n", ClassUnsupported, "JPEG 2000"},
		{"8BPS\x00\x01", ClassUnsupported, "Photoshop"},
		{"\x00\x00\x01\x00\x01\x00", ClassUnsupported, "ICO"},
		{"%PDF-1.7\n", ClassUnsupported, "PDF"},
		{"II*\x00\x10\x00\x00\x00CR\x02", ClassUnsupported, "CR2"},
		{"II+\x00\x08\x00", ClassDecode, "ends in its header"},
		{"P6\n3 3\n255\n", ClassUnsupported, "Netpbm"},
		{"\xff\xd8\xff", ClassDecode, "no scan"},
		{"\xff\xd8\xff\x02\x7f\xff", ClassDecode, "marker ff02 has no meaning here"},
		{"\x89PNG\r\n\x1a\n", ClassDecode, "ends in its header"},
		{"GIF89a\x01\x00\x01\x00\x00\x00\x00;", ClassDecode, "no frame"},
		{"RIFF\x00\x00\x00\x00WEBP", ClassDecode, "no image"},
	} {
		_, err := Do(context.Background(), Task{Data: []byte(c.data)})
		if class(err) != c.class || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: class %q, %v: want %q, %q", c.data, class(err), err, c.class, c.says)
		}
		if _, herr := ReadHeader([]byte(c.data)); herr == nil || herr.Error() != err.Error() {
			t.Errorf("%q: ReadHeader says %v, Do says %v", c.data, herr, err)
		}
	}
}

// TestGigapixelClaimIsRefusedUnread gives headers of 60000 × 60000 pixels and looks at what is allocated.
func TestGigapixelClaimIsRefusedUnread(t *testing.T) {
	claims := map[Format][]byte{}
	pic := scene(32, 32)
	for _, f := range outputFormats {
		claims[f] = encoded(t, pic, f)
	}
	frame := bytes.Index(claims[JPEG], []byte("\xff\xc0"))
	binary.BigEndian.PutUint32(claims[JPEG][frame+5:], 60000<<16|60000)
	binary.BigEndian.PutUint32(claims[PNG][16:], 60000)
	binary.BigEndian.PutUint32(claims[PNG][20:], 60000)
	resummed(claims[PNG])
	binary.LittleEndian.PutUint32(claims[GIF][6:], 60000<<16|60000)
	binary.LittleEndian.PutUint32(claims[BMP][18:], 60000)
	binary.LittleEndian.PutUint32(claims[BMP][22:], 60000)
	claimTIFF(claims[TIFF], 60000)
	claims[WebP] = bytes.Clone(tinyWebP)
	binary.LittleEndian.PutUint32(claims[WebP][21:], 1<<28-1)
	for f, data := range claims {
		used := allocated(func() {
			_, err := Do(context.Background(), Task{Data: data})
			if class(err) != ClassTooLarge || !strings.Contains(err.Error(), "expected at most 268.4") {
				t.Errorf("%s: %v", f, err)
			}
		})
		if used > 1<<20 && !underRace {
			t.Errorf("%s: %d bytes were allocated", f, used)
		}
	}
	// A result may not be too large either.
	for _, spec := range []string{"size=20000x20000,upscale", "size=20000x20000,fit=contain"} {
		_, err := Do(context.Background(), Task{Data: encoded(t, pic, PNG), Spec: mustSpec(t, spec)})
		if class(err) != ClassTooLarge {
			t.Errorf("%s: %v", spec, err)
		}
	}
}

// claimTIFF changes the sides that a little-endian TIFF names.
func claimTIFF(file []byte, side uint32) {
	le := binary.LittleEndian
	at := le.Uint32(file[4:])
	for e := file[at+2:][:12*int(le.Uint16(file[at:]))]; len(e) > 0; e = e[12:] {
		if tag := le.Uint16(e); tag == tiff.Width || tag == tiff.Height || tag == tiff.RowsPerStrip {
			le.PutUint16(e[2:], 4)
			le.PutUint32(e[8:], side)
		}
	}
}

// allocated is how many bytes f allocates. No collection takes place meanwhile: it would empty the pools, and what
// they give would be counted twice.
func allocated(f func()) uint64 {
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestPaletteThatIsTooShortIsSaid has pixels of colors that there are none of. They are black, and no panic.
func TestPaletteThatIsTooShortIsSaid(t *testing.T) {
	img := image.NewPaletted(image.Rect(0, 0, 4, 4), slices.Repeat(color.Palette{color.White}, 20))
	img.Pix[7] = 200
	res := do(t, encoded(t, img, PNG), "format=png")
	if res.Damaged || len(res.Warnings) != 1 || !strings.Contains(res.Warnings[0], "palette") {
		t.Errorf("damaged %t with warnings %q", res.Damaged, res.Warnings)
	}
	pic := decoded(t, res.Outputs[0].Data, PNG)
	for i := range img.Pix {
		want := uint32(0xffff)
		if i == 7 {
			want = 0
		}
		if r, g, b, a := pic.At(i%4, i/4).RGBA(); r != want || g != want || b != want || a != 0xffff {
			t.Errorf("pixel %d is %d, %d, %d, %d", i, r, g, b, a)
		}
	}
}

func TestPanicBecomesAnError(t *testing.T) {
	j := newJob(context.Background(), Spec{}, Limits{})
	j.doing = "blur"
	err := guard(&j.doing, func() error { return errors.New([]string{}[len(j.doing)]) })
	var e *Error
	if !errors.As(err, &e) || e.Kind != ClassPanic || len(e.Stack) == 0 || !strings.HasPrefix(e.Error(), "blur: fault: ") {
		t.Errorf("error %v", err)
	}
	if strings.Contains(e.Error(), "\n") {
		t.Errorf("error of several lines: %q", e)
	}
}

// TestContextThatEndsIsNoticed ends the context at each of the moments at which Do looks at it, one after the other.
func TestContextThatEndsIsNoticed(t *testing.T) {
	for _, f := range outputFormats {
		data := encoded(t, scene(90, 60), f)
		spec := mustSpec(t, "size=30;size=20;blur=1;format="+string(f))
		counter := &endsAfter{Context: context.Background(), left: math.MaxInt}
		if _, err := Do(counter, Task{Data: data, Spec: spec}); err != nil {
			t.Fatal(err)
		}
		looks := math.MaxInt - counter.left
		if looks < 10 {
			t.Errorf("%s: the context was looked at %d times", f, looks)
		}
		for n := range looks {
			_, err := Do(&endsAfter{context.Background(), n, context.DeadlineExceeded}, Task{Data: data, Spec: spec})
			if class(err) != ClassTimeout {
				t.Errorf("%s, deadline at look %d: %v", f, n, err)
			}
			_, err = Do(&endsAfter{context.Background(), n, context.Canceled}, Task{Data: data, Spec: spec})
			if class(err) != "" || !errors.Is(err, context.Canceled) {
				t.Errorf("%s, cancelled at look %d: class %q, %v", f, n, class(err), err)
			}
		}
	}
}

// endsAfter is a context that ends when it has been looked at some number of times.
type endsAfter struct {
	context.Context
	left int
	err  error
}

func (c *endsAfter) Err() error {
	if c.left == 0 {
		return c.err
	}
	c.left--
	return nil
}

func (c *endsAfter) Deadline() (time.Time, bool) { return time.Time{}, false }

func TestOperationThatCannotBeDone(t *testing.T) {
	data := encoded(t, scene(20, 20), PNG)
	_, err := Do(context.Background(), Task{Data: data, Spec: mustSpec(t, "crop=5x5,x=30")})
	if class(err) != ClassOperation || !strings.Contains(err.Error(), "crop at 30,0 is outside the image: expected a place inside 20x20") {
		t.Errorf("error %v", err)
	}
	_, err = Do(context.Background(), Task{Data: encoded(t, scene(2, 2), PNG), Spec: mustSpec(t, "resize=65536x1,fit=fill,upscale;format=jpeg")})
	if class(err) != ClassEncode || !strings.Contains(err.Error(), "at most 65535") {
		t.Errorf("error %v", err)
	}
	_, err = Do(context.Background(), Task{Data: data, Spec: Spec{Quality: 500}})
	if class(err) != ClassOperation {
		t.Errorf("error %v", err)
	}
}

func TestLongLineIsResizedInLittleMemory(t *testing.T) {
	data := encoded(t, solid(1_000_000, 1, color.NRGBA{10, 20, 30, 255}), PNG)
	var res Result
	used := allocated(func() { res = do(t, data, "size=100x100") })
	if out := res.Outputs[0]; out.Width != 100 || out.Height != 1 {
		t.Errorf("%dx%d", out.Width, out.Height)
	}
	if used > 40e6 && !underRace {
		t.Errorf("%.0f MB were allocated", float64(used)/1e6)
	}
}

func TestMissingEndMarkerIsForgiven(t *testing.T) {
	data := encoded(t, scene(64, 64), JPEG)
	want := decoded(t, do(t, data, "format=png").Outputs[0].Data, PNG)
	for name, changed := range map[string][]byte{
		"no end": data[:len(data)-2], "half an end": data[:len(data)-1], "more": append(bytes.Clone(data), "trailing"...),
	} {
		res, err := Do(context.Background(), Task{Data: changed, Spec: Spec{Format: PNG}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := difference(decoded(t, res.Outputs[0].Data, PNG), want); d != 0 {
			t.Errorf("%s: differs by %v levels", name, d)
		}
	}
	_, err := Do(context.Background(), Task{Data: data[:len(data)/2], Limits: Limits{RefuseDamaged: true}})
	if class(err) != ClassDecode {
		t.Errorf("half a file: %v", err)
	}
}
