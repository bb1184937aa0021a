package codec_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

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
			p, err := h.Decode(pixel.Scale{Luma: 8, Chroma: 8}, stop)
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
	chroma := pixel.Plane{Pix: pix, Stride: width, W: width / 2, H: height / 2}
	video := pixel.Planes{Kind: pixel.YCbCr, Video: true, Plane: [4]pixel.Plane{planes.Plane[0], chroma, chroma}}
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
		"vp8": func(stop codec.Stop) ([]byte, error) {
			return new(vp8.Encoder).Append([]byte("before"), &video, vp8.EncodeOptions{Stop: stop})
		},
		"vp8 of high effort": func(stop codec.Stop) ([]byte, error) {
			return new(vp8.Encoder).Append([]byte("before"), &video, vp8.EncodeOptions{Effort: vp8.High, Stop: stop})
		},
		"vp8l": func(stop codec.Stop) ([]byte, error) {
			p := vp8l.Source{Pix: pix, Stride: 4 * width, W: width, H: height}
			return new(vp8l.Encoder).Append([]byte("before"), &p, vp8l.EncodeOptions{Effort: vp8l.High, Stop: stop})
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
