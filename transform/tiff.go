package transform

import (
	"errors"
	"fmt"
	"image"

	"imgpipe/transform/internal/tiff"
)

// tiff reads the first directory of a TIFF or BigTIFF file.
func (m *meta) tiff(data []byte) error {
	d, ok := tiff.Open(data)
	if !ok {
		return errShort
	}
	if d.Has(tiff.DNGVersion) {
		return unsupportedError("a DNG camera raw file")
	}
	if d.Number(tiff.SubfileType, 0)&1 != 0 && d.Has(tiff.SubIFDs) {
		return unsupportedError("a camera raw file, whose first image is a preview,")
	}
	l, err := tiff.ReadLayout(d)
	if err != nil {
		return tiffError(err)
	}
	m.Width, m.Height, m.Alpha, m.cmyk = l.Width, l.Height, l.Alpha, l.CMYK
	if o := d.Number(tiff.Orientation, 1); o >= 1 && o <= 8 {
		m.Orientation = int(o)
	}
	if p, ok := d.Field(tiff.ICCProfile); ok && len(p.Bytes) <= maxProfile {
		m.icc = p.Bytes
	}
	m.decode = 1 + int(min(l.BlockBytes/(int64(l.Width)*int64(l.Height)), 1<<20))
	return nil
}

func (j *job) readTIFF(data []byte) (image.Image, error) {
	d, ok := tiff.Open(data)
	if !ok {
		return nil, errShort
	}
	l, err := tiff.ReadLayout(d)
	if err != nil {
		return nil, tiffError(err)
	}
	img, err := l.Decode(tiff.Options{Stop: j.over, JPEG: j.jpegInTIFF})
	if err != nil {
		return nil, tiffError(err)
	}
	return img, nil
}

// jpegInTIFF decodes one block of a TIFF. image/jpeg takes three components for YCbCr unless Adobe's marker says otherwise.
func (j *job) jpegInTIFF(file []byte, width, height int, raw bool) (*image.NRGBA, error) {
	if raw {
		adobe := "\xff\xd8\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
		file = append([]byte(adobe), file[2:]...)
	}
	var m meta
	if err := m.jpeg(file); err != nil {
		return nil, err
	}
	if m.Width > width || m.Height > height {
		return nil, fmt.Errorf("a block holds a JPEG of %dx%d: expected at most %dx%d", m.Width, m.Height, width, height)
	}
	img, err := j.readJPEG(file, m)
	if err != nil {
		return nil, err
	}
	return convert(img, false)
}

func tiffError(err error) error {
	var unsupported tiff.Unsupported
	if errors.As(err, &unsupported) {
		return unsupportedError(unsupported)
	}
	return err
}
