// Package tiff reads the first image of a TIFF or BigTIFF file (TIFF 6.0; Adobe's Technical Notes 1 to 3): strips and
// tiles, pixels together or in planes, 1 to 32 bits for a sample or 64 of floating point, gray, RGB, palette, CMYK,
// YCbCr and CIE L*a*b*, alpha of both kinds.
//
// Start with [Open], [ReadLayout] and [Decoder.Start], or with [Encoder.Append].
//
//	directory -> layout -> strip or row of tiles: unpack -> undo predictor -> row: samples of 8 bits -> colors -> pixels
//
// A strip is kept as its samples, and no more than one strip or row of tiles is in memory. If a strip or tile is
// missing, too short or damaged, its rows are filled, the Decoder's Damage names them, and the others are decoded. If
// tags and pixels contradict each other, the package decides as libtiff does, or refuses the file.
//
// It does not read the old kind of JPEG (compression 6), nor the raw data of cameras.
package tiff

import (
	"errors"
	"fmt"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/fax"
)

// A Layout is how the pixels of an image are stored.
type Layout struct {
	// Width and Height are in pixels.
	Width, Height int
	// Alpha reports that pixels have alpha, CMYK that they are four inks, and Gray that rows have one byte for a pixel.
	Alpha, CMYK, Gray bool
	// BlockBytes is the memory that one block, a strip or tile, takes when it is unpacked.
	BlockBytes int64

	d             Directory
	bits          int
	samples       int
	fromYCbCr     bool // JPEGs hold YCbCr, and RGB comes out of them
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
	odd           string // what contradicts itself in the colors, "" for nothing
}

const maxSide = 1<<31 - 1

var errInconsistent = errors.New("its header contradicts itself")

// ReadLayout reads what the directory says, and checks that it can be read. It allocates nothing.
func ReadLayout(d Directory) (Layout, error) {
	l := Layout{d: d}
	if err := d.lacks(); err != nil {
		return l, err
	}
	w, h := d.Number(Width, 0), d.Number(Height, 0)
	if w == 0 || h == 0 || w > maxSide || h > maxSide {
		return l, fmt.Errorf("its size is %dx%d: expected sides from 1 to %d", w, h, maxSide)
	}
	l.Width, l.Height = int(w), int(h)
	l.compression = d.Number(Compression, 1)
	l.predictor = 1
	if hasPredictor(l.compression) {
		l.predictor = d.Number(Predictor, 1)
	}
	l.planar = d.Number(PlanarConfig, 1) == 2
	l.reversed = d.Number(FillOrder, 1) == 2
	l.tables, _ = d.Field(JPEGTables)
	bits, _ := d.Field(BitsPerSample)
	samples := d.Number(SamplesPerPixel, uint64(max(1, bits.Len())))
	if samples < 1 || samples > 32 {
		return l, fmt.Errorf("it has %d samples for a pixel: expected 1 to 32", samples)
	}
	l.samples, l.bits, l.format = int(samples), 1, 1
	if n, ok := same(bits, l.samples); !ok {
		return l, codec.Unsupported("a mixture of sample sizes")
	} else if bits.Len() > 0 {
		l.bits = int(min(n, 1000))
	}
	formats, _ := d.Field(SampleFormat)
	if n, ok := same(formats, l.samples); !ok {
		return l, codec.Unsupported("a mixture of kinds of samples")
	} else if formats.Len() > 0 {
		l.format = n
	}
	l.photometric = d.Number(Photometric, l.likely())
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

// same returns the value that the first n of f have, or all if it has fewer, and whether they are all the same.
func same(f Field, n int) (uint64, bool) {
	for i := 1; i < min(f.Len(), n); i++ {
		if f.At(i) != f.At(0) {
			return 0, false
		}
	}
	if f.Len() == 0 {
		return 0, true
	}
	return f.At(0), true
}

func (l *Layout) checkSamples() error {
	switch {
	case l.format == 3 && l.bits != 16 && l.bits != 32 && l.bits != 64:
		return codec.Unsupported(fmt.Sprintf("floating point of %d bits", l.bits))
	case l.format == 5 || l.format == 6:
		return codec.Unsupported("complex samples")
	case l.format != 3 && (l.bits < 1 || l.bits > 32):
		return codec.Unsupported(fmt.Sprintf("a sample of %d bits", l.bits))
	case l.bits*l.samples > 256:
		// So that a small file cannot ask for kilobytes of memory for each pixel.
		return codec.Unsupported(fmt.Sprintf("a pixel of %d bits", l.bits*l.samples))
	case l.predictor == 2 && l.bits != 8 && l.bits != 16 && l.bits != 32 && l.bits != 64:
		return codec.Unsupported(fmt.Sprintf("a predictor for samples of %d bits", l.bits))
	case l.predictor == 3 && l.format != 3, l.predictor < 1, l.predictor > 3:
		return errInconsistent
	}
	switch l.compression {
	case uncompressed, lzwCoded, deflated, packBitsCoded, oldDeflated, lzmaCoded, zstdCoded:
	case jpegCoded, webpCoded:
		if l.bits != 8 {
			return codec.Unsupported(fmt.Sprintf("%s of %d bits", compressionName(l.compression), l.bits))
		}
		if l.compression == webpCoded && (l.planar || l.samples != 3 && l.samples != 4) {
			return errInconsistent
		}
	case huffmanCoded, huffmanWordsCoded, group3Coded, group4Coded:
		if l.bits != 1 || l.samples != 1 {
			return errInconsistent
		}
	default:
		return codec.Unsupported(compressionName(l.compression))
	}
	return nil
}

// banded reports whether the pixels of a block are made all at once: it may be one tile of several in a row.
func (l *Layout) banded() bool { return l.tiled }

// pixelBytes is the size of a pixel in a row that a Decoder returns; deep asks for rows of 16 bits.
func (l *Layout) pixelBytes(deep bool) int {
	n := 4
	if l.Gray {
		n = 1
	}
	if deep {
		n *= 2
	}
	return n
}

// Memory is how many bytes a Decoder needs for a file of this layout; deep asks for rows of 16 bits.
func (l *Layout) Memory(deep bool) int64 {
	need := min(l.BlockBytes, product(len(l.d.data), densest(l.compression), l.planes()))
	need += product(l.Width, l.pixelBytes(deep)+max(l.samples, 8)) + int64(l.rowBytes())
	if l.banded() {
		need += product(l.bandRows(), l.Width, l.pixelBytes(deep))
	}
	switch l.compression {
	case uncompressed:
		need += 8 * (min(l.blocks(), int64(l.offset.Len())) + maxTags)
	case jpegCoded:
		// Coefficients, planes and pixels of a progressive JPEG of four components, and its copies. A JPEG is of whole
		// blocks, and of no more than its bytes fill.
		block := product(28, l.blockW+31, l.blockH+31+spareRows)
		need += min(block, 28*max(HarmlessPixels, 512*int64(len(l.d.data)))) +
			3*(min(l.mostJPEG(), int64(len(l.d.data)))+int64(len(l.tables.Bytes)))
	case webpCoded:
		need += min(product(20, l.blockW, l.blockH), 20*maxWebP*maxWebP) + 2*int64(len(l.d.data))
	case huffmanCoded, huffmanWordsCoded, group3Coded, group4Coded:
		need += fax.Memory(l.blockW)
	case lzmaCoded, zstdCoded:
		need += 3*l.window() + 1<<20
	}
	if l.reversed {
		need += min(l.mostPacked(), int64(len(l.d.data)))
	}
	return need
}

// HarmlessPixels are so many that the decoder of a JPEG within a TIFF need not look at how few bytes there are for
// them.
const HarmlessPixels = 1 << 24

// maxWebP is the longest side of a WebP.
const maxWebP = 1 << 14

// Least returns how many bytes a file needs to hold the pixels of this layout, or enough of them to be worth decoding.
func (l *Layout) Least() int64 {
	switch l.compression {
	case webpCoded:
		return 0
	case jpegCoded:
		return product(l.Width, l.Height) / 512 // a bit for a block of 64 pixels
	case huffmanCoded, huffmanWordsCoded, group3Coded, group4Coded:
		return fax.Least(l.Width, l.Height, l.faxCoding())
	}
	return product(l.Width, l.Height, l.bits, l.samples) / 8 / int64(max(64, densest(l.compression)))
}

// Work estimates the nanoseconds that it takes to decode a file of this layout. Blocks may overlap, so that it does not
// follow from the length of the file: each may be the same thousand tables of codes, codes that stand for nothing, or a
// JPEG of little but tables.
func (l *Layout) Work() int64 {
	pixels, blocks := product(l.Width, l.Height), l.blocks()
	raw := product(l.across, l.down, l.planes(), l.bandRows(), l.rowBytes())
	packed := l.packed()
	work := 1000 * blocks
	switch l.compression {
	case jpegCoded:
		// The tables that all blocks share are copied for each of them.
		return work + 20*pixels + 20_000*blocks + 10*packed + product(int(blocks), len(l.tables.Bytes))/2
	case webpCoded:
		return work + 20*product(l.across, l.down, min(l.blockW, maxWebP), min(l.blockH, maxWebP)) + 20_000*blocks
	case deflated, oldDeflated, zstdCoded:
		// A block of deflate with tables of its own takes 12 bytes. In a file without overlaps, these are few.
		work += raw + 1400*max(0, packed-int64(len(l.d.data)))
	case lzmaCoded:
		work += 2*raw + 150*packed
	case huffmanCoded, huffmanWordsCoded, group3Coded, group4Coded:
		work += 3*pixels + 20*packed
	case uncompressed:
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
	if l.photometric == cieLab || l.photometric == iccLab {
		work += 40 * pixels
	}
	return work
}

// packed is how many bytes all blocks have together, as far as they are looked at.
func (l *Layout) packed() int64 {
	most := uint64(l.mostPacked())
	if l.compression == jpegCoded {
		most = uint64(l.mostJPEG())
	}
	var sum uint64
	for i := range int(min(l.blocks(), int64(l.offset.Len()))) {
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

// mostPacked is more than a packed block takes, with the worst of codes. What is beyond is not read.
func (l *Layout) mostPacked() int64 { return 8*l.BlockBytes + 1<<10 }

// mostJPEG is more than what a block takes as a JPEG, tables and metadata included.
func (l *Layout) mostJPEG() int64 { return product(64, l.blockW, l.blockH) + 64<<10 }
