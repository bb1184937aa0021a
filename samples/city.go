package samples

import "math"

// A town is a city at night: the colors of its sky, windows and signs, and where its shore and its moon are.
type town struct {
	*canvas
	grad, lamps, neon   []rgb
	shore, moonX, moonY float64
}

// city is a skyline at night across a river: rows of towers, each in front of a paler one, their windows mirrored.
func city(c *canvas) scene {
	skies := [][]rgb{
		hexes(0xe08a5a, 0x7a4a78, 0x2a2a5c, 0x0c1030),
		hexes(0x5a86b0, 0x2c4a80, 0x142450, 0x080c24),
		hexes(0xc86a8a, 0x5c3a80, 0x222458, 0x0a0c2c),
	}
	grad := skies[c.IntN(len(skies))]
	shore := c.h * c.between(0.66, 0.74)
	lamps := hexes(0xffc873, 0xffe2b0, 0xfff2d8, 0xbfe0ff, 0xffa14d)
	neon := hexes(0xff3d7f, 0x35d0ff, 0x8cff5a, 0xffb02e)
	moonX, moonY := c.between(0.15, 0.85)*c.w, c.between(0.08, 0.2)*c.h
	t := &town{c, grad, lamps, neon, shore, moonX, moonY}
	bank := t.h * 0.012
	return func(x, y float64) rgb {
		if y < t.shore {
			return t.above(x, y)
		}
		if y < t.shore+bank { // the quay and its lamps
			stone := 0.02 + 0.02*fbm(t.seed+20, x*0.1, y*0.3, 4)
			gap := t.h * 0.035
			d := math.Hypot(math.Mod(x, gap)-gap/2, y-t.shore-bank*0.3)
			return rgb{stone, stone, stone * 1.3}.glow(hex(0xffb866), 2.2/(1+d*d*40000/(t.h*t.h)*4))
		}
		depth := (y - t.shore - bank) / (t.h - t.shore)
		// Waves pull a reflection out far up and down, and little to the side.
		u, v := x/t.h*34, math.Log(depth+0.05)*26
		n := fbm(t.seed+21, u*0.55, v, 6)
		m := fbm(t.seed+22, u*1.7, v*2.6, 4)
		my := t.shore - (y-t.shore-bank)*0.92 + (n*0.9+m*0.4)*t.h*(0.02+0.10*depth)
		mx := x + (n-m)*t.h*0.006
		r := t.above(mx, min(my, t.shore-1)).
			add(t.above(mx+m*3, min(my+t.h*0.012*m, t.shore-1))).
			add(t.above(mx, max(min(my-t.h*0.03*(0.4+depth), t.shore-1), 0)))
		lampAt := t.h * 0.035
		lx := math.Mod(mx, lampAt) - lampAt/2
		column := math.Exp(-lx*lx*90/(lampAt*lampAt)) * math.Exp(-depth*3.5) * clamp01(0.4+1.4*n)
		return r.dim(0.30*(0.85+0.6*n)).glow(hex(0xffb866), 0.4*column).add(rgb{0.006, 0.010, 0.018})
	}
}

// sky is the sky at a place, with its moon.
func (t *town) sky(x, y float64) rgb {
	up := (t.shore - y) / t.shore
	col := ramp(t.grad, math.Sqrt(clamp01(up*1.05)))
	u, v := x/t.h, y/t.h
	cloud := fbm(t.seed+1, u*2.2, v*6, 7)
	col = mix(col, ramp(t.grad, 0.1).dim(0.55+0.4*cloud), 0.55*smooth(-0.05, 0.4, cloud)*smooth(0.9, 0.2, up))
	d := math.Hypot(x-t.moonX, y-t.moonY) / t.h
	col = col.glow(hex(0xfff0d0), 0.035/(0.03+d*d*30))
	if moon := smooth(0.0285, 0.0275, d); moon > 0 {
		col = mix(col, hex(0xfff4dc).dim(1.1+0.7*fbm(t.seed+2, u*40, v*40, 5)), moon)
	}
	return col.add(stars(t.seed+3, x, y, t.h/60, 0.4).dim(0.7 * smooth(0.25, 0.8, up)))
}

// above is what is above the shore at a place: a tower, or the sky.
func (t *town) above(x, y float64) rgb {
	const layers = 5
	for k := range layers { // 0 is the nearest
		far := float64(k) / (layers - 1)
		wide := t.h * lerp(0.115, 0.034, far)
		lot := math.Floor(x/wide + 0.37*float64(k))
		id := hash(t.seed+10, int(lot), k)
		left := (lot - 0.37*float64(k)) * wide
		w := wide * (0.66 + 0.32*rnd(id, 1, 0))
		district := 0.6 + 0.55*noise(t.seed+11, x/t.h*1.6+float64(k)*0.3, float64(k))
		tall := t.shore * (0.10 + 0.42*far*district + 0.40*rnd(id, 2, 0)*rnd(id, 3, 0)*(0.45+0.55*far))
		bx, by := x-left, t.shore-y
		mid := math.Abs(bx - w/2)
		top := tall
		switch id & 7 {
		case 0, 1: // stepped back
			if mid > w*0.3 {
				top *= 0.86
			}
		case 2: // a spire
			top += max(0, w*0.16-mid) * 4
		case 3: // an aerial
			if mid < t.h*0.0011 {
				top += wide * 0.8
			}
			if math.Hypot(bx-w/2, by-top) < t.h*0.0018 {
				return rgb{2, 0.15, 0.1}
			}
		case 4: // slanted
			top += (bx - w/2) * 0.5
		}
		if bx < 0 || bx > w || by > top {
			continue
		}
		rough := fbm(t.seed+12, x*0.22, y*0.22, 4)
		wall := mix(rgb{0.010, 0.012, 0.022}, ramp(t.grad, 0.35).dim(0.42), far*0.8)
		wall = wall.dim((0.8 + 0.5*by/t.shore + 0.5*bx/w) * (1 + 0.5*rough))
		// The glow of the streets climbs the walls.
		wall = wall.glow(hex(0xff9a4a), 0.11*math.Exp(-by/(t.h*0.035)))
		cw := t.h * lerp(0.0092, 0.0042, far) * (0.8 + 0.5*rnd(id, 4, 0))
		ch := t.h * lerp(0.0125, 0.0052, far) * (0.85 + 0.4*rnd(id, 5, 0))
		i, j := math.Floor(bx/cw), math.Floor((top-by)/ch)
		fx, fy := bx/cw-i, (top-by)/ch-j
		e := 0.9 / cw
		pane := smooth(0.18-e, 0.18+e, fx) * smooth(0.86+e, 0.86-e, fx) *
			smooth(0.22-e, 0.22+e, fy) * smooth(0.82+e, 0.82-e, fy)
		if i < 1 || bx > w-cw || by < ch {
			pane = 0
		}
		busy := 0.25 + 0.4*rnd(id, 6, 0) + 0.35*noise(id, i*0.2, j*0.35)
		win := hash(id, int(i), int(j))
		col := wall
		if unit(win) < busy {
			lamp := t.lamps[(id>>5+win>>28&1)%uint32(len(t.lamps))]
			blind := 0.35 + 0.9*unit(hash(win, 1, 1))*(0.55+0.45*fy)
			blind *= 1 + 0.6*noise(win, fx*3, fy*3)
			col = mix(col, lamp.dim(blind*lerp(1.15, 0.55, far)), pane)
		} else {
			col = mix(col, ramp(t.grad, 0.5).dim(0.25+0.2*unit(win)), pane*0.6)
		}
		if id>>8&15 == 0 && mid < w*0.42 && by > top*0.86 && by < top*0.93 { // a sign
			col = col.glow(t.neon[id>>12&3], 1.1*(0.6+0.4*rough))
		}
		return col
	}
	return t.sky(x, y)
}
