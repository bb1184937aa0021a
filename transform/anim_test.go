package transform

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	ownpng "imgpipe/transform/internal/png"
)

// A shownFrame is what an animation shows for a while.
type shownFrame struct {
	img *image.NRGBA
	ms  int
}

// framesOf returns what the frames of a file show, and how often it is played.
func framesOf(t testing.TB, data []byte) (list []shownFrame, plays int) {
	t.Helper()
	m, err := inspect(data)
	if err != nil {
		t.Fatal(err)
	}
	if m.frames == nil {
		t.Fatalf("a %s of one frame", m.Format)
	}
	j := newJob(context.Background(), Spec{}, Limits{})
	source, c := m.frames.source(data, &m), newCanvas(m.Width, m.Height)
	for {
		f, err := source.next(j)
		if err != nil {
			t.Fatal(err)
		}
		if f == nil {
			break
		}
		if f.damage.Err != nil {
			t.Fatal(f.damage.String())
		}
		c.show(f)
		list = append(list, shownFrame{copied(nil, c.img), int(f.shown.nanoseconds() / int64(time.Millisecond))})
	}
	if err := source.end(j); err != nil {
		t.Fatal(err)
	}
	return list, m.frames.plays
}

// film returns an APNG of frames, each with a delay in hundredths of a second.
func film(t testing.TB, plays int, frames []*image.NRGBA, delays ...int) []byte {
	t.Helper()
	a := new(ownpng.Encoder).Animate(frames[0].Rect.Dx(), frames[0].Rect.Dy(), ownpng.EncodeOptions{})
	for i, img := range frames {
		p := ownpng.Picture{
			Layout: ownpng.RGBA, Pix: img.Pix, Stride: img.Stride, W: img.Rect.Dx(), H: img.Rect.Dy(),
		}
		s := ownpng.Shown{Num: uint16(delays[i%len(delays)]), Den: 100}
		if err := a.Add(&p, s, nil); err != nil {
			t.Fatal(err)
		}
	}
	return a.End(uint32(plays))
}

// movie returns frames of few colors in which a square moves, over a ground that is transparent or not.
func movie(n, w, h int, ground [4]byte) (list []*image.NRGBA) {
	for i := range n {
		img := image.NewNRGBA(image.Rect(0, 0, w, h))
		for y := range h {
			for x := range w {
				c := ground
				if dx, dy := x-i*w/n, y-i*h/n/2; dx >= 0 && dy >= 0 && dx < w/4+1 && dy < h/3+1 {
					c = [4]byte{byte(40 * i), 200, byte(10 * x), 255}
				}
				copy(img.Pix[img.PixOffset(x, y):], c[:])
			}
		}
		list = append(list, img)
	}
	return list
}

func sameShown(a, b *image.NRGBA) bool { return a.Rect == b.Rect && differing(a, b).Empty() }

var grounds = map[string][4]byte{"opaque": {250, 240, 230, 255}, "transparent": {}}

// TestAnimationKeepsFramesDelaysAndPlays makes each format of each other, by way of all three.
func TestAnimationKeepsFramesDelaysAndPlays(t *testing.T) {
	for name, ground := range grounds {
		for _, plays := range []int{0, 1, 2, 5} {
			frames := movie(5, 40, 30, ground)
			source := film(t, plays, frames, 7, 12, 1)
			for _, first := range []Format{GIF, PNG, WebPLossless} {
				between := do(t, source, "format="+string(first)).Outputs[0].Data
				for _, last := range []Format{GIF, PNG, WebPLossless} {
					res := do(t, between, "format="+string(last))
					out := res.Outputs[0]
					if res.Path != (*framesPath)(nil).name() || res.Damaged || len(res.Warnings) > 0 ||
						out.CheckFile() != nil {
						t.Errorf("%s to %s: path %s, warnings %q, %v",
							first, last, res.Path, res.Warnings, out.CheckFile())
					}
					got, n := framesOf(t, out.Data)
					if n != plays || len(got) != len(frames) {
						t.Fatalf("%s to %s: %d frames, %d plays: expected 5 and %d", first, last, len(got), n, plays)
					}
					for i := range got {
						if want := 10 * []int{7, 12, 1}[i%3]; got[i].ms != want {
							t.Errorf("%s to %s: frame %d is shown %d ms: expected %d", first, last, i, got[i].ms, want)
						}
						if !sameShown(got[i].img, frames[i]) {
							t.Errorf("%s, %s to %s: frame %d differs in %v",
								name, first, last, i, differing(got[i].img, frames[i]))
						}
					}
				}
			}
		}
	}
}

// magickFrames returns the frames of a file as ImageMagick shows them.
func magickFrames(t *testing.T, data []byte, ext string) (list []*image.NRGBA) {
	t.Helper()
	dir := t.TempDir()
	in := filepath.Join(dir, "in."+ext)
	if err := os.WriteFile(in, data, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("convert", in, "-coalesce", "-depth", "8", "PNG32:"+filepath.Join(dir, "f%04d.png"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "f*.png"))
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, nrgbaOf(img))
	}
	return list
}

func needMagick(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("convert"); err != nil {
		t.Skip("ImageMagick's convert is not installed")
	}
}

// TestFramesAreThoseOfImageMagick makes animations with ImageMagick, with places and all disposals, and compares what
// is read of them with what it shows, and what it shows of outputs.
func TestFramesAreThoseOfImageMagick(t *testing.T) {
	needMagick(t)
	const circle = "circle 20,20 20,5"
	for name, args := range map[string][]string{
		"places": {"-size", "60x40", "xc:red", "(", "-size", "30x20", "xc:blue", "-repage", "+10+5", ")",
			"(", "-size", "20x20", "gradient:green-yellow", "-repage", "+35+15", ")",
			"-set", "delay", "12", "-loop", "3"},
		"background": {"-size", "64x48", "xc:none", "-fill", "red", "-draw", circle, "-set", "dispose", "background",
			"(", "-size", "30x30", "xc:blue", "-repage", "+20+9", "-set", "dispose", "background", ")",
			"(", "-size", "10x10", "xc:lime", "-repage", "+0+0", "-set", "dispose", "none", ")"},
		"previous": {"-size", "64x48", "xc:yellow", "-set", "dispose", "none",
			"(", "-size", "30x30", "xc:blue", "-repage", "+20+9", "-set", "dispose", "previous", ")",
			"(", "-size", "12x12", "xc:none", "-fill", "lime", "-draw", "circle 6,6 6,2", "-repage", "+3+3",
			"-set", "dispose", "previous", ")",
			"(", "-size", "10x10", "xc:red", "-repage", "+50+30", "-set", "dispose", "none", ")"},
	} {
		for _, ext := range []string{"gif", "webp"} {
			clears := name == "background" // ImageMagick lays every frame of a WebP over what is there
			if clears && ext == "webp" {
				continue
			}
			file := filepath.Join(t.TempDir(), "a."+ext)
			more := []string{"-define", "webp:lossless=true", file}
			convert := exec.Command("convert", append(slices.Clone(args), more...)...)
			if out, err := convert.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := magickFrames(t, data, ext)
			compare := func(what string, got []*image.NRGBA) {
				t.Helper()
				if len(got) != len(want) {
					t.Fatalf("%s.%s %s: %d frames: expected %d", name, ext, what, len(got), len(want))
				}
				for i := range want {
					if !sameShown(got[i], want[i]) {
						t.Errorf("%s.%s %s: frame %d differs in %v", name, ext, what, i, differing(got[i], want[i]))
					}
				}
			}
			shown, _ := framesOf(t, data)
			var got []*image.NRGBA
			for _, f := range shown {
				got = append(got, f.img)
			}
			compare("as it is read", got)
			for _, f := range []Format{GIF, WebPLossless} {
				if clears && f == WebPLossless {
					continue
				}
				out := do(t, data, "format="+string(f)).Outputs[0].Data
				compare("as "+string(f), magickFrames(t, out, f.Ext()))
			}
		}
	}
}

func TestOneFrameBecomesAStill(t *testing.T) {
	frames := movie(2, 20, 10, grounds["opaque"])
	whole := film(t, 0, frames, 5)
	still := do(t, encoded(t, frames[0], PNG), "format=gif").Outputs[0].Data
	at := bytes.LastIndex(whole, []byte("fcTL")) - 4
	res := do(t, whole[:at], "format=gif")
	if !res.Damaged || !bytes.Equal(res.Outputs[0].Data, still) {
		t.Errorf("damaged %t, warnings %q: expected the still of the first frame", res.Damaged, res.Warnings)
	}
	one := film(t, 0, frames[:1], 5)
	if res := do(t, one, "format=gif"); res.Damaged || !bytes.Equal(res.Outputs[0].Data, still) {
		t.Errorf("damaged %t, warnings %q: expected the still", res.Damaged, res.Warnings)
	}
}

// TestDamageInAFrameKeepsThoseBefore cuts an animation of each format at every place.
func TestDamageInAFrameKeepsThoseBefore(t *testing.T) {
	frames := movie(4, 24, 18, grounds["transparent"])
	source := film(t, 2, frames, 5)
	for _, f := range []Format{GIF, PNG, WebPLossless, WebP} {
		whole := do(t, source, "format="+string(f)).Outputs[0].Data
		for n := range len(whole) {
			data := whole[:n]
			task := Task{Data: data, Spec: mustSpec(t, "format=webp-lossless")}
			res, err := Do(context.Background(), task)
			if err != nil {
				continue
			}
			got := 1
			if h, err := ReadHeader(res.Outputs[0].Data); err != nil {
				t.Fatal(err)
			} else if h.Frames() > 1 {
				list, _ := framesOf(t, res.Outputs[0].Data)
				got = len(list)
				for i := range list {
					if f != WebP && !sameShown(list[i].img, frames[i]) {
						t.Errorf("%s of %d bytes: frame %d differs", f, n, i)
					}
				}
			}
			said := res.Damaged || slices.ContainsFunc(res.Warnings, func(s string) bool {
				return strings.Contains(s, "end")
			})
			if got < 4 && !said {
				t.Errorf("%s of %d bytes of %d: %d frames, and no word: %q", f, n, len(whole), got, res.Warnings)
			}
			if !res.Damaged {
				continue
			}
			task.Limits.RefuseDamaged = true
			if _, err := Do(context.Background(), task); class(err) != ClassDecode {
				t.Errorf("%s of %d bytes was to be refused: %v", f, n, err)
			}
		}
	}
}

func TestFirstFrameWhereTheFormatHoldsNoOther(t *testing.T) {
	frames := movie(3, 24, 18, grounds["opaque"])
	data := do(t, film(t, 0, frames, 5), "format=gif").Outputs[0].Data
	res := do(t, data, "format=gif,jpeg,bmp")
	want := "only the first frame of the animation was used in the jpeg and bmp: " +
		"png, gif, webp and webp-lossless keep it"
	if !slices.Contains(res.Warnings, want) || len(res.Outputs) != 3 {
		t.Errorf("%d outputs, warnings %q", len(res.Outputs), res.Warnings)
	}
	if !bytes.Equal(res.Outputs[0].Data, do(t, data, "format=gif").Outputs[0].Data) {
		t.Error("the GIF is not that of a run for it alone")
	}
	if got := decoded(t, res.Outputs[2].Data, BMP); difference(got, frames[0]) != 0 {
		t.Error("the BMP is not the first frame")
	}
	res = do(t, data, "format=gif;animate=first")
	if h, err := ReadHeader(res.Outputs[0].Data); err != nil || h.Frames() != 1 || len(res.Warnings) > 0 {
		t.Errorf("animate=first: %d frames, warnings %q, %v", h.Frames(), res.Warnings, err)
	}
}

func TestSmartCropOfAnAnimationStays(t *testing.T) {
	var frames []*image.NRGBA
	for i := range 3 {
		img := solid(90, 30, color.NRGBA{240, 240, 240, 255})
		for y := 5; y < 25; y++ {
			for x := range 20 {
				copy(img.Pix[img.PixOffset(35*i+x, y):], []byte{byte(200 * (x & 1)), 60, 40, 255})
			}
		}
		frames = append(frames, img)
	}
	out := do(t, film(t, 0, frames, 5), "size=30x30,fit=cover,gravity=smart").Outputs[0].Data
	got, _ := framesOf(t, out)
	r := smartPlace(frames[0], 30, 30)
	for i := range got {
		if want := cut(frames[i], r); !sameShown(got[i].img, want) {
			t.Errorf("frame %d is not what %v shows of it", i, r)
		}
	}
}

func TestOperationsAreDoneToEachFrame(t *testing.T) {
	frames := movie(4, 60, 40, grounds["transparent"])
	out := do(t, film(t, 0, frames, 5), "size=30;flip;format=webp-lossless").Outputs[0].Data
	got, _ := framesOf(t, out)
	for i := range got {
		if want := nrgbaOf(one(t, frames[i], "size=30;flip")); difference(got[i].img, want) > 0.01 {
			t.Errorf("frame %d differs by %.2f", i, difference(got[i].img, want))
		}
	}
}

// emptyFrames returns a GIF with so many frames of one pixel.
func emptyFrames(w, h, n int) []byte {
	b := []byte{'G', 'I', 'F', '8', '9', 'a', byte(w), byte(w >> 8), byte(h), byte(h >> 8),
		0x80, 0, 0, 0, 0, 0, 255, 255, 255}
	for range n {
		b = append(b, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0)
	}
	return append(b, 0x3b)
}

func TestTooManyFramesAreRefusedByTheHeader(t *testing.T) {
	for name, data := range map[string][]byte{
		"a million frames":    emptyFrames(4, 4, 1_000_000),
		"one frame too many":  emptyFrames(4, 4, maxFrames+1),
		"too many pixels":     emptyFrames(2000, 2000, 9000),
		"too little for work": emptyFrames(500, 500, 9000),
	} {
		_, err := Do(context.Background(), Task{Data: data, Spec: mustSpec(t, "format=gif")})
		if class(err) != ClassTooLarge || !strings.Contains(err.Error(), FirstAlone) {
			t.Errorf("%s: %v", name, err)
		}
		first := Task{Data: data, Spec: mustSpec(t, "format=gif;animate=first")}
		if _, err := Do(context.Background(), first); err != nil {
			t.Errorf("%s: the first frame: %v", name, err)
		}
	}
	if res := do(t, emptyFrames(4, 4, maxFrames), "format=gif"); res.Damaged {
		t.Error("as many frames as are allowed")
	}
}

func TestClockLosesNoTime(t *testing.T) {
	c := clock{unit: 10 * time.Millisecond, most: 1<<16 - 1}
	sum := 0
	for range 300 {
		sum += c.units(duration{1, 30})
	}
	if sum != 1000 {
		t.Errorf("300 frames of a 30th of a second are %d hundredths: expected 1000", sum)
	}
}

func TestAnimationOfOnePixel(t *testing.T) {
	frames := movie(3, 1, 1, grounds["opaque"])
	frames[1] = image.NewNRGBA(frames[0].Rect)
	data := film(t, 1, frames, 3)
	for _, f := range []Format{GIF, PNG, WebPLossless} {
		got, plays := framesOf(t, do(t, data, "format="+string(f)).Outputs[0].Data)
		for i := range got {
			if len(got) != 3 || plays != 1 || !sameShown(got[i].img, frames[i]) {
				t.Errorf("%s: %d frames, %d plays, frame %d differs", f, len(got), plays, i)
			}
		}
	}
}

func TestLossyFramesLookAsTheyDid(t *testing.T) {
	frames := movie(4, 64, 48, grounds["opaque"])
	out := do(t, film(t, 0, frames, 5), "format=webp;quality=95").Outputs[0].Data
	got, _ := framesOf(t, out)
	for i := range got {
		if d := difference(got[i].img, frames[i]); d > 4 {
			t.Errorf("frame %d differs by %.2f levels", i, d)
		}
	}
}

func FuzzAnimation(f *testing.F) {
	data := film(f, 2, movie(3, 9, 7, grounds["transparent"]), 5)
	f.Add(data)
	for _, format := range []Format{GIF, WebPLossless, WebP} {
		res, err := Do(context.Background(), Task{Data: data, Spec: Spec{Formats: []Format{format}}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(res.Outputs[0].Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ReadHeader(data)
		if err != nil || h.Frames() < 2 {
			return
		}
		for _, format := range []Format{GIF, PNG, WebPLossless} {
			task := Task{Data: data, Spec: Spec{Formats: []Format{format}}, Limits: Limits{MaxPixels: 1 << 16}}
			res, err := Do(context.Background(), task)
			if err != nil {
				if class(err) == ClassPanic {
					t.Fatal(err)
				}
				continue
			}
			out := res.Outputs[0]
			if err := out.CheckFile(); err != nil {
				t.Fatal(err)
			}
			if int64(len(out.Data)) > task.MaxFile(out, res.Path) {
				t.Fatalf("%d bytes", len(out.Data))
			}
			again, err := Do(context.Background(), Task{Data: out.Data, Spec: Spec{}})
			if err != nil || again.Damaged {
				t.Fatal(fmt.Errorf("its output cannot be read: %w, %q", err, again.Warnings))
			}
		}
	})
}
