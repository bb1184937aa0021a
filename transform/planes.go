package transform

import (
	"fmt"
	"image"
	"math"
	"slices"
	"time"

	"imgpipe/transform/internal/pixel"
	"imgpipe/transform/internal/vp8"
)

// A planeSource is what is known of a file whose planes can be decoded alone.
type planeSource interface {
	// shape describes the picture. A source of inks is an inkSource, too.
	shape() pixel.Shape
	// memory returns how many bytes the decoder keeps at that scale: the planes, and what they are made of.
	memory(scale pixel.Scale) int64
	// decode returns the planes, which are good until j's workspace is used for another file. What is missing of them
	// is filled, and settled with j.
	decode(j *job, data []byte, scale pixel.Scale) (*pixel.Planes, error)
}

// A planesPath decodes the planes of a JPEG or a lossy WebP, no larger than the views need, and makes the view of each
// size from them. A leg goes on in RGB only for what is not geometry, and for an output format whose encoder takes no
// planes.
//
// The file is decoded once, at the finest scale that any output wants. So an output that is made beside others may
// differ a little from one that is made alone: a JPEG beside a PNG or a larger size is made from more samples. A
// second decode would avoid that: JPEG and TIFF of 800 px from one decode took 0.83 of the CPU time of two runs.
type planesPath struct {
	plan
	source planeSource
	shape  pixel.Shape
	scale  pixel.Scale
}

// lumaLeft holds, for each scale M/8, how many samples of luma must be left for each sample of the result. The
// resampler then decides on the sharpness, and removes what is too fine. A scale drops the upper coefficients of each
// block. Stripes that are made of them would come back as broad bands, because each block cuts them in another phase.
// The lowest scales need the most, as their blocks keep little but their mean.
//
// Measured with 537 patterns of stripes of 220 levels: twelve ratios from 3 to 16, twelve periods and five directions,
// of which a full decode leaves at most 2 levels. The third figure is the CPU time that it costs to 800 px.
//
//	1.5 at all scales   the worst leaves 58 levels
//	2 at all scales     43
//	these               16; 58 patterns leave more than 8; 10 %
//	2 from 3/8 on       14; 54 patterns; 15 %
//	1.7 from 3/8 on     22; 94 patterns; 8 %
//
// Thirty photos at a quarter of their size had a median PSNR of 48.7 dB with 1.5, and have 51.0 dB with these.
var lumaLeft = [8]float64{1: 5, 2: 2.5, 3: 1.85, 4: 1.85, 5: 1.85, 6: 1.85, 7: 1.85}

// fullChromaLeft is the same for chroma that is written at the size of its luma, or converted to RGB. With 1, stripes
// of color came back with 70 levels of 200, and photos at a quarter of their size lost 0.5 dB. With 2 at all scales,
// photos gained another 0.3 dB, and PNGs of 800 px took 13 % more time instead of 6 %.
var fullChromaLeft = [8]float64{1: 5, 2: 2.5, 3: 2, 4: 2, 5: 1.5, 6: 1.5, 7: 1.5}

// halfChromaLeft is the same for the chroma of most JPEGs, which is half as wide and high as their luma. With 1.5,
// photos gained 0.01 dB and took 6 % more time. Stripes that differ only in color can leave 65 levels of chroma.
var halfChromaLeft = [8]float64{1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1, 7: 1}

// halvesLeft is the same for luma and chroma of a lossy WebP, which are decoded whole or at a half. A half leaves at
// most 0.16 of a stripe that comes back as another one, of which the resampler takes half. Thirty WebPs at 800 px had
// the same median PSNR and SSIM with 1.85, with 2.2 and without halves, and took 4 and 13 % less CPU time.
const halvesLeft = 1.85

// fineQuality is the lowest quality that keeps chroma at full resolution, if the source has it.
const fineQuality = 90

// roughLeft is the largest part of columns and rows that a view may keep of a picture that is decoded roughly. Beside
// the photos that they were made of, two WebPs of 7 megapixels lost 0.1 dB of 43 at 800 px and quality 85, 0.3 of 40.5
// at 75 and 0.4 of 39 at 50; at half of their size they lost another 0.2 dB. 0.4 of the time of decoding is saved.
const roughLeft = 0.4

// newPlanesPath returns the path of a plan for a file whose planes can be decoded alone.
func newPlanesPath(p plan, source planeSource) *planesPath {
	r := &planesPath{plan: p, source: source, shape: source.shape(), scale: pixel.Scale{Luma: 1, Chroma: 1}}
	if !r.shape.Scales && !r.shape.Halves {
		r.scale = pixel.Scale{Luma: 8, Chroma: 8, Rough: r.rough()}
		return r
	}
	for _, l := range r.legs {
		r.scale.Luma = max(r.scale.Luma, r.eighths(l.view, &lumaLeft, 1, 1))
		if r.chroma(l) {
			c := r.shape.Sampling[1]
			hMax, vMax := r.shape.Finest()
			sub := r.subsampling(l)
			left := &halfChromaLeft
			if sub == 1 {
				left = &fullChromaLeft
			}
			fx, fy := float64(sub*c.H)/float64(hMax), float64(sub*c.V)/float64(vMax)
			r.scale.Chroma = max(r.scale.Chroma, r.eighths(l.view, left, fx, fy))
		}
	}
	r.scale.Rough = r.shape.Halves && r.rough()
	return r
}

// rough reports whether all views have at most roughLeft of the columns and rows that they show.
func (p *planesPath) rough() bool {
	for _, l := range p.legs {
		size := l.view.stored()
		if l.view.filter == "nearest" ||
			float64(size.X) > roughLeft*l.view.w || float64(size.Y) > roughLeft*l.view.h {
			return false
		}
	}
	return true
}

func (p *planesPath) name() string {
	if isInks(p.shape.Kind) {
		return "cmyk+rgba"
	}
	for _, l := range p.legs {
		if !p.direct(l) {
			return "ycbcr+rgba"
		}
	}
	return "ycbcr"
}

// direct reports whether the planes of l are encoded, without RGB between.
func (p *planesPath) direct(l leg) bool {
	return !isInks(p.shape.Kind) && l.planar() && l.row.encodePlanes != nil
}

// chroma reports whether l needs chroma.
func (p *planesPath) chroma(l leg) bool {
	gray := l.gray || p.direct(l) && slices.ContainsFunc(l.rest, isGrayscale)
	return p.shape.Kind == pixel.YCCK || p.shape.Kind == pixel.YCbCr && !gray
}

// colors reports whether any leg needs chroma.
func (p *planesPath) colors() bool {
	for _, l := range p.legs {
		if p.chroma(l) {
			return true
		}
	}
	return false
}

// subsampling returns 2 if the chroma of the view of l has half of the columns and rows of its luma, and 1 if it has
// all.
func (p *planesPath) subsampling(l leg) int {
	if !p.direct(l) || p.shape.Kind != pixel.YCbCr {
		return 1
	}
	// Chroma that the source does not have would take bytes and show nothing.
	c := p.shape.Sampling[1]
	hMax, vMax := p.shape.Finest()
	size := l.view.stored()
	columns, rows := l.view.w*float64(c.H)/float64(hMax), l.view.h*float64(c.V)/float64(vMax)
	there := columns > 0.75*float64(size.X) || rows > 0.75*float64(size.Y)
	return l.enc.subsampling(there)
}

// written is subsampling for the file of l; 0 if that has no chroma.
func (p *planesPath) written(l leg) int {
	switch {
	case !p.chroma(l):
		return 0
	case p.direct(l):
		return p.subsampling(l)
	}
	return l.enc.subsampling(true)
}

// eighths returns the smallest M such that decoding at M/8 leaves at least left[M] samples for each sample of the
// result, in both directions. fx and fy are the component's sampling in the result relative to that of the luma.
func (p *planesPath) eighths(v view, left *[8]float64, fx, fy float64) int {
	if v.filter == "nearest" {
		return 8 // nearest shows samples as they are
	}
	size := v.stored()
	ratio := math.Min(v.w*fx/float64(size.X), v.h*fy/float64(size.Y))
	if p.shape.Halves {
		if ratio/2 >= halvesLeft {
			return vp8.Half
		}
		return 8
	}
	for m := 1; m < 8; m++ {
		if float64(m)/8*ratio >= left[m] {
			return m
		}
	}
	return 8
}

// decoded estimates the bytes of the planes and of what the decoder keeps for them.
func (p *planesPath) decoded() int64 {
	return 500<<10 + p.source.memory(p.scale)
}

// viewBytes estimates the bytes of the view of l, before and after a turn. Planes that are used as they are need no
// copy, unless their samples have the range of video.
func (p *planesPath) viewBytes(l leg, stored image.Point) int64 {
	plane := p.planeBytes(l)
	need := plane
	if l.view.stored() == stored && l.view.filter == "" && !p.chroma(l) && !isInks(p.shape.Kind) && !p.shape.Video {
		need = 0
	}
	if l.view.turn != (turn{}) {
		need += plane
	}
	return need
}

// planeBytes estimates the bytes of the planes of l at the size of its view.
func (p *planesPath) planeBytes(l leg) int64 {
	per := int64(2) // half-size chroma
	switch {
	case isInks(p.shape.Kind):
		per = 4
	case !p.chroma(l):
		per = 1
	case p.subsampling(l) == 1:
		per = 3
	}
	return per * (int64(l.view.size.X) + 1) * (int64(l.view.size.Y) + 1)
}

// kept estimates the bytes of memory that stay in a workspace.
func (p *planesPath) kept() int64 {
	need := p.decoded()
	for _, l := range p.legs {
		coefficients := 2 * int64(l.view.size.X) * int64(l.view.size.Y)
		need += p.viewBytes(l, image.Point{}) + coefficients
	}
	return need
}

func (p *planesPath) need(n *needs) {
	n.held += p.decoded()
	var views int64 // before and after a turn; one size after the other uses them
	for _, l := range p.legs {
		views = max(views, p.viewBytes(l, p.stored))
	}
	n.held += views
	for i := range p.legs {
		l := &p.legs[i]
		if size := l.view.size; p.direct(*l) {
			soft := l.softNeed(p.planeBytes(*l))
			n.during(soft)
			n.output(l, soft/2, size, false)
		} else {
			n.steps(l, imageBytes(args{}, size.X, size.Y), size, p.inRGB(*l))
		}
	}
}

func (p *planesPath) explain() (why, how string) {
	why = "planes from end to end"
	if p.shape.Kind == pixel.YCbCr && !p.colors() {
		why = "the plane of luma from end to end"
	}
	for _, l := range p.legs {
		if isInks(p.shape.Kind) {
			why = "planes of inks until they have the sizes wanted"
			break
		}
		if !l.planar() {
			why = fmt.Sprintf("planes until %s, which is done in RGB", l.rest[0])
			break
		}
		if !p.direct(l) {
			why = fmt.Sprintf("planes until %s is written", l.row.name)
		}
	}
	if !p.shape.Scales && p.scale.Luma == 8 {
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
		return j.fault(ClassDecode, err)
	}
	res.Decode = time.Since(start)
	return j.eachSize(&p.plan, res, func(s *sizing) error { return p.size(s, planes) })
}

// size makes the files of one size. Those of planes come first: RGB is made from a view with all chroma, and then the
// memory of views is free for what an encoder makes of RGB.
func (p *planesPath) size(s *sizing, planes *pixel.Planes) error {
	var pic, soft *pixel.Planes
	made := 0 // the subsampling of pic
	shown := s.legs[0]
	shown.gray = !isInks(p.shape.Kind) && !slices.ContainsFunc(s.legs, p.chroma)
	view := func(sub int) (err error) {
		if made == sub {
			return nil
		}
		soft = nil
		s.doing, made = "resize", sub
		if pic, err = s.space.view(planes, &p.shape, shown, sub, pic); err != nil {
			return &Error{Kind: ClassOperation, Doing: s.doing, Err: err}
		}
		return s.ended()
	}
	if s.legs[0].planar() {
		s.suit(lookPhoto)
	}
	rgb := false
	for sub := 2; sub > 0; sub-- {
		for i, l := range s.legs {
			if !s.todo(i) {
				continue
			}
			if !p.direct(l) {
				rgb = true
			} else if p.subsampling(l) == sub {
				if err := view(sub); err != nil {
					return err
				}
				if soft == nil { // all legs on this way have the same left to do
					var err error
					if soft, err = s.softened(&l, pic, sub); err != nil {
						return err
					}
				}
				if err := s.finishPlanes(i, soft); err != nil {
					return err
				}
			}
		}
	}
	if !rgb {
		return nil
	}
	if err := view(1); err != nil {
		return err
	}
	img, err := p.rgbOf(s.job, pic)
	if err != nil {
		return err
	}
	return s.finish(img, func(l *leg) []Op { return p.inRGB(*l) })
}

// rgbOf returns a view in RGB.
func (p *planesPath) rgbOf(j *job, view *pixel.Planes) (*image.NRGBA, error) {
	if !isInks(view.Kind) {
		return view.NRGBA(), nil
	}
	source, ok := p.source.(inkSource)
	return j.inksOf(view, ok && source.inverted())
}

// inRGB returns what is to be done to the view of l in RGB. Inks are no luma: their view is not gray yet.
func (p *planesPath) inRGB(l leg) []Op {
	if isInks(p.shape.Kind) {
		return l.inRGB()
	}
	return l.rest
}
