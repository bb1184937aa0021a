package transform

import (
	"errors"
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
	m.Width, m.Height, m.Alpha, m.space = l.Width, l.Height, l.Alpha, tiffSpace(d)
	if o := d.Number(tiff.Orientation, 1); o >= 1 && o <= 8 {
		m.Orientation = int(o)
	}
	if p, ok := d.Field(tiff.ICCProfile); ok {
		m.takeProfile(p.Bytes)
	} else if d.Names(tiff.ICCProfile) {
		m.torn.why = "it is not in the file"
	}
	m.decode = int(min(l.Memory()/(int64(l.Width)*int64(l.Height)), 1<<20)) + 1
	m.price.work, m.price.least = l.Work(), l.Least()
	m.more = d.More()
	m.findRows(tiffRows{&l})
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

// tiffRows are those of a TIFF.
type tiffRows struct{ *tiff.Layout }

func (r tiffRows) gray() bool    { return r.Gray }
func (r tiffRows) opaque() bool  { return !r.Alpha }
func (r tiffRows) memory() int64 { return r.Memory() }

func (r tiffRows) start(j *job, _ []byte) rowReader {
	if j.space.tiff == nil {
		j.space.tiff = new(tiff.Decoder)
	}
	j.space.tiff.Start(r.Layout, j.tiffOptions())
	return tiffReader{j.space.tiff}
}

func (j *job) tiffOptions() tiff.Options {
	return tiff.Options{
		Stop: j.ended, JPEG: j.jpegInTIFF, WebP: j.webpInTIFF, Remark: func(what string) { j.remark("%s", what) },
	}
}

// A tiffReader is a decoder with the errors of this package.
type tiffReader struct{ *tiff.Decoder }

func (r tiffReader) Row() ([]byte, error) {
	row, err := r.Decoder.Row()
	return row, tiffError(err)
}

func (j *job) readTIFF(data []byte) (*image.NRGBA, error) {
	d, ok := tiff.Open(data)
	if !ok {
		return nil, errShort
	}
	l, err := tiff.ReadLayout(d)
	if err != nil {
		return nil, tiffError(err)
	}
	j.space.large = j.space.large || l.Memory() > keepBytes
	var decoder tiff.Decoder
	decoder.Start(&l, j.tiffOptions())
	return j.whole(tiffReader{&decoder}, l.Width, l.Height, l.Gray)
}

func tiffError(err error) error {
	var unsupported tiff.Unsupported
	if errors.As(err, &unsupported) {
		return unsupportedError(unsupported)
	}
	return err
}
