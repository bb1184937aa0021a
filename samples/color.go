package samples

import "math"

// rgb is light: linear, 1 is white, more is brighter than white.
type rgb struct{ r, g, b float64 }

func (c rgb) add(d rgb) rgb     { return rgb{c.r + d.r, c.g + d.g, c.b + d.b} }
func (c rgb) times(d rgb) rgb   { return rgb{c.r * d.r, c.g * d.g, c.b * d.b} }
func (c rgb) dim(f float64) rgb { return rgb{c.r * f, c.g * f, c.b * f} }
func (c rgb) luma() float64     { return 0.2126*c.r + 0.7152*c.g + 0.0722*c.b }
func (c rgb) glow(d rgb, f float64) rgb {
	return rgb{c.r + d.r*f, c.g + d.g*f, c.b + d.b*f}
}
func mix(c, d rgb, t float64) rgb {
	return rgb{c.r + (d.r-c.r)*t, c.g + (d.g-c.g)*t, c.b + (d.b-c.b)*t}
}

// hex is a color as a designer writes it, 0xRRGGBB in sRGB.
func hex(v uint32) rgb {
	return rgb{linear[v>>16&255], linear[v>>8&255], linear[v&255]}
}

// linear is the light of each level of sRGB (IEC 61966-2-1).
var linear = func() (table [256]float64) {
	for i := range table {
		s := float64(i) / 255
		if s <= 0.04045 {
			table[i] = s / 12.92
		} else {
			table[i] = math.Pow((s+0.055)/1.055, 2.4)
		}
	}
	return table
}()

// hexes is a palette.
func hexes(vs ...uint32) []rgb {
	p := make([]rgb, len(vs))
	for i, v := range vs {
		p[i] = hex(v)
	}
	return p
}

// ramp walks through a palette, t from 0 to 1.
func ramp(p []rgb, t float64) rgb {
	t = clamp01(t) * float64(len(p)-1)
	i := min(int(t), len(p)-2)
	t -= float64(i)
	return mix(p[i], p[i+1], t*t*(3-2*t))
}

// cycle walks round a palette whose last color leads back to its first, once as t grows by 1.
func cycle(p []rgb, t float64) rgb {
	t = (t - math.Floor(t)) * float64(len(p))
	i := int(t)
	t -= float64(i)
	return mix(p[i%len(p)], p[(i+1)%len(p)], t)
}

// vec is a place or direction in space: x to the right, y up, z away from the viewer.
type vec struct{ x, y, z float64 }

func (a vec) add(b vec) vec       { return vec{a.x + b.x, a.y + b.y, a.z + b.z} }
func (a vec) sub(b vec) vec       { return vec{a.x - b.x, a.y - b.y, a.z - b.z} }
func (a vec) times(f float64) vec { return vec{a.x * f, a.y * f, a.z * f} }
func (a vec) dot(b vec) float64   { return a.x*b.x + a.y*b.y + a.z*b.z }
func (a vec) norm() vec           { return a.times(1 / math.Sqrt(a.dot(a))) }
func (a vec) mirror(n vec) vec    { return a.sub(n.times(2 * a.dot(n))) }
