package transform

import (
	"errors"
	"image"
	"time"

	"imgpipe/transform/internal/png"
	"imgpipe/transform/internal/resample"
)

// rows is the way of a PNG: each row goes to the views of all outputs as it is decoded, so that the whole is in memory only where an output
// is as large.
func (j *job) rows(t Task, m meta, p plan, start time.Time) (Result, error) {
	w := j.space
	legs := p.legs()
	w.large = rowsNeed(m.rows, legs) > keepBytes
	for len(w.streams) < len(legs) {
		w.streams = append(w.streams, &resample.Resampler{Cache: &weights})
	}
	streams := w.streams[:len(legs)]
	pics := make([]*image.NRGBA, len(legs))
	j.doing = "resize"
	for i, l := range legs {
		v := l.view
		pics[i] = image.NewNRGBA(image.Rectangle{Max: v.stored()})
		win := resample.Window{X: v.x, Y: v.y, W: v.w, H: v.h}
		if err := streams[i].StartNRGBA(pics[i], m.Width, m.Height, m.rows.Opaque, win, resamplers[v.filter]); err != nil {
			return Result{}, &Error{Kind: ClassOperation, Doing: j.doing, Err: err}
		}
	}
	j.doing = "decode png"
	w.png.Start(t.Data, m.rows, func() bool { return j.ctx.Err() != nil })
	var pushing time.Duration
	for range m.Height {
		row, err := w.png.Row()
		if err != nil {
			return Result{}, j.pngFault(err)
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
	res := Result{Source: m.Header.public(), Path: "rgba", Decode: time.Since(start) - pushing, Operate: pushing}
	profile := newProfile(m)
	for i, l := range legs {
		begun := time.Now()
		pic := orient(pics[i], l.view.turn.orientation())
		if err := j.finish(&res, p, i, pic, l.inRGB(), profile, begun); err != nil {
			return Result{}, err
		}
	}
	return res, nil
}

// pngFault makes the *Error of what the decoder of rows said.
func (j *job) pngFault(err error) error {
	if errors.Is(err, png.ErrStopped) {
		if over := j.over(); over != nil {
			return over
		}
	}
	return &Error{Kind: ClassDecode, Doing: j.doing, Err: err}
}

// rowsNeed estimates the bytes of memory that it takes to get to the views.
func rowsNeed(h *png.Header, legs []leg) int64 {
	need := h.Memory()
	for _, l := range legs {
		size := l.view.stored()
		pic := imageBytes(args{}, size.X, size.Y)
		need += pic + 400*int64(h.Width) + 100*int64(h.Height+size.X+size.Y) // rows and sums of the resampler, and weights
		if l.view.turn != (turn{}) {
			need += pic
		}
	}
	return need
}
