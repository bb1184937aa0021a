package transform

import (
	"bytes"
	"encoding/binary"
	"image"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/tiff"
)

// isTIFF reports whether head is that of a TIFF or BigTIFF, in either byte order. A camera raw file of Canon (CR2) is
// a TIFF as well, but its first image is a preview.
func isTIFF(head []byte) bool {
	return beginsWith("II*\x00", "MM\x00*", "II+\x00", "MM\x00+")(head) &&
		!bytes.HasPrefix(head, []byte("II*\x00\x10\x00\x00\x00CR"))
}

// tiff reads the first directory of a TIFF or BigTIFF file.
func (m *meta) tiff(data []byte) error {
	d, ok := tiff.Open(data)
	if !ok {
		return codec.ErrHeader
	}
	if kind := rawKind(data); kind != "" {
		return &Error{Kind: ClassUnsupported, Doing: "read header", Err: rawRefusal(kind)}
	}
	l, err := tiff.ReadLayout(d)
	if err != nil {
		return err
	}
	m.Width, m.Height, m.Alpha, m.space = l.Width, l.Height, l.Alpha, tiffSpace(d)
	if o := d.Number(tiff.Orientation, 1); o >= 1 && o <= 8 {
		m.Orientation = int(o)
	}
	if p, ok := d.Field(tiff.ICCProfile); ok {
		m.takeProfile(p.Bytes)
	} else if d.Names(tiff.ICCProfile) {
		m.torn.why = "it is not in the file"
	}
	m.rgbBytes = int(min(l.Memory(false)/(int64(l.Width)*int64(l.Height)), 1<<20)) + 1
	m.price.work, m.price.least = l.Work(), l.Least()
	m.bits = int(d.Number(tiff.BitsPerSample, 1))
	m.more = d.More()
	m.describeTIFF(data, d)
	m.head, m.rounded = &l, l.Rounded()
	m.findRows(tiffRows{&l}, l.Deep())
	return nil
}

// tiffSpace returns the color space of the pixels.
func tiffSpace(d tiff.Directory) string {
	switch d.Number(tiff.Photometric, 1) {
	case 0, 1, 4:
		return spaceGray
	case 5:
		return spaceCMYK
	case 8, 9, 10:
		return spaceLab
	}
	return spaceRGB
}

// tiffRows decode the rows of a TIFF.
type tiffRows struct{ *tiff.Layout }

func (r tiffRows) gray(bool) bool         { return r.Gray }
func (r tiffRows) opaque() bool           { return !r.Alpha }
func (r tiffRows) memory(deep bool) int64 { return r.Memory(deep) }

func (r tiffRows) start(j *job, _ []byte, deep bool) rowReader {
	if j.space.tiff == nil {
		j.space.tiff = new(tiff.Decoder)
	}
	if deep {
		j.space.tiff.StartDeep(r.Layout, j.tiffOptions())
	} else {
		j.space.tiff.Start(r.Layout, j.tiffOptions())
	}
	return j.space.tiff
}

func (j *job) tiffOptions() tiff.Options {
	o := tiff.Options{Stop: j.stop, JPEG: j.jpegInTIFF, WebP: j.webpInTIFF}
	if j.inks != nil {
		if transform, err := j.inks.Transform(); err == nil { // else foundColors would have left it out
			o.Inks = transform.Convert
		}
	}
	return o
}

// readTIFF decodes all rows.
func (j *job) readTIFF(_ []byte, m *meta) (*image.NRGBA, error) {
	l := m.head.(*tiff.Layout)
	j.space.large = j.space.large || l.Memory(false) > keepBytes
	var decoder tiff.Decoder
	decoder.Start(l, j.tiffOptions())
	return j.whole(&decoder, l.Width, l.Height, l.Gray)
}

// encodeTIFF encodes an image with as few samples for a pixel as hold it.
func (j *job) encodeTIFF(img *image.NRGBA, e encoding) ([]byte, error) {
	gray := !e.profile.needsRGB() && colorless(img)
	pic := tiff.Picture{
		Pix: img.Pix, Stride: img.Stride, W: img.Rect.Dx(), H: img.Rect.Dy(),
		Gray: gray, Alpha: !img.Opaque(),
	}
	return j.space.tiffs.Append(nil, &pic, tiff.EncodeOptions{
		Compression: e.compression, Stop: j.stop,
		ICC: j.embed(e.profile, TIFF, gray), Description: e.tiffDescription(),
	})
}

// encodeDeepTIFF encodes an image of 16 bits a sample with as few samples for a pixel as hold it.
func (j *job) encodeDeepTIFF(img *image.NRGBA64, e encoding) ([]byte, error) {
	gray := !e.profile.needsRGB() && colorlessDeep(img)
	pic := tiff.Picture{
		Deep: true, Pix: img.Pix, Stride: img.Stride, W: img.Rect.Dx(), H: img.Rect.Dy(),
		Gray: gray, Alpha: !img.Opaque(),
	}
	return j.space.tiffs.Append(nil, &pic, tiff.EncodeOptions{
		Compression: e.compression, Stop: j.stop,
		ICC: j.embed(e.profile, TIFF, gray), Description: e.tiffDescription(),
	})
}

// measureTIFF finds the size in the first directory of a TIFF in the byte order that Do writes (TIFF 6.0, section 2).
func measureTIFF(data []byte) (w, h int, ends bool) {
	const most, entry = 64, 12
	if len(data) < 8 || string(data[:4]) != "II*\x00" {
		return 0, 0, false
	}
	at := int64(binary.LittleEndian.Uint32(data[4:]))
	if at+2 > int64(len(data)) {
		return 0, 0, false
	}
	n := min(int64(binary.LittleEndian.Uint16(data[at:])), most)
	for at += 2; n > 0 && at+entry <= int64(len(data)); n, at = n-1, at+entry {
		value := int(binary.LittleEndian.Uint32(data[at+8:]))
		if binary.LittleEndian.Uint16(data[at+2:]) == 3 { // a short, in the first half of the field
			value &= 0xffff
		}
		switch binary.LittleEndian.Uint16(data[at:]) {
		case 256:
			w = value
		case 257:
			h = value
		}
	}
	return w, h, true
}
