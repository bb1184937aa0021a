package vp8l

import "imgpipe/transform/internal/codec"

// crossDelta is what a factor adds to a channel for the value of another (section 4.2).
func crossDelta(factor int8, v uint32) uint32 { return uint32(int32(factor) * int32(int8(v)) >> 5) }

// A slope gathers the least squares of one or two channels that explain another.
type slope struct{ xx, xy, yy, xz, yz int64 }

// crossColors takes from red and blue in g what follows from other channels, and returns the factors of each square of
// 1<<bits pixels.
func (e *Encoder) crossColors(g grid, bits int, stop codec.Stop) (factors []uint32, err error) {
	wide, high := tiles(g.w, bits), tiles(g.h, bits)
	e.factors = resized(e.factors, wide*high)
	var c channels
	c.learn(g.pix)
	for ty := range high {
		if err := stop.Err(); err != nil {
			return nil, err
		}
		for tx := range wide {
			t := tile{g, tx << bits, ty << bits, min((tx+1)<<bits, g.w), min((ty+1)<<bits, g.h)}
			e.factors[ty*wide+tx] = t.cross(&c)
		}
	}
	return e.factors, nil
}

// A tile is a part of a picture.
type tile struct {
	grid
	left, top, right, bottom int
}

func (t *tile) row(y int) []uint32 { return t.pix[y*t.w:][t.left:t.right] }

// cross does crossColors in one square.
func (t *tile) cross(c *channels) uint32 {
	var toRed, toBlue slope // x is green, y is red, z is what is explained
	for y := t.top; y < t.bottom; y++ {
		for _, v := range t.row(y) {
			r, g, b := int64(int8(v)), int64(int8(v>>8)), int64(int8(v>>16))
			toRed.xx += g * g
			toRed.xz += g * r
			toBlue.xy += g * r
			toBlue.yy += r * r
			toBlue.xz += g * b
			toBlue.yz += r * b
		}
	}
	toBlue.xx = toRed.xx
	greenToRed := t.better(0, ratio(toRed.xz, toRed.xx), 0, func(v uint32, a, _ int8) uint32 {
		return c[0][(v-crossDelta(a, v>>8))&0xff]
	})
	var greenToBlue, redToBlue int8
	blue := func(v uint32, a, b int8) uint32 {
		return c[2][(v>>16-crossDelta(a, v>>8)-crossDelta(b, v))&0xff]
	}
	// The determinant is 0 where one channel would do.
	if det := toBlue.xx*toBlue.yy - toBlue.xy*toBlue.xy; det > 0 {
		a := ratio(toBlue.xz*toBlue.yy-toBlue.yz*toBlue.xy, det)
		b := ratio(toBlue.yz*toBlue.xx-toBlue.xz*toBlue.xy, det)
		greenToBlue, redToBlue = t.pair(a, b, blue)
	} else {
		greenToBlue = t.better(0, ratio(toBlue.xz, toBlue.xx), 0, blue)
	}
	if greenToRed == 0 && greenToBlue == 0 && redToBlue == 0 {
		return opaque
	}
	for y := t.top; y < t.bottom; y++ {
		row := t.row(y)
		for i, v := range row {
			r := (v - crossDelta(greenToRed, v>>8)) & 0xff
			b := (v>>16 - crossDelta(greenToBlue, v>>8) - crossDelta(redToBlue, v)) & 0xff
			row[i] = v&0xff00ff00 | r | b<<16
		}
	}
	return opaque | uint32(uint8(redToBlue)) | uint32(uint8(greenToBlue))<<8 | uint32(uint8(greenToRed))<<16
}

// ratio returns 32 a ÷ b as a factor.
func ratio(a, b int64) int8 {
	if b == 0 {
		return 0
	}
	return int8(min(max(32*float64(a)/float64(b)+128.5, 0), 255) - 128)
}

// better returns the factor with which the pixels of t cost less.
func (t *tile) better(a, other, b int8, cost func(v uint32, a, b int8) uint32) int8 {
	if a != other && t.sum(other, b, cost) < t.sum(a, b, cost) {
		return other
	}
	return a
}

// pair returns a and b if pixels cost less with them than without.
func (t *tile) pair(a, b int8, cost func(v uint32, a, b int8) uint32) (int8, int8) {
	if t.sum(a, b, cost) < t.sum(0, 0, cost) {
		return a, b
	}
	return 0, 0
}

func (t *tile) sum(a, b int8, cost func(v uint32, a, b int8) uint32) (sum uint64) {
	for y := t.top; y < t.bottom; y++ {
		for _, v := range t.row(y) {
			sum += uint64(cost(v, a, b))
		}
	}
	return sum
}
