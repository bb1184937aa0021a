package gif

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"

	"imgpipe/transform/internal/codec"
)

// The values of Frame.Dispose (GIF89a, section 23). Others mean Keep.
const (
	Keep       = 1 // the frame stays
	Background = 2 // its place becomes transparent, as in browsers
	Previous   = 3 // its place becomes what it was before
)

// A Frame is one picture of an animation. It lies over what was on the screen.
type Frame struct {
	// Place is where it stands. It may be empty, or reach over the screen.
	Place image.Rectangle
	// Delay is how long it is shown, in hundredths of a second.
	Delay   int
	Dispose int

	header Header
}

// Decode is Header.Decode of a frame by itself: the Picture has the size of Place.
func (f *Frame) Decode(stop codec.Stop) (Picture, error) { return f.header.Decode(stop) }

// Frames are the frames of a file, one after the other.
type Frames struct {
	// Plays is how often the whole is shown, 0 for ever. It is as far as Next has read.
	Plays int
	// Err is what is wrong where Next has found no further frame; nil for the end of the file.
	Err error
	// Trailer reports that Next has found the mark of the end.
	Trailer bool

	data   []byte
	at     int
	global []byte // palette
	count  int
	blocks int
	looped bool
}

// NewFrames returns the frames of a file for which ReadHeader returned no error.
func NewFrames(data []byte) *Frames {
	f := &Frames{Plays: 1, data: data}
	f.global, f.at, _ = readPalette(data, 13, data[10])
	return f
}

// Next returns the next frame. It passes over its pixels, of which it looks at few bytes. ok is false at the end.
func (f *Frames) Next() (frame Frame, ok bool) {
	h := Header{clear: -1}
	for f.Err == nil && !f.Trailer {
		if f.blocks++; f.blocks > maxBlocks {
			f.Err = fmt.Errorf("it has over %d parts", maxBlocks)
			break
		}
		f.at = nextBlock(f.data, f.at)
		if f.at >= len(f.data) {
			return frame, false
		}
		kind, b := f.data[f.at], f.data[f.at+1:]
		switch kind {
		case trailer:
			f.Trailer = true
		case extension:
			h.extension(b)
			frame.control(b)
			f.loop(b)
			// Behind a file that has lost its end, anything may look like an extension, but hardly like this one.
			if f.at = skipBlocks(f.data, f.at+2); f.at > len(f.data) && len(b) > 0 && b[0] == control {
				f.Err = codec.ErrCut
			}
		case descriptor:
			if f.Err = f.frame(&frame, h); f.Err == nil {
				return frame, true
			}
		}
	}
	return frame, false
}

// Ends reports whether the frame that Next has returned is the last, and the mark of the end follows it.
func (f *Frames) Ends() bool {
	at := nextBlock(f.data, f.at)
	return at < len(f.data) && f.data[at] == trailer
}

// control reads how a frame is shown from a control block (section 23).
func (f *Frame) control(b []byte) {
	if len(b) >= 6 && b[0] == control && b[1] >= 3 {
		f.Dispose = int(b[2] >> 2 & 7)
		f.Delay = int(binary.LittleEndian.Uint16(b[3:]))
	}
}

// loop reads how often the file is to be repeated, from the extension that Netscape defined.
func (f *Frames) loop(b []byte) {
	for _, name := range []string{LoopName, "\xff\x0bANIMEXTS1.0"} {
		if rest, ok := bytes.CutPrefix(b, []byte(name)); ok && !f.looped &&
			len(rest) >= 4 && rest[0] >= 3 && rest[1]&7 == 1 {
			f.looped = true
			f.Plays = int(binary.LittleEndian.Uint16(rest[2:]))
			if f.Plays > 0 {
				f.Plays++ // the file counts repeats
			}
		}
	}
}

// LoopName begins the extension that says how often a file is to be repeated.
const LoopName = "\xff\x0bNETSCAPE2.0"

// frame reads the frame whose descriptor begins at f.at. h has its control block.
func (f *Frames) frame(frame *Frame, h Header) error {
	at := f.at + 1
	if at+9 > len(f.data) {
		return codec.ErrCut
	}
	field := func(i int) int { return int(binary.LittleEndian.Uint16(f.data[at+i:])) }
	w, ht := field(4), field(6)
	frame.Place = image.Rect(field(0), field(2), field(0)+w, field(2)+ht)
	h.Width, h.Height, h.Frame = w, ht, image.Rect(0, 0, w, ht)
	// What is missing of the first frame looks as it does where it is the only one.
	h.Alpha = h.Alpha || f.count > 0
	flags := f.data[at+8]
	h.interlaced, h.palette = flags&0x40 != 0, f.global
	local, at, ok := readPalette(f.data, at+9, flags)
	if !ok || at >= len(f.data) {
		return codec.ErrCut
	}
	if local != nil {
		h.palette = local
	}
	h.codes, h.pixels = int(f.data[at]), f.data[at+1:]
	if h.codes >= maxWidth {
		return fmt.Errorf("its codes have %d bits at least: expected at most %d", h.codes+1, maxWidth)
	}
	f.at = skipBlocks(f.data, at+1)
	f.count++
	frame.header = h
	return nil
}
