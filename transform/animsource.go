package transform

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"image"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/gif"
	"imgpipe/transform/internal/png"
	"imgpipe/transform/internal/webp"
)

// gifAnimation looks for the frames of a GIF. It returns nil if there is one, unless more reports that there are
// others, or the file was an animation and has lost its end.
func gifAnimation(data []byte, more bool) *animation {
	a := &animation{source: gifSource}
	frames := gif.NewFrames(data)
	for a.frames <= maxFrames {
		f, ok := frames.Next()
		if !ok {
			break
		}
		a.frames++
		a.pixels += int64(f.Place.Dx()) * int64(f.Place.Dy())
		more = more || f.Delay > 0 && !frames.Ends()
	}
	if !more && frames.Err == nil {
		return nil
	}
	a.plays = frames.Plays
	return a
}

// gifFrames decode the frames of a GIF.
type gifFrames struct {
	frames *gif.Frames
	screen int // pixels of it
	err    error
}

func gifSource(data []byte, m *meta) frameSource {
	return &gifFrames{frames: gif.NewFrames(data), screen: m.Width * m.Height}
}

func (s *gifFrames) next(j *job) (*sourceFrame, error) {
	f, ok := s.frames.Next()
	if !ok {
		return nil, nil
	}
	if w, h := f.Place.Dx(), f.Place.Dy(); w*h > s.screen {
		s.err = fmt.Errorf("it has %dx%d pixels: expected no more than the screen", w, h)
		return nil, nil
	}
	out := &sourceFrame{place: f.Place, shown: duration{int64(f.Delay), 100}, blend: true}
	switch f.Dispose {
	case gif.Background:
		out.dispose = disposeClear
	case gif.Previous:
		out.dispose = disposePrevious
	}
	if f.Place.Empty() {
		return out, nil
	}
	p, err := f.Decode(j.stop)
	if err != nil {
		return nil, err
	}
	out.pix, out.damage, out.odd = p.Pixels, p.Damage, p.Odd
	return out, nil
}

func (s *gifFrames) end(j *job) error {
	if s.frames.Err == nil && !s.frames.Trailer {
		j.remark("the mark of its end is missing: so may be frames")
	}
	return cmp.Or(s.err, s.frames.Err)
}

// pngFrames decode the frames of a PNG.
type pngFrames struct {
	frames *png.Frames
	data   []byte
	d      png.Decoder
}

func pngSource(data []byte, m *meta) frameSource {
	return &pngFrames{frames: png.NewFrames(data, m.head.(*png.Header)), data: data}
}

func (s *pngFrames) next(j *job) (*sourceFrame, error) {
	f, ok := s.frames.Next()
	if !ok {
		return nil, nil
	}
	out := &sourceFrame{
		pix: image.NewNRGBA(image.Rectangle{Max: f.Place.Size()}), place: f.Place,
		shown: duration{int64(f.Num), int64(f.Den)}, blend: f.Blend,
	}
	switch f.Dispose {
	case png.Background:
		out.dispose = disposeClear
	case png.Previous:
		out.dispose = disposePrevious
	}
	s.d.Start(s.data, f.Header, j.stop)
	defer s.d.Release()
	if err := fillRows(out.pix, &s.d, f.Header.Gray); err != nil {
		return nil, err
	}
	out.damage, out.odd = s.d.Damage(), s.d.Remarks()
	return out, nil
}

func (s *pngFrames) end(*job) error { return s.frames.Err }

// webpFrames decode the frames of a WebP.
type webpFrames struct {
	rest  []byte
	m     *meta
	parts int
	short bool // the file is shorter than it says
	err   error
}

func webpSource(data []byte, m *meta) frameSource {
	return &webpFrames{rest: webp.Chunks(data), m: m, short: webpShort(data)}
}

// webpShort reports whether a file is shorter than it says, by more than the byte that makes its length even.
func webpShort(data []byte) bool {
	return int64(binary.LittleEndian.Uint32(data[4:])) > int64(len(data))-8+1
}

func (s *webpFrames) next(j *job) (*sourceFrame, error) {
	for s.err == nil {
		c, rest, ok := webp.Next(s.rest)
		if !ok {
			return nil, nil
		}
		s.rest = rest
		if s.parts++; s.parts > maxParts {
			s.err = errParts
			break
		}
		if string(c.Name) != "ANMF" {
			continue
		}
		f, cut, ok := webp.ReadFrame(c.Body)
		if !ok || f.Lossy == nil && f.Lossless == nil {
			s.err = errors.New("it has no image")
			if !ok || c.Cut {
				s.err = codec.ErrCut
			}
			break
		}
		return s.frame(j, &f, cut || c.Cut)
	}
	return nil, nil
}

// frame decodes one frame.
func (s *webpFrames) frame(j *job, f *webp.Frame, cut bool) (*sourceFrame, error) {
	pic := &webpFrame{lossy: f.Lossy, lossless: f.Lossless, alpha: f.Alpha, cut: cut}
	if s.err = pic.measure(); s.err != nil {
		return nil, nil
	}
	place := image.Rect(f.X, f.Y, f.X+pic.width, f.Y+pic.height)
	canvas := image.Rect(0, 0, s.m.Width, s.m.Height)
	if !place.In(canvas) {
		s.err = fmt.Errorf("it stands at %v: expected a place within %dx%d", place, s.m.Width, s.m.Height)
		return nil, nil
	}
	m := &meta{head: pic, view: image.Rectangle{Max: place.Size()}}
	m.Width, m.Height = pic.width, pic.height
	// Rows that are missing of a part of the canvas show what is below.
	m.Alpha = pic.alpha != nil || pic.transparent || f.Lossy != nil && place != canvas
	img, damage, err := j.webpPixels(m)
	if err != nil {
		if errors.Is(err, codec.ErrStopped) {
			return nil, err
		}
		s.err = err
		return nil, nil
	}
	out := &sourceFrame{
		pix: img, place: place, shown: duration{int64(f.Duration), 1000}, blend: f.Blend, damage: damage,
	}
	if f.Dispose {
		out.dispose = disposeClear
	}
	return out, nil
}

func (s *webpFrames) end(*job) error {
	if s.err == nil && s.short {
		return codec.ErrCut
	}
	return s.err
}

// count adds a frame of a WebP with that body.
func (a *animation) count(body []byte) {
	a.source = webpSource
	f, _, _ := webp.ReadFrame(body[:min(len(body), 16)])
	if a.frames <= maxFrames {
		a.frames++
		a.pixels += int64(f.W) * int64(f.H)
	}
}

// A pngAnimation is what the header of a PNG says of its frames.
type pngAnimation struct{ animation }

// begin takes the chunk acTL (PNG, third edition, section 11.3.6.1). The first counts.
func (a *pngAnimation) begin(body []byte) {
	if len(body) < 8 || a.source != nil {
		return
	}
	a.source = pngSource
	a.told = int(min(binary.BigEndian.Uint32(body), 1<<30))
	a.plays = int(min(binary.BigEndian.Uint32(body[4:]), 1<<31-1))
}

// add takes the chunk fcTL of a frame (section 11.3.6.2).
func (a *pngAnimation) add(body []byte) {
	if len(body) >= 12 && a.frames < min(a.told, maxFrames+1) {
		a.frames++
		a.pixels += int64(binary.BigEndian.Uint32(body[4:])) * int64(binary.BigEndian.Uint32(body[8:]))
	}
}
