package webp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image/color"
)

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

// maxChunks is how many chunks are looked at: a file of nothing but empty ones would take as long as an image.
const maxChunks = 1 << 18

var errAnimation = errors.New("it is no animation: expected the chunks VP8X, ANIM and ANMF")

// ReadAnimation takes an animation of at most most frames apart, for which Is holds. Its images are slices of data. The
// animation ends before the first frame that has no image or does not stand on the canvas; why says what was wrong
// there. If there are more frames than most, the rest is left out and more is set.
func ReadAnimation(data []byte, most int) (a Animation, more bool, why, err error) {
	rest, headed, extended := Chunks(data), false, false
	for range maxChunks {
		c, next, ok := Next(rest)
		if !ok {
			break
		}
		rest = next
		switch string(c.Name) {
		case "VP8X":
			if len(c.Body) < 10 {
				return a, false, nil, errAnimation
			}
			extended = true
			a.W, a.H = 1+Uint24(c.Body[4:]), 1+Uint24(c.Body[7:])
		case "ANIM":
			if len(c.Body) < animationSize-headSize {
				return a, false, nil, errAnimation
			}
			headed = true
			a.Background = color.NRGBA{R: c.Body[2], G: c.Body[1], B: c.Body[0], A: c.Body[3]}
			a.Plays = int(binary.LittleEndian.Uint16(c.Body[4:]))
		case "ICCP":
			a.Extras.ICC = first(a.Extras.ICC, c.Body)
		case "EXIF":
			a.Extras.EXIF = first(a.Extras.EXIF, c.Body)
		case "XMP ":
			a.Extras.XMP = first(a.Extras.XMP, c.Body)
		case "ANMF":
			f, cut, ok := ReadFrame(c.Body)
			switch {
			case why != nil:
			case len(a.Frames) == most:
				more = true
			case !ok || cut || c.Cut || f.Lossy == nil && f.Lossless == nil:
				why = fmt.Errorf("frame %d is not whole", len(a.Frames)+1)
			case f.X > a.W-f.W || f.Y > a.H-f.H:
				why = fmt.Errorf("frame %d does not stand on the canvas", len(a.Frames)+1)
			default:
				a.Frames = append(a.Frames, f)
			}
		}
	}
	if !extended || !headed || len(a.Frames) == 0 && why == nil {
		return a, false, nil, errAnimation
	}
	return a, more, why, nil
}

func first(a, b []byte) []byte {
	if a != nil {
		return a
	}
	return b
}
