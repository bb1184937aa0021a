package transform

import (
	"errors"
	"fmt"
	"image"
	"slices"
	"time"
)

// A framesPath decodes one frame of an animation after the other onto a canvas, and sends what that shows through the
// operations of each size. An output that holds no animation gets the first frame.
type framesPath struct {
	plan
	header Header
}

func (p *framesPath) name() string { return "frames" }

func (p *framesPath) explain() (why, how string) {
	return "one frame after the other, in RGB", fmt.Sprintf(", %d frames", p.header.traits.frames.frames)
}

func (p *framesPath) need(n *needs) {
	n.clear = true
	pixels := int64(p.header.Width) * int64(p.header.Height)
	const (
		canvases = 2 * 4 // what is shown, and what a frame takes the place of
		decode   = 4 + 12
	)
	n.held += canvases * pixels
	n.during(decode * pixels)
	if p.orientation > 1 {
		n.held += 4 * pixels
	}
	frames := int64(n.frames.frames)
	for i := range p.legs {
		l := &p.legs[i]
		n.steps(l, 0, l.sizes[0], l.ops)
		if !l.animates() {
			continue
		}
		out := int64(l.size().X) * int64(l.size().Y)
		const kept = 4 * 4 // the first frame, and three that are compared
		file := n.file(out, 4*frames, 16)
		n.held += kept*out + 2*file + 64*frames
	}
}

// A strip is one output of an animation while its frames come.
type strip struct {
	first *image.NRGBA // frame, for a file that turns out to have no other
	shown duration     // of it
	maker animator     // nil until there is a second frame
	out   Output
	e     encoding
	plays int
}

func (p *framesPath) run(j *job, data []byte, m meta, res *Result, _ time.Time) error {
	j.space.large = j.space.large || 16*m.Width*m.Height > keepBytes
	strips := make([]strip, len(p.legs))
	source, screen := m.frames.source(data, &m), newCanvas(m.Width, m.Height)
	doing := "decode " + string(m.Format)
	for i := range strips {
		strips[i].plays = m.frames.plays
	}
	crops := make([][]image.Rectangle, len(p.legs))
	count := 0
	for {
		j.doing = doing
		start := time.Now()
		f, err := source.next(j)
		if err != nil {
			return j.fault(ClassDecode, err)
		}
		if f == nil || count == m.frames.expected() {
			break
		}
		if f.damage.Err != nil && count > 0 {
			return p.end(j, &m, res, strips, count, errors.New(f.damage.String()))
		}
		if err := j.damaged(f.damage); err != nil {
			return err
		}
		if count == 0 {
			j.remarksOf(f.odd)
		}
		screen.show(f)
		img := screen.img
		if p.orientation > 1 {
			img = orient(img, p.orientation)
		}
		if err := j.ended(); err != nil {
			return err
		}
		res.Decode += time.Since(start)
		if err := p.frame(j, res, strips, crops, img, f.shown, count); err != nil {
			return err
		}
		count++
		if f.damage.Err != nil {
			return p.end(j, &m, res, strips, count, nil) // the first frame is damaged, which was said
		}
	}
	j.doing = doing
	why := source.end(j)
	if why == nil && count < m.frames.expected() {
		why = errors.New("the file ends before its last frame")
	}
	return p.end(j, &m, res, strips, count, why)
}

// expected returns how many frames a file is to have.
func (a *animation) expected() int {
	if a.told != 0 {
		return a.told
	}
	return a.frames
}

// frame sends one frame through all legs.
func (p *framesPath) frame(
	j *job, res *Result, strips []strip, crops [][]image.Rectangle, img *image.NRGBA, shown duration, count int,
) error {
	at := 0
	for legs := range p.bySize() {
		mine := strips[at:][:len(legs)]
		var last *leg
		var out *image.NRGBA
		for i := range legs {
			l := &legs[i]
			if count > 0 && !l.animates() {
				continue
			}
			start := time.Now()
			if last == nil || last.converted != l.converted {
				j.pixels = l.pixels
				j.crops = &cropping{kept: &crops[at+i]}
				var err error
				out, err = j.operate(img, l.ops)
				j.crops = nil
				if err != nil {
					return err
				}
				last = l
				if count == 0 && res.Swatch == "" && l.label == p.tiniest() {
					res.Swatch = swatchOf(out)
				}
				res.Operate += time.Since(start)
				start = time.Now()
			}
			j.doing = "encode " + string(l.row.name)
			if err := mine[i].take(j, l, out, shown, count); err != nil {
				return j.fault(ClassEncode, err)
			}
			res.Encode += time.Since(start)
		}
		at += len(legs)
	}
	return nil
}

// take takes frame number count.
func (s *strip) take(j *job, l *leg, img *image.NRGBA, shown duration, count int) error {
	size := img.Rect.Size()
	if count == 0 {
		s.e = j.describing(l.enc, l.row, size.X, size.Y)
		s.out = Output{Label: l.label, Format: l.row.name, Width: size.X, Height: size.Y}
		if !l.animates() {
			return s.still(j, l, img)
		}
		s.first, s.shown = copied(nil, img), shown
		return nil
	}
	if s.maker == nil {
		if err := l.row.holds(size.X, size.Y); err != nil {
			return err
		}
		var err error
		if s.maker, err = l.row.animate(j, s.e, size, s.plays); err != nil {
			return err
		}
		if err := s.maker.add(j, s.first, s.shown); err != nil {
			return err
		}
		s.first = nil
	}
	return s.maker.add(j, img, shown)
}

// still makes a file of one image.
func (s *strip) still(j *job, l *leg, img *image.NRGBA) (err error) {
	s.out.Data, err = j.encode(img, l.row, s.e)
	return err
}

// end makes the files of count frames. why is what was wrong with the next one, nil if there is none.
func (p *framesPath) end(j *job, m *meta, res *Result, strips []strip, count int, why error) error {
	if err := j.lacksFrames(m, count, why); err != nil {
		return err
	}
	for i := range strips {
		s, l := &strips[i], &p.legs[i]
		start := time.Now()
		j.doing = "encode " + string(l.row.name)
		var err error
		switch {
		case s.maker != nil:
			s.out.Data, err = s.maker.end(j)
		case s.out.Data == nil:
			err = s.still(j, l, s.first)
		}
		if err != nil {
			return j.fault(ClassEncode, err)
		}
		*s = strip{out: s.out}
		res.Encode += time.Since(start)
	}
	for legs := range p.bySize() {
		files := make([]Output, len(legs))
		for i := range files {
			files[i] = strips[i].out
		}
		strips = strips[len(legs):]
		if p.smallest {
			files = smallestOf(files)
		}
		res.Outputs = append(res.Outputs, files...)
	}
	return j.ended()
}

// lacksFrames decides what becomes of an animation of which only count frames are there, as damaged does for rows.
func (j *job) lacksFrames(m *meta, count int, why error) error {
	if why == nil {
		return nil
	}
	all := max(m.frames.expected(), count+1)
	lacks := fmt.Sprintf("frame %d: %v: of %d frames the last %d are missing", count+1, why, all, all-count)
	if all-count == 1 {
		lacks = fmt.Sprintf("frame %d: %v: of %d frames the last is missing", count+1, why, all)
	}
	return j.lack(lacks, count == 0)
}

// A cropping remembers where the smart crops of an animation's first frame were, for all others.
type cropping struct {
	kept *[]image.Rectangle
	next int
}

// smartPlace returns the window that smartPlace chose in the first frame of an animation, or chooses it.
func (j *job) smartPlace(img *image.NRGBA, w, h int) image.Rectangle {
	if j.crops == nil {
		return smartPlace(img, w, h)
	}
	c := j.crops
	if c.next == len(*c.kept) {
		*c.kept = append(slices.Clip(*c.kept), smartPlace(img, w, h))
	}
	c.next++
	return (*c.kept)[c.next-1]
}
