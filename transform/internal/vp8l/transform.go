package vp8l

import "encoding/binary"

// A kind is one of four transforms (section 4).
type kind uint8

const (
	predictor kind = iota
	crossColor
	subtractGreen
	palette
)

// A transform is undone once there are pixels.
type transform struct {
	kind   kind
	bits   int // of the side of a square with data of its own; of a palette, how many pixels are packed into one
	data   []byte
	width  int // of the image
	packed int // of a palette: of the image while it is packed
}

// undo undoes the transform in the first rows of an image. Packed pixels stand at the end of pix.
func (t *transform) undo(pix []byte, rows int) {
	switch t.kind {
	case predictor:
		t.predict(pix, rows)
	case crossColor:
		t.cross(pix, rows)
	case subtractGreen:
		for i := 0; i < 4*rows*t.width; i += 4 {
			p := pix[i : i+3 : i+3]
			p[0] += p[1]
			p[2] += p[1]
		}
	case palette:
		t.unpack(pix, rows)
	}
}

// unpack makes colors of places in the palette (section 4.4). Those that it does not have are transparent black.
func (t *transform) unpack(pix []byte, rows int) {
	var colors [256]uint32
	for i := range len(t.data) / 4 {
		colors[i] = binary.LittleEndian.Uint32(t.data[4*i:])
	}
	per := 8 >> t.bits // bits for a pixel
	height := len(pix) / 4 / t.width
	line := make([]byte, 4*t.packed)
	for y := range rows {
		copy(line, pix[len(pix)-4*t.packed*(height-y):])
		out := pix[4*y*t.width:][:4*t.width]
		for x := range t.width {
			place := line[4*(x>>t.bits)+1] >> (x & (1<<t.bits - 1) * per) & (1<<per - 1)
			binary.LittleEndian.PutUint32(out[4*x:], colors[place])
		}
	}
}

// cross undoes the difference of colors (section 4.2).
func (t *transform) cross(pix []byte, rows int) {
	delta := func(factor, v byte) byte { return byte(int32(int8(factor)) * int32(int8(v)) >> 5) }
	wide := tiles(t.width, t.bits)
	for y := range rows {
		row := pix[4*y*t.width:][:4*t.width]
		factors := t.data[4*(y>>t.bits*wide):]
		for x := range t.width {
			f := factors[4*(x>>t.bits):][:4]
			p := row[4*x:][:4]
			p[0] += delta(f[2], p[1])
			p[2] += delta(f[1], p[1]) + delta(f[0], p[0])
		}
	}
}

// Arithmetic of four bytes at once.

func add(a, b uint32) uint32 {
	const low = 0x00ff00ff
	return (a&low+b&low)&low | (a&^low+b&^low)&^low
}

// mean is that of each byte, rounded down.
func mean(a, b uint32) uint32 { return a&b + (a^b)&0xfefefefe>>1 }

const opaque = 0xff000000

// predict undoes the prediction of each pixel from those before (section 4.1).
func (t *transform) predict(pix []byte, rows int) {
	get := func(i int) uint32 { return binary.LittleEndian.Uint32(pix[i:]) }
	put := func(i int, v uint32) { binary.LittleEndian.PutUint32(pix[i:], v) }
	stride := 4 * t.width
	wide := tiles(t.width, t.bits)
	for y := range rows {
		at := y * stride
		if y == 0 {
			put(0, add(get(0), opaque))
			for at += 4; at < stride; at += 4 {
				put(at, add(get(at), get(at-4)))
			}
			continue
		}
		put(at, add(get(at), get(at-stride)))
		modes := t.data[4*(y>>t.bits*wide):]
		for x := 1; x < t.width; {
			end := min((x>>t.bits+1)<<t.bits, t.width)
			mode := modes[4*(x>>t.bits)+1] & 15
			t.run(pix, at+4*x, at+4*end, stride, mode)
			x = end
		}
	}
}

// run predicts the pixels from at to end, which have one mode. The pixel above and to the right of the last in a row is
// the first of that row, as it stands in memory.
func (t *transform) run(pix []byte, at, end, stride int, mode byte) {
	left := binary.LittleEndian.Uint32(pix[at-4:])
	above := pix[at-stride-4 : end-stride+4]
	corner, top := binary.LittleEndian.Uint32(above), binary.LittleEndian.Uint32(above[4:])
	for i := 8; at < end; at, i = at+4, i+4 {
		right := binary.LittleEndian.Uint32(above[i:])
		var p uint32
		switch mode {
		case 1:
			p = left
		case 2:
			p = top
		case 3:
			p = right
		case 4:
			p = corner
		case 5:
			p = mean(mean(left, right), top)
		case 6:
			p = mean(left, corner)
		case 7:
			p = mean(left, top)
		case 8:
			p = mean(corner, top)
		case 9:
			p = mean(top, right)
		case 10:
			p = mean(mean(left, corner), mean(top, right))
		case 11:
			p = nearer(left, top, corner)
		case 12:
			p = gradient(left, top, corner)
		case 13:
			p = halfGradient(mean(left, top), corner)
		default:
			p = opaque
		}
		left = add(binary.LittleEndian.Uint32(pix[at:]), p)
		binary.LittleEndian.PutUint32(pix[at:], left)
		corner, top = top, right
	}
}

func channel(v uint32, i int) int32 { return int32(v >> (8 * i) & 0xff) }

// nearer returns left or top, whichever is nearer to left + top − corner.
func nearer(left, top, corner uint32) uint32 {
	var d int32
	for i := range 4 {
		l, t, c := channel(left, i), channel(top, i), channel(corner, i)
		d += max(t-c, c-t) - max(l-c, c-l)
	}
	if d < 0 {
		return left
	}
	return top
}

// gradient returns left + top − corner.
func gradient(left, top, corner uint32) (v uint32) {
	for i := range 4 {
		v |= uint32(min(max(channel(left, i)+channel(top, i)-channel(corner, i), 0), 255)) << (8 * i)
	}
	return v
}

// halfGradient returns m + (m − corner) ÷ 2.
func halfGradient(m, corner uint32) (v uint32) {
	for i := range 4 {
		c := channel(m, i)
		v |= uint32(min(max(c+(c-channel(corner, i))/2, 0), 255)) << (8 * i)
	}
	return v
}
