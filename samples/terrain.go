package samples

import (
	"math"
	"sync"
)

// A terrain is a height field seen from above its nearest edge. Each column of the picture is walked from near to far
// once, and what it sees at each pixel is kept; colors are worked out later, per pixel.
type terrain struct {
	w, h    int
	horizon float64 // the pixel row at eye level
	focal   float64 // pixels per unit of width at distance 1
	eye     float64 // height of the viewer
	far     float64
	height  func(x, z float64) float64
	depth   []float32   // distance of what is seen, by column and row; 0 is sky
	walked  []sync.Once // by column: most are walked by the first row, for a part of a picture only some
}

// newTerrain sets up a terrain, whose columns are walked when they are first looked at. height is in the unit of eye,
// and must vary little between neighbors.
func newTerrain(c *canvas, horizon, eye, far float64, height func(x, z float64) float64) *terrain {
	t := &terrain{w: int(c.w), h: int(c.h), horizon: c.h * horizon, focal: max(c.w, c.h) * 0.9, eye: eye, far: far,
		height: height}
	t.depth = make([]float32, t.w*t.h)
	t.walked = make([]sync.Once, t.w)
	return t
}

func (t *terrain) column(x int) {
	col := t.depth[x*t.h : (x+1)*t.h]
	slope := (float64(x) + 0.5 - float64(t.w)/2) / t.focal
	// Between two steps the ground is a straight line, and each row that it newly covers sees a place on it.
	top := t.h                                           // the rows from top down are done
	z0, y0, z1, y1 := 0.0, math.Inf(1), 0.0, math.Inf(1) // the two steps before
	row := func(z float64) float64 { return t.horizon + (t.eye-t.height(slope*z, z))*t.focal/z }
	cover := func(z, y float64) {
		for top > 0 && float64(top)-0.5 > y {
			top--
			d := z
			if z1 > 0 && y1 > y {
				d = lerp(z, z1, clamp01((float64(top)+0.5-y)/(y1-y)))
			}
			col[top] = float32(d)
		}
	}
	for z := 0.4; z < t.far && top > 0; z += 0.004 + z*0.0032 {
		y := row(z)
		if y1 < y0 && y1 <= y && y1 < float64(top)+3 {
			// The ground hides itself here. Where exactly must not depend on the steps, or crests would look like saws.
			a, b := z0, z
			for range 6 {
				l, r := lerp(a, b, 1./3), lerp(a, b, 2./3)
				if row(l) < row(r) {
					b = r
				} else {
					a = l
				}
			}
			crest := (a + b) / 2
			cover(crest, row(crest))
		}
		cover(z, y)
		z0, y0, z1, y1 = z1, y1, z, y
	}
}

// at says how far away is what pixel (x, y) sees; ok is false where that is the sky.
func (t *terrain) at(x, y float64) (z float64, ok bool) {
	i, j := min(max(int(x), 0), t.w-1), min(max(int(y), 0), t.h-1)
	t.walked[i].Do(func() { t.column(i) })
	d := t.depth[i*t.h+j]
	return float64(d), d > 0
}

// dir is the direction in which pixel (x, y) looks, of length 1.
func (t *terrain) dir(x, y float64) vec {
	return vec{(x - float64(t.w)/2) / t.focal, (t.horizon - y) / t.focal, 1}.norm()
}

// slope is the upward normal of the height field at a place, measured over the distance e.
func (t *terrain) slope(x, z, e float64) vec {
	h := t.height(x, z)
	return vec{h - t.height(x+e, z), e, h - t.height(x, z+e)}.norm()
}

// A sky is a gradient with a sun and clouds.
type sky struct {
	seed     uint32
	gradient []rgb // from the horizon up
	sun      vec
	light    rgb     // of the sun
	cover    float64 // of clouds: -0.3 nearly none, 0.3 nearly all
	lit, dim rgb     // clouds towards the sun and away from it
	scale    float64
}

func (s *sky) at(d vec) rgb {
	up := max(d.y, 0)
	c := ramp(s.gradient, math.Sqrt(up*1.15))
	toward := max(d.dot(s.sun), 0)
	t4 := toward * toward
	t4 *= t4
	t32 := t4 * t4
	t32 *= t32 * t32 * t32
	c = c.glow(s.light, 0.10*t4+0.35*t32+6*smooth(0.99945, 0.9996, toward))
	// Clouds lie on a plane high above; far ones crowd together and fade.
	k := s.scale / (up + 0.09)
	x, z := d.x*k, d.z*k
	warp := fbm(s.seed+9, x*0.7, z*0.7, 3)
	n := fbm(s.seed, x+warp, z+warp*0.6, 6)
	cover := smooth(-s.cover, -s.cover+0.34, n)
	if cover > 0 {
		shade := fbm(s.seed, x+warp+s.sun.x*0.3, z+warp*0.6+s.sun.z*0.3, 3) - n
		col := mix(s.lit, s.dim, clamp01(0.42+n*0.9+shade*0.8)).glow(s.light, 0.25*t4*(1-cover*0.6))
		c = mix(c, col, cover*smooth(0, 0.10, up)*0.94)
	}
	return c
}

// landscape is mountains behind a lake, or a valley.
func landscape(c *canvas) scene {
	type mood struct {
		sky              []rgb
		light, lit, dim  rgb
		grass, rock, sun rgb
	}
	moods := []mood{
		{hexes(0xe8d9c0, 0xa9c4dc, 0x4f86bf, 0x2a5a98), hex(0xfff0d0), hex(0xfffaf0), hex(0x93a0b4), hex(0x4d6a2c),
			hex(0x7d756c), rgb{1.9, 1.7, 1.4}},
		{hexes(0xffc27a, 0xf08a6a, 0x8f6a9c, 0x39437c), hex(0xffb060), hex(0xffb48a), hex(0x6a5580), hex(0x4a5228),
			hex(0x77605a), rgb{2.2, 1.3, 0.75}},
		{hexes(0xd7e6ea, 0x8fc1d8, 0x3f8fc4, 0x1d5c9c), hex(0xffffff), hex(0xffffff), hex(0xa9b4c0), hex(0x6f7f2a),
			hex(0x86807a), rgb{1.9, 1.85, 1.75}},
		{hexes(0xf6c9b0, 0xd9a7b8, 0x8fa0d0, 0x4a68ac), hex(0xffd0b0), hex(0xffdccb), hex(0x8a86a8), hex(0x566a3a),
			hex(0x807078), rgb{1.9, 1.4, 1.15}},
	}
	m := moods[c.IntN(len(moods))]
	seed := c.seed
	sun := vec{c.between(-0.8, 0.8), c.between(0.22, 0.5), c.between(-0.75, 0.35)}.norm()
	s := &sky{seed + 1, m.sky, sun, m.light, c.between(-0.05, 0.14), m.lit, m.dim, c.between(0.5, 0.9)}
	water := c.between(0.08, 0.2)
	valley := c.between(-0.6, 0.6)
	rough := c.between(0.42, 0.6)
	height := func(x, z float64) float64 {
		// A valley runs away from the viewer; mountains rise with the distance and on both sides.
		far := smooth(2, 15, z)
		side := math.Abs(x - valley - 0.35*math.Sin(z*0.5+valley*5))
		base := 0.18*fbm(seed+2, x*0.7, z*0.7, 4) + 0.10
		r := ridged(seed+3, x*rough*0.42, z*rough*0.42, 9)
		h := base + r*r*far*3.6 + 0.10*smooth(0.5, 2.4, side)*r + 0.012*fbm(seed+4, x*9, z*9, 3)
		return h - 0.10*(1-far)*smooth(1.6, 0.2, side)
	}
	eye := c.between(0.55, 0.8)
	t := newTerrain(c, c.between(0.42, 0.5), eye, 30, func(x, z float64) float64 { return max(height(x, z), water) })
	haze := ramp(m.sky, 0.16)
	ground := func(x, z float64) rgb {
		h := height(x, z)
		e := 0.0016 * z
		n := vec{h - height(x+e, z), e, h - height(x, z+e)}.norm()
		patch := fbm(seed+5, x*4, z*4, 5)
		fine := fbm(seed+6, x*40, z*40, 4)
		col := mix(m.grass, m.grass.times(rgb{1.5, 1.15, 0.6}), clamp01(0.5+patch))
		forest := smooth(-0.05, 0.12, fbm(seed+7, x*1.7, z*1.7, 5)) * smooth(1.1, 0.5, h) * smooth(0.68, 0.8, n.y)
		col = mix(col, m.grass.times(rgb{0.25, 0.42, 0.35}).dim(0.8+1.2*fine), forest)
		col = mix(col, m.rock.dim(0.85+0.5*patch), smooth(0.86, 0.72, n.y+0.08*fine))
		col = mix(col, hex(0xc9b58e), smooth(0.03, 0.005, h-water))
		snow := smooth(1.0, 1.5, h+0.5*patch+0.3*fine) * smooth(0.35, 0.6, n.y)
		col = mix(col, rgb{0.9, 0.93, 1}, snow)
		sunlit := clamp01(n.dot(s.sun)*1.25 + 0.06)
		// What the sun does not reach is lit by the sky, and by the slopes across.
		across := clamp01(0.5*n.y - 0.6*n.dot(vec{s.sun.x, 0, s.sun.z}))
		light := m.sun.dim(sunlit).add(ramp(m.sky, 0.8).dim(0.22+0.85*across)).glow(m.light, 0.16*across)
		col = col.times(light).dim(0.72 * (1 + 0.6*fine))
		d := 1 - math.Exp(-z*0.042)
		return mix(col, haze, d*0.6)
	}
	return func(x, y float64) rgb {
		z, ok := t.at(x, y)
		if !ok {
			return s.at(t.dir(x, y))
		}
		wx := (x - c.w/2) / t.focal * z
		if height(wx, z) > water || y < t.horizon+2 {
			return ground(wx, z)
		}
		// The lake shows what is as far above the horizon as it is below it, bent by ripples.
		ripple := fbm(seed+8, wx*9, z*24, 5) * min(c.h*0.03, 0.16*(y-t.horizon))
		my := 2*t.horizon - y + ripple - (eye-water)*0.1*t.focal/z
		mx := x + ripple*0.4
		var mirror rgb
		if mz, land := t.at(mx, my); land && my < t.horizon {
			mirror = ground((mx-c.w/2)/t.focal*mz, mz)
		} else {
			mirror = s.at(t.dir(mx, min(my, t.horizon-1)))
		}
		deep := hex(0x12343c)
		return mix(deep, mirror, lerp(0.62, 0.86, t.horizon/y)).dim(0.9 + 0.25*ripple/(c.h*0.02))
	}
}
