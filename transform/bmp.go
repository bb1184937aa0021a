package transform

import (
	"errors"
	"image"

	"golang.org/x/image/bmp"
)

func decodeBMP(j *job, data []byte, _ meta) (image.Image, error) {
	img, err := bmp.Decode(j.reader(data))
	if errors.Is(err, bmp.ErrUnsupported) {
		err = unsupportedError("a feature of this BMP file")
	}
	return img, err
}
