// Package webp reads and writes the container of WebP files (RFC 9649, section 2): the chunks around the images, and
// not the images. Start with [Append] for a file of one image and with [AppendAnimation] for several. A reader takes a
// file apart with [Next], and each ANMF with [ReadFrame].
//
//	RIFF, size, WEBP
//	  "VP8 " or "VP8L"                        a file of nothing but one image
//	  VP8X, ICCP, [ANIM], images, EXIF, XMP   any other; the images are ALPH and "VP8 ", or VP8L
//	                                          those of an animation stand in an ANMF each
//
// The package believes no size that a file names: a chunk has the bytes that are there.
package webp

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// MaxSide is the longest side of an image, and of a file that holds it alone.
const MaxSide = 1 << 14

// maxCanvas is the longest side of an animation.
const maxCanvas = 1 << 24

// Extras are what a file can hold besides pixels. Nil is none.
type Extras struct{ ICC, EXIF, XMP []byte }

// A Still is one image, in chunks as they stand in a file: Lossy alone, Lossy and Alpha, or Lossless alone.
type Still struct {
	W, H     int    // in pixels
	Lossy    []byte // a key frame of VP8 (RFC 6386)
	Lossless []byte // with its own header; it has its alpha itself
	Alpha    []byte // of a lossy image
}

// Transparent reports whether the image says that it has alpha.
func (s *Still) Transparent() bool {
	const alphaBit, place = 0x10, 4 // RFC 9649, section 3.4
	return s.Alpha != nil || len(s.Lossless) > place && s.Lossless[place]&alphaBit != 0
}

// check returns an error if s cannot stand in a file.
func (s *Still) check() error {
	switch {
	case s.W < 1 || s.H < 1 || s.W > MaxSide || s.H > MaxSide:
		return fmt.Errorf("the image has %dx%d pixels: expected sides of at most %d", s.W, s.H, MaxSide)
	case (s.Lossy == nil) == (s.Lossless == nil):
		return errors.New("the image is lossy and lossless, or neither: expected one of them")
	case s.Lossless != nil && s.Alpha != nil:
		return errors.New("the lossless image has alpha of its own: expected none besides")
	}
	return nil
}

// size returns the bytes of the chunks of s.
func (s *Still) size() (n int) {
	if s.Alpha != nil {
		n = chunkSize(s.Alpha)
	}
	if s.Lossy != nil {
		return n + chunkSize(s.Lossy)
	}
	return n + chunkSize(s.Lossless)
}

// append appends the chunks of s to dst.
func (s *Still) append(dst []byte) []byte {
	if s.Alpha != nil {
		dst = appendChunk(dst, "ALPH", s.Alpha)
	}
	if s.Lossy != nil {
		return appendChunk(dst, "VP8 ", s.Lossy)
	}
	return appendChunk(dst, "VP8L", s.Lossless)
}

// Append appends a file of one image to dst. The file is extended (section 2.7) only if it holds more than a lossless
// image, or a lossy one without alpha. dst is not changed if there is an error.
func Append(dst []byte, s *Still, x Extras) ([]byte, error) {
	if err := s.check(); err != nil {
		return dst, err
	}
	if s.Alpha == nil && x.size() == 0 {
		out, err := appendHead(dst, s.size())
		if err != nil {
			return dst, err
		}
		return s.append(out), nil
	}
	out, err := appendHead(dst, extendedSize+x.size()+s.size())
	if err != nil {
		return dst, err
	}
	flags := x.flags()
	if s.Transparent() {
		flags |= alphaFlag
	}
	out = x.before(appendExtended(out, flags, s.W, s.H))
	return x.behind(s.append(out)), nil
}

// The flags of an extended file.
const (
	animationFlag = 1 << (1 + iota)
	xmpFlag
	exifFlag
	alphaFlag
	profileFlag
)

const (
	headSize     = 8      // of a chunk: its name and the size of its body
	extendedSize = 8 + 10 // of the chunk VP8X
)

// appendHead appends what a file of chunks with so many bytes begins with. It makes room for the file.
func appendHead(dst []byte, size int) ([]byte, error) {
	size += len("WEBP")
	if size > 1<<32-10 { // section 2.4
		return dst, fmt.Errorf("the file would have %d bytes: expected at most 4 GiB", size+headSize)
	}
	if need := len(dst) + headSize + size; cap(dst) < need {
		dst = append(make([]byte, 0, need), dst...)
	}
	dst = append(dst, "RIFF"...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(size))
	return append(dst, "WEBP"...), nil
}

// chunkSize returns the bytes of a chunk with that body, which is padded to an even number.
func chunkSize(body []byte) int { return headSize + len(body) + len(body)&1 }

func appendChunk(dst []byte, name string, body []byte) []byte {
	dst = append(dst, name...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(body)))
	dst = append(dst, body...)
	if len(body)&1 == 1 {
		dst = append(dst, 0)
	}
	return dst
}

func appendUint24(dst []byte, v int) []byte { return append(dst, byte(v), byte(v>>8), byte(v>>16)) }

// appendExtended appends the chunk VP8X.
func appendExtended(dst []byte, flags byte, w, h int) []byte {
	return appendChunk(dst, "VP8X", appendUint24(appendUint24([]byte{flags, 0, 0, 0}, w-1), h-1))
}

// size returns the bytes of the chunks of x.
func (x *Extras) size() (n int) {
	for _, body := range [][]byte{x.ICC, x.EXIF, x.XMP} {
		if body != nil {
			n += chunkSize(body)
		}
	}
	return n
}

func (x *Extras) flags() (flags byte) {
	if x.ICC != nil {
		flags |= profileFlag
	}
	if x.EXIF != nil {
		flags |= exifFlag
	}
	if x.XMP != nil {
		flags |= xmpFlag
	}
	return flags
}

// before appends what stands before the images.
func (x *Extras) before(dst []byte) []byte {
	if x.ICC != nil {
		dst = appendChunk(dst, "ICCP", x.ICC)
	}
	return dst
}

// behind appends what stands behind the images.
func (x *Extras) behind(dst []byte) []byte {
	if x.EXIF != nil {
		dst = appendChunk(dst, "EXIF", x.EXIF)
	}
	if x.XMP != nil {
		dst = appendChunk(dst, "XMP ", x.XMP)
	}
	return dst
}
