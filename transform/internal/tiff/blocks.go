package tiff

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"imgpipe/transform/internal/codec"
)

// findBlocks works out the strips or tiles.
func (l *Layout) findBlocks() error {
	l.blockW, l.blockH = l.Width, l.Height
	offsets, counts := uint16(StripOffsets), uint16(StripByteCounts)
	if l.d.Has(TileWidth) {
		l.tiled = true
		offsets, counts = TileOffsets, TileByteCounts
		w, h := l.d.Number(TileWidth, 0), l.d.Number(TileHeight, 0)
		if w == 0 || h == 0 || w > maxSide || h > maxSide {
			return fmt.Errorf("its tiles are %dx%d for an image of %dx%d", w, h, l.Width, l.Height)
		}
		l.blockW, l.blockH = int(w), int(h)
	} else if rows := l.d.Number(RowsPerStrip, 0); rows > 0 && rows < uint64(l.Height) {
		l.blockH = int(rows)
	}
	l.across, l.down = (l.Width-1)/l.blockW+1, (l.Height-1)/l.blockH+1
	var ok bool
	l.offset, ok = l.d.Field(offsets)
	l.count, _ = l.d.Field(counts)
	if !ok && l.tiled {
		// Some writers use the tags of strips for tiles.
		l.offset, ok = l.d.Field(StripOffsets)
		l.count, _ = l.d.Field(StripByteCounts)
	}
	if !ok {
		return errors.New("it does not say where its pixels are")
	}
	l.findPlanes()
	l.BlockBytes = product(l.bandRows(), l.rowBytes(), l.planes())
	return nil
}

// findPlanes corrects what is said of planes: some programs copy the tag from another file together with the rest.
// Pixels are together where the file has blocks of one plane alone, of which each has the bytes of all planes.
func (l *Layout) findPlanes() {
	if !l.planar || l.compression != uncompressed || int64(l.offset.Len()) != product(l.across, l.down) {
		return
	}
	together := *l
	together.planar = false
	for i := range l.offset.Len() {
		rows := min(l.blockH, l.Height-i/l.across*l.blockH)
		if i >= l.count.Len() || l.count.At(i) < uint64(together.size(rows)) {
			return
		}
	}
	l.planar, l.odd = false, "its pixels are said to be in planes, which was passed over"
}

// product multiplies, and returns a large number where the product is larger.
func product(factors ...int) int64 {
	const most = 1 << 48
	p := int64(1)
	for _, f := range factors {
		if f > 0 && p > most/int64(f) {
			return most
		}
		p *= int64(f)
	}
	return p
}

// blocks is how many strips or tiles there are.
func (l *Layout) blocks() int64 { return product(l.across, l.down, l.planes()) }

// oversize reports whether tiles stand over the image by more than tiles usually measure.
func (l *Layout) oversize() bool { return l.blockW > l.Width+1024 || l.blockH > l.Height+1024 }

// planes is how many blocks stand at each place: one for each sample where pixels are not together.
func (l *Layout) planes() int {
	if l.planar {
		return l.samples
	}
	return 1
}

// rowBytes is the length of a row in a block.
func (l *Layout) rowBytes() int {
	perPixel := l.bits * l.samples / l.planes()
	return int((int64(l.blockW)*int64(perPixel) + 7) / 8)
}

// size is how many bytes so many rows of a block take.
func (l *Layout) size(rows int) int {
	if l.subX*l.subY > 1 {
		return l.subsampledBytes(rows)
	}
	return rows * l.rowBytes()
}

// whole is how many of so many rows of a block are there whose first n bytes are.
func (l *Layout) whole(n, rows int) int {
	if l.subX*l.subY > 1 {
		return min(rows, n/l.subsampledBytes(l.subY)*l.subY)
	}
	return min(rows, n/l.rowBytes())
}

// bandRows is how many rows of the image a row of blocks has at most.
func (l *Layout) bandRows() int { return min(l.blockH, l.Height) }

// little reports whether the low byte of a sample comes first.
func (l *Layout) little() bool { return l.d.order == binary.ByteOrder(binary.LittleEndian) }

// block returns the bytes of a block as they are in the file, of which want are needed if they are not compressed.
// Where its length is not known, they go on to the end of the file, as every code knows its own end. odd says what is
// wrong with the lengths of blocks: it goes on where "strip" or "tile" ends, and is empty where nothing is.
func (d *Decoder) block(i, want int) (raw []byte, odd string, err error) {
	l := d.l
	if i >= l.offset.Len() || l.offset.At(i) == 0 {
		return nil, "", errors.New("it is not in the file")
	}
	at := l.offset.At(i)
	if at >= uint64(len(l.d.data)) {
		return nil, "", codec.ErrCut
	}
	raw = l.d.data[at:]
	var n uint64
	if i < l.count.Len() {
		n = l.count.At(i)
	}
	switch {
	case n > uint64(len(raw)):
		odd = "s are said to be longer than the file, which was passed over"
	case n == 0:
		odd = "s have no lengths"
	case l.compression == uncompressed && n < uint64(want):
		odd = "s are said to be shorter than their pixels, which was passed over"
	default:
		return raw[:n], "", nil
	}
	if l.compression == uncompressed && n < uint64(want) {
		raw = raw[:max(n, d.room(at))]
	}
	return raw, odd, nil
}

// room is how many bytes there are from a place in the file to the next that something else begins at: a block, the
// values of a tag, a directory or the pixels of the next page.
func (d *Decoder) room(at uint64) uint64 {
	l := d.l
	if d.starts == nil {
		d.starts = append(d.starts, uint64(len(l.d.data)), l.d.start)
		for i := range min(l.offset.Len(), int(min(l.blocks(), 1<<30))) {
			d.starts = append(d.starts, l.offset.At(i))
		}
		d.starts = append(d.starts, l.d.places()...)
		if next, ok := l.d.at(l.d.next); ok && l.d.next > 0 {
			d.starts = append(d.starts, l.d.next)
			for _, tag := range []uint16{StripOffsets, TileOffsets} {
				d.starts = append(d.starts, next.Number(tag, 0))
			}
		}
		slices.Sort(d.starts)
	}
	i, _ := slices.BinarySearch(d.starts, at+1)
	if i == len(d.starts) {
		return 0
	}
	return d.starts[i] - at
}

// lacking returns the error of a block that is not there as a whole; err is why.
func (l *Layout) lacking(i int, raw []byte, err error) error {
	if err == codec.ErrCut && raw == nil {
		return err // the block is outside the file
	}
	if err == errEnds && len(raw) > 0 && i < l.offset.Len() &&
		l.offset.At(i)+uint64(len(raw)) == uint64(len(l.d.data)) {
		return codec.ErrCut
	}
	return fmt.Errorf("%s %d of %d: %w", l.kind(), i+1, l.blocks(), err)
}

// kind is what blocks are.
func (l *Layout) kind() string {
	if l.tiled {
		return "tile"
	}
	return "strip"
}
