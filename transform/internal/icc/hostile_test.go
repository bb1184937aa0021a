package icc

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// mutated is a copy of a profile with some bytes changed, mostly those that are not numbers of tables, or cut.
func mutated(profile []byte, rng *rand.Rand) []byte {
	b := slices.Clone(profile)
	for range 1 + rng.IntN(6) {
		at := rng.IntN(len(b))
		if rng.IntN(4) > 0 {
			at = rng.IntN(min(len(b), 700))
		}
		switch rng.IntN(4) {
		case 0:
			b[at] = byte(rng.IntN(256))
		case 1:
			b[at] ^= 1 << rng.IntN(8)
		case 2:
			b[at] = []byte{0, 1, 0x7f, 0x80, 0xff}[rng.IntN(5)]
		case 3:
			copy(b[at:], b[rng.IntN(len(b)):][:min(len(b)-at, 4)])
		}
	}
	if rng.IntN(10) == 0 {
		b = b[:rng.IntN(len(b))]
	}
	return b
}

// A profile of a stranger may make its own colors wrong, and nothing else: no panic, and no more memory than Memory
// says, which is little.
func TestHostileProfilesCostNothing(t *testing.T) {
	notUnderRace(t)
	rounds := 10_000
	if testing.Short() {
		rounds = 1000
	}
	profiles := testProfiles()
	names := slices.Sorted(maps.Keys(profiles))
	rng := rand.New(rand.NewPCG(15, 3))
	pix := make([]byte, 4*64)
	made := 0
	var most uint64
	for i := range rounds {
		name := names[i%len(names)]
		b := mutated(profiles[name], rng)
		p, err := Parse(b)
		if err != nil {
			continue
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		need, err := p.Memory()
		if err == nil && (need < 100<<10 || i%10 == 0) { // large ones take long
			for k := range pix {
				pix[k] = byte(rng.IntN(256))
			}
			transform, err := p.Transform()
			if err != nil {
				t.Fatalf("%s, round %d: Memory has no error, but Transform: %v", name, i, err)
			}
			transform.Convert(pix)
			made++
		}
		runtime.ReadMemStats(&after)
		used := after.TotalAlloc - before.TotalAlloc
		most = max(most, used)
		if limit := uint64(need + 64<<10); used > limit || used > 4<<20 {
			t.Errorf("%s, round %d: %d bytes: expected at most %d", name, i, used, limit)
		}
	}
	t.Logf("%d of %d profiles could be used; the most expensive took %d bytes", made, rounds, most)
	if made < rounds/10 {
		t.Error("expected more to be usable")
	}
}

func FuzzTransform(f *testing.F) {
	profiles := testProfiles()
	for _, name := range []string{"p3", "camera", "gray", "graylab", "cubes"} {
		f.Add(profiles[name])
	}
	zeros := func(n int) func([]float64) []float64 { return func([]float64) []float64 { return make([]float64, n) } }
	small := oldTable(1, 4, 2, same, same, zeros(3))
	back := oldTable(1, 3, 2, same, same, zeros(4))
	f.Add(ofClass(made("CMYK", "A2B0", small, "A2B1", small, "B2A0", back), "prtr", "Lab ", 2))
	f.Add(ofClass(made("RGB ", "A2B0", oldTable(2, 3, 2, same, same, zeros(3))), "scnr", "XYZ ", 2))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b)
		if err != nil {
			return
		}
		need, err := p.Memory()
		if err != nil || need > 40<<10 { // large tables take too long under the fuzzer
			return
		}
		m, err := p.model()
		if err != nil {
			t.Fatal(err)
		}
		pix := []byte{0, 0, 0, 0, 255, 255, 255, 255, 1, 128, 254, 3, 7, 9, 11, 13}
		m.transform().Convert(pix)
	})
}

func BenchmarkConvert(b *testing.B) {
	const pixels = 1 << 20
	rng := rand.New(rand.NewPCG(1, 2))
	photo := make([]byte, 4*pixels)
	v := [4]float64{128, 128, 128, 30}
	for i := range photo { // colors change as in a picture
		v[i%4] = min(max(v[i%4]+3*rng.NormFloat64(), 0), 255)
		photo[i] = byte(v[i%4])
	}
	pix := make([]byte, len(photo))
	for name, profile := range testProfiles() {
		b.Run("profile="+name, func(b *testing.B) {
			p, _ := Parse(profile)
			transform, err := p.Transform()
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				copy(pix, photo)
				transform.Convert(pix)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/pixels, "ns/pixel")
		})
	}
}

// The first Transform of a profile is made, the next ones are kept.
func BenchmarkTransform(b *testing.B) {
	for name, profile := range testProfiles() {
		b.Run(fmt.Sprintf("profile=%s", name), func(b *testing.B) {
			p, _ := Parse(profile)
			for b.Loop() {
				m, err := p.model()
				if err != nil {
					b.Fatal(err)
				}
				m.transform()
			}
		})
	}
}
