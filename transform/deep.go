package transform

import (
	"image"
	"slices"

	"imgpipe/transform/internal/pixel"
)

// This file is about samples of 16 bits, which a leg either has from the file to the output or not at all. So each
// output is that of a run for it alone: rows are decoded once, and rounded for the legs of 8 bits.

// deepen decides whether the samples of l have 16 bits, and notes what takes bits away that the output could have.
func (p *plan) deepen(s Spec, l *leg, h Header) {
	t := h.traits
	switch {
	case t == nil || !t.deep && t.rounded == "":
		return // there are no more than 8
	case s.Depth == Depth8 || s.Smallest || l.row.encodeDeep == nil:
		return // no more than 8 are asked for
	case l.enc.colors != 0 && l.row.name.Heeds("colors"):
		return // a palette has 8
	}
	var why []string
	switch {
	case t.rounded != "":
		why = append(why, t.rounded)
	case p.animated:
		why = append(why, "an animation")
	default:
		for _, op := range l.inRGB() {
			if op.deep() == nil {
				why = append(why, op.op.name)
			}
		}
	}
	l.deep = len(why) == 0
	for _, what := range why {
		if !slices.Contains(p.eight, what) {
			p.eight = append(p.eight, what)
		}
	}
}

// rounded returns the warning that pixels have lost bits, "" if they have lost none that an output could have.
func (p *plan) rounded() string {
	if len(p.eight) == 0 {
		return ""
	}
	return "worked in 8 bits: " + inWords(p.eight, "and")
}

// deep reports whether some output has 16 bits a sample.
func (p *plan) deep() bool { return slices.ContainsFunc(p.legs, func(l leg) bool { return l.deep }) }

// depths returns whether legs have 16 bits: true, false, or one after the other where they differ.
func depths(legs []leg) (list []bool) {
	for _, deep := range []bool{true, false} {
		if slices.ContainsFunc(legs, func(l leg) bool { return l.deep == deep }) {
			list = append(list, deep)
		}
	}
	return list
}

// finishDeep is finish for the legs of 16 bits, which have one result of their operations.
func (s *sizing) finishDeep(img *image.NRGBA64) error {
	var out *image.NRGBA64
	for i := range s.legs {
		l := &s.legs[i]
		if !l.deep {
			continue
		}
		if out == nil {
			s.pixels = l.pixels
			var err error
			if out, err = s.operateDeep(img, l.inRGB()); err != nil {
				return err
			}
			if s.swatch && s.res.Swatch == "" {
				s.res.Swatch = swatchOfDeep(out)
			}
			s.operated()
		}
		s.doing = "encode " + string(l.row.name)
		size := out.Rect.Size()
		if err := l.row.holds(size.X, size.Y); err != nil {
			return err
		}
		data, err := l.row.encodeDeep(s.job, out, s.describing(l.enc, l.row, size.X, size.Y))
		if err != nil {
			return s.fault(ClassEncode, err)
		}
		s.made(i, size, data)
	}
	return nil
}

// operateDeep is operate for images of 16 bits a sample.
func (j *job) operateDeep(img *image.NRGBA64, ops []Op) (*image.NRGBA64, error) {
	for _, op := range ops {
		j.doing = op.op.name
		if err := j.ended(); err != nil {
			return nil, err
		}
		out, err := op.deep()(j, img, args(op))
		if err != nil {
			return nil, &Error{Kind: ClassOperation, Doing: op.op.name, Err: err}
		}
		img = out
	}
	return img, j.ended()
}

// swatchOfDeep returns the Swatch of an image of 16 bits a sample.
func swatchOfDeep(img *image.NRGBA64) Swatch {
	s := newSwatch(img.Rect.Dx(), img.Rect.Dy(), func(out []sample, xs []int, y int) {
		row := img.Pix[y*img.Stride:]
		var p [4]byte
		for k, x := range xs {
			pixel.Shallow(p[:], row[8*x:][:8])
			out[k] = sample{int(p[0]), int(p[1]), int(p[2]), int(p[3])}
		}
	})
	if !img.Opaque() {
		s += "~"
	}
	return s
}

// colorlessDeep reports whether no pixel has a color, whatever its alpha.
func colorlessDeep(img *image.NRGBA64) bool {
	for y := range img.Rect.Dy() {
		for row := img.Pix[y*img.Stride:][:8*img.Rect.Dx()]; len(row) >= 8; row = row[8:] {
			if row[0] != row[2] || row[1] != row[3] || row[2] != row[4] || row[3] != row[5] {
				return false
			}
		}
	}
	return true
}
