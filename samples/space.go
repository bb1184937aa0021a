package samples

import "math"

// stars scatters stars over the sky, by cells: few bright ones, many faint ones, each of the color of its heat.
func stars(seed uint32, x, y, cell, density float64) rgb {
	var sum rgb
	u, v := x/cell, y/cell
	iu, iv := int(math.Floor(u)), int(math.Floor(v))
	for j := iv - 1; j <= iv+1; j++ {
		for i := iu - 1; i <= iu+1; i++ {
			h := hash(seed, i, j)
			if unit(h) > density {
				continue
			}
			k := hash(h, 1, 2)
			dx, dy := (float64(i)+unit(k)-u)*cell, (float64(j)+unit(k*0x9E3779B1)-v)*cell
			m := unit(hash(h, 5, 6))
			bright := 0.05 / (0.035 + m)
			d2 := dx*dx + dy*dy
			light := 0.0
			if d2 < 30 { // beyond, less than a ten-millionth of it is left
				light = bright * math.Exp(-d2*0.55)
			}
			if bright > 0.7 {
				light += bright * 0.03 / (0.6 + d2*0.12) * math.Exp(-d2/(cell*cell*0.12))
			}
			heat := unit(hash(h, 7, 8))
			sum = sum.glow(mix(rgb{1, 0.72, 0.48}, rgb{0.62, 0.78, 1}, heat), light)
		}
	}
	return sum
}

// galaxy is a spiral galaxy, tilted, with dust lanes along its arms and clouds that glow where stars are born.
func galaxy(c *canvas) scene {
	seed := c.seed
	cx, cy := c.between(0.42, 0.58)*c.w, c.between(0.42, 0.58)*c.h
	turn := c.between(0, math.Pi)
	flat := c.between(0.45, 0.75)
	wind := c.between(3.2, 4.6)
	if c.IntN(2) == 0 {
		wind = -wind
	}
	size := c.between(0.40, 0.5) * min(c.w, c.h*1.3)
	cs, sn := math.Cos(turn), math.Sin(turn)
	core, young, old := hex(0xffe2b0), hex(0x8fb4ff), hex(0xffc996)
	pink := hex(0xff5f87)
	cell := c.h / 110
	return func(x, y float64) rgb {
		dx, dy := (x-cx)/size, (y-cy)/size
		u, v := dx*cs+dy*sn, (dy*cs-dx*sn)/flat
		r := math.Hypot(u, v)
		a := math.Atan2(v, u)
		wobble := fbm(seed, u*2.6, v*2.6, 5)
		phase := 2*(a-wind*math.Log(r+0.05)) + 1.5*wobble
		arm := 0.5 + 0.5*math.Cos(phase)
		arm *= arm
		// Clouds are drawn out along the arms: noise in polar coordinates that turn with them.
		sa, ca := math.Sincos(a - wind*math.Log(r+0.05)*0.55)
		cloud := fbm(seed+1, 4*r*ca+r*3, 4*r*sa, 7)
		fine := fbm(seed+2, u*22, v*22, 6)
		disc := math.Exp(-2.6*r) * smooth(1.7, 0.5, r)
		light := core.dim(2.4*math.Exp(-r*r*55) + 0.75*math.Exp(-r*7.5))
		glow := disc * (0.14 + 1.25*arm*clamp01(0.75+1.2*cloud)) * (1 + 0.9*fine)
		light = light.glow(mix(old, young, clamp01(r*1.5+0.35*arm-0.1)), glow*1.25)
		// Nurseries sit on the outer side of the arms.
		birth := smooth(0.18, 0.5, fbm(seed+3, u*9, v*9, 4)) * smooth(0.25, 0.9, arm) * disc
		light = light.glow(pink, birth*1.9)
		dust := smooth(0.0, 0.55, fbm(seed+4, 5*r*ca+u*2, 5*r*sa+v*2, 7)+0.25*math.Cos(phase+1.1)) * smooth(0.03, 0.14,
			r) * smooth(1.5, 0.6, r)
		light = light.times(mix(rgb{1, 1, 1}, rgb{0.28, 0.16, 0.11}, dust*0.9))
		// The nearer sky: dim clouds of gas and the stars of our own galaxy.
		gas := fbm(seed+5, x/c.h*2.2, y/c.h*2.2, 7)
		light = light.glow(mix(hex(0x2a1a4a), hex(0x123a4a), clamp01(0.5+gas)), 0.30*clamp01(0.35+gas))
		light = light.add(stars(seed+6, x, y, cell, 0.55).dim(1.6))
		light = light.add(stars(seed+7, x, y, cell*0.4, 0.30+0.5*disc).dim(0.28 + 1.2*disc))
		return light.dim(1.35).add(rgb{0.004, 0.005, 0.009})
	}
}
