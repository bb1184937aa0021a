package tiff

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"testing"

	xtiff "golang.org/x/image/tiff"

	"imgpipe/transform/internal/codec"
)

// A tag is an entry of a directory, with its values as numbers.
type tag struct {
	id     uint16
	values []uint32
}

// file puts a TIFF together: header, pixels, directory, values that do not fit an entry. Where tags have no offsets or
// counts, these are as they ought to be; a tag without values is left out.
func file(order binary.AppendByteOrder, tags []tag, blocks ...[]byte) []byte {
	b := []byte("II")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		b = []byte("MM")
	}
	b = order.AppendUint16(b, 42)
	b = order.AppendUint32(b, 0)
	var offsets, counts []uint32
	for _, block := range blocks {
		offsets = append(offsets, uint32(len(b)))
		counts = append(counts, uint32(len(block)))
		b = append(b, block...)
	}
	ids := [2]uint16{StripOffsets, StripByteCounts}
	for _, t := range tags {
		if t.id == TileWidth {
			ids = [2]uint16{TileOffsets, TileByteCounts}
		}
	}
	for i, values := range [][]uint32{offsets, counts} {
		if !slices.ContainsFunc(tags, func(t tag) bool { return t.id == ids[i] }) {
			tags = append(tags, tag{ids[i], values})
		}
	}
	tags = slices.DeleteFunc(slices.Clone(tags), func(t tag) bool { return len(t.values) == 0 })
	at := len(b) + 2 + 12*len(tags) + 4
	entries := order.AppendUint16(nil, uint16(len(tags)))
	var far []byte
	for _, t := range tags {
		entries = order.AppendUint16(entries, t.id)
		entries = order.AppendUint16(entries, 4)
		entries = order.AppendUint32(entries, uint32(len(t.values)))
		if len(t.values) == 1 {
			entries = order.AppendUint32(entries, t.values[0])
			continue
		}
		entries = order.AppendUint32(entries, uint32(at+len(far)))
		for _, v := range t.values {
			far = order.AppendUint32(far, v)
		}
	}
	fix := order.AppendUint32(nil, uint32(len(b)))
	copy(b[4:], fix)
	b = append(b, entries...)
	b = order.AppendUint32(b, 0)
	return append(b, far...)
}

// zipped packs data as deflate.
func zipped(data []byte) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.Bytes()
}

func decode(data []byte, o Options) (*image.NRGBA, error) {
	d, ok := Open(data)
	if !ok {
		return nil, errors.New("no directory")
	}
	l, err := ReadLayout(d)
	if err != nil {
		return nil, err
	}
	return whole(&l, o)
}

var used Decoder

// whole puts all rows together, with the error of damage, as a new Decoder gives them and as one does that has been
// used for other files.
func whole(l *Layout, o Options) (*image.NRGBA, error) {
	img, report, _ := wholeReport(l, o)
	return img, report.Err
}

// wholeReport is whole with all that is said of damage, and the remarks. An error for good comes without a picture.
func wholeReport(l *Layout, o Options) (*image.NRGBA, codec.Damage, []string) {
	img := image.NewNRGBA(image.Rect(0, 0, l.Width, l.Height))
	var d Decoder
	d.Start(l, o)
	used.Start(l, o)
	defer used.Release()
	for y := range l.Height {
		row, err := d.Row()
		if again, err2 := used.Row(); err != err2 && fmt.Sprint(err) != fmt.Sprint(err2) || !bytes.Equal(row, again) {
			panic(fmt.Sprintf("row %d differs from that of a Decoder that has been used: % x, % x, %v, %v",
				y, row, again, err, err2))
		}
		if err != nil {
			if row, again := d.Row(); again != err || row != nil {
				panic("an error is not for good")
			}
			return nil, codec.Damage{Err: err}, nil
		}
		for x := range l.Width {
			if l.Gray {
				img.SetNRGBA(x, y, color.NRGBA{row[x], row[x], row[x], 255})
			} else {
				img.SetNRGBA(x, y, color.NRGBA{row[4*x], row[4*x+1], row[4*x+2], row[4*x+3]})
			}
		}
	}
	report, again := d.Damage(), used.Damage()
	if report.String() != again.String() {
		panic(fmt.Sprintf("the damage differs from that of a Decoder that has been used for other files: %v, %v",
			&report, &again))
	}
	if !slices.Equal(d.Remarks(), used.Remarks()) {
		panic(fmt.Sprintf("a Decoder that has been used remarks on %q, not %q", used.Remarks(), d.Remarks()))
	}
	return img, report, d.Remarks()
}

func TestPixelsOfEachKind(t *testing.T) {
	le, be := binary.LittleEndian, binary.BigEndian
	size := func(w, h uint32, more ...tag) []tag {
		return append([]tag{{Width, []uint32{w}}, {Height, []uint32{h}}}, more...)
	}
	kind := func(photometric, samples, bits uint32) []tag {
		all := make([]uint32, samples)
		for i := range all {
			all[i] = bits
		}
		return []tag{{Photometric, []uint32{photometric}}, {SamplesPerPixel, []uint32{samples}}, {BitsPerSample, all}}
	}
	with := func(tags []tag, more ...tag) []tag { return append(tags, more...) }
	gray := func(v uint8) color.NRGBA { return color.NRGBA{v, v, v, 255} }
	floats := func(f ...float32) (b []byte) {
		for _, v := range f {
			b = be.AppendUint32(b, math.Float32bits(v))
		}
		return b
	}
	large := make([]uint32, 3<<16) // a palette whose last color alone is not black
	large[1<<16-1], large[2<<16-1], large[3<<16-1] = 0x100, 0x200, 0x300
	for name, c := range map[string]struct {
		data []byte
		want []color.NRGBA // row by row
	}{
		"1 bit, white is 0": {file(le, with(size(3, 2), kind(whiteIsZero, 1, 1)...), []byte{0b01000000, 0b10100000}),
			[]color.NRGBA{gray(255), gray(0), gray(255), gray(0), gray(255), gray(0)}},
		"4 bits": {file(le, with(size(3, 1), kind(blackIsZero, 1, 4)...), []byte{0x0f, 0x50}),
			[]color.NRGBA{gray(0), gray(255), gray(85)}},
		"12 bits": {file(le, with(size(2, 1), kind(blackIsZero, 1, 12)...), []byte{0xff, 0xf8, 0x00}),
			[]color.NRGBA{gray(255), gray(128)}},
		"16 bits": {file(be, with(size(2, 1), kind(blackIsZero, 1, 16)...), []byte{0x80, 0x80, 0, 0xff}),
			[]color.NRGBA{gray(128), gray(1)}},
		"16 bits, low byte first": {file(le, with(size(2, 1), kind(blackIsZero, 1, 16)...), []byte{0, 0xff, 0xff, 0}),
			[]color.NRGBA{gray(254), gray(1)}},
		"floating point": {file(be, with(size(3, 1), append(kind(blackIsZero, 1, 32),
			tag{SampleFormat, []uint32{3}})...), floats(0.5, -3, 7)),
			[]color.NRGBA{gray(128), gray(0), gray(255)}},
		"bits reversed": {file(le, with(size(2, 1), append(kind(blackIsZero, 1, 8), tag{FillOrder, []uint32{2}})...),
			[]byte{0x80, 0x0f}),
			[]color.NRGBA{gray(1), gray(0xf0)}},
		"bits reversed in planes": {file(le, with(size(2, 1), append(kind(rgb, 3, 8), tag{PlanarConfig, []uint32{2}},
			tag{FillOrder, []uint32{2}})...), []byte{0x80, 0x40}, []byte{0x20, 0x10}, []byte{8, 4}),
			[]color.NRGBA{{1, 4, 16, 255}, {2, 8, 32, 255}}},
		"RGB in planes": {file(le, with(size(2, 1), append(kind(rgb, 3, 8), tag{PlanarConfig, []uint32{2}})...),
			[]byte{1, 2}, []byte{3, 4}, []byte{5, 6}),
			[]color.NRGBA{{1, 3, 5, 255}, {2, 4, 6, 255}}},
		"predictor": {file(le, with(size(3, 1), append(kind(rgb, 3, 8), tag{Predictor, []uint32{2}},
			tag{Compression, []uint32{8}})...), zipped([]byte{1, 2, 3, 1, 1, 1, 255, 0, 1})),
			[]color.NRGBA{{1, 2, 3, 255}, {2, 3, 4, 255}, {1, 3, 5, 255}}},
		"predictor and LZW": {file(le, with(size(3, 1), append(kind(rgb, 3, 8), tag{Predictor, []uint32{2}},
			tag{Compression, []uint32{5}})...), packLZW([]byte{1, 2, 3, 1, 1, 1, 255, 0, 1})),
			[]color.NRGBA{{1, 2, 3, 255}, {2, 3, 4, 255}, {1, 3, 5, 255}}},
		"predictor and alpha": {file(le, with(size(2, 1), append(kind(rgb, 4, 8), tag{Predictor, []uint32{2}},
			tag{Compression, []uint32{8}}, tag{ExtraSamples, []uint32{2}})...),
			zipped([]byte{1, 2, 3, 90, 1, 1, 1, 10})),
			[]color.NRGBA{{1, 2, 3, 90}, {2, 3, 4, 100}}},
		"predictor of 16 bits": {file(be, with(size(2, 1), append(kind(blackIsZero, 1, 16), tag{Predictor, []uint32{2}},
			tag{Compression, []uint32{32946}})...), zipped([]byte{0x80, 0x80, 0x7f, 0x7f})),
			[]color.NRGBA{gray(128), gray(255)}},
		"predictor in tiles": {file(le, with(size(3, 1), append(kind(rgb, 3, 8), tag{Predictor, []uint32{2}},
			tag{Compression, []uint32{8}}, tag{TileWidth, []uint32{2}}, tag{TileHeight, []uint32{1}})...),
			zipped([]byte{1, 2, 3, 1, 1, 1}), zipped([]byte{7, 8, 9, 1, 1, 1})),
			[]color.NRGBA{{1, 2, 3, 255}, {2, 3, 4, 255}, {7, 8, 9, 255}}},
		"gray and a sample of no meaning": {file(le,
			with(size(2, 1), append(kind(whiteIsZero, 2, 8), tag{ExtraSamples, []uint32{0}})...),
			[]byte{10, 99, 20, 99}), []color.NRGBA{gray(245), gray(235)}},
		"gray and alpha": {file(le,
			with(size(1, 1), append(kind(whiteIsZero, 2, 8), tag{ExtraSamples, []uint32{2}})...), []byte{10, 99}),
			[]color.NRGBA{{245, 245, 245, 99}}},
		"RGB of 16 bits in planes": {file(le,
			with(size(2, 1), append(kind(rgb, 3, 16), tag{PlanarConfig, []uint32{2}})...), []byte{0, 1, 0, 2},
			[]byte{0, 3, 0, 4}, []byte{0, 5, 0, 6}),
			[]color.NRGBA{{1, 3, 5, 255}, {2, 4, 6, 255}}},
		"palette of 16 bits": {file(le, with(size(1, 1), append(kind(paletted, 1, 16), tag{ColorMap, large})...),
			[]byte{0xff, 0xff}),
			[]color.NRGBA{{1, 2, 3, 255}}},
		"straight alpha": {file(le, with(size(1, 1), append(kind(rgb, 4, 8), tag{ExtraSamples, []uint32{2}})...),
			[]byte{10, 20, 30, 128}),
			[]color.NRGBA{{10, 20, 30, 128}}},
		"premultiplied alpha": {file(le, with(size(1, 1), append(kind(rgb, 4, 8), tag{ExtraSamples, []uint32{1}})...),
			[]byte{10, 20, 30, 51}),
			[]color.NRGBA{{50, 100, 150, 51}}},
		"a sample of no meaning": {file(le, with(size(1, 1),
			append(kind(rgb, 4, 8), tag{ExtraSamples, []uint32{0}})...), []byte{10, 20, 30, 128}),
			[]color.NRGBA{{10, 20, 30, 255}}},
		"CMYK": {file(le, with(size(2, 1), kind(separated, 4, 8)...), []byte{0, 255, 0, 0, 0, 0, 0, 128}),
			[]color.NRGBA{{255, 0, 255, 255}, gray(127)}},
		"palette": {file(le, with(size(2, 1),
			append(kind(paletted, 1, 1), tag{ColorMap, []uint32{0xffff, 0x8000, 0, 0x4000, 0x100, 0x200}})...),
			[]byte{0x40}),
			[]color.NRGBA{{255, 0, 1, 255}, {128, 64, 2, 255}}},
		"YCbCr of half resolution": {file(le, with(size(3, 1), kind(ycbcr, 3, 8)...), []byte{50, 60, 0, 0, 128, 128, 70,
			0, 0, 0, 128, 128}),
			[]color.NRGBA{gray(50), gray(60), gray(70)}},
		"PackBits": {file(le, with(size(5, 1), append(kind(blackIsZero, 1, 8), tag{Compression, []uint32{32773}})...),
			[]byte{0xfe, 9, 128, 1, 7, 8}),
			[]color.NRGBA{gray(9), gray(9), gray(9), gray(7), gray(8)}},
		"strips": {file(le, with(size(1, 3), append(kind(blackIsZero, 1, 8), tag{RowsPerStrip, []uint32{2}})...),
			[]byte{1, 2}, []byte{3}),
			[]color.NRGBA{gray(1), gray(2), gray(3)}},
		"strips of RGB": {file(le, with(size(1, 3), append(kind(rgb, 3, 8), tag{RowsPerStrip, []uint32{2}})...),
			[]byte{1, 2, 3, 4, 5, 6}, []byte{7, 8, 9}),
			[]color.NRGBA{{1, 2, 3, 255}, {4, 5, 6, 255}, {7, 8, 9, 255}}},
		"tiles": {file(le, with(size(3, 1), append(kind(blackIsZero, 1, 8), tag{TileWidth, []uint32{2}},
			tag{TileHeight, []uint32{2}})...), []byte{1, 2, 0, 0}, []byte{3, 0, 0, 0}),
			[]color.NRGBA{gray(1), gray(2), gray(3)}},
	} {
		img, err := decode(c.data, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, want := range c.want {
			w := img.Rect.Dx()
			if got := img.NRGBAAt(i%w, i/w); got != want {
				t.Errorf("%s: pixel %d is %v, want %v", name, i, got, want)
			}
		}
		if len(c.data) > 1000 {
			continue
		}
		// A file that is cut before its directory cannot be read; no cut may be a fault.
		directory := int(binary.LittleEndian.Uint32(c.data[4:]))
		if c.data[0] == 'M' {
			directory = int(binary.BigEndian.Uint32(c.data[4:]))
		}
		for n := range len(c.data) {
			if _, err := decode(c.data[:n], Options{}); err == nil && n <= directory {
				t.Errorf("%s: the first %d of %d bytes pass as a file", name, n, len(c.data))
			}
		}
	}
}

func TestHalfPrecision(t *testing.T) {
	for bits, want := range map[uint16]float64{0: 0, 0x3c00: 1, 0x3800: 0.5, 0xc000: -2, 1: math.Ldexp(1, -24),
		0x7c00: math.Inf(1)} {
		if got := half(bits); got != want {
			t.Errorf("%04x is %v, want %v", bits, got, want)
		}
	}
	if !math.IsNaN(half(0x7e00)) {
		t.Error("7e00 is a number")
	}
}

func TestFloatPredictorJoinsBytes(t *testing.T) {
	u := unpacker{l: &Layout{bits: 32, d: Directory{order: binary.BigEndian}}}
	row := []byte{0x3f, 0x01, 0x40, 0x80, 0x00, 0x00, 0x00, 0x00} // differences of 3f 40 | 80 00 | 00 00 | 00 00
	want := []byte{0x3f, 0x80, 0, 0, 0x40, 0, 0, 0}               // 1 and 2
	for i := len(row) - 1; i > 0; i-- {
		row[i] = []byte{0x3f, 0x40, 0x80, 0, 0, 0, 0, 0}[i] - []byte{0x3f, 0x40, 0x80, 0, 0, 0, 0, 0}[i-1]
	}
	if u.undoFloat(row, 1); !bytes.Equal(row, want) {
		t.Errorf("% x, want % x", row, want)
	}
}

func TestClaimsAllocateNothing(t *testing.T) {
	big := []tag{{Width, []uint32{20000}}, {Height, []uint32{1}}, {SamplesPerPixel, []uint32{8}},
		{Compression, []uint32{8}}, {BitsPerSample, []uint32{32, 32, 32, 32, 32, 32, 32, 32}}}
	if _, err := decode(file(binary.LittleEndian, big, []byte{1}), Options{}); err == nil {
		t.Error("a block of one byte is accepted for 640,000")
	}
	small := []tag{{Width, []uint32{1}}, {Height, []uint32{1}}, {BitsPerSample, []uint32{8}}}
	if _, err := decode(file(binary.LittleEndian, small, []byte{1}),
		Options{Stop: func() bool { return true }}); err != codec.ErrStopped {
		t.Errorf("error %v: expected that it was stopped", err)
	}
}

// FuzzDecode holds two laws: no fault, and the same pixels as golang.org/x/image/tiff, within a level of rounding,
// wherever that can read the file: but for fax codes and reversed bits, of which it takes white for white and the order
// for given, for files that tell the number of samples in two ways, of which it believes the other one, and for what it
// takes by the letter: predictors of any compression, color maps of bytes, the old LZW.
func FuzzDecode(f *testing.F) {
	pic := image.NewNRGBA(image.Rect(0, 0, 9, 7))
	for i := range pic.Pix {
		pic.Pix[i] = uint8(i * 7)
	}
	for _, o := range []*xtiff.Options{{}, {Compression: xtiff.Deflate, Predictor: true},
		{Compression: xtiff.Deflate}} {
		var b bytes.Buffer
		if err := xtiff.Encode(&b, pic, o); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	for i, p := range packers {
		c := layout{orders[i%2], p.compression, p.pack, i%3 == 0, image.Pt(0, 3), 8, false, false}
		tags, blocks := c.write(9, 7, 3, sample, tag{Photometric, []uint32{rgb}})
		f.Add(file(c.order, tags, blocks...))
	}
	f.Add(file(binary.BigEndian, []tag{{Width, []uint32{3}}, {Height, []uint32{1}}, {Photometric, []uint32{ycbcr}},
		{SamplesPerPixel, []uint32{3}}, {BitsPerSample, []uint32{8, 8, 8}}}, make([]byte, 12)))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, ok := Open(data)
		if !ok {
			return
		}
		l, err := ReadLayout(d)
		if err != nil || l.Width > 256 || l.Height > 256 || l.BlockBytes > 1<<20 {
			return
		}
		img, err := whole(&l, Options{})
		if err != nil || l.compression == 3 || l.compression == 4 || d.Number(FillOrder, 1) == 2 {
			return
		}
		if bits, _ := d.Field(BitsPerSample); uint64(bits.Len()) != d.Number(SamplesPerPixel, 1) {
			return
		}
		if img.Rect != image.Rect(0, 0, l.Width, l.Height) {
			t.Fatalf("size %v", img.Rect)
		}
		if l.predictor != d.Number(Predictor, 1) || l.photometric == paletted && l.paletteShift() == 0 ||
			l.compression == lzwCoded && data[l.offset.At(0)] == 0 {
			return
		}
		other, err := xtiff.Decode(bytes.NewReader(data))
		if err != nil || l.Alpha || other.Bounds() != img.Rect || l.format != 1 {
			return
		}
		for y := range img.Rect.Dy() {
			for x := range img.Rect.Dx() {
				got, want := img.NRGBAAt(x, y), color.NRGBAModel.Convert(other.At(x, y)).(color.NRGBA)
				for _, d := range []int{int(got.R) - int(want.R), int(got.G) - int(want.G), int(got.B) - int(want.B)} {
					if d < -1 || d > 1 {
						t.Fatalf("at %d,%d: %v, x/image says %v", x, y, got, want)
					}
				}
			}
		}
	})
}
