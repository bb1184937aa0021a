package vp8

import (
	"encoding/binary"
	"math/bits"
)

// How many samples smoothing changes on each side of an edge between macroblocks.
const (
	simpleReach = 1
	reach       = 3
)

// A smoothing is how the edges of a macroblock are smoothed (RFC 6386, section 15).
type smoothing struct {
	limit    uint8 // of differences across an edge inside the macroblock; 0 if nothing is smoothed
	interior uint8 // of differences on either side of an edge
	high     uint8 // above it, differences next to an edge are those of the picture
	inner    bool  // edges inside the macroblock are smoothed as well
}

// smoothingOf returns the smoothing of the macroblock that has been read.
func (d *decoder) smoothingOf() smoothing {
	f, mb := &d.filter, &d.mb
	level := d.segments.of(mb.segment, f.level, &d.segments.level) + f.intra
	if mb.each {
		level += f.sub
	}
	level = min(max(level, 0), 63)
	if level == 0 || f.level == 0 {
		return smoothing{}
	}
	interior := level
	if f.sharpness > 0 {
		interior >>= 1
		if f.sharpness > 4 {
			interior >>= 1
		}
		interior = min(interior, 9-f.sharpness)
	}
	interior = max(interior, 1)
	s := smoothing{limit: uint8(2*level + interior), interior: uint8(interior), inner: mb.each || mb.coded != 0}
	switch {
	case level >= 40:
		s.high = 2
	case level >= 15:
		s.high = 1
	}
	return s
}

// smoothRows smooths so many rows of macroblocks.
func (d *decoder) smoothRows(rows int) {
	if d.filter.level == 0 {
		return
	}
	for y := range rows {
		for x := range d.width {
			s := d.smooth[y*d.width+x]
			if s.limit == 0 {
				continue
			}
			d.planes[0].smooth(x, y, 16, s, d.filter.simple)
			if !d.filter.simple {
				d.planes[1].smooth(x, y, 8, s, false)
				d.planes[2].smooth(x, y, 8, s, false)
			}
		}
	}
}

// smooth smooths the edges of one macroblock: its left one, those inside from left to right, its upper one, and those
// inside from top to bottom.
func (p *plane) smooth(x, y, side int, s smoothing, simple bool) {
	at := p.origin + side*(y*p.stride+x)
	inner, outer := s.limits(s.limit), s.limits(s.limit+4)
	if x > 0 {
		p.columns(at, side, &outer, simple, true)
	}
	if s.inner {
		for i := 4; i < side; i += 4 {
			p.columns(at+i, side, &inner, simple, false)
		}
	}
	if y > 0 {
		p.rows(at, side, &outer, simple, true)
	}
	if s.inner {
		for i := 4; i < side; i += 4 {
			p.rows(at+i*p.stride, side, &inner, simple, false)
		}
	}
}

// A limits is how far samples around an edge may differ, for eight of them in a word: what is added to a difference so
// that its highest bit says that it is too large.
type limits struct {
	interior, high uint64
	half           uint64 // for half of the limit of the differences across the edge
	even           uint64 // 1 if that limit is even
}

func (s *smoothing) limits(limit uint8) limits {
	return limits{
		interior: uint64(127-s.interior) * eightOf,
		high:     uint64(127-s.high) * eightOf,
		half:     uint64(127-limit/2) * eightOf,
		even:     uint64(1-limit&1) * eightOf,
	}
}

// apart8 returns how far eight samples are from eight others.
func apart8(a, b uint64) uint64 {
	difference := ((a | everyTop) - b&^everyTop) ^ ^(a^b)&everyTop
	below := (^a&b | ^(a^b)&difference) & everyTop >> 7
	return difference ^ below*255 + below
}

// over returns differences that are above a limit, as their highest bits.
func over(d, limit uint64) uint64 { return d&^everyTop + limit | d }

// across returns, as highest bits, where 2·|p0-q0| + |p1-q1|/2 is above the limit, for these two differences.
func (l *limits) across(p0q0, p1q1 uint64) uint64 {
	// Half of both sides, which all fits. The quarter is rounded so that it decides as the whole would.
	sum := p0q0&^everyTop + (p1q1>>1&^everyTop+l.even)>>1&^everyTop
	return sum&^everyTop + l.half | sum | p0q0
}

// rows smooths the edge above a row of n samples. outer reports whether it is one between macroblocks.
func (p *plane) rows(at, n int, l *limits, simple, outer bool) {
	le := binary.LittleEndian
	stride := p.stride
	for end := at + n; at < end; at += 8 {
		p1, p0 := le.Uint64(p.pix[at-2*stride:]), le.Uint64(p.pix[at-stride:])
		q0, q1 := le.Uint64(p.pix[at:]), le.Uint64(p.pix[at+stride:])
		if p0 == q0 && p1 == q1 {
			continue // nothing would change
		}
		far := l.across(apart8(p0, q0), apart8(p1, q1))
		if simple {
			for calm := ^far & everyTop; calm != 0; calm &= calm - 1 {
				p.simpleStep(at+bits.TrailingZeros64(calm)>>3, stride)
			}
			continue
		}
		d1, d2 := apart8(p1, p0), apart8(q1, q0)
		p2, q2 := le.Uint64(p.pix[at-3*stride:]), le.Uint64(p.pix[at+2*stride:])
		far |= over(d1, l.interior) | over(d2, l.interior) |
			over(apart8(p2, p1), l.interior) | over(apart8(q2, q1), l.interior) |
			over(apart8(le.Uint64(p.pix[at-4*stride:]), p2), l.interior) |
			over(apart8(le.Uint64(p.pix[at+3*stride:]), q2), l.interior)
		high := over(d1, l.high) | over(d2, l.high)
		for calm := ^far & everyTop; calm != 0; calm &= calm - 1 {
			bit := bits.TrailingZeros64(calm)
			p.step(at+bit>>3, stride, high>>bit&1 != 0, outer)
		}
	}
}

// The bytes of a word that are differences on either side of an edge, if it is the samples from the fourth before the
// edge to the fourth behind it; and those next to the edge.
const (
	sidesOfEdge = 0x0080808000808080
	nextToEdge  = 0x0000008000800000
)

// columns smooths the edge to the left of a column of n samples.
func (p *plane) columns(at, n int, l *limits, simple, outer bool) {
	for ; n > 0; n-- {
		v := binary.LittleEndian.Uint64(p.pix[at-4:])
		if byte(v>>24) == byte(v>>32) && byte(v>>16) == byte(v>>40) {
			at += p.stride
			continue
		}
		d := apart8(v, v>>8)
		far := l.across(d>>24, apart8(v>>16, v>>40)) & 0x80
		if simple {
			if far == 0 {
				p.simpleStep(at, 1)
			}
		} else if far|over(d, l.interior)&sidesOfEdge == 0 {
			p.step(at, 1, over(d, l.high)&nextToEdge != 0, outer)
		}
		at += p.stride
	}
}

func abs(v int32) int32 { return max(v, -v) }

// limited keeps v within the range of a signed byte.
func limited(v int32) int32 { return min(max(v, -128), 127) }

// simpleStep smooths the sample at that place and the one before it (section 15.2).
func (p *plane) simpleStep(at, across int) {
	p1, p0 := int32(p.pix[at-2*across]), int32(p.pix[at-across])
	q0, q1 := int32(p.pix[at]), int32(p.pix[at+across])
	a := limited(limited(p1-q1) + 3*(q0-p0))
	p.pix[at-across], p.pix[at] = clamp(p0+limited(a+3)>>3), clamp(q0-limited(a+4)>>3)
}

// step smooths the samples on both sides of the one at that place and the one before it (section 15.3). high reports
// whether differences next to the edge are those of the picture.
func (p *plane) step(at, across int, high, outer bool) {
	v := p.pix[at-3*across : at+2*across+1]
	p1, p0, q0, q1 := int32(v[across]), int32(v[2*across]), int32(v[3*across]), int32(v[4*across])
	a := 3 * (q0 - p0)
	switch {
	case high:
		a = limited(limited(p1-q1) + a)
		v[2*across], v[3*across] = clamp(p0+limited(a+3)>>3), clamp(q0-limited(a+4)>>3)
	case outer:
		w := limited(limited(p1-q1) + a)
		a = (27*w + 63) >> 7
		v[2*across], v[3*across] = clamp(p0+a), clamp(q0-a)
		a = (18*w + 63) >> 7
		v[across], v[4*across] = clamp(p1+a), clamp(q1-a)
		a = (9*w + 63) >> 7
		v[0], v[5*across] = clamp(int32(v[0])+a), clamp(int32(v[5*across])-a)
	default:
		a = limited(a)
		behind := limited(a+4) >> 3
		v[2*across], v[3*across] = clamp(p0+limited(a+3)>>3), clamp(q0-behind)
		a = (behind + 1) >> 1
		v[across], v[4*across] = clamp(p1+a), clamp(q1-a)
	}
}
