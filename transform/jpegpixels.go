package transform

import (
	"fmt"
	"image"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/jpeg"
	"imgpipe/transform/internal/pixel"
)

// jpegPixels decodes a JPEG with header h to RGB, as it is stored. The components mean what h.Kind says: a caller that
// knows better than the markers of the file, as from the tags of a TIFF, sets it. inverted reports whether 255 is no
// ink, for CMYK and YCCK. What is missing is filled, and in the report.
func (j *job) jpegPixels(data []byte, h *jpeg.Header, inverted bool) (*image.NRGBA, codec.Damage, error) {
	if h.Kind.N() != h.N {
		return nil, codec.Damage{}, fmt.Errorf("%d components of a JPEG cannot be %v", h.N, h.Kind)
	}
	decoder := &j.space.decoder
	j.space.large = j.space.large || h.Memory(pixel.Scale{}) > keepBytes
	o := jpeg.Options{Stop: j.stop}
	if inverted {
		o.NoInk = 255
	}
	p, report, err := decoder.Decode(data, h, o)
	if err != nil {
		return nil, report, err
	}
	j.remarksOf(decoder.Remarks())
	img, err := j.rgbOf(p, h.Shape(), inverted)
	return img, report, err
}
