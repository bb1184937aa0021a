package vp8

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
	s := smoothing{limit: uint8(2*level + interior), interior: uint8(interior), inner: mb.each || mb.coded}
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
			d.luma.smooth(x, y, 16, s, d.filter.simple)
			if !d.filter.simple {
				d.chroma[0].smooth(x, y, 8, s, false)
				d.chroma[1].smooth(x, y, 8, s, false)
			}
		}
	}
}

// smooth smooths the edges of one macroblock: its left one, those inside from left to right, its upper one, and those
// inside from top to bottom.
func (p *plane) smooth(x, y, side int, s smoothing, simple bool) {
	at := p.origin + side*(y*p.stride+x)
	for _, dir := range [2]struct {
		across, along int
		outer         bool
	}{{1, p.stride, x > 0}, {p.stride, 1, y > 0}} {
		if dir.outer {
			if outer := s.limit + 4; simple {
				p.simpleEdge(at, dir.across, dir.along, side, outer)
			} else {
				p.outerEdge(at, dir.across, dir.along, side, outer, s)
			}
		}
		if !s.inner {
			continue
		}
		for i := 4; i < side; i += 4 {
			if simple {
				p.simpleEdge(at+i*dir.across, dir.across, dir.along, side, s.limit)
			} else {
				p.innerEdge(at+i*dir.across, dir.across, dir.along, side, s)
			}
		}
	}
}

func abs(v int32) int32 { return max(v, -v) }

// limited keeps v within the range of a signed byte.
func limited(v int32) int32 { return min(max(v, -128), 127) }

// adjust moves the two samples next to an edge toward each other, by steps that follow from a. It returns the step of
// the sample behind the edge.
func (p *plane) adjust(at, across int, a int32) int32 {
	before, behind := limited(a+3)>>3, limited(a+4)>>3
	p.pix[at-across] = clamp(int32(p.pix[at-across]) + before)
	p.pix[at] = clamp(int32(p.pix[at]) - behind)
	return behind
}

// simpleEdge smooths n samples of an edge (section 15.2).
func (p *plane) simpleEdge(at, across, along, n int, limit uint8) {
	for range n {
		p1, p0 := int32(p.pix[at-2*across]), int32(p.pix[at-across])
		q0, q1 := int32(p.pix[at]), int32(p.pix[at+across])
		if 2*abs(p0-q0)+abs(p1-q1)>>1 <= int32(limit) {
			p.adjust(at, across, limited(limited(p1-q1)+3*(q0-p0)))
		}
		at += along
	}
}

// calm reports whether the samples on both sides of an edge, from the fourth before to the fourth behind, differ so
// little that it is smoothed.
func (s *smoothing) calm(p3, p2, p1, p0, q0, q1, q2, q3 byte, limit int32) bool {
	interior := int32(s.interior)
	return 2*apart(p0, q0)+apart(p1, q1)>>1 <= limit &&
		apart(p1, p0) <= interior && apart(p2, p1) <= interior && apart(p3, p2) <= interior &&
		apart(q1, q0) <= interior && apart(q2, q1) <= interior && apart(q3, q2) <= interior
}

func apart(a, b byte) int32 { return abs(int32(a) - int32(b)) }

// innerEdge smooths an edge inside a macroblock (section 15.3).
func (p *plane) innerEdge(at, across, along, n int, s smoothing) {
	for range n {
		// The samples across the edge, the first four of which are before it.
		v := p.pix[at-4*across : at+3*across+1]
		p1, p0, q0, q1 := v[2*across], v[3*across], v[4*across], v[5*across]
		at += along
		if p0 == q0 && p1 == q1 {
			continue // nothing would change
		}
		if !s.calm(v[0], v[across], p1, p0, q0, q1, v[6*across], v[7*across], int32(s.limit)) {
			continue
		}
		step := 3 * (int32(q0) - int32(p0))
		if apart(p1, p0) > int32(s.high) || apart(q1, q0) > int32(s.high) {
			a := limited(limited(int32(p1)-int32(q1)) + step)
			v[3*across], v[4*across] = clamp(int32(p0)+limited(a+3)>>3), clamp(int32(q0)-limited(a+4)>>3)
			continue
		}
		a := limited(step)
		behind := limited(a+4) >> 3
		v[3*across], v[4*across] = clamp(int32(p0)+limited(a+3)>>3), clamp(int32(q0)-behind)
		a = (behind + 1) >> 1
		v[2*across], v[5*across] = clamp(int32(p1)+a), clamp(int32(q1)-a)
	}
}

// outerEdge smooths an edge between macroblocks (section 15.3).
func (p *plane) outerEdge(at, across, along, n int, limit uint8, s smoothing) {
	for range n {
		v := p.pix[at-4*across : at+3*across+1]
		p2, p1, p0, q0, q1, q2 := v[across], v[2*across], v[3*across], v[4*across], v[5*across], v[6*across]
		at += along
		if p0 == q0 && p1 == q1 {
			continue
		}
		if !s.calm(v[0], p2, p1, p0, q0, q1, q2, v[7*across], int32(limit)) {
			continue
		}
		w := limited(limited(int32(p1)-int32(q1)) + 3*(int32(q0)-int32(p0)))
		if apart(p1, p0) > int32(s.high) || apart(q1, q0) > int32(s.high) {
			v[3*across], v[4*across] = clamp(int32(p0)+limited(w+3)>>3), clamp(int32(q0)-limited(w+4)>>3)
			continue
		}
		a := (27*w + 63) >> 7
		v[3*across], v[4*across] = clamp(int32(p0)+a), clamp(int32(q0)-a)
		a = (18*w + 63) >> 7
		v[2*across], v[5*across] = clamp(int32(p1)+a), clamp(int32(q1)-a)
		a = (9*w + 63) >> 7
		v[across], v[6*across] = clamp(int32(p2)+a), clamp(int32(q2)-a)
	}
}
