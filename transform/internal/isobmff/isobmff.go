// Package isobmff reads the container of AVIF and HEIC images: everything that stands around the coded pixels. Where a
// structure comes from is said at its place: ISO/IEC 14496-12 (boxes), ISO/IEC 23008-12 (HEIF: items and their
// properties), ISO/IEC 14496-15 (HEVC) and the AV1 Image File Format.
//
// Start with [ReadHeader]. [Alone] makes a file of a still image from one of a sequence, and [WithProfile] puts a color
// profile into a file.
//
// The bytes may be from strangers. Every size is checked against the bytes that there are, and the sizes of pixels that
// a decoder would believe are read where it reads them: in the sequence header of each coded image, not only in the
// properties beside it. The package decodes no pixel.
package isobmff

import (
	"image"

	"imgpipe/transform/internal/codec"
)

// A Header is what a file says of its primary image.
type Header struct {
	// Codec is the four letters of the coding of the pixels: "av01" or "hvc1".
	Codec string
	// Width and Height are those of the coded picture, before it is cropped and turned.
	Width, Height int
	// Crop is the part of the coded picture that is shown, the whole of it in nearly all files.
	Crop image.Rectangle
	// Orientation is the EXIF orientation that turns the picture as the file's own rotation and mirroring do. An
	// orientation in EXIF does not count in these formats.
	Orientation int
	// Bits is the number of bits of a sample.
	Bits int
	// Alpha reports whether there is an image of alpha beside that of color.
	Alpha bool
	// Color is how the file names its colors in numbers, and Coded how the coded image of a HEIC does.
	Color, Coded Color
	// Profile is the ICC profile; nil if there is none. EXIF is a TIFF structure, and XMP is text. All are views of the
	// file.
	Profile, EXIF, XMP []byte
	// Sequence reports whether the file holds a sequence besides the primary image.
	Sequence bool
	// Tiles is how many coded images the picture is made of.
	Tiles int
	// FileBytes is the length of the file.
	FileBytes int64
	// Cut reports whether the file ends before the pixels do.
	Cut bool
	// Joined is how many bytes a decoder copies of images that are in several pieces.
	Joined int64
	// Odd are sentences about what was left out of account.
	Odd []string
}

// A Color names colors by the numbers of ITU-T H.273. Zero values mean that the file has none.
type Color struct {
	Named                       bool
	Primaries, Transfer, Matrix int
	Full                        bool // samples have all values, and not only those of video
}

// The numbers of ITU-T H.273 that matter here.
const (
	PrimariesBT709 = 1
	Unspecified    = 2
	PrimariesP3    = 12
	TransferSRGB   = 13
	TransferPQ     = 16
	TransferHLG    = 18
)

const (
	maxItems = 1 << 14 // items, properties or boxes that are looked at: phones make some hundred
	maxSide  = 1 << 16 // the largest picture that AV1 and HEVC can code
	maxUnits = 1 << 18 // units of coded images that are looked at
)

// ReadHeader reads all that stands around the pixels of the primary image.
func ReadHeader(data []byte) (*Header, error) {
	f, err := open(data)
	if err != nil {
		return nil, err
	}
	return f.header()
}

// header describes the primary item.
func (f *file) header() (*Header, error) {
	it := f.item(f.primary)
	if it == nil {
		return nil, errorf("its primary image is not in the file")
	}
	h := &Header{Orientation: 1, Sequence: f.moov, Tiles: 1, FileBytes: int64(len(f.data)), Cut: f.cut}
	coded := it
	if it.kind == "grid" {
		tiles, err := f.grid(it)
		if err != nil {
			return nil, err
		}
		h.Tiles = len(tiles)
		coded = tiles[0]
	}
	if coded.kind != "av01" && coded.kind != "hvc1" {
		return nil, codec.Unsupported("an image of the kind " + quoted(coded.kind))
	}
	h.Codec = coded.kind
	var err error
	if h.Width, h.Height, err = f.size(it); err != nil {
		return nil, err
	}
	h.Bits = f.bits(coded)
	h.Crop = image.Rect(0, 0, h.Width, h.Height)
	f.color(h, it, coded)
	f.turn(h, it)
	alpha := f.alphaOf(it.id)
	if alpha == nil && coded != it {
		alpha = f.alphaOf(coded.id)
	}
	h.Alpha = alpha != nil
	if err := f.checkPixels(h, it); err != nil {
		return nil, err
	}
	if alpha != nil {
		if err := f.checkPixels(h, alpha); err != nil {
			return nil, err
		}
	}
	f.metadata(h)
	return h, nil
}

// Brand returns "avif" or "heic" for a file that begins with head as one of these does (ISO/IEC 14496-12, 4.3), and ""
// for others. 64 bytes are enough: a file of another brand names these among its first.
func Brand(head []byte) string {
	x, _, err := next(head, true)
	if err != nil || x.kind != "ftyp" || len(x.body) < 4 {
		return ""
	}
	for i := 0; i+4 <= len(x.body); i += 4 {
		if i == 4 {
			continue // a version
		}
		switch string(x.body[i : i+4]) {
		case "avif", "avis":
			return "avif"
		case "heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs":
			return "heic"
		case "mif1", "msf1", "miaf":
		default:
			if i == 0 {
				return ""
			}
		}
	}
	return ""
}

// Measure reads the size of the picture from a file that an encoder of ours made, and whether the file ends as it
// should. It looks at a few dozen boxes at most, whatever data is.
func Measure(data []byte) (w, h int, ends bool) {
	e := editor{data: data, steps: 64}
	meta := e.find(span{0, len(data)}, 0, "meta")
	ipco := e.find(e.find(meta, 4, "iprp"), 0, "ipco")
	ispe := e.find(ipco, 0, "ispe")
	if e.bad || ispe.to-ispe.from != 20 {
		return 0, 0, false
	}
	c := cursor{b: data[ispe.from+12 : ispe.to]}
	w, h = int(c.number(4)), int(c.number(4))
	mdat := e.find(span{0, len(data)}, 0, "mdat")
	return w, h, !e.bad && mdat.to == len(data)
}
