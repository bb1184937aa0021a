// Package tiff reads the first image of a TIFF or BigTIFF file (TIFF 6.0; Adobe's Technical Notes 1 to 3): strips and tiles, pixels
// together or in planes, 1 to 32 bits for a sample or 64 of floating point, gray, RGB, palette, CMYK and YCbCr, alpha of both kinds, floating point.
//
//	directory ──> layout ──> strip or row of tiles: unpack ──> undo predictor ──> row: samples of 8 bits ──> colors ──> pixels
//
// A strip is kept as its samples, and no more than one strip or row of tiles is in memory. It does not read the old kind of JPEG (compression 6), nor CIE L*a*b* and the raw data of cameras.
package tiff

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"imgpipe/transform/internal/fax"
)

// Unsupported is an error that names a feature which is valid but cannot be read.
type Unsupported string

func (u Unsupported) Error() string { return string(u) + " cannot be read" }

// A Layout is how the pixels of an image are stored.
type Layout struct {
	// Width and Height are in pixels.
	Width, Height int
	// Alpha tells that pixels have it; CMYK that they are four inks; Gray that rows have one byte for a pixel.
	Alpha, CMYK, Gray bool
	// BlockBytes is the memory that one block, a strip or tile, takes when it is unpacked.
	BlockBytes int64

	d             Directory
	bits          int
	samples       int
	planar        bool
	compression   uint64
	photometric   uint64
	format        uint64 // of samples: 1 unsigned, 2 signed, 3 floating point
	colors        int    // samples that are colors; others may follow
	predictor     uint64
	alpha         int  // which sample, 0 for none
	associated    bool // colors are multiplied with alpha
	blockW        int
	blockH        int
	tiled         bool
	across, down  int
	subX, subY    int // of YCbCr
	offset, count Field
	reversed      bool  // the bits of each byte
	tables        Field // that JPEGs share
	palette       Field
}

// Photometric interpretations.
const (
	whiteIsZero = 0
	blackIsZero = 1
	rgb         = 2
	paletted    = 3
	mask        = 4
	separated   = 5
	ycbcr       = 6
)

const maxSide = 1<<31 - 1

var errInconsistent = errors.New("its header contradicts itself")

// ReadLayout reads what the directory says, and checks that it can be read. It allocates nothing.
func ReadLayout(d Directory) (Layout, error) {
	l := Layout{d: d}
	w, h := d.Number(Width, 0), d.Number(Height, 0)
	if w == 0 || h == 0 || w > maxSide || h > maxSide {
		return l, fmt.Errorf("its size is %dx%d: expected sides from 1 to %d", w, h, maxSide)
	}
	l.Width, l.Height = int(w), int(h)
	l.compression = d.Number(Compression, 1)
	l.photometric = d.Number(Photometric, blackIsZero)
	l.format = d.Number(SampleFormat, 1)
	l.predictor = d.Number(Predictor, 1)
	l.planar = d.Number(PlanarConfig, 1) == 2
	l.reversed = d.Number(FillOrder, 1) == 2
	l.tables, _ = d.Field(JPEGTables)
	bits, ok := d.Field(BitsPerSample)
	samples := d.Number(SamplesPerPixel, uint64(max(1, bits.Len())))
	if samples < 1 || samples > 32 {
		return l, fmt.Errorf("it has %d samples for a pixel: expected 1 to 32", samples)
	}
	l.samples, l.bits = int(samples), 1
	for i := range min(bits.Len(), l.samples) {
		if ok && i > 0 && bits.At(i) != bits.At(0) {
			return l, Unsupported("a mixture of sample sizes")
		}
		l.bits = int(min(bits.At(i), 1000))
	}
	if l.samples == 1 {
		l.planar = false
	}
	if err := l.checkSamples(); err != nil {
		return l, err
	}
	if err := l.checkColors(); err != nil {
		return l, err
	}
	l.Gray = l.colors == 1 && l.photometric != paletted && !l.Alpha
	return l, l.findBlocks()
}

func (l *Layout) checkSamples() error {
	switch {
	case l.format == 3 && l.bits != 16 && l.bits != 32 && l.bits != 64:
		return Unsupported(fmt.Sprintf("floating point of %d bits", l.bits))
	case l.format == 5 || l.format == 6:
		return Unsupported("complex samples")
	case l.format != 3 && (l.bits < 1 || l.bits > 32):
		return Unsupported(fmt.Sprintf("a sample of %d bits", l.bits))
	case l.bits*l.samples > 256:
		// So that a small file cannot ask for kilobytes of memory for each pixel.
		return Unsupported(fmt.Sprintf("a pixel of %d bits", l.bits*l.samples))
	case l.predictor == 2 && l.bits != 8 && l.bits != 16 && l.bits != 32:
		return Unsupported(fmt.Sprintf("a predictor for samples of %d bits", l.bits))
	case l.predictor == 3 && l.format != 3, l.predictor < 1, l.predictor > 3:
		return errInconsistent
	}
	switch l.compression {
	case 1, 5, 7, 8, 32773, 32946:
	case 2, 3, 4, 32771:
		if l.bits != 1 || l.samples != 1 {
			return errInconsistent
		}
	case 6:
		return Unsupported("the old kind of JPEG compression")
	default:
		return Unsupported(fmt.Sprintf("compression %d", l.compression))
	}
	return nil
}

func (l *Layout) checkColors() error {
	l.colors = 1
	switch l.photometric {
	case whiteIsZero, blackIsZero, mask:
	case rgb:
		l.colors = 3
	case paletted:
		var ok bool
		l.palette, ok = l.d.Field(ColorMap)
		if l.bits > 16 || !ok || l.palette.Len() < 3<<l.bits {
			return errors.New("its palette is too short")
		}
	case separated:
		if l.d.Number(InkSet, 1) != 1 {
			return Unsupported("inks that are not CMYK")
		}
		l.CMYK = true
		l.colors = 4
	case ycbcr:
		l.colors = 3
		if l.compression != 7 {
			l.subX, l.subY = 2, 2
			if s, ok := l.d.Field(Subsampling); ok && s.Len() >= 2 {
				l.subX, l.subY = int(min(s.At(0), 99)), int(min(s.At(1), 99))
			}
			valid := func(s int) bool { return s == 1 || s == 2 || s == 4 }
			if !valid(l.subX) || !valid(l.subY) {
				return errInconsistent
			}
			if l.bits != 8 || l.samples != 3 || l.subX*l.subY > 1 && (l.planar || l.predictor != 1) {
				return Unsupported("this layout of YCbCr")
			}
		}
	case 8, 9, 10:
		return Unsupported("the color model L*a*b*")
	case 32844, 32845:
		return Unsupported("the color model LogLuv")
	case 32803, 34892:
		return Unsupported("the raw data of a camera")
	default:
		return Unsupported(fmt.Sprintf("color model %d", l.photometric))
	}
	if l.samples < l.colors {
		return errInconsistent
	}
	if extra, ok := l.d.Field(ExtraSamples); ok && l.samples > l.colors {
		if kind := extra.At(0); kind == 1 || kind == 2 {
			l.alpha, l.associated, l.Alpha = l.colors, kind == 1, true
		}
	}
	return nil
}

// findBlocks works out the strips or tiles.
func (l *Layout) findBlocks() error {
	l.blockW, l.blockH = l.Width, l.Height
	offsets, counts := uint16(StripOffsets), uint16(StripByteCounts)
	if l.d.Has(TileWidth) {
		l.tiled = true
		offsets, counts = TileOffsets, TileByteCounts
		w, h := l.d.Number(TileWidth, 0), l.d.Number(TileHeight, 0)
		// A tile may stand over the image, but not by much more than tiles usually measure.
		if w == 0 || h == 0 || w > uint64(l.Width)+1024 || h > uint64(l.Height)+1024 {
			return fmt.Errorf("its tiles are %dx%d for an image of %dx%d", w, h, l.Width, l.Height)
		}
		l.blockW, l.blockH = int(w), int(h)
	} else if rows := l.d.Number(RowsPerStrip, 0); rows > 0 && rows < uint64(l.Height) {
		l.blockH = int(rows)
	}
	l.across, l.down = (l.Width+l.blockW-1)/l.blockW, (l.Height+l.blockH-1)/l.blockH
	var ok1, ok2 bool
	l.offset, ok1 = l.d.Field(offsets)
	l.count, ok2 = l.d.Field(counts)
	if !ok1 && l.tiled {
		// Some writers use the tags of strips for tiles.
		l.offset, ok1 = l.d.Field(StripOffsets)
		l.count, ok2 = l.d.Field(StripByteCounts)
	}
	if !ok1 {
		return errors.New("it does not say where its pixels are")
	}
	blocks := int64(l.across) * int64(l.down) * int64(l.planes())
	if int64(l.offset.Len()) < blocks || ok2 && int64(l.count.Len()) < blocks || !ok2 && blocks > 1 {
		return fmt.Errorf("it has %d blocks of pixels: expected %d", l.offset.Len(), blocks)
	}
	l.BlockBytes = int64(l.blockH) * int64(l.rowBytes()) * int64(l.planes())
	return nil
}

// planes is how many blocks stand at each place: one for each sample where pixels are not together.
func (l *Layout) planes() int {
	if l.planar {
		return l.samples
	}
	return 1
}

// banded tells that the pixels of a block are made all at once: it may be one tile of several in a row, or is a JPEG.
func (l *Layout) banded() bool { return l.tiled || l.compression == 7 }

// pixelBytes is the size of a pixel in a row that a Decoder gives.
func (l *Layout) pixelBytes() int {
	if l.Gray {
		return 1
	}
	return 4
}

// bandRows is how many rows of the image a row of blocks has at most.
func (l *Layout) bandRows() int { return min(l.blockH, l.Height) }

// Memory is how many bytes a Decoder needs for a file of this layout.
func (l *Layout) Memory() int64 {
	need := l.BlockBytes + int64(l.Width)*int64(l.pixelBytes()+l.samples) + int64(l.rowBytes())
	if l.banded() {
		need += int64(l.bandRows()) * int64(l.Width) * int64(l.pixelBytes())
	}
	if l.compression == 7 {
		block := int64(l.blockW) * int64(l.blockH)
		// Coefficients, planes and pixels of a progressive JPEG of four components, and its copies.
		need += 28*block + 2*int64(min(l.mostJPEG(), len(l.d.data)))
	}
	if l.isFax() {
		need += fax.Memory(l.blockW)
	}
	if l.reversed {
		need += int64(min(l.mostPacked(int(l.BlockBytes)), len(l.d.data)))
	}
	return need
}

// Work estimates the nanoseconds that it takes to decode a file of this layout. Blocks may overlap, so that it does not
// follow from the length of the file: each may be the same thousand tables of codes, codes that stand for nothing, or a
// JPEG of little but tables.
func (l *Layout) Work() int64 {
	pixels := int64(l.Width) * int64(l.Height)
	blocks := int64(l.across) * int64(l.down) * int64(l.planes())
	raw := blocks * int64(l.blockH) * int64(l.rowBytes())
	packed := l.packed(int(blocks))
	work := 1000 * blocks
	switch l.compression {
	case 7:
		return work + 20*pixels + 20_000*blocks + 10*packed
	case 8, 32946:
		// A block of deflate with tables of its own takes 12 bytes. In a file without overlaps, these are few.
		work += raw + 1400*max(0, packed-int64(len(l.d.data)))
	case 2, 3, 4, 32771:
		work += 3*pixels + 20*packed
	case 1:
		work += raw
	default:
		work += raw + 4*packed
	}
	switch {
	case l.bits == 8 || l.bits == 16 && l.format != 3:
		work += 3*pixels + raw
	case l.bits == 1 && l.samples == 1:
		work += 3 * pixels
	default:
		work += 8*pixels*int64(l.samples) + raw
	}
	if l.predictor == 3 {
		work += 2 * raw
	}
	return work
}

// packed is how many bytes all blocks have together, as far as they are looked at.
func (l *Layout) packed(blocks int) int64 {
	most := uint64(l.mostPacked(int(min(l.BlockBytes, 1<<40))))
	if l.compression == 7 {
		most = uint64(l.mostJPEG())
	}
	var sum uint64
	for i := range blocks {
		n := most
		if i < l.count.Len() && l.count.At(i) > 0 {
			n = min(n, l.count.At(i))
		}
		if at := l.offset.At(i); at < uint64(len(l.d.data)) {
			sum += min(n, uint64(len(l.d.data))-at)
		}
	}
	return int64(sum)
}

// mostPacked is more than what n bytes take when they are packed, with the worst of codes; what a file says is longer is not looked at.
func (l *Layout) mostPacked(n int) int { return 8*n + 1<<10 }

// mostJPEG is more than what a block takes as a JPEG, tables and metadata included.
func (l *Layout) mostJPEG() int { return 64*l.blockW*l.blockH + 64<<10 }

// rowBytes is the length of a row in a block.
func (l *Layout) rowBytes() int {
	perPixel := l.bits * l.samples / l.planes()
	return int((int64(l.blockW)*int64(perPixel) + 7) / 8)
}

// block gives the bytes of a block as they are in the file.
func (l *Layout) block(i int) ([]byte, error) {
	at := l.offset.At(i)
	if at > uint64(len(l.d.data)) {
		return nil, io.ErrUnexpectedEOF
	}
	raw := l.d.data[at:]
	if l.count.Len() > 0 {
		if n := l.count.At(i); n > uint64(len(raw)) && l.compression == 1 {
			return nil, io.ErrUnexpectedEOF
		} else if n > 0 {
			raw = raw[:min(n, uint64(len(raw)))]
		}
	}
	return raw, nil
}

// little tells the order of bytes in samples.
func (l *Layout) little() bool { return l.d.order == binary.ByteOrder(binary.LittleEndian) }
