package exif

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// tagsOf returns the tags of an output.
func (m *Metadata) tagsOf(p Place) Tags {
	t := Tags{}
	if m.amount == All {
		t = m.tags
	}
	if t.Order == nil {
		t.Order = binary.BigEndian
	}
	if m.amount == All {
		t.adapt(p)
	}
	for tag, value := range map[uint16]string{tagArtist: m.rights.artist(), tagCopyright: m.rights.notice()} {
		if _, there := find(t.Image, tag); !there && value != "" {
			t.Image = t.put(t.Image, tag, kindASCII, append([]byte(value), 0))
		}
	}
	return t
}

// adapt makes what was read true of an output.
func (t *Tags) adapt(p Place) {
	t.Image, t.Photo = slices.Clone(t.Image), slices.Clone(t.Photo)
	if len(t.Image)+len(t.Photo)+len(t.GPS) > 0 {
		t.Image = t.put(t.Image, tagOrientation, kindShort, t.number(kindShort, 1))
	}
	if _, there := find(t.Photo, tagColorSpace); p.SRGB && there {
		t.Photo = t.put(t.Photo, tagColorSpace, kindShort, t.number(kindShort, 1))
		t.Interop = nil // which may name Adobe RGB
	}
	switch {
	case len(t.Photo) == 0:
	case p.Native: // which says these things itself (CIPA DC-008, section 4.6.8)
		t.Photo = slices.DeleteFunc(t.Photo, func(f Field) bool { return f.Tag == tagComponents })
		t.Interop = nil
	default:
		t.Image = t.put(t.Image, tagPositioning, kindShort, t.number(kindShort, 1)) // centered, as in JFIF
		t.Photo = t.put(t.Photo, tagWidth, kindLong, t.number(kindLong, p.Width))
		t.Photo = t.put(t.Photo, tagHeight, kindLong, t.number(kindLong, p.Height))
	}
}

// put sets a field of a directory, which stays in order.
func (t *Tags) put(fields []Field, tag, kind uint16, value []byte) []Field {
	f := Field{Tag: tag, Kind: kind, Count: uint32(len(value) / kindSize(kind)), Value: value}
	i, there := slices.BinarySearchFunc(fields, tag, func(f Field, tag uint16) int { return int(f.Tag) - int(tag) })
	if there {
		fields[i] = f
		return fields
	}
	return slices.Insert(fields, i, f)
}

// number returns the bytes of a number.
func (t *Tags) number(kind uint16, n int) []byte {
	b := make([]byte, kindSize(kind))
	if len(b) == 2 {
		t.Order.PutUint16(b, uint16(n))
	} else {
		t.Order.PutUint32(b, uint32(n))
	}
	return b
}

// littleEndian returns t with all values in that byte order, and without the maker's notes: they would have to stay
// where they are.
func (t Tags) littleEndian() Tags {
	out := Tags{Order: binary.LittleEndian, Image: t.Image, Photo: t.Photo, GPS: t.GPS, Interop: t.Interop}
	if t.Order == binary.LittleEndian {
		return out
	}
	for _, fields := range []*[]Field{&out.Image, &out.Photo, &out.GPS, &out.Interop} {
		*fields = slices.Clone(*fields)
		for i := range *fields {
			f := &(*fields)[i]
			f.Value = bytes.Clone(f.Value)
			for unit, b := unit(f.Kind), f.Value; len(b) >= unit && unit > 1; b = b[unit:] {
				slices.Reverse(b[:unit])
			}
		}
	}
	return out
}

// unit returns how many bytes of a value change places in the other byte order. A fraction is two numbers.
func unit(kind uint16) int {
	if kind == 5 || kind == 10 {
		return 4
	}
	return kindSize(kind)
}

// A writer makes a TIFF structure. The maker's notes stay where they were, because offsets in them may count from the
// start of the structure; what else there is goes before them while it has room there, and then behind.
type writer struct {
	order binary.ByteOrder
	buf   []byte
	low   int // where there is room before the notes
	high  int // where they begin
}

// encode returns t as a TIFF structure (TIFF 6.0, section 2), nil if there are no tags.
func (t *Tags) encode() []byte {
	if len(t.Image)+len(t.Photo)+len(t.GPS) == 0 && t.note == nil {
		return nil
	}
	w := writer{order: t.Order, buf: make([]byte, 8)}
	if t.note != nil {
		w.low, w.high = 8, t.note.at
		w.buf = append(make([]byte, w.high), t.note.Value...)
	}
	copy(w.buf, "II*\x00")
	if t.Order == binary.BigEndian {
		copy(w.buf, "MM\x00*")
	}
	image, photo := t.Image, t.Photo
	if len(t.Interop) > 0 {
		photo = t.put(slices.Clone(photo), tagInterop, kindLong, t.number(kindLong, w.directory(t.Interop)))
	}
	if t.note != nil {
		photo = t.put(slices.Clone(photo), tagMakerNote, t.note.Kind, t.note.Value)
		i := slices.IndexFunc(photo, func(f Field) bool { return f.Tag == tagMakerNote })
		photo[i] = *t.note
	}
	if len(photo) > 0 {
		image = t.put(slices.Clone(image), tagPhoto, kindLong, t.number(kindLong, w.directory(photo)))
	}
	if len(t.GPS) > 0 {
		image = t.put(slices.Clone(image), tagGPS, kindLong, t.number(kindLong, w.directory(t.GPS)))
	}
	at := w.directory(image)
	w.order.PutUint32(w.buf[4:], uint32(at))
	return w.buf
}

// place returns where n bytes have room, at a word.
func (w *writer) place(n int) int {
	w.low += w.low & 1
	if at := w.low; at > 0 && at+n <= w.high {
		w.low += n
		return at
	}
	at := len(w.buf) + len(w.buf)&1
	w.buf = append(w.buf, make([]byte, at+n-len(w.buf))...)
	return at
}

// directory writes a directory and its values, and returns where it begins.
func (w *writer) directory(fields []Field) int {
	at := w.place(2 + 12*len(fields) + 4) // no directory follows
	w.order.PutUint16(w.buf[at:], uint16(len(fields)))
	for i, f := range fields {
		e := at + 2 + 12*i
		w.order.PutUint16(w.buf[e:], f.Tag)
		w.order.PutUint16(w.buf[e+2:], f.Kind)
		w.order.PutUint32(w.buf[e+4:], f.Count)
		if len(f.Value) <= 4 {
			copy(w.buf[e+8:e+12], f.Value)
			continue
		}
		value := f.at
		if f.Tag != tagMakerNote {
			value = w.place(len(f.Value))
			copy(w.buf[value:], f.Value)
		}
		w.order.PutUint32(w.buf[e+8:], uint32(value))
	}
	return at
}
