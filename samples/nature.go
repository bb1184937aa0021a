package samples

import "math"

// dunes is a desert in low sun: sharp crests, ripples across the wind, a clear sky.
func dunes(c *canvas) scene {
	seed := c.seed
	skies := [][]rgb{
		hexes(0xf3dcb8, 0xc9d3dc, 0x6fa3d0, 0x2f6fb4),
		hexes(0xffc488, 0xf0a890, 0x9c8fb8, 0x4c5c98),
	}
	grad := skies[c.IntN(len(skies))]
	sands := hexes(0xd79a5b, 0xe3b778, 0xc4713f)
	sand := sands[c.IntN(len(sands))]
	side := 1.0
	if c.IntN(2) == 0 {
		side = -1
	}
	sun := vec{side * c.between(0.75, 1), c.between(0.24, 0.4), c.between(-0.1, 0.5)}.norm()
	s := &sky{seed + 1, grad, sun, hex(0xffe0b0), c.between(-0.42, -0.2), hex(0xfff4e4), hex(0xb8a8a8), 0.5}
	height := func(x, z float64) float64 {
		warp := fbm(seed+2, x*0.35, z*0.35, 3)
		// A dune climbs slowly on the windward side and falls steeply behind its crest.
		wave := func(p float64) float64 {
			p -= math.Floor(p)
			if p < 0.7 {
				p /= 0.7
				return p * p * (1.9 - 0.9*p)
			}
			p = (1 - p) / 0.3
			return p * p * (1.8 - 0.8*p)
		}
		big := wave(x*0.26*side + z*0.16 + 1.5*warp)
		mid := wave(x*0.5*side - z*0.34 + 1.2*warp + 0.6*fbm(seed+3, x*0.8, z*0.8, 3))
		return (0.62*big + 0.24*mid + 0.25*warp) * smooth(-2, 9, z)
	}
	t := newTerrain(c, c.between(0.30, 0.38), c.between(0.85, 1.05), 26, height)
	haze := ramp(grad, 0.12)
	return func(x, y float64) rgb {
		z, ok := t.at(x, y)
		if !ok {
			return s.at(t.dir(x, y))
		}
		wx := (x - c.w/2) / t.focal * z
		n := t.slope(wx, z, 0.004*z)
		// Ripples run along the slope, and fade where they would be smaller than a pixel.
		r := wx*34 + z*22 + 5*fbm(seed+4, wx*2.2, z*2.2, 4)
		fade := smooth(9, 1.5, z)
		ripple := math.Cos(r) * fade
		fine := fbm(seed+5, wx*70, z*70, 4)
		n = vec{n.x + 0.10*ripple + 0.06*fine, n.y, n.z + 0.06*ripple}.norm()
		lit := clamp01(n.dot(sun)*1.5 - 0.10)
		// A shadow falls where the dune towards the sun is higher than the ray.
		h := height(wx, z)
		shadow := 1.0
		for _, d := range [...]float64{0.12, 0.3, 0.55, 0.9} {
			over := height(wx+sun.x*d, z+sun.z*d) - h - sun.y*d
			shadow = min(shadow, 1-smooth(-0.01, 0.04+0.05*d, over))
		}
		light := rgb{2.1, 1.65, 1.1}.dim(lit * shadow).add(ramp(grad, 0.8).dim(0.34 + 0.2*n.y))
		col := sand.dim(1 + 0.45*fine + 0.18*fbm(seed+6, wx*2, z*2, 3)).times(light).dim(0.62)
		if g := rnd(seed, int(x), int(y)); g > 0.996 {
			col = col.dim(1.7)
		}
		return mix(col, haze, 0.8*(1-math.Exp(-z*z*0.0035)))
	}
}

// sea is open water towards a low sun: waves lit from behind, a path of light, clouds on fire.
func sea(c *canvas) scene {
	seed := c.seed
	moods := []struct {
		sky                  []rgb
		light, lit, dim, sea rgb
	}{
		{hexes(0xffd08a, 0xf59a6a, 0x8d6aa0, 0x2b3a78), hex(0xffb25a), hex(0xffc08a), hex(0x5a4a78), hex(0x0d3548)},
		{hexes(0xf4dfc4, 0xe3b4a6, 0x8a9cc8, 0x3a5c9c), hex(0xffd9a8), hex(0xfff0e0), hex(0x8f8aa8), hex(0x0c4654)},
		{hexes(0xffe9b8, 0xf6b86a, 0xb0748a, 0x43457c), hex(0xffc060), hex(0xffd9a0), hex(0x74587c), hex(0x123a50)},
	}
	m := moods[c.IntN(len(moods))]
	sun := vec{c.between(-0.35, 0.35), c.between(0.05, 0.14), 1}.norm()
	s := &sky{seed + 1, m.sky, sun, m.light, c.between(-0.02, 0.12), m.lit, m.dim, c.between(0.45, 0.7)}
	horizon := c.h * c.between(0.36, 0.46)
	focal := max(c.w, c.h) * 0.9
	const eye = 0.5
	swell := c.between(0, math.Pi/3)
	cs, sn := math.Cos(swell), math.Sin(swell)
	return func(x, y float64) rgb {
		dx := (x - c.w/2) / focal
		if y < horizon {
			return s.at(vec{dx, (horizon - y) / focal, 1}.norm())
		}
		z := eye * focal / (y - horizon + 0.6)
		wx := dx * z
		// Waves: a warped swell, and noise at ever smaller scales as far as the pixels can show it.
		u, v := (wx*cs+z*sn)*3, (z*cs-wx*sn)*3
		px := z * z / (eye * focal) * 3
		wave := func(u, v float64) float64 {
			wu, wv := u+0.5*noise(seed+2, u*0.6, v*0.6), v+0.5*noise(seed+3, u*0.6, v*0.6)
			sum, amp, f := 0.0, 0.5, 0.55
			for o := range 6 {
				n := 1 - math.Abs(noise(seed+4+uint32(o), wu*f*0.7, wv*f*1.5))
				sum += amp * n * n * smooth(0.35, 0.08, px*f)
				amp *= 0.50
				f *= 1.95
				wu, wv = wu*0.94+wv*0.34, wv*0.94-wu*0.34
			}
			return sum
		}
		const e = 0.012
		h := wave(u, v)
		steep := 0.17 * lerp(0.35, 1, smooth(26, 1, z))
		n := vec{(h - wave(u+e, v)) / e * steep, 1, (h - wave(u, v+e)) / e * steep}.norm()
		d := vec{dx, (horizon - y) / focal, 1}.norm()
		r := d.mirror(n)
		r.y = math.Abs(r.y)
		fresnel := 0.03 + 0.97*power4(clamp01(1+d.dot(n)))
		body := m.sea.dim(0.55+1.2*h*h).glow(m.light.times(rgb{0.2, 0.55, 0.5}), 0.22*smooth(0.55, 0.95, h))
		col := mix(body, s.at(r), clamp01(fresnel))
		glint := max(0, r.dot(sun))
		glint *= glint
		glint *= glint
		glint *= glint
		glint *= glint
		glint *= glint
		col = col.glow(m.light, 1.3*glint*glint*glint)
		foam := smooth(0.78, 0.90, h+0.10*fbm(seed+20, u*9, v*9, 4)) * smooth(9, 2, z)
		col = mix(col, rgb{0.85, 0.8, 0.76}, 0.5*foam)
		return mix(col, ramp(m.sky, 0.08), 0.75*smooth(12, 160, z))
	}
}

// aurora is northern lights over a frozen lake and snowy hills.
func aurora(c *canvas) scene {
	seed := c.seed
	pals := [][2]rgb{{hex(0x35ff9a), hex(0x9a4dff)}, {hex(0x4dffd0), hex(0xff4d9a)}, {hex(0x7dff6a), hex(0x4d8aff)}}
	p := pals[c.IntN(len(pals))]
	height := func(x, z float64) float64 {
		r := ridged(seed+3, x*0.3, z*0.3, 8)
		return 0.02 + r*r*smooth(3, 10, z)*1.9
	}
	t := newTerrain(c, c.between(0.66, 0.74), 0.5, 24, func(x, z float64) float64 { return max(height(x, z), 0.1) })
	bend := c.between(0.5, 0.9)
	lean := c.between(-0.5, 0.5)
	light := func(d vec) rgb {
		up := max(d.y, 0.001)
		col := mix(hex(0x10213f), hex(0x030611), smooth(0, 0.6, up))
		for i := range 3 {
			k := seed + uint32(i)*31
			// A curtain is a line on the ground far away; what stands over it is drawn out upwards.
			x := d.x/(d.z+0.3)*1.6 + lean*float64(i)
			line := 0.10 + 0.11*float64(i) + bend*0.30*fbm(k+5, x*0.9, float64(i)*3, 4) + 0.10*x*lean
			over := up - line
			if over < -0.03 {
				continue
			}
			fold := fbm(k+6, x*4.5+over*0.6, over*0.35, 3)
			ray := 0.55 + 0.75*fold + 0.40*fbm(k+7, x*34, over*1.2, 4)
			long := 0.17 + 0.10*noise(k+8, x*2.2, 0.5)
			v := smooth(-0.02, 0.022, over) * math.Exp(-max(over, 0)/long) * clamp01(ray) * (1.1 - 0.22*float64(i))
			col = col.add(mix(p[0], p[1], smooth(0.03, 0.36, over+0.08*fold)).dim(v * 0.85))
			col = col.glow(p[0], 0.05*math.Exp(-math.Abs(over)*7))
		}
		return col
	}
	cell := c.h / 75
	ground := func(x, z float64) rgb {
		n := t.slope(x, z, 0.004*z)
		fine := fbm(seed+9, x*22, z*22, 5)
		snow := mix(hex(0x232c3a), hex(0xc4d6ea), smooth(0.45, 0.8, n.y+0.16*fine))
		trees := smooth(0.0, 0.16, fbm(seed+10, x*3, z*3, 6)) * smooth(0.9, 0.3, height(x, z))
		snow = mix(snow, hex(0x0c1a1a), trees*0.9)
		glow := p[0].dim(0.34 * (0.5 + 0.5*n.y)).add(hex(0x1a2c50).dim(0.8)).add(rgb{0.5, 0.56,
			0.7}.dim(0.5 * clamp01(n.x*0.8+n.y*0.3)))
		return mix(snow.times(glow).dim(1+0.5*fine), mix(hex(0x0e2338), p[0].dim(0.12), 0.4), 0.8*(1-math.Exp(-z*0.05)))
	}
	return func(x, y float64) rgb {
		z, ok := t.at(x, y)
		if !ok {
			d := t.dir(x, y)
			return light(d).add(stars(seed+11, x, y, cell, 0.6).dim(1.2)).add(stars(seed+12, x, y, cell*0.4,
				0.4).dim(0.25))
		}
		wx := (x - c.w/2) / t.focal * z
		if height(wx, z) > 0.1 || y < t.horizon+2 {
			return ground(wx, z)
		}
		// Ice: a blurred mirror with cracks and drifts of snow.
		rough := fbm(seed+13, wx*6, z*6, 6)
		my := 2*t.horizon - y + rough*c.h*0.02
		var mirror rgb
		if mz, land := t.at(x, my); land && my < t.horizon {
			mirror = ground((x-c.w/2)/t.focal*mz, mz)
		} else {
			mirror = light(t.dir(x+rough*c.h*0.03, min(my, t.horizon-1)))
		}
		crack := 1 - math.Abs(fbm(seed+14, wx*1.6, z*1.6, 5))*26
		drift := smooth(0.02, 0.25, fbm(seed+15, wx*1.1, z*2.2, 6))
		col := mirror.dim(0.55 + 0.25*rough).add(hex(0x0a1c2c))
		col = col.glow(hex(0x9ad0e0), 0.12*clamp01(crack))
		snow := p[0].dim(0.16).add(hex(0x30405c)).dim(0.9 + 0.5*fbm(seed+16, wx*40, z*40, 4))
		return mix(col, snow, drift*0.85)
	}
}
