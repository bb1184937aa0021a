package tiff

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"io"
	"runtime"
	"slices"
	"testing"
)

// TestBlocksThatAreJPEGs has JPEGs that are smaller than their tiles, whose rest is black.
func TestBlocksThatAreJPEGs(t *testing.T) {
	jpeg := func(file []byte, width, height int, raw bool) (*image.NRGBA, error) {
		if width != 2 || height != 2 || len(file) != 5 {
			t.Errorf("a JPEG of %d bytes for %dx%d", len(file), width, height)
		}
		pic := image.NewNRGBA(image.Rect(0, 0, 2, 1))
		for x := range 2 {
			v := file[4] + uint8(x)
			pic.SetNRGBA(x, 0, color.NRGBA{v, v, v, 255})
		}
		return pic, nil
	}
	tile := func(v byte) []byte { return []byte{0xff, 0xd8, 0, 0, v} }
	for photometric, want := range map[uint32][]uint8{blackIsZero: {10, 11, 20, 0, 0, 0}, whiteIsZero: {245, 244, 235, 0, 0, 0}} {
		data := file(binary.LittleEndian, []tag{{Width, []uint32{3}}, {Height, []uint32{2}}, {BitsPerSample, []uint32{8}}, {Photometric, []uint32{photometric}},
			{Compression, []uint32{7}}, {TileWidth, []uint32{2}}, {TileHeight, []uint32{2}}}, tile(10), tile(20))
		img, err := decode(data, Options{JPEG: jpeg})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range want {
			if got := img.NRGBAAt(i%3, i/3); got != (color.NRGBA{v, v, v, 255}) {
				t.Errorf("photometric %d, pixel %d: %v, want %d", photometric, i, got, v)
			}
		}
		if _, err := decode(data, Options{}); err == nil {
			t.Error("without a decoder of JPEG it passes")
		}
	}
}

// TestAJPEGThatIsSmallerThanItsBlockLeavesTheRestBlack also shows that a JPEG with colors in a gray file gives their luma.
func TestAJPEGThatIsSmallerThanItsBlockLeavesTheRestBlack(t *testing.T) {
	jpeg := func([]byte, int, int, bool) (*image.NRGBA, error) {
		pic := image.NewNRGBA(image.Rect(0, 0, 1, 1))
		pic.SetNRGBA(0, 0, color.NRGBA{200, 100, 50, 255})
		return pic, nil
	}
	for samples, want := range map[uint32][]color.NRGBA{
		1: {{124, 124, 124, 255}, {0, 0, 0, 255}}, 3: {{200, 100, 50, 255}, {0, 0, 0, 255}},
	} {
		photometric := uint32(blackIsZero)
		if samples == 3 {
			photometric = ycbcr
		}
		bits := []uint32{8, 8, 8}[:samples]
		data := file(binary.LittleEndian, []tag{{Width, []uint32{2}}, {Height, []uint32{2}}, {BitsPerSample, bits}, {SamplesPerPixel, []uint32{samples}},
			{Photometric, []uint32{photometric}}, {Compression, []uint32{7}}}, []byte{0xff, 0xd8, 0, 0})
		img, err := decode(data, Options{JPEG: jpeg})
		if err != nil {
			t.Fatal(err)
		}
		for i, at := range []image.Point{{0, 0}, {1, 1}} {
			if got := img.NRGBAAt(at.X, at.Y); got != want[i] {
				t.Errorf("%d samples, %v: %v, want %v", samples, at, got, want[i])
			}
		}
	}
}

// TestMemoryIsEnough compares the estimate with all that is allocated, by a decoder that has decoded nothing before.
func TestMemoryIsEnough(t *testing.T) {
	const side = 400
	zip := func(data []byte) []byte {
		var b bytes.Buffer
		z := zlib.NewWriter(&b)
		z.Write(data)
		z.Close()
		return b.Bytes()
	}
	bits := func(n, each uint32) tag { return tag{BitsPerSample, slices.Repeat([]uint32{each}, int(n))} }
	one := func(id uint16, v uint32) tag { return tag{id, []uint32{v}} }
	strips := make([][]byte, side/16)
	for i := range strips {
		strips[i] = zip(make([]byte, 16*side*12))
	}
	for name, c := range map[string]struct {
		tags   []tag
		blocks [][]byte
	}{
		"LZW":            {[]tag{one(Photometric, rgb), one(SamplesPerPixel, 3), bits(3, 8), one(Compression, 5)}, [][]byte{packLZW(make([]byte, side*side*3))}},
		"one tile":       {[]tag{one(Photometric, rgb), one(SamplesPerPixel, 3), bits(3, 8), one(Compression, 8), one(TileWidth, side), one(TileHeight, side)}, [][]byte{zip(make([]byte, side*side*3))}},
		"floating point": {[]tag{one(Photometric, rgb), one(SamplesPerPixel, 3), bits(3, 32), one(Compression, 8), one(SampleFormat, 3), one(Predictor, 3), one(RowsPerStrip, 16)}, strips},
		"bits reversed":  {[]tag{one(Photometric, blackIsZero), bits(1, 8), one(FillOrder, 2)}, [][]byte{make([]byte, 40*side*side)}},
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
		decoder.Start(&l, Options{Stop: never})
		for range side {
			if _, err := decoder.Row(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		runtime.ReadMemStats(&after)
		const fixed = 400 << 10 // tables and windows
		if got, need := int64(after.TotalAlloc-before.TotalAlloc), l.Memory(); got > need+fixed {
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
	data := file(binary.LittleEndian, []tag{{Width, []uint32{4}}, {Height, []uint32{2}}, {BitsPerSample, []uint32{8, 8, 8}}, {SamplesPerPixel, []uint32{3}},
		{Photometric, []uint32{ycbcr}}, {Predictor, []uint32{2}}}, make([]byte, 12))
	var unsupported Unsupported
	if _, err := decode(data, Options{}); !errors.As(err, &unsupported) {
		t.Errorf("error %v", err)
	}
}

func TestStopIsAskedWithinAStrip(t *testing.T) {
	asked := 0
	stop := func() error {
		if asked++; asked > 2 {
			return io.ErrClosedPipe
		}
		return nil
	}
	data := file(binary.LittleEndian, []tag{{Width, []uint32{1}}, {Height, []uint32{200}}, {BitsPerSample, []uint32{8}}}, make([]byte, 200))
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
	if err != io.ErrClosedPipe || rows > 150 {
		t.Errorf("error %v after %d rows", err, rows)
	}
}
