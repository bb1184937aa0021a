package jpeg

import (
	"bytes"
	stdjpeg "image/jpeg"
	"testing"

	"imgpipe/transform/internal/pixel"
)

// Whatever the bytes are, decoding does not panic; it gives the same at any time, planes of the size that the header
// says, and no sample of an earlier picture. What is sound here and for image/jpeg looks the same.
func FuzzDecode(f *testing.F) {
	for i, sampling := range samplings {
		src := newSource(20+i, 33-i, sampling.factors, 8, uint64(i))
		for _, v := range variants(len(sampling.factors)) {
			f.Add(src.write(v), uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, scale uint8) {
		h, err := ReadHeader(data)
		if err != nil || h.Width*h.Height > 1<<20 {
			return
		}
		s := pixel.Scale{Luma: 1 + int(scale%8), Chroma: 1 + int(scale/8%8)}
		var d, other Decoder
		p, damage, err := d.Decode(data, &h, Options{Scale: s})
		// A picture with every buffer full of other things.
		if filler := newSource(50, 50, samplings[3].factors, 20, 1); scale&128 != 0 {
			decode(t, &other, filler.write(variants(3)["progressive"]), pixel.Scale{})
		}
		poison(&other, poisoned)
		again, damageAgain, errAgain := other.Decode(data, &h, Options{Scale: s})
		if (err == nil) != (errAgain == nil) || damage.String() != damageAgain.String() {
			t.Fatalf("first %v, %v; then %v, %v", damage, err, damageAgain, errAgain)
		}
		if err != nil {
			return
		}
		_, full, err := new(Decoder).Decode(data, &h, Options{})
		if err != nil || !h.Progressive && full.String() != damage.String() {
			t.Fatalf("damage at %v: %v; at full size: %v, %v", s, damage.String(), full.String(), err)
		}
		for i := range p.N() {
			a, b, e := p.Plane[i], again.Plane[i], p.Extent[i]
			if !bytes.Equal(a.Pix, b.Pix) {
				t.Fatalf("plane %d depends on what was decoded before", i)
			}
			if a.W < 1 || a.H < 1 || a.W > a.Stride || len(a.Pix) < a.H*a.Stride ||
				e.W > float64(a.W) || e.W <= float64(a.W-1) {
				t.Fatalf("plane %d is %d×%d, extent %v, %d samples", i, a.W, a.H, e, len(a.Pix))
			}
		}
		if s != (pixel.Scale{Luma: 8, Chroma: 8}) || damage.Err != nil || !tame(&d) {
			return
		}
		m, err := stdjpeg.Decode(bytes.NewReader(data))
		if err != nil || h.Progressive && !d.complete() {
			return
		}
		if worst, mean, ok := compare(p, m); ok && (worst > 3 || mean > 0.1) {
			t.Fatalf("image/jpeg differs by %d at most, %.4f in the mean", worst, mean)
		}
	})
}

// tame reports whether the quantizer steps are such that samples stay near their range. Beyond it 32 bits overflow,
// here and in image/jpeg, and not alike.
func tame(d *Decoder) bool {
	for i := range d.quant {
		for _, q := range d.quant[i].q {
			if d.quant[i].defined && q > 16 {
				return false
			}
		}
	}
	return true
}

func FuzzReadHeader(f *testing.F) {
	f.Add(newSource(9, 9, samplings[3].factors, 8, 1).write(variants(3)["baseline"]))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ReadHeader(data)
		if err != nil {
			return
		}
		if h.Width < 1 || h.Height < 1 || h.N != h.Kind.N() {
			t.Fatalf("%+v", h)
		}
		for _, c := range h.Components[:h.N] {
			if c.H < 1 || c.V < 1 || c.H > 4 || c.V > 4 || c.Quant > 3 {
				t.Fatalf("%+v", c)
			}
		}
		h.ICC()
	})
}
