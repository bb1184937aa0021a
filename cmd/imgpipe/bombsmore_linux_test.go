package main

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
)

// bmpFile is a BMP file with a BITMAPINFOHEADER; what is behind that, data.
func bmpFile(w, h int32, bits uint16, compression, colors uint32, data []byte) []byte {
	const head = 14 + 40
	b := le.AppendUint32([]byte("BM"), uint32(head+len(data)))
	b = le.AppendUint32(le.AppendUint32(b, 0), head+min(4*colors, 1024))
	b = le.AppendUint32(le.AppendUint32(le.AppendUint32(b, 40), uint32(w)), uint32(h))
	b = le.AppendUint32(le.AppendUint16(le.AppendUint16(b, 1), bits), compression)
	b = le.AppendUint32(append(b, make([]byte, 12)...), colors)
	return append(append(b, 0, 0, 0, 0), data...)
}

var bmpBombs = []bomb{
	{"color.bmp", false, 0,
		func(_ *rand.Rand, w, h int) []byte { return bmpFile(int32(w), int32(h), 24, 0, 0, make([]byte, 4096)) }},
	{"admitted.bmp", true, 0,
		func(_ *rand.Rand, w, h int) []byte { return bmpFile(int32(w), int32(h), 24, 0, 0, make([]byte, 4096)) }},
	{"top-down.bmp", false, 0, func(_ *rand.Rand, w, h int) []byte {
		return bmpFile(int32(w), -int32(h), 32, 0, 0, make([]byte, 4096))
	}},
	{"lowest-height.bmp", false, 0, func(_ *rand.Rand, _, _ int) []byte {
		return bmpFile(1, math.MinInt32, 24, 0, 0, make([]byte, 4096))
	}},
	{"negative-width.bmp", false, 0, func(_ *rand.Rand, w, h int) []byte {
		return bmpFile(-int32(w), int32(h), 24, 0, 0, make([]byte, 4096))
	}},
	{"palette.bmp", true, 0, func(_ *rand.Rand, w, h int) []byte {
		return bmpFile(int32(w), int32(h), 8, 0, 256, make([]byte, 4096))
	}},
	{"palette-of-2G.bmp", false, 0, func(_ *rand.Rand, w, h int) []byte {
		return bmpFile(int32(w), int32(h), 8, 0, math.MaxInt32, make([]byte, 4096))
	}},
	{"runs-of-8.bmp", true, 0, func(_ *rand.Rand, w, h int) []byte {
		return bmpFile(int32(w), int32(h), 8, 1, 256,
			append(make([]byte, 1024), bytes.Repeat([]byte{255, 1}, w*h/255+1)...))
	}},
	{"runs-end-at-once.bmp", true, 0, func(_ *rand.Rand, w, h int) []byte {
		return bmpFile(int32(w), int32(h), 8, 1, 256, append(make([]byte, 1024), 0, 2, 255, 255, 0, 1))
	}},
	{"runs-of-4.bmp", true, 0, func(_ *rand.Rand, w, h int) []byte {
		return bmpFile(int32(w), int32(h), 4, 2, 16, append(make([]byte, 64), bytes.Repeat([]byte{255, 1}, 10_000)...))
	}},
	{"embedded-png.bmp", false, 0, func(_ *rand.Rand, w, h int) []byte {
		return bmpFile(int32(w), int32(h), 0, 5, 0, pngFile(w, h, 8, 2, 0))
	}},
}

// An ifd is one directory of a TIFF file (TIFF 6.0, section 2), with all values in place or behind it.
type ifd struct{ entries []tiffEntry }

type tiffEntry struct {
	tag, kind uint16
	count     uint32
	value     uint32
	data      []byte // that value is to point to, where it is not nil
}

const short, long = 3, 4

func (d *ifd) set(tag, kind uint16, count, value uint32) *ifd {
	d.entries = slices.DeleteFunc(d.entries, func(e tiffEntry) bool { return e.tag == tag })
	d.entries = append(d.entries, tiffEntry{tag, kind, count, value, nil})
	return d
}

func (d *ifd) array(tag uint16, values []uint32) *ifd {
	var data []byte
	for _, v := range values {
		data = le.AppendUint32(data, v)
	}
	d.set(tag, long, uint32(len(values)), 0)
	d.entries[len(d.entries)-1].data = data
	return d
}

// file writes d as the only directory, behind pixels, which begin at 8; next is what follows it.
func (d *ifd) file(pixels []byte, next uint32) []byte {
	slices.SortFunc(d.entries, func(a, b tiffEntry) int { return int(a.tag) - int(b.tag) })
	at := uint32(8 + len(pixels))
	b := append(le.AppendUint32([]byte("II\x2a\x00"), at), pixels...)
	b = le.AppendUint16(b, uint16(len(d.entries)))
	behind := at + 2 + uint32(12*len(d.entries)) + 4
	var tail []byte
	for _, e := range d.entries {
		if e.data != nil {
			e.value = behind + uint32(len(tail))
			tail = append(tail, e.data...)
		}
		b = le.AppendUint32(le.AppendUint32(le.AppendUint16(le.AppendUint16(b, e.tag), e.kind), e.count), e.value)
	}
	return append(le.AppendUint32(b, next), tail...)
}

// tiffOf describes gray pixels in one strip of n bytes at 8.
func tiffOf(w, h int, bits, compression uint32, n int) *ifd {
	d := new(ifd)
	d.set(256, long, 1, uint32(w)).set(257, long, 1, uint32(h)).set(258, short, 1, bits).set(259, short, 1, compression)
	return d.set(262, short, 1, 1).set(273, long, 1, 8).set(277, short, 1, 1).set(278, long, 1, uint32(h)).
		set(279, long, 1, uint32(n))
}

const (
	uncompressed, faxG4, lzwTIFF, deflated, packBits = 1, 4, 5, 8, 32773
)

var tiffBombs = []bomb{
	{"strip.tif", false, 0, func(_ *rand.Rand, w, h int) []byte {
		return tiffOf(w, h, 8, uncompressed, w*h).file(make([]byte, 1000), 0)
	}},
	{"strip-admitted.tif", true, 0, func(_ *rand.Rand, w, h int) []byte {
		return tiffOf(w, h, 8, uncompressed, w*h).file(make([]byte, 1000), 0)
	}},
	{"deflated-full.tif", true, 0, func(_ *rand.Rand, w, h int) []byte {
		z := zlibZeros(w * h)
		return tiffOf(w, h, 8, deflated, len(z)).file(z, 0)
	}},
	{"more-than-promised.tif", false, 0, func(_ *rand.Rand, _, _ int) []byte {
		z := zlibZeros(1 << 29)
		return tiffOf(9, 9, 8, deflated, len(z)).file(z, 0)
	}},
	{"packbits-full.tif", true, 0, func(_ *rand.Rand, w, h int) []byte {
		packed := bytes.Repeat([]byte{0x81, 7}, w*h/128+1)
		return tiffOf(w, h, 8, packBits, len(packed)).file(packed, 0)
	}},
	{"fax-full.tif", true, 0, func(_ *rand.Rand, w, h int) []byte { // a bit 1 is a line like the one before (ITU-T T.6)
		white := bytes.Repeat([]byte{0xFF}, h/8+1)
		return tiffOf(w, h, 1, faxG4, len(white)).file(white, 0)
	}},
	{"fax.tif", false, 0, func(_ *rand.Rand, w, h int) []byte {
		white := bytes.Repeat([]byte{0xFF}, h/8+1)
		return tiffOf(w, h, 1, faxG4, len(white)).file(white, 0)
	}},
	{"lzw.tif", true, 0, func(_ *rand.Rand, w, h int) []byte {
		return tiffOf(w, h, 8, lzwTIFF, 1000).file(append([]byte{0x80, 0, 0}, make([]byte, 997)...), 0)
	}},
	{"tiles.tif", true, 0, func(r *rand.Rand, w, h int) []byte {
		side := uint32(16 << r.IntN(27))
		d := tiffOf(w, h, 8, uncompressed, 1000).set(322, long, 1, side).set(323, long, 1, side)
		return d.set(324, long, 1, 8).set(325, long, 1, 1000).file(make([]byte, 1000), 0)
	}},
	{"tiny-tiles.tif", true, 0, func(_ *rand.Rand, w, h int) []byte {
		d := tiffOf(w, h, 8, uncompressed, 1000).set(322, long, 1, 1).set(323, long, 1, 1)
		return d.array(324, slices.Repeat([]uint32{8}, 100_000)).array(325, slices.Repeat([]uint32{1}, 100_000)).
			file(make([]byte, 1000), 0)
	}},
	{"one-strip-many-times.tif", true, 0, func(_ *rand.Rand, w, h int) []byte {
		z := zlibZeros(w)
		d := tiffOf(w, h, 8, deflated, 0).set(278, long, 1, 1)
		return d.array(273, slices.Repeat([]uint32{8}, h)).array(279, slices.Repeat([]uint32{uint32(len(z))}, h)).
			file(z, 0)
	}},
	{"strips-by-the-billion.tif", false, 0, func(_ *rand.Rand, w, h int) []byte {
		return tiffOf(w, h, 8, uncompressed, 9).set(273, long, 1<<30, 8).set(279, long, 1<<30, 8).set(278, long, 1, 1).
			file(make([]byte, 1000), 0)
	}},
	{"strips-by-the-billion-small.tif", false, 0, func(_ *rand.Rand, _, _ int) []byte {
		return tiffOf(9, 9, 8, uncompressed, 9).set(273, long, math.MaxUint32, 8).set(279, long, math.MaxUint32, 8).
			file(make([]byte, 1000), 0)
	}},
	{"samples.tif", false, 0, func(r *rand.Rand, w, h int) []byte {
		return tiffOf(w, h, 8, uncompressed, 9).set(277, short, 1, uint32(5+r.IntN(65530))).set(258, short, 65535, 8).
			file(make([]byte, 1000), 0)
	}},
	{"colors.tif", true, 0, func(_ *rand.Rand, w, h int) []byte {
		return tiffOf(w, h, 8, uncompressed, 9).set(262, short, 1, 3).set(320, short, math.MaxUint32, 8).
			file(make([]byte, 1000), 0)
	}},
	{"deep.tif", true, 0, func(_ *rand.Rand, w, h int) []byte {
		return tiffOf(w, h, 16, uncompressed, 2*w*h).file(make([]byte, 1000), 0)
	}},
	{"loop.tif", false, 0, func(_ *rand.Rand, w, h int) []byte {
		return tiffOf(w, h, 8, uncompressed, 9).file(make([]byte, 1000), 1008)
	}},
	{"exif-loop.tif", false, 0, func(r *rand.Rand, _, _ int) []byte { return hostileExif(r) }},
	{"directory-nowhere.tif", false, 0,
		func(_ *rand.Rand, _, _ int) []byte { return []byte("II\x2a\x00\xff\xff\xff\xff") }},
	{"big.tif", false, 0, func(_ *rand.Rand, w, h int) []byte {
		b := append([]byte("II\x2b\x00\x08\x00\x00\x00"), 16, 0, 0, 0, 0, 0, 0, 0)
		b = binary.LittleEndian.AppendUint64(b, 2)
		for i, v := range []int{w, h} {
			b = le.AppendUint16(le.AppendUint16(b, uint16(256+i)), long)
			b = le.AppendUint64(le.AppendUint64(b, 1), uint64(v))
		}
		return le.AppendUint64(b, 16)
	}},
}

// riff is a WebP file (RFC 9649) of chunks.
func riff(chunks ...[]byte) []byte {
	body := append([]byte("WEBP"), slices.Concat(chunks...)...)
	return append(le.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func webpChunk(kind string, data []byte) []byte {
	out := append(le.AppendUint32([]byte(kind), uint32(len(data))), data...)
	return append(out, make([]byte, len(data)%2)...)
}

func uint24(b []byte, v int) []byte { return append(b, byte(v), byte(v>>8), byte(v>>16)) }

// vp8x is the head of an extended file.
func vp8x(flags byte, w, h int) []byte {
	return webpChunk("VP8X", uint24(uint24([]byte{flags, 0, 0, 0}, w-1), h-1))
}

// vp8 is a lossy frame (RFC 6386, section 9.1) that ends behind its header.
func vp8(w, h int) []byte {
	const firstPart = 1000
	tag := uint24(nil, firstPart<<5|1<<4)
	b := le.AppendUint16(append(tag, 0x9D, 0x01, 0x2A), uint16(w))
	return webpChunk("VP8 ", append(le.AppendUint16(b, uint16(h)), make([]byte, firstPart+100)...))
}

// vp8l is a lossless frame whose every code has a single symbol, so that no pixel takes a bit (RFC 9649, sections 3 and
// 6). It is whole.
func vp8l(w, h int) []byte {
	b := le.AppendUint32([]byte{0x2F}, uint32(w-1)|uint32(h-1)<<14)
	var bits uint32 // no transform, no color cache, no groups of codes
	for i := range 5 {
		bits |= 1 << (3 + 4*i) // a code of one symbol, which is one bit long: 0
	}
	return webpChunk("VP8L", le.AppendUint32(b, bits))
}

const vp8Side, vp8lSide = 16383, 16384

var webpBombs = []bomb{
	{"lossy.webp", false, vp8Side, func(_ *rand.Rand, w, h int) []byte { return riff(vp8(w, h)) }},
	{"lossy-admitted.webp", true, vp8Side, func(_ *rand.Rand, w, h int) []byte { return riff(vp8(w, h)) }},
	{"lossless.webp", false, vp8lSide, func(_ *rand.Rand, w, h int) []byte { return riff(vp8l(w, h)) }},
	{"lossless-full.webp", true, vp8lSide, func(_ *rand.Rand, w, h int) []byte { return riff(vp8l(w, h)) }},
	{"canvas.webp", false, 1 << 24, func(_ *rand.Rand, w, h int) []byte { return riff(vp8x(0, w, h), vp8l(4, 4)) }},
	{"canvas-small.webp", false, vp8lSide,
		func(_ *rand.Rand, w, h int) []byte { return riff(vp8x(0, 4, 4), vp8l(w, h)) }},
	{"animation.webp", true, vp8lSide, func(_ *rand.Rand, w, h int) []byte {
		frame := webpChunk("ANMF",
			slices.Concat(uint24(uint24(make([]byte, 6), w-1), h-1), make([]byte, 4), vp8l(w, h)))
		return riff(vp8x(2, w, h), webpChunk("ANIM", make([]byte, 6)), bytes.Repeat(frame, 1000))
	}},
	{"alpha.webp", true, vp8Side, func(_ *rand.Rand, w, h int) []byte {
		return riff(vp8x(16, w, h), webpChunk("ALPH", append([]byte{1}, vp8l(w, h)[13:]...)), vp8(w, h))
	}},
	{"profile-of-4GB.webp", false, 1 << 24, func(_ *rand.Rand, w, h int) []byte {
		return riff(vp8x(32, w, h), append([]byte("ICCP"), 0xFE, 0xFF, 0xFF, 0xFF), vp8l(4, 4))
	}},
	{"exif-loop.webp", true, vp8lSide, func(r *rand.Rand, w, h int) []byte {
		return riff(vp8x(8, w, h), vp8l(w, h), webpChunk("EXIF", hostileExif(r)))
	}},
}
