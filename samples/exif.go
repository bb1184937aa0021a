package samples

import (
	"encoding/binary"
	"image"
)

// tiffOrientation is the smallest EXIF block: a TIFF header and one directory with the one entry 0x0112 (EXIF 2.32,
// 4.6.4).
func tiffOrientation(orientation int, bigEndian bool) []byte {
	var order binary.AppendByteOrder = binary.LittleEndian
	b := []byte("II")
	if bigEndian {
		order = binary.BigEndian
		b = []byte("MM")
	}
	b = order.AppendUint16(b, 42)
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 1)
	b = order.AppendUint16(b, 0x0112)
	b = order.AppendUint16(b, 3) // SHORT
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(b, uint16(orientation))
	b = order.AppendUint16(b, 0)
	return order.AppendUint32(b, 0)
}

// withOrientation puts an EXIF segment behind the first marker of a JPEG file. Orientation 1 needs none.
func withOrientation(file []byte, orientation int, bigEndian bool) []byte {
	if orientation == 1 {
		return file
	}
	return withSegment(file, 0xE1, append([]byte("Exif\x00\x00"), tiffOrientation(orientation, bigEndian)...))
}

// withSegment puts a marker segment behind the first marker of a JPEG file, and leaves the file given as it is.
func withSegment(file []byte, marker byte, payload []byte) []byte {
	out := make([]byte, 0, len(file)+len(payload)+4)
	out = append(out, file[:2]...)
	out = append(out, 0xFF, marker)
	out = binary.BigEndian.AppendUint16(out, uint16(len(payload)+2))
	out = append(out, payload...)
	return append(out, file[2:]...)
}

// lay turns an upright picture as a camera that was held so would have stored it: shown with that EXIF orientation, the
// result is upright again.
func lay(img *image.RGBA, orientation int) *image.RGBA {
	if orientation <= 1 {
		return img
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	size := image.Rect(0, 0, w, h)
	if orientation >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	out := image.NewRGBA(size)
	for y := range size.Dy() {
		for x := range size.Dx() {
			var u, v int // where in the upright picture the stored pixel (x, y) is seen
			switch orientation {
			case 2:
				u, v = w-1-x, y
			case 3:
				u, v = w-1-x, h-1-y
			case 4:
				u, v = x, h-1-y
			case 5:
				u, v = y, x
			case 6:
				u, v = w-1-y, x
			case 7:
				u, v = w-1-y, h-1-x
			case 8:
				u, v = y, h-1-x
			}
			copy(out.Pix[out.PixOffset(x, y):][:4], img.Pix[img.PixOffset(img.Rect.Min.X+u, img.Rect.Min.Y+v):][:4])
		}
	}
	return out
}
