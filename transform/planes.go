package transform

import (
	"fmt"
	"image"
	"math"
	"time"

	"imgpipe/transform/internal/pixel"
)

// A planeSource is what is known of a file whose planes can be decoded alone.
type planeSource interface {
	// shape describes the picture.
	shape() pixel.Shape
	// memory returns how many bytes the decoder keeps at that scale: the planes, and what they are made of.
	memory(scale pixel.Scale) int64
	// decode returns the planes, which are good until j's workspace is used for another file. What is missing of them is
	// filled, and settled with j.
	decode(j *job, data []byte, scale pixel.Scale) (*pixel.Planes, error)
}

// A planesPath decodes the planes of a JPEG, or of a lossy WebP, no larger than the views need, and makes the view of each
// leg from them. A leg goes on in RGB only for what is no geometry, and if its output is no JPEG.
type planesPath struct {
	plan
	source planeSource
	shape  pixel.Shape
	scale  pixel.Scale
}

// lumaLeft is, by M, how many times larger than its result the luma is decoded at M/8 at least, so that the resampler
// decides on the sharpness, and takes away what is too fine. A scale throws the upper coefficients of each block away:
// stripes that are made of them come back as broad bands, as each block cuts them in another phase. More must be left at
// the lowest scales, whose blocks keep little but their mean. Of stripes of 220 levels, at twelve ratios from 3 to 16,
// twelve periods and five directions, of which a full decode leaves at most 2 levels, the worst left 58 levels with 1.5
// at all scales, 43 with 2, and leaves 16 with these; of 537, 58 leave more than 8. With 2 from 3/8 on it is 14 and 54,
// and costs 15 % of CPU time to 800 px instead of 10 %; with 1.7 it is 22 and 94 for 8 %. Thirty photos at a quarter of
// their size had a median PSNR of 48.7 dB with 1.5 and have 51.0.
var lumaLeft = [8]float64{1: 5, 2: 2.5, 3: 1.85, 4: 1.85, 5: 1.85, 6: 1.85, 7: 1.85}

// fullChromaLeft is that of chroma which is written at the size of its luma, and for all formats but JPEG. With 1,
// stripes of color came back with 70 levels of 200, and photos at a quarter of their size lost 0.5 dB; 2 at all
// scales gained another 0.3 dB, and PNGs of 800 px took 13 % more time and not 6 %.
var fullChromaLeft = [8]float64{1: 5, 2: 2.5, 3: 2, 4: 2, 5: 1.5, 6: 1.5, 7: 1.5}

// halfChromaLeft is that of the chroma of most JPEGs, half as wide and high as their luma, where 1.5 gained 0.01 dB with
// photos and took 6 % more time. Stripes that differ in nothing but color can leave 65 levels of chroma.
var halfChromaLeft = [8]float64{1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1, 7: 1}

// fineQuality is the quality from which on chroma is kept at full resolution, where the source has any to keep.
const fineQuality = 90

// newPlanesPath returns the path of a plan for a file whose planes can be decoded alone.
func newPlanesPath(file Header, p plan) *planesPath {
	r := &planesPath{
		plan: p, source: file.planes, shape: file.planes.shape(), scale: pixel.Scale{Luma: 1, Chroma: 1},
	}
	if !r.shape.Scales {
		r.scale = pixel.Scale{Luma: 8, Chroma: 8}
		return r
	}
	for _, l := range r.legs {
		r.scale.Luma = max(r.scale.Luma, eighths(l.view, &lumaLeft, 1, 1))
		if r.shape.Kind == pixel.YCbCr && !l.gray {
			c := r.shape.Sampling[1]
			hMax, vMax := r.shape.Finest()
			sub := r.subsampling(l)
			left := &halfChromaLeft
			if sub == 1 {
				left = &fullChromaLeft
			}
			fx, fy := float64(sub*c.H)/float64(hMax), float64(sub*c.V)/float64(vMax)
			r.scale.Chroma = max(r.scale.Chroma, eighths(l.view, left, fx, fy))
		}
	}
	return r
}

func (p *planesPath) name() string {
	for _, l := range p.legs {
		if !p.direct(l) {
			return "ycbcr+rgba"
		}
	}
	return "ycbcr"
}

// colors tells whether any of the chroma is wanted.
func (p *planesPath) colors() bool {
	for _, l := range p.legs {
		if p.shape.Kind == pixel.YCbCr && !l.gray {
			return true
		}
	}
	return false
}

// subsampling is 2 where the chroma of a view has half of the columns and rows of its luma, 1 where it has all.
func (p *planesPath) subsampling(l leg) int {
	if !p.direct(l) || p.shape.Kind != pixel.YCbCr {
		return 1
	}
	// Chroma that the source has not got takes bytes and shows nothing.
	c := p.shape.Sampling[1]
	hMax, vMax := p.shape.Finest()
	size := l.view.stored()
	there := l.view.w*float64(c.H)/float64(hMax) > 0.75*float64(size.X) || l.view.h*float64(c.V)/float64(vMax) > 0.75*float64(size.Y)
	if p.quality >= fineQuality && there {
		return 1
	}
	return 2
}

// eighths gives the smallest scale, in eighths, at which a component still has as many times more samples than the
// result as left says for that scale. Those of the result are finer or coarser than those of the luma by fx and fy.
func eighths(v view, left *[8]float64, fx, fy float64) int {
	if v.filter == "nearest" {
		return 8 // it shows samples as they are
	}
	size := v.stored()
	ratio := math.Min(v.w*fx/float64(size.X), v.h*fy/float64(size.Y))
	for m := 1; m < 8; m++ {
		if float64(m)/8*ratio >= left[m] {
			return m
		}
	}
	return 8
}

// decoded is how many bytes the planes take, and what they are made of.
func (p *planesPath) decoded() int64 {
	return 500<<10 + p.source.memory(p.scale)
}

// viewBytes is how many bytes the view of l takes besides the planes, before and after a turn. Planes that are shown as
// they are need no copy, but for those of video.
func (p *planesPath) viewBytes(l leg, stored image.Point) int64 {
	per := int64(2) // half-size chroma
	switch {
	case l.gray || p.shape.Kind == pixel.Gray:
		per = 1
	case p.subsampling(l) == 1:
		per = 3
	}
	plane := per * (int64(l.view.size.X) + 1) * (int64(l.view.size.Y) + 1)
	need := plane
	if l.view.stored() == stored && l.view.filter == "" && per == 1 && !p.shape.Video {
		need = 0
	}
	if l.view.turn != (turn{}) {
		need += plane
	}
	return need
}

// kept estimates the bytes of memory that stay in a workspace.
func (p *planesPath) kept() int64 {
	need := p.decoded()
	for _, l := range p.legs {
		need += p.viewBytes(l, image.Point{}) + 2*int64(l.view.size.X)*int64(l.view.size.Y) // what is kept of coefficients
	}
	return need
}

func (p *planesPath) need(n *needs) {
	n.held += p.decoded()
	var views int64 // before and after a turn; one leg after the other uses them
	for _, l := range p.legs {
		views = max(views, p.viewBytes(l, p.stored))
	}
	n.held += views
	for _, l := range p.legs {
		if p.direct(l) {
			n.output(0, l.view.size, false)
			continue
		}
		size := l.view.size
		n.steps(imageBytes(args{}, size.X, size.Y), size, l.rest)
	}
}

func (p *planesPath) explain() (why, how string) {
	why = "planes from end to end"
	if p.shape.Kind == pixel.YCbCr && !p.colors() {
		why = "the plane of luma from end to end"
	}
	for _, l := range p.legs {
		if len(l.rest) > 0 {
			why = fmt.Sprintf("planes until %s, which is done in RGB", l.rest[0])
			break
		}
		if !p.direct(l) {
			why = fmt.Sprintf("planes until %s is written", p.row.name)
		}
	}
	if !p.shape.Scales {
		return why, ""
	}
	how = fmt.Sprintf(" at %d/8: %dx%d", p.scale.Luma,
		(p.shape.Width*p.scale.Luma+7)/8, (p.shape.Height*p.scale.Luma+7)/8)
	if p.colors() && p.scale.Chroma != p.scale.Luma {
		how += fmt.Sprintf(", chroma at %d/8", p.scale.Chroma)
	}
	return why, how
}

func (p *planesPath) run(j *job, data []byte, m meta, res *Result, start time.Time) error {
	w := j.space
	w.large = p.kept() > keepBytes
	j.doing = "decode " + string(m.Format)
	planes, err := p.source.decode(j, data, p.scale)
	if err != nil {
		return err
	}
	res.Decode = time.Since(start)
	profile := j.profile(m)
	for _, l := range p.legs {
		start := time.Now()
		j.doing = "resize"
		pic, err := w.view(planes, &p.shape, l, p.subsampling(l))
		if err != nil {
			return &Error{Kind: ClassOperation, Doing: j.doing, Err: err}
		}
		if err := j.ended(); err != nil {
			return err
		}
		if p.direct(l) {
			err = j.finishPlanes(res, p.plan, l, pic, profile, start)
		} else {
			err = j.finish(res, p.plan, l, pic.NRGBA(), l.rest, profile, start)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
