package transform

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// xmpName is what an XMP segment of a JPEG begins with.
const xmpName = "http://ns.adobe.com/xap/1.0/\x00"

// orientation gives what EXIF says (a TIFF structure, without "Exif\0\0"), else what XMP says; 1 where neither names a value
// from 1 to 8. Only this one tag is wanted, so it is read here: a general reader of metadata takes hundreds of times as long
// and has more to go wrong on damaged files.
func orientation(exif, xmp []byte) int {
	exif = bytes.TrimPrefix(exif, []byte("Exif\x00\x00"))
	if d, ok := openTIFF(exif); ok {
		if o, ok := d.number(tagOrientation); ok && o >= 1 && o <= 8 {
			return int(o)
		}
	}
	return xmpOrientation(xmp)
}

// xmpOrientation finds tiff:Orientation, written as an attribute or as an element.
func xmpOrientation(xmp []byte) int {
	_, rest, found := bytes.Cut(xmp, []byte("tiff:Orientation"))
	if !found {
		return 1
	}
	rest = bytes.TrimLeft(rest, " \t\r\n=>'\"")
	if len(rest) > 1 && rest[0] >= '1' && rest[0] <= '8' && strings.IndexByte("'\"< \t\r\n", rest[1]) >= 0 {
		return int(rest[0] - '0')
	}
	return 1
}

// rawProfile reads ImageMagick's way of keeping EXIF in a PNG's text: a name, a length, and hexadecimal digits in lines.
func rawProfile(text []byte) []byte {
	fields := bytes.Fields(text)
	if len(fields) < 3 {
		return nil
	}
	digits := bytes.Join(fields[2:], nil)
	raw := make([]byte, len(digits)/2)
	n, _ := hex.Decode(raw, digits[:len(digits)/2*2])
	return raw[:n]
}

// The tags of TIFF that matter here (TIFF 6.0, section 8, and its successors).
const (
	tagSubfileType   = 254
	tagWidth         = 256
	tagHeight        = 257
	tagBits          = 258
	tagPhotometric   = 262
	tagOrientation   = 274
	tagSamples       = 277
	tagSubIFDs       = 330
	tagExtraSamples  = 338
	tagICCProfile    = 34675
	tagDNGVersion    = 50706
	maxTIFFTagsToUse = 4096
)

// A directory is the first image file directory of a TIFF structure.
type directory struct {
	data    []byte
	order   binary.ByteOrder
	entries []byte // 12 bytes each
}

func openTIFF(data []byte) (directory, bool) {
	d := directory{data: data}
	switch {
	case bytes.HasPrefix(data, []byte("II*\x00")):
		d.order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte("MM\x00*")):
		d.order = binary.BigEndian
	default:
		return d, false
	}
	if len(data) < 8 {
		return d, false
	}
	at := uint64(d.order.Uint32(data[4:]))
	if at+2 > uint64(len(data)) {
		return d, false
	}
	n := min(uint64(d.order.Uint16(data[at:])), maxTIFFTagsToUse)
	d.entries = data[at+2:]
	d.entries = d.entries[:min(12*n, uint64(len(d.entries))/12*12)]
	return d, true
}

// field gives the values of a tag as they are stored, and the size of one.
func (d directory) field(tag uint16) (values []byte, size int, ok bool) {
	for e := d.entries; len(e) > 0; e = e[12:] {
		if d.order.Uint16(e) != tag {
			continue
		}
		switch d.order.Uint16(e[2:]) {
		case 1, 2, 6, 7:
			size = 1
		case 3, 8:
			size = 2
		case 4, 9, 13:
			size = 4
		default:
			return nil, 0, false
		}
		length := uint64(d.order.Uint32(e[4:])) * uint64(size)
		if length <= 4 {
			return e[8 : 8+length], size, length > 0
		}
		at := uint64(d.order.Uint32(e[8:]))
		if at+length > uint64(len(d.data)) {
			return nil, 0, false
		}
		return d.data[at : at+length], size, true
	}
	return nil, 0, false
}

// number gives the first value of a tag.
func (d directory) number(tag uint16) (uint32, bool) {
	v, size, ok := d.field(tag)
	if !ok {
		return 0, false
	}
	switch size {
	case 1:
		return uint32(v[0]), true
	case 2:
		return uint32(d.order.Uint16(v)), true
	}
	return d.order.Uint32(v), true
}

// tiff reads the first directory of a TIFF file.
func (m *meta) tiff(data []byte) error {
	d, ok := openTIFF(data)
	if !ok {
		return errShort
	}
	if _, _, dng := d.field(tagDNGVersion); dng {
		return unsupportedError("a DNG camera raw file")
	}
	_, _, hidden := d.field(tagSubIFDs)
	if kind, _ := d.number(tagSubfileType); kind&1 != 0 && hidden {
		return unsupportedError("a camera raw file, whose first image is a preview,")
	}
	w, _ := d.number(tagWidth)
	h, _ := d.number(tagHeight)
	m.Width, m.Height = int(int32(w)), int(int32(h))
	if o, ok := d.number(tagOrientation); ok && o >= 1 && o <= 8 {
		m.Orientation = int(o)
	}
	extra, _ := d.number(tagExtraSamples)
	m.Alpha = extra == 1 || extra == 2
	samples, _ := d.number(tagSamples)
	bits, _ := d.number(tagBits)
	m.decode = int(max(1, min(samples, 8)))
	if m.decode == 3 {
		m.decode = 4
	}
	if bits > 8 {
		m.decode *= 2
	}
	// A strip may be the whole image, and is unpacked into a buffer that grows by doubling.
	m.decode *= 4
	if profile, _, ok := d.field(tagICCProfile); ok && len(profile) <= maxProfile {
		m.icc = profile
	}
	photometric, _ := d.number(tagPhotometric)
	m.cmyk = photometric == 5
	return nil
}
