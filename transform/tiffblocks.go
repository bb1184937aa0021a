package transform

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"

	"golang.org/x/image/webp"

	"imgpipe/transform/internal/jpeg"
	"imgpipe/transform/internal/tiff"
)

// jpegInTIFF decodes one block of a TIFF. What its components are is said by the tags of the TIFF alone, and not by the
// markers of JFIF and Adobe in it: these are replaced.
func (j *job) jpegInTIFF(file []byte, width, height int, ycbcr bool) (tiff.Samples, error) {
	file = withoutColors(file, ycbcr)
	h, err := jpeg.ReadHeader(file)
	if errors.Is(err, jpeg.ErrUnsupported) {
		return tiff.Samples{}, j.jpegFault(err)
	}
	if err != nil {
		return tiff.Samples{Err: err}, nil
	}
	if h.Width > width || h.Height > height {
		return tiff.Samples{}, blockTooLarge("JPEG", h.Width, h.Height, width, height)
	}
	w := jpeg.ReadWork(file)
	short := h.Width*h.Height > tiff.HarmlessPixels && w.Least > int64(len(file))
	if j.free -= generalBlock * w.Blocks; j.free < 0 || short {
		least := max(w.Least, -j.free/workPerByte)
		return tiff.Samples{}, &Error{
			Kind: ClassTooLarge, Doing: j.doing, Err: fewBytes(int64(len(file)), least, h.Width, h.Height, w.Scans),
		}
	}
	planes, d, err := j.space.decoder.Decode(file, &h, jpeg.Options{Stop: func() bool { return j.ctx.Err() != nil }})
	if errors.Is(err, jpeg.ErrStopped) || errors.Is(err, jpeg.ErrUnsupported) {
		return tiff.Samples{}, j.jpegFault(err)
	}
	if err != nil {
		return tiff.Samples{Err: err}, nil
	}
	s := tiff.Samples{W: h.Width, H: h.Height, N: h.N, Err: d.Err, Whole: d.Grey, Doubt: d.Row}
	if s.N == 1 {
		s.Pix, s.Stride, s.Step = planes.Plane[0].Pix, planes.Plane[0].Stride, 1
		return s, nil
	}
	s.Step, s.Stride, s.Pix = 4, 4*s.W, together(planes, s.W, s.H, ycbcr && s.N == 3)
	return s, nil
}

func blockTooLarge(what string, w, h, mostW, mostH int) error {
	return fmt.Errorf("a block holds a %s of %dx%d: expected at most %dx%d", what, w, h, mostW, mostH)
}

// withoutColors returns a JPEG file whose markers say that its components are YCbCr, or that they are to be taken as they
// are, whatever its own markers said before its first scan.
func withoutColors(file []byte, ycbcr bool) []byte {
	transform := byte(0)
	if ycbcr {
		transform = 1
	}
	out := append(make([]byte, 0, len(file)+16), "\xff\xd8\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"...)
	out = append(out, transform)
	at := 2
	for at+4 <= len(file) && file[at] == 0xff {
		marker := file[at+1]
		if marker == 0xff { // a byte that fills
			at++
			continue
		}
		if marker == 0xda || marker == 0xd9 {
			break
		}
		end := at + 2
		if marker != 1 && (marker < 0xd0 || marker > 0xd8) {
			end += int(binary.BigEndian.Uint16(file[at+2:]))
		}
		if end > len(file) {
			break
		}
		body := file[min(at+4, end):end]
		jfif := marker == 0xe0 && bytes.HasPrefix(body, []byte("JFIF"))
		adobe := marker == 0xee && bytes.HasPrefix(body, []byte("Adobe"))
		if !jfif && !adobe {
			out = append(out, file[at:end]...)
		}
		at = end
	}
	return append(out, file[at:]...)
}

// together returns the samples of all planes for each of w × h pixels, four bytes apart, or RGB that is made of YCbCr.
func together(p *jpeg.Planes, w, h int, ycbcr bool) []byte {
	out := make([]byte, 4*w*h)
	bufs := make([]byte, 4*(w+1))
	var rows [4][]byte
	for y := range h {
		to := out[4*w*y:][:4*w]
		for i := range p.N() {
			rows[i] = fullRow(bufs[i*(w+1):][:w+1], p.Plane[i], y, w, h)
		}
		if ycbcr {
			jfif.row(to, rows[0], rows[1], rows[2])
			continue
		}
		for i, row := range rows[:p.N()] {
			for x, v := range row {
				to[4*x+i] = v
			}
		}
	}
	return out
}

// fullRow returns row y of a plane at the resolution of the picture, which has w × h pixels. buf has room for one sample
// more.
func fullRow(buf []byte, p jpeg.Plane, y, w, h int) []byte {
	for _, ratio := range [][2]int{{1, 1}, {2, 1}, {2, 2}, {1, 2}, {4, 1}, {4, 2}} {
		sx, sy := ratio[0], ratio[1]
		if p.ExtentW*float64(sx) == float64(w) && p.ExtentH*float64(sy) == float64(h) {
			return raise(buf, p.Pix, p.Stride, p.W, p.H, y, sx, sy, w)
		}
	}
	from := p.Pix[min(int((float64(y)+0.5)*p.ExtentH/float64(h)), p.H-1)*p.Stride:]
	for x := range w {
		buf[x] = from[min(int((float64(x)+0.5)*p.ExtentW/float64(w)), p.W-1)]
	}
	return buf[:w]
}

// webpInTIFF decodes one block of a TIFF.
func (j *job) webpInTIFF(file []byte, width, height int) (tiff.Samples, error) {
	if len(file) < 12 || string(file[:4]) != "RIFF" || string(file[8:12]) != "WEBP" {
		return tiff.Samples{Err: errors.New("it is no WebP")}, nil
	}
	var m meta
	if err := m.readWebP(file); err != nil {
		return tiff.Samples{Err: err}, nil
	}
	if m.Width > width || m.Height > height || m.view != image.Rect(0, 0, m.Width, m.Height) {
		return tiff.Samples{}, blockTooLarge("WebP", m.Width, m.Height, width, height)
	}
	img, err := webp.Decode(j.reader(m.webp.still()))
	if over := j.over(); over != nil {
		return tiff.Samples{}, over
	}
	if err != nil {
		return tiff.Samples{Err: trimmed{err}}, nil
	}
	pic, err := convert(img, true)
	if err != nil {
		return tiff.Samples{}, err
	}
	return tiff.Samples{Pix: pic.Pix, Stride: pic.Stride, Step: 4, N: 4, W: pic.Rect.Dx(), H: pic.Rect.Dy()}, nil
}
