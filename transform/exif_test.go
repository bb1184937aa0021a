package transform

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image/color"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// carriers put EXIF into a file of each format that has a place for it. A TIFF file is a directory itself.
func carriers(t testing.TB) map[Format]func(exif []byte) []byte {
	pic := solid(1, 1, color.NRGBA{9, 9, 9, 255})
	jpegFile, pngFile := encoded(t, pic, JPEG), encoded(t, pic, PNG)
	return map[Format]func([]byte) []byte{
		JPEG: func(exif []byte) []byte {
			segment := []byte{0xff, 0xe1}
			segment = binary.BigEndian.AppendUint16(segment, uint16(8+len(exif)))
			return slices.Concat(jpegFile[:2], segment, []byte("Exif\x00\x00"), exif, jpegFile[2:])
		},
		PNG: func(exif []byte) []byte {
			chunk := append([]byte("eXIf"), exif...)
			chunk = append(binary.BigEndian.AppendUint32(nil, uint32(len(exif))), chunk...)
			chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
			return slices.Concat(pngFile[:8+25], chunk, pngFile[8+25:])
		},
		WebP: func(exif []byte) []byte {
			file := append(bytes.Clone(tinyWebP), "EXIF"...)
			file = append(binary.LittleEndian.AppendUint32(file, uint32(len(exif))), exif...)
			return append(file, make([]byte, len(exif)%2)...)
		},
	}
}

// FuzzOrientation holds the laws of EXIF readers: the orientation is 1 to 8 whatever stands there, the same twice and
// in each format that carries it, and no file makes reading its header large. (One that made it long would be found by
// the fuzzer itself.)
func FuzzOrientation(f *testing.F) {
	for o := range uint16(10) {
		f.Add(exifWith(binary.BigEndian, o), []byte{})
		f.Add(exifWith(binary.LittleEndian, o), []byte(`<rdf:Description tiff:Orientation="3"/>`))
	}
	f.Add(append([]byte("Exif\x00\x00"), exifWith(binary.BigEndian, 6)...),
		[]byte("<tiff:Orientation>8</tiff:Orientation>"))
	f.Add([]byte("II+\x00\x08\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"),
		[]byte("tiff:Orientation="))
	// Without the corpus the seeds above remain. A file is a seed whole, and from where its EXIF begins.
	for _, dir := range []string{filepath.Join("orientation", "*"), filepath.Join("hostile", "*", "*")} {
		paths, _ := filepath.Glob(filepath.Join("..", "..", "shared", "corpus", dir))
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil || len(data) > 8192 {
				continue
			}
			_, exif, found := bytes.Cut(data, []byte("Exif\x00\x00"))
			if found {
				f.Add(exif, []byte{})
			}
			if f := Sniff(data); found || f == TIFF || f == PNG || f == WebP {
				exif = data
			}
			f.Add(exif, []byte{})
		}
	}
	around := carriers(f)
	f.Fuzz(func(t *testing.T, exif, xmp []byte) {
		o := orientation(exif, xmp)
		if o < 1 || o > 8 || orientation(exif, xmp) != o {
			t.Fatalf("orientation %d, and then %d", o, orientation(exif, xmp))
		}
		alone := orientation(exif, nil)
		if xmpOnly := orientation(nil, xmp); alone != 1 && o != alone || alone == 1 && o != 1 && o != xmpOnly {
			t.Fatalf("orientation %d, where EXIF says %d and XMP %d", o, alone, xmpOnly)
		}
		if raw := bytes.TrimPrefix(exif, []byte("Exif\x00\x00")); len(raw) < 60_000 {
			for format, file := range around {
				h, err := ReadHeader(file(raw))
				if err != nil || h.Orientation != orientation(raw, nil) {
					t.Fatalf("orientation %d in %s, error %v: want %d", h.Orientation, format, err,
						orientation(raw, nil))
				}
			}
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		h, err := ReadHeader(exif)
		runtime.ReadMemStats(&after)
		if err == nil && (h.Orientation < 1 || h.Orientation > 8) {
			t.Fatalf("orientation %d of a file", h.Orientation)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 32<<20 {
			t.Fatalf("%d bytes were allocated for a header", n)
		}
	})
}
