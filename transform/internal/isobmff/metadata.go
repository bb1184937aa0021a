package isobmff

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
)

// WithMetadata returns a copy of a file of a still image with EXIF and XMP that describe its primary image: an item
// more for each, whose bytes stand at the end (ISO/IEC 23008-12, Annex A). exif is a TIFF structure. Nil is none.
//
// It is for files that an encoder of ours made. An error means that a file is not as those are.
func WithMetadata(data, exif, xmp []byte) ([]byte, error) {
	f, err := open(data)
	if err != nil {
		return nil, err
	}
	e := editor{data: data, steps: maxItems}
	meta := e.find(span{0, len(data)}, 0, "meta")
	iinf, iloc, iprp := e.find(meta, 4, "iinf"), e.find(meta, 4, "iloc"), e.find(meta, 4, "iprp")
	mdat := e.find(span{0, len(data)}, 0, "mdat")
	size := len(exif) + len(xmp)
	if size == 0 {
		return data, nil
	}
	if e.bad || f.cut || mdat.to != len(data) || mdat.from < meta.to || len(data)+size > math.MaxInt32/2 ||
		f.primary > math.MaxUint16 || iinf.to-iinf.from < 14 || iloc.to-iloc.from < 16 ||
		data[iinf.from+8] != 0 || data[iloc.from+8] > 1 {
		return nil, errorf("its boxes are not as expected")
	}
	iref := span{iprp.from, iprp.from} // where it would be
	if f.refs != nil {
		if iref = e.find(meta, 4, "iref"); e.bad || f.wideRefs {
			return nil, errorf("its references are not as expected")
		}
	}
	p := patch{data: data}
	var tail []byte
	id := uint32(0)
	for _, it := range f.items {
		id = max(id, it.id)
	}
	var refs []byte
	add := func(kind, content string, parts ...[]byte) {
		id++
		n := 0
		for _, part := range parts {
			n += len(part)
		}
		p.insert(iinf, entryBox(id, kind, content))
		p.insert(iloc, placeEntry(data[iloc.from:], id, len(data)+len(tail), n))
		refs = append(refs, referenceBox("cdsc", id, f.primary)...)
		tail = append(tail, slices.Concat(parts...)...)
	}
	if len(exif) > 0 {
		add("Exif", "", []byte{0, 0, 0, 0}, exif) // the structure begins at once
	}
	if len(xmp) > 0 {
		add("mime", "application/rdf+xml", xmp)
	}
	if id > math.MaxUint16 {
		return nil, errorf("its items are not as expected")
	}
	if f.refs == nil {
		head := binary.BigEndian.AppendUint32(nil, uint32(12+len(refs)))
		refs = slices.Concat(head, []byte("iref\x00\x00\x00\x00"), refs)
	}
	p.insert(iref, refs)
	out := append(p.applied(), tail...)
	added := len(out) - len(data) - len(tail)
	count := uint16(len(p.inserts) / 2) // two for each item, and one of all references
	p.grow(out, meta, added)
	p.grow(out, iinf, p.inside(iinf))
	p.grow(out, iloc, p.inside(iloc))
	if f.refs != nil {
		p.grow(out, iref, len(refs))
	}
	p.grow(out, mdat, len(tail))
	for _, at := range []int{p.moved(iinf.from) + 12, p.moved(iloc.from) + 14} {
		binary.BigEndian.PutUint16(out[at:], binary.BigEndian.Uint16(out[at:])+count)
	}
	places := out[p.moved(iloc.from):][:iloc.to-iloc.from+p.inside(iloc)]
	return out, moveItems(places, meta.to, added)
}

// entryBox returns the box of an item in the list of items.
func entryBox(id uint32, kind, content string) []byte {
	body := append([]byte("infe\x02\x00\x00\x00"), byte(id>>8), byte(id), 0, 0)
	body = append(append(body, kind...), 0) // without a name
	if content != "" {
		body = append(append(body, content...), 0)
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(4+len(body))), body...)
}

// placeEntry returns the entry of an item in a box "iloc" whose offsets and lengths have four bytes.
func placeEntry(iloc []byte, id uint32, at, n int) []byte {
	b := []byte{byte(id >> 8), byte(id)}
	if iloc[8] > 0 {
		b = append(b, 0, 0) // in the file
	}
	b = append(b, 0, 0)
	b = append(b, make([]byte, iloc[13]>>4)...) // the base
	b = append(b, 0, 1)
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, uint32(at)), uint32(n))
}

// referenceBox returns a reference from an item to another.
func referenceBox(kind string, from, to uint32) []byte {
	b := append(binary.BigEndian.AppendUint32(nil, 14), kind...)
	return append(b, byte(from>>8), byte(from), 0, 1, byte(to>>8), byte(to))
}

// A patch puts bytes into a file.
type patch struct {
	data    []byte
	inserts []insertion
}

// An insertion is at the end of a box, or of an empty span between two.
type insertion struct {
	box  span
	data []byte
}

// insert adds bytes at the end of a box. Of what is added at one place, the first stands first.
func (p *patch) insert(s span, data []byte) { p.inserts = append(p.inserts, insertion{s, data}) }

// applied returns the file with all that was added.
func (p *patch) applied() (out []byte) {
	slices.SortStableFunc(p.inserts, func(a, b insertion) int { return cmp.Compare(a.box.to, b.box.to) })
	last := 0
	for _, in := range p.inserts {
		out = append(append(out, p.data[last:in.box.to]...), in.data...)
		last = in.box.to
	}
	return append(out, p.data[last:]...)
}

// moved returns where a box begins that began at a place. What was added there stands in the box before.
func (p *patch) moved(at int) int {
	to := at
	for _, in := range p.inserts {
		if in.box.to <= at {
			to += len(in.data)
		}
	}
	return to
}

// inside returns how many bytes were added at the end of a box.
func (p *patch) inside(s span) (n int) {
	for _, in := range p.inserts {
		if in.box == s {
			n += len(in.data)
		}
	}
	return n
}

// grow adds by to the size of a box.
func (p *patch) grow(out []byte, s span, by int) {
	at := p.moved(s.from)
	binary.BigEndian.PutUint32(out[at:], binary.BigEndian.Uint32(out[at:])+uint32(by))
}
