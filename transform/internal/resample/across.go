package resample

// The second pass: lanes of 32 bits hold 8 bits of sample, 6 of fraction, 14 of weight, and the overshoot of both
// passes. With weights whose sizes add up to at most 2 in each pass, that overshoot lies between -3/2 and 5/2 of full
// scale.
const (
	drop      = 6 + acrossBits
	rise      = 1 << 31 >> drop // so that no lane is negative
	firstBoth = (1<<31 - pairRise<<acrossBits + 1<<(drop-1)) * (1 + 1<<half)

	// For translucent pixels full scale is 255 × 255 × 2^14; 4 times that just fits.
	alphaFull  = 255 * 255 << acrossBits
	alphaLift  = 1_600_000_000
	alphaFirst = (alphaLift - alphaRise<<acrossBits) * (1 + 1<<half)
)

// acrossGray makes two rows of a plane.
func acrossGray(dstA, dstB []byte, pair []uint64, ax *axis) {
	weights := ax.weights
	dstB, start := dstB[:len(dstA)], ax.start[:len(dstA)]
	for x := range dstA {
		w := weights[:ax.taps]
		weights = weights[len(w):]
		p := pair[start[x]:][:len(w)]
		sum := uint64(firstBoth)
		for len(w) >= 8 && len(p) >= 8 {
			sum += uint64(w[0])*p[0] + uint64(w[1])*p[1] + uint64(w[2])*p[2] + uint64(w[3])*p[3] +
				uint64(w[4])*p[4] + uint64(w[5])*p[5] + uint64(w[6])*p[6] + uint64(w[7])*p[7]
			w, p = w[8:], p[8:]
		}
		if len(w) >= 4 && len(p) >= 4 {
			sum += uint64(w[0])*p[0] + uint64(w[1])*p[1] + uint64(w[2])*p[2] + uint64(w[3])*p[3]
		}
		dstA[x] = level(sum)
		dstB[x] = level(sum >> half)
	}
}

// acrossRGB makes two rows of opaque pixels.
func acrossRGB(dstA, dstB []byte, pair []uint64, ax *axis) {
	for x := range ax.start {
		w := ax.weights[x*ax.taps:][:ax.taps]
		p := pair[3*int(ax.start[x]):][:3*len(w)]
		r, g, b := uint64(firstBoth), uint64(firstBoth), uint64(firstBoth)
		for len(w) >= 4 && len(p) >= 12 {
			w0, w1, w2, w3 := uint64(w[0]), uint64(w[1]), uint64(w[2]), uint64(w[3])
			r += w0*p[0] + w1*p[3] + w2*p[6] + w3*p[9]
			g += w0*p[1] + w1*p[4] + w2*p[7] + w3*p[10]
			b += w0*p[2] + w1*p[5] + w2*p[8] + w3*p[11]
			w, p = w[4:], p[12:]
		}
		a := dstA[4*x : 4*x+4 : 4*x+4]
		a[0], a[1], a[2], a[3] = level(r), level(g), level(b), 0xFF
		a = dstB[4*x : 4*x+4 : 4*x+4]
		a[0], a[1], a[2], a[3] = level(r>>half), level(g>>half), level(b>>half), 0xFF
	}
}

// acrossAlpha makes two rows of translucent pixels.
func acrossAlpha(dstA, dstB []byte, pair []uint64, ax *axis) {
	for x := range ax.start {
		w := ax.weights[x*ax.taps:][:ax.taps]
		p := pair[4*int(ax.start[x]):][:4*len(w)]
		r, g, b, a := uint64(alphaFirst), uint64(alphaFirst), uint64(alphaFirst), uint64(alphaFirst)
		for len(w) >= 2 && len(p) >= 8 {
			w0, w1 := uint64(w[0]), uint64(w[1])
			r += w0*p[0] + w1*p[4]
			g += w0*p[1] + w1*p[5]
			b += w0*p[2] + w1*p[6]
			a += w0*p[3] + w1*p[7]
			w, p = w[2:], p[8:]
		}
		divideByAlpha(dstA[4*x:4*x+4:4*x+4], uint32(r), uint32(g), uint32(b), uint32(a))
		divideByAlpha(dstB[4*x:4*x+4:4*x+4], uint32(r>>half), uint32(g>>half), uint32(b>>half), uint32(a>>half))
	}
}

// level rounds and clamps the sum in the lower lane to a sample.
func level(sum uint64) byte {
	v := int32(uint32(sum)>>drop) - rise
	if uint32(v) > 255 {
		v = ^(v >> 31) & 255
	}
	return byte(v)
}

// divideByAlpha writes one pixel from sums that hold colors times alpha.
func divideByAlpha(dst []byte, r, g, b, a uint32) {
	sum := int64(a) - alphaLift
	alpha := (sum + alphaFull/510) / (alphaFull / 255)
	if sum <= 0 || alpha == 0 {
		dst[0], dst[1], dst[2], dst[3] = 0, 0, 0, 0
		return
	}
	// Where alpha rings beyond full scale so do the colors: dividing by what it is, not by what it is clamped to,
	// keeps a plain area plain.
	dst[0], dst[1], dst[2], dst[3] = ratio(r, sum), ratio(g, sum), ratio(b, sum), byte(min(alpha, 255))
}

// ratio returns 255 times the sum v over the sum of alpha, rounded. A color beyond its alpha comes from ringing and is
// cut off.
func ratio(v uint32, alpha int64) byte {
	c := min(max(int64(v)-alphaLift, 0), alpha)
	if alpha == alphaFull {
		return byte((c + alphaFull/510) / (alphaFull / 255))
	}
	return byte((255*uint64(c) + uint64(alpha)/2) / uint64(alpha))
}
