package jpeg

import "encoding/binary"

// Names at the beginning of application segments (CIPA DC-008, section 4.5.5; ISO 16684-3; Adobe Photoshop File
// Formats).
const (
	exifHeader      = "Exif\x00\x00"
	xmpHeader       = "http://ns.adobe.com/xap/1.0/\x00"
	photoshopHeader = "Photoshop 3.0\x00"
)

// maxMetadata is how much of a block fits into a segment beside the longest name. A segment cannot be continued.
const maxMetadata = 65535 - 2 - len(xmpHeader)

// metadata writes the segments of EXIF, XMP and IPTC. Readers expect EXIF before all others.
func (w *bitWriter) metadata(o *EncodeOptions) {
	if len(o.EXIF) > 0 {
		w.segment(mAPP1, []byte(exifHeader), o.EXIF)
	}
	if len(o.XMP) > 0 {
		w.segment(mAPP1, []byte(xmpHeader), o.XMP)
	}
	if len(o.IPTC) > 0 {
		// A resource of Photoshop without a name, of an even length.
		head := binary.BigEndian.AppendUint32([]byte("8BIM\x04\x04\x00\x00"), uint32(len(o.IPTC)))
		w.segment(mAPP13, []byte(photoshopHeader), head, o.IPTC, make([]byte, len(o.IPTC)%2))
	}
}
