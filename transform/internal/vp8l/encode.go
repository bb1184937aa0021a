package vp8l

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/pixel"
)

// MaxSide is the longest side of an image.
const MaxSide = 1 << 14

// An Effort is how much time an Encoder may take for fewer bytes.
type Effort uint8

// The efforts.
const (
	Fast Effort = iota
	Normal
	High
)

// A Source is what is to be encoded. It is only read.
type Source struct {
	// Pix holds rows of four bytes for each pixel: red, green, blue and alpha, not premultiplied. The row of the top
	// begins at 0, the one below at Stride.
	Pix    []byte
	Stride int
	// W and H are in pixels, 1 to MaxSide each.
	W, H int
}

// EncodeOptions say how to encode. The zero value is fast and encodes to the end.
type EncodeOptions struct {
	Effort Effort
	// Stop is called every few rows.
	Stop codec.Stop
}

// An Encoder makes images, one after another. The zero value is ready. It keeps its buffers, some 30 bytes for each
// pixel; it is not for concurrent use.
type Encoder struct {
	w              bitWriter
	alpha          bool     // pixels may be transparent
	source, work   []uint32 // pixels as they are, and as they are written
	modes, factors []uint32
	finder         matcher
	matches        []match
	maker          codeMaker
	groups         clustering
	codes          [][5]prefixCode
}

// ErrSource is wrapped by the errors about a Source that contradicts itself.
var ErrSource = errors.New("the picture cannot be written as lossless WebP")

// Append encodes p with its header and appends the image to dst. Pixels whose alpha is 0 become transparent black; all
// others come back as they are. An error is codec.ErrStopped or wraps ErrSource; dst is not changed then.
func (e *Encoder) Append(dst []byte, p *Source, o EncodeOptions) ([]byte, error) {
	if p.W < 1 || p.H < 1 || p.W > MaxSide || p.H > MaxSide || p.Stride < 4*p.W ||
		len(p.Pix) < (p.H-1)*p.Stride+4*p.W {
		return dst, fmt.Errorf("%w: %dx%d pixels in %d bytes, %d for a row", ErrSource, p.W, p.H, len(p.Pix), p.Stride)
	}
	e.source = resized(e.source, p.W*p.H)
	all := uint32(opaque)
	for y := range p.H {
		row := p.Pix[y*p.Stride:][:4*p.W]
		for x := range p.W {
			v := binary.LittleEndian.Uint32(row[4*x:])
			if v < 1<<24 {
				v = 0 // nobody sees its color
			}
			all &= v
			e.source[y*p.W+x] = v
		}
	}
	e.alpha = all < opaque
	head := uint32(p.W-1) | uint32(p.H-1)<<14
	if e.alpha {
		head |= 1 << 28
	}
	return e.append(binary.LittleEndian.AppendUint32(append(dst, 0x2f), head), dst, p.W, p.H, o)
}

// AppendPlane encodes the samples of p as the green of an image without a header, and appends that to dst. Headless
// reads it. It is how the alpha of a lossy image is written. Sides and errors are as in Append.
func (e *Encoder) AppendPlane(dst []byte, p pixel.Plane, o EncodeOptions) ([]byte, error) {
	if p.W < 1 || p.H < 1 || p.W > MaxSide || p.H > MaxSide {
		return dst, fmt.Errorf("%w: a plane of %dx%d samples", ErrSource, p.W, p.H)
	}
	e.source = resized(e.source, p.W*p.H)
	for y := range p.H {
		for x, v := range p.Row(y) {
			e.source[y*p.W+x] = opaque | uint32(v)<<8
		}
	}
	e.alpha = false
	return e.append(dst, dst, p.W, p.H, o)
}

// append encodes the pixels of e.source and appends them to head. If there is an error, it returns dst.
func (e *Encoder) append(head, dst []byte, w, h int, o EncodeOptions) ([]byte, error) {
	makeLogs()
	var best []byte
	g := grid{e.source, w, h}
	for _, way := range e.ways(g, o.Effort) {
		e.w = bitWriter{out: slices.Clip(head)[:len(head):len(head)]}
		if err := e.encode(g, way, o); err != nil {
			return dst, err
		}
		if best == nil || len(e.w.out) < len(best) {
			best = e.w.out
		}
	}
	e.w.out = nil
	return best, nil
}

// A way is which transforms a picture goes through.
type way struct {
	palette                  []uint32 // colors of the pixels, nil if pixels are not places in it
	noGreen, predict, colors bool
	bits                     int // of the squares of predict and colors
}

// encode writes the transforms of a way and the pixels behind them.
func (e *Encoder) encode(g grid, way way, o EncodeOptions) error {
	e.work = resized(e.work, len(g.pix))
	out := grid{e.work, g.w, g.h}
	if way.palette != nil {
		if err := e.writePalette(way.palette, o); err != nil {
			return err
		}
		out = pack(e.work, g, way.palette)
	} else {
		copy(e.work, g.pix)
	}
	if way.noGreen {
		e.w.put(1|uint32(subtractGreen)<<1, 3)
		for i, v := range out.pix {
			green := v >> 8 & 0xff
			out.pix[i] = subtract(v, green|green<<16)
		}
	}
	if way.predict {
		residue := make([]uint32, len(out.pix))
		modes, err := e.predict(residue, out, way.bits, o.Effort, o.Stop)
		if err != nil {
			return err
		}
		out.pix = residue
		e.w.put(1|uint32(predictor)<<1, 3)
		if err := e.squares(modes, out, way.bits, o); err != nil {
			return err
		}
	}
	if way.colors {
		factors, err := e.crossColors(out, way.bits, o.Stop)
		if err != nil {
			return err
		}
		e.w.put(1|uint32(crossColor)<<1, 3)
		if err := e.squares(factors, out, way.bits, o); err != nil {
			return err
		}
	}
	e.w.put(0, 1)
	if err := e.pixels(out, true, o); err != nil {
		return err
	}
	e.w.finish()
	return nil
}

// squares writes what belongs to each square of 1<<bits pixels of a picture.
func (e *Encoder) squares(pix []uint32, g grid, bits int, o EncodeOptions) error {
	e.w.put(uint32(bits-2), 3)
	return e.pixels(grid{pix, tiles(g.w, bits), tiles(g.h, bits)}, false, o)
}

// tries is how many earlier places are looked at for a match, by effort.
var tries = [...]int{Fast: 4, Normal: 16, High: 64}

// pixels writes a picture behind its codes (section 5). top is the one that is wanted, whose groups may differ from
// part to part.
func (e *Encoder) pixels(g grid, top bool, o EncodeOptions) (err error) {
	e.finder.start(g.pix, g.w)
	if e.matches, err = e.finder.greedy(e.matches[:0], tries[o.Effort], o.Stop); err != nil {
		return err
	}
	w := walker{grid: g, matches: e.matches}
	bits := 0
	if top {
		if bits, err = e.cacheBits(&w, o); err != nil {
			return err
		}
	}
	cached := 0
	if w.cache = (colorCache{}); bits > 0 {
		w.cache = newColorCache(bits)
		cached = 1 << bits
		e.w.put(1|uint32(bits)<<1, 5)
	} else {
		e.w.put(0, 1)
	}
	l := newLayout(cached)
	c := &e.groups
	if top {
		if err := c.cluster(w.again(), l, o.Effort, o.Stop); err != nil {
			return err
		}
		return e.grouped(&w, o)
	}
	c = &clustering{layout: l}
	c.count(w.again(), 1)
	return e.tokens(&w, c, o)
}

// grouped writes a picture whose squares are clustered.
func (e *Encoder) grouped(w *walker, o EncodeOptions) error {
	c := &e.groups
	n := len(c.clusters)
	if n > 1 {
		e.w.put(1|uint32(c.bits-2)<<1, 4)
		numbers := make([]uint32, len(c.of))
		for i, k := range c.of {
			numbers[i] = opaque | uint32(k&0xff)<<8 | uint32(k>>8)
		}
		matches := e.matches
		e.matches = nil
		if err := e.pixels(grid{numbers, c.wide, c.high}, false, o); err != nil {
			return err
		}
		e.matches = matches
	} else {
		e.w.put(0, 1)
	}
	c.count(w.again(), n)
	return e.tokens(w, c, o)
}

// tokens writes the codes of all groups and then the picture.
func (e *Encoder) tokens(w *walker, c *clustering, o EncodeOptions) error {
	n := len(c.clusters)
	for len(e.codes) < n {
		e.codes = append(e.codes, [5]prefixCode{})
	}
	for k, counts := range c.clusters {
		for i := range 5 {
			code := &e.codes[k][i]
			e.maker.make(code, part(&c.layout, counts, i), maxLength)
			e.maker.writeCode(&e.w, code)
		}
	}
	codes := &e.codes[0]
	asked := 0
	for now := w.again(); !now.done(); {
		if now.y >= asked {
			asked = now.y + 16
			if err := o.Stop.Err(); err != nil {
				return err
			}
		}
		if n > 1 {
			codes = &e.codes[c.of[now.y>>c.bits*c.wide+now.x>>c.bits]]
		}
		t := now.next()
		t.write(&e.w, codes)
	}
	return nil
}

// cacheSizes are the sizes of the cache of colors that are tried, by effort.
var cacheSizes = [...][]int{Fast: {0, 8}, Normal: {0, 4, 8, 10}, High: {0, 2, 4, 6, 8, 10}}

// cacheBits returns the size of the cache of colors with which a picture takes the fewest bits in one group of codes.
func (e *Encoder) cacheBits(w *walker, o EncodeOptions) (best int, err error) {
	least := ^uint64(0)
	for _, bits := range cacheSizes[o.Effort] {
		if err := o.Stop.Err(); err != nil {
			return 0, err
		}
		cached := 0
		if w.cache = (colorCache{}); bits > 0 {
			w.cache, cached = newColorCache(bits), 1<<bits
		}
		c := clustering{layout: newLayout(cached)}
		c.count(w.again(), 1)
		if cost := c.cost(c.clusters[0]); cost < least {
			best, least = bits, cost
		}
	}
	return best, nil
}
