package transform

import (
	"errors"
	"fmt"
	"image"

	"imgpipe/transform/internal/damage"
	"imgpipe/transform/internal/jpeg"
	"imgpipe/transform/internal/resample"
	"imgpipe/transform/internal/vp8"
	"imgpipe/transform/internal/vp8l"
)

// readWebP decodes the first image.
func (j *job) readWebP(m meta) (*image.NRGBA, error) {
	img, report, err := j.webpPixels(m)
	if err != nil {
		return nil, err
	}
	return img, j.damaged(report)
}

// webpPixels decodes the first image. What is missing is filled, and in the report.
func (j *job) webpPixels(m meta) (*image.NRGBA, damage.Report, error) {
	f := &m.webp
	report := damage.Report{Rows: m.Height}
	if f.lossless != nil {
		p, err := vp8l.Decode(f.lossless[5:], f.width, f.height, j.ended)
		if err != nil {
			return nil, report, err
		}
		if !m.Alpha {
			for i := 4*p.Rows*f.width + 3; i < len(p.Pix); i += 4 {
				p.Pix[i] = 255
			}
		}
		m.missing(&report, p.Err, p.Rows)
		img := &image.NRGBA{Pix: p.Pix, Stride: 4 * f.width, Rect: image.Rect(0, 0, f.width, f.height)}
		return img, report, nil
	}
	alpha, lost, err := f.opacity(j.ended)
	if err != nil {
		return nil, report, err
	}
	p, err := j.readLossy(m)
	if err != nil {
		return nil, report, err
	}
	img := convert(p, alpha)
	if m.Alpha {
		clear(img.Pix[p.Rows*img.Stride:])
	}
	m.missing(&report, p.Err, p.Rows)
	if lost.err != nil {
		report.Doubt(f.explain(lost.err), m.view.Min.Y+lost.row, "transparency is missing")
	}
	return img, report, nil
}

// readLossy decodes the planes of the first image.
func (j *job) readLossy(m meta) (*vp8.Picture, error) {
	h, err := vp8.ReadHeader(m.webp.lossy)
	if err != nil {
		return nil, err
	}
	if m.webp.unannounced {
		j.remark("its transparency was passed over, as its header says that it has none")
	}
	return vp8.Decode(h, j.ended)
}

// webpPlanes decodes the planes of a lossy WebP without alpha. Their samples have the range of video.
func (j *job) webpPlanes(m meta) (*jpeg.Planes, error) {
	p, err := j.readLossy(m)
	if err != nil {
		return nil, j.fault(err)
	}
	report := damage.Report{Rows: m.Height}
	m.missing(&report, p.Err, p.Rows)
	if err := j.damaged(report); err != nil {
		return nil, err
	}
	w, h := m.Width, m.Height
	chroma := jpeg.Plane{
		Stride: p.CStride, W: (w + 1) / 2, H: (h + 1) / 2, ExtentW: float64(w) / 2, ExtentH: float64(h) / 2,
	}
	blue, red := chroma, chroma
	blue.Pix, red.Pix = p.Cb, p.Cr
	luma := jpeg.Plane{Pix: p.Y, Stride: p.YStride, W: w, H: h, ExtentW: float64(w), ExtentH: float64(h)}
	return &jpeg.Planes{Kind: jpeg.YCbCr, Plane: [4]jpeg.Plane{luma, blue, red}}, nil
}

// missing reports the rows of the frame that are not there. Without any, the canvas around it is worth nothing.
func (m *meta) missing(report *damage.Report, err error, rows int) {
	switch err = m.webp.explain(err); {
	case err == nil:
	case rows == 0:
		report.Miss(err, 0, m.Height)
	default:
		report.Miss(err, m.view.Min.Y+rows, m.webp.height-rows)
	}
}

// explain returns what to say of an error of a decoder, which knows nothing of the file.
func (f *webpFrame) explain(err error) error {
	if f.cut && (errors.Is(err, vp8.ErrShort) || errors.Is(err, vp8l.ErrShort)) {
		return errCut
	}
	return err
}

var errCut = errors.New("the file ends before the image does")

// A loss is why there is no alpha from a row on.
type loss struct {
	err error
	row int
}

// opacity decodes the alpha of a lossy image, a byte for each pixel; nil where there is none. Rows that are lost are
// opaque. An error is that of stop.
func (f *webpFrame) opacity(stop func() error) ([]byte, loss, error) {
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
		p, err := vp8l.Decode(data, w, h, stop)
		if err != nil {
			return nil, loss{}, err
		}
		for i := range alpha {
			alpha[i] = p.Pix[4*i+1]
		}
		if lost.row = p.Rows; p.Err != nil {
			lost.err = fmt.Errorf("its alpha is damaged: %w", p.Err)
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

// levels has, for luma and chroma, what becomes of a sample with the range of video, 16 to 235 and 16 to 240 (ITU-R
// BT.601), at full range.
var levels = func() (t [2][256]uint8) {
	for v := range 256 {
		t[0][v] = uint8(min(max((2*(v-16)*255+219)/(2*219), 0), 255))
		t[1][v] = uint8(min(max(((v-128)*255+128*224+112)/224, 0), 255))
	}
	return t
}()

// fullRange makes dst of the samples of src, which may be the same plane.
func fullRange(dst, src resample.Plane, chroma bool) {
	table := &levels[0]
	if chroma {
		table = &levels[1]
	}
	for y := range dst.H {
		to, from := dst.Row(y), src.Row(y)
		for x, v := range from {
			to[x] = table[v]
		}
	}
}
