package transform

import (
	"fmt"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/isobmff"
)

// heicMissing says what a build without HEIC lacks. HEVC is under patents, and its decoder under the LGPL.
const heicMissing = "this build reads no HEIC: go build -tags heic ./cmd/imgpipe " +
	"(an LGPL decoder; patents may apply)"

// isHEIC reports whether head is that of a HEIC file.
func isHEIC(head []byte) bool { return isobmff.Brand(head) == "heic" }

// heic reads the header, in every build.
func (m *meta) heic(data []byte) error {
	h, err := m.heif(data)
	if err != nil {
		return err
	}
	if h.Codec != "hvc1" {
		return codec.Unsupported(fmt.Sprintf("an image of the kind %q in a HEIC", h.Codec))
	}
	m.heifPrice(h, 36, 8<<20)
	return nil
}
