//go:build heic

// Package heif decodes the pixels of HEIC files. It is the only importer of gen2brain/heic, which runs libheif and
// libde265 as WebAssembly, under the LGPL. Only programs that are built with -tags heic have it.
//
// The library returns planes and leaves out what their samples mean. This package applies range and matrix, as the file
// names them.
package heif

import (
	"bytes"
	"errors"
	"image"

	"github.com/gen2brain/heic"

	"imgpipe/transform/internal/isobmff"
)

// What a call needs of memory besides its file.
const (
	DecodeBytes = 36 // for each pixel
	FixedBytes  = 8 << 20
)

var errDamaged = errors.New("the picture is damaged: it could not be decoded")

// Decode decodes the primary image of a file with header h.
func Decode(data []byte, h *isobmff.Header) (img *image.NRGBA, err error) {
	defer func() {
		if recover() != nil {
			img, err = nil, errDamaged
		}
	}()
	pic, err := heic.Decode(bytes.NewReader(isobmff.Alone(data, "heic")))
	if err != nil {
		return nil, errDamaged
	}
	out := image.NewNRGBA(pic.Bounds())
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			out.Set(x, y, pic.At(x, y))
		}
	}
	return out, nil
}
