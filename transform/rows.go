package transform

import (
	"image"
	"slices"
	"time"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/pixel"
	"imgpipe/transform/internal/resample"
)

// A rowSource is what is known of a file whose rows can be decoded one after the other.
type rowSource interface {
	// gray reports whether rows have one sample for a pixel, and not four. deep is about rows of 16 bits a sample,
	// which are asked for only if the traits of the file say that there can be such.
	gray(deep bool) bool
	// opaque reports whether no pixel is transparent.
	opaque() bool
	// memory estimates the bytes that the decoder needs besides its result.
	memory(deep bool) int64
	// start begins to decode data.
	start(j *job, data []byte, deep bool) rowReader
}

// A rowReader decodes one file.
type rowReader interface {
	// Row returns the next row as it is stored. Of 16 bits, samples have two bytes, the high one first, and become the
	// samples of 8 bits when they are rounded. The row is good until the next call, and there are as many as the
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
	if !p.rows.gray(false) {
		return "rgba"
	}
	for _, l := range p.legs {
		if !l.direct() {
			return "gray+rgba"
		}
	}
	return "gray"
}

func (p *rowsPath) explain() (why, how string) {
	why = "row by row to the sizes wanted"
	if planes, ok := p.rows.(planeRows); ok {
		return planes.explain(), ""
	}
	if p.deep() {
		how = ", with 16 bits a sample"
	}
	return why, how
}

func (p *rowsPath) need(n *needs) {
	n.held += p.views()
	gray := p.rows.gray(false)
	for i := range p.legs {
		l := &p.legs[i]
		size := l.view.size
		pic := imageBytes(args{}, size.X, size.Y)
		if l.deep {
			pic *= 2
		}
		var more int64
		if l.view.turn != (turn{}) {
			more += pic
		}
		switch {
		case l.deep:
			if p.rows.gray(true) {
				more += pic
			}
			n.steps(l, more, size, l.inRGB())
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
	need := p.rows.memory(p.deep()) + 4*int64(h.Width)
	for legs := range p.bySize() {
		size := legs[0].view.stored()
		for _, deep := range depths(legs) {
			pic := imageBytes(args{}, size.X, size.Y)
			if p.rows.gray(deep) {
				pic /= 4
			}
			if deep {
				pic *= 2
			}
			// The rest is of the resampler: rows, sums and weights.
			perColumn, perPlace := int64(400), int64(100)
			if deep || legs[0].linear {
				perColumn, perPlace = 2*perColumn, 3*perPlace
			}
			need += pic + perColumn*int64(h.Width) + perPlace*int64(h.Height+size.X+size.Y)
		}
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
	decoder := p.rows.start(j, data, p.deep())
	defer decoder.Release()
	pushing, err := p.fill(j, decoder, views)
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
	return j.eachSize(&p.plan, res, func(s *sizing) error {
		for range depths(s.legs) {
			v := &views[0]
			views = views[1:]
			if err := v.finish(s); err != nil {
				return err
			}
			*v = rowView{}
		}
		return nil
	})
}

// A rowView is the view of one size, at one depth, while rows come in. One of the pictures is set: of gray or of
// colors, with 8 bits a sample or with 16.
type rowView struct {
	stream *resample.Resampler
	deep   bool
	gray   pixel.Plane
	pic    *image.NRGBA
	gray16 *image.Gray16
	pic16  *image.NRGBA64
}

// open makes an empty view for each depth of each size.
func (p *rowsPath) open(j *job, w *workspace) (views []rowView, err error) {
	j.doing = "resize"
	for legs := range p.bySize() {
		for _, deep := range depths(legs) {
			if len(w.streams) == len(views) {
				w.streams = append(w.streams, &resample.Resampler{Cache: &weights})
			}
			v := rowView{stream: w.streams[len(views)], deep: deep}
			if err := p.start(&v, &legs[0]); err != nil {
				return nil, &Error{Kind: ClassOperation, Doing: j.doing, Err: err}
			}
			views = append(views, v)
		}
	}
	return views, nil
}

// start makes the picture of v, for the view of l.
func (p *rowsPath) start(v *rowView, l *leg) error {
	s, size, w, h := v.stream, l.view.stored(), p.header.Width, p.header.Height
	win, filter := resample.Window{X: l.view.x, Y: l.view.y, W: l.view.w, H: l.view.h}, resamplers[l.view.filter]
	whole := image.Rectangle{Max: size}
	s.Linear = l.linear
	switch gray := p.rows.gray(v.deep); {
	case v.deep && gray:
		v.gray16 = image.NewGray16(whole)
		return s.StartGray16(v.gray16, w, h, win, filter)
	case v.deep:
		v.pic16 = image.NewNRGBA64(whole)
		return s.StartNRGBA64(v.pic16, w, h, p.rows.opaque(), win, filter)
	case gray:
		v.gray = pixel.NewPlane(size.X, size.Y)
		return s.StartPlane(v.gray, w, h, win, filter)
	}
	v.pic = image.NewNRGBA(whole)
	return s.StartNRGBA(v.pic, w, h, p.rows.opaque(), win, filter)
}

// fill sends all rows of a decoder to the views. pushing is the time that the views took.
func (p *rowsPath) fill(j *job, decoder rowReader, views []rowView) (pushing time.Duration, err error) {
	deep := p.deep()
	mixed := deep && slices.ContainsFunc(views, func(v rowView) bool { return !v.deep })
	round := p.rounder()
	for range p.header.Height {
		row, err := decoder.Row()
		if err != nil {
			return 0, j.fault(ClassDecode, err)
		}
		begun := time.Now()
		rounded := row
		if mixed {
			rounded = round(row)
		}
		for i := range views {
			v, row := &views[i], row
			if !v.deep {
				row = rounded
			}
			if _, err := v.stream.Push(row, len(row), 1); err != nil {
				return 0, &Error{Kind: ClassOperation, Doing: j.doing, Err: err}
			}
		}
		pushing += time.Since(begun)
	}
	return pushing, nil
}

// rounder returns a function that makes rows of 8 bits a sample of rows of 16. They are good until the next call.
func (p *rowsPath) rounder() func(row []byte) []byte {
	var samples, pixels []byte
	return func(row []byte) []byte {
		samples = slices.Grow(samples[:0], len(row)/2)[:len(row)/2]
		pixel.Shallow(samples, row)
		if p.rows.gray(true) == p.rows.gray(false) {
			return samples
		}
		pixels = slices.Grow(pixels[:0], 4*len(samples))[:4*len(samples)]
		pixel.Spread(pixels, samples, 1)
		return pixels
	}
}

// finish makes the files of the legs of v's depth.
func (v *rowView) finish(s *sizing) error {
	turn := s.legs[0].view.turn
	switch {
	case v.gray16 != nil:
		size := v.gray16.Rect.Size()
		v.pic16 = image.NewNRGBA64(v.gray16.Rect)
		pixel.Spread(v.pic16.Pix, v.gray16.Pix[:2*size.X*size.Y], 2)
		fallthrough
	case v.pic16 != nil:
		return s.finishDeep(turned(v.pic16, turn))
	case v.pic != nil:
		return s.finish(orient(v.pic, turn.orientation()), (*leg).inRGB)
	}
	return s.finishGray(v.gray)
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
