package gif

import (
	"bytes"
	"compress/lzw"
	"fmt"
	"image"
	"io"
	"testing"

	"imgpipe/transform/internal/codec"
)

// Wherever a file is cut, the rows that its codes hold are there, as in the whole file, and the others are filled and
// missing.
func TestCutFilesKeepTheirRows(t *testing.T) {
	cuts := 0
	for _, interlaced := range []bool{false, true} {
		for _, at := range []image.Point{{}, {2, 3}} {
			for _, codes := range []int{2, 4, 8} {
				s := plainSketch(31, 29, codes)
				s.interlaced, s.frame, s.block = interlaced, image.Rectangle{at, s.screen}, 50
				whole := s.write(s.colors())
				h, err := ReadHeader(whole)
				if err != nil {
					t.Fatal(err)
				}
				start := len(whole) - len(h.pixels)
				for end := start; end < len(whole)-1; end++ {
					cuts++
					// Another reader says how many pixels there are.
					var codesIn []byte
					for b := whole[start:end]; len(b) > 0; {
						n := min(int(b[0]), len(b)-1)
						codesIn, b = append(codesIn, b[1:n+1]...), b[n+1:]
					}
					pixels, _ := io.ReadAll(lzw.NewReader(bytes.NewReader(codesIn), lzw.LSB, codes))
					given := map[int]bool{}
					for i, y := range s.order() {
						given[y] = (i+1)*s.frame.Dx() <= len(pixels)
					}
					want := s.want(s.colors(), func(y int) bool { return given[y] })
					p := check(t, fmt.Sprintf("%v cut at %d", s, end), whole[:end], want)
					there := 0
					for _, ok := range given {
						if ok {
							there++
						}
					}
					missing, _, _ := p.Damage.Missing()
					expected := s.frame.Dy() - there
					if there > 0 && missing != expected || there == 0 && !p.Damage.Nothing() {
						t.Errorf("%v cut at %d: %q: expected %d", s, end, p.Damage.String(), expected)
					}
					if there < s.frame.Dy() && p.Damage.Err != codec.ErrCut {
						t.Errorf("%v cut at %d: %v", s, end, p.Damage.Err)
					}
				}
			}
		}
	}
	t.Logf("%d cuts", cuts)
}

// Codes that are not defined, and codes that end too early, end the rows that are there.
func TestBadCodesKeepTheRowsBefore(t *testing.T) {
	for _, interlaced := range []bool{false, true} {
		for _, codes := range []int{2, 3, 8, 10} {
			s := plainSketch(20, 40, codes)
			s.interlaced = interlaced
			sound := s.write(s.colors())
			s.coder.bad = 100
			for name, data := range map[string][]byte{"bad": s.write(s.colors()), "short": func() []byte {
				short := s
				short.coder = coder{}
				h, _ := ReadHeader(sound)
				at := len(sound) - len(h.pixels)
				return append(append(append(bytes.Clone(sound[:at]), 60), sound[at+1:at+61]...), 0, 0x3b)
			}()} {
				h, err := ReadHeader(data)
				if err != nil {
					t.Fatal(err)
				}
				p, err := h.Decode(nil)
				if err != nil {
					t.Fatal(err)
				}
				missing, _, _ := p.Damage.Missing()
				wantErr := map[string]error{"bad": errBadCode, "short": errTooFew}[name]
				if missing == 0 || missing == 40 || p.Damage.Err != wantErr {
					t.Errorf("%s, %v: %q", name, s, p.Damage.String())
					continue
				}
				given := map[int]bool{}
				for _, y := range s.order()[:40-missing] {
					given[y] = true
				}
				check(t, name+" "+s.String(), data, s.want(s.colors(), func(y int) bool { return given[y] }))
			}
		}
	}
}
