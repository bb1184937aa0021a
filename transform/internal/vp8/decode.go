// Package vp8 reads and writes the lossy image of a WebP file: a key frame of VP8 (RFC 6386). Start with [ReadHeader],
// whose Header decodes, and with [Encoder].
//
//	bytes -> partitions -> boolReader: bits -> modes and coefficients of a macroblock -> prediction and residue
//	      -> planes -> smoothing of edges
//
// If the data ends too early, the rows of macroblocks before are decoded. The package knows no container.
package vp8

import (
	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/pixel"
)

// A Picture is what Decode returns.
type Picture struct {
	// Planes are luma and two planes of chroma, with half the columns and rows, rounded up. They have the range of
	// video.
	pixel.Planes
	// Damage says which rows are missing: always the last ones. They are mid-gray. Smoothing reaches over edges, so
	// the rows next to the first missing one are missing as well.
	Damage codec.Damage
}

// Mid-gray in the range of video: it becomes 128 at full range.
const (
	grayLuma   = 126
	grayChroma = 128
)

// An edge is what the macroblocks below and to the right want to know.
type edge struct {
	modes  [4]uint8 // of subblocks
	luma   [4]uint8 // 1 for a block with coefficients, else 0
	chroma [4]uint8 // two blocks of each plane
	second uint8    // the block of first coefficients
}

// A decoder decodes one picture.
type decoder struct {
	width, height int // in macroblocks
	segments      segments
	filter        filterHeader
	steps         [4]steps
	probs         [4]blockProbs
	skips         bool // macroblocks may say that they have no coefficients
	skipProb      uint8
	modes         boolReader
	parts         int
	tokens        [8]boolReader

	above  []edge
	left   edge
	mb     macroblock
	planes [3]plane
	// halvers are of the planes that are halved, which hold one row of macroblocks at a time.
	halvers [3]*halver
	smooth  []smoothing // nil if nothing is smoothed
}

// Decode decodes the picture whose header is h. Planes of a scale up to [Half] have half the columns and rows; others
// are whole. It needs a byte and a half for each pixel, and a quarter of that for one of a half. It calls stop for
// each row of macroblocks. The only error is codec.ErrStopped.
//
// If the scale is rough, edges between blocks are not smoothed, which takes 0.6 of the time. It is for a picture that
// is made smaller at once: smoothing moves light from one side of an edge to the other, and a sample of the result is
// the mean of both. Halves are always rough. Of a damaged picture, the same rows count as missing at all scales.
func (h *Header) Decode(scale pixel.Scale, stop codec.Stop) (Picture, error) {
	d := &decoder{width: (h.Width + 15) / 16, height: (h.Height + 15) / 16}
	d.layOut(h, scale)
	p := Picture{Damage: codec.Damage{Rows: h.Height}}
	rows, bad := 0, d.readHeaders(h)
	for bad == nil && rows < d.height {
		if err := stop.Err(); err != nil {
			return Picture{}, err
		}
		if bad = d.row(rows); bad == nil {
			d.halve(rows)
			rows++
		}
	}
	if d.smooth != nil {
		d.smoothRows(rows)
	}
	if bad != nil {
		whole := d.cut(rows)
		p.Damage.Miss(bad, whole, h.Height-whole)
	}
	p.Planes = pixel.Planes{Kind: pixel.YCbCr, Video: true}
	for i := range 3 {
		q, w, ht := &d.planes[i], h.Width, h.Height
		e := pixel.Extent{W: float64(w), H: float64(ht)}
		if i > 0 {
			e, w, ht = pixel.Extent{W: e.W / 2, H: e.H / 2}, (w+1)/2, (ht+1)/2
		}
		if v := d.halvers[i]; v != nil {
			p.Plane[i], p.Extent[i] = v.out, pixel.Extent{W: e.W / 2, H: e.H / 2}
		} else {
			p.Plane[i], p.Extent[i] = q.shown(w, ht), e
		}
	}
	return p, nil
}

// Half is the scale of a plane that is halved. There is no smaller one.
const Half = 4

// layOut makes the planes.
func (d *decoder) layOut(h *Header, scale pixel.Scale) {
	d.above = make([]edge, d.width)
	for i := range d.planes {
		side, w, ht, m := 16, h.Width, h.Height, scale.Luma
		if i > 0 {
			side, w, ht, m = 8, (w+1)/2, (ht+1)/2, scale.Chroma
		}
		if 0 < m && m <= Half {
			scale.Rough = true
			d.planes[i] = newPlane(d.width, 1, side, halverReach)
			d.halvers[i] = newHalver(&d.planes[i], side, w, ht)
		} else {
			d.planes[i] = newPlane(d.width, d.height, side, 1)
		}
	}
	if !scale.Rough {
		d.smooth = make([]smoothing, d.width*d.height)
	}
}

// halve makes the rows of halves that are complete with row y of macroblocks.
func (d *decoder) halve(y int) {
	for _, v := range d.halvers {
		if v != nil {
			v.take(y)
		}
	}
}

// row decodes a row of macroblocks.
func (d *decoder) row(y int) error {
	d.left = edge{}
	tokens := &d.tokens[y&(d.parts-1)]
	for x := range d.width {
		d.readModes(x)
		if d.modes.short {
			return codec.ErrShort
		}
		d.readCoefficients(x, tokens)
		if tokens.short {
			return codec.ErrShort
		}
		if d.smooth != nil {
			d.smooth[y*d.width+x] = d.smoothingOf()
		}
		d.reconstruct(x, y)
	}
	return nil
}

// raiseReach is how many rows of chroma below its own a row of pixels may be raised from.
const raiseReach = 3

// cut fills everything below so many rows of macroblocks. It returns how many rows of pixels are as in a whole
// picture. They are fewer than were decoded, since smoothing would have changed samples above the cut and since
// chroma is raised from several rows.
func (d *decoder) cut(rows int) int {
	luma, chroma := 16*rows, 8*rows
	switch {
	case d.filter.level == 0 || rows == 0:
	case d.filter.simple:
		luma -= simpleReach
	default:
		luma, chroma = luma-reach, chroma-reach
	}
	whole := max(min(luma, 2*(chroma-raiseReach)+1), 0)
	for i := range d.planes {
		first, gray := whole, byte(grayLuma)
		if i > 0 {
			first, gray = chroma, grayChroma
		}
		if v := d.halvers[i]; v != nil {
			v.finish((first+1)/2, gray)
		} else {
			d.planes[i].fill(first, gray)
		}
	}
	return whole
}

// A plane has a border to the left and above, of one sample at least, and of four to the right of the row above.
type plane struct {
	pix            []byte
	stride, origin int // origin is the place of sample 0,0
	above          int // how many rows there are above
}

// newPlane returns a plane of macroblocks with so many samples on a side, and so many rows above. Its border has what
// is predicted from where there is no macroblock (section 12.2).
func newPlane(width, height, side, above int) plane {
	p := plane{stride: side*width + 8, above: above}
	p.origin = above*p.stride + 4
	p.pix = make([]byte, p.stride*(side*height+above)+4)
	for i := p.origin - p.stride - 1; i < p.origin-4; i++ {
		p.pix[i] = 127
	}
	for y := range side * height {
		p.pix[p.origin+y*p.stride-1] = 129
	}
	return p
}

// place returns the place of macroblock x, y. A plane that has rows above holds one row of macroblocks at a time.
func (p *plane) place(x, y, side int) int {
	if p.above > 1 {
		y = 0
	}
	return p.origin + side*(y*p.stride+x)
}

// advance makes the last rows those above.
func (p *plane) advance(side int) { copy(p.pix, p.pix[side*p.stride:][:p.above*p.stride]) }

// shown returns the w × h samples of the picture.
func (p *plane) shown(w, h int) pixel.Plane {
	return pixel.Plane{Pix: p.pix[p.origin:], Stride: p.stride, W: w, H: h}
}

// fill fills the rows from the first on.
func (p *plane) fill(first int, v byte) {
	rest := p.pix[p.origin+first*p.stride:]
	for i := range rest {
		rest[i] = v
	}
}
