package transform

import (
	"errors"
	"fmt"
	"image"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/pixel"
	"imgpipe/transform/internal/vp8"
	"imgpipe/transform/internal/vp8l"
)

// readWebP decodes the first image.
func (j *job) readWebP(_ []byte, m *meta) (*image.NRGBA, error) {
	img, report, err := j.webpPixels(m)
	if err != nil {
		return nil, err
	}
	return img, j.damaged(report)
}

// webpPixels decodes the first image. What is missing is filled, and in the report.
func (j *job) webpPixels(m *meta) (*image.NRGBA, codec.Damage, error) {
	f := m.head.(*webpFrame)
	report := codec.Damage{Rows: m.Height}
	if f.lossless != nil {
		h, err := vp8l.ReadHeader(f.lossless)
		if err != nil {
			return nil, report, err
		}
		p, err := h.Decode(j.stop)
		if err != nil {
			return nil, report, err
		}
		if !m.Alpha {
			for i := 4*p.Damage.Whole()*f.width + 3; i < len(p.Pix); i += 4 {
				p.Pix[i] = 255
			}
		}
		m.missing(&report, p.Damage)
		img := &image.NRGBA{Pix: p.Pix, Stride: 4 * f.width, Rect: image.Rect(0, 0, f.width, f.height)}
		return img, report, nil
	}
	alpha, lost, err := f.opacity(j.stop)
	if err != nil {
		return nil, report, err
	}
	p, err := j.readLossy(f, pixel.Scale{})
	if err != nil {
		return nil, report, err
	}
	img := rgbOf(&p.Planes, f.head.Shape(), alpha)
	if m.Alpha {
		clear(img.Pix[p.Damage.Whole()*img.Stride:])
	}
	m.missing(&report, p.Damage)
	if lost.err != nil {
		report.Doubt(f.explain(lost.err), m.view.Min.Y+lost.row, "transparency is missing")
	}
	return img, report, nil
}

// readLossy decodes the planes of the first image.
func (j *job) readLossy(f *webpFrame, scale pixel.Scale) (vp8.Picture, error) {
	if f.unannounced {
		j.remark("its transparency was passed over, as its header says that it has none")
	}
	return f.head.Decode(scale, j.stop)
}

// webpPlanes decode the planes of a lossy WebP without alpha, whose frame is the whole canvas.
type webpPlanes struct{ *webpFrame }

func (f webpPlanes) shape() pixel.Shape { return f.head.Shape() }

func (f webpPlanes) memory(scale pixel.Scale) int64 {
	pixels := int64(f.width) * int64(f.height)
	half := func(m int, n int64) int64 {
		if m <= vp8.Half {
			return n/4 + 50*int64(f.width) // and the rows of macroblocks that it is made of
		}
		return n
	}
	return pixels/2 + half(scale.Luma, pixels) + half(scale.Chroma, pixels/2)
}

func (f webpPlanes) decode(j *job, _ []byte, scale pixel.Scale) (*pixel.Planes, error) {
	p, err := j.readLossy(f.webpFrame, scale)
	if err != nil {
		return nil, err
	}
	p.Damage.Err = f.explain(p.Damage.Err)
	return &p.Planes, j.damaged(p.Damage)
}

// rgbOf returns the pixels of a lossy image as RGB and alpha, which is a byte for each pixel; nil is opaque.
func rgbOf(p *pixel.Planes, s pixel.Shape, alpha []byte) *image.NRGBA {
	w, h := s.Width, s.Height
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	rows := pixel.NewRows(p, s)
	for y := range h {
		out := img.Pix[y*img.Stride:][:4*w]
		rows.RGB(out, y, false)
		if alpha != nil {
			for x, a := range alpha[y*w:][:w] {
				out[4*x+3] = a
			}
		}
	}
	return img
}

// missing reports the rows of the frame that are not there. Without any, the canvas around it is worth nothing.
func (m *meta) missing(report *codec.Damage, frame codec.Damage) {
	frame.Err = m.head.(*webpFrame).explain(frame.Err)
	if frame.Nothing() {
		report.Miss(frame.Err, 0, m.Height)
	} else {
		report.Part(frame, m.view.Min.Y)
	}
}

// explain returns what to say of an error of a decoder, which knows nothing of the file.
func (f *webpFrame) explain(err error) error {
	if f.cut && errors.Is(err, codec.ErrCut) {
		return codec.ErrCut
	}
	return err
}

// A loss is why there is no alpha from a row on.
type loss struct {
	err error
	row int
}

// opacity decodes the alpha of a lossy image, a byte for each pixel; nil where there is none. Rows that are lost are
// opaque. The only error is codec.ErrStopped.
func (f *webpFrame) opacity(stop codec.Stop) ([]byte, loss, error) {
	if f.alpha == nil {
		return nil, loss{}, nil
	}
	if len(f.alpha) == 0 {
		return nil, loss{err: errors.New("its alpha is empty")}, nil
	}
	var lost loss
	w, h := f.width, f.height
	alpha := make([]byte, w*h)
	head, data := f.alpha[0], f.alpha[1:]
	switch method := head & 3; method {
	case 0:
		n := copy(alpha, data)
		if lost.row = n / w; n < len(alpha) {
			lost.err = errors.New("its alpha ends before the image does")
		}
	case 1:
		head := vp8l.Headless(data, w, h)
		p, err := head.Decode(stop)
		if err != nil {
			return nil, loss{}, err
		}
		for i := range alpha {
			alpha[i] = p.Pix[4*i+1]
		}
		if lost.row = p.Damage.Whole(); p.Damage.Err != nil {
			lost.err = fmt.Errorf("its alpha is damaged: %w", p.Damage.Err)
		}
	default:
		lost.err = fmt.Errorf("its alpha is packed by method %d: expected 0 or 1", method)
	}
	unfilterAlpha(alpha[:lost.row*w], w, head>>2&3)
	for i := lost.row * w; i < len(alpha); i++ {
		alpha[i] = 255
	}
	return alpha, lost, nil
}

// unfilterAlpha adds to each sample what was predicted of it (RFC 9649, section 2.7.1.2).
func unfilterAlpha(alpha []byte, w int, filter byte) {
	if filter == 0 {
		return
	}
	for at := 0; at < len(alpha); at += w {
		row := alpha[at:][:w]
		if at == 0 { // from the left, whatever the filter
			for x := 1; x < w; x++ {
				row[x] += row[x-1]
			}
			continue
		}
		above := alpha[at-w:][:w]
		row[0] += above[0]
		for x := 1; x < w; x++ {
			switch filter {
			case 1:
				row[x] += row[x-1]
			case 2:
				row[x] += above[x]
			case 3:
				row[x] += byte(min(max(int(row[x-1])+int(above[x])-int(above[x-1]), 0), 255))
			}
		}
	}
}
