package pixel

import (
	"bytes"
	"image"
	"testing"
)

func TestEveryKindHasANameAndItsComponents(t *testing.T) {
	for kind, n := range map[Kind]int{0: 0, Gray: 1, Two: 2, YCbCr: 3, RGB: 3, CMYK: 4, YCCK: 4, Two + 1: 0} {
		if kind.N() != n || (&Planes{Kind: kind}).N() != n || (kind.String() == "unknown") != (n == 0) {
			t.Errorf("%v has %d components, want %d", kind, kind.N(), n)
		}
	}
}

func TestCropSharesMemory(t *testing.T) {
	p := NewPlane(5, 4)
	c := p.Crop(2, 1, 3, 3)
	c.Row(2)[0] = 7
	if p.Row(3)[2] != 7 || c.W != 3 || c.H != 3 || len(c.Row(2)) != 3 || cap(c.Row(0)) != 3 {
		t.Errorf("%v of %v", c, p)
	}
	if e := p.Crop(5, 4, 0, 0); e.W != 0 || e.H != 0 {
		t.Errorf("an empty crop is %v", e)
	}
	for _, bad := range [][4]int{{-1, 0, 1, 1}, {0, 0, 6, 1}, {3, 0, 3, 1}, {0, 0, 1, 5}, {0, 0, -1, 1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("crop %v of 5x4 is taken", bad)
				}
			}()
			p.Crop(bad[0], bad[1], bad[2], bad[3])
		}()
	}
}

// A flat color stays what it is, and a slope stays one, however few samples chroma has.
func TestRowsRaiseEverySampling(t *testing.T) {
	const w, h = 23, 17
	for _, luma := range []Sampling{{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 1}, {4, 2}, {3, 1}, {3, 2}, {1, 3}} {
		for _, chroma := range []Sampling{{1, 1}, {2, 1}, {1, 2}} {
			if chroma.H > luma.H || chroma.V > luma.V {
				continue
			}
			s := Shape{Width: w, Height: h, Kind: RGB, Sampling: [4]Sampling{luma, luma, chroma}}
			p := Planes{Kind: RGB}
			for i := range p.N() {
				c := s.Sampling[i]
				p.Plane[i] = NewPlane((w*c.H+luma.H-1)/luma.H, (h*c.V+luma.V-1)/luma.V)
				for y := range p.Plane[i].H {
					for x := range p.Plane[i].W {
						// Eight levels for a column of pixels, from the middle of the sample on.
						p.Plane[i].Row(y)[x] = byte((8*x + 4) * luma.H / c.H)
					}
				}
			}
			rows, out := NewRows(&p, s), make([]byte, 4*w)
			for y := range h {
				rows.RGB(out, y, false)
				for x := range w {
					if c := out[4*x:][:4]; c[0] != c[1] || c[3] != 255 || abs(int(c[2])-int(c[0])) > 8*luma.H {
						t.Fatalf("%v and %v: pixel %d,%d is %v", luma, chroma, x, y, c)
					}
				}
			}
		}
	}
}

func abs(v int) int { return max(v, -v) }

func TestInksBecomeLight(t *testing.T) {
	s := Shape{Width: 4, Height: 1, Sampling: [4]Sampling{{1, 1}, {1, 1}, {1, 1}, {1, 1}}}
	// No ink, cyan, black, and half of black.
	inks := [4][]byte{{0, 255, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 255, 128}}
	want := []byte{255, 255, 255, 255, 0, 255, 255, 255, 0, 0, 0, 255, 127, 127, 127, 255}
	for _, inverted := range []bool{false, true} {
		s.Kind = CMYK
		p := Planes{Kind: CMYK}
		for i, ink := range inks {
			p.Plane[i] = NewPlane(4, 1)
			for x, v := range ink {
				if inverted {
					v = 255 - v
				}
				p.Plane[i].Pix[x] = v
			}
		}
		rows, out := NewRows(&p, s), make([]byte, 16)
		if rows.RGB(out, 0, inverted); !bytes.Equal(out, want) {
			t.Errorf("inverted %v: %v, want %v", inverted, out, want)
		}
		rows.Samples(out, 0)
		for i := range 4 {
			if out[4+i] != p.Plane[i].Pix[1] {
				t.Errorf("samples %v, want those stored", out)
			}
		}
	}
}

func TestVideoBecomesFullRange(t *testing.T) {
	src, dst := NewPlane(3, 1), NewPlane(3, 1)
	copy(src.Pix, []byte{16, 126, 235})
	if FullRange(dst, src, false); !bytes.Equal(dst.Pix, []byte{0, 128, 255}) {
		t.Errorf("luma %v", dst.Pix)
	}
	copy(src.Pix, []byte{16, 128, 240})
	if FullRange(src, src, true); !bytes.Equal(src.Pix, []byte{1, 128, 255}) {
		t.Errorf("chroma in its place %v", src.Pix)
	}
}

func TestGrayComesBackFromRGB(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 256, 2))
	for i := range 512 {
		p := img.Pix[4*i:][:4]
		p[0], p[1], p[2], p[3] = byte(i), byte(i), byte(i), 255
	}
	for _, kind := range []Kind{Gray, YCbCr} {
		p := Planes{Kind: kind}
		for i := range p.N() {
			p.Plane[i] = NewPlane(256, 2)
		}
		if p.SetNRGBA(img, 1); !bytes.Equal(p.NRGBA().Pix, img.Pix) {
			t.Errorf("%v: not the same levels of gray", kind)
		}
	}
}

func TestFullRangeOfVideoRangeIsTheSame(t *testing.T) {
	src, dst := NewPlane(256, 1), NewPlane(256, 1)
	for _, chroma := range []bool{false, true} {
		for v := range src.Pix {
			src.Pix[v] = byte(v)
		}
		FullRange(dst, src, chroma)
		VideoRange(dst, dst, chroma)
		for v, got := range dst.Pix {
			want := min(max(v, 16), 235)
			if chroma {
				want = min(max(v, 16), 240)
			}
			if int(got) != want {
				t.Errorf("chroma %v: %d became %d", chroma, v, got)
			}
		}
	}
}

func TestVideoFromRGBIsThatOfFullRange(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {7, 5}, {16, 16}} {
		img := image.NewNRGBA(image.Rect(0, 0, size[0], size[1]))
		for i := range img.Pix {
			img.Pix[i] = byte(i * i * 37)
			if i%4 == 3 {
				img.Pix[i] = 255
			}
		}
		full, video := &Planes{Kind: YCbCr}, &Planes{Kind: YCbCr, Video: true}
		for _, p := range []*Planes{full, video} {
			p.Plane[0] = NewPlane(size[0], size[1])
			for i := 1; i < 3; i++ {
				p.Plane[i] = NewPlane((size[0]+1)/2, (size[1]+1)/2)
			}
		}
		full.SetNRGBA(img, 2)
		video.SetVideo(img)
		for i := range 3 {
			VideoRange(full.Plane[i], full.Plane[i], i > 0)
			for k, v := range video.Plane[i].Pix {
				if abs(int(v)-int(full.Plane[i].Pix[k])) > 1 {
					t.Errorf("%v: sample %d of plane %d is %d, want %d", size, k, i, v, full.Plane[i].Pix[k])
				}
			}
		}
	}
}
