package transform

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"

	"imgpipe/transform/internal/png"
)

// pngRows decode the rows of a PNG.
type pngRows struct{ *png.Header }

func (r pngRows) gray(deep bool) bool    { return r.Gray || deep && r.DeepGray() }
func (r pngRows) opaque() bool           { return r.Opaque }
func (r pngRows) memory(deep bool) int64 { return r.Memory(deep) }

func (r pngRows) start(j *job, data []byte, deep bool) rowReader {
	d := &j.space.png
	if deep {
		d.StartDeep(data, r.Header, j.stop)
	} else {
		d.Start(data, r.Header, j.stop)
	}
	return d
}

// readPNG decodes all rows.
func (j *job) readPNG(data []byte, m *meta) (*image.NRGBA, error) {
	h := m.head.(*png.Header)
	var d png.Decoder
	d.Start(data, h, j.stop)
	return j.whole(&d, h.Width, h.Height, h.Gray)
}

// work estimates the nanoseconds that the rows of a PNG take. Samples of 16 bits are converted one by one.
func (r pngRows) work(pixels, raw int64) int64 {
	work := 6*pixels + 2*raw
	if r.Gray {
		work = 3*pixels + 2*raw
	}
	if r.Deep() {
		work += 2 * raw
	}
	if !r.Opaque {
		work += 2 * pixels
	}
	if r.Interlaced() {
		work += 4 * pixels
	}
	return work
}

// encodePNG encodes an image with the fewest bytes for a pixel that hold it: gray, up to 256 colors, RGB, or RGB and
// alpha. If fewer colors are asked for, they are reduced first.
func (j *job) encodePNG(img *image.NRGBA, e encoding) ([]byte, error) {
	pic := png.Picture{Layout: png.RGBA, Pix: img.Pix, Stride: img.Stride, W: img.Rect.Dx(), H: img.Rect.Dy()}
	p := e.profile
	few, exact := exactPalette(img, cmp.Or(e.colors, 256))
	opaque := img.Opaque()
	gray := !p.needsRGB() && colorless(img)
	if !exact && e.colors != 0 {
		var err error
		if few, err = j.reduce(img, e.colors); err != nil {
			return nil, err
		}
		exact = true
		if gray { // it may be written without a palette
			img = image.NewNRGBA(few.Rect)
			draw.Draw(img, img.Rect, few, image.Point{}, draw.Src)
		}
	}
	switch {
	case gray && opaque && (p != nil || !exact || len(few.Palette) > 16):
		pic.Layout, pic.Pix, pic.Stride = png.Gray, grayOf(img), pic.W
	case gray && !opaque && (p != nil || !exact):
		pic.Layout = png.GrayAlpha
	case exact:
		pic.Layout, pic.Pix, pic.Stride = png.Indexed, few.Pix, few.Stride
		for _, c := range few.Palette {
			c := c.(color.NRGBA)
			pic.Palette = append(pic.Palette, [4]byte{c.R, c.G, c.B, c.A})
		}
	case opaque:
		pic.Layout = png.RGB
	}
	return j.space.pngs.Append(nil, &pic, png.EncodeOptions{
		Compression: e.compression, Stop: j.stop,
		ICC: j.embed(p, PNG, gray), EXIF: e.metadata.EXIF, XMP: e.metadata.XMP,
	})
}

// encodeDeepPNG encodes an image of 16 bits a sample with as few samples for a pixel as hold it.
func (j *job) encodeDeepPNG(img *image.NRGBA64, e encoding) ([]byte, error) {
	pic := png.Picture{Deep: true, Pix: img.Pix, Stride: img.Stride, W: img.Rect.Dx(), H: img.Rect.Dy()}
	gray, opaque := !e.profile.needsRGB() && colorlessDeep(img), img.Opaque()
	switch {
	case gray && opaque:
		pic.Layout = png.Gray
	case gray:
		pic.Layout = png.GrayAlpha
	case opaque:
		pic.Layout = png.RGB
	default:
		pic.Layout = png.RGBA
	}
	return j.space.pngs.Append(nil, &pic, png.EncodeOptions{
		Compression: e.compression, Stop: j.stop,
		ICC: j.embed(e.profile, PNG, gray), EXIF: e.metadata.EXIF, XMP: e.metadata.XMP,
	})
}

// measurePNG reads the size from the first chunk (PNG, third edition, section 11.2.1).
func measurePNG(data []byte) (w, h int, ends bool) {
	if len(data) < 26 {
		return 0, 0, false
	}
	w, h = int(binary.BigEndian.Uint32(data[16:])), int(binary.BigEndian.Uint32(data[20:]))
	return w, h, string(data[12:16]) == "IHDR" && bytes.HasSuffix(data, []byte("\x00\x00\x00\x00IEND\xaeB`\x82"))
}
