package transform

import (
	"fmt"
	"image"

	"imgpipe/transform/internal/damage"
	"imgpipe/transform/internal/jpeg"
)

// readJPEG decodes a JPEG to RGB. Where Adobe's marker stands, inks are inverted, else they are not.
func (j *job) readJPEG(data []byte, m meta) (*image.NRGBA, error) {
	img, report, err := j.jpegPixels(data, m.frame, !m.bare)
	if err != nil {
		return nil, err
	}
	return img, j.damaged(report)
}

// jpegPixels decodes a JPEG whose header is h to RGB, as it is stored. The components mean what h.Kind says: a caller
// that knows better than the markers of the file, such as the tags of a TIFF, sets it. inverted tells of CMYK and YCCK
// that 255 is no ink. What is missing is filled, and in the report.
func (j *job) jpegPixels(data []byte, h *jpeg.Header, inverted bool) (*image.NRGBA, damage.Report, error) {
	planes := jpeg.Planes{Kind: h.Kind}
	if planes.N() != h.N {
		return nil, damage.Report{}, fmt.Errorf("%d components of a JPEG cannot be %v", h.N, h.Kind)
	}
	decoder := new(jpeg.Decoder)
	if j.space != nil {
		decoder = &j.space.decoder
		j.space.large = j.space.large || h.Memory(jpeg.Scale{}) > keepBytes
	}
	o := jpeg.Options{Stop: j.stop}
	if inverted {
		o.NoInk = 255
	}
	p, report, err := decoder.Decode(data, h, o)
	if err != nil {
		return nil, report, j.jpegFault(err)
	}
	j.remarksOf(decoder.Remarks())
	img := image.NewNRGBA(image.Rect(0, 0, h.Width, h.Height))
	rows := newRaiser(p, h)
	for y := range h.Height {
		if y%64 == 0 && j.stop() {
			return nil, report, j.ended()
		}
		rows.at(y)
		pixelsOf(img.Pix[y*img.Stride:][:4*h.Width], &rows.rows, h.Kind, inverted)
	}
	return img, report, nil
}

// A raiser gives the rows of all planes at the resolution of the finest.
type raiser struct {
	planes     *jpeg.Planes
	header     *jpeg.Header
	hMax, vMax int
	bufs       [4][]byte
	rows       [4][]byte // those of planes that there are
}

func newRaiser(p *jpeg.Planes, h *jpeg.Header) *raiser {
	r := &raiser{planes: p, header: h}
	for i := range h.N {
		r.bufs[i] = make([]byte, h.Width+1)
		r.hMax, r.vMax = max(r.hMax, h.Components[i].H), max(r.vMax, h.Components[i].V)
	}
	return r
}

// at makes rows those of pixel row y. Samples that are half as many are raised by a triangle filter, others repeated.
func (r *raiser) at(y int) {
	width := r.header.Width
	for i := range r.header.N {
		p, c := &r.planes.Plane[i], &r.header.Components[i]
		if r.hMax%c.H == 0 && r.vMax%c.V == 0 {
			r.rows[i] = raise(r.bufs[i], p.Pix, p.Stride, p.W, p.H, y, r.hMax/c.H, r.vMax/c.V, width)
			continue
		}
		row := p.Pix[(2*y+1)*c.V/(2*r.vMax)*p.Stride:]
		for x := range width {
			r.bufs[i][x] = row[(2*x+1)*c.H/(2*r.hMax)]
		}
		r.rows[i] = r.bufs[i][:width]
	}
}

// pixelsOf makes a row of pixels from the samples of its components.
func pixelsOf(out []byte, rows *[4][]byte, kind jpeg.Kind, inverted bool) {
	switch kind {
	case jpeg.Gray:
		for x, v := range rows[0] {
			p := out[4*x:][:4]
			p[0], p[1], p[2], p[3] = v, v, v, 255
		}
	case jpeg.RGB, jpeg.CMYK:
		for x := range rows[0] {
			p := out[4*x:][:4]
			p[0], p[1], p[2], p[3] = rows[0][x], rows[1][x], rows[2][x], 255
		}
	default:
		jfif.row(out, rows[0], rows[1], rows[2])
	}
	if kind != jpeg.CMYK && kind != jpeg.YCCK {
		return
	}
	// What the light is that each ink leaves, and what black leaves of that. YCbCr of a YCCK are the inks' complements.
	flip, flipBlack := byte(0), byte(0)
	if !inverted {
		flipBlack = 255
	}
	if inverted == (kind == jpeg.YCCK) {
		flip = 255
	}
	for x, k := range rows[3] {
		p := out[4*x:][:4]
		black := uint32(k^flipBlack) * 257
		for i, v := range p[:3] {
			p[i] = byte(uint32(v^flip) * 257 * black / 65535 >> 8)
		}
	}
}
