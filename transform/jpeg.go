package transform

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/jpeg"
	"imgpipe/transform/internal/pixel"
)

// A jpegHead is what the header function of a JPEG passes to its decode function.
type jpegHead struct {
	jpeg.Header
	bare bool // four components without Adobe's marker
}

// jpeg reads the header: the segments before the first scan, and what the decoder needs of them.
func (m *meta) jpeg(data []byte) error {
	head := new(jpegHead)
	m.head = head
	if err := m.jpegSegments(data, head); err != nil {
		return err
	}
	h, err := jpeg.ReadHeader(data)
	if err != nil {
		return err
	}
	if h.Kind == pixel.Two {
		return codec.Unsupported("a JPEG of 2 components")
	}
	m.Width, m.Height, m.bits = h.Width, h.Height, 8
	head.Header = h
	if h.Kind == pixel.YCbCr || h.Kind == pixel.Gray || plainInks(&head.Header) {
		m.planes = jpegPlanes{head}
	} else {
		m.general = fmt.Sprintf("its components are %v", h.Kind)
		pixels := int64(h.Width) * int64(h.Height)
		m.rgbBytes = int((h.Memory(pixel.Scale{})+pixels-1)/pixels) + 1
	}
	m.jpegPrice(data, &h)
	return nil
}

// jpegPrice counts the scans of a file that may have any number.
func (m *meta) jpegPrice(data []byte, h *jpeg.Header) {
	p, pixels := &m.price, int64(m.Width)*int64(m.Height)
	p.work = 2 * pixels
	if isInks(h.Kind) {
		p.work += pixels // one plane more, and no chroma of fewer samples
	}
	if m.planes == nil {
		p.work = 20 * pixels // planes are converted to RGB as well
	}
	if !m.Progressive {
		p.least = h.Least() // each component comes once
		return
	}
	w := jpeg.ReadWork(data)
	p.least, p.scans = w.Least, w.Scans
	p.work += 6 * w.Blocks
}

// readJPEG decodes a JPEG to RGB. Inks are inverted if the file has Adobe's marker.
func (j *job) readJPEG(data []byte, m *meta) (*image.NRGBA, error) {
	head := m.head.(*jpegHead)
	img, report, err := j.jpegPixels(data, &head.Header, !head.bare)
	if err != nil {
		return nil, err
	}
	return img, j.damaged(report)
}

// jpegPlanes are those of a JPEG.
type jpegPlanes struct{ *jpegHead }

func (h jpegPlanes) shape() pixel.Shape             { return h.Shape() }
func (h jpegPlanes) memory(scale pixel.Scale) int64 { return h.Memory(scale) }
func (h jpegPlanes) inverted() bool                 { return !h.bare }

func (h jpegPlanes) decode(j *job, data []byte, scale pixel.Scale) (*pixel.Planes, error) {
	d := &j.space.decoder
	o := jpeg.Options{Scale: scale, Stop: j.stop}
	if h.inverted() {
		o.NoInk = 255
	}
	planes, report, err := d.Decode(data, &h.Header, o)
	if err != nil {
		return nil, err
	}
	j.remarksOf(d.Remarks())
	return planes, j.damaged(report)
}

// encodeJPEG encodes an image over the background. The file is gray if no pixel has a color.
func (j *job) encodeJPEG(img *image.NRGBA, e encoding) ([]byte, error) {
	img = j.flatten(JPEG, img)
	w := j.space
	w.large = w.large || len(img.Pix) > keepBytes
	gray := !e.profile.needsRGB() && colorless(img)
	return j.jpegFile(w.planesOf(img, gray, e.subsampling(true)), e, j.embed(e.profile, JPEG, gray))
}

// encodeJPEGPlanes encodes planes as they are.
func (j *job) encodeJPEGPlanes(pic *pixel.Planes, e encoding) ([]byte, error) {
	if pic.Kind == pixel.Gray && e.profile.needsRGB() {
		pic = j.space.neutral(pic)
	}
	return j.jpegFile(pic, e, j.embed(e.profile, JPEG, pic.Kind == pixel.Gray))
}

// jpegFile returns a file of planes.
func (j *job) jpegFile(pic *pixel.Planes, e encoding, icc []byte) ([]byte, error) {
	return j.space.encoder.Append(nil, pic, jpeg.EncodeOptions{
		Quality: e.quality, Optimize: true, Progressive: e.inScans(), Stop: j.stop,
		ICC: icc, EXIF: e.metadata.EXIF, XMP: e.metadata.XMP, IPTC: e.metadata.IPTC,
	})
}

// inScans reports whether a JPEG is to be progressive.
func (e encoding) inScans() bool { return e.progressive || e.effort == EffortHigh }

// jpegNeed is the need of the row. Coefficients that are not zero are kept until the tables are made, up to a bound,
// and the file grows by doubling. A JPEG of a JPEG has no more bytes in proportion than that, unless its quality is
// higher.
func jpegNeed(n *needs, l *leg, pixels int64) (file, encoder int64) {
	perPixel, factor := int64(2), int64(2)
	if l.enc.quality >= fineQuality || l.enc.chroma == ChromaFull {
		perPixel, factor = 4, 4
	}
	if n.rows != nil && n.rows.gray(false) {
		perPixel = (perPixel + 1) / 2
	}
	if n.planes == nil {
		factor = 0
	}
	file = n.file(pixels, perPixel, factor)
	if l.enc.inScans() {
		// All coefficients are kept. One that is not 0 takes over two bits of the file.
		return file, pixels/2 + min(jpeg.SpectrumBytes(3*pixels), 8*file+3*pixels/6) + 2*file
	}
	return file, pixels/2 + min(6*file, 64<<20) + 2*file
}

// measureJPEG finds the size in the frame header (ITU-T T.81, B.2.2). Before it, Do writes tables and a profile in a
// few segments.
func measureJPEG(data []byte) (w, h int, ends bool) {
	const most = 64
	at := 2
	for range most {
		if at+9 > len(data) || data[at] != 0xff {
			return 0, 0, false
		}
		if m := data[at+1]; m >= 0xc0 && m <= 0xc2 {
			w, h = int(binary.BigEndian.Uint16(data[at+7:])), int(binary.BigEndian.Uint16(data[at+5:]))
			return w, h, bytes.HasSuffix(data, []byte{0xff, 0xd9})
		}
		at += 2 + int(binary.BigEndian.Uint16(data[at+2:]))
	}
	return 0, 0, false
}
