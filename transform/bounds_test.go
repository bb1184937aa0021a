package transform

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"imgpipe/transform/internal/jpeg"
)

// emptyBands is the code of so many blocks whose band is zero: 0 and 14 bits for a run of 16384 to 32767, 10 for one
// block.
func emptyBands(blocks int) []byte {
	var bits []byte
	for blocks > 0 {
		if blocks < 16384 {
			bits = append(bits, 1, 0)
			blocks--
			continue
		}
		n := min(blocks, 32767)
		bits = append(bits, 0)
		for i := 13; i >= 0; i-- {
			bits = append(bits, byte((n-16384)>>i&1))
		}
		blocks -= n
	}
	for len(bits)%8 != 0 {
		bits = append(bits, 1)
	}
	var out []byte
	for ; len(bits) > 0; bits = bits[8:] {
		b := byte(0)
		for _, v := range bits[:8] {
			b = b<<1 | v
		}
		if out = append(out, b); b == 0xff {
			out = append(out, 0)
		}
	}
	return out
}

// manyScans is a progressive JPEG of gray or of four inks: with DC, a first scan of all components, and then scans of
// empty bands.
func manyScans(w, h, components, scans int, dc bool) []byte {
	blocks := (w + 7) / 8 * ((h + 7) / 8)
	b := []byte{0xff, 0xd8}
	b = append(b, jpegSegment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...))...)
	b = append(b, jpegSegment(0xc4, append(append([]byte{0, 1}, make([]byte, 15)...), 0))...)
	b = append(b, jpegSegment(0xc4, append(append([]byte{0x10, 1, 1}, make([]byte, 14)...), 0xe0, 0))...)
	frame := []byte{8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), byte(components)}
	head := []byte{byte(components)}
	for i := range components {
		frame = append(frame, byte(i+1), 0x11, 0)
		head = append(head, byte(i+1), 0)
	}
	b = append(b, jpegSegment(0xc2, frame)...)
	if dc {
		b = append(b, jpegSegment(0xda, append(head, 0, 0, 0))...)
		b = append(b, make([]byte, (blocks*components+7)/8)...)
	}
	bands := emptyBands(blocks)
	for i := range scans {
		band, bit := byte(1+i/components%63), i/components/63 // each bit of each coefficient comes once
		approx := byte(13 - bit)
		if bit > 0 {
			approx |= byte(13-bit+1) << 4
		}
		b = append(b, jpegSegment(0xda, []byte{1, byte(i%components + 1), 0, band, band, approx})...)
		b = append(b, bands...)
	}
	return append(b, 0xff, 0xd9)
}

// losslessWebP is a WebP whose codes take no bits: any number of pixels in a few bytes.
func losslessWebP(w, h int) []byte {
	bits := uint64(w-1) | uint64(h-1)<<14 | 1<<28 // and no transform, no cache of colors, one group of codes
	body := binary.LittleEndian.AppendUint32([]byte{0x2f}, uint32(bits))
	codes := uint64(0)
	for range 5 {
		codes = codes<<4 | 1 // one symbol, 0
	}
	return webpOf(riffChunk("VP8L", binary.LittleEndian.AppendUint64(body, codes<<3)))
}

// runsBMP is a bitmap of run lengths of 8 bits.
func runsBMP(w, h int, data []byte) []byte {
	le := binary.LittleEndian
	b := append([]byte("BM"), make([]byte, 60)...)
	le.PutUint32(b[10:], 62)
	le.PutUint32(b[14:], 40)
	le.PutUint32(b[18:], uint32(w))
	le.PutUint32(b[22:], uint32(h))
	b[26], b[28], b[30], b[46] = 1, 8, 1, 2
	return append(b, data...)
}

// stripsTIFF is a TIFF of strips that are all the same bytes.
func stripsTIFF(w, h, rows int, strip []byte, tags map[uint16]uint32) []byte {
	n := (h + rows - 1) / rows
	le := binary.LittleEndian
	b := append([]byte("II*\x00\x00\x00\x00\x00"), strip...)
	offsets := len(b)
	for range n {
		b = le.AppendUint32(b, 8)
	}
	counts := len(b)
	for range n {
		b = le.AppendUint32(b, uint32(len(strip)))
	}
	le.PutUint32(b[4:], uint32(len(b)))
	all := map[uint16]uint32{256: uint32(w), 257: uint32(h), 258: 8, 259: 1, 262: 1, 277: 1, 278: uint32(rows)}
	for tag, v := range tags {
		all[tag] = v
	}
	b = le.AppendUint16(b, uint16(len(all)+2))
	entry := func(tag uint16, count int, v uint32) {
		b = le.AppendUint16(le.AppendUint16(b, tag), 4)
		b = le.AppendUint32(le.AppendUint32(b, uint32(count)), v)
	}
	for tag, v := range all {
		entry(tag, 1, v)
	}
	at := func(list int) uint32 {
		if n == 1 {
			return le.Uint32(b[list:])
		}
		return uint32(list)
	}
	entry(273, n, at(offsets))
	entry(279, n, at(counts))
	return append(b, 0, 0, 0, 0)
}

// faxWhite is a white page in Group 4: a bit for a row.
func faxWhite(w, h int) []byte {
	return stripsTIFF(w, h, h, bytes.Repeat([]byte{0xff}, h/8+50), map[uint16]uint32{258: 1, 259: 4, 262: 0})
}

// zeros128K is a frame of Zstandard that is one block of 128 KiB of zeros, and a window of as many bytes.
var zeros128K = []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 7 << 3, 3, 0, 16, 0}

// tooCheap are files of under a megabyte that ask for work without end.
func tooCheap() map[string][]byte {
	le := binary.LittleEndian
	tables := bytes.Repeat(jpegSegment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)), 900)
	tile := append([]byte{0xff, 0xd8}, append(tables, manyScans(16, 16, 1, 0, true)[2:]...)...)
	return map[string][]byte{
		"cmyk jpeg, 4 scans without DC":   manyScans(9984, 9984, 4, 4, false),
		"cmyk jpeg, 400 scans without DC": manyScans(9984, 9984, 4, 400, false),
		"gray jpeg, 882 scans":            manyScans(9984, 9984, 1, 882, true),
		"gray jpeg without DC":            manyScans(9984, 9984, 1, 60, false),
		"cmyk jpeg, small, of 3000 scans": manyScans(4000, 4000, 4, 3000, true),
		"jpeg in a tiff, 400 scans without DC": stripsTIFF(9984, 9984, 9984, manyScans(9984, 9984, 3, 400, false),
			map[uint16]uint32{259: 7, 262: 6, 277: 3}),
		"jpegs of tables in a tiff": stripsTIFF(16, 16*20000, 16, tile, map[uint16]uint32{259: 7}),
		"tables that jpegs in a tiff share": tiffOf(le, map[uint16][]uint32{
			256: {16}, 257: {16 * 20000}, 258: {8}, 259: {7}, 262: {1}, 277: {1}, 278: {16},
		}, map[uint16][]byte{347: bytes.Repeat(tables, 12)}, false, slices.Repeat([][]byte{{0xff, 0xd8}}, 20000)...),
		"fax that ends at once": stripsTIFF(16000, 16000, 16000, []byte{0xff, 0, 16, 1},
			map[uint16]uint32{258: 1, 259: 4}),
		"fax of nothing in Group 3": stripsTIFF(16000, 16000, 16000, make([]byte, 1000),
			map[uint16]uint32{258: 1, 259: 3}),
		"fax of nothing by bytes": stripsTIFF(16000, 16000, 1, []byte{1},
			map[uint16]uint32{258: 1, 259: 2}),
		"bitmap that ends at once": runsBMP(10000, 10000, []byte{0, 1}),
		"bitmap of ends of rows":   runsBMP(16000, 16000, make([]byte, 2*16000)),
		"lossless webp of no bits": losslessWebP(16383, 16383),
		"tiff of one strip again and again": stripsTIFF(16000, 16000, 1, make([]byte, 16000*4),
			map[uint16]uint32{258: 32, 339: 3}),
		"tiff of empty blocks of deflate": stripsTIFF(10, 100000, 1,
			append([]byte("\x78\x01"), bytes.Repeat([]byte("\x00\x00\x00\xff\xff"), 200)...),
			map[uint16]uint32{259: 8}),
		"lossless webp of no bits in a tiff": stripsTIFF(16383, 16383, 16383, losslessWebP(16383, 16383),
			map[uint16]uint32{259: 50001, 262: 2, 277: 3}),
		"tiff of strips that are not there": stripsTIFF(16383, 16383, 16383, make([]byte, 1000), nil),
		"tiff of a tile without end": stripsTIFF(40, 30, 30, make([]byte, 1000),
			map[uint16]uint32{259: 8, 322: 1<<31 - 1, 323: 1<<31 - 1}),
		"tiff of one frame of zstandard again": stripsTIFF(16000, 16000, 1, zeros128K,
			map[uint16]uint32{258: 32, 259: 50000, 339: 3}),
		"tiff of one piece of lzma again": stripsTIFF(16000, 16000, 1,
			append([]byte("\xfd7zXZ"), make([]byte, 60000)...), map[uint16]uint32{259: 34925}),
		"rgb png of 268 million pixels": thinPNG(16383, 16383, 2),
		"interlaced png": resummed(append(thinPNG(16383, 16383, 0)[:28],
			append([]byte{1}, thinPNG(16383, 16383, 0)[29:]...)...)),
		"gif with a short frame": []byte("GIF89a\x10\x27\x10\x27\x80\x00\x00\x00\x00\x00\xff\xff\xff" +
			"\x2c\x00\x00\x00\x00\x10\x27\x10\x27\x00\x02\x02\x44\x01\x00;"),
	}
}

// resummed returns a PNG whose header was changed with the checksum of its header.
func resummed(data []byte) []byte {
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	return data
}

// thinPNG is the head of a PNG of 8 bits for a sample, with as few bytes of pixels as there can be.
func thinPNG(w, h int, color byte) []byte {
	head := binary.BigEndian.AppendUint32(nil, uint32(w))
	head = binary.BigEndian.AppendUint32(head, uint32(h))
	head = append(head, 8, color, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", head)...)
	n := w * h / 1000
	if color == 2 {
		n *= 3
	}
	return append(append(b, pngChunk("IDAT", make([]byte, n))...), pngChunk("IEND", nil)...)
}

// A file that has too few bytes for its pixels or scans is refused before there is memory for any of them, in every
// decoder.
func TestTooFewBytesForSoManyPixelsAreRefused(t *testing.T) {
	for name, data := range tooCheap() {
		if len(data) > 1<<20 {
			t.Errorf("%s has %d bytes: expected less than a megabyte", name, len(data))
		}
		for _, spec := range []string{"", "size=200"} {
			used := allocated(func() {
				_, err := Do(context.Background(), Task{Data: data, Spec: mustSpec(t, spec)})
				if class(err) != ClassTooLarge || !strings.Contains(err.Error(), " bytes, too few for ") {
					t.Errorf("%s, %q: %v", name, spec, err)
				}
			})
			if used > 4<<20 && !underRace {
				t.Errorf("%s, %q: %d bytes were allocated", name, spec, used)
			}
		}
		h, err := ReadHeader(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_, err = (Spec{}).Explain(h, Limits{})
		if class(err) != ClassTooLarge && !strings.Contains(name, "in a tiff") {
			t.Errorf("%s: Explain says %v", name, err)
		}
	}
}

// Large pages that are empty have few bytes and are let in, and so is what has its bytes, and what is small.
func TestEmptyPagesAreLetIn(t *testing.T) {
	rgb := pngOf(8, 8, 8, 0, nil)
	for name, data := range map[string][]byte{
		"png of 1 bit": pngOf(10000, 10000, 1, 0, nil), "fax": faxWhite(10000, 10000),
		"a0 at 400 dpi as fax": faxWhite(13244, 18724),
		"rgb png":              thinPNG(10000, 10000, 2), "gray png": thinPNG(16383, 16383, 0),
		"jpeg of four inks in 17 scans":  manyScans(7000, 7000, 4, 16, true),
		"small bitmap that ends at once": runsBMP(4000, 4000, []byte{0, 1}), "small webp": losslessWebP(4000, 4000),
		"small png":             rgb,
		"flat progressive jpeg": manyScans(16000, 16000, 1, 60, true),
	} {
		h, err := ReadHeader(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := mustSpec(t, "size=200").Explain(h, Limits{}); err != nil {
			t.Errorf("%s of %d bytes: %v", name, len(data), err)
		}
	}
	// A higher limit of pixels also lets in what asks for more.
	h, err := ReadHeader(losslessWebP(16383, 16383))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (Spec{}).Explain(h, Limits{MaxPixels: 4 * DefaultMaxPixels}); err != nil {
		t.Error(err)
	}
}

// A progressive picture is the same whether its empty bands come in runs or one by one.
func TestRunsOfEmptyBandsLeaveTheRestAlone(t *testing.T) {
	data := manyScans(2048, 1024, 1, 3, true)
	h, err := jpeg.ReadHeader(data)
	if err != nil {
		t.Fatal(err)
	}
	var d jpeg.Decoder
	pic, damage, err := d.Decode(data, &h, jpeg.Options{})
	if err != nil || damage.Err != nil {
		t.Fatalf("%v, %v", damage, err)
	}
	for i, v := range pic.Plane[0].Pix {
		if v != 128 {
			t.Fatalf("sample %d is %d: expected 128", i, v)
		}
	}
	if w := jpeg.ReadWork(data); w.Scans != 4 || w.Blocks != 4*256*128 || w.Least != 256*128/8 {
		t.Errorf("%+v: expected 4 scans of all blocks, and a bit for each", w)
	}
	// One bit is missing at the end of the last scan.
	cut := append(bytes.Clone(data[:len(data)-4]), 0xff, 0xd9)
	if _, damage, err := d.Decode(cut, &h, jpeg.Options{}); err != nil || damage.Err == nil {
		t.Errorf("%v, %v: expected damage", damage, err)
	}
}
