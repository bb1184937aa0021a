package tiff

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"testing"

	xtiff "golang.org/x/image/tiff"

	"imgpipe/transform/internal/pixel"
)

// deepImage returns all rows in 16 bits.
func deepImage(t *testing.T, d *Decoder, l *Layout) *image.NRGBA64 {
	t.Helper()
	d.StartDeep(l, Options{})
	img := image.NewNRGBA64(image.Rect(0, 0, l.Width, l.Height))
	for y := range l.Height {
		row, err := d.Row()
		if err != nil {
			t.Fatal(err)
		}
		if l.Gray {
			pixel.Spread(img.Pix[y*img.Stride:][:8*l.Width], row, 2)
		} else {
			copy(img.Pix[y*img.Stride:], row[:8*l.Width])
		}
	}
	return img
}

// layoutOf reads the layout of a file.
func layoutOf(t *testing.T, data []byte) *Layout {
	t.Helper()
	d, ok := Open(data)
	if !ok {
		t.Fatal("no directory")
	}
	l, err := ReadLayout(d)
	if err != nil {
		t.Fatal(err)
	}
	return &l
}

// writeDeep makes a TIFF of 40 × 30 pixels whose samples, 16 bits each, are those that at returns.
func (c layout) writeDeep(samples int, at func(x, y, s int) uint16, tags ...tag) []byte {
	// write knows bytes. So each sample of 16 bits is written as two, which the packers do not mind.
	c.bits = 16
	high := c
	pack := c.pack
	var all [][]byte
	high.differences = false
	high.pack = func(b []byte) []byte { all = append(all, b); return b }
	tags, blocks := high.write(40, 30, samples, func(x, y, s int) uint8 { return uint8(at(x, y, s) >> 8) }, tags...)
	n := len(blocks)
	low := high
	low.write(40, 30, samples, func(x, y, s int) uint8 { return uint8(at(x, y, s)) }, tags...)
	for i := range blocks {
		h, l := all[i], all[n+i]
		together := make([]byte, len(h))
		for k := 0; k+2 <= len(h); k += 2 {
			c.order.AppendUint16(together[:k], uint16(h[k])<<8|uint16(l[k]))
		}
		if c.differences {
			c.subtract(together, samples)
		}
		blocks[i] = pack(together)
	}
	return file(c.order, tags, blocks...)
}

// subtract makes differences of the samples of rows.
func (c layout) subtract(block []byte, samples int) {
	step, width := 2*samples, c.tile.X
	if c.planar {
		step = 2
	}
	if width == 0 {
		width = 40
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if c.order == binary.AppendByteOrder(binary.BigEndian) {
		order = binary.BigEndian
	}
	for row := 0; row+width*step <= len(block); row += width * step {
		for i := row + width*step - 2; i >= row+step; i -= 2 {
			order.PutUint16(block[i:], order.Uint16(block[i:])-order.Uint16(block[i-step:]))
		}
	}
}

// deepSample is a law for samples of 16 bits.
func deepSample(x, y, s int) uint16 {
	return [5]uint16{uint16(1637*x + y), uint16(2180*y + 3*x), uint16(811 * (x + y)), uint16(65535 - 1500*y - x),
		uint16(1500 * x)}[s]
}

// TestDeepRowsAreTheSamplesOfTheFile has every compression, byte order, kind of blocks and order of planes. Rows of 16
// bits have the samples of the file; rows of 8 bits have those rounded.
func TestDeepRowsAreTheSamplesOfTheFile(t *testing.T) {
	notUnderRace(t)
	var used Decoder
	n := 0
	layouts(func(name string, c layout) {
		c.reversed = false // which is undone before all else
		c.differences = hasPredictor(uint64(c.compression)) && c.compression != lzmaCoded && n%2 == 0
		for _, k := range []struct {
			photometric uint32
			colors      int
			extra       []uint32
		}{
			{whiteIsZero, 1, nil}, {blackIsZero, 1, nil}, {rgb, 3, nil},
			{whiteIsZero, 1, []uint32{2}}, {blackIsZero, 1, []uint32{1}}, {rgb, 3, []uint32{2}}, {rgb, 3, []uint32{1}},
			{rgb, 3, []uint32{0}}, {rgb, 3, []uint32{2, 0}},
		} {
			tags := []tag{{Photometric, []uint32{k.photometric}}}
			if k.extra != nil {
				tags = append(tags, tag{ExtraSamples, k.extra})
			}
			if c.differences {
				tags = append(tags, tag{Predictor, []uint32{2}})
			}
			l := layoutOf(t, c.writeDeep(k.colors+len(k.extra), deepSample, tags...))
			name := fmt.Sprintf("%s, differences %t, photometric %d, extra %v", name, c.differences, k.photometric,
				k.extra)
			if !l.Deep() || l.Rounded() != "" {
				t.Fatalf("%s: it has no 16 bits", name)
			}
			n++
			deep := deepImage(t, &used, l)
			flat, err := whole(l, Options{})
			if err != nil || !bytes.Equal(flat.Pix, pixel.Shallow64(deep).Pix) {
				t.Fatalf("%s: rows of 8 bits are not those of 16, rounded; error %v", name, err)
			}
			for i := range 40 * 30 {
				x, y := i%40, i/40
				if got, want := deep.NRGBA64At(x, y), deepWant(k.photometric, k.colors, k.extra, x, y); got != want {
					t.Fatalf("%s: at %d,%d: %v, want %v", name, x, y, got, want)
				}
			}
		}
	}, 16)
	t.Logf("%d files", n)
}

// deepWant is what a pixel of deepSample looks like.
func deepWant(photometric uint32, colors int, extra []uint32, x, y int) color.NRGBA64 {
	v := deepSample(x, y, 0)
	if photometric == whiteIsZero {
		v = 65535 - v
	}
	c := color.NRGBA64{R: v, G: v, B: v, A: 65535}
	if colors == 3 {
		c.G, c.B = deepSample(x, y, 1), deepSample(x, y, 2)
	}
	if len(extra) == 0 || extra[0] == 0 {
		return c
	}
	c.A = deepSample(x, y, colors)
	if a := uint64(c.A); extra[0] == premultiplied && a > 0 && a < 65535 {
		divided := func(v uint16) uint16 { return uint16(min(65535, (uint64(v)*65535+a/2)/a)) }
		c.R, c.G, c.B = divided(c.R), divided(c.G), divided(c.B)
	}
	return c
}

// TestSamplesThatAreRoundedAreNamed has pictures of more than 8 bits whose rows have 8.
func TestSamplesThatAreRoundedAreNamed(t *testing.T) {
	for _, c := range []struct {
		bits        int
		photometric uint32
		samples     int
		want        string
	}{
		{8, rgb, 3, ""}, {4, blackIsZero, 1, ""}, {16, rgb, 3, ""}, {32, blackIsZero, 1, "samples of 32 bits"},
		{12, rgb, 3, "samples of 12 bits"}, {16, separated, 4, "inks (CMYK)"}, {16, cieLab, 3, "L*a*b*"},
	} {
		l := layout{order: orders[0], compression: 1, pack: packers[0].pack, tile: image.Point{0, 30}, bits: c.bits}
		tags, blocks := l.write(40, 30, c.samples, sample, tag{Photometric, []uint32{c.photometric}})
		got := layoutOf(t, file(l.order, tags, blocks...))
		if got.Rounded() != c.want || got.Deep() != (c.bits == 16 && c.want == "") {
			t.Errorf("%d bits, photometric %d: %q, deep %t; want %q", c.bits, c.photometric, got.Rounded(), got.Deep(),
				c.want)
		}
	}
}

// TestDeepPictureIsReadAgain has this package read what was written, and x/image what it can read.
func TestDeepPictureIsReadAgain(t *testing.T) {
	var e Encoder
	for _, size := range [][2]int{{1, 1}, {7, 5}, {300, 2}, {140, 400}} {
		for i := range 4 {
			w, h, gray, alpha := size[0], size[1], i&1 != 0, i&2 != 0
			img := image.NewNRGBA64(image.Rect(0, 0, w, h))
			for y := range h {
				for x := range w {
					c := color.NRGBA64{
						R: uint16(977*x + y), G: uint16(31*x + 761*y), B: uint16(60000 - 5*x*y), A: 65535,
					}
					if gray {
						c.G, c.B = c.R, c.R
					}
					if alpha {
						c.A = uint16(401*y + 7*x)
					}
					img.SetNRGBA64(x, y, c)
				}
			}
			p := Picture{Deep: true, Pix: img.Pix, Stride: img.Stride, W: w, H: h, Gray: gray, Alpha: alpha}
			data, err := e.Append(nil, &p, EncodeOptions{})
			if err != nil {
				t.Fatal(err)
			}
			l := layoutOf(t, data)
			if !l.Deep() || l.Gray != (gray && !alpha) || l.Alpha != alpha {
				t.Errorf("%v, gray %t, alpha %t: it is stored otherwise", size, gray, alpha)
			}
			if row := int64(2 * w * p.samples()); l.BlockBytes > max(row, stripBytes) {
				t.Errorf("a strip has %d bytes", l.BlockBytes)
			}
			if got := deepImage(t, new(Decoder), l); !bytes.Equal(got.Pix, img.Pix) {
				t.Errorf("%v, gray %t, alpha %t: other pixels come back", size, gray, alpha)
			}
			if gray && alpha {
				continue // x/image reads no gray with alpha
			}
			other, err := xtiff.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			for y := range h {
				for x := range w {
					if got := color.NRGBA64Model.Convert(other.At(x, y)).(color.NRGBA64); got != img.NRGBA64At(x, y) {
						t.Fatalf("x/image reads %v at %d,%d, want %v", got, x, y, img.NRGBA64At(x, y))
					}
				}
			}
		}
	}
}
