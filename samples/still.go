package samples

import "math"

// A ball is one thing of a still life.
type ball struct {
	at    vec
	r     float64
	color rgb
	shine float64 // how much of a mirror it is
	skin  int     // 0 plain, 1 marble, 2 stripes, 3 speckled
}

// A table is a still life: balls on a wooden table, before a wall and under a large soft lamp.
type table struct {
	seed  uint32
	pal   []rgb
	lamp  vec // where it is
	balls []ball
	wall  rgb
}

// stilllife is balls of glaze, stone and metal on a wooden table, under a large soft lamp, traced by ray.
func stilllife(c *canvas) scene {
	pals := [][]rgb{
		hexes(0xc8452f, 0xe9a13b, 0x2f6f6b, 0xefe6d5, 0x28405f, 0x8c2f4a),
		hexes(0x1f4e5f, 0xf2c14e, 0xf78154, 0x5fad56, 0xb4436c, 0xf5efe0),
		hexes(0x6b2d5c, 0xf0386b, 0xff9b71, 0xf8dfa1, 0x2f6690, 0x81c3d7),
	}
	pal := pals[c.IntN(len(pals))]
	lamp := vec{c.between(-0.8, 0.8), 1.35, c.between(-0.9, -0.2)}.norm()
	s := &table{seed: c.seed, pal: pal, lamp: lamp, balls: layBalls(c, pal)}
	s.wall = mix(pal[c.IntN(len(pal))], rgb{0.5, 0.48, 0.45}, 0.72)
	eye := vec{0, 1.9, -6.2}
	look := vec{0, 0.35, 0.8}.sub(eye).norm()
	right := vec{look.z, 0, -look.x}.norm()
	up := vec{look.y * right.z, look.z*right.x - look.x*right.z, -look.y * right.x}
	unitPx := 1 / (min(c.w, c.h*1.4) * 1.15)

	return func(x, y float64) rgb {
		d := look.add(right.times((x - c.w/2) * unitPx)).sub(up.times((y - c.h/2) * unitPx)).norm()
		return s.trace(eye, d, 2).dim(1.15)
	}
}

// layBalls lays balls of these colors on the table, by chance, where there is room.
func layBalls(c *canvas, pal []rgb) (balls []ball) {
	for tries := 0; tries < 900 && len(balls) < 26; tries++ {
		r := c.between(0.16, 0.95)
		if len(balls) > 5 {
			r = c.between(0.10, 0.36)
		}
		b := ball{at: vec{c.between(-3.4, 3.4), r, c.between(-1.6, 4.6)}, r: r, color: pal[c.IntN(len(pal))],
			skin: c.IntN(4)}
		if c.IntN(3) == 0 {
			b.shine, b.skin = 0.75, 0
		} else {
			b.shine = 0.06
		}
		free := true
		for _, o := range balls {
			d := o.at.sub(b.at)
			free = free && d.dot(d) > (o.r+r)*(o.r+r)*1.02
		}
		if free {
			balls = append(balls, b)
		}
	}
	return balls
}

// hit returns how far it is from o in the direction d to the first ball, and which that is; -1 if none.
func (s *table) hit(o, d vec) (float64, int) {
	t, k := math.Inf(1), -1
	for i := range s.balls {
		p := s.balls[i].at.sub(o)
		along := p.dot(d)
		off := p.dot(p) - along*along
		r2 := s.balls[i].r * s.balls[i].r
		if along > 0 && off < r2 {
			if s := along - math.Sqrt(r2-off); s > 1e-3 && s < t {
				t, k = s, i
			}
		}
	}
	return t, k
}

// shade is how much of the lamp a place sees: each ball takes the part of it that it seems to cover; near contact
// all light is dimmed.
func (s *table) shade(p vec) float64 {
	lit := 1.0
	for i := range s.balls {
		q := s.balls[i].at.sub(p)
		d2 := q.dot(q)
		along := q.dot(s.lamp)
		if along > 0 {
			off := math.Sqrt(max(d2-along*along, 0))
			lit *= smooth(-0.22, 0.22, (off-s.balls[i].r)/(along+0.2))
		}
	}
	return lit
}

// occlusion is how much of its surroundings a place with the normal n sees.
func (s *table) occlusion(p, n vec) float64 {
	open := 1.0
	for i := range s.balls {
		q := s.balls[i].at.sub(p)
		d2 := q.dot(q)
		r2 := s.balls[i].r * s.balls[i].r
		if r2 < 0.003*d2 {
			continue // too small from here to matter
		}
		if cos := q.dot(n) / math.Sqrt(d2); cos > 0 {
			open *= 1 - 0.9*cos*min(1, r2/d2)
		}
	}
	return open
}

// wood is the color of the table at a place.
func (s *table) wood(x, z float64) rgb {
	plank := math.Floor(x / 0.85)
	px := x/0.85 - plank
	id := hash(s.seed, int(plank), 7)
	warp := fbm(id, x*1.5, z*0.35, 4)
	rings := 0.5 + 0.5*math.Sin((x*3+warp*3.4+unit(id)*40)*7)
	fiber := fbm(s.seed+2, x*60, z*3, 4)
	pore := fbm(s.seed+3, x*150, z*9, 3)
	col := mix(hex(0x6b3f1f), hex(0xb98150), clamp01(rings*0.6+0.3+fiber*0.7)).dim(0.75 + 0.5*unit(hash(id, 1, 1)))
	col = col.dim(1 + 0.55*pore)
	return col.dim(0.25 + 0.75*smooth(0, 0.014, px)*smooth(1, 0.986, px))
}

// softbox is what of the room lies in a direction: the lamp, a window, or a wall.
func (s *table) softbox(d vec) rgb {
	if d.y <= 0 {
		return rgb{0.2, 0.15, 0.1}
	}
	l := smooth(0.80, 0.86, d.dot(s.lamp))
	window := smooth(0.25, 0.3, d.y) * smooth(0.75, 0.7, d.y) * smooth(-0.75, -0.7, d.x) * smooth(-0.2, -0.25, d.x)
	return s.wall.dim(0.35 + 0.4*d.y).add(rgb{5, 4.8, 4.4}.dim(l)).add(rgb{1.6, 1.9, 2.3}.dim(window))
}

// trace is the light that comes to o from the direction d, after so many mirrors at most.
func (s *table) trace(o, d vec, depth int) rgb {
	switch t, k := s.hit(o, d); {
	case k >= 0:
		return s.ball(o, d, t, k, depth)
	case d.y > -1e-4 || o.y/-d.y*d.z+o.z > 7:
		return s.room(o, d)
	}
	return s.top(o, d, depth)
}

// room is what is behind the table: a plastered wall, or the room behind the viewer.
func (s *table) room(o, d vec) rgb {
	if d.z > 0.05 {
		t := (7 - o.z) / d.z
		p := o.add(d.times(t))
		rough := fbm(s.seed+4, p.x*1.2, p.y*1.2, 7)
		fine := fbm(s.seed+5, p.x*26, p.y*26, 4)
		pool := math.Exp(-((p.x-s.lamp.x*3)*(p.x-s.lamp.x*3) + (p.y-2.6)*(p.y-2.6)) * 0.07)
		return s.wall.dim((0.22 + 0.85*pool) * (1 + 0.35*rough + 0.25*fine))
	}
	return s.softbox(d)
}

// top is the table itself.
func (s *table) top(o, d vec, depth int) rgb {
	t := o.y / -d.y
	p := o.add(d.times(t))
	n := vec{0, 1, 0}
	light := 1.15*s.shade(p)*s.lamp.y + 0.42*s.occlusion(p, n)
	col := s.wood(p.x, p.z).dim(light)
	if depth > 0 {
		gloss := 0.05 + 0.5*power4(1+d.y)*(1+d.y)
		bump := 0.015 * noise(s.seed+6, p.x*40, p.z*5)
		rough := n.add(vec{bump, 0, bump}).norm()
		col = mix(col, s.trace(p.add(n.times(1e-3)), d.mirror(rough), 0), gloss)
	}
	return col
}

// ball is ball k, which is t away.
func (s *table) ball(o, d vec, t float64, k, depth int) rgb {
	b := &s.balls[k]
	p := o.add(d.times(t))
	n := p.sub(b.at).times(1 / b.r)
	lat, lon := n.y*2+float64(k), math.Atan2(n.z, n.x)*1.3
	col := b.color
	speck := fbm(s.seed+8+uint32(k), lon*14, lat*14, 5)
	switch b.skin {
	case 1:
		vein := 1 - math.Abs(fbm(s.seed+uint32(k), lon*1.8+speck*0.4, lat*1.8, 6))*5
		col = mix(col.dim(1+0.6*speck), rgb{0.9, 0.87, 0.8}, clamp01(vein)*0.8)
	case 2:
		band := math.Sin(n.y*9 + 0.9*speck + float64(k))
		col = mix(col, s.pal[(k+2)%len(s.pal)], smooth(-0.15, 0.15, band)).dim(1 + 0.4*speck)
	case 3:
		dot := smooth(0.25, 0.42, fbm(s.seed+uint32(k), lon*9, lat*9, 3))
		col = mix(col.dim(1+0.3*speck), rgb{0.10, 0.07, 0.05}, dot*0.8)
	}
	light := 1.5*s.shade(p.add(n.times(0.02)))*clamp01(n.dot(s.lamp)) + 0.40*(0.6+0.4*n.y)*s.occlusion(p, n)
	if depth == 0 {
		return col.dim(light)
	}
	fresnel := b.shine + (1-b.shine)*power4(clamp01(1+d.dot(n)))*0.9
	bump := n.add(vec{speck, noise(s.seed, lon*14, lat*14), speck}.times(0.006)).norm()
	mirror := s.trace(p.add(n.times(1e-3)), d.mirror(bump), depth-1)
	if b.shine > 0.5 {
		mirror = mirror.times(mix(rgb{1, 1, 1}, col, 0.55))
	}
	return mix(col.dim(light), mirror, fresnel)
}
