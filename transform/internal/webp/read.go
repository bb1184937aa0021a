package webp

import "encoding/binary"

// maxChunks is how many chunks are looked at: a file of nothing but empty ones would take as long as an image.
const maxChunks = 1 << 18

// A Chunk is a part of a file. Its Name and Body are slices of the file. If the file ends in the chunk, Cut is set and
// the Body has the bytes that are there.
type Chunk struct {
	Name, Body []byte
	Cut        bool
}

// Next takes the first chunk off a list. ok is false where there is none left.
func Next(list []byte) (c Chunk, rest []byte, ok bool) {
	if len(list) < headSize {
		return c, nil, false
	}
	size := uint64(binary.LittleEndian.Uint32(list[4:]))
	c.Name, list = list[:4], list[headSize:]
	if size > uint64(len(list)) {
		c.Body, c.Cut = list, true
		return c, nil, true
	}
	c.Body, rest = list[:size], list[size:]
	if size%2 == 1 && len(rest) > 0 {
		rest = rest[1:]
	}
	return c, rest, true
}

// Uint24 returns the number in the first three bytes of b.
func Uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// Is reports whether head is that of a RIFF file with a WebP.
func Is(head []byte) bool {
	return len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP"
}

// Chunks returns the chunks of a file for which Is holds. It believes the length of the file more than that in its
// head.
func Chunks(data []byte) []byte { return data[12:] }

// ReadFrame reads the body of an ANMF. The chunks of its image are those of the file; an image need not be one, or of
// the size that the frame names. cut reports that the image is not whole. ok is false if the body ends in its head.
func ReadFrame(body []byte) (f Frame, cut, ok bool) {
	if len(body) < frameSize-headSize {
		return f, true, false
	}
	f.X, f.Y = 2*Uint24(body), 2*Uint24(body[3:])
	f.W, f.H = 1+Uint24(body[6:]), 1+Uint24(body[9:])
	f.Duration, f.Blend, f.Dispose = Uint24(body[12:]), body[15]&noBlend == 0, body[15]&dispose != 0
	rest := body[frameSize-headSize:]
	for range maxChunks {
		c, next, ok := Next(rest)
		if !ok || f.Lossy != nil || f.Lossless != nil {
			break
		}
		rest = next
		switch string(c.Name) {
		case "ALPH":
			f.Alpha = c.Body
		case "VP8 ":
			f.Lossy = c.Body
		case "VP8L":
			f.Lossless, f.Alpha = c.Body, nil
		}
		cut = c.Cut
	}
	return f, cut, true
}
