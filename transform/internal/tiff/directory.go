package tiff

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// The tags that matter here (TIFF 6.0, section 8, its supplements, and those of Adobe's DNG).
const (
	PanasonicJPEG   = 46 // of RW2
	SubfileType     = 254
	OldSubfileType  = 255
	Width           = 256
	Height          = 257
	BitsPerSample   = 258
	Compression     = 259
	Photometric     = 262
	FillOrder       = 266
	Make            = 271
	StripOffsets    = 273
	Orientation     = 274
	SamplesPerPixel = 277
	RowsPerStrip    = 278
	StripByteCounts = 279
	PlanarConfig    = 284
	T4Options       = 292
	T6Options       = 293
	Predictor       = 317
	ColorMap        = 320
	TileWidth       = 322
	TileHeight      = 323
	TileOffsets     = 324
	TileByteCounts  = 325
	SubIFDs         = 330
	InkSet          = 332
	ExtraSamples    = 338
	SampleFormat    = 339
	JPEGTables      = 347
	JPEGAt          = 513
	JPEGLength      = 514
	Subsampling     = 530
	ICCProfile      = 34675
	DNGVersion      = 50706
)

// A Directory is the first image file directory of a TIFF structure, which is also what EXIF is. It is a view of the
// file.
type Directory struct {
	data    []byte
	order   binary.ByteOrder
	entries []byte
	start   uint64 // where it begins
	next    uint64 // where the directory behind this one begins, 0 for none
	big     bool   // BigTIFF: offsets of eight bytes
	cut     bool   // the file ends before its last entry
}

// maxTags bounds how many entries are looked at: real directories have some dozens.
const maxTags = 4096

// maxPages bounds how many directories are looked at: a chain may be a ring.
const maxPages = 100

// Open finds the first directory. It allocates nothing.
func Open(data []byte) (Directory, bool) {
	d := Directory{data: data}
	if len(data) < 8 {
		return d, false
	}
	switch {
	case bytes.HasPrefix(data, []byte("II")):
		d.order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte("MM")):
		d.order = binary.BigEndian
	default:
		return d, false
	}
	switch version := d.order.Uint16(data[2:]); {
	case version == 42:
		return d.at(uint64(d.order.Uint32(data[4:])))
	case version == 43 && len(data) >= 24 && d.order.Uint16(data[4:]) == 8:
		d.big = true
		return d.at(d.order.Uint64(data[8:]))
	}
	return d, false
}

// OpenRaw is Open for the files of cameras too, which may have another version than TIFF: those of Olympus (ORF) and
// Panasonic (RW2).
func OpenRaw(data []byte) (Directory, bool) {
	if d, ok := Open(data); ok || len(data) < 8 {
		return d, ok
	}
	d := Directory{data: data}
	switch string(data[:4]) {
	case "IIRO", "IIRS", "IIU\x00":
		d.order = binary.LittleEndian
	case "MMOR":
		d.order = binary.BigEndian
	default:
		return d, false
	}
	return d.at(uint64(d.order.Uint32(data[4:])))
}

// All calls f with d, the directories behind it, and those that each names as a part of its own, up to maxPages.
func (d Directory) All(f func(Directory)) {
	left := maxPages
	for page, ok := d, true; ok && left > 0; left-- {
		f(page)
		if subs, named := page.Field(SubIFDs); named {
			for i := range min(subs.Len(), left-1) {
				left--
				if sub, ok := page.at(subs.At(i)); ok {
					f(sub)
				}
			}
		}
		if page.next == 0 {
			return
		}
		page, ok = page.at(page.next)
	}
}

// Part returns what lies in the file from at on, n bytes of it or as many as there are.
func (d Directory) Part(at, n uint64) []byte {
	if at >= uint64(len(d.data)) {
		return nil
	}
	rest := d.data[at:]
	return rest[:min(n, uint64(len(rest)))]
}

// at returns the directory that begins there.
func (d Directory) at(at uint64) (Directory, bool) {
	// Sizes of how many entries there are, and of where the next directory is.
	data, number, offset := d.data, uint64(2), uint64(4)
	if d.big {
		number, offset = 8, 8
	}
	if at > uint64(len(data))-number {
		return d, false
	}
	var count uint64
	if d.big {
		count = d.order.Uint64(data[at:])
	} else {
		count = uint64(d.order.Uint16(data[at:]))
	}
	size := uint64(d.entrySize())
	rest := data[at+number:]
	there := uint64(len(rest)) / size
	d.entries = rest[:min(count, maxTags, there)*size]
	d.start, d.next, d.cut = at, 0, count > there
	if count <= there && uint64(len(rest))-count*size >= offset {
		if rest = rest[count*size:]; d.big {
			d.next = d.order.Uint64(rest)
		} else {
			d.next = uint64(d.order.Uint32(rest))
		}
	}
	return d, true
}

// More reports whether another page follows: an image that is neither a smaller version of one nor the mask of one.
func (d Directory) More() bool {
	first := d.start
	for range maxPages {
		if d.next == 0 || d.next == first {
			break
		}
		next, ok := d.at(d.next)
		if !ok {
			break
		}
		if next.Has(Width) && next.Number(SubfileType, 0)&5 == 0 && next.Number(OldSubfileType, 0) != 2 {
			return true
		}
		d = next
	}
	return false
}

func (d Directory) entrySize() int {
	if d.big {
		return 20
	}
	return 12
}

// A Field is the values of one tag, as they stand in the file.
type Field struct {
	// Bytes are the values.
	Bytes []byte

	order   binary.ByteOrder
	size    int  // of one value
	outside bool // the file ends before them, so that Bytes are none
}

// Field finds the values of a tag. Types of fractions and floating point are not known.
func (d Directory) Field(tag uint16) (Field, bool) {
	for e := d.entries; len(e) > 0; e = e[d.entrySize():] {
		if d.order.Uint16(e) == tag {
			return d.field(e)
		}
	}
	return Field{}, false
}

// lacks returns an error if the file ends before one of the tags that say what its samples mean. What is decoded
// without it would be another picture.
func (d Directory) lacks() error {
	if d.cut {
		return errors.New("the file ends within its directory")
	}
	for _, tag := range []uint16{BitsPerSample, ColorMap, ExtraSamples, SampleFormat, Subsampling} {
		if f, _ := d.Field(tag); f.outside {
			return fmt.Errorf("the file ends before the values of its tag %d", tag)
		}
	}
	return nil
}

// Names reports whether the directory has an entry for the tag, which may have no values in the file.
func (d Directory) Names(tag uint16) bool {
	for e := d.entries; len(e) > 0; e = e[d.entrySize():] {
		if d.order.Uint16(e) == tag {
			return true
		}
	}
	return false
}

func (d Directory) field(e []byte) (Field, bool) {
	f := Field{order: d.order}
	switch d.order.Uint16(e[2:]) {
	case 1, 2, 6, 7:
		f.size = 1
	case 3, 8:
		f.size = 2
	case 4, 9, 13:
		f.size = 4
	case 16, 17, 18:
		f.size = 8
	default:
		return f, false
	}
	var count, at uint64
	var inline []byte
	if d.big {
		count, inline = d.order.Uint64(e[4:]), e[12:20]
		at = d.order.Uint64(inline)
	} else {
		count, inline = uint64(d.order.Uint32(e[4:])), e[8:12]
		at = uint64(d.order.Uint32(inline))
	}
	if count == 0 {
		return f, false
	}
	length := min(count, 1<<60) * uint64(f.size)
	switch {
	case length <= uint64(len(inline)):
		f.Bytes = inline[:length]
	case at <= uint64(len(d.data)) && length <= uint64(len(d.data))-at:
		f.Bytes = d.data[at : at+length]
	default:
		f.outside = true
		return f, false
	}
	return f, true
}

// places are where values stand that do not fit their entries.
func (d Directory) places() (at []uint64) {
	for e := d.entries; len(e) > 0; e = e[d.entrySize():] {
		f, ok := d.field(e)
		switch {
		case !ok:
		case d.big && len(f.Bytes) > 8:
			at = append(at, d.order.Uint64(e[12:]))
		case !d.big && len(f.Bytes) > 4:
			at = append(at, uint64(d.order.Uint32(e[8:])))
		}
	}
	return at
}

// Len is the number of values.
func (f Field) Len() int {
	if f.size == 0 {
		return 0
	}
	return len(f.Bytes) / f.size
}

// At returns the i-th value, without a sign.
func (f Field) At(i int) uint64 {
	b := f.Bytes[i*f.size:]
	switch f.size {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(f.order.Uint16(b))
	case 4:
		return uint64(f.order.Uint32(b))
	}
	return f.order.Uint64(b)
}

// Number returns the first value of a tag, or otherwise where there is none.
func (d Directory) Number(tag uint16, otherwise uint64) uint64 {
	f, ok := d.Field(tag)
	if !ok {
		return otherwise
	}
	return f.At(0)
}

// Has reports whether the directory has a value for the tag.
func (d Directory) Has(tag uint16) bool {
	_, ok := d.Field(tag)
	return ok
}
