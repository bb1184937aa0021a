package tiff

import (
	"bytes"
	oldlzw "compress/lzw"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"math/bits"
	"slices"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz/lzma"
)

var orders = []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian}

var zstdWriter = sync.OnceValue(func() *zstd.Encoder {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithWindowSize(8<<20))
	if err != nil {
		panic(err)
	}
	return w
})

// packedZstd is a frame of Zstandard that does not say how long it gets, as libtiff writes it.
func packedZstd(data []byte) []byte {
	var b bytes.Buffer
	w := zstdWriter()
	w.Reset(&b)
	w.Write(data[:len(data)/2])
	w.Flush()
	w.Write(data[len(data)/2:])
	w.Close()
	return b.Bytes()
}

// packedXZ is a stream of XZ without its index, of LZMA2 and differences to the byte so many before, unless that is 0.
func packedXZ(data []byte, distance int) []byte {
	head := []byte{0, 0}
	if distance > 0 {
		head = append(head, 3, 1, byte(distance-1))
		head[1]++
		data = slices.Clone(data)
		for i := len(data) - 1; i >= distance; i-- {
			data[i] -= data[i-distance]
		}
	}
	head = append(head, 0x21, 1, 22)
	for len(head)%4 != 0 {
		head = append(head, 0)
	}
	head = append(head, 0, 0, 0, 0) // the checksum
	head[0] = byte(len(head)/4 - 1)
	b := bytes.NewBufferString("\xfd7zXZ\x00\x00\x00\x00\x00\x00\x00")
	b.Write(head)
	w, _ := lzma.Writer2Config{DictCap: 1 << 16}.NewWriter2(b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

func packedOldLZW(data []byte) []byte {
	var b bytes.Buffer
	w := oldlzw.NewWriter(&b, oldlzw.LSB, 8)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

// runsOf packs data as PackBits, 100 bytes at a time.
func runsOf(data []byte) (out []byte) {
	for part := range slices.Chunk(data, 100) {
		out = append(append(out, byte(len(part)-1)), part...)
	}
	return out
}

// packers are the compressions that the tests can write.
var packers = []struct {
	name        string
	compression uint32
	pack        func([]byte) []byte
}{
	{"none", 1, func(b []byte) []byte { return b }},
	{"LZW", 5, packLZW},
	{"old LZW", 5, packedOldLZW},
	{"deflate", 8, zipped},
	{"old deflate", 32946, zipped},
	{"PackBits", 32773, runsOf},
	{"Zstandard", 50000, packedZstd},
	{"LZMA", 34925, func(b []byte) []byte { return packedXZ(b, 0) }},
	{"LZMA of differences", 34925, func(b []byte) []byte { return packedXZ(b, 2) }},
}

// A layout is one of the ways to store a picture.
type layout struct {
	order       binary.AppendByteOrder
	compression uint32
	pack        func([]byte) []byte
	planar      bool
	tile        image.Point // its size; 0 for x means strips, of y rows
	bits        int
	reversed    bool
	differences bool // a predictor was applied
}

// write makes a TIFF of w × h pixels whose samples, 8 bits each, are those that at returns. Its parts are the tags and
// blocks that file wants.
func (c layout) write(w, h, samples int, at func(x, y, s int) uint8, tags ...tag) ([]tag, [][]byte) {
	tags = append([]tag{
		{Width, []uint32{uint32(w)}}, {Height, []uint32{uint32(h)}}, {SamplesPerPixel, []uint32{uint32(samples)}},
		{BitsPerSample, slices.Repeat([]uint32{uint32(c.bits)}, samples)}, {Compression, []uint32{c.compression}},
	}, tags...)
	bw, bh := c.tile.X, c.tile.Y
	if bw > 0 {
		tags = append(tags, tag{TileWidth, []uint32{uint32(bw)}}, tag{TileHeight, []uint32{uint32(bh)}})
	} else {
		bw = w
		tags = append(tags, tag{RowsPerStrip, []uint32{uint32(bh)}})
	}
	planes, together := 1, samples
	if c.planar && samples > 1 {
		planes, together = samples, 1
		tags = append(tags, tag{PlanarConfig, []uint32{2}})
	}
	if c.reversed {
		tags = append(tags, tag{FillOrder, []uint32{2}})
	}
	if c.differences {
		tags = append(tags, tag{Predictor, []uint32{2}})
	}
	var blocks [][]byte
	for p := range planes {
		for top := 0; top < h; top += bh {
			for left := 0; left < w; left += bw {
				var raw []byte
				rows := bh
				if c.tile.X == 0 {
					rows = min(bh, h-top)
				}
				for y := top; y < top+rows; y++ {
					raw = append(raw, c.row(bw, together, func(x, s int) uint8 {
						return at(min(left+x, w-1), min(y, h-1), p+s)
					})...)
				}
				raw = c.pack(raw)
				if c.reversed {
					raw = slices.Clone(raw)
					for i, b := range raw {
						raw[i] = bits.Reverse8(b)
					}
				}
				blocks = append(blocks, raw)
			}
		}
	}
	return tags, blocks
}

// row stores the samples of a row, of fewer bits than 8 the highest ones.
func (c layout) row(w, samples int, at func(x, s int) uint8) []byte {
	var out []byte
	var acc, n int
	before := make([]uint64, samples)
	for x := range w {
		for s := range samples {
			v := uint64(at(x, s))
			v = v * 0x0101010101010101 >> (64 - c.bits)
			if c.differences {
				v, before[s] = v-before[s], v
			}
			switch c.bits {
			case 16:
				out = c.order.AppendUint16(out, uint16(v))
			case 32:
				out = c.order.AppendUint32(out, uint32(v))
			default:
				acc = acc<<c.bits | int(v)&(1<<c.bits-1)
				for n += c.bits; n >= 8; n -= 8 {
					out = append(out, byte(acc>>(n-8)))
				}
			}
		}
	}
	if n > 0 {
		out = append(out, byte(acc<<(8-n)))
	}
	return out
}

func (c layout) String() string {
	return fmt.Sprintf("%v, compression %d, planes %v, blocks %v, %d bits, reversed %v",
		c.order, c.compression, c.planar, c.tile, c.bits, c.reversed)
}

// layouts calls f for layouts of samples of those numbers of bits: each compression with each kind of blocks, one of
// two byte orders and orders of bits in turn.
func layouts(f func(name string, c layout), depths ...int) {
	n := 0
	for _, p := range packers {
		for _, planar := range []bool{false, true} {
			for _, tile := range []image.Point{{0, 30}, {0, 7}, {16, 16}, {64, 32}} {
				for _, depth := range depths {
					n++
					order := orders[(n+n/len(depths))%2]
					c := layout{order, p.compression, p.pack, planar, tile, depth, n/3%4 == 0, false}
					f(p.name+": "+c.String(), c)
				}
			}
		}
	}
}

// sample is a law for pixels: samples of a picture of 40 × 30.
func sample(x, y, s int) uint8 {
	return [5]uint8{uint8(6 * x), uint8(8 * y), uint8(3 * (x + y)), uint8(255 - 8*y), uint8(5 * x)}[s]
}

// checked compares a picture with the law that want states, whose pixels may be off by a level for few bits.
func checked(t *testing.T, name string, img *image.NRGBA, want func(x, y int) color.NRGBA) {
	t.Helper()
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			if got := img.NRGBAAt(x, y); got != want(x, y) {
				t.Errorf("%s: at %d,%d: %v, want %v", name, x, y, got, want(x, y))
				return
			}
		}
	}
}

// levels is sample in as few levels as so many bits have.
func levels(depth int) func(x, y, s int) uint8 {
	return func(x, y, s int) uint8 {
		v := sample(x, y, s)
		if depth >= 8 {
			return v
		}
		top := 1<<depth - 1
		return uint8((int(v>>(8-depth))*255 + top/2) / top)
	}
}

// A sample behind the colors that no tag explains is straight alpha; one that is said to mean nothing means nothing.
func TestSamplesBehindTheColors(t *testing.T) {
	notUnderRace(t)
	n, turn := 0, 0
	layouts(func(name string, c layout) {
		at := levels(c.bits)
		turn++
		for _, k := range []struct {
			photometric uint32
			colors      int
			color       func(x, y int) color.NRGBA
		}{
			{blackIsZero, 1, func(x, y int) color.NRGBA { v := at(x, y, 0); return color.NRGBA{v, v, v, 255} }},
			{rgb, 3, func(x, y int) color.NRGBA { return color.NRGBA{at(x, y, 0), at(x, y, 1), at(x, y, 2), 255} }},
		} {
			type extras struct {
				tag   []uint32
				alpha bool
			}
			named := []extras{{[]uint32{0}, false}, {[]uint32{2}, true}, {[]uint32{999}, true}}[turn%3]
			for _, extra := range []extras{{nil, true}, named} {
				for behind := range 3 {
					samples := k.colors + behind
					if samples > 5 || behind == 0 && extra.tag != nil {
						continue
					}
					meaning := tag{ExtraSamples, extra.tag}
					tags, blocks := c.write(40, 30, samples, sample, tag{Photometric, []uint32{k.photometric}}, meaning)
					img, err := decode(file(c.order, tags, blocks...), Options{})
					if err != nil {
						t.Errorf("%s: %v", name, err)
						continue
					}
					n++
					name := fmt.Sprintf("%s, photometric %d, %d samples, %v", name, k.photometric, samples, extra.tag)
					checked(t, name, img, func(x, y int) color.NRGBA {
						p := k.color(x, y)
						if behind > 0 && extra.alpha {
							p.A = at(x, y, k.colors)
						}
						return p
					})
				}
			}
		}
	}, 8, 16)
	t.Logf("%d files", n)
}

// A predictor counts with the compressions that have one, and with no other, whatever its tag says.
func TestPredictorBelongsToSomeCompressions(t *testing.T) {
	n := 0
	layouts(func(name string, c layout) {
		at := levels(c.bits)
		want := func(x, y int) color.NRGBA { return color.NRGBA{at(x, y, 0), at(x, y, 1), at(x, y, 2), 255} }
		predicted := hasPredictor(uint64(c.compression))
		for _, value := range []uint32{0, 2, 3, 77} {
			if predicted && (value != 2 || c.bits < 8) {
				continue
			}
			c.differences = predicted
			tags, blocks := c.write(40, 30, 3, sample, tag{Photometric, []uint32{rgb}})
			if !predicted {
				tags = append(tags, tag{Predictor, []uint32{value}})
			}
			img, err := decode(file(c.order, tags, blocks...), Options{})
			if err != nil {
				t.Errorf("%s, predictor %d: %v", name, value, err)
				continue
			}
			n++
			checked(t, fmt.Sprintf("%s, predictor %d", name, value), img, want)
		}
	}, 1, 2, 4, 8, 16, 32)
	t.Logf("%d files", n)
	for compression, ok := range map[uint32]bool{
		2: false, 3: false, 4: false, 7: false, 50001: false, 5: true, 8: true, 32946: true, 34925: true, 50000: true,
	} {
		if hasPredictor(uint64(compression)) != ok {
			t.Errorf("compression %d: predictor %v", compression, !ok)
		}
	}
}

// A color map without a value over 255 has colors of 8 bits, any other of 16.
func TestColorMapOfBytes(t *testing.T) {
	notUnderRace(t)
	n := 0
	layouts(func(name string, c layout) {
		size := 1 << c.bits
		index := func(x, y, _ int) uint8 { return uint8(x * 6) }
		for _, top := range []uint32{255, 100, 1, 256, 0xff00, 0xffff} {
			colors := make([]uint32, 3*size)
			for i := range colors {
				colors[i] = uint32(i*7) * top / 255 % (top + 1)
			}
			colors[size-1] = top
			tags, blocks := c.write(40, 30, 1, index, tag{Photometric, []uint32{paletted}}, tag{ColorMap, colors})
			img, err := decode(file(c.order, tags, blocks...), Options{})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			n++
			shift := 0
			if top > 255 {
				shift = 8
			}
			checked(t, fmt.Sprintf("%s, up to %d", name, top), img, func(x, y int) color.NRGBA {
				i := int(index(x, y, 0)) >> (8 - c.bits)
				of := func(i int) uint8 { return uint8(colors[i] >> shift) }
				return color.NRGBA{of(i), of(size + i), of(2*size + i), 255}
			})
		}
	}, 1, 2, 4, 8)
	t.Logf("%d files", n)
}
