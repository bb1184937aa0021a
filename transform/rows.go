package transform

import (
	"image"
	"time"

	"imgpipe/transform/internal/damage"
	"imgpipe/transform/internal/pixel"
	"imgpipe/transform/internal/resample"
)

// A rowSource is what is known of a file whose rows can be decoded one after the other.
type rowSource interface {
	// gray tells that rows have one byte for a pixel and not four; opaque that none of them is transparent.
	gray() bool
	opaque() bool
	// memory is how many bytes the decoder needs besides what it gives.
	memory() int64
	// start begins to decode.
	start(j *job, data []byte) rowReader
}

// A rowReader decodes one file.
type rowReader interface {
	// Row returns the next row as it is stored, good until the next call, as often as the header has rows. A row that
	// is missing comes filled, and is in Damage. An error is for good.
	Row() ([]byte, error)
	// Damage says after the last row what was missing.
	Damage() damage.Report
	// Release has the decoder forget the file.
	Release()
}

// rows is the way of a PNG or TIFF: each row goes to the views of all outputs as it is decoded, so that the whole is in memory only where an output
// is as large.
func (j *job) rows(t Task, m meta, p plan, start time.Time) (Result, error) {
	w := j.space
	legs := p.legs()
	w.large = rowsNeed(m.Header, legs) > keepBytes
	for len(w.streams) < len(legs) {
		w.streams = append(w.streams, &resample.Resampler{Cache: &weights})
	}
	streams := w.streams[:len(legs)]
	pics, grays := make([]*image.NRGBA, len(legs)), make([]pixel.Plane, len(legs))
	j.doing = "resize"
	for i, l := range legs {
		v := l.view
		win, filter := resample.Window{X: v.x, Y: v.y, W: v.w, H: v.h}, resamplers[v.filter]
		var err error
		if m.rows.gray() {
			grays[i] = pixel.NewPlane(v.stored().X, v.stored().Y)
			err = streams[i].StartPlane(grays[i], m.Width, m.Height, win, filter)
		} else {
			pics[i] = image.NewNRGBA(image.Rectangle{Max: v.stored()})
			err = streams[i].StartNRGBA(pics[i], m.Width, m.Height, m.rows.opaque(), win, filter)
		}
		if err != nil {
			return Result{}, &Error{Kind: ClassOperation, Doing: j.doing, Err: err}
		}
	}
	j.doing = "decode " + string(m.Format)
	decoder := m.rows.start(j, t.Data)
	defer decoder.Release()
	var pushing time.Duration
	for range m.Height {
		row, err := decoder.Row()
		if err != nil {
			return Result{}, j.fault(err)
		}
		begun := time.Now()
		for _, s := range streams {
			if _, err := s.Push(row, len(row), 1); err != nil {
				return Result{}, &Error{Kind: ClassOperation, Doing: j.doing, Err: err}
			}
		}
		pushing += time.Since(begun)
	}
	if err := j.over(); err != nil {
		return Result{}, err
	}
	if err := j.settle(decoder); err != nil {
		return Result{}, err
	}
	res := Result{Source: m.Header.public(), Path: rowsPath(m.rows, p.format, legs), Decode: time.Since(start) - pushing, Operate: pushing}
	profile := j.profile(m)
	for i, l := range legs {
		begun := time.Now()
		if m.rows.gray() {
			if err := j.finishGray(&res, p, i, grays[i], l, profile, begun); err != nil {
				return Result{}, err
			}
			continue
		}
		pic := orient(pics[i], l.view.turn.orientation())
		if err := j.finish(&res, p, i, pic, l.inRGB(), profile, begun); err != nil {
			return Result{}, err
		}
	}
	return res, nil
}

// whole decodes all rows of an image of w × h pixels; gray tells that they have one byte for a pixel.
func (j *job) whole(decoder rowReader, w, h int, gray bool) (*image.NRGBA, error) {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		row, err := decoder.Row()
		if err != nil {
			return nil, err
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
	return img, j.settle(decoder)
}

// finishGray is finish for the view of a gray image, which a JPEG takes as it is.
func (j *job) finishGray(res *Result, p plan, i int, pic pixel.Plane, l leg, profile *profile, start time.Time) error {
	if o := l.view.turn.orientation(); o != 1 {
		turned := pixel.NewPlane(l.view.size.X, l.view.size.Y)
		resample.Orient(turned, pic, o)
		pic = turned
	}
	planes := &pixel.Planes{Kind: pixel.Gray, Plane: [4]pixel.Plane{pic}}
	if !grayLeg(l, p.format) {
		return j.finish(res, p, i, planes.NRGBA(), l.rest, profile, start)
	}
	return j.finishPlanes(res, p, i, planes, profile, start)
}

// grayLeg tells whether the view of a gray image is encoded as it is.
func grayLeg(l leg, f Format) bool { return len(l.rest) == 0 && f == JPEG }

// rowsPath is the Path of a Result.
func rowsPath(r rowSource, f Format, legs []leg) string {
	if !r.gray() {
		return "rgba"
	}
	for _, l := range legs {
		if !grayLeg(l, f) {
			return "gray+rgba"
		}
	}
	return "gray"
}

// rowsNeed estimates the bytes of memory that it takes to get to the views, and of these as they are stored.
func rowsNeed(h Header, legs []leg) int64 {
	need := h.rows.memory()
	for _, l := range legs {
		size := l.view.stored()
		pic := imageBytes(args{}, size.X, size.Y)
		if h.rows.gray() {
			pic /= 4
		}
		need += pic + 400*int64(h.Width) + 100*int64(h.Height+size.X+size.Y) // rows and sums of the resampler, and weights
	}
	return need
}
