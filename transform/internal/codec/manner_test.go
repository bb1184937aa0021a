package codec_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"image"
	"image/color/palette"
	"image/gif"
	"os"
	"strings"
	"testing"

	xbmp "golang.org/x/image/bmp"

	"imgpipe/transform/internal/bmp"
	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/fax"
	ourgif "imgpipe/transform/internal/gif"
	"imgpipe/transform/internal/inflate"
	"imgpipe/transform/internal/jpeg"
	"imgpipe/transform/internal/pixel"
	"imgpipe/transform/internal/png"
	"imgpipe/transform/internal/tiff"
	"imgpipe/transform/internal/vp8"
	"imgpipe/transform/internal/vp8l"
)

const width, height = 300, 500

// A decoder is one codec with a file for it.
type decoder struct {
	name string
	data []byte
	// header is how many bytes it wants before there is a picture.
	header int
	decode func(data []byte, stop codec.Stop) (codec.Damage, error)
	cut    error // what damage a cut file has
}

// A rowDecoder is a codec that decodes row by row.
type rowDecoder interface {
	Row() ([]byte, error)
	Damage() codec.Damage
	Remarks() []string
	Release()
}

func rowsOf(d rowDecoder, n int) (codec.Damage, error) {
	defer d.Release()
	for range n {
		if _, err := d.Row(); err != nil {
			return codec.Damage{}, err
		}
	}
	d.Remarks()
	return d.Damage(), nil
}

// decoders returns all codecs, each with a picture of several hundred rows that is no flat area.
func decoders(t *testing.T) []decoder {
	return []decoder{
		{"jpeg", encoded(t, "jpeg"), 1000, func(data []byte, stop codec.Stop) (codec.Damage, error) {
			h, err := jpeg.ReadHeader(data)
			if err != nil {
				return codec.Damage{}, err
			}
			_, damage, err := new(jpeg.Decoder).Decode(data, &h, jpeg.Options{Stop: stop})
			return damage, err
		}, codec.ErrCut},
		{"png", encoded(t, "png"), 100, func(data []byte, stop codec.Stop) (codec.Damage, error) {
			h, err := png.ReadHeader(data, nil)
			if err != nil {
				return codec.Damage{}, err
			}
			var d png.Decoder
			d.Start(data, h, stop)
			return rowsOf(&d, h.Height)
		}, codec.ErrCut},
		{"gif", encoded(t, "gif"), 1000, func(data []byte, stop codec.Stop) (codec.Damage, error) {
			h, err := ourgif.ReadHeader(data)
			if err != nil {
				return codec.Damage{}, err
			}
			p, err := h.Decode(stop)
			return p.Damage, err
		}, codec.ErrCut},
		{"tiff", grayTIFF(1, bytes.Repeat([]byte{1, 2, 3}, width*height/3)), 200, decodeTIFF, codec.ErrCut},
		{"tiff of deflate", grayTIFF(8, packed(t)), 200, decodeTIFF, codec.ErrCut},
		{"tiff of fax codes", grayTIFF(4, bytes.Repeat([]byte{0xff}, height/8+1)), 130, decodeTIFF, codec.ErrCut},
		{"bmp", encoded(t, "bmp"), 100, func(data []byte, stop codec.Stop) (codec.Damage, error) {
			h, err := bmp.ReadHeader(data)
			if err != nil {
				return codec.Damage{}, err
			}
			p, err := h.Decode(stop)
			return p.Damage, err
		}, codec.ErrCut},
		{"vp8", lossy(t), 200, func(data []byte, stop codec.Stop) (codec.Damage, error) {
			h, err := vp8.ReadHeader(data)
			if err != nil {
				return codec.Damage{}, err
			}
			p, err := h.Decode(stop)
			return p.Damage, err
		}, codec.ErrShort},
		{"vp8l", lossless(), 200, func(data []byte, stop codec.Stop) (codec.Damage, error) {
			h, err := vp8l.ReadHeader(data)
			if err != nil {
				return codec.Damage{}, err
			}
			p, err := h.Decode(stop)
			return p.Damage, err
		}, codec.ErrShort},
		// Each set bit is a white row like the one above it.
		{"fax", bytes.Repeat([]byte{0xff}, height/8+1), 0, func(data []byte, stop codec.Stop) (codec.Damage, error) {
			out := make([]byte, (width+7)/8*height)
			return new(fax.Decoder).Decode(out, data, width, height, fax.Group4, stop)
		}, codec.ErrCut},
		{"inflate", packed(t), 2, func(data []byte, stop codec.Stop) (codec.Damage, error) {
			var z inflate.Reader
			z.Start(func() ([]byte, error) {
				n := min(len(data), 100)
				piece := data[:n:n]
				if data = data[n:]; n == 0 {
					piece = nil
				}
				return piece, stop.Err()
			}, width)
			damage := codec.Damage{Rows: height}
			for y := range height {
				if _, err := z.Take(width); err == codec.ErrStopped {
					return damage, err
				} else if err != nil {
					damage.Miss(err, y, 1)
				}
			}
			return damage, nil
		}, codec.ErrCut},
	}
}

func decodeTIFF(data []byte, stop codec.Stop) (codec.Damage, error) {
	d, ok := tiff.Open(data)
	if !ok {
		return codec.Damage{}, codec.ErrHeader
	}
	l, err := tiff.ReadLayout(d)
	if err != nil {
		return codec.Damage{}, err
	}
	var decoder tiff.Decoder
	decoder.Start(&l, tiff.Options{Stop: stop})
	return rowsOf(&decoder, l.Height)
}

// noise fills samples that no codec packs to nothing.
func noise(pix []byte) {
	state := uint32(1)
	for i := range pix {
		state = state*1664525 + 1013904223
		pix[i] = byte(state >> 30)
	}
}

// encoded returns a picture as a file of that format.
func encoded(t *testing.T, format string) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	few := image.NewPaletted(image.Rect(0, 0, width, height), palette.Plan9)
	noise(few.Pix)
	switch format {
	case "jpeg":
		p := pixel.Planes{Kind: pixel.Gray, Plane: [4]pixel.Plane{pixel.NewPlane(width, height)}}
		noise(p.Plane[0].Pix)
		for i := range p.Plane[0].Pix {
			p.Plane[0].Pix[i] *= 60
		}
		var file []byte
		file, err = new(jpeg.Encoder).Append(nil, &p, jpeg.EncodeOptions{})
		b.Write(file)
	case "png":
		p := png.Picture{Layout: png.Gray, Pix: few.Pix, Stride: few.Stride, W: width, H: height}
		var file []byte
		file, err = new(png.Encoder).Append(nil, &p, png.EncodeOptions{})
		b.Write(file)
	case "gif":
		err = gif.Encode(&b, few, nil)
	case "bmp":
		err = xbmp.Encode(&b, few)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// packed returns the samples of a picture as a zlib stream.
func packed(t *testing.T) []byte {
	t.Helper()
	pix := make([]byte, width*height)
	noise(pix)
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write(pix)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// grayTIFF returns a file of one strip, whose directory stands before its pixels. options go to T6Options.
func grayTIFF(compression uint32, strip []byte, options ...uint32) []byte {
	bits := uint32(8)
	if compression == 4 {
		bits = 1
	}
	tags := [][2]uint32{
		{256, width}, {257, height}, {258, bits}, {259, compression}, {262, 0}, {273, 0}, {278, height},
		{279, uint32(len(strip))},
	}
	for _, o := range options {
		tags = append(tags, [2]uint32{293, o})
	}
	le := binary.LittleEndian
	b := append([]byte("II*\x00\x08\x00\x00\x00"), byte(len(tags)), 0)
	for _, tag := range tags {
		if tag[0] == 273 {
			tag[1] = uint32(10 + 12*len(tags) + 4)
		}
		b = le.AppendUint16(le.AppendUint16(b, uint16(tag[0])), 4)
		b = le.AppendUint32(le.AppendUint32(b, 1), tag[1])
	}
	return append(append(b, 0, 0, 0, 0), strip...)
}

// lossy returns the image in a WebP file of one chunk.
func lossy(t *testing.T) []byte {
	t.Helper()
	file, err := os.ReadFile("../../testdata/lossy.webp")
	if err != nil {
		t.Fatal(err)
	}
	return file[20:]
}

// lossless returns a lossless image of WebP whose pixels are green or black, a bit each (RFC 9649, section 3).
func lossless() []byte {
	bits := []byte{0, 0, 0} // no transform, no cache, one group of codes
	number := func(v, n int) {
		for i := range n {
			bits = append(bits, byte(v>>i&1))
		}
	}
	one := func(symbol int) { number(0b101, 3); number(symbol, 8) } // a code of one symbol, which takes no bit
	number(0b111, 3)                                                // a code of two
	number(0, 8)
	number(255, 8)
	one(0)
	one(0)
	one(255)
	one(0)
	pix := make([]byte, width*height)
	noise(pix)
	for _, v := range pix {
		bits = append(bits, v&1)
	}
	data := binary.LittleEndian.AppendUint32([]byte{0x2f}, (width-1)|(height-1)<<14)
	data = append(data, make([]byte, len(bits)/8+1)...)
	for i, b := range bits {
		data[5+i/8] |= b << (i % 8)
	}
	return data
}

// calls returns a Stop that reports true from its n-th call on, and how often it was called.
func calls(n int) (codec.Stop, *int) {
	count := new(int)
	return func() bool {
		*count++
		return *count >= n
	}, count
}

const never = 1 << 30

func TestEveryDecoderStopsAtOnce(t *testing.T) {
	for _, d := range decoders(t) {
		stop, all := calls(never)
		damage, err := d.decode(d.data, stop)
		if err != nil || damage.Err != nil {
			t.Errorf("%s: the whole file: %v, %v", d.name, err, damage.Err)
			continue
		}
		if *all == 0 || damage.Rows / *all > 64 {
			t.Errorf("%s: stop was called %d times in %d rows", d.name, *all, damage.Rows)
		}
		for n := 1; n <= *all; n += 1 + *all/8 {
			stop, asked := calls(n)
			// A row that was unpacked before the first call that reported true may still come.
			if _, err := d.decode(d.data, stop); err != codec.ErrStopped || *asked > n+1 {
				t.Errorf("%s: stopped by call %d: %d calls, error %v", d.name, n, *asked, err)
			}
		}
		if _, err := d.decode(d.data, nil); err != nil {
			t.Errorf("%s: without a stop: %v", d.name, err)
		}
	}
}

func TestEveryCutFileHasTheSameDamage(t *testing.T) {
	for _, d := range decoders(t) {
		for at := 1; at < 8; at++ {
			cut := max(d.header, at*len(d.data)/8)
			damage, err := d.decode(d.data[:cut:cut], nil)
			if err != nil {
				t.Errorf("%s cut at %d of %d: error %v", d.name, cut, len(d.data), err)
				continue
			}
			if n, _, _ := damage.Missing(); !errors.Is(damage.Err, codec.ErrCut) || n == 0 || n > damage.Rows {
				t.Errorf("%s cut at %d of %d: %v", d.name, cut, len(d.data), &damage)
			}
			if damage.Err != d.cut && d.name != "jpeg" { // which has several words for it
				t.Errorf("%s cut at %d of %d: %v, want %v", d.name, cut, len(d.data), damage.Err, d.cut)
			}
		}
	}
}

func TestEveryEncoderStopsAtOnce(t *testing.T) {
	pix := make([]byte, 4*width*height)
	noise(pix)
	planes := pixel.Planes{Kind: pixel.Gray, Plane: [4]pixel.Plane{{Pix: pix, Stride: width, W: width, H: height}}}
	for name, encode := range map[string]func(stop codec.Stop) ([]byte, error){
		"jpeg": func(stop codec.Stop) ([]byte, error) {
			return new(jpeg.Encoder).Append([]byte("before"), &planes, jpeg.EncodeOptions{Stop: stop})
		},
		"jpeg with tables of its own": func(stop codec.Stop) ([]byte, error) {
			return new(jpeg.Encoder).Append([]byte("before"), &planes, jpeg.EncodeOptions{Optimize: true, Stop: stop})
		},
		"png": func(stop codec.Stop) ([]byte, error) {
			p := png.Picture{Layout: png.RGBA, Pix: pix, Stride: 4 * width, W: width, H: height}
			return new(png.Encoder).Append([]byte("before"), &p, png.EncodeOptions{Stop: stop})
		},
		"tiff": func(stop codec.Stop) ([]byte, error) {
			p := tiff.Picture{Pix: pix, Stride: 4 * width, W: width, H: height, Alpha: true}
			return new(tiff.Encoder).Append([]byte("before"), &p, tiff.EncodeOptions{Stop: stop})
		},
	} {
		stop, all := calls(never)
		if _, err := encode(stop); err != nil || *all < height/64 {
			t.Errorf("%s: %d calls, error %v", name, *all, err)
		}
		for n := 1; n <= *all; n += 1 + *all/8 {
			stop, asked := calls(n)
			if got, err := encode(stop); err != codec.ErrStopped || *asked != n || string(got) != "before" {
				t.Errorf("%s: stopped by call %d: %d calls, %d bytes, error %v", name, n, *asked, len(got), err)
			}
		}
	}
}

func TestWhatCannotBeReadIsUnsupported(t *testing.T) {
	file := encoded(t, "jpeg")
	frame := bytes.Index(file, []byte{0xff, 0xc0})
	jpegWith := func(at int, v byte) []byte {
		b := bytes.Clone(file)
		b[frame+at] = v
		return b
	}
	bitmap := encoded(t, "bmp")
	bitmap[30] = 5 // a PNG
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"jpeg", jpegWith(1, 0xc9), "arithmetic coding (marker ffc9)"},
		{"jpeg", jpegWith(1, 0xc3), "lossless coding (marker ffc3)"},
		{"jpeg", jpegWith(1, 0xc5), "hierarchical coding (marker ffc5)"},
		{"jpeg", jpegWith(4, 12), "a precision of 12 bits"},
		{"png", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x04CgBI\x50\x00\x20\x02\x2b\xd5\xb3\x7f" +
			"\x00\x00\x00\x00IEND\xae\x42\x60\x82"), "an iPhone-optimized PNG (CgBI)"},
		{"tiff", grayTIFF(9, []byte{1}), "JBIG compression"},
		{"tiff", grayTIFF(4, []byte{0b00000011, 0b11000000}, 2), "the uncompressed mode of fax coding"},
		{"bmp", bitmap, "a PNG in a bitmap"},
	} {
		for _, d := range decoders(t) {
			if d.name != c.name {
				continue
			}
			_, err := d.decode(c.data, nil)
			var unsupported codec.Unsupported
			if !errors.As(err, &unsupported) || string(unsupported) != c.want ||
				!strings.HasSuffix(err.Error(), " cannot be read") {
				t.Errorf("%s: error %v, want that %s cannot be read", c.name, err, c.want)
			}
		}
	}
}
