package resample

import (
	"math"
	"testing"
)

// checkAxis holds the promises that the fast code relies on.
func checkAxis(t *testing.T, a *axis, size int, bits int) {
	t.Helper()
	if a == nil {
		return
	}
	one := 1 << bits
	if a.taps%tapsUnit != 0 || a.first < 0 || a.span < 1 || a.first+a.span > size {
		t.Fatalf("taps %d, samples %d to %d of %d", a.taps, a.first, a.first+a.span, size)
	}
	for i := range a.start {
		start, count := int(a.start[i]), int(a.count[i])
		if start < 0 || count < 1 || count > a.most || count > a.taps || start+count > a.span {
			t.Fatalf("sample %d: %d weights from %d on, of %d samples", i, count, start, a.span)
		}
		if i > 0 && (start < int(a.start[i-1]) || start+count < int(a.start[i-1]+a.count[i-1])) {
			t.Fatalf("sample %d begins or ends before the one before it", i)
		}
		sum, sizes := 0, 0
		for j, w := range a.weights[i*a.taps:][:a.taps] {
			if j >= count && w != 0 {
				t.Fatalf("sample %d: weight %d past the last", i, w)
			}
			sum += int(w)
			sizes += max(int(w), -int(w))
		}
		if sum != one || sizes > 2*one {
			t.Fatalf("sample %d: weights add up to %d, without signs to %d, want %d and at most %d", i, sum, sizes, one,
				2*one)
		}
	}
}

func TestWeightsLeaveRoomInTheLanes(t *testing.T) {
	stretches := []struct {
		pos, extent float64
		size        int
	}{{0, 100, 100}, {0, 1, 1}, {0, 2, 2}, {0, 3, 3}, {0, 7.5, 8}, {0.5, 6.99, 8}, {0.99, 1.02, 3}, {3.2, 0.1, 9},
		{0, 5000, 5000}, {0.999, 4.002, 6}}
	for _, s := range stretches {
		for _, f := range allFilters {
			for n := 1; n < 400; n += 1 + n/7 {
				for _, bits := range []int{downBits, acrossBits} {
					checkAxis(t, newAxis(axisKey{s.pos, s.extent, n, f, uint8(bits), 0}), s.size, bits)
				}
			}
		}
	}
}

func TestRunningSumsOfWeightsAreRoundedToTheNearest(t *testing.T) {
	for _, f := range allFilters {
		for _, c := range []struct{ from, to int }{{100, 37}, {37, 100}, {64, 64}, {500, 3}} {
			a := newAxis(axisKey{0, float64(c.from), c.to, f, downBits, 0})
			for i := range c.to {
				want, got := 0.0, 0
				for j, w := range refWeights(f, 0, float64(c.from), c.to, i, c.from) {
					want += w * (1 << downBits)
					if k := j - int(a.start[i]); k >= 0 && k < int(a.count[i]) {
						got += int(a.weights[i*a.taps+k])
					}
					if math.Abs(float64(got)-want) > 0.5001 {
						t.Fatalf("%v from %d to %d: the weights of sample %d up to %d add up to %d, want %.3f", f,
							c.from, c.to, i, j, got, want)
					}
				}
			}
		}
	}
}

func TestWeightsOfManyTinyOnesKeepTheirSum(t *testing.T) {
	a := newAxis(axisKey{0, 60000, 1, Bilinear, downBits, 0})
	checkAxis(t, a, 60000, downBits)
	// Most are rounded to 0; those that are 1 must lie where the kernel says: half of them in the middle part.
	inner := 0
	for j, w := range a.weights[:a.count[0]] {
		if x := int(a.start[0]) + j; x >= 15000 && x < 45000 {
			inner += int(w)
		}
	}
	if got := float64(inner) / (1 << downBits); math.Abs(got-0.5833) > 0.002 {
		t.Errorf("the middle half has the weight %.4f, want 0.5833", got)
	}
}

func TestRepeatedSizeIsComputedOnce(t *testing.T) {
	var c Cache
	k := axisKey{0, 100, 30, Lanczos3, downBits, 0}
	if first, second := c.axis(k), c.axis(k); first != second {
		t.Error("the second request gives other weights")
	}
}

func TestCurvesAreThoseOfTheirPapers(t *testing.T) {
	for _, f := range []Filter{Lanczos3, CatmullRom, Mitchell, Bilinear} {
		for _, step := range []float64{1, 0.4, 0.1234, 0.001} {
			for _, x := range []float64{-3.1, -3, -2.5, -1, -0.77, -1e-7, 0, 0.3, 2} {
				w := make([]float64, 6001)
				filters[f].run(w, x, step)
				for j, got := range w {
					at := x + float64(j)*step
					if want := curve(f, at); math.Abs(got-want) > 1e-9 {
						t.Fatalf("%v at %g, step %d from %g, is %.12f, want %.12f", f, at, j, x, got, want)
					}
				}
			}
		}
	}
}

func TestFiltersHaveNames(t *testing.T) {
	for f, want := range map[Filter]string{Lanczos3: "lanczos3", Nearest: "nearest", 77: "Filter(77)"} {
		if f.String() != want {
			t.Errorf("%q, want %q", f.String(), want)
		}
	}
}
