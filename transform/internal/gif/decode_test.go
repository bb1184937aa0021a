package gif

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"strings"
	"testing"

	"imgpipe/transform/internal/codec"
)

// want returns the screen that a sketch of n different pixels shows, of which rows of the frame are missing that are
// not given.
func (s sketch) want(n int, given func(row int) bool) *image.NRGBA {
	screen := image.Rectangle{Max: s.screen}.Union(image.Rectangle{Max: s.frame.Max})
	alpha := s.clear >= 0 || s.frame != screen
	img := image.NewNRGBA(screen)
	for y := range s.frame.Dy() {
		for x := range s.frame.Dx() {
			i := place(x, y, n)
			c := color.NRGBA{A: 255}
			switch {
			case !given(y) || i >= s.colors():
				if alpha {
					c.A = 0
				}
			case i == s.clear:
				c.A = 0
			default:
				t := tint(i, s.local > 0)
				c = color.NRGBA{t[0], t[1], t[2], 255}
			}
			img.SetNRGBA(s.frame.Min.X+x, s.frame.Min.Y+y, c)
		}
	}
	return img
}

func everyRow(int) bool { return true }

func (s sketch) String() string {
	return fmt.Sprintf("%v on %v, palettes of %d and %d, clear %d, interlaced %t, codes %d, coder %+v",
		s.frame, s.screen, s.global, s.local, s.clear, s.interlaced, s.codes, s.coder)
}

// plainSketch fills its screen.
func plainSketch(w, h, codes int) sketch {
	return sketch{screen: image.Pt(w, h), frame: image.Rect(0, 0, w, h), global: 1 << min(codes, 8), clear: -1,
		codes: codes}
}

// check decodes a file and compares it with what is wanted.
func check(t *testing.T, name string, data []byte, want *image.NRGBA) Picture {
	t.Helper()
	h, err := ReadHeader(data)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return Picture{}
	}
	p, err := h.Decode(nil)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return Picture{}
	}
	if p.Pixels.Rect != want.Rect || !bytes.Equal(p.Pixels.Pix, want.Pix) {
		t.Errorf("%s: other pixels than were drawn", name)
	}
	if h.Alpha != p.Pixels.Opaque() {
		return p
	}
	for i := 3; i < len(p.Pixels.Pix) && !h.Alpha; i += 4 {
		if p.Pixels.Pix[i] != 255 {
			t.Errorf("%s: a pixel is transparent where the header knows no alpha", name)
			break
		}
	}
	return p
}

// Everything that the standard leaves to an encoder, and code sizes that it does not allow, change no pixel and are
// nothing to speak of.
func TestEncodersAreFree(t *testing.T) {
	count := 0
	for codes := 1; codes < maxWidth; codes++ {
		for _, size := range []image.Point{{1, 1}, {5, 1}, {1, 9}, {37, 23}, {150, 131}} {
			for _, c := range []coder{
				{}, {noStart: true}, {noEnd: true}, {deferred: true}, {often: 1}, {often: 7},
				{noStart: true, deferred: true, noEnd: true},
			} {
				for variant := range 8 {
					s := plainSketch(size.X, size.Y, codes)
					s.coder, s.interlaced, s.block = c, variant&1 != 0, []int{0, 1, 3, 254}[variant/2]
					if variant == 3 {
						s.local, s.global = s.global, 0
					}
					if variant == 4 {
						s.local = s.global
					}
					if variant >= 6 {
						s.clear = variant - 6
					}
					p := check(t, s.String(), s.write(s.colors()), s.want(s.colors(), everyRow))
					if p.Damage.Err != nil || len(p.Odd) > 0 {
						t.Errorf("%v: %v, %q: expected nothing", s, p.Damage.Err, p.Odd)
					}
					count++
				}
			}
		}
	}
	t.Logf("%d files", count)
}

// What image/gif reads comes out the same, pixel by pixel.
func TestSoundFilesAreReadAsByImageGIF(t *testing.T) {
	for codes := 2; codes <= 8; codes++ {
		for _, c := range []coder{{}, {deferred: true}, {often: 50}, {noEnd: true}} {
			s := plainSketch(90, 70, codes)
			s.frame = image.Rect(3, 5, 90, 69)
			s.coder, s.interlaced, s.clear = c, codes&1 != 0, codes%3-1
			data := s.write(s.colors())
			img, err := gif.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatalf("%v: %v", s, err)
			}
			want := image.NewNRGBA(image.Rectangle{Max: s.screen})
			draw.Draw(want, s.frame, img, s.frame.Min, draw.Src)
			check(t, s.String(), data, want)
		}
	}
}

// Frames stand anywhere on a screen of any size.
func TestFrameMayStandOverItsScreen(t *testing.T) {
	for _, screen := range []image.Point{{0, 0}, {1, 1}, {20, 20}, {40, 3}, {64, 64}} {
		for _, at := range []image.Point{{0, 0}, {7, 0}, {0, 9}, {50, 60}} {
			s := sketch{screen: screen, frame: image.Rectangle{at, at.Add(image.Pt(20, 20))}, global: 16, codes: 4,
				clear: -1}
			p := check(t, s.String(), s.write(16), s.want(16, everyRow))
			if p.Damage.Err != nil || len(p.Odd) > 0 {
				t.Errorf("%v: %v, %q: expected nothing", s, p.Damage.Err, p.Odd)
			}
		}
	}
}

// What is odd in a file, and takes no pixel away, is said in one sentence.
func TestOddFilesComeOutWhole(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(s *sketch)
		want   string // "" where there is nothing to say
	}{
		"one pixel too many": {func(s *sketch) { s.coder.more = 1 }, "goes on after the last pixel"},
		"pixels too many":    {func(s *sketch) { s.coder.more = 3000 }, "goes on after the last pixel"},
		"too many, no end": {func(s *sketch) { s.coder.more, s.coder.noEnd = 9, true },
			"goes on after the last pixel"},
		"bytes behind the end": {func(s *sketch) { s.extra = []byte{3, 1, 2, 3} }, "goes on after the last pixel"},
		"many behind the end": {func(s *sketch) { s.extra = bytes.Repeat([]byte{2, 9, 9}, 99) },
			"goes on after the last pixel"},
		"one byte behind the end": {func(s *sketch) { s.extra = []byte{1, 0} }, ""},
		"no end code":             {func(s *sketch) { s.coder.noEnd = true }, ""},
		"no end of block": {func(s *sketch) { s.noEnd, s.after = true, []byte{} },
			"the file ends before its pixel data does"},
		"trailer, no end": {func(s *sketch) { s.noEnd = true }, "the file ends before its pixel data does"},
		"no end of anything": {func(s *sketch) { s.noEnd, s.after, s.coder.noEnd = true, []byte{}, true },
			"the file ends before its pixel data does"},
		"no trailer":             {func(s *sketch) { s.after = []byte{} }, ""},
		"other bytes at the end": {func(s *sketch) { s.after = []byte("GIF?\x00\x01") }, ""},
		"unknown extension": {func(s *sketch) { s.before = []byte("\x21\x42\x03abc\x01d\x00") },
			"unknown label 0x42"},
		"unknown, of label 0": {func(s *sketch) { s.before = []byte("\x21\x00\x01a\x00") }, "unknown label 0x00"},
		"unknown and empty":   {func(s *sketch) { s.before = []byte("\x21\xce\x00") }, "unknown label 0xce"},
		"known extensions": {func(s *sketch) {
			s.before = []byte("\x21\xfe\x02hi\x00\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00" +
				"\x21\x01\x0c123456789012\x01x\x00")
		}, ""},
		"short application": {func(s *sketch) { s.before = []byte("\x21\xff\x0aADOBE:IR1.\x02\x01\x02\x00") }, ""},
		"control of 5 bytes": {func(s *sketch) { s.control = []byte("\x21\xf9\x05\x00\x00\x00\x00\x00\x00") },
			"control block has 5 bytes"},
		"control of 9 bytes": {func(s *sketch) { s.control = []byte("\x21\xf9\x09\x00\x00\x00\x0012345\x00") },
			"control block has 9 bytes"},
		"control of 3 bytes": {func(s *sketch) { s.control = []byte("\x21\xf9\x03\x00\x00\x00\x00") },
			"control block has 3 bytes"},
		"control of 0 bytes": {func(s *sketch) { s.control = []byte("\x21\xf9\x00") }, "control block has 0 bytes"},
		"zeros between blocks": {func(s *sketch) { s.before = []byte("\x21\xfe\x02hi\x00\x00\x00") },
			"bytes that belong to no block were passed over: 2"},
		"bytes between blocks": {func(s *sketch) { s.before = []byte("abc\x21\xfe\x02hi\x00") },
			"bytes that belong to no block were passed over: 3"},
	} {
		for _, interlaced := range []bool{false, true} {
			for _, at := range []image.Point{{}, {3, 4}} {
				for _, codes := range []int{2, 5, 8, 11} {
					s := plainSketch(61, 47, codes)
					s.frame, s.interlaced = image.Rectangle{at, s.screen}, interlaced
					tt.change(&s)
					p := check(t, name, s.write(s.colors()), s.want(s.colors(), everyRow))
					said := strings.Join(p.Odd, "; ")
					if p.Damage.Err != nil || (tt.want == "") != (said == "") || len(p.Odd) > 1 ||
						!strings.Contains(said, tt.want) {
						t.Errorf("%s, interlaced %t at %v, codes %d: %q, %q; want %q", name, interlaced, at, codes,
							p.Damage.String(), p.Odd, tt.want)
					}
				}
			}
		}
	}
	// A control block of another length names the color that is transparent all the same.
	s := plainSketch(30, 20, 4)
	s.clear, s.control = 3, []byte("\x21\xf9\x05\x01\x00\x00\x03\x00\x00")
	check(t, "long control with a transparent color", s.write(16), s.want(16, everyRow))
	s.clear, s.control = 0, []byte("\x21\xf9\x03\x01\x00\x00\x00")
	check(t, "short control with a transparent color", s.write(16), s.want(16, everyRow))
}

// A color that the palette does not have is black, or transparent where the picture has alpha, and that is said.
func TestColorsBeyondThePalette(t *testing.T) {
	for _, colors := range []int{0, 2, 4, 16} {
		for _, local := range []bool{false, true} {
			for _, clear := range []int{-1, 1, 5, 200} {
				for _, at := range []image.Point{{}, {1, 0}} {
					s := plainSketch(40, 30, 8)
					s.global, s.clear, s.frame = colors, clear, image.Rectangle{at, s.screen}
					if local {
						s.global, s.local = 0, colors
					}
					p := check(t, s.String(), s.write(20), s.want(20, everyRow))
					want := fmt.Sprintf("palette of %d does not have are ", colors)
					if colors == 0 {
						want = "no palette: its pixels are "
					}
					want += map[bool]string{true: "black", false: "transparent"}[clear < 0 && at == image.Point{}]
					if p.Damage.Err != nil || len(p.Odd) != 1 || !strings.Contains(p.Odd[0], want) {
						t.Errorf("%v: %q, %q; want %q", s, p.Damage.String(), p.Odd, want)
					}
				}
			}
		}
	}
	// The transparent color need not be in the palette.
	s := plainSketch(40, 30, 8)
	s.global, s.clear = 16, 16
	if p := check(t, "transparent color beyond", s.write(17), s.want(17, everyRow)); len(p.Odd) > 0 {
		t.Errorf("%q: expected nothing", p.Odd)
	}
}

// No file has fewer bytes than Least says, and some have few more.
func TestLeastIsTrue(t *testing.T) {
	for codes := 2; codes < maxWidth; codes++ {
		s := plainSketch(9000, 7000, codes)
		data := packFlat(9000*7000, codes)
		places := make([]byte, 9000*7000)
		var blocks []byte
		for b := data; len(b) > 0; b = b[min(255, len(b)):] {
			blocks = append(append(blocks, byte(min(255, len(b)))), b[:min(255, len(b))]...)
		}
		n, why := new(unpacker).unpack(places, &bits{data: append(blocks, 0)}, codes, nil)
		if n != len(places) || why != endMore && why != endCode {
			t.Fatalf("codes %d: %d pixels, end %d", codes, n, why)
		}
		h := Header{Frame: s.frame}
		if least := h.Least(); int64(len(data)) < least || codes == 2 && int64(len(data)) > least*3/2 {
			t.Errorf("codes %d: %d bytes, where Least says %d", codes, len(data), least)
		}
	}
}

func TestDecodeStops(t *testing.T) {
	s := plainSketch(300, 300, 8)
	h, err := ReadHeader(s.write(256))
	if err != nil {
		t.Fatal(err)
	}
	left := 5
	stop := func() bool {
		left--
		return left < 0
	}
	if p, err := h.Decode(stop); err != codec.ErrStopped || p.Pixels != nil || left != -1 {
		t.Errorf("%v, %v: expected that it was stopped", p, err)
	}
}

// Headers that no frame follows, or one without pixels, are errors.
func TestHeadersWithoutAFrame(t *testing.T) {
	s := plainSketch(9, 7, 3)
	whole := s.write(8)
	for cut := range len(whole) {
		h, err := ReadHeader(whole[:cut])
		if at := len(whole) - 20; cut < 13+24+10 && err == nil {
			t.Errorf("cut at %d of %d, %d: no error", cut, len(whole), at)
		}
		if err == nil && h.Frame != s.frame {
			t.Errorf("cut at %d: frame %v", cut, h.Frame)
		}
	}
	for name, data := range map[string][]byte{
		"no frame":          append(bytes.Clone(whole[:37]), 0x3b),
		"a frame of no row": append(bytes.Clone(whole[:37]), 0x2c, 0, 0, 0, 0, 9, 0, 0, 0, 0, 2),
		"codes of 13 bits":  append(bytes.Clone(whole[:37]), 0x2c, 0, 0, 0, 0, 9, 0, 7, 0, 0, 12, 0),
	} {
		if h, err := ReadHeader(data); err == nil {
			t.Errorf("%s: %+v: expected an error", name, h)
		}
	}
}

// FuzzDecode holds that no file is a fault, that sound files are read as by image/gif, and that damage is said.
func FuzzDecode(f *testing.F) {
	for codes := 1; codes < 12; codes += 3 {
		for _, c := range []coder{{}, {more: 3}, {bad: 5}, {often: 9}} {
			s := plainSketch(13, 11, codes)
			s.coder, s.interlaced, s.clear = c, codes == 4, codes-2
			f.Add(s.write(s.colors()))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ReadHeader(data)
		if err != nil || h.Width*h.Height > 1<<16 {
			return
		}
		p, err := h.Decode(nil)
		if err != nil {
			t.Fatal(err)
		}
		if p.Pixels.Rect != image.Rect(0, 0, h.Width, h.Height) {
			t.Fatalf("%v of a header of %dx%d", p.Pixels.Rect, h.Width, h.Height)
		}
		if !h.Alpha && !p.Pixels.Opaque() {
			t.Fatal("a pixel is transparent where the header knows no alpha")
		}
		img, err := gif.Decode(bytes.NewReader(data))
		if err != nil {
			return
		}
		if p.Damage.Err != nil {
			t.Fatalf("%q, where image/gif reads it", p.Damage.String())
		}
		want := image.NewNRGBA(p.Pixels.Rect)
		draw.Draw(want, img.Bounds(), img, img.Bounds().Min, draw.Src)
		if !bytes.Equal(want.Pix, p.Pixels.Pix) {
			t.Fatal("other pixels than image/gif reads")
		}
	})
}
