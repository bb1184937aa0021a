package samples

import "math"

// A field is a meadow: the colors of its flowers and of its sky, and where its horizon is.
type field struct {
	*canvas
	pal, grad      []rgb
	horizon, focal float64
}

// meadow is a field of flowers that runs to the horizon, drawn row behind row.
func meadow(c *canvas) scene {
	pals := [][]rgb{
		hexes(0xd8262a, 0xe8452f, 0xc81e3a, 0x5a6fd0, 0xf4efe6),
		hexes(0xf6c82a, 0xf9a01f, 0xffe680, 0xf4efe6, 0xd85a2a),
		hexes(0x8a5ad0, 0xb07ae0, 0xe08ac0, 0x6a4ab8, 0xf6e6f4),
		hexes(0xf08ab0, 0xf7c0d0, 0xe0527a, 0xfff2ea, 0xf2b84a),
	}
	pal := pals[c.IntN(len(pals))]
	grads := [][]rgb{hexes(0xdfe9ec, 0xa8cfe8, 0x4f97d4, 0x2468b4), hexes(0xffe2b8, 0xf6c0a0, 0x9fb0d8, 0x4f78b8)}
	grad := grads[c.IntN(len(grads))]
	sun := vec{c.between(-0.7, 0.7), c.between(0.3, 0.5), 0.8}.norm()
	s := &sky{c.seed + 1, grad, sun, hex(0xfff0d0), c.between(0.02, 0.16), hex(0xffffff), hex(0x98a6bc), 0.6}
	horizon := c.h * c.between(0.30, 0.42)
	focal := max(c.w, c.h) * 0.9
	const rowsN = 46
	type row struct{ z, ground, size float64 }
	var all [rowsN]row // from near to far
	for i := range all {
		z := 0.52 * math.Pow(1.085, float64(i))
		all[i] = row{z, horizon + 0.42*focal/z, 0.060 * focal / z}
	}
	m := &field{canvas: c, pal: pal, grad: grad, horizon: horizon, focal: focal}
	return func(x, y float64) rgb {
		var out rgb
		clear := 1.0
		for k := range all {
			r := &all[k]
			if y > r.ground || y < r.ground-r.size*5.2 {
				continue
			}
			gap := r.size * 1.9
			i0 := int(math.Floor(x/gap + 0.5*float64(k&1)))
			for i := i0 - 1; i <= i0+1 && clear > 0.02; i++ {
				id := hash(m.seed+7, i, k)
				fx := (float64(i)+0.5-0.5*float64(k&1))*gap + (unit(id)-0.5)*gap*0.9
				size := r.size * (0.55 + 0.6*unit(hash(id, 3, 3)))
				head := r.ground - r.size*(1.5+2.6*unit(hash(id, 4, 4)))
				tilt := 0.55 + 0.4*unit(hash(id, 5, 5))
				dx, dy := (x-fx)/size, (y-head)/(size*tilt)
				if math.Abs(dx) > 1.1 || dy < -1.1 || dy > 1.1 && math.Abs(dx) > 0.4 {
					continue
				}
				// Flowers stand in patches.
				wx := (fx - m.w/2) / m.focal * r.z
				if unit(hash(id, 2, 2)) > 0.66+0.9*fbm(m.seed+8, wx*1.6, r.z*1.6, 2) {
					continue
				}
				if col, part := m.flower(dx, dy, id, r.z); part > 0 {
					haze := mix(col, ramp(m.grad, 0.2), 0.5*smooth(3, 22, r.z))
					out = out.glow(haze, clear*part)
					clear *= 1 - part
				} else if y > head {
					// The stem bends a little; two leaves leave it.
					sway := (y - head) / (r.ground - head)
					sx := x - fx - size*0.5*(unit(hash(id, 6, 6))-0.5)*math.Sin(sway*2.5)
					if w := size * 0.07; math.Abs(sx) < w*2 {
						part := smooth(w*2, w*0.8, math.Abs(sx))
						out = out.glow(hex(0x4a7020).dim(0.55+0.6*clamp01(0.5+sx/w)), clear*part)
						clear *= 1 - part
					}
				}
			}
		}
		if clear <= 0.02 {
			return out
		}
		var back rgb
		if y > m.horizon+1 {
			z := 0.42 * m.focal / (y - m.horizon)
			back = mix(m.grass(x, y, z), ramp(m.grad, 0.15), 0.55*smooth(4, 40, z))
		} else if col, ok := m.hills(x, y); ok {
			back = col
		} else {
			back = s.at(vec{(x - m.w/2) / m.focal, (m.horizon - y) / m.focal, 1}.norm())
		}
		return out.glow(back, clear)
	}
}

// hills are the color of the hills at a place, if it is on one.
func (m *field) hills(x, y float64) (rgb, bool) {
	for k := range 3 {
		far := float64(k) / 2
		top := m.horizon - m.h*(0.012+0.03*float64(k))*(1.2+1.3*fbm(m.seed+30+uint32(k), x/m.h*(2.4-0.5*far), 3.3, 3))
		edge := top - m.h*0.006*(1-far)*fbm(m.seed+33, x*0.08, 1, 4)
		if y > edge {
			leaf := fbm(m.seed+34, x*0.09, y*0.13, 5)
			col := mix(hex(0x2a4a22), ramp(m.grad, 0.2), 0.28+0.3*far).dim(1 + 0.7*leaf*(1-0.5*far))
			return col, true
		}
	}
	return rgb{}, false
}

// grass is the color of the ground at a place that is z away.
func (m *field) grass(x, y, z float64) rgb {
	wx := (x - m.w/2) / m.focal * z
	patch := fbm(m.seed+3, wx*3, z*3, 4)
	blade := fbm(m.seed+4, x*0.13+y*0.02, y*0.018, 5)
	fine := fbm(m.seed+5, x*0.42-y*0.05, y*0.06, 3)
	col := mix(hex(0x2c4a14), hex(0x86a030), clamp01(0.42+0.6*blade+0.4*patch))
	col = col.dim((0.72 + 0.9*blade + 0.7*fine) * 1.25)
	// Far off the flowers melt into a tint.
	return mix(col, m.pal[0].dim(0.9).times(rgb{1, 1, 1}.dim(1+0.6*fine)),
		0.34*smooth(4, 12, z)*smooth(-0.3, 0.3, patch))
}

// flower is the color of the flower id at a place in it, and how much of the place it covers.
func (m *field) flower(dx, dy float64, id uint32, z float64) (rgb, float64) {
	r := math.Hypot(dx, dy)
	if r > 1.1 {
		return rgb{}, 0
	}
	a := math.Atan2(dy, dx) + unit(id)*6
	petals := 5 + float64(id>>4&3)*1.5
	if id>>6&1 == 0 {
		petals = 9 + float64(id>>7&3)*2
	}
	petals = math.Floor(petals)
	wave := math.Abs(math.Cos(a * petals / 2))
	edge := 0.62 + 0.38*math.Sqrt(wave) + 0.04*noise(id, a*3, 1)
	soft := 0.03 + 0.02*z
	part := smooth(edge+soft, edge-soft, r)
	if part == 0 {
		return rgb{}, 0
	}
	pick := unit(hash(id, 1, 1))
	col := m.pal[int(pick*pick*float64(len(m.pal)))%len(m.pal)]
	vein := noise(id, a*11, r*2)
	col = col.dim(0.62 + 0.5*r + 0.28*vein + 0.25*wave - 0.30*dy)
	heart := smooth(0.30, 0.22, r)
	seedy := noise(id, dx*17, dy*17)
	col = mix(col, mix(hex(0xe8a81e), hex(0x3a2410), clamp01(0.5+seedy+0.5*dy)), heart)
	return col.dim(1.18), part
}
