package jpeg

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	stdjpeg "image/jpeg"
	"os/exec"
	"testing"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/pixel"
)

// A progressive file has the pixels of the baseline one, for this decoder and that of the standard library.
func TestProgressiveFilesHaveTheSamePixels(t *testing.T) {
	var e Encoder
	for _, size := range [][2]int{{1, 1}, {8, 8}, {15, 17}, {16, 16}, {33, 7}, {7, 130}, {200, 150}, {600, 400}} {
		for _, c := range []struct {
			kind   pixel.Kind
			cw, ch int
		}{{pixel.Gray, 1, 1}, {pixel.YCbCr, 1, 1}, {pixel.YCbCr, 2, 1}, {pixel.YCbCr, 1, 2}, {pixel.YCbCr, 2, 2}} {
			for _, quality := range []int{100, 85, 30, 1} {
				p := scene(c.kind, size[0], size[1], c.cw, c.ch)
				name := fmt.Sprintf("%v %d×%d chroma ÷%d÷%d quality %d", c.kind, size[0], size[1], c.cw, c.ch, quality)
				base, err := e.Append(nil, p, EncodeOptions{Quality: quality, Optimize: true})
				if err != nil {
					t.Fatal(err)
				}
				prog, err := e.Append([]byte("before"), p, EncodeOptions{Quality: quality, Progressive: true})
				if err != nil {
					t.Fatal(err)
				}
				var ok bool
				if prog, ok = bytes.CutPrefix(prog, []byte("before")); !ok {
					t.Fatalf("%s: what was in dst is gone", name)
				}
				var d, d2 Decoder
				a, damage := decode(t, &d, base, pixel.Scale{})
				b, damage2 := decode(t, &d2, prog, pixel.Scale{})
				if damage.Err != nil || damage2.Err != nil {
					t.Fatalf("%s: %v, %v", name, damage.Err, damage2.Err)
				}
				for i := range a.N() {
					for y := range a.Plane[i].H {
						if !bytes.Equal(a.Plane[i].Row(y), b.Plane[i].Row(y)) {
							t.Fatalf("%s: row %d of plane %d differs", name, y, i)
						}
					}
				}
				if !samePixels(t, base, prog) {
					t.Errorf("%s: image/jpeg decodes other pixels", name)
				}
			}
		}
	}
}

func samePixels(t *testing.T, a, b []byte) bool {
	t.Helper()
	var pics [2]image.Image
	for i, data := range [][]byte{a, b} {
		pic, err := stdjpeg.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		pics[i] = pic
	}
	r := pics[0].Bounds()
	for y := range r.Dy() {
		for x := range r.Dx() {
			if pics[0].At(x, y) != pics[1].At(x, y) {
				return false
			}
		}
	}
	return true
}

func TestProgressiveFilesOfPhotosAreSmaller(t *testing.T) {
	var e Encoder
	p := scene(pixel.YCbCr, 640, 480, 2, 2)
	base, err := e.Append(nil, p, EncodeOptions{Optimize: true})
	if err != nil {
		t.Fatal(err)
	}
	prog, err := e.Append(nil, p, EncodeOptions{Progressive: true})
	if err != nil || len(prog) >= len(base) {
		t.Errorf("progressive %d bytes, baseline %d, %v", len(prog), len(base), err)
	}
}

// After a progressive file, an encoder makes the baseline files that it made before.
func TestAProgressiveFileLeavesNothingBehind(t *testing.T) {
	var e Encoder
	p := scene(pixel.YCbCr, 100, 80, 2, 2)
	for _, o := range []EncodeOptions{{}, {Optimize: true}} {
		before, err := e.Append(nil, p, o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Append(nil, p, EncodeOptions{Progressive: true}); err != nil {
			t.Fatal(err)
		}
		if after, err := e.Append(nil, p, o); err != nil || !bytes.Equal(before, after) {
			t.Errorf("%+v: %d bytes, then %d, %v", o, len(before), len(after), err)
		}
	}
}

func TestProgressiveEncoderStops(t *testing.T) {
	var e Encoder
	p := scene(pixel.YCbCr, 40, 40, 2, 2)
	calls := 0
	o := EncodeOptions{Progressive: true, Stop: func() bool { calls++; return false }}
	if _, err := e.Append(nil, p, o); err != nil {
		t.Fatal(err)
	}
	for after := range calls {
		left := after
		o.Stop = func() bool { left--; return left < 0 }
		out, err := e.Append([]byte("x"), p, o)
		if !errors.Is(err, codec.ErrStopped) || string(out) != "x" {
			t.Errorf("asked to stop after %d calls: %d bytes, %v", after, len(out), err)
		}
	}
}

// djpeg decodes a progressive file to the pixels of the baseline one.
func TestDjpegReadsProgressiveFiles(t *testing.T) {
	if _, err := exec.LookPath("djpeg"); err != nil {
		t.Skip("djpeg is not installed")
	}
	djpeg := func(data []byte) []byte {
		cmd := exec.Command("djpeg", "-pnm")
		cmd.Stdin = bytes.NewReader(data)
		var warnings bytes.Buffer
		cmd.Stderr = &warnings
		out, err := cmd.Output()
		if err != nil || warnings.Len() > 0 {
			t.Fatalf("%v: %s", err, warnings.Bytes())
		}
		return out
	}
	var e Encoder
	for _, size := range [][2]int{{1, 1}, {17, 9}, {321, 203}} {
		for _, kind := range []pixel.Kind{pixel.Gray, pixel.YCbCr} {
			for _, quality := range []int{5, 75, 100} {
				p := scene(kind, size[0], size[1], 2, 2)
				base, err := e.Append(nil, p, EncodeOptions{Quality: quality})
				if err != nil {
					t.Fatal(err)
				}
				prog, err := e.Append(nil, p, EncodeOptions{Quality: quality, Progressive: true})
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(djpeg(base), djpeg(prog)) {
					t.Errorf("%v of %v, quality %d: other pixels", kind, size, quality)
				}
			}
		}
	}
}
