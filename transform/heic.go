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
	const narrow = 127 // the decoder's planes have at least 64 columns, and it counts on as many as there are
	if h.Width < narrow {
		return codec.Unsupported(fmt.Sprintf("a HEIC image of less than %d columns", narrow))
	}
	if h.Alpha {
		m.Alpha = false
		m.remarks = append(m.remarks, "its transparency was left out: it cannot be read")
	}
	const perPixel, fixed = 36 + 16, 16 << 20 // the decoder took 24 to 36 bytes a pixel
	m.heifPrice(h, perPixel, fixed)
	return nil
}
