package transform

import (
	"fmt"
	"image"

	"imgpipe/transform/internal/avif"
	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/isobmff"
)

// isAVIF reports whether head is that of an AVIF file.
func isAVIF(head []byte) bool { return isobmff.Brand(head) == "avif" }

// avif reads the header: the boxes around the pixels, and the headers of the coded images.
func (m *meta) avif(data []byte) error {
	h, err := m.heif(data)
	if err != nil {
		return err
	}
	if h.Codec != "av01" {
		return codec.Unsupported(fmt.Sprintf("an image of the kind %q in an AVIF", h.Codec))
	}
	m.price.most = avif.MaxDecoded
	m.heifPrice(h, avif.DecodeBytes, avif.FixedBytes)
	return nil
}

// heif reads what AVIF and HEIC have in common.
func (m *meta) heif(data []byte) (*isobmff.Header, error) {
	h, err := isobmff.ReadHeader(data)
	if err != nil {
		return nil, err
	}
	m.head = h
	m.Width, m.Height, m.Orientation, m.Alpha = h.Crop.Dx(), h.Crop.Dy(), h.Orientation, h.Alpha
	m.more = h.Sequence
	// The file itself says how the picture is turned: the orientation in its metadata does not count.
	m.described.exif, m.described.xmp = h.EXIF, h.XMP
	m.remarks = h.Odd
	if h.Bits > 8 {
		m.remarks = append(m.remarks, fmt.Sprintf("its samples have %d bits, of which 8 were used", h.Bits))
	}
	return h, m.heifColors(h)
}

// heifColors finds the profile. A file may name its colors by numbers instead.
func (m *meta) heifColors(h *isobmff.Header) error {
	c := h.Color
	switch {
	case c.Transfer == isobmff.TransferPQ, c.Transfer == isobmff.TransferHLG:
		return codec.Unsupported("an HDR image")
	case h.Profile != nil:
		m.takeProfile(h.Profile)
	case c.Primaries == isobmff.PrimariesP3 && c.Transfer == isobmff.TransferSRGB:
		m.takeProfile(displayP3())
	case c.Primaries > isobmff.PrimariesBT709 && c.Primaries != isobmff.Unspecified:
		m.remarks = append(m.remarks, fmt.Sprintf(
			"its colors have the primaries %d of ITU-T H.273, and were taken for those of sRGB", c.Primaries))
	}
	return nil
}

// heifPrice charges for the whole coded picture, of which a part may be shown. perPixel and fixed are bytes of memory
// of its decoder, which works in a copy of the file.
func (m *meta) heifPrice(h *isobmff.Header, perPixel, fixed int64) {
	coded, shown := int64(h.Width)*int64(h.Height), int64(m.Width)*int64(m.Height)
	m.price.work, m.price.coded = 60*coded, coded
	if h.Bits > 8 {
		m.price.work *= 2
	}
	m.rgbBytes = int((perPixel*coded+fixed+4*h.FileBytes+2*h.Joined)/shown) + 1
}

// shown returns the part of a decoded picture that is to be seen.
func shown(img *image.NRGBA, h *isobmff.Header) *image.NRGBA {
	if h.Crop == img.Rect {
		return img
	}
	part := img.SubImage(h.Crop).(*image.NRGBA)
	part.Rect = image.Rectangle{Max: h.Crop.Size()}
	return part
}

// readAVIF decodes the picture. What is damaged is lost: the pixels of an AVIF depend on each other.
func (j *job) readAVIF(data []byte, m *meta) (*image.NRGBA, error) {
	h := m.head.(*isobmff.Header)
	if h.Cut {
		return nil, codec.ErrCut
	}
	img, err := avif.Decode(data, h)
	if err != nil {
		return nil, err
	}
	return shown(img, h), nil
}

// avifSpeeds are the speeds of libaom. Four photos at quality 50 took 0.13, 0.37 and 1.4 of the CPU time of sharp's
// default, which is speed 5 with vector instructions. They had 12, 6 and 2 % more bytes.
var avifSpeeds = map[Effort]int{"": 9, EffortFast: 9, EffortNormal: 8, EffortHigh: 6}

// encodeAVIF encodes an image. Alpha is kept exactly.
func (j *job) encodeAVIF(img *image.NRGBA, e encoding) ([]byte, error) {
	return avif.Encode(img, avif.Options{
		Quality: e.quality, Speed: avifSpeeds[e.effort], Full: e.subsampling(true) == 1,
		Profile: j.embed(e.profile, AVIF, false), EXIF: e.metadata.EXIF, XMP: e.metadata.XMP,
	})
}

// avifNeed is the need of the row: of the encoder's memory, its file and the copies of that.
func avifNeed(n *needs, l *leg, pixels int64) (file, encoder int64) {
	perPixel := int64(1)
	if l.enc.quality >= fineQuality {
		perPixel = 4
	}
	file = n.file(pixels, perPixel, 0)
	return file, avif.EncodeBytes*pixels + avif.FixedBytes + 3*file
}

// measureAVIF reads the size and the end of a file that encodeAVIF made.
func measureAVIF(data []byte) (w, h int, ends bool) { return isobmff.Measure(data) }
