package png

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"

	"imgpipe/transform/internal/codec"
)

// The values of Frame.Dispose (section 11.3.6.2).
const (
	Keep       = 0 // the frame stays
	Background = 1 // its place becomes transparent
	Previous   = 2 // its place becomes what it was before
)

// A Frame is one picture of an animation.
type Frame struct {
	// Place is where it stands, within the picture. It is never empty.
	Place image.Rectangle
	// Num / Den is how long it is shown, in seconds. Den is not 0.
	Num, Den uint16
	Dispose  byte
	// Blend lays it over what is there. Otherwise it replaces that.
	Blend bool
	// Header is that of the frame by itself, for Decoder.Start.
	Header *Header
}

// Frames are the frames of a file, one after the other (section 4.9).
type Frames struct {
	// Err is what is wrong where Next has found no further frame; nil for the end of the file.
	Err error

	data     []byte
	h        *Header
	at       int
	pixels   bool   // the chunks IDAT were met
	sequence uint32 // of the next chunk that has a number
	count    int
}

// NewFrames returns the frames of a file whose header is h.
func NewFrames(data []byte, h *Header) *Frames { return &Frames{data: data, h: h, at: 8} }

// Next returns the next frame. ok is false at the end.
func (f *Frames) Next() (frame Frame, ok bool) {
	control := false
	for f.Err == nil {
		c, ok := chunkAt(f.data, f.at)
		switch {
		case !ok || c.is("IEND"):
			if control {
				f.Err = errNoPixels
			}
			return frame, false
		case c.is("fcTL"):
			if control {
				f.Err = errNoPixels
				return frame, false
			}
			f.at = c.next
			control = true
			f.Err = f.control(&frame, &c)
		case c.is("IDAT") && !f.pixels, c.is("fdAT") && control:
			f.pixels = f.pixels || c.is("IDAT")
			h := *f.h
			h.idat = f.at
			f.Err = f.gather(&h, string(c.name))
			if control && f.Err == nil {
				h.Width, h.Height = frame.Place.Dx(), frame.Place.Dy()
				frame.Header = &h
				f.count++
				return frame, true
			}
		default:
			f.at = c.next
		}
	}
	return frame, false
}

var (
	errControl  = errors.New("how it is shown is damaged (fcTL)")
	errSequence = errors.New("its chunks are not in order")
)

// number checks the number that a chunk begins with.
func (f *Frames) number(b []byte) error {
	if len(b) < 4 || binary.BigEndian.Uint32(b) != f.sequence {
		return errSequence
	}
	f.sequence++
	return nil
}

// control reads how a frame is shown (section 11.3.6.2).
func (f *Frames) control(frame *Frame, c *chunk) error {
	b := c.body
	if len(b) != 26 || !c.sound() || b[24] > Previous || b[25] > 1 {
		return errControl
	}
	if err := f.number(b); err != nil {
		return err
	}
	field := func(i int) int64 { return int64(binary.BigEndian.Uint32(b[i:])) }
	w, h, x, y := field(4), field(8), field(12), field(16)
	if w == 0 || h == 0 || x+w > int64(f.h.Width) || y+h > int64(f.h.Height) {
		const form = "it has %dx%d pixels at %d,%d: expected a place within %dx%d"
		return fmt.Errorf(form, w, h, x, y, f.h.Width, f.h.Height)
	}
	frame.Place = image.Rect(int(x), int(y), int(x+w), int(y+h))
	if !f.pixels && frame.Place != image.Rect(0, 0, f.h.Width, f.h.Height) {
		return errors.New("the first frame does not have the size of the picture")
	}
	frame.Num, frame.Den = binary.BigEndian.Uint16(b[20:]), binary.BigEndian.Uint16(b[22:])
	if frame.Den == 0 {
		frame.Den = 100
	}
	frame.Dispose, frame.Blend = b[24], b[25] == 1
	return nil
}

// gather passes over the chunks of pixels of one frame, all of that name, and notes in h where they end.
func (f *Frames) gather(h *Header, name string) error {
	h.frame = name == "fdAT"
	for {
		c, ok := chunkAt(f.data, f.at)
		if !ok || !c.is(name) {
			return nil
		}
		f.at = c.next
		h.end = c.next
		if h.frame {
			if err := f.number(c.body); err != nil {
				return err
			}
		}
	}
}

// An Animator makes a file of an animation, frame by frame, with an [Encoder]. All frames are RGBA.
type Animator struct {
	e        *Encoder
	w, h     int
	control  int // where the chunk acTL begins
	frames   int
	sequence uint32
}

// Shown says how a frame is shown.
type Shown struct {
	At       image.Point // its place
	Num, Den uint16      // Num / Den is how long, in seconds
	Dispose  byte
	Blend    bool
}

// Animate begins a file of w × h pixels. Until the call of Animator.End, e cannot be used for another.
func (e *Encoder) Animate(w, h int, o EncodeOptions) *Animator {
	a := &Animator{e: e, w: w, h: h}
	e.press(o.Compression)
	e.head(nil, w, h, 8, rgba)
	a.control = len(e.out.file)
	e.out.begin("acTL")
	e.out.file = append(e.out.file, 0, 0, 0, 0, 0, 0, 0, 0)
	e.out.end()
	e.profile(o.ICC)
	e.metadata(o)
	return a
}

// Add writes a frame, whose Layout is RGBA. The first has the size of the file. It calls stop every few rows. An error
// is codec.ErrStopped or wraps ErrPicture.
func (a *Animator) Add(p *Picture, s Shown, stop codec.Stop) error {
	place := image.Rectangle{Min: s.At, Max: s.At.Add(image.Pt(p.W, p.H))}
	whole := image.Rect(0, 0, a.w, a.h)
	if err := p.check(); err != nil {
		return err
	}
	if p.Layout != RGBA || !place.In(whole) || a.frames == 0 && place != whole {
		return fmt.Errorf("%w: frame %d stands at %v", ErrPicture, a.frames+1, place)
	}
	out := &a.e.out
	out.begin("fcTL")
	for _, v := range []int{int(a.sequence), p.W, p.H, s.At.X, s.At.Y} {
		out.file = binary.BigEndian.AppendUint32(out.file, uint32(v))
	}
	out.file = binary.BigEndian.AppendUint16(out.file, s.Num)
	out.file = binary.BigEndian.AppendUint16(out.file, s.Den)
	blend := byte(0)
	if s.Blend {
		blend = 1
	}
	out.file = append(out.file, s.Dispose, blend)
	out.end()
	a.sequence++
	if a.frames > 0 {
		out.sequence = &a.sequence
		defer func() { out.sequence = nil }()
	}
	a.frames++
	return a.e.pixels(p, p.depth(), stop)
}

// End returns the file, which is shown so many times, 0 for ever.
func (a *Animator) End(plays uint32) []byte {
	out := &a.e.out
	out.begin("IEND")
	out.end()
	file := out.file
	out.file = file[:a.control]
	out.begin("acTL") // now that the frames are counted, in the place of the one before
	out.file = binary.BigEndian.AppendUint32(out.file, uint32(a.frames))
	out.file = binary.BigEndian.AppendUint32(out.file, plays)
	out.end()
	out.file = nil
	return file
}
