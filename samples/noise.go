package samples

import "math"

// hash mixes a seed and two lattice coordinates into 32 even bits (the finaliser is that of MurmurHash3).
func hash(seed uint32, x, y int) uint32 { return finish(seed ^ uint32(x)*hashX ^ uint32(y)*hashY) }

const hashX, hashY = 0x9E3779B1, 0x85EBCA77

func finish(h uint32) uint32 {
	h ^= h >> 16
	h *= 0x85EBCA6B
	h ^= h >> 13
	h *= 0xC2B2AE35
	h ^= h >> 16
	return h
}

// unit turns a hash into a number in [0, 1).
func unit(h uint32) float64 { return float64(h>>8) * (1.0 / (1 << 24)) }

// rnd is a number in [0, 1) that depends on the seed and two integers alone.
func rnd(seed uint32, x, y int) float64 { return unit(hash(seed, x, y)) }

// gradients are eight directions for gradient noise (K. Perlin, "Improving Noise", SIGGRAPH 2002), in two dimensions.
var gradients = [8][2]float64{
	{1, 0.4}, {-1, 0.4}, {1, -0.4}, {-1, -0.4}, {0.4, 1}, {-0.4, 1}, {0.4, -1}, {-0.4, -1},
}

// noise is gradient noise with a lattice of 1, in about [-1, 1].
func noise(seed uint32, x, y float64) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	ix, iy := int(fx), int(fy)
	x -= fx
	y -= fy
	u := x * x * x * (x*(x*6-15) + 10)
	v := y * y * y * (y*(y*6-15) + 10)
	hx, hy := uint32(ix)*hashX, seed^uint32(iy)*hashY
	hx1, hy1 := hx+hashX, seed^(uint32(iy)*hashY+hashY)
	g00, g10 := &gradients[finish(hx^hy)&7], &gradients[finish(hx1^hy)&7]
	g01, g11 := &gradients[finish(hx^hy1)&7], &gradients[finish(hx1^hy1)&7]
	a := g00[0]*x + g00[1]*y
	b := g10[0]*(x-1) + g10[1]*y
	c := g01[0]*x + g01[1]*(y-1)
	d := g11[0]*(x-1) + g11[1]*(y-1)
	a += (b - a) * u
	c += (d - c) * u
	return 1.4 * (a + (c-a)*v)
}

// fbm sums octaves of noise, each of half the size and half the height of the one before, turned a little so that
// the lattices do not line up. It is in about [-1, 1].
func fbm(seed uint32, x, y float64, octaves int) float64 {
	sum, amp := 0.0, 0.5
	for range octaves {
		sum += amp * noise(seed, x, y)
		x, y = 1.6*x+1.2*y+3.7, -1.2*x+1.6*y+1.9
		amp *= 0.5
		seed += 0x9E37
	}
	return sum
}

// ridged is fbm with the valleys of each octave folded up into crests, and fine detail on the crests only
// (F. K. Musgrave's ridged multifractal). It is in about [0, 1].
func ridged(seed uint32, x, y float64, octaves int) float64 {
	sum, amp, weight := 0.0, 0.5, 1.0
	for range octaves {
		n := 1 - math.Abs(noise(seed, x, y))
		n *= n * weight
		sum += amp * n
		weight = min(max(n*1.6, 0), 1)
		x, y = 1.6*x+1.2*y+3.7, -1.2*x+1.6*y+1.9
		amp *= 0.5
		seed += 0x9E37
	}
	return sum
}

func clamp01(x float64) float64 { return min(max(x, 0), 1) }

func lerp(a, b, t float64) float64 { return a + (b-a)*t }

func power4(x float64) float64 { return x * x * x * x }

// smooth rises from 0 at a to 1 at b with level ends.
func smooth(a, b, x float64) float64 {
	t := clamp01((x - a) / (b - a))
	return t * t * (3 - 2*t)
}
