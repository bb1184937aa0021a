package resample

import (
	"encoding/binary"
	"math/bits"
)

// midBits are the bits of full scale between the passes. With weights of wideBits, whose sizes add up to at most 2, the
// sums of both passes fit a word: down the columns, full scale has up to 38 bits, and along the rows 36.
const midBits = 36

// wide is the engine for samples of 16 bits and for linear light: a word for each sum, where lanes has three. The
// result is within one level of 65,535 of exact arithmetic. Colors of translucent pixels are multiplied by alpha; alpha
// is multiplied by the full scale of a color.
type wide struct {
	form
	down, across *axis
	color, alpha int64 // full scale
	drop         uint  // bits that sums lose between the passes
	rows         [together][]int64
	sums         pool[int64]
	mid          []int64 // a destination row between the passes

	lights8  *[256]int64
	levels8  *[lightFull>>levelDrop + 1]uint8
	lights16 *light16
}

func (w *wide) begin(k kind, down, across *axis) {
	w.kind, w.down, w.across = k, down, across
	w.color, w.alpha = 65535, 255
	if w.deep {
		w.alpha = 65535
	}
	switch {
	case w.linear && w.deep:
		w.color, w.lights16 = lightFull, lights16()
	case w.linear:
		w.color, w.lights8, w.levels8 = lightFull, lights8(), levels8()
	}
	full := w.color
	if k == translucent {
		full *= w.alpha
	}
	w.drop = uint(bits.Len64(uint64(full-1)) + wideBits - midBits)
	n := k.samples() * across.span
	for i := range w.rows {
		w.rows[i] = sized(w.rows[i], n)
	}
	w.sums.reset(n)
	// A pass along the row may read up to a whole set of weights past its end, where the weights are 0.
	w.mid = sized(w.mid, n+k.samples()*across.taps)
}

// samples is the number of sums that a pixel takes.
func (k kind) samples() int { return [...]int{gray: 1, rgb: 3, translucent: 4}[k] }

func (w *wide) open() { w.sums.add() }

func (w *wide) keep(slot int, row []byte) {
	out := w.rows[slot]
	switch {
	case w.linear && w.deep:
		w.keepDeepLights(out, row)
	case w.deep:
		w.keepDeep(out, row)
	default:
		w.keepLights(out, row)
	}
}

// keepDeep sets out to the samples of a row of 16 bits a sample.
func (w *wide) keepDeep(out []int64, row []byte) {
	switch w.kind {
	case gray:
		for i := range out {
			out[i] = int64(binary.BigEndian.Uint16(row[2*i:]))
		}
	case rgb:
		for ; len(out) >= 3 && len(row) >= 8; out, row = out[3:], row[8:] {
			v := binary.BigEndian.Uint64(row)
			out[0], out[1], out[2] = int64(v>>48), int64(v>>32&0xFFFF), int64(v>>16&0xFFFF)
		}
	case translucent:
		for ; len(out) >= 4 && len(row) >= 8; out, row = out[4:], row[8:] {
			v := binary.BigEndian.Uint64(row)
			a := int64(v & 0xFFFF)
			out[0], out[1], out[2] = a*int64(v>>48), a*int64(v>>32&0xFFFF), a*int64(v>>16&0xFFFF)
			out[3] = a * 65535
		}
	}
}

// keepDeepLights sets out to the light of such a row.
func (w *wide) keepDeepLights(out []int64, row []byte) {
	t := &w.lights16.of
	switch w.kind {
	case gray:
		for i := range out {
			out[i] = int64(t[binary.BigEndian.Uint16(row[2*i:])])
		}
	case rgb:
		for ; len(out) >= 3 && len(row) >= 8; out, row = out[3:], row[8:] {
			v := binary.BigEndian.Uint64(row)
			out[0], out[1], out[2] = int64(t[v>>48]), int64(t[v>>32&0xFFFF]), int64(t[v>>16&0xFFFF])
		}
	case translucent:
		for ; len(out) >= 4 && len(row) >= 8; out, row = out[4:], row[8:] {
			v := binary.BigEndian.Uint64(row)
			a := int64(v & 0xFFFF)
			out[0], out[1], out[2] = a*int64(t[v>>48]), a*int64(t[v>>32&0xFFFF]), a*int64(t[v>>16&0xFFFF])
			out[3] = a * lightFull
		}
	}
}

// keepLights sets out to the light of a row of 8 bits a sample.
func (w *wide) keepLights(out []int64, row []byte) {
	t := w.lights8
	switch w.kind {
	case gray:
		for i, v := range row[:len(out)] {
			out[i] = t[v]
		}
	case rgb:
		for ; len(out) >= 3 && len(row) >= 4; out, row = out[3:], row[4:] {
			out[0], out[1], out[2] = t[row[0]], t[row[1]], t[row[2]]
		}
	case translucent:
		for ; len(out) >= 4 && len(row) >= 4; out, row = out[4:], row[4:] {
			a := int64(row[3])
			out[0], out[1], out[2], out[3] = a*t[row[0]], a*t[row[1]], a*t[row[2]], a*lightFull
		}
	}
}

func (w *wide) add(i, from, to, at int) {
	sums, rows, weights := w.sums.open[i], w.rows[from:to], w.down.wide[at:]
	n := len(sums)
	switch len(rows) {
	case 4:
		w0, w1, w2, w3 := int64(weights[0]), int64(weights[1]), int64(weights[2]), int64(weights[3])
		r0, r1, r2, r3 := rows[0][:n], rows[1][:n], rows[2][:n], rows[3][:n]
		for i := range sums {
			sums[i] += w0*r0[i] + w1*r1[i] + w2*r2[i] + w3*r3[i]
		}
	case 3:
		w0, w1, w2 := int64(weights[0]), int64(weights[1]), int64(weights[2])
		r0, r1, r2 := rows[0][:n], rows[1][:n], rows[2][:n]
		for i := range sums {
			sums[i] += w0*r0[i] + w1*r1[i] + w2*r2[i]
		}
	default:
		for k, row := range rows {
			w, row := int64(weights[k]), row[:n]
			for i := range sums {
				sums[i] += w * row[i]
			}
		}
	}
}

func (w *wide) finish(a, b []byte, sums int) {
	w.row(a, w.sums.open[0])
	if sums == 2 {
		w.row(b, w.sums.open[1])
	}
	w.sums.drop(sums)
}

// row makes one destination row.
func (w *wide) row(dst []byte, sums []int64) {
	half := int64(1) << w.drop >> 1
	for i, v := range sums {
		w.mid[i] = (v + half) >> w.drop
	}
	shift := 2*wideBits - w.drop
	taps := w.across.taps
	for x, from := range w.across.start {
		weights := w.across.wide[x*taps:][:taps]
		switch w.kind {
		case gray:
			p := w.mid[from:][:len(weights)]
			var sum int64
			for len(weights) >= 4 && len(p) >= 4 {
				sum += int64(weights[0])*p[0] + int64(weights[1])*p[1] + int64(weights[2])*p[2] + int64(weights[3])*p[3]
				weights, p = weights[4:], p[4:]
			}
			w.put(dst, x, w.rounded(sum, shift))
		case rgb:
			p := w.mid[3*int(from):][:3*len(weights)]
			var r, g, b int64
			for len(weights) >= 4 && len(p) >= 12 {
				w0, w1, w2, w3 := int64(weights[0]), int64(weights[1]), int64(weights[2]), int64(weights[3])
				r += w0*p[0] + w1*p[3] + w2*p[6] + w3*p[9]
				g += w0*p[1] + w1*p[4] + w2*p[7] + w3*p[10]
				b += w0*p[2] + w1*p[5] + w2*p[8] + w3*p[11]
				weights, p = weights[4:], p[12:]
			}
			w.put(dst, 4*x, w.rounded(r, shift))
			w.put(dst, 4*x+1, w.rounded(g, shift))
			w.put(dst, 4*x+2, w.rounded(b, shift))
			w.set(dst, 4*x+3, w.alpha)
		case translucent:
			p := w.mid[4*int(from):][:4*len(weights)]
			var r, g, b, a int64
			for len(weights) >= 2 && len(p) >= 8 {
				w0, w1 := int64(weights[0]), int64(weights[1])
				r += w0*p[0] + w1*p[4]
				g += w0*p[1] + w1*p[5]
				b += w0*p[2] + w1*p[6]
				a += w0*p[3] + w1*p[7]
				weights, p = weights[2:], p[8:]
			}
			w.divide(dst, 4*x, [3]int64{r, g, b}, a, shift)
		}
	}
}

// rounded returns a sum without its fraction, within full scale.
func (w *wide) rounded(sum int64, shift uint) int64 {
	return min(max((sum+1<<(shift-1))>>shift, 0), w.color)
}

// divide writes a pixel from sums that hold colors times alpha. As in divideByAlpha, a plain area stays plain where
// alpha rings.
func (w *wide) divide(dst []byte, at int, colors [3]int64, sum int64, shift uint) {
	one := w.color << shift // of alpha
	alpha := (sum + one/2) / one
	if sum <= 0 || alpha == 0 {
		colors, sum, alpha = [3]int64{}, 1<<wideBits, 0
	}
	// What remains of alpha has 36 bits at full scale, and a color times that has no more than 60.
	sum >>= wideBits
	for i, v := range colors {
		v = min(max(v>>wideBits, 0), sum)
		w.put(dst, at+i, int64((uint64(v)*uint64(w.color)+uint64(sum)/2)/uint64(sum)))
	}
	w.set(dst, at+3, min(alpha, w.alpha))
}

// put writes a color as sample number i.
func (w *wide) put(dst []byte, i int, v int64) {
	switch {
	case w.linear && w.deep:
		v = int64(w.lights16.level(uint32(v)))
	case w.linear:
		v = int64(w.levels8[v>>levelDrop])
	}
	w.set(dst, i, v)
}

// set writes sample number i as it is.
func (w *wide) set(dst []byte, i int, v int64) {
	if w.deep {
		binary.BigEndian.PutUint16(dst[2*i:], uint16(v))
		return
	}
	dst[i] = byte(v)
}
