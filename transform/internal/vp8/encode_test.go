package vp8

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"imgpipe/transform/internal/pixel"
)

// picture returns planes of a picture with flat areas, edges, ramps and noise.
func picture(seed uint64, w, h int) *pixel.Planes {
	r := rand.New(rand.NewPCG(seed, 9))
	p := pixel.Planes{Kind: pixel.YCbCr, Video: true}
	for i := range 3 {
		if i > 0 {
			p.Plane[i] = pixel.NewPlane((w+1)/2, (h+1)/2)
		} else {
			p.Plane[i] = pixel.NewPlane(w, h)
		}
		q := p.Plane[i]
		noise := 1 + r.IntN(60)
		for y := range q.H {
			for x := range q.W {
				v := 40 + (x*3+y*2)%160
				switch (x/24 + y/24) % 3 {
				case 1:
					v += r.IntN(noise)
				case 2:
					v = 60
				}
				q.Pix[y*q.Stride+x] = byte(min(v, 235))
			}
		}
	}
	return &p
}

// traced encodes a picture and returns the file and the encoder's reconstruction before smoothing.
func traced(t testing.TB, p *pixel.Planes, o EncodeOptions) ([]byte, [3]plane) {
	t.Helper()
	w, h := (p.Plane[0].W+15)/16, (p.Plane[0].H+15)/16
	got := [3]plane{newPlane(w, h, 16), newPlane(w, h, 8), newPlane(w, h, 8)}
	put := func(p *plane, x, y, size int, blocks []samples) {
		for i, b := range blocks {
			for k := range 4 {
				at := p.origin + (y*size+i/(size/4)*4+k)*p.stride + x*size + i%(size/4)*4
				copy(p.pix[at:at+4], b[4*k:])
			}
		}
	}
	e := Encoder{seen: func(x, y int, luma *[16]samples, chroma *[8]samples) {
		put(&got[0], x, y, 16, luma[:])
		put(&got[1], x, y, 8, chroma[:4])
		put(&got[2], x, y, 8, chroma[4:])
	}}
	file, err := e.Append(nil, p, o)
	if err != nil {
		t.Fatal(err)
	}
	return file, got
}

// unsmoothed decodes a file and leaves its edges as they are.
func unsmoothed(t testing.TB, file []byte) *decoder {
	t.Helper()
	h, err := ReadHeader(file)
	if err != nil {
		t.Fatal(err)
	}
	d := &decoder{width: (h.Width + 15) / 16, height: (h.Height + 15) / 16}
	d.luma = newPlane(d.width, d.height, 16)
	for i := range d.chroma {
		d.chroma[i] = newPlane(d.width, d.height, 8)
	}
	d.above = make([]edge, d.width)
	d.smooth = make([]smoothing, d.width*d.height)
	if err := d.readHeaders(&h); err != nil {
		t.Fatal(err)
	}
	for y := range d.height {
		if err := d.row(y); err != nil {
			t.Fatalf("row %d: %v", y, err)
		}
	}
	return d
}

func checkSame(got *plane, want *plane, rows, cols int) error {
	for y := range rows {
		a, b := got.pix[got.origin+y*got.stride:][:cols], want.pix[want.origin+y*want.stride:][:cols]
		if !bytes.Equal(a, b) {
			for x := range a {
				if a[x] != b[x] {
					return fmt.Errorf("row %d, column %d is %d, %d in the encoder", y, x, a[x], b[x])
				}
			}
		}
	}
	return nil
}

func TestDecodersSeeWhatTheEncoderSaw(t *testing.T) {
	for _, effort := range []int{Fast, Normal, High} {
		for _, q := range []int{1, 20, 50, 80, 100} {
			for w := 1; w <= 40; w += 3 {
				for h := 1; h <= 40; h += 3 {
					file, want := traced(t, picture(uint64(w*h), w, h), EncodeOptions{Quality: q, Effort: effort})
					d := unsmoothed(t, file)
					for i, p := range []*plane{&d.luma, &d.chroma[0], &d.chroma[1]} {
						side := 16
						if i > 0 {
							side = 8
						}
						if err := checkSame(p, &want[i], d.height*side, d.width*side); err != nil {
							t.Fatalf("effort %d, quality %d, %d×%d, plane %d: %v", effort, q, w, h, i, err)
						}
					}
				}
			}
		}
	}
}
