package exif

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Tags of EXIF that matter here (CIPA DC-008, section 4.6; TIFF 6.0).
const (
	tagLatitude    = 2 // of the GPS directory
	tagMake        = 271
	tagModel       = 272
	tagOrientation = 274
	tagDateTime    = 306
	tagArtist      = 315
	tagPositioning = 531 // of chroma
	tagCopyright   = 33432
	tagPhoto       = 34665 // where the EXIF directory is
	tagGPS         = 34853 // where the GPS directory is
	tagTaken       = 36867 // DateTimeOriginal
	tagDigitized   = 36868
	tagComponents  = 37121
	tagMakerNote   = 37500
	tagColorSpace  = 40961
	tagWidth       = 40962 // PixelXDimension
	tagHeight      = 40963
	tagInterop     = 40965 // where the directory of interoperability is
)

// imageTags are the tags of the first directory that describe a picture, and not how its pixels lie in the file.
var imageTags = []uint16{
	269, 270, tagMake, tagModel, 282, 283, 285, 296, 305, tagDateTime, tagArtist, 316, 18246, 18249, tagCopyright,
	40091, 40092, 40093, 40094, 40095, // those of Windows
}

// placeTags are the tags that lead to a directory, and to the maker's notes.
var placeTags = []uint16{tagPhoto, tagGPS, tagInterop, tagMakerNote}

// falseTags are the tags of the EXIF directory that are not true of a picture of another size, part or coding:
// CompressedBitsPerPixel, SubjectArea, FocalPlaneXResolution and its like, SubjectLocation; and what is made anew
// or is padding.
var falseTags = []uint16{
	37122, 37396, 41486, 41487, 41488, 41492, tagWidth, tagHeight, 59932, 59933,
}

// A Field is one tag with its values.
type Field struct {
	Tag, Kind uint16
	Count     uint32
	// Value has the values, in the byte order of their Tags.
	Value []byte

	at int // where a value stands that has no place in its entry
}

// Tags are directories of EXIF.
type Tags struct {
	// Order is that of all values.
	Order binary.ByteOrder
	// Image describes the picture, Photo how it was taken, GPS where; Interop names a standard.
	Image, Photo, GPS, Interop []Field

	note   *Field // the maker's own notes, whose offsets may count from the start of the structure; nil for none
	second bool   // a second directory follows the first, which is that of a smaller picture
	noted  string // why there are notes that are left out; "" if there are none
}

// Bounds of what is read. Real directories have some dozens of fields, and notes begin in the first thousands of bytes.
const (
	maxFields = 512
	maxNoteAt = 16 << 10
)

// kindSizes are the bytes of a value of each type; 0 of one that is unknown. Types from 16 on are those of BigTIFF,
// and 129 is UTF-8 of Exif 3.
var kindSizes = [...]int{
	1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8, 129: 1,
}

// Types of values (TIFF 6.0, section 2).
const (
	kindASCII = 2
	kindShort = 3
	kindLong  = 4
	kindPlace = 13 // of a directory
)

// bigKinds are the types that only BigTIFF has.
var bigKinds = []uint16{16, 17, 18}

func kindSize(kind uint16) int {
	if int(kind) >= len(kindSizes) {
		return 0
	}
	return kindSizes[kind]
}

// A structure is a TIFF structure that is read.
type structure struct {
	data  []byte
	order binary.ByteOrder
	big   bool // BigTIFF: numbers of eight bytes
	room  int  // how many bytes of values may still be read, since values may overlap
	lost  bool // something could not be read
}

var (
	errStructure = errors.New("it has no TIFF structure")
	errFields    = errors.New("parts of it cannot be read")
)

// open finds where the first directory of a TIFF structure begins.
func open(data []byte) (s structure, first uint64, err error) {
	s = structure{data: data, room: min(len(data), MaxBlock)}
	if len(data) < 8 {
		return s, 0, errStructure
	}
	switch string(data[:2]) {
	case "II":
		s.order = binary.LittleEndian
	case "MM":
		s.order = binary.BigEndian
	default:
		return s, 0, errStructure
	}
	switch version := s.order.Uint16(data[2:]); {
	case version == 42:
		return s, uint64(s.order.Uint32(data[4:])), nil
	case version == 43 && len(data) >= 16 && s.order.Uint16(data[4:]) == 8:
		s.big = true
		return s, s.order.Uint64(data[8:]), nil
	}
	return s, 0, errStructure
}

// readTags reads the directories of a TIFF structure. If only a part can be read, it returns that and errFields.
func readTags(data []byte) (Tags, error) {
	s, first, err := open(data)
	if err != nil {
		return Tags{}, err
	}
	t := Tags{Order: s.order}
	image := s.directory(first, func(tag uint16) bool { return slices.Contains(imageTags, tag) })
	photo := s.below(image, tagPhoto, func(tag uint16) bool { return !slices.Contains(falseTags, tag) })
	every := func(uint16) bool { return true }
	t.GPS = sorted(s.below(image, tagGPS, every))
	t.Interop = sorted(s.below(photo, tagInterop, every))
	if note, ok := find(photo, tagMakerNote); ok {
		t.findNote(note)
	}
	t.Image, t.Photo, t.second = sorted(image), sorted(photo), s.second(first)
	if s.lost {
		return t, errFields
	}
	return t, nil
}

// findNote keeps the maker's notes, unless they cannot stay at their place. Those that hold a picture are left out,
// too: it may show what was cropped away.
func (t *Tags) findNote(note Field) {
	switch {
	case note.at == 0: // it has four bytes at most
	case bytes.Contains(note.Value, []byte("\xff\xd8\xff")):
		t.noted = "they hold a picture"
	case note.at <= 8 || note.at > maxNoteAt:
		t.noted = "they cannot stay at their place"
	default:
		t.note = &note
	}
}

// sorted returns fields in the order of their numbers, each once. Those that say where something is are left out:
// nothing of it is there any more. So are the maker's notes, which stand apart.
func sorted(fields []Field) []Field {
	var kept []Field
	for _, f := range fields {
		if f.Kind != kindPlace && !slices.Contains(bigKinds, f.Kind) && !slices.Contains(placeTags, f.Tag) {
			kept = append(kept, f)
		}
	}
	slices.SortStableFunc(kept, func(a, b Field) int { return cmp.Compare(a.Tag, b.Tag) })
	return slices.CompactFunc(kept, func(a, b Field) bool { return a.Tag == b.Tag })
}

// below returns the directory to which a field of another leads.
func (s *structure) below(fields []Field, tag uint16, wanted func(tag uint16) bool) []Field {
	f, ok := find(fields, tag)
	if !ok {
		return nil
	}
	switch {
	case f.Kind == kindLong || f.Kind == kindPlace:
		return s.directory(uint64(s.order.Uint32(f.Value)), wanted)
	case kindSize(f.Kind) == 8 && s.big:
		return s.directory(s.order.Uint64(f.Value), wanted)
	}
	s.lost = true
	return nil
}

// second reports whether a directory follows the one that begins there.
func (s *structure) second(first uint64) bool {
	if s.big || first < 8 || first+2 > uint64(len(s.data)) {
		return false
	}
	next := first + 2 + 12*uint64(s.order.Uint16(s.data[first:]))
	return next+4 <= uint64(len(s.data)) && s.order.Uint32(s.data[next:]) != 0
}

// directory reads the fields of a directory that are wanted, and those that say where another is. lost is set if
// something of it cannot be read.
func (s *structure) directory(at uint64, wanted func(tag uint16) bool) (fields []Field) {
	head, size := uint64(2), uint64(12)
	if s.big {
		head, size = 8, 20
	}
	length := uint64(len(s.data))
	if at < 8 || at > length || length-at < head {
		s.lost = true
		return nil
	}
	var count uint64
	if s.big {
		count = s.order.Uint64(s.data[at:])
	} else {
		count = uint64(s.order.Uint16(s.data[at:]))
	}
	if there := min((length-at-head)/size, maxFields); count > there {
		s.lost = true
		count = there
	}
	for i := range count {
		e := s.data[at+head+i*size:][:size]
		if tag := s.order.Uint16(e); !wanted(tag) && !slices.Contains(placeTags, tag) {
			continue
		}
		if f, ok := s.field(e); ok {
			fields = append(fields, f)
		}
	}
	return fields
}

// field reads an entry of a directory. An entry without values, or of an unknown type, is none.
func (s *structure) field(e []byte) (f Field, ok bool) {
	f = Field{Tag: s.order.Uint16(e), Kind: s.order.Uint16(e[2:])}
	var count, at uint64
	inline := e[8:]
	if s.big {
		count, inline = s.order.Uint64(e[4:]), e[12:]
		at = s.order.Uint64(inline)
	} else {
		count = uint64(s.order.Uint32(e[4:]))
		at = uint64(s.order.Uint32(inline))
	}
	size, length := uint64(kindSize(f.Kind)), uint64(len(s.data))
	if size == 0 || count == 0 {
		return f, false
	}
	n := min(count, length+1) * size
	switch {
	case n <= uint64(len(inline)):
		f.Value = inline[:n]
	case at > length || n > length-at || n > uint64(s.room):
		s.lost = true
		return f, false
	default:
		s.room -= int(n)
		f.Value, f.at = s.data[at:at+n], int(at)
	}
	f.Count = uint32(count)
	return f, true
}

// find returns the field of a tag.
func find(fields []Field, tag uint16) (Field, bool) {
	i := slices.IndexFunc(fields, func(f Field) bool { return f.Tag == tag })
	if i < 0 {
		return Field{}, false
	}
	return fields[i], true
}

// maxText bounds the texts that are read.
const maxText = 4 << 10

// text returns the text of a field, "" if there is none.
func text(fields []Field, tag uint16) string {
	f, ok := find(fields, tag)
	if !ok || kindSize(f.Kind) != 1 {
		return ""
	}
	var parts []string
	// Only a copyright has two texts: that of the photographer and that of the editor (CIPA DC-008, section 4.6.4).
	for part := range strings.SplitSeq(string(f.Value[:min(len(f.Value), maxText)]), "\x00") {
		if part = clean(part); part != "" {
			parts = append(parts, part)
		}
		if tag != tagCopyright {
			break
		}
	}
	return strings.Join(parts, "; ")
}

// clean returns a text of a block in UTF-8, without the characters that control a terminal. Bytes that are no UTF-8 are
// those of ISO 8859-1, as most old programs wrote them.
func clean(s string) string {
	if !utf8.ValidString(s) {
		runes := make([]rune, len(s))
		for i := range len(s) {
			runes[i] = rune(s[i])
		}
		s = string(runes)
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s))
}
