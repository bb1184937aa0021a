package vp8

import (
	"bytes"
	"math"
	"os"
	"testing"

	"imgpipe/transform/internal/pixel"
)

var halfWeights = [6]int{-3, 5, 30, 30, 5, -3}

// plainHalf halves a plane sample by sample.
func plainHalf(p pixel.Plane) pixel.Plane {
	out := pixel.NewPlane((p.W+1)/2, (p.H+1)/2)
	at := func(x, y int) int { return int(p.Row(min(max(y, 0), p.H-1))[min(max(x, 0), p.W-1)]) }
	for y := range out.H {
		for x := range out.W {
			sum := 32
			for i, across := range halfWeights {
				down := 32
				for k, w := range halfWeights {
					down += w * at(2*x-2+i, 2*y-2+k)
				}
				sum += across * (down >> 6)
			}
			out.Row(y)[x] = plainClamp(int32(sum >> 6))
		}
	}
	return out
}

func decodeAt(t testing.TB, data []byte, scale pixel.Scale) Picture {
	t.Helper()
	h, err := ReadHeader(data)
	if err != nil {
		t.Fatal(err)
	}
	p, err := h.Decode(scale, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// checkHalves compares planes with halves of rough ones, as far as they are there.
func checkHalves(t testing.TB, data []byte) {
	t.Helper()
	rough := decodeAt(t, data, pixel.Scale{Rough: true})
	for _, scale := range []pixel.Scale{
		{Luma: Half, Chroma: Half}, {Luma: Half}, {Chroma: Half}, {Luma: 1, Chroma: 8},
	} {
		p := decodeAt(t, data, scale)
		whole := rough.Damage.Whole()
		if p.Damage.Whole() != whole || (p.Damage.Err == nil) != (rough.Damage.Err == nil) {
			t.Fatalf("%+v: %d rows and %v, want %d and %v",
				scale, p.Damage.Whole(), p.Damage.Err, whole, rough.Damage.Err)
		}
		for i, q := range p.Plane[:3] {
			m, rows := scale.Luma, whole
			if i > 0 {
				m, rows = scale.Chroma, (whole+1)/2
			}
			want, extent := rough.Plane[i], rough.Extent[i]
			if m > 0 && m <= Half {
				// Rows next to the missing ones are made of those, too.
				if want, rows = plainHalf(want), (rows+1)/2; p.Damage.Err != nil {
					rows = max(rows-2, 0)
				}
				extent.W, extent.H = extent.W/2, extent.H/2
			}
			if q.W != want.W || q.H != want.H || p.Extent[i] != extent {
				t.Fatalf("%+v: plane %d has %d×%d samples, %v of the picture", scale, i, q.W, q.H, p.Extent[i])
			}
			for y := range rows {
				if !bytes.Equal(q.Row(y), want.Row(y)) {
					t.Fatalf("%+v: row %d of plane %d of %d×%d differs: %v, want %v",
						scale, y, i, q.W, q.H, q.Row(y), want.Row(y))
				}
			}
		}
	}
}

// A half that is made while rows are decoded is that of the whole planes, whatever their size.
func TestHalvesAreThoseOfWholePlanes(t *testing.T) {
	for w := 1; w <= 36; w++ {
		for h := 1; h <= 36; h++ {
			if testing.Short() && (w+h)%5 > 0 {
				continue
			}
			checkHalves(t, random(uint64(w*h), w, h))
		}
	}
	file, err := os.ReadFile("../../testdata/lossy.webp")
	if err != nil {
		t.Fatal(err)
	}
	data := file[20:]
	checkHalves(t, data)
	for cut := 10; cut < len(data); cut += 1 + len(data)/40 {
		checkHalves(t, data[:cut])
	}
}

// The weights leave what the comment of halver says of a wave, and add up to one.
func TestHalvesKeepWhatIsCoarse(t *testing.T) {
	for _, wave := range []struct{ periods, least, most float64 }{
		{0, 1, 1}, {0.05, 0.995, 1}, {0.135, 0.94, 0.96}, {0.4, 0, 0.075}, {0.45, 0, 0.01}, {0.5, 0, 1e-9},
	} {
		var left float64
		for i, w := range halfWeights {
			left += float64(w) / 64 * math.Cos(2*math.Pi*wave.periods*(float64(i)-2.5))
		}
		if left < wave.least-1e-9 || left > wave.most+1e-9 {
			t.Errorf("of %g periods per sample %.4f is left, want %g to %g", wave.periods, left, wave.least, wave.most)
		}
	}
}
