package resample

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"testing"

	"imgpipe/transform/internal/pixel"
)

// toLight and toLevel are the curve of sRGB and its inverse, from the standard's definitions (IEC 61966-2-1).
func toLight(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

func toLevel(v float64) float64 {
	if v <= 0.0031308 {
		return 12.92 * v
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}

// A wideCase is one kind of pixels in one kind of light.
type wideCase struct {
	form
	name string
}

// wideCases are all that the wide engine is for.
func wideCases() (list []wideCase) {
	for _, k := range []kind{gray, rgb, translucent} {
		for _, f := range []form{{k, true, false}, {k, false, true}, {k, true, true}} {
			list = append(list, wideCase{f, fmt.Sprintf("kind %d, deep %t, linear %t", k, f.deep, f.linear)})
		}
	}
	return list
}

// plane makes a source of w × h pixels by a pattern. Samples of 16 bits have a low byte of their own.
func (c wideCase) plane(p pattern, w, h int) pixel.Plane {
	src := p.plane(c.bytes()*w, h)
	if c.deep {
		rng := rand.New(rand.NewPCG(7, uint64(w)))
		for y := range h {
			row := src.Pix[y*src.Stride:]
			for i := 0; i < c.bytes()*w; i += 2 {
				v := row[i]
				row[i+1] = v
				if v > 0 && v < 255 {
					row[i+1] = byte(rng.Uint32())
				}
			}
		}
	}
	src.W = w
	return src
}

// at returns sample number i of a row, from 0 to 1.
func (c wideCase) at(row []byte, i int) float64 {
	if c.deep {
		return float64(binary.BigEndian.Uint16(row[2*i:])) / 65535
	}
	return float64(row[i]) / 255
}

// want computes in float64 what samples of dst are to be, from 0 to 1: each channel apart, colors times alpha.
func (c wideCase) want(src pixel.Plane, dw, dh int, win Window, f Filter) [][]float64 {
	samples := c.kind.bytes()
	light, level := func(v float64) float64 { return v }, func(v float64) float64 { return v }
	if c.linear {
		light, level = toLight, toLevel
	}
	out := make([][]float64, samples)
	for ch := samples - 1; ch >= 0; ch-- {
		in := make([]float64, src.W*src.H)
		for y := range src.H {
			row := src.Pix[y*src.Stride:]
			for x := range src.W {
				v := c.at(row, samples*x+ch)
				if ch < 3 {
					v = light(v)
					if c.kind == translucent {
						v *= c.at(row, samples*x+3)
					}
				} else if c.kind == rgb {
					v = 1
				}
				in[y*src.W+x] = v
			}
		}
		out[ch] = refResize(in, src.W, src.H, dw, dh, win, f)
		for i, v := range out[ch] {
			if ch < 3 {
				if c.kind == translucent {
					v /= max(out[3][i], 1e-9)
				}
				v = level(min(max(v, 0), 1))
			}
			out[ch][i] = v
		}
	}
	if samples == 4 {
		for i, a := range out[3] {
			out[3][i] = min(max(a, 0), 1)
		}
	}
	return out
}

// run resamples with r.
func (c wideCase) run(t *testing.T, r *Resampler, src pixel.Plane, dw, dh int, win Window, f Filter) pixel.Plane {
	t.Helper()
	dst := newPlane(c.bytes()*dw, dh)
	dst.W = dw
	if err := r.begin(dst, c.form, src.W, src.H, win, f); err != nil {
		t.Fatal(err)
	}
	if r.push(src.Pix, src.Stride, src.H); r.done != dh {
		t.Fatalf("%d rows of %d are done", r.done, dh)
	}
	return dst
}

// TestWideIsExact holds that each sample is within a level of exact arithmetic: of 65,535 levels if samples have 16
// bits, of 255 otherwise. A color that can hardly be seen, as its alpha is below 1/50, has no such bound.
func TestWideIsExact(t *testing.T) {
	var r Resampler
	for i, s := range shapes {
		if testing.Short() && i%3 != 0 {
			continue
		}
		for k, c := range wideCases() {
			if s.w*s.h > 100_000 && k%3 != i%3 {
				continue // for the reference takes long
			}
			f, p := allFilters[(i+k)%len(allFilters)], patterns[(i+k/3)%len(patterns)]
			src := c.plane(p, s.w, s.h)
			win := full(s.win, s.w, s.h)
			got := c.run(t, &r, src, s.dw, s.dh, s.win, f)
			want := c.want(src, s.dw, s.dh, win, f)
			levels, samples := 255.0, c.kind.bytes()
			if c.deep {
				levels = 65535
			}
			worst := 0.0
			for y := range s.dh {
				row := got.Pix[y*got.Stride:]
				for x := range s.dw {
					for ch := range samples {
						if samples == 4 && ch < 3 && want[3][y*s.dw+x] < 0.02 {
							continue
						}
						off := math.Abs(c.at(row, samples*x+ch)-want[ch][y*s.dw+x]) * levels
						worst = max(worst, off)
					}
				}
			}
			if worst > 1 {
				t.Errorf("%s, %s, %v of %s: %.2f levels off", s.name, c.name, f, p.name, worst)
			}
		}
	}
}

// TestWideKeepsPlainPictures holds that a picture of one level keeps it exactly, whatever filter changes its size: all
// 256 levels of 8 bits, and one in 97 of 16.
func TestWideKeepsPlainPictures(t *testing.T) {
	var r Resampler
	for k, c := range wideCases() {
		most, step := 255, 1
		if c.deep {
			most, step = 65535, 97
		}
		n := c.kind.bytes()
		for v := 0; v <= most; v += step {
			src := newPlane(c.bytes()*9, 7)
			src.W = 9
			for y := range 7 {
				for i := range 9 * n {
					level := v
					if n == 4 && i%4 == 3 {
						level = most - most/3
					}
					if row := src.Pix[y*src.Stride:]; c.deep {
						binary.BigEndian.PutUint16(row[2*i:], uint16(level))
					} else {
						row[i] = byte(level)
					}
				}
			}
			for _, size := range []image.Point{{4, 3}, {13, 20}} {
				got := c.run(t, &r, src, size.X, size.Y, Window{}, allFilters[(v/step+k)%len(allFilters)])
				for y := range size.Y {
					for i := range size.X * n {
						want := float64(v) / float64(most)
						switch {
						case i%4 < 3 || n == 1:
						case c.kind == rgb:
							want = 1
						default:
							want = float64(most-most/3) / float64(most)
						}
						if at := c.at(got.Pix[y*got.Stride:], i); at != want {
							t.Fatalf("%s: level %d of %d becomes %g, want %g", c.name, v, most, at, want)
						}
					}
				}
			}
		}
	}
}

// TestDeepPicturesOfOneSizeAreCopied holds that samples of 16 bits stay exactly as they are where nothing is resized.
func TestDeepPicturesOfOneSizeAreCopied(t *testing.T) {
	var r Resampler
	for _, c := range wideCases() {
		src := c.plane(patterns[1], 31, 20)
		got := c.run(t, &r, src, 31, 20, Window{}, Lanczos3)
		for y := range 20 {
			for i := range 31 * c.kind.bytes() {
				if c.kind == rgb && i%4 == 3 {
					continue
				}
				if a, b := c.at(src.Pix[y*src.Stride:], i), c.at(got.Pix[y*got.Stride:], i); a != b {
					t.Fatalf("%s: %g became %g", c.name, a, b)
				}
			}
		}
	}
}

// TestEveryLevelComesBackFromItsLight is exact for both depths.
func TestEveryLevelComesBackFromItsLight(t *testing.T) {
	for v := range 256 {
		if got := Level(Light(uint8(v))); got != uint8(v) {
			t.Errorf("level %d of 8 bits becomes %d", v, got)
		}
	}
	if len(levels8()) != 65537 || len(lights16().at) != 4098 {
		t.Errorf("the tables have %d and %d entries", len(levels8()), len(lights16().at))
	}
	l := lights16()
	for v := range 65536 {
		if got := l.level(l.of[v]); got != uint16(v) {
			t.Fatalf("level %d of 16 bits becomes %d", v, got)
		}
		if v > 0 && l.of[v] <= l.of[v-1] {
			t.Fatalf("the light of level %d is %d, and that of the one before %d", v, l.of[v], l.of[v-1])
		}
		if v > 0 {
			// Half way, the nearer of two counts.
			mid := (l.of[v] + l.of[v-1]) / 2
			if got := l.level(mid); got != uint16(v) && got != uint16(v-1) {
				t.Fatalf("light %d between levels %d and %d is level %d", mid, v-1, v, got)
			}
		}
	}
	if l.of[65535] != lightFull || Light(255) != lightFull {
		t.Errorf("white has the light %d and %d, want %d", l.of[65535], Light(255), lightFull)
	}
}

// TestLightIsTheSameEverywhere holds that no entry of the tables of light is decided by the last digits of a power,
// which another machine may compute otherwise: a power is good to some 1e-15 of it, and entries are 1e-14 of one from
// the middle between two at the least.
func TestLightIsTheSameEverywhere(t *testing.T) {
	far := func(v float64) {
		exact := toLight(v) * lightFull
		if d := math.Abs(exact - math.Floor(exact) - 0.5); d < 1e-14*exact && v > 0.04045 {
			t.Errorf("the light of %v is %v", v, exact)
		}
	}
	for v := range 65536 {
		far(float64(v) / 65535)
	}
	for v := range 256 {
		far((float64(v) + 0.5) / 255)
	}
}

// TestWideRowsMayComeInAnyStrips pushes rows one by one and all at once.
func TestWideRowsMayComeInAnyStrips(t *testing.T) {
	var a, b Resampler
	for _, c := range wideCases() {
		src := c.plane(patterns[0], 40, 33)
		whole := c.run(t, &a, src, 17, 12, Window{}, Lanczos3)
		apart := newPlane(c.bytes()*17, 12)
		apart.W = 17
		if err := b.begin(apart, c.form, 40, 33, Window{}, Lanczos3); err != nil {
			t.Fatal(err)
		}
		for y := range 33 {
			if _, err := b.Push(src.Pix[y*src.Stride:][:c.bytes()*40], c.bytes()*40, 1); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(whole.Pix, apart.Pix) {
			t.Errorf("%s: other bytes row by row", c.name)
		}
	}
}

// A checkerboard of black and white gives off half of the light of white, which is level 188 of 255.
func TestCheckerboardKeepsItsLight(t *testing.T) {
	src := pixel.NewPlane(32, 32)
	for i := range src.Pix {
		src.Pix[i] = 255 * byte((i+i/32)%2)
	}
	for linear, want := range map[bool]byte{true: 188, false: 128} {
		r := Resampler{Linear: linear}
		dst := pixel.NewPlane(16, 16)
		if err := r.Plane(dst, src, Window{}, Box); err != nil {
			t.Fatal(err)
		}
		for _, v := range dst.Pix {
			if v != want {
				t.Fatalf("linear %t: level %d, want %d", linear, v, want)
			}
		}
	}
}
