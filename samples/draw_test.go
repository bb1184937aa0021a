package samples

import (
	"bytes"
	"errors"
	"flag"
	"image"
	"image/draw"
	"image/jpeg"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "paint the embedded pictures anew")

// blockError is the mean difference between two pictures over the means of their blocks of 8 by 8 pixels: what is left
// when noise and the losses of JPEG are not counted.
func blockError(a, b *image.RGBA) float64 {
	mean := func(img *image.RGBA, x, y, c int) float64 {
		sum := 0
		for j := range 8 {
			for i := range 8 {
				sum += int(img.Pix[img.PixOffset(x+i, y+j)+c])
			}
		}
		return float64(sum) / 64
	}
	total, n := 0.0, 0
	r := a.Rect.Intersect(b.Rect)
	for y := r.Min.Y; y+8 <= r.Max.Y; y += 8 {
		for x := r.Min.X; x+8 <= r.Max.X; x += 8 {
			for c := range 3 {
				d := mean(a, x, y, c) - mean(b, x, y, c)
				total += max(d, -d)
				n++
			}
		}
	}
	return total / float64(n)
}

// upright decodes a file and undoes an orientation.
func upright(t *testing.T, data []byte, orientation int) *image.RGBA {
	t.Helper()
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	out := image.NewRGBA(rectOf(img.Bounds().Dx(), img.Bounds().Dy()))
	draw.Draw(out, out.Rect, img, img.Bounds().Min, draw.Src)
	switch orientation { // quarter turns undo each other, all else undoes itself
	case 6:
		orientation = 8
	case 8:
		orientation = 6
	}
	return lay(out, orientation)
}

func TestEmbeddedPicturesAreWhatTheCodeDraws(t *testing.T) {
	if *update {
		for _, p := range plates {
			if err := os.WriteFile(filepath.Join("embedded", p.name()), p.file(), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		t.Skip("painted anew; run the test again without -update to check them")
	}
	for i, f := range Embedded() {
		p := plates[i]
		t.Run(p.kind, func(t *testing.T) {
			got := upright(t, f.Data, p.orientation)
			if got.Rect != rectOf(p.w, p.h) {
				t.Fatalf("upright size %v, want %dx%d", got.Rect.Max, p.w, p.h)
			}
			for _, y := range []int{p.h / 4 &^ 7, p.h * 3 / 4 &^ 7} {
				band := p.draw(image.Rect(p.w/3&^7, y, p.w/3&^7+96, y+32))
				if e := blockError(got, band); e > 2 {
					t.Errorf("a part at row %d differs by %.2f levels from what is drawn; run go generate ./samples", y,
						e)
				}
			}
			other := plates[i]
			other.seed++
			if e := blockError(got, other.draw(image.Rect(p.w/2&^7, p.h/2&^7, p.w/2&^7+96, p.h/2&^7+32))); e < 2 {
				t.Errorf("another seed differs by %.2f levels alone, so this test would find nothing", e)
			}
		})
	}
}

func TestEmbeddedPicturesHaveTheEntropyOfPhotographs(t *testing.T) {
	total := 0
	turned := 0
	for _, f := range Embedded() {
		bpp := float64(len(f.Data)*8) / float64(f.Width*f.Height)
		if bpp < 1.5 || bpp > 3 {
			t.Errorf("%s: %.2f bits per pixel, want 1.5 to 3", f.Name, bpp)
		}
		if px := f.Width * f.Height; px < 2e6 || px > 4e6 {
			t.Errorf("%s: %d pixels, want 2 to 4 million", f.Name, px)
		}
		cfg, err := jpeg.DecodeConfig(bytes.NewReader(f.Data))
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		if cfg.Width != f.Width {
			turned++
		}
		total += len(f.Data)
	}
	if total < 6e6 || total > 8.5e6 {
		t.Errorf("%d bytes in all, want 6 to 8.5 million", total)
	}
	if len(Embedded()) != 12 || turned != 2 {
		t.Errorf("%d pictures, %d of them stored on their side, want 12 and 2", len(Embedded()), turned)
	}
}

func TestDrawIsDeterministic(t *testing.T) {
	for _, kind := range kinds {
		k := kind.name
		a, b := paint(k, 7, 120, 80), paint(k, 7, 120, 80)
		if !bytes.Equal(a.Pix, b.Pix) {
			t.Errorf("%s: two drawings of one seed differ", k)
		}
		c := paint(k, 8, 120, 80)
		if e := blockError(a, c); e < 1 {
			t.Errorf("%s: seeds 7 and 8 differ by %.2f levels alone", k, e)
		}
		part := drawPart(kind, 7, 120, 80, image.Rect(24, 16, 96, 64))
		if !bytes.Equal(part.Pix[:72*4], a.Pix[a.PixOffset(24, 16):][:72*4]) {
			t.Errorf("%s: a part drawn by itself differs from the same part of the whole", k)
		}
		if !a.Opaque() {
			t.Errorf("%s: not opaque", k)
		}
	}
}

func TestTinyPicturesCanBeDrawn(t *testing.T) {
	for _, k := range kinds {
		for _, s := range [][2]int{{1, 1}, {1, 9}, {9, 1}} {
			if img := paint(k.name, 3, s[0], s[1]); img.Rect != rectOf(s[0], s[1]) {
				t.Errorf("%s %v: it is %v", k.name, s, img.Rect)
			}
		}
	}
}

func TestWriteLeavesWhatIsThere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	var names []string
	small := func(i int) File {
		return File{Name: nameOf(i), Data: encodeJPEG(drawPart(kinds[i], 5, 96, 64, rectOf(96, 64)), 90)}
	}
	if err := write(t.Context(), dir, 1, small, func(f File) { names = append(names, f.Name) }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(names, []string{"landscape-01.jpg"}) {
		t.Errorf("wrote %v", names)
	}
	first, err := os.ReadFile(filepath.Join(dir, names[0]))
	if err != nil {
		t.Fatal(err)
	}
	if cfg, err := jpeg.DecodeConfig(bytes.NewReader(first)); err != nil || cfg.Width != 96 || cfg.Height != 64 {
		t.Errorf("%v, %v", cfg, err)
	}
	if err := os.WriteFile(filepath.Join(dir, names[0]), []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Write(t.Context(), dir, 1, 5, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("writing over a file: %v, want that it exists", err)
	}
	if kept, _ := os.ReadFile(filepath.Join(dir, names[0])); string(kept) != "mine" {
		t.Errorf("the file that was there is now %d bytes", len(kept))
	}
}

func TestLayingEachWayIsUndone(t *testing.T) {
	img := paint("city", 1, 40, 24)
	for o := 1; o <= 8; o++ {
		back := map[int]int{6: 8, 8: 6}[o]
		if back == 0 {
			back = o
		}
		if got := lay(lay(img, o), back); got.Rect != img.Rect || !bytes.Equal(got.Pix, img.Pix) {
			t.Errorf("orientation %d is not undone by %d", o, back)
		}
	}
	// Orientation 6 is shown by a quarter turn clockwise, so what is stored at the bottom left is seen at the top left.
	stored := lay(img, 6)
	if got, want := stored.RGBAAt(0, stored.Rect.Dy()-1), img.RGBAAt(0, 0); got != want {
		t.Errorf("orientation 6: bottom left is %v, want %v", got, want)
	}
}

func BenchmarkDraw(b *testing.B) {
	for _, k := range kinds {
		b.Run("kind="+k.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(1500 * 1000 * 3)
			for b.Loop() {
				paint(k.name, 1, 1500, 1000)
			}
		})
	}
}
