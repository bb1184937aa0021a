package webp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image/color"
)

var errAnimation = errors.New("it is no animation: expected the chunks VP8X, ANIM and ANMF")

// ReadAnimation reads what AppendAnimation wrote: it takes an animation of at most most frames apart, for which Is
// holds. Its images are slices of data. The animation ends before the first frame that has no image or does not stand
// on the canvas; why says what was wrong there. If there are more frames than most, the rest is left out and more is
// set.
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
