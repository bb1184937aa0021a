package samples

import "math"

// glass is a stained-glass window: a Voronoi diagram of panes in lead, the sun behind it.
func glass(c *canvas) scene {
	seed := c.seed
	pals := [][]rgb{
		hexes(0x0d2c6b, 0x1769c2, 0x58b4e6, 0xf5d36b, 0xc5262c, 0x7c1030),
		hexes(0x0a4a3a, 0x2f9e5b, 0xc9d94f, 0xf2a03a, 0x2a6fb0, 0x143a78),
		hexes(0x4a0d5c, 0x9b2c8a, 0xf05a7e, 0xf9c46b, 0x2a9bb0, 0x12306b),
	}
	pal := pals[c.IntN(len(pals))]
	cells := c.between(11, 16)
	cx, cy := c.between(0.3, 0.7)*c.w, c.between(0.25, 0.5)*c.h
	rings := c.between(5, 8)
	shift := c.Float64()
	px := cells / c.h
	return func(x, y float64) rgb {
		u, v := x*px, y*px
		// Nearest and second nearest site, and how far the border between them is.
		iu, iv := int(math.Floor(u)), int(math.Floor(v))
		var bx, by, sx, sy float64
		best, second := math.Inf(1), math.Inf(1)
		var id uint32
		for j := iv - 2; j <= iv+2; j++ {
			for i := iu - 2; i <= iu+2; i++ {
				h := hash(seed, i, j)
				qx, qy := float64(i)+0.1+0.8*unit(h), float64(j)+0.1+0.8*unit(h*0x9E3779B1)
				d := (qx-u)*(qx-u) + (qy-v)*(qy-v)
				if d < best {
					second, sx, sy = best, bx, by
					best, bx, by, id = d, qx, qy, h
				} else if d < second {
					second, sx, sy = d, qx, qy
				}
			}
		}
		border := (second - best) / (2 * math.Hypot(sx-bx, sy-by))
		// The color of a pane comes from where its site lies around the rose, with a few strays.
		rx, ry := bx/px-cx, by/px-cy
		ring := math.Hypot(rx, ry) / c.h * rings
		tone := shift + ring*0.31 + 0.35*rnd(seed+1, int(id>>16), int(id&0xffff))
		col := cycle(pal, tone)
		// Hand-made glass: streaks, seeds (bubbles) and thickness.
		a := rnd(id, 3, 4) * math.Pi
		su, sv := u*math.Cos(a)+v*math.Sin(a), v*math.Cos(a)-u*math.Sin(a)
		streak := fbm(id, su*3, sv*0.8, 6)
		pebble := fbm(seed+5, u*14, v*14, 5)
		bubble := smooth(0.62, 0.8, noise(seed+6, u*9, v*9))
		sun := math.Exp(-((x-cx)*(x-cx) + (y-cy)*(y-cy)) / (c.h * c.h * 0.16))
		back := 0.55 + 1.5*sun + 0.5*fbm(seed+7, u*0.25, v*0.25, 4)
		col = col.dim(back * (1 + 0.75*streak + 0.5*pebble + 0.35*bubble))
		col = mix(col, rgb{1, 0.95, 0.8}.dim(back), 0.10*clamp01(streak*2)+0.25*sun*sun)
		col = col.dim(0.45 + 0.55*smooth(0.02, 0.24, border)) // dirt gathers at the lead
		// Lead came, round on top, with solder and scratches.
		lead := 0.052 + 0.01*noise(seed+8, u*2, v*2)
		m := 1 - smooth(lead-1.2*px, lead+1.2*px, border)
		if m > 0 {
			t := border / lead
			round := math.Sqrt(max(0, 1-t*t))
			side := ((sx-bx)*0.6 + (sy-by)*0.8) / math.Hypot(sx-bx, sy-by)
			shine := 0.05 + 0.10*round + 0.08*max(0, side*t)
			col = mix(col, rgb{shine, shine, shine * 1.1}.dim(1+0.8*pebble), m)
		}
		return col
	}
}

// marble is stone drawn by noise that displaces noise that displaces noise (I. Quilez, "Domain warping"), polished.
func marble(c *canvas) scene {
	seed := c.seed
	pals := [][]rgb{
		hexes(0x0f2a33, 0x1d5a5c, 0x79a69a, 0xeadfc8, 0xb8733a, 0x3b1a14),
		hexes(0x1b1a2e, 0x44355b, 0xa46a7e, 0xf0d9c4, 0xe2a75f, 0x7a2f2b),
		hexes(0x14213d, 0x2f5d8a, 0xa9c7d8, 0xf8f1e5, 0xd9b26a, 0x6b4a21),
		hexes(0x12261a, 0x3c6b3f, 0xb3bf7a, 0xf6edd0, 0xc98f4e, 0x512a16),
	}
	pal := pals[c.IntN(len(pals))]
	scale := c.between(1.1, 1.6) / c.h
	ox, oy := c.between(0, 50), c.between(0, 50)
	return func(x, y float64) rgb {
		u, v := x*scale+ox, y*scale+oy
		qx, qy := fbm(seed, u, v, 4), fbm(seed+1, u+5.2, v+1.3, 4)
		rx, ry := fbm(seed+2, u+3.2*qx+1.7, v+3.2*qy+9.2, 5), fbm(seed+3, u+3.2*qx+8.3, v+3.2*qy+2.8, 5)
		n := fbm(seed+4, u+3.6*rx, v+3.6*ry, 6)
		col := ramp(pal, 0.5+0.75*n+0.35*qy)
		col = mix(col, pal[4], clamp01(1.1*rx*rx))
		col = mix(col, pal[0], clamp01(0.9*ry*ry+0.35*math.Abs(qx)))
		// Gold and quartz in the cracks.
		crack := 1 - math.Abs(fbm(seed+6, u*1.4+2.1*rx, v*1.4+2.1*ry, 7))*9
		if crack > 0 {
			glint := 0.5 + 1.2*rnd(seed, int(x), int(y))*smooth(0.4, 0.9, crack)
			col = mix(col, rgb{1.05, 0.72, 0.30}.dim(glint), clamp01(crack*1.2)*smooth(0.05, 0.35, math.Abs(qx)))
		}
		grainy := fbm(seed+7, x*0.06, y*0.06, 4)
		return col.dim((1.05 + 0.9*n) * (1 + 0.25*grainy))
	}
}
