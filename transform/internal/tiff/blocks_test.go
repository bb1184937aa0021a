package tiff

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image/color"
	"runtime"
	"slices"
	"strings"
	"testing"

	"imgpipe/transform/internal/codec"
)

// TestBlocksThatAreJPEGs has JPEGs that are smaller than their tiles: what they lack within the image is missing.
func TestBlocksThatAreJPEGs(t *testing.T) {
	jpeg := func(file []byte, width, height int, ycbcr bool) (Samples, error) {
		if width != 2 || height != 2 || len(file) != 5 || ycbcr {
			t.Errorf("a JPEG of %d bytes for %dx%d", len(file), width, height)
		}
		return Samples{Pix: []byte{file[4], file[4] + 1}, Stride: 2, Step: 1, N: 1, W: 2, H: 1}, nil
	}
	tile := func(v byte) []byte { return []byte{0xff, 0xd8, 0, 0, v} }
	for photometric, want := range map[uint32][]uint8{blackIsZero: {10, 11, 20, 0, 0, 0},
		whiteIsZero: {245, 244, 235, 0, 0, 0}} {
		data := file(binary.LittleEndian, []tag{{Width, []uint32{3}}, {Height, []uint32{2}},
			{BitsPerSample, []uint32{8}}, {Photometric, []uint32{photometric}},
			{Compression, []uint32{7}}, {TileWidth, []uint32{2}}, {TileHeight, []uint32{2}}}, tile(10), tile(20))
		img, err := decode(data, Options{JPEG: jpeg})
		if img == nil || err == nil || !strings.Contains(err.Error(),
			"tile 1 of 2: it holds an image of 2x1: expected 2x2") {
			t.Fatal(err)
		}
		for i, v := range want {
			if got := img.NRGBAAt(i%3, i/3); got != (color.NRGBA{v, v, v, 255}) {
				t.Errorf("photometric %d, pixel %d: %v, want %d", photometric, i, got, v)
			}
		}
		var unsupported codec.Unsupported
		if _, err := decode(data, Options{}); !errors.As(err, &unsupported) {
			t.Errorf("without a decoder of JPEG: %v", err)
		}
	}
}

// TestComponentsOfAJPEG has JPEGs of one to four components in files that expect so many, or others. One sample can be
// had of three components, as the first is luma.
func TestComponentsOfAJPEG(t *testing.T) {
	for _, c := range []struct {
		photometric, samples uint32
		n                    int
		want                 color.NRGBA // zero: an error
	}{
		{blackIsZero, 1, 1, color.NRGBA{10, 10, 10, 255}}, {whiteIsZero, 1, 1, color.NRGBA{245, 245, 245, 255}},
		{blackIsZero, 1, 3, color.NRGBA{10, 10, 10, 255}}, {rgb, 3, 3, color.NRGBA{10, 20, 30, 255}},
		{rgb, 3, 1, color.NRGBA{}},
		{ycbcr, 3, 3, color.NRGBA{10, 20, 30, 255}}, {rgb, 4, 4, color.NRGBA{10, 20, 30, 40}},
		{rgb, 3, 4, color.NRGBA{}},
		{separated, 4, 4, color.NRGBA{207, 198, 190, 255}}, {separated, 4, 3, color.NRGBA{}},
		{rgb, 4, 3, color.NRGBA{}},
	} {
		for _, step := range []int{c.n, 4} {
			jpeg := func(_ []byte, _, _ int, asked bool) (Samples, error) {
				if asked != (c.photometric == ycbcr) {
					t.Errorf("%+v: YCbCr is asked for: %v", c, asked)
				}
				return Samples{Pix: []byte{10, 20, 30, 40}[:step], Stride: step, Step: step, N: c.n, W: 1, H: 1}, nil
			}
			data := file(binary.BigEndian, []tag{{Width, []uint32{1}}, {Height, []uint32{1}},
				{BitsPerSample, []uint32{8}}, {SamplesPerPixel, []uint32{c.samples}},
				{Photometric, []uint32{c.photometric}}, {Compression, []uint32{7}}}, []byte{0xff, 0xd8, 0, 0})
			img, err := decode(data, Options{JPEG: jpeg})
			if (err != nil) != (c.want == color.NRGBA{}) {
				t.Errorf("%+v: %v", c, err)
			}
			if err == nil && img.NRGBAAt(0, 0) != c.want {
				t.Errorf("%+v: %v", c, img.NRGBAAt(0, 0))
			}
		}
	}
}

// TestMemoryIsEnough compares the estimate with all that is allocated, by a decoder that has decoded nothing before.
func TestMemoryIsEnough(t *testing.T) {
	const side = 400
	bits := func(n, each uint32) tag { return tag{BitsPerSample, slices.Repeat([]uint32{each}, int(n))} }
	one := func(id uint16, v uint32) tag { return tag{id, []uint32{v}} }
	strips := make([][]byte, side/16)
	for i := range strips {
		strips[i] = zipped(make([]byte, 16*side*12))
	}
	for name, c := range map[string]struct {
		tags   []tag
		blocks [][]byte
	}{
		"LZW": {[]tag{one(Photometric, rgb), one(SamplesPerPixel, 3), bits(3, 8), one(Compression, 5)},
			[][]byte{packLZW(make([]byte, side*side*3))}},
		"one tile": {[]tag{one(Photometric, rgb), one(SamplesPerPixel, 3), bits(3, 8), one(Compression, 8),
			one(TileWidth, side), one(TileHeight, side)}, [][]byte{zipped(make([]byte, side*side*3))}},
		"floating point": {[]tag{one(Photometric, rgb), one(SamplesPerPixel, 3), bits(3, 32), one(Compression, 8),
			one(SampleFormat, 3), one(Predictor, 3), one(RowsPerStrip, 16)}, strips},
		"Zstandard": {[]tag{one(Photometric, rgb), one(SamplesPerPixel, 3), bits(3, 8),
			one(Compression, zstdCoded)}, [][]byte{packedZstd(make([]byte, side*side*3))}},
		"LZMA": {[]tag{one(Photometric, rgb), one(SamplesPerPixel, 3), bits(3, 8),
			one(Compression, lzmaCoded)}, [][]byte{packedXZ(make([]byte, side*side*3), 3)}},
		"no compression": {[]tag{one(Photometric, rgb), one(SamplesPerPixel, 3), bits(3, 8), one(StripByteCounts, 1)},
			[][]byte{make([]byte, side*side*3)}},
		"fax": {[]tag{bits(1, 1), one(Compression, 4)}, [][]byte{bytes.Repeat([]byte{0xff}, side/8+1)}},
		"bits reversed": {[]tag{one(Photometric, blackIsZero), bits(1, 8), one(FillOrder, 2)},
			[][]byte{make([]byte, 40*side*side)}},
	} {
		data := file(binary.LittleEndian, append([]tag{one(Width, side), one(Height, side)}, c.tags...), c.blocks...)
		d, _ := Open(data)
		l, err := ReadLayout(d)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		decoder := new(Decoder)
		decoder.Start(&l, Options{})
		for range side {
			if _, err := decoder.Row(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		runtime.ReadMemStats(&after)
		const fixed = 400 << 10 // tables and windows
		if got, need := int64(after.TotalAlloc-before.TotalAlloc), l.Memory(false); got > need+fixed {
			t.Errorf("%s: %d bytes were allocated, %d estimated", name, got, need)
		}
		decoder.Release()
		if cap(decoder.u.flipped) > keepFlipped || decoder.l != nil || decoder.parts[0] != nil {
			t.Errorf("%s: of the file something is kept: %d bytes", name, cap(decoder.u.flipped))
		}
	}
}

// TestPredictorInUnitsOfSeveralRowsIsRefused has a file of which it is not known what the differences are between.
func TestPredictorInUnitsOfSeveralRowsIsRefused(t *testing.T) {
	data := file(binary.LittleEndian, []tag{{Width, []uint32{4}}, {Height, []uint32{2}},
		{BitsPerSample, []uint32{8, 8, 8}}, {SamplesPerPixel, []uint32{3}},
		{Photometric, []uint32{ycbcr}}, {Predictor, []uint32{2}}, {Compression, []uint32{5}}}, make([]byte, 12))
	var unsupported codec.Unsupported
	if _, err := decode(data, Options{}); !errors.As(err, &unsupported) {
		t.Errorf("error %v", err)
	}
}

func TestStopIsAskedWithinAStrip(t *testing.T) {
	asked := 0
	stop := func() bool {
		asked++
		return asked > 2
	}
	data := file(binary.LittleEndian, []tag{{Width, []uint32{1}}, {Height, []uint32{200}},
		{BitsPerSample, []uint32{8}}}, make([]byte, 200))
	d, _ := Open(data)
	l, err := ReadLayout(d)
	if err != nil {
		t.Fatal(err)
	}
	var decoder Decoder
	decoder.Start(&l, Options{Stop: stop})
	rows := 0
	for err == nil {
		_, err = decoder.Row()
		rows++
	}
	if err != codec.ErrStopped || rows > 150 {
		t.Errorf("error %v after %d rows", err, rows)
	}
}
