package resample

// Samples lie in the lanes of 64-bit words. Three lanes of 21 bits hold the three samples x, x+1 and x+2 of a plane, or
// R, G and B of a pixel: 8 bits of sample, 12 of weight, and 1 for overshoot. Translucent pixels need 16 bits for a
// color times its alpha, so two words with two lanes of 32 bits hold R and B, G and A.
//
// The absolute weights of one destination sample never add up to more than 2. The worst is 1.59, with Lanczos3 at the
// end of the source; TestWeightsLeaveRoomInTheLanes and FuzzPlane watch it. So a sum lies between -1/2 and 3/2 of full
// scale: raised by 1/2, it fits its lane and is positive.
const (
	third  = 21
	half   = 32
	lowest = 1<<half - 1

	// 1/2 of full scale, with what rounding to 6 fractional bits wants.
	thirdRise  = 1<<19 + 1<<5
	thirdRises = thirdRise | thirdRise<<third | thirdRise<<(2*third)
	thirdDrop  = downBits - 6
	pairRise   = 1 << 19 >> thirdDrop // what is left of it between the passes

	// The same for translucent pixels, which keep all of their 16 bits.
	alphaRise  = 1 << 15
	alphaRises = (alphaRise<<downBits + 1<<(downBits-1)) * (1 + 1<<half)
)

// lanes is the engine that runs everywhere.
type lanes struct {
	kind   kind
	down   *axis
	across *axis
	rows   [together][]uint64
	sums   pool[uint64]
	pair   []uint64 // two destination rows side by side, between the two passes
}

// words is the number of words of lanes that n pixels take.
func (k kind) words(n int) int {
	switch k {
	case gray:
		return (n + 2) / 3
	case rgb:
		return n
	}
	return 2 * n
}

func (l *lanes) begin(k kind, down, across *axis) {
	l.kind, l.down, l.across = k, down, across
	n := k.words(across.span)
	for i := range l.rows {
		l.rows[i] = sized(l.rows[i], n)
	}
	l.sums.reset(n)
	// A pass along the row may read up to a whole set of weights past its end, where the weights are 0.
	l.pair = sized(l.pair, 3*n+4*across.taps)
}

func (l *lanes) keep(slot int, row []byte) {
	switch words := l.rows[slot]; l.kind {
	case gray:
		widenGray(words, row)
	case rgb:
		widenRGB(words, row)
	case translucent:
		widenAlpha(words, row)
	}
}

func (l *lanes) open() { l.sums.add() }

func (l *lanes) add(i, from, to, at int) {
	accumulate(l.sums.open[i], l.rows[from:to], l.down.weights[at:])
}

func (l *lanes) finish(rowA, rowB []byte, sums int) {
	a, b := l.sums.open[0], l.sums.open[sums-1]
	switch l.kind {
	case gray:
		pairThirds(l.pair, a, b)
		acrossGray(rowA, rowB, l.pair, l.across)
	case rgb:
		pairThirds(l.pair, a, b)
		acrossRGB(rowA, rowB, l.pair, l.across)
	case translucent:
		pairHalves(l.pair, a, b)
		acrossAlpha(rowA, rowB, l.pair, l.across)
	}
	l.sums.drop(sums)
}

func widenGray(words []uint64, row []byte) {
	for len(row) >= 6 && len(words) >= 2 {
		words[0] = uint64(row[0]) | uint64(row[1])<<third | uint64(row[2])<<(2*third)
		words[1] = uint64(row[3]) | uint64(row[4])<<third | uint64(row[5])<<(2*third)
		row, words = row[6:], words[2:]
	}
	for i := range words {
		words[i] = 0
	}
	for i, v := range row {
		words[i/3] |= uint64(v) << (third * (i % 3))
	}
}

func widenRGB(words []uint64, row []byte) {
	for len(row) >= 8 && len(words) >= 2 {
		words[0] = uint64(row[0]) | uint64(row[1])<<third | uint64(row[2])<<(2*third)
		words[1] = uint64(row[4]) | uint64(row[5])<<third | uint64(row[6])<<(2*third)
		row, words = row[8:], words[2:]
	}
	if len(row) >= 4 && len(words) > 0 {
		words[0] = uint64(row[0]) | uint64(row[1])<<third | uint64(row[2])<<(2*third)
	}
}

// widenAlpha multiplies by alpha: colors become 255 times as large as in widenRGB where a pixel is opaque, and so does
// alpha.
func widenAlpha(words []uint64, row []byte) {
	for len(row) >= 4 && len(words) >= 2 {
		a := uint64(row[3])
		words[0] = (uint64(row[0]) | uint64(row[2])<<half) * a
		words[1] = (uint64(row[1]) | 0xFF<<half) * a
		row, words = row[4:], words[2:]
	}
}

// accumulate adds the rows, of which there are 1 to 4, times their weights, to sums.
func accumulate(sums []uint64, rows [][]uint64, w []int16) {
	n := len(sums)
	switch len(rows) {
	case 4:
		w0, w1, w2, w3 := uint64(w[0]), uint64(w[1]), uint64(w[2]), uint64(w[3])
		r0, r1, r2, r3 := rows[0][:n], rows[1][:n], rows[2][:n], rows[3][:n]
		for i := range sums {
			sums[i] += w0*r0[i] + w1*r1[i] + w2*r2[i] + w3*r3[i]
		}
	case 3:
		w0, w1, w2 := uint64(w[0]), uint64(w[1]), uint64(w[2])
		r0, r1, r2 := rows[0][:n], rows[1][:n], rows[2][:n]
		for i := range sums {
			sums[i] += w0*r0[i] + w1*r1[i] + w2*r2[i]
		}
	case 2:
		w0, w1 := uint64(w[0]), uint64(w[1])
		r0, r1 := rows[0][:n], rows[1][:n]
		for i := range sums {
			sums[i] += w0*r0[i] + w1*r1[i]
		}
	case 1:
		w0, r0 := uint64(w[0]), rows[0][:n]
		for i := range sums {
			sums[i] += w0 * r0[i]
		}
	}
}

// pairThirds rounds the sums of two rows to 6 fractional bits and lays them side by side: the first row in the lower
// half of a word, the second in the upper.
func pairThirds(pair, a, b []uint64) {
	const mask = 1<<(third-thirdDrop) - 1
	b = b[:len(a)]
	for i := range a {
		va, vb := (a[i]+thirdRises)>>thirdDrop, (b[i]+thirdRises)>>thirdDrop
		p := pair[3*i : 3*i+3 : 3*i+3]
		p[0] = va&mask | vb&mask<<half
		p[1] = va>>third&mask | vb>>third&mask<<half
		p[2] = va>>(2*third) | vb>>(2*third)<<half
	}
}

// pairHalves does the same for translucent pixels, in the order R, G, B, A.
func pairHalves(pair, a, b []uint64) {
	const mask = 1<<(half-downBits) - 1
	b = b[:len(a)]
	for i := 0; i+1 < len(a); i += 2 {
		rbA, gaA := (a[i]+alphaRises)>>downBits, (a[i+1]+alphaRises)>>downBits
		rbB, gaB := (b[i]+alphaRises)>>downBits, (b[i+1]+alphaRises)>>downBits
		p := pair[2*i : 2*i+4 : 2*i+4]
		p[0] = rbA&mask | rbB&mask<<half
		p[1] = gaA&mask | gaB&mask<<half
		p[2] = rbA>>half | rbB>>half<<half
		p[3] = gaA>>half | gaB>>half<<half
	}
}
