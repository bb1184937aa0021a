package transform

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"runtime"
	"strings"
	"testing"
)

// repeated returns part again and again, about n bytes of it.
func repeated(part []byte, n int) []byte { return bytes.Repeat(part, max(1, n/len(part))) }

func pngChunk(kind string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, kind...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func packed(b []byte) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

// pngOf returns a PNG of w × h pixels with so many bits of gray, all black, with chunks before its pixels.
func pngOf(w, h, depth int, interlaced byte, chunks []byte) []byte {
	head := binary.BigEndian.AppendUint32(nil, uint32(w))
	head = binary.BigEndian.AppendUint32(head, uint32(h))
	head = append(head, byte(depth), 0, 0, 0, interlaced)
	b := append([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", head)...)
	b = append(b, chunks...)
	raw := h * (1 + (w*depth+7)/8)
	if interlaced != 0 {
		raw = 0
		for _, pass := range [][4]int{
			{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2},
		} {
			pw, ph := (w-pass[0]+pass[2]-1)/pass[2], (h-pass[1]+pass[3]-1)/pass[3]
			raw += ph * (1 + (pw*depth+7)/8)
		}
	}
	b = append(b, pngChunk("IDAT", packed(make([]byte, raw)))...)
	return append(b, pngChunk("IEND", nil)...)
}

func jpegSegment(marker byte, body []byte) []byte {
	return append([]byte{0xff, marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}, body...)
}

func webpOf(chunks ...[]byte) []byte {
	b := append([]byte("RIFF\x00\x00\x00\x00WEBP"), bytes.Join(chunks, nil)...)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

func riffChunk(name string, body []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body)))
	b = append(b, body...)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

// crowded are files of some n bytes of which next to all are one kind of part.
func crowded(t testing.TB, n int) map[string][]byte {
	text := strings.Repeat("a ", n/2)
	long := 60000
	files := map[string][]byte{}
	one := func(name string, chunks []byte) { files["png: "+name] = pngOf(8, 8, 8, 0, chunks) }
	one("raw profile of exif", pngChunk("tEXt", []byte("Raw profile type exif\x00"+text)))
	one("raw profile of APP1", pngChunk("tEXt", []byte("Raw profile type APP1\x00"+text)))
	one("raw profile of xmp", pngChunk("tEXt", []byte("Raw profile type xmp\x00"+text)))
	one("raw profile of digits",
		pngChunk("tEXt", []byte("Raw profile type exif\x00\nexif\n 9\n"+strings.Repeat("45", n/2))))
	one("raw profile without an end of its name", pngChunk("tEXt", bytes.Repeat([]byte("Raw profile type "), n/17)))
	one("raw profiles", repeated(pngChunk("tEXt", []byte("Raw profile type exif\x00\nexif\n 9\n"+text[:long])), n))
	one("raw profiles of a kind unknown", repeated(pngChunk("tEXt", []byte("Raw profile type "+text[:long])), n))
	one("packed raw profiles",
		repeated(pngChunk("zTXt", append([]byte("Raw profile type exif\x00\x00"), packed([]byte(text))...)), n))
	one("text", pngChunk("tEXt", []byte("Comment\x00"+text)))
	one("texts", repeated(pngChunk("tEXt", []byte("a\x00b")), n))
	one("international text", pngChunk("iTXt", []byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00"+text)))
	one("packed international texts",
		repeated(pngChunk("iTXt", append([]byte("XML:com.adobe.xmp\x00\x01\x00\x00\x00"), packed([]byte(text))...)), n))
	one("color profiles", repeated(pngChunk("iCCP", append([]byte("p\x00\x00"), packed(make([]byte, n))...)), n))
	one("exif", pngChunk("eXIf", append([]byte("II*\x00\x08\x00\x00\x00\xff\xff"), text...)))
	one("exifs", repeated(pngChunk("eXIf", []byte("II*\x00\x08\x00\x00\x00\xff\xff")), n))
	one("unknown", pngChunk("abCd", []byte(text)))
	one("empty unknown", repeated(pngChunk("abCd", nil), n))
	one("empty pixels", repeated(pngChunk("IDAT", nil), n))

	photo := encoded(t, scene(8, 8), JPEG)
	for name, part := range map[string][]byte{
		"exif": jpegSegment(0xe1,
			append([]byte("Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xff"), text[:long]...)),
		"comments":      jpegSegment(0xfe, nil),
		"xmp":           jpegSegment(0xe1, []byte(xmpName+text[:long])),
		"profile":       jpegSegment(0xe2, []byte("ICC_PROFILE\x00\x01\xff"+text[:long])),
		"small profile": jpegSegment(0xe2, []byte("ICC_PROFILE\x00\x01\xffa")), "tables": jpegSegment(0xdb, nil),
		"codes":   jpegSegment(0xc4, nil),
		"restart": jpegSegment(0xdd, []byte{0, 1}), "markers alone": {0xff, 0x01}, "fill": {0xff},
		"stuffing": {0xff, 0}, "bytes between": {'a'},
		"adobe": jpegSegment(0xee, []byte("Adobe12345678")), "unknown": jpegSegment(0xf5, nil),
	} {
		files["jpeg: "+name] = append(append([]byte{0xff, 0xd8}, repeated(part, n)...), photo[2:]...)
	}
	parts := []byte{0xff, 0xd8}
	for i := range 255 {
		parts = append(parts,
			jpegSegment(0xe2,
				append([]byte("ICC_PROFILE\x00"), append([]byte{byte(i + 1), 255}, text[:65000]...)...))...)
	}
	files["jpeg: profile of all parts"] = append(parts, photo[2:]...)

	screen := []byte("GIF89a\x08\x00\x08\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff")
	frame := []byte("\x2c\x00\x00\x00\x00\x08\x00\x08\x00\x00\x02\x03\x44\x01\x05\x00")
	for name, part := range map[string][]byte{
		"extensions": {0x21, 0xfe, 0}, "comments": append(append([]byte{0x21, 0xfe, 255}, text[:255]...), 0),
		"small blocks": {0x21, 0xfe, 1, 'a', 0},
		"controls":     {0x21, 0xf9, 4, 1, 0, 0, 0, 0},
	} {
		files["gif: "+name] = bytes.Join([][]byte{screen, repeated(part, n), frame, {0x3b}}, nil)
		files["gif: behind its frame, "+name] = bytes.Join([][]byte{screen, frame, repeated(part, n), frame, {0x3b}},
			nil)
	}
	files["gif: a comment of blocks"] = bytes.Join([][]byte{screen, {0x21, 0xfe}, repeated([]byte{1, 'a'}, n), {0},
		frame, {0x3b}}, nil)

	still := riffChunk("VP8L", []byte{0x2f, 7, 0xc0, 1, 0, 0, 0, 0, 0, 0, 0, 0})
	for name, part := range map[string][]byte{
		"empty chunks": riffChunk("abcd", nil),
		"exif":         riffChunk("EXIF", append([]byte("II*\x00\x08\x00\x00\x00\xff\xff"), text[:long]...)),
		"xmp":          riffChunk("XMP ", []byte(text[:long])),
		"profiles":     riffChunk("ICCP", []byte(text[:long])), "frames": riffChunk("ANMF", nil), "images": still,
	} {
		files["webp: "+name] = webpOf(append([][]byte{riffChunk("VP8X", []byte{2, 0, 0, 0, 7, 0, 0, 7, 0, 0})}, still,
			repeated(part, n))...)
	}
	files["webp: chunks of a frame"] = webpOf(riffChunk("VP8X", []byte{2, 0, 0, 0, 7, 0, 0, 7, 0, 0}),
		riffChunk("ANMF", append(append(make([]byte, 16), repeated(riffChunk("abcd", nil), n)...), still...)))
	files["webp: one xmp"] = webpOf(riffChunk("VP8X", []byte{2, 0, 0, 0, 7, 0, 0, 7, 0, 0}), still,
		riffChunk("XMP ", []byte(text)))

	// A directory of nothing but one tag, and one of tags that each claim all of the file.
	entries := func(count int, entry string) []byte {
		return append(binary.LittleEndian.AppendUint16(nil, uint16(count)),
			repeated([]byte(entry), count*len(entry))...)
	}
	files["tiff: widths"] = append(append([]byte("II*\x00\x08\x00\x00\x00"),
		entries(65535, "\x00\x01\x04\x00\x01\x00\x00\x00\x08\x00\x00\x00")...), text...)
	files["tiff: strips"] = append(append([]byte("II*\x00\x08\x00\x00\x00"),
		entries(65535, "\x11\x01\x04\x00\x00\x00\x20\x00\x08\x00\x00\x00")...), text...)
	chain := []byte("II*\x00\x08\x00\x00\x00")
	for len(chain) < n {
		directory := entries(1, "\x11\x01\x04\x00\x01\x00\x00\x00\x08\x00\x00\x00")
		chain = append(chain, directory...)
		chain = binary.LittleEndian.AppendUint32(chain, uint32(len(chain)+4))
	}
	files["tiff: chain"] = chain

	bitmap := binary.LittleEndian.AppendUint32([]byte("BM\x00\x00\x00\x00\x00\x00\x00\x00"), uint32(n))
	bitmap = append(bitmap, 40, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 0, 1, 0, 8, 0)
	files["bmp: a palette"] = append(bitmap, repeated([]byte("a"), n)...)
	files["text"], files["zeros"] = []byte(text), make([]byte, n)
	files["spaces"] = bytes.Repeat([]byte{' '}, n)
	return files
}

// A header costs no memory that grows with what a stranger put beside it, whatever the format and the kind of part.
func TestHeaderOfAnyFileTakesLittleMemory(t *testing.T) {
	notUnderRace(t)
	const size, most = 16 << 20, 6 << 20
	for name, data := range crowded(t, size) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ReadHeader(data)
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > most {
			t.Errorf("%s: the header of %d bytes took %d bytes of memory (%v): expected at most %d", name, len(data),
				got, err, most)
		}
	}
}

// What stands in the first of many texts counts, and a text behind an image is still found.
func TestFirstTextOfAKindCounts(t *testing.T) {
	six := "Raw profile type exif\x00\nexif\n      26\n" + "49492a0008000000" + "0100" + "1201030001000000" +
		"06000000" + "\n00000000"
	three := strings.Replace(six, "06000000", "03000000", 1)
	for name, chunks := range map[string][]byte{
		"plain": bytes.Join([][]byte{pngChunk("tEXt", []byte(six)), repeated(pngChunk("tEXt", []byte(three)), 1<<12)},
			nil),
		"packed": bytes.Join([][]byte{pngChunk("zTXt", append([]byte(six[:22]+"\x00"), packed([]byte(six[22:]))...)),
			pngChunk("tEXt", []byte(three))}, nil),
	} {
		h, err := ReadHeader(pngOf(8, 8, 8, 0, chunks))
		if err != nil || h.Orientation != 6 {
			t.Errorf("%s: orientation %d, %v: expected 6", name, h.Orientation, err)
		}
	}
}
