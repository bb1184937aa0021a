package resample

import (
	"bytes"
	"sync"
	"testing"

	"imgpipe/transform/internal/pixel"
)

func TestSharedCacheServesManyAtOnce(t *testing.T) {
	var cache Cache
	src := patterns[1].plane(64, 48)
	var want [8]pixel.Plane
	for i := range want {
		want[i] = newPlane(20+i, 15+i)
		if err := new(Resampler).Plane(want[i], src, Window{}, Lanczos3); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			r := Resampler{Cache: &cache}
			for k := range 40 {
				i := (g + k) % len(want)
				got := newPlane(want[i].W, want[i].H)
				if err := r.Plane(got, src, Window{}, Lanczos3); err != nil || !bytes.Equal(got.Pix, want[i].Pix) {
					t.Errorf("goroutine %d: size %d: other bytes, or %v", g, i, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestCacheIsBounded(t *testing.T) {
	var c Cache
	for i := range 400 {
		c.axis(axisKey{0, 4000, 900 + i, Lanczos3, acrossBits, 0})
		sum := 0
		for _, a := range c.axes {
			sum += a.size()
		}
		if sum != c.bytes || sum > cacheBytes || len(c.order) != len(c.axes) {
			t.Fatalf("after %d sizes: %d bytes in %d axes, said to be %d in %d", i+1, sum, len(c.axes), c.bytes,
				len(c.order))
		}
	}
	if len(c.axes) < 20 {
		t.Errorf("only %d axes are kept", len(c.axes))
	}
	before := len(c.axes)
	c.axis(axisKey{0, 100, 200_000, Lanczos3, acrossBits, 0})
	if len(c.axes) != before {
		t.Error("weights of an enormous size drove out others")
	}
}
