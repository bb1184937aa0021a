package vp8l

import "imgpipe/transform/internal/codec"

// subtract is the inverse of add: the difference of each byte.
func subtract(a, b uint32) uint32 {
	const low = 0x00ff00ff
	return ((a|^uint32(low))-b&low)&low | ((a|low)-b&^low)&^low
}

// residuals sets out to what is left of the pixels of row from x to end after prediction by a mode (section 4.1). All
// pixels are in one slice, and row begins at at; neither x nor at is 0.
func residuals(out, pix []uint32, at, x, end, width int, mode uint8) {
	now := pix[at+x-1 : at+end]
	above := pix[at+x-1-width : at+end+1-width]
	out = out[:end-x]
	now, above = now[:len(out)+1], above[:len(out)+2]
	switch mode {
	case 0:
		for i := range out {
			out[i] = subtract(now[i+1], opaque)
		}
	case 1:
		for i := range out {
			out[i] = subtract(now[i+1], now[i])
		}
	case 2:
		for i := range out {
			out[i] = subtract(now[i+1], above[i+1])
		}
	case 3:
		for i := range out {
			out[i] = subtract(now[i+1], above[i+2])
		}
	case 4:
		for i := range out {
			out[i] = subtract(now[i+1], above[i])
		}
	case 5:
		for i := range out {
			out[i] = subtract(now[i+1], mean(mean(now[i], above[i+2]), above[i+1]))
		}
	case 6:
		for i := range out {
			out[i] = subtract(now[i+1], mean(now[i], above[i]))
		}
	case 7:
		for i := range out {
			out[i] = subtract(now[i+1], mean(now[i], above[i+1]))
		}
	case 8:
		for i := range out {
			out[i] = subtract(now[i+1], mean(above[i], above[i+1]))
		}
	case 9:
		for i := range out {
			out[i] = subtract(now[i+1], mean(above[i+1], above[i+2]))
		}
	case 10:
		for i := range out {
			out[i] = subtract(now[i+1], mean(mean(now[i], above[i]), mean(above[i+1], above[i+2])))
		}
	case 11:
		for i := range out {
			out[i] = subtract(now[i+1], nearer(now[i], above[i+1], above[i]))
		}
	case 12:
		for i := range out {
			out[i] = subtract(now[i+1], gradient(now[i], above[i+1], above[i]))
		}
	case 13:
		for i := range out {
			out[i] = subtract(now[i+1], halfGradient(mean(now[i], above[i+1]), above[i]))
		}
	}
}

// A channels has the costs of residuals, for red, green, blue and alpha.
type channels [4][256]uint32

// guess sets the costs of small residuals lower than those of large ones.
func (c *channels) guess() {
	for v := range 256 {
		size := min(v, 256-v)
		for i := range c {
			c[i][v] = 1<<costDigits + 2*log2(uint32(size+1))
		}
	}
}

// learn sets the costs to those in the best codes for the pixels of pix.
func (c *channels) learn(pix []uint32) {
	var counts [4][256]uint32
	for _, v := range pix {
		counts[0][v&0xff]++
		counts[1][v>>8&0xff]++
		counts[2][v>>16&0xff]++
		counts[3][v>>24]++
	}
	for i := range c {
		costs(c[i][:], counts[i][:])
	}
}

// of returns the cost of pixels, with or without their alpha.
func (c *channels) of(pix []uint32, alpha bool) (cost uint64) {
	if alpha {
		for _, v := range pix {
			cost += uint64(c[3][v>>24])
		}
	}
	for _, v := range pix {
		cost += uint64(c[0][v&0xff] + c[1][v>>8&0xff] + c[2][v>>16&0xff])
	}
	return cost
}

// predictorModes are those that are tried, by effort.
var predictorModes = [...][]uint8{
	Fast:   {1, 2, 11, 7},
	Normal: {1, 2, 11, 12, 5, 7, 10},
	High:   {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13},
}

// predict sets out to what is left of g after prediction, and returns the mode of each square of 1<<bits pixels.
func (e *Encoder) predict(out []uint32, g grid, bits int, effort Effort, stop codec.Stop) (modes []uint32, err error) {
	wide, high := tiles(g.w, bits), tiles(g.h, bits)
	e.modes = resized(e.modes, wide*high)
	clear(e.modes)
	out[0] = subtract(g.pix[0], opaque)
	for x := 1; x < g.w; x++ {
		out[x] = subtract(g.pix[x], g.pix[x-1])
	}
	for y := 1; y < g.h; y++ {
		out[y*g.w] = subtract(g.pix[y*g.w], g.pix[(y-1)*g.w])
	}
	var c channels
	c.guess()
	trial := make([]uint32, 1<<bits)
	for ty := range high {
		if err := stop.Err(); err != nil {
			return nil, err
		}
		top, bottom := max(ty<<bits, 1), min((ty+1)<<bits, g.h)
		for tx := range wide {
			left, right := max(tx<<bits, 1), min((tx+1)<<bits, g.w)
			if left >= right || top >= bottom {
				continue
			}
			best, least := uint8(0), ^uint64(0)
			for _, mode := range predictorModes[effort] {
				var cost uint64
				for y := top; y < bottom && cost < least; y++ {
					residuals(trial, g.pix, y*g.w, left, right, g.w, mode)
					cost += c.of(trial[:right-left], e.alpha)
				}
				if cost < least {
					best, least = mode, cost
				}
			}
			for y := top; y < bottom; y++ {
				residuals(out[y*g.w+left:], g.pix, y*g.w, left, right, g.w, best)
			}
			e.modes[ty*wide+tx] = opaque | uint32(best)<<8
		}
		if ty&3 == 0 {
			c.learn(out[:bottom*g.w])
		}
	}
	return e.modes, nil
}
