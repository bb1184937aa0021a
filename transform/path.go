package transform

import (
	"image"
	"time"

	"imgpipe/transform/internal/pixel"
)

// A path is the way that the pixels of one image go, from its file to its outputs. What a path costs, how it is
// explained and what it does come from one value, so that they cannot differ. There are four:
//
//	planesPath  decodes a JPEG or lossy WebP to planes, each as small as the views allow
//	rowsPath    sends each row of a PNG or TIFF to all views as it is decoded, and never holds the whole image; also
//	            the rows of a JPEG or lossy WebP that is resized in linear light, whose planes it holds
//	framesPath  sends each frame of an animation to outputs that hold animations
//	rgbPath     decodes everything else to one RGB image; each operation makes a new image
//
// The first two paths make the view of each size from what they decode. A size goes on in RGB only for what is not
// geometry.
// All formats of a size have one view and one result of its operations, which each encoder gets.
type path interface {
	// name is Result.Path.
	name() string
	// explain returns in words why pixels go this way, and how the file is decoded: at which size. how begins with a
	// space, or is empty if there is no choice.
	explain() (why, how string)
	// need adds to n the memory that run has in use.
	need(n *needs)
	// run decodes data, whose header is m, and adds the outputs of each size to res. Work began at start.
	run(j *job, data []byte, m meta, res *Result, start time.Time) error
}

// path returns the only path that an image with header h can go by.
func (p plan) path(h Header) path {
	switch t := h.traits; {
	case p.animated:
		return &framesPath{p, h}
	case t != nil && t.planes != nil && p.linear():
		return &rowsPath{p, h, planeRows{t.planes}}
	case t != nil && t.planes != nil:
		return newPlanesPath(p, t.planes)
	case t != nil && t.rows != nil:
		return &rowsPath{p, h, t.rows}
	}
	return &rgbPath{p, h}
}

// direct reports whether the view of l is encoded as it is, if it is one of planes.
func (l leg) direct() bool { return len(l.rest) == 0 && l.row.encodePlanes != nil }

// A sizing is one size of an image while its files are made.
type sizing struct {
	*job
	res   *Result
	legs  []leg     // of this size
	files []Output  // for each leg; without Data until that is made
	start time.Time // of the work on this size

	swatch   bool   // of this size, which has the fewest pixels, the Swatch is taken
	smallest bool   // only the smallest of files is kept
	suits    []bool // which legs suit the picture, if that is known and only the smallest is kept
}

// eachSize calls do for each size of p. do makes the file of each leg, and has pixels once for all of them.
func (j *job) eachSize(p *plan, res *Result, do func(s *sizing) error) error {
	tiniest := p.tiniest()
	for legs := range p.bySize() {
		s := &sizing{
			job: j, res: res, legs: legs, files: make([]Output, len(legs)), start: time.Now(),
			swatch: legs[0].label == tiniest, smallest: p.smallest,
		}
		if err := do(s); err != nil {
			return err
		}
		res.Outputs = append(res.Outputs, s.kept()...)
	}
	return nil
}

// finish does the ops of each leg to img, and makes of the result each file that is not made yet. Legs differ in their
// operations only in whether colors are converted, and those that do not differ have one result.
func (s *sizing) finish(img *image.NRGBA, ops func(l *leg) []Op) error {
	for i := range s.legs {
		if !s.todo(i) {
			continue
		}
		first := &s.legs[i]
		s.pixels = first.pixels
		out, err := s.operate(img, ops(first))
		if err != nil {
			return err
		}
		if s.smallest && s.suits == nil {
			s.suit(lookOf(out))
		}
		if s.swatch && s.res.Swatch == "" {
			s.res.Swatch = swatchOf(out)
		}
		s.operated()
		for k := i; k < len(s.legs); k++ {
			l := &s.legs[k]
			if !s.todo(k) || l.converted != first.converted {
				continue
			}
			s.doing = "encode " + string(l.row.name)
			data, err := s.encode(out, l.row, s.describing(l.enc, l.row, out.Rect.Dx(), out.Rect.Dy()))
			if err != nil {
				return err
			}
			s.made(k, out.Rect.Size(), data)
		}
	}
	return nil
}

// finishPlanes makes the file of leg i from planes, which are encoded as they are.
func (s *sizing) finishPlanes(i int, pic *pixel.Planes) error {
	l := &s.legs[i]
	if s.swatch && s.res.Swatch == "" {
		s.res.Swatch = swatchOfPlanes(pic)
	}
	s.operated()
	s.doing = "encode " + string(l.row.name)
	e := s.describing(l.enc, l.row, pic.Plane[0].W, pic.Plane[0].H)
	data, err := l.row.encodePlanes(s.job, pic, e)
	if err != nil {
		return s.fault(ClassEncode, err)
	}
	s.made(i, image.Pt(pic.Plane[0].W, pic.Plane[0].H), data)
	return nil
}

// operated ends the time of an operation.
func (s *sizing) operated() {
	now := time.Now()
	s.res.Operate += now.Sub(s.start)
	s.start = now
}

// made sets the file of leg i, and ends the time of its encoding.
func (s *sizing) made(i int, size image.Point, data []byte) {
	now := time.Now()
	s.res.Encode += now.Sub(s.start)
	s.start = now
	s.files[i] = Output{
		Label: s.legs[i].label, Format: s.legs[i].row.name, Width: size.X, Height: size.Y, Data: data,
	}
}

// operate does operations one after the other. It does not change img.
func (j *job) operate(img *image.NRGBA, ops []Op) (*image.NRGBA, error) {
	for _, op := range ops {
		j.doing = op.op.name
		if err := j.ended(); err != nil {
			return nil, err
		}
		out, err := op.op.apply(j, img, args(op))
		if err != nil {
			return nil, &Error{Kind: ClassOperation, Doing: op.op.name, Err: err}
		}
		img = out
	}
	return img, j.ended()
}
