package main

import (
	"bytes"
	"compress/flate"
	"compress/lzw"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// A bomb is a small file whose header promises 50 megapixels to 4 gigapixels, or more of something else than a reader
// may want to take.
type bomb struct {
	name string // its extension is that of the format
	// full says that the file does hold all pixels, so that nothing but their number protects a reader. These stay
	// below 100 megapixels, which imgpipe takes by default.
	full bool
	// side is the largest width and height that the format knows; 0 is no bound.
	side int
	make func(r *rand.Rand, w, h int) []byte
}

// bombs are all kinds, so mixed that a few of them are of every format, and that one in the first twenty is full.
func bombs() (mixed []bomb) {
	var full, hollow []bomb
	for _, b := range slices.Concat(jpegBombs, pngBombs, gifBombs, bmpBombs, tiffBombs, webpBombs) {
		if b.full {
			full = append(full, b)
		} else {
			hollow = append(hollow, b)
		}
	}
	r := rand.New(rand.NewPCG(32, 0)) // the first full one is quick to decode
	r.Shuffle(len(full), func(i, j int) { full[i], full[j] = full[j], full[i] })
	r.Shuffle(len(hollow), func(i, j int) { hollow[i], hollow[j] = hollow[j], hollow[i] })
	for len(full)+len(hollow) > 0 {
		n := min(15, len(hollow))
		mixed, hollow = append(mixed, hollow[:n]...), hollow[n:]
		n = min(1, len(full))
		mixed, full = append(mixed, full[:n]...), full[n:]
	}
	return mixed
}

// bombFile makes bomb number i, from 0: each kind in turn, each time of another size and shape.
func bombFile(i int) (name string, data []byte, full bool) {
	kinds := bombs()
	k := kinds[i%len(kinds)]
	r := rand.New(rand.NewPCG(uint64(i), 7))
	pixels := 50e6 * math.Pow(80, r.Float64())
	if k.full {
		pixels = 50e6 * math.Pow(1.9, r.Float64())
		if i < len(kinds) { // for the sake of the time that a test takes
			pixels = 50.1e6
		}
	}
	side := float64(k.side)
	if side == 0 {
		side = math.MaxInt32
	}
	shape := math.Exp(2*r.Float64() - 1)
	w := min(math.Sqrt(pixels)*shape, side)
	w = min(max(w, pixels/side), side)
	h := min(pixels/w, side)
	return fmt.Sprintf("bomb-%04d-%s", i, k.name), k.make(r, int(w), int(h)), k.full
}

var be, le = binary.BigEndian, binary.LittleEndian

// zlibZeros is a zlib stream (RFC 1950) of n zeros, a thousandth as long, made without going through them all.
func zlibZeros(n int) []byte {
	const block = 1 << 20
	deflated := func(n int) []byte {
		var b bytes.Buffer
		z, _ := flate.NewWriter(&b, flate.BestCompression) // the level exists
		_, _ = z.Write(make([]byte, n))                    // a buffer takes all
		_ = z.Flush()
		return b.Bytes()
	}
	out := append([]byte{0x78, 0xDA}, bytes.Repeat(deflated(block), n/block)...)
	out = append(append(out, deflated(n%block)...), 3, 0) // an empty last block
	return be.AppendUint32(out, uint32(n%65521)<<16|1)
}

// hostileExif is a TIFF structure (TIFF 6.0, section 2) with an IFD that is its own successor and its own sub-IFD, and
// values of four gigabytes.
func hostileExif(r *rand.Rand) []byte {
	b := le.AppendUint32([]byte("II\x2a\x00"), 8)
	tags := []uint16{0x0112, 0x8769, 0x8825, 0x010F, 0x9286, 0x927C, 0x0201, 0x0202, 0xA005}
	b = le.AppendUint16(b, uint16(len(tags)))
	for _, tag := range tags {
		count, kind, value := uint32(1), uint16(4), uint32(8)
		switch tag {
		case 0x0112:
			kind, value = 3, 6
		case 0x010F, 0x9286, 0x927C:
			count, kind, value = math.MaxUint32-uint32(r.IntN(9)), uint16(r.IntN(14)), uint32(r.IntN(200))
		}
		b = le.AppendUint32(le.AppendUint32(le.AppendUint16(le.AppendUint16(b, tag), kind), count), value)
	}
	return le.AppendUint32(b, 8)
}

// A jpegFile is a JPEG file (ITU-T T.81) that is built part by part.
type jpegFile struct{ b []byte }

const (
	sof0, sof1, sof2, sof3, sof9 = 0xC0, 0xC1, 0xC2, 0xC3, 0xC9
	dht, dqt, dri, sos, app1     = 0xC4, 0xDB, 0xDD, 0xDA, 0xE1
)

// newJPEG begins a file with one quantization table and Huffman tables of one code each: a bit 0 is the difference 0 in
// DC, and what ac says in AC.
func newJPEG(ac byte) *jpegFile {
	f := &jpegFile{[]byte{0xFF, 0xD8}}
	f.segment(dqt, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...))
	one := append([]byte{1}, make([]byte, 15)...)
	f.segment(dht, slices.Concat([]byte{0}, one, []byte{0}))
	f.segment(dht, slices.Concat([]byte{0x10}, one, []byte{ac}))
	return f
}

func (f *jpegFile) segment(marker byte, data []byte) *jpegFile {
	f.b = append(be.AppendUint16(append(f.b, 0xFF, marker), uint16(len(data)+2)), data...)
	return f
}

func (f *jpegFile) frame(marker byte, bits, w, h, components int, sampling byte) *jpegFile {
	head := be.AppendUint16(be.AppendUint16([]byte{byte(bits)}, uint16(h)), uint16(w))
	head = append(head, byte(components))
	for i := range components {
		head = append(head, byte(i+1), sampling, 0)
		sampling = 0x11
	}
	return f.segment(marker, head)
}

func (f *jpegFile) scan(components int, start, end, approximation byte, data int) *jpegFile {
	head := []byte{byte(components)}
	for i := range components {
		head = append(head, byte(i+1), 0)
	}
	f.segment(sos, append(head, start, end, approximation))
	f.b = append(f.b, make([]byte, data)...)
	return f
}

func (f *jpegFile) end() []byte { return append(f.b, 0xFF, 0xD9) }

func blocks(w, h int) int { return (w + 7) / 8 * ((h + 7) / 8) }

const jpegSide = 65535

var jpegBombs = []bomb{
	{"baseline.jpg", false, jpegSide, func(_ *rand.Rand, w, h int) []byte {
		return newJPEG(0).frame(sof0, 8, w, h, 3, 0x22).scan(3, 0, 63, 0, 1000).end()
	}},
	{"baseline-full.jpg", true, jpegSide, func(_ *rand.Rand, w, h int) []byte {
		return newJPEG(0).frame(sof0, 8, w, h, 1, 0x11).scan(1, 0, 63, 0, blocks(w, h)/4+1).end()
	}},
	{"color-full.jpg", true, jpegSide, func(_ *rand.Rand, w, h int) []byte {
		return newJPEG(0).frame(sof0, 8, w, h, 3, 0x11).scan(3, 0, 63, 0, 3*blocks(w, h)/4+1).end()
	}},
	{"ends-at-once.jpg", true, jpegSide, func(_ *rand.Rand, w, h int) []byte {
		return newJPEG(0).frame(sof0, 8, w, h, 3, 0x22).scan(3, 0, 63, 0, 0).end()
	}},
	{"progressive.jpg", false, jpegSide, func(_ *rand.Rand, w, h int) []byte {
		return newJPEG(0).frame(sof2, 8, w, h, 3, 0x22).scan(3, 0, 0, 0, 1000).end()
	}},
	{"progressive-full.jpg", true, jpegSide, func(_ *rand.Rand, w, h int) []byte {
		return newJPEG(0xE0).frame(sof2, 8, w, h, 1, 0x11).scan(1, 0, 0, 0, blocks(w, h)/8+1).
			scan(1, 1, 63, 0, blocks(w, h)/8000+8).end()
	}},
	{"many-scans.jpg", true, jpegSide, func(r *rand.Rand, w, h int) []byte {
		f := newJPEG(0xE0).frame(sof2, 8, w, h, 1, 0x11).scan(1, 0, 0, 0, blocks(w, h)/8+1)
		for range 100 + r.IntN(100) { // each goes over all blocks, in runs of 16,384 that are empty
			f.scan(1, 1, 63, 0, blocks(w, h)/8000+8)
		}
		return f.end()
	}},
	{"scans-without-end.jpg", false, jpegSide, func(_ *rand.Rand, w, h int) []byte {
		f := newJPEG(0).frame(sof2, 8, w, h, 1, 0x11)
		for range 5000 {
			f.scan(1, 1, 63, 0, 1)
		}
		return f.b
	}},
	{"12-bit.jpg", false, jpegSide, func(_ *rand.Rand, w, h int) []byte {
		return newJPEG(0).frame(sof1, 12, w, h, 3, 0x22).scan(3, 0, 63, 0, 1000).end()
	}},
	{"lossless.jpg", false, jpegSide, func(_ *rand.Rand, w, h int) []byte {
		return newJPEG(0).frame(sof3, 8, w, h, 3, 0x11).scan(3, 1, 0, 0, 1000).end()
	}},
	{"arithmetic.jpg", false, jpegSide, func(_ *rand.Rand, w, h int) []byte {
		return newJPEG(0).frame(sof9, 8, w, h, 3, 0x11).scan(3, 0, 63, 0, 1000).end()
	}},
	{"many-components.jpg", false, jpegSide, func(r *rand.Rand, w, h int) []byte {
		return newJPEG(0).frame(sof0, 8, w, h, 5+r.IntN(250), 0x11).scan(4, 0, 63, 0, 1000).end()
	}},
	{"four-inks-4x4.jpg", true, jpegSide, func(_ *rand.Rand, w, h int) []byte {
		return newJPEG(0).frame(sof0, 8, w, h, 4, 0x44).scan(4, 0, 63, 0, 1000).end()
	}},
	{"height-comes-later.jpg", false, jpegSide, func(_ *rand.Rand, w, h int) []byte {
		f := newJPEG(0).frame(sof0, 8, w, 0, 1, 0x11).scan(1, 0, 63, 0, 1000)
		return f.segment(0xDC, be.AppendUint16(nil, uint16(h))).end()
	}},
	{"restarts.jpg", true, jpegSide, func(_ *rand.Rand, w, h int) []byte {
		f := newJPEG(0).segment(dri, []byte{0, 1}).frame(sof0, 8, w, h, 1, 0x11).scan(1, 0, 63, 0, 0)
		for i := range 100_000 {
			f.b = append(f.b, 0, 0xFF, 0xD0+byte(i%8))
		}
		return f.end()
	}},
	{"two-frames.jpg", false, jpegSide, func(_ *rand.Rand, w, h int) []byte {
		return newJPEG(0).frame(sof0, 8, 8, 8, 1, 0x11).frame(sof0, 8, w, h, 3, 0x11).scan(1, 0, 63, 0, 10).end()
	}},
	{"exif-loop.jpg", true, jpegSide, func(r *rand.Rand, w, h int) []byte {
		f := newJPEG(0)
		for range 20 {
			f.segment(app1, append([]byte("Exif\x00\x00"), hostileExif(r)...))
		}
		return f.frame(sof0, 8, w, h, 1, 0x11).scan(1, 0, 63, 0, blocks(w, h)/4+1).end()
	}},
	{"profiles.jpg", false, jpegSide, func(r *rand.Rand, w, h int) []byte {
		f := newJPEG(0)
		for i := range 200 {
			f.segment(0xE2, append([]byte("ICC_PROFILE\x00"),
				slices.Concat([]byte{byte(i), byte(r.IntN(256))}, make([]byte, r.IntN(20_000)))...))
		}
		return f.frame(sof0, 8, w, h, 3, 0x11).scan(3, 0, 63, 0, 1000).end()
	}},
	{"fill-bytes.jpg", false, jpegSide, func(_ *rand.Rand, w, h int) []byte {
		f := newJPEG(0)
		f.b = append(f.b, bytes.Repeat([]byte{0xFF}, 1<<20)...)
		return f.frame(sof0, 8, w, h, 3, 0x11).scan(3, 0, 63, 0, 1000).end()
	}},
}

// pngFile begins a PNG file (PNG, third edition): kind is its color type.
func pngFile(w, h int, depth, kind, interlace byte) []byte {
	head := append(be.AppendUint32(be.AppendUint32(nil, uint32(w)), uint32(h)), depth, kind, 0, 0, interlace)
	return pngChunk([]byte("\x89PNG\r\n\x1a\n"), "IHDR", head)
}

func pngChunk(out []byte, kind string, data []byte) []byte {
	out = append(append(be.AppendUint32(out, uint32(len(data))), kind...), data...)
	return be.AppendUint32(out, crc32.ChecksumIEEE(out[len(out)-len(data)-4:]))
}

func pngEnd(out []byte, raw int) []byte {
	return pngChunk(pngChunk(out, "IDAT", zlibZeros(raw)), "IEND", nil)
}

// A pngExtra is a PNG file with a chunk before its pixels.
func pngExtra(w, h int, kind string, data []byte) []byte {
	return pngEnd(pngChunk(pngFile(w, h, 8, 2, 0), kind, data), 1<<16)
}

var pngBombs = []bomb{
	{"truecolor.png", false, 0, func(_ *rand.Rand, w, h int) []byte { return pngEnd(pngFile(w, h, 8, 2, 0), 1<<16) }},
	{"truecolor-full.png", true, 0,
		func(_ *rand.Rand, w, h int) []byte { return pngEnd(pngFile(w, h, 8, 2, 0), h*(1+3*w)) }},
	{"gray-full.png", true, 0, func(_ *rand.Rand, w, h int) []byte { return pngEnd(pngFile(w, h, 8, 0, 0), h*(1+w)) }},
	{"one-bit-full.png", true, 0,
		func(_ *rand.Rand, w, h int) []byte { return pngEnd(pngFile(w, h, 1, 0, 0), h*(1+(w+7)/8)) }},
	{"transparent-full.png", true, 0,
		func(_ *rand.Rand, w, h int) []byte { return pngEnd(pngFile(w, h, 8, 6, 0), h*(1+4*w)) }},
	{"deep.png", true, 0, func(_ *rand.Rand, w, h int) []byte { return pngEnd(pngFile(w, h, 16, 6, 0), 1<<20) }},
	{"interlaced.png", true, 0, func(_ *rand.Rand, w, h int) []byte { return pngEnd(pngFile(w, h, 8, 2, 1), 1<<20) }},
	{"interlaced-giant.png", false, 0,
		func(_ *rand.Rand, w, h int) []byte { return pngEnd(pngFile(w, h, 8, 2, 1), 1<<20) }},
	{"no-palette.png", true, 0, func(_ *rand.Rand, w, h int) []byte { return pngEnd(pngFile(w, h, 8, 3, 0), 1<<20) }},
	{"short-palette.png", true, 0, func(_ *rand.Rand, w, h int) []byte {
		return pngEnd(pngChunk(pngFile(w, h, 1, 3, 0), "PLTE", []byte{1, 2, 3}), h*(1+(w+7)/8))
	}},
	{"a-line.png", false, 0, func(_ *rand.Rand, w, h int) []byte {
		return pngEnd(pngFile(min(w*h, math.MaxInt32), 1, 8, 2, 0), 1<<16)
	}},
	{"a-column.png", true, 0, func(_ *rand.Rand, w, h int) []byte { return pngEnd(pngFile(1, w*h, 8, 0, 0), 1<<20) }},
	{"more-than-promised.png", false, 0,
		func(_ *rand.Rand, _, _ int) []byte { return pngEnd(pngFile(1, 1, 8, 2, 0), 1<<29) }},
	{"profile.png", false, 0, func(_ *rand.Rand, _, _ int) []byte {
		return pngExtra(20, 20, "iCCP", slices.Concat([]byte("a\x00\x00"), zlibZeros(1<<29)))
	}},
	{"text.png", false, 0, func(_ *rand.Rand, w, h int) []byte {
		return pngExtra(w, h, "zTXt", slices.Concat([]byte("a\x00\x00"), zlibZeros(1<<29)))
	}},
	{"text-small.png", false, 0, func(_ *rand.Rand, _, _ int) []byte {
		return pngExtra(20, 20, "iTXt", slices.Concat([]byte("a\x00\x01\x00\x00\x00"), zlibZeros(1<<29)))
	}},
	{"exif-loop.png", true, 0, func(r *rand.Rand, w, h int) []byte {
		return pngEnd(pngChunk(pngFile(w, h, 8, 0, 0), "eXIf", hostileExif(r)), h*(1+w))
	}},
	{"chunk-of-2GB.png", false, 0, func(_ *rand.Rand, w, h int) []byte {
		return append(be.AppendUint32(pngFile(w, h, 8, 2, 0), math.MaxInt32), "IDATxxxx"...)
	}},
	{"ancillary-of-2GB.png", false, 0, func(_ *rand.Rand, _, _ int) []byte {
		return append(be.AppendUint32(pngFile(9, 9, 8, 2, 0), math.MaxInt32), "prVtxxxx"...)
	}},
	{"empty-chunks.png", true, 0, func(_ *rand.Rand, w, h int) []byte {
		return pngEnd(append(pngFile(w, h, 8, 0, 0), bytes.Repeat(pngChunk(nil, "IDAT", nil), 100_000)...), h*(1+w))
	}},
	{"animation.png", false, 0, func(_ *rand.Rand, w, h int) []byte {
		out := pngChunk(pngFile(16, 16, 8, 2, 0), "acTL", []byte{0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0})
		frame := be.AppendUint32(be.AppendUint32(be.AppendUint32(nil, 0), uint32(w)), uint32(h))
		return pngEnd(pngChunk(out, "fcTL", append(frame, make([]byte, 14)...)), 1<<20)
	}},
}

// gifScreen begins a GIF file (GIF89a) with a palette of four colors.
func gifScreen(w, h int) []byte {
	b := le.AppendUint16(le.AppendUint16([]byte("GIF89a"), uint16(w)), uint16(h))
	return append(append(b, 0x81, 0, 0), make([]byte, 12)...)
}

func gifFrame(out []byte, w, h int, flags byte, packed []byte) []byte {
	out = le.AppendUint16(le.AppendUint16(append(out, 0x2C, 0, 0, 0, 0), uint16(w)), uint16(h))
	out = append(out, flags, 2)
	for piece := range slices.Chunk(packed, 255) {
		out = append(append(out, byte(len(piece))), piece...)
	}
	return append(out, 0)
}

// lzwZeros is n zeros in GIF's LZW.
func lzwZeros(n int) []byte {
	var b bytes.Buffer
	z := lzw.NewWriter(&b, lzw.LSB, 2)
	block := make([]byte, 1<<20)
	for ; n > 0; n -= len(block) {
		_, _ = z.Write(block[:min(n, len(block))]) // a buffer takes all
	}
	_ = z.Close()
	return b.Bytes()
}

const gifSide = 65535

var gifBombs = []bomb{
	{"screen.gif", false, gifSide, func(_ *rand.Rand, w, h int) []byte {
		return append(gifFrame(gifScreen(w, h), 4, 4, 0, lzwZeros(16)), 0x3B)
	}},
	{"screen-admitted.gif", true, gifSide, func(_ *rand.Rand, w, h int) []byte {
		return append(gifFrame(gifScreen(w, h), 4, 4, 0, lzwZeros(16)), 0x3B)
	}},
	{"frame.gif", false, gifSide, func(_ *rand.Rand, w, h int) []byte {
		return append(gifFrame(gifScreen(4, 4), w, h, 0, lzwZeros(16)), 0x3B)
	}},
	{"both.gif", false, gifSide, func(_ *rand.Rand, w, h int) []byte {
		return append(gifFrame(gifScreen(w, h), w, h, 0, lzwZeros(1<<16)), 0x3B)
	}},
	{"full.gif", true, gifSide, func(_ *rand.Rand, w, h int) []byte {
		return append(gifFrame(gifScreen(w, h), w, h, 0, lzwZeros(w*h)), 0x3B)
	}},
	{"interlaced.gif", true, gifSide, func(_ *rand.Rand, w, h int) []byte {
		return append(gifFrame(gifScreen(w, h), w, h, 0x40, lzwZeros(1<<16)), 0x3B)
	}},
	{"frames.gif", true, gifSide, func(_ *rand.Rand, w, h int) []byte {
		return append(gifScreen(w, h), append(bytes.Repeat(gifFrame(nil, 4, 4, 0, lzwZeros(16)), 20_000), 0x3B)...)
	}},
	{"comments.gif", false, gifSide, func(_ *rand.Rand, w, h int) []byte {
		comment := append([]byte{0x21, 0xFE}, bytes.Repeat([]byte("\xff"+strings.Repeat("x", 255)), 4096)...)
		return append(gifFrame(append(append(gifScreen(w, h), comment...), 0), 4, 4, 0, lzwZeros(16)), 0x3B)
	}},
}
