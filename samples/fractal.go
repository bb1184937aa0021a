package samples

import "math"

// palettes for the subjects that have no colors of their own; each is walked round.
var palettes = [][]rgb{
	hexes(0x0b1d3a, 0x1f5f8b, 0xf2e9d8, 0xe8a33d, 0x8a2f1d),
	hexes(0x1a0b2e, 0x5b2a86, 0xd65db1, 0xffd6a5, 0x2d6a8f),
	hexes(0x06261f, 0x1b7a5a, 0xdfe8b8, 0xd98b3a, 0x5b1f2b),
	hexes(0x101820, 0x38678f, 0xbfd7ea, 0xf7f3e9, 0xc44536),
	hexes(0x2b0f0e, 0xa63d1b, 0xf4b860, 0xf9ecd2, 0x2f6f73),
}

// relief lights a fractal as if its smooth iteration count were a height: dx, dy point up the slope.
func relief(dx, dy float64) float64 {
	l := math.Hypot(dx, dy)
	if l == 0 {
		return 0.6
	}
	const up = 1.3
	v := (dx/l*0.62 + dy/l*0.55 + up*0.56) / (1 + up*0.45)
	return clamp01(0.25 + 0.75*v)
}

// mandelbrot is a place at the edge of the Mandelbrot set, its outside lit as a relief by the derivative.
func mandelbrot(c *canvas) scene {
	places := []struct{ x, y, size float64 }{
		{-0.743643, 0.131825, 0.006}, {-0.7453, 0.1127, 0.012}, {-0.1011, 0.9563, 0.03}, {0.2929859, 0.0149, 0.012},
		{-1.25066, 0.02012, 0.006}, {-0.748, 0.1, 0.03}, {-0.235125, 0.827215, 0.02}, {0.3750001, -0.2166, 0.03},
	}
	p := places[c.IntN(len(places))]
	size := p.size * c.between(0.8, 1.25)
	turn := c.between(0, 2*math.Pi)
	cs, sn := math.Cos(turn)*size/c.h, math.Sin(turn)*size/c.h
	pal := palettes[c.IntN(len(palettes))]
	pace := c.between(0.18, 0.3)
	shift := c.Float64()
	return func(x, y float64) rgb {
		x, y = x-c.w/2, y-c.h/2
		cx, cy := p.x+x*cs-y*sn, p.y+x*sn+y*cs
		// Within the main cardioid and the disc beside it no iteration is needed.
		if q := (cx-0.25)*(cx-0.25) + cy*cy; q*(q+cx-0.25) < 0.25*cy*cy || (cx+1)*(cx+1)+cy*cy < 0.0625 {
			return rgb{0.004, 0.004, 0.008}
		}
		var zx, zy, dx, dy float64
		for i := range 700 {
			dx, dy = 2*(zx*dx-zy*dy)+1, 2*(zx*dy+zy*dx)
			x2, y2 := zx*zx, zy*zy
			zx, zy = x2-y2+cx, 2*zx*zy+cy
			if r2 := x2 + y2; r2 > 1e4 {
				return fractalColor(c, pal, float64(i), zx, zy, dx, dy, size, pace, shift, x, y)
			}
		}
		return rgb{0.004, 0.004, 0.008}
	}
}

// julia is the Julia set of a point near the edge of the Mandelbrot set.
func julia(c *canvas) scene {
	points := [][2]float64{
		{-0.8, 0.156}, {-0.7269, 0.1889}, {0.285, 0.0102}, {-0.4, 0.6}, {-0.835, -0.2321}, {-0.70176, -0.3842},
		{-0.512511, 0.521295}, {-0.1, 0.6557},
	}
	p := points[c.IntN(len(points))]
	size := c.between(1.5, 2.3)
	turn := c.between(0, 2*math.Pi)
	cs, sn := math.Cos(turn)*size/c.h, math.Sin(turn)*size/c.h
	pal := palettes[c.IntN(len(palettes))]
	pace := c.between(0.16, 0.26)
	shift := c.Float64()
	return func(x, y float64) rgb {
		x, y = x-c.w/2, y-c.h/2
		zx, zy := x*cs-y*sn, x*sn+y*cs
		dx, dy := 1.0, 0.0
		for i := range 700 {
			dx, dy = 2*(zx*dx-zy*dy), 2*(zx*dy+zy*dx)
			x2, y2 := zx*zx, zy*zy
			zx, zy = x2-y2+p[0], 2*zx*zy+p[1]
			if r2 := x2 + y2; r2 > 1e4 {
				return fractalColor(c, pal, float64(i), zx, zy, dx, dy, size, pace, shift, x, y)
			}
		}
		return rgb{0.004, 0.004, 0.008}
	}
}

// fractalColor colors a point that escaped at z with the derivative d: by the logarithm of the continuous iteration
// count, and lit by z/d, which points away from the set; the distance to the set is |z| ln|z| / |d| (J. Milnor,
// Dynamics in One Complex Variable).
func fractalColor(c *canvas, pal []rgb, i, zx, zy, dx, dy, size, pace, shift, x, y float64) rgb {
	r := math.Hypot(zx, zy)
	d := math.Hypot(dx, dy)
	n := i + 1 - math.Log2(math.Log(r))
	dist := 2 * r * math.Log(r) / d / (size / c.h)
	// z/d is the direction; dividing complex numbers needs no size here.
	light := relief(zx*dx+zy*dy, zy*dx-zx*dy)
	col := cycle(pal, shift+pace*math.Sqrt(max(n, 0))*1.3)
	// Fine cloth over it, so that flat places are not empty.
	cloth := fbm(c.seed, x*900/c.h/4, y*900/c.h/4, 4)
	col = col.dim((0.35 + 1.15*light) * (1 + 0.35*cloth))
	return col.dim(0.15 + 0.85*smooth(0, 2.2, dist))
}
