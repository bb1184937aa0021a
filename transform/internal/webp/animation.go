package webp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image/color"
)

// A Frame is one image of an animation, and how it is shown.
type Frame struct {
	Still
	// X and Y are the place of its upper left corner on the canvas: even numbers.
	X, Y int
	// Duration is how long it is shown, in milliseconds.
	Duration int
	// Blend lays it over the canvas by its alpha. Otherwise its pixels replace those of the canvas.
	Blend bool
	// Dispose makes its rectangle transparent once its time is over. Otherwise it stays.
	Dispose bool
}

// An Animation is a file of several images. The zero Plays is for ever.
type Animation struct {
	W, H  int // of the canvas
	Plays int // how often the whole is shown, 0 for ever
	// Background is what a viewer may show behind the canvas. Most show nothing.
	Background color.NRGBA
	Frames     []Frame
	Extras     Extras
}

const (
	animationSize = 8 + 6  // of the chunk ANIM
	frameSize     = 8 + 16 // of the chunk ANMF before its images
	MaxDuration   = 1<<24 - 1
	MaxPlays      = 1<<16 - 1
	noBlend       = 2
	dispose       = 1
)

// AppendAnimation appends a file of an animation to dst (section 2.7.1.1). dst is not changed if there is an error.
func AppendAnimation(dst []byte, a *Animation) ([]byte, error) {
	if a.W < 1 || a.H < 1 || a.W > maxCanvas || a.H > maxCanvas || int64(a.W)*int64(a.H) > 1<<32-1 {
		return dst, fmt.Errorf("the animation has %dx%d pixels: expected fewer", a.W, a.H)
	}
	if len(a.Frames) == 0 {
		return dst, errors.New("the animation has no frames: expected at least one")
	}
	if a.Plays < 0 || a.Plays > MaxPlays {
		return dst, fmt.Errorf("the animation is shown %d times: expected at most %d", a.Plays, MaxPlays)
	}
	size, flags := extendedSize+a.Extras.size()+animationSize, a.Extras.flags()|animationFlag
	for i := range a.Frames {
		f := &a.Frames[i]
		if err := f.check(a.W, a.H); err != nil {
			return dst, fmt.Errorf("frame %d: %w", i+1, err)
		}
		size += frameSize + f.size()
		if f.Transparent() {
			flags |= alphaFlag
		}
	}
	out, err := appendHead(dst, size)
	if err != nil {
		return dst, err
	}
	out = a.Extras.before(appendExtended(out, flags, a.W, a.H))
	b := a.Background
	head := []byte{b.B, b.G, b.R, b.A}
	out = appendChunk(out, "ANIM", binary.LittleEndian.AppendUint16(head, uint16(a.Plays)))
	for i := range a.Frames {
		out = a.Frames[i].append(out)
	}
	return a.Extras.behind(out), nil
}

// check returns an error if f cannot stand in an animation of w × h pixels.
func (f *Frame) check(w, h int) error {
	if err := f.Still.check(); err != nil {
		return err
	}
	switch {
	case f.X < 0 || f.Y < 0 || f.X%2 != 0 || f.Y%2 != 0:
		return fmt.Errorf("it stands at %d,%d: expected even numbers", f.X, f.Y)
	case f.X > w-f.W || f.Y > h-f.H:
		return fmt.Errorf("%dx%d pixels at %d,%d: expected a place within %dx%d", f.W, f.H, f.X, f.Y, w, h)
	case f.Duration < 0 || f.Duration > MaxDuration:
		return fmt.Errorf("it is shown for %d ms: expected at most %d", f.Duration, MaxDuration)
	}
	return nil
}

// append appends the chunk ANMF.
func (f *Frame) append(dst []byte) []byte {
	dst = append(dst, "ANMF"...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(frameSize-headSize+f.size()))
	for _, v := range []int{f.X / 2, f.Y / 2, f.W - 1, f.H - 1, f.Duration} {
		dst = appendUint24(dst, v)
	}
	var flags byte
	if !f.Blend {
		flags |= noBlend
	}
	if f.Dispose {
		flags |= dispose
	}
	return f.Still.append(append(dst, flags))
}
