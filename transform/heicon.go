//go:build heic

package transform

import (
	"image"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/heif"
	"imgpipe/transform/internal/isobmff"
)

// readHEIC decodes the picture. What is damaged is lost.
func readHEIC(_ *job, data []byte, m *meta) (*image.NRGBA, error) {
	h := m.head.(*isobmff.Header)
	if h.Cut {
		return nil, codec.ErrCut
	}
	img, err := heif.Decode(data, h)
	if err != nil {
		return nil, err
	}
	return shown(img, h), nil
}
