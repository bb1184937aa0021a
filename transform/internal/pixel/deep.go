package pixel

import (
	"encoding/binary"
	"image"
)

// To8 rounds a sample of 16 bits to 8: it returns the nearest of 255 steps. None is half way between two.
func To8(v uint16) uint8 { return uint8((uint32(v)*255 + 32895) >> 16) }

// Shallow rounds samples of 16 bits, two bytes each in src, the high one first, to 8 bits. dst has half of the bytes of
// src, and may begin where src does.
func Shallow(dst, src []byte) {
	for ; len(dst) >= 1 && len(src) >= 2; dst, src = dst[1:], src[2:] {
		dst[0] = To8(binary.BigEndian.Uint16(src))
	}
}

// Shallow64 returns img with 8 bits a sample.
func Shallow64(img *image.NRGBA64) *image.NRGBA {
	out := image.NewNRGBA(image.Rectangle{Max: img.Rect.Size()})
	for y := range out.Rect.Dy() {
		Shallow(out.Pix[y*out.Stride:][:4*out.Rect.Dx()], img.Pix[y*img.Stride:])
	}
	return out
}

// Spread writes gray samples of so many bytes as opaque pixels of four samples. dst has four times the bytes of src.
func Spread(dst, src []byte, bytes int) {
	if bytes == 1 {
		for ; len(dst) >= 4 && len(src) >= 1; dst, src = dst[4:], src[1:] {
			dst[0], dst[1], dst[2], dst[3] = src[0], src[0], src[0], 255
		}
		return
	}
	for ; len(dst) >= 8 && len(src) >= 2; dst, src = dst[8:], src[2:] {
		v := uint64(binary.BigEndian.Uint16(src))
		binary.BigEndian.PutUint64(dst, v*0x0001_0001_0001_0000|0xFFFF)
	}
}
