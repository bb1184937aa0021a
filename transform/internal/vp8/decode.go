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
	// Damage says which rows are missing: always the last ones. They are mid-gray. Smoothing reaches over edges, so the
	// rows next to the first missing one are missing as well.
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
	probs         tokenProbs
	skips         bool // macroblocks may say that they have no coefficients
	skipProb      uint8
	modes         boolReader
	parts         int
	tokens        [8]boolReader

	above  []edge
	left   edge
	mb     macroblock
	luma   plane
	chroma [2]plane
	smooth []smoothing
}

// Decode decodes the picture whose header is h. It needs a byte and a half for each pixel. It calls stop for each row
// of macroblocks. The only error is codec.ErrStopped.
func (h *Header) Decode(stop codec.Stop) (Picture, error) { return h.decode(true, stop) }

// DecodeRough is Decode without the smoothing of edges between blocks. It takes half of the time. It is for a picture
// that is made smaller at once: smoothing moves light from one side of an edge to the other, and a sample of the result
// is the mean of both. Of a damaged picture, the same rows count as missing.
func (h *Header) DecodeRough(stop codec.Stop) (Picture, error) { return h.decode(false, stop) }

func (h *Header) decode(smooth bool, stop codec.Stop) (Picture, error) {
	d := &decoder{width: (h.Width + 15) / 16, height: (h.Height + 15) / 16}
	d.luma = newPlane(d.width, d.height, 16)
	for i := range d.chroma {
		d.chroma[i] = newPlane(d.width, d.height, 8)
	}
	d.above = make([]edge, d.width)
	d.smooth = make([]smoothing, d.width*d.height)
	p := Picture{Damage: codec.Damage{Rows: h.Height}}
	rows, bad := 0, d.readHeaders(h)
	for bad == nil && rows < d.height {
		if err := stop.Err(); err != nil {
			return Picture{}, err
		}
		if bad = d.row(rows); bad == nil {
			rows++
		}
	}
	if smooth {
		d.smoothRows(rows)
	}
	if bad != nil {
		whole := d.cut(rows)
		p.Damage.Miss(bad, whole, h.Height-whole)
	}
	w, ht := h.Width, h.Height
	full := pixel.Extent{W: float64(w), H: float64(ht)}
	half := pixel.Extent{W: float64(w) / 2, H: float64(ht) / 2}
	p.Planes = pixel.Planes{
		Kind: pixel.YCbCr, Video: true, Extent: [4]pixel.Extent{full, half, half},
		Plane: [4]pixel.Plane{
			d.luma.shown(w, ht), d.chroma[0].shown((w+1)/2, (ht+1)/2), d.chroma[1].shown((w+1)/2, (ht+1)/2),
		},
	}
	return p, nil
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
		d.smooth[y*d.width+x] = d.smoothingOf()
		d.reconstruct(x, y)
	}
	return nil
}

// raiseReach is how many rows of chroma below its own a row of pixels may be raised from.
const raiseReach = 3

// cut fills everything below so many rows of macroblocks. It returns how many rows of pixels are as in a whole picture.
// They are fewer than were decoded, since smoothing would have changed samples above the cut and since chroma is raised
// from several rows.
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
	d.luma.fill(whole, grayLuma)
	for i := range d.chroma {
		d.chroma[i].fill(chroma, grayChroma)
	}
	return whole
}

// A plane has a border of one sample above and to the left, and of four to the right of the row above.
type plane struct {
	pix            []byte
	stride, origin int // origin is the place of sample 0,0
}

// newPlane returns a plane of macroblocks with so many samples on a side. Its border has what is predicted from where
// there is no macroblock (section 12.2).
func newPlane(width, height, side int) plane {
	p := plane{stride: side*width + 8}
	p.origin = p.stride + 4
	p.pix = make([]byte, p.stride*(side*height+1)+4)
	for i := p.origin - p.stride - 1; i < p.origin-4; i++ {
		p.pix[i] = 127
	}
	for y := range side * height {
		p.pix[p.origin+y*p.stride-1] = 129
	}
	return p
}

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
