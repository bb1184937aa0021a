package transform

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"imgpipe/transform/internal/pixel"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	xwebp "golang.org/x/image/webp"

	"imgpipe/transform/internal/vp8"
	"imgpipe/transform/internal/webp"
)

// veiled draws a scene whose alpha has all levels.
func veiled(w, h int) *image.NRGBA {
	img := scene(w, h)
	for i := range w * h {
		img.Pix[4*i+3] = byte(i % w * 256 / w)
		if i/w >= h/2 {
			img.Pix[4*i+3] = byte(i * 7)
		}
	}
	return img
}

// webpReaders are programs and packages that read a WebP, without this package's own decoders.
func webpReaders(t *testing.T) map[string]func(data []byte) (image.Image, error) {
	list := map[string]func(data []byte) (image.Image, error){
		"x/image": func(data []byte) (image.Image, error) {
			img, err := xwebp.Decode(bytes.NewReader(data))
			if err != nil {
				return nil, err
			}
			return fromVideo(img), nil
		},
	}
	if _, err := exec.LookPath("dwebp"); err != nil {
		t.Log("dwebp is not installed: only x/image reads the files")
		return list
	}
	dir := t.TempDir()
	list["dwebp"] = func(data []byte) (image.Image, error) {
		in, out := filepath.Join(dir, "in.webp"), filepath.Join(dir, "out.png")
		if err := os.WriteFile(in, data, 0o600); err != nil {
			return nil, err
		}
		if said, err := exec.Command("dwebp", "-quiet", in, "-o", out).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%w: %s", err, said)
		}
		data, err := os.ReadFile(out)
		if err != nil {
			return nil, err
		}
		return png.Decode(bytes.NewReader(data))
	}
	return list
}

// webpPictures are pictures of odd sizes, by name.
func webpPictures() map[string]*image.NRGBA {
	cut := scene(90, 70).SubImage(image.Rect(11, 13, 54, 50)).(*image.NRGBA)
	return map[string]*image.NRGBA{
		"1x1": scene(1, 1), "2x3": scene(2, 3), "17x1": scene(17, 1), "1x33": scene(1, 33),
		"longest": scene(maxWebPSide, 1), "highest": scene(1, maxWebPSide), "large": scene(301, 257),
		"veiled": veiled(261, 63), "veil of 1x1": solid(1, 1, color.NRGBA{9, 8, 7, 6}),
		"clear": solid(20, 30, color.NRGBA{200, 100, 50, 0}), "half clear": halfClear(), "cut out": cut,
	}
}

// halfClear has colors that nobody sees on one side.
func halfClear() *image.NRGBA {
	img := scene(64, 48)
	for y := range 48 {
		for x := range 20 {
			img.Pix[img.PixOffset(x, y)+3] = 0
		}
	}
	return img
}

func TestOtherReadersSeeEachPixelOfALosslessWebP(t *testing.T) {
	for reader, read := range webpReaders(t) {
		for name, img := range webpPictures() {
			for _, effort := range []string{"fast", "normal", "high"} {
				file := do(t, encoded(t, img, PNG), "format=webp-lossless;effort="+effort).Outputs[0].Data
				got, err := read(file)
				if err != nil {
					t.Errorf("%s, %s, %s: %v", reader, name, effort, err)
					continue
				}
				if at, same := samePixels(got, img); !same {
					t.Errorf("%s, %s, %s: another pixel at %v", reader, name, effort, at)
				}
			}
		}
	}
}

// samePixels reports whether two images look alike to the bit, and where they do not.
func samePixels(a image.Image, b *image.NRGBA) (image.Point, bool) {
	if a.Bounds().Size() != b.Rect.Size() {
		return image.Point{-1, -1}, false
	}
	for y := range b.Rect.Dy() {
		for x := range b.Rect.Dx() {
			p := color.NRGBAModel.Convert(a.At(a.Bounds().Min.X+x, a.Bounds().Min.Y+y)).(color.NRGBA)
			q := b.NRGBAAt(b.Rect.Min.X+x, b.Rect.Min.Y+y)
			if p != q && (p.A > 0 || q.A > 0) {
				return image.Pt(x, y), false
			}
		}
	}
	return image.Point{}, true
}

// TestOtherReadersSeeALossyWebPAlike compares planes to the bit, and alpha and RGB with what was encoded.
func TestOtherReadersSeeALossyWebPAlike(t *testing.T) {
	all := webpReaders(t)
	for name, img := range webpPictures() {
		file := do(t, encoded(t, img, PNG), "format=webp;quality=95").Outputs[0].Data
		var m meta
		if err := m.webp(file); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		own, err := m.head.(*webpFrame).head.Decode(pixel.Scale{}, nil)
		if err != nil || own.Damage.Err != nil {
			t.Fatalf("%s: %v, %v", name, err, own.Damage.Err)
		}
		theirs, err := xwebp.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		samePlanes(t, name, own, theirs)
		for reader, read := range all {
			got, err := read(file)
			if err != nil {
				t.Errorf("%s, %s: %v", reader, name, err)
				continue
			}
			for y := range img.Rect.Dy() {
				for x := range img.Rect.Dx() {
					p := color.NRGBAModel.Convert(got.At(x, y)).(color.NRGBA)
					if q := img.NRGBAAt(img.Rect.Min.X+x, img.Rect.Min.Y+y); p.A != q.A {
						t.Fatalf("%s, %s: alpha %d at %d,%d, want %d", reader, name, p.A, x, y, q.A)
					}
				}
			}
			small := min(img.Rect.Dx(), img.Rect.Dy()) < 16 // whose colors are mixed
			if d := difference(got, img); d < 0 || d > 8 && !small {
				t.Errorf("%s, %s: it differs by %.2f levels", reader, name, d)
			}
		}
	}
}

func samePlanes(t *testing.T, name string, own vp8.Picture, theirs image.Image) {
	t.Helper()
	planes, ok := theirs.(*image.YCbCr)
	if veil, is := theirs.(*image.NYCbCrA); is {
		planes, ok = &veil.YCbCr, true
	}
	if !ok {
		t.Fatalf("%s: %T", name, theirs)
	}
	for i, pix := range [][]byte{planes.Y, planes.Cb, planes.Cr} {
		stride := planes.YStride
		if i > 0 {
			stride = planes.CStride
		}
		for y := range own.Plane[i].H {
			if row := own.Plane[i].Row(y); !bytes.Equal(row, pix[y*stride:][:len(row)]) {
				t.Errorf("%s: row %d of plane %d differs", name, y, i)
				break
			}
		}
	}
}

func TestPlanesOfAJPEGBecomeAWebPWithoutRGB(t *testing.T) {
	data := jpegOf(t, textured(300, 200), 2, 2)
	for text, path := range map[string]string{
		"size=100;format=webp": "ycbcr", "size=100;grayscale;format=webp": "ycbcr",
		"size=100;format=webp-lossless": "ycbcr+rgba",
	} {
		res := do(t, data, text)
		if res.Path != path {
			t.Errorf("%s: path %s, want %s", text, res.Path, path)
		}
		if err := res.Outputs[0].CheckFile(); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	gray := jpegOf(t, textured(300, 200), 2, 2)
	img := decoded(t, do(t, gray, "grayscale;format=webp").Outputs[0].Data, WebP).(*image.NRGBA)
	if !colorless(img) {
		t.Error("a gray picture has colors")
	}
}

// TestKeptWebPStaysWhatItIs also holds that a list of both kinds is refused: their files have one name.
func TestKeptWebPStaysWhatItIs(t *testing.T) {
	for want, data := range map[Format][]byte{
		WebP: lossyWebP(t), WebPLossless: encoded(t, scene(40, 30), WebP),
	} {
		res := do(t, data, "size=16")
		if got := res.Outputs[0]; got.Format != want || got.CheckFile() != nil || Sniff(got.Data) != WebP {
			t.Errorf("%s became %s: %v", want, got.Format, got.CheckFile())
		}
		if res.Source.Format != WebP || res.Source.Lossless != (want == WebPLossless) {
			t.Errorf("%s: header %+v", want, res.Source)
		}
	}
	if _, err := ParseSpec("format=webp,webp-lossless"); err == nil {
		t.Error("two formats of one extension are taken")
	}
}

// TestOneKindOfWebPIsNotTheOther is for an answer that comes from a stranger.
func TestOneKindOfWebPIsNotTheOther(t *testing.T) {
	img := encoded(t, veiled(31, 17), PNG)
	for f, other := range map[Format]Format{WebP: WebPLossless, WebPLossless: WebP} {
		o := do(t, img, "format="+string(f)).Outputs[0]
		if err := o.CheckFile(); err != nil {
			t.Errorf("%s: %v", f, err)
		}
		if o.Format = other; o.CheckFile() == nil {
			t.Errorf("a %s passes as a %s", f, other)
		}
	}
}

func TestProfileOfAWebPIsThatOfItsSource(t *testing.T) {
	icc := iccProfile("RGB ", "Display P3", 400)
	data := intoJPEG(jpegOf(t, scene(40, 30), 2, 2), icc)
	for _, f := range []Format{WebP, WebPLossless} {
		file := do(t, data, "size=20;format="+string(f)).Outputs[0].Data
		c, _, ok := webp.Next(webp.Chunks(file))
		if !ok || string(c.Name) != "VP8X" || c.Body[0]&0x20 == 0 {
			t.Fatalf("%s begins with %q", f, c.Name)
		}
		again, err := inspect(file)
		if err != nil || !bytes.Equal(again.icc, icc) {
			t.Errorf("%s: a profile of %d bytes, %v; want %d", f, len(again.icc), err, len(icc))
		}
	}
}
