package resample

import (
	"testing"
)

func FuzzPlane(f *testing.F) {
	f.Add(uint16(30), uint16(20), uint16(10), uint16(7), 0.0, 0.0, 30.0, 20.0, uint8(0), []byte("seed"))
	f.Add(uint16(1), uint16(200), uint16(33), uint16(1), 0.25, 3.5, 0.5, 100.125, uint8(4), []byte{0, 255})
	f.Add(uint16(300), uint16(2), uint16(1), uint16(90), 0.0, 0.0, 1e-300, 2.0, uint8(1), []byte{255})
	f.Fuzz(func(t *testing.T, w, h, dw, dh uint16, x, y, ww, wh float64, filter uint8, data []byte) {
		w, h, dw, dh = w%400, h%400, dw%400, dh%400
		src, dst := newPlane(int(w), int(h)), newPlane(int(dw), int(dh))
		lo, hi := byte(255), byte(0)
		for i := range src.Pix {
			if len(data) > 0 {
				src.Pix[i] = data[i%len(data)]
			}
			lo, hi = min(lo, src.Pix[i]), max(hi, src.Pix[i])
		}
		win := Window{x, y, ww, wh}
		var r Resampler
		if err := r.Plane(dst, src, win, Filter(filter)); err != nil {
			return
		}
		if dw > 0 && dh > 0 && r.done != int(dh) {
			t.Fatalf("%d of %d rows", r.done, dh)
		}
		// Filters without negative lobes stay between the darkest and the brightest sample; the others reach no farther
		// beyond than their overshoot.
		over := 0.0
		if fl := Filter(filter); fl <= Mitchell {
			over = 1.5 * float64(hi-lo)
		}
		for y := range dst.H {
			for x, v := range dst.Row(y) {
				if float64(v) < float64(lo)-over || float64(v) > float64(hi)+over {
					t.Fatalf("%d at %d,%d from samples between %d and %d", v, x, y, lo, hi)
				}
			}
		}
		checkAxis(t, r.down, r.srcH, downBits)
		checkAxis(t, r.across, r.srcW, acrossBits)
	})
}
