package webp

import (
	"bytes"
	"encoding/binary"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"
)

// lossless returns an image of one color, which has alpha if it is not opaque (RFC 9649, section 3).
func lossless(w, h int, c color.NRGBA) []byte {
	var bits uint64
	n := 0
	put := func(v, count int) {
		bits |= uint64(v) << n
		n += count
	}
	put(0, 1)                                      // no transform
	put(0, 1)                                      // no cache of colors
	put(0, 1)                                      // one group
	for _, v := range []byte{c.G, c.R, c.B, c.A} { // codes of one symbol, which takes no bit
		put(1, 1)
		put(0, 1)
		put(1, 1)
		put(int(v), 8)
	}
	put(1, 4) // of distance
	head := uint32(w-1) | uint32(h-1)<<14
	if c.A < 255 {
		head |= 1 << 28
	}
	data := binary.LittleEndian.AppendUint32([]byte{0x2f}, head)
	return binary.LittleEndian.AppendUint64(data, bits)
}

var extras = Extras{ICC: []byte("a profile"), EXIF: []byte("EXIF data"), XMP: []byte("<x:xmpmeta/>")}

// chunks returns the names of the chunks of a file, and fails the test if it is not as long as its head says.
func chunks(t *testing.T, file []byte) (names []string) {
	t.Helper()
	if !Is(file) || int(binary.LittleEndian.Uint32(file[4:])) != len(file)-8 || len(file)%2 != 0 {
		t.Fatalf("%d bytes that begin %q", len(file), file[:16])
	}
	rest := Chunks(file)
	for len(rest) > 0 {
		c, next, ok := Next(rest)
		if !ok || c.Cut {
			t.Fatalf("%d bytes behind the chunks %q", len(rest), names)
		}
		names, rest = append(names, string(c.Name)), next
	}
	return names
}

func TestAFileHasNoMoreChunksThanItNeeds(t *testing.T) {
	still := Still{W: 3, H: 2, Lossless: lossless(3, 2, color.NRGBA{9, 8, 7, 6})}
	lossy := Still{W: 3, H: 2, Lossy: []byte("a picture")}
	veiled := Still{W: 3, H: 2, Lossy: []byte("a picture"), Alpha: []byte("its alpha")}
	for _, c := range []struct {
		still Still
		Extras
		want  []string
		flags byte
	}{
		{still, Extras{}, []string{"VP8L"}, 0},
		{lossy, Extras{}, []string{"VP8 "}, 0},
		{veiled, Extras{}, []string{"VP8X", "ALPH", "VP8 "}, 0x10},
		{still, extras, []string{"VP8X", "ICCP", "VP8L", "EXIF", "XMP "}, 0x3c},
		{lossy, Extras{ICC: extras.ICC}, []string{"VP8X", "ICCP", "VP8 "}, 0x20},
		{lossy, Extras{EXIF: extras.EXIF}, []string{"VP8X", "VP8 ", "EXIF"}, 0x08},
		{lossy, Extras{XMP: extras.XMP}, []string{"VP8X", "VP8 ", "XMP "}, 0x04},
	} {
		file, err := Append([]byte("before"), &c.still, c.Extras)
		if err != nil || string(file[:6]) != "before" {
			t.Fatalf("%q, %v", file, err)
		}
		file = file[6:]
		if got := chunks(t, file); !reflect.DeepEqual(got, c.want) {
			t.Errorf("chunks %q, want %q", got, c.want)
		}
		if c.want[0] == "VP8X" && (file[20] != c.flags || Uint24(file[24:]) != 2 || Uint24(file[27:]) != 1) {
			t.Errorf("%q: head %x, want flags %x", c.want, file[20:30], c.flags)
		}
	}
}

// animation returns one of three frames.
func animation() *Animation {
	frame := func(x, y, w, h, ms int, c color.NRGBA) Frame {
		return Frame{Still: Still{W: w, H: h, Lossless: lossless(w, h, c)}, X: x, Y: y, Duration: ms}
	}
	a := &Animation{W: 21, H: 10, Plays: 3, Background: color.NRGBA{1, 2, 3, 4}, Extras: extras, Frames: []Frame{
		frame(0, 0, 21, 10, 100, color.NRGBA{200, 0, 0, 255}),
		frame(6, 2, 15, 8, 70000, color.NRGBA{0, 200, 0, 128}),
		frame(20, 8, 1, 2, 0, color.NRGBA{0, 0, 0, 0}),
	}}
	a.Frames[1].Blend, a.Frames[2].Dispose = true, true
	return a
}

func TestAnAnimationComesBackAsItWasWritten(t *testing.T) {
	want := animation()
	file, err := AppendAnimation(nil, want)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"VP8X", "ICCP", "ANIM", "ANMF", "ANMF", "ANMF", "EXIF", "XMP "}
	if got := chunks(t, file); !reflect.DeepEqual(got, names) {
		t.Errorf("chunks %q, want %q", got, names)
	}
	got, more, why, err := ReadAnimation(file, 3)
	if err != nil || more || why != nil || !reflect.DeepEqual(&got, want) {
		t.Errorf("%+v, %v, %v, %v; want %+v", got, more, why, err, want)
	}
	got, more, _, _ = ReadAnimation(file, 2)
	if len(got.Frames) != 2 || !more {
		t.Errorf("%d frames, more %v, of at most 2", len(got.Frames), more)
	}
	for n := 12; n < len(file); n++ {
		got, _, _, _ := ReadAnimation(file[:n], 3)
		for i, f := range got.Frames {
			if !reflect.DeepEqual(f, want.Frames[i]) {
				t.Fatalf("of the first %d bytes: frame %d is %+v", n, i, f)
			}
		}
	}
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	image := lossless(1, 1, color.NRGBA{})
	for _, s := range []Still{
		{W: 0, H: 1, Lossless: image}, {W: 1, H: MaxSide + 1, Lossless: image}, {W: 1, H: 1},
		{W: 1, H: 1, Lossless: image, Lossy: image}, {W: 1, H: 1, Lossless: image, Alpha: image},
	} {
		if file, err := Append(nil, &s, Extras{}); err == nil || file != nil {
			t.Errorf("%dx%d became %q", s.W, s.H, file)
		}
	}
	for name, change := range map[string]func(a *Animation){
		"no frame": func(a *Animation) { a.Frames = nil }, "odd": func(a *Animation) { a.Frames[1].X++ },
		"negative": func(a *Animation) { a.Frames[1].Y = -2 }, "outside": func(a *Animation) { a.Frames[2].X += 2 },
		"long":  func(a *Animation) { a.Frames[0].Duration = 1 << 24 },
		"plays": func(a *Animation) { a.Plays = 1 << 16 }, "empty": func(a *Animation) { a.W = 0 },
		"large": func(a *Animation) { a.W, a.H = 1<<17, 1<<17 },
	} {
		a := animation()
		change(a)
		if file, err := AppendAnimation(nil, a); err == nil || file != nil {
			t.Errorf("%s: it became %q", name, file)
		}
	}
}

// TestOtherReadersTakeTheFiles runs the tools of libwebp, which are not everywhere.
func TestOtherReadersTakeTheFiles(t *testing.T) {
	for _, tool := range []string{"webpinfo", "webpmux"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	dir := t.TempDir()
	moving, _ := AppendAnimation(nil, animation())
	still, _ := Append(nil, &Still{W: 30, H: 9, Lossless: lossless(30, 9, color.NRGBA{1, 2, 3, 4})}, extras)
	for name, file := range map[string][]byte{"moving": moving, "still": still} {
		path := filepath.Join(dir, name+".webp")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("webpinfo", path).CombinedOutput(); err != nil ||
			bytes.Contains(out, []byte("rror")) && !bytes.Contains(out, []byte("No error detected")) {
			t.Errorf("%s: %v: %s", name, err, out)
		}
		for kind, want := range map[string][]byte{"icc": extras.ICC, "exif": extras.EXIF, "xmp": extras.XMP} {
			part := filepath.Join(dir, kind)
			if out, err := exec.Command("webpmux", "-get", kind, path, "-o", part).CombinedOutput(); err != nil {
				t.Errorf("%s: %s: %v: %s", name, kind, err, out)
			} else if got, _ := os.ReadFile(part); !bytes.Equal(got, want) {
				t.Errorf("%s: %s is %q, want %q", name, kind, got, want)
			}
		}
	}
	out, _ := exec.Command("webpmux", "-info", filepath.Join(dir, "moving.webp")).CombinedOutput()
	out = bytes.Join(bytes.Fields(out), []byte(" "))
	for _, line := range []string{
		"Canvas size: 21 x 10", "Loop Count : 3 Number of frames: 3",
		"1: 21 10 no 0 0 100 none no",
		"2: 15 8 yes 6 2 70000 none yes",
		"3: 1 2 yes 20 8 0 background no",
	} {
		if !bytes.Contains(out, []byte(line)) {
			t.Errorf("no %q in %s", line, out)
		}
	}
}

func FuzzReadAnimation(f *testing.F) {
	file, _ := AppendAnimation(nil, animation())
	f.Add(file)
	f.Fuzz(func(t *testing.T, data []byte) {
		if !Is(data) {
			return
		}
		a, _, _, err := ReadAnimation(data, 100)
		if err != nil || len(a.Frames) == 0 {
			return
		}
		for i := range a.Frames {
			if f := &a.Frames[i]; f.X < 0 || f.Y < 0 || f.X+f.W > a.W || f.Y+f.H > a.H {
				t.Errorf("frame %d does not stand on the canvas", i)
			}
		}
		if file, err := AppendAnimation(nil, &a); err == nil {
			if b, _, _, err := ReadAnimation(file, 100); err != nil || !reflect.DeepEqual(a, b) {
				t.Errorf("%+v became %+v, %v", a, b, err)
			}
		}
	})
}
