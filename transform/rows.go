package transform

import (
	"image"
	"time"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/pixel"
	"imgpipe/transform/internal/resample"
)

// A rowSource is what is known of a file whose rows can be decoded one after the other.
type rowSource interface {
	// gray reports whether rows have one byte for a pixel, and not four. opaque reports whether no pixel is
	// transparent.
	gray() bool
	opaque() bool
	// memory estimates the bytes that the decoder needs besides its result.
	memory() int64
	// start begins to decode data.
	start(j *job, data []byte) rowReader
}

// A rowReader decodes one file.
type rowReader interface {
	// Row returns the next row as it is stored. The row is good until the next call, and there are as many as the
	// header says. A row that is missing is filled, and counted in Damage. After an error there is nothing more.
	Row() ([]byte, error)
	// Damage returns, after the last row, what was missing.
	Damage() codec.Damage
	// Remarks returns, after the last row, what is odd in the file and did no harm.
	Remarks() []string
	// Release makes the decoder forget the file.
	Release()
}

// A rowsPath sends each row to the views of all sizes as it is decoded. The whole image is in memory only if an output
// is as large.
type rowsPath struct {
	plan
	header Header
	rows   rowSource
}

func (p *rowsPath) name() string {
	if !p.rows.gray() {
		return "rgba"
	}
	for _, l := range p.legs {
		if !l.direct() {
			return "gray+rgba"
		}
	}
	return "gray"
}

func (p *rowsPath) explain() (why, how string) { return "row by row to the sizes wanted", "" }

func (p *rowsPath) need(n *needs) {
	n.held += p.views()
	gray := p.rows.gray()
	for i := range p.legs {
		l := &p.legs[i]
		size := l.view.size
		pic := imageBytes(args{}, size.X, size.Y)
		var more int64
		if l.view.turn != (turn{}) {
			more += pic
		}
		switch {
		case !gray:
			n.steps(l, more, size, l.inRGB())
		case l.direct():
			n.output(l, more/4, size, false)
		default:
			n.steps(l, more+pic, size, l.inRGB())
		}
	}
}

// views estimates the bytes of the decoder, the resamplers and the views before they are turned.
func (p *rowsPath) views() int64 {
	h := p.header
	need := p.rows.memory()
	for legs := range p.bySize() {
		size := legs[0].view.stored()
		pic := imageBytes(args{}, size.X, size.Y)
		if p.rows.gray() {
			pic /= 4
		}
		// The rest is of the resampler: rows, sums and weights.
		need += pic + 400*int64(h.Width) + 100*int64(h.Height+size.X+size.Y)
	}
	return need
}

func (p *rowsPath) run(j *job, data []byte, m meta, res *Result, start time.Time) error {
	w := j.space
	w.large = p.views() > keepBytes
	views, err := p.open(j, w)
	if err != nil {
		return err
	}
	j.doing = "decode " + string(m.Format)
	decoder := p.rows.start(j, data)
	defer decoder.Release()
	pushing, err := views.fill(j, decoder, p.header.Height)
	if err != nil {
		return err
	}
	if err := j.ended(); err != nil {
		return err
	}
	if err := j.settle(decoder); err != nil {
		return err
	}
	res.Decode, res.Operate = time.Since(start)-pushing, pushing
	i := -1
	return j.eachSize(&p.plan, res, func(s *sizing) error {
		i++
		l := &s.legs[0]
		if p.rows.gray() {
			return s.finishGray(views.grays[i])
		}
		return s.finish(orient(views.pics[i], l.view.turn.orientation()), (*leg).inRGB)
	})
}

// rowViews are the views of all sizes while rows come in: grays of a gray image, pics of others.
type rowViews struct {
	streams []*resample.Resampler
	pics    []*image.NRGBA
	grays   []pixel.Plane
}

// open makes an empty view for each size.
func (p *rowsPath) open(j *job, w *workspace) (*rowViews, error) {
	n := 0
	for range p.bySize() {
		n++
	}
	for len(w.streams) < n {
		w.streams = append(w.streams, &resample.Resampler{Cache: &weights})
	}
	views := &rowViews{streams: w.streams[:n], pics: make([]*image.NRGBA, n), grays: make([]pixel.Plane, n)}
	j.doing = "resize"
	i := -1
	for legs := range p.bySize() {
		i++
		v, s := legs[0].view, views.streams[i]
		win, filter := resample.Window{X: v.x, Y: v.y, W: v.w, H: v.h}, resamplers[v.filter]
		var err error
		if p.rows.gray() {
			views.grays[i] = pixel.NewPlane(v.stored().X, v.stored().Y)
			err = s.StartPlane(views.grays[i], p.header.Width, p.header.Height, win, filter)
		} else {
			views.pics[i] = image.NewNRGBA(image.Rectangle{Max: v.stored()})
			err = s.StartNRGBA(views.pics[i], p.header.Width, p.header.Height, p.rows.opaque(), win, filter)
		}
		if err != nil {
			return nil, &Error{Kind: ClassOperation, Doing: j.doing, Err: err}
		}
	}
	return views, nil
}

// fill sends all rows of a decoder to the views. pushing is the time that the views took.
func (v *rowViews) fill(j *job, decoder rowReader, rows int) (pushing time.Duration, err error) {
	for range rows {
		row, err := decoder.Row()
		if err != nil {
			return 0, j.fault(ClassDecode, err)
		}
		begun := time.Now()
		for _, s := range v.streams {
			if _, err := s.Push(row, len(row), 1); err != nil {
				return 0, &Error{Kind: ClassOperation, Doing: j.doing, Err: err}
			}
		}
		pushing += time.Since(begun)
	}
	return pushing, nil
}

// whole decodes all rows of an image of w × h pixels. gray reports whether they have one byte for a pixel.
func (j *job) whole(decoder rowReader, w, h int, gray bool) (*image.NRGBA, error) {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	if err := fillRows(img, decoder, gray); err != nil {
		return nil, err
	}
	return img, j.settle(decoder)
}

// fillRows decodes all rows into img.
func fillRows(img *image.NRGBA, decoder rowReader, gray bool) error {
	w := img.Rect.Dx()
	for y := range img.Rect.Dy() {
		row, err := decoder.Row()
		if err != nil {
			return err
		}
		out := img.Pix[y*img.Stride:][:4*w]
		if !gray {
			copy(out, row)
			continue
		}
		for x, v := range row {
			out[4*x], out[4*x+1], out[4*x+2], out[4*x+3] = v, v, v, 255
		}
	}
	return nil
}

// finishGray is finish for the view of a gray image, which encoders of planes take as it is.
func (s *sizing) finishGray(pic pixel.Plane) error {
	l := &s.legs[0]
	if o := l.view.turn.orientation(); o != 1 {
		turned := pixel.NewPlane(l.view.size.X, l.view.size.Y)
		resample.Orient(turned, pic, o)
		pic = turned
	}
	planes := &pixel.Planes{Kind: pixel.Gray, Plane: [4]pixel.Plane{pic}}
	if len(l.rest) == 0 {
		s.suit(lookDrawing) // it has few colors at the most
	}
	rgb := false
	for i := range s.legs {
		if !s.todo(i) {
			continue
		}
		if !s.legs[i].direct() {
			rgb = true
		} else if err := s.finishPlanes(i, planes); err != nil {
			return err
		}
	}
	if !rgb {
		return nil
	}
	return s.finish(planes.NRGBA(), func(l *leg) []Op { return l.rest })
}
