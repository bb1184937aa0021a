package tiff

import "slices"

// A Description is metadata for a file. The zero value is none.
type Description struct {
	// Image are entries of the first directory that describe the picture. Photo, GPS and Interop are those of the
	// directories of EXIF (CIPA DC-008, section 4.6.3).
	Image, Photo, GPS, Interop []Entry
	// XMP is a packet, and IPTC has data sets.
	XMP, IPTC []byte
}

// An Entry is a tag with its values, little-endian.
type Entry struct {
	Tag, Kind uint16
	Count     uint32
	Value     []byte
}

// Tags of metadata (ISO 16684-3; CIPA DC-008, section 4.6.3).
const (
	xmpPacket   = 700
	iptcSets    = 33723
	exifPlace   = 34665
	gpsPlace    = 34853
	interopRoom = 40965
)

// names reports whether an entry for the image has that tag.
func (d *Description) names(tag uint16) bool {
	return slices.ContainsFunc(d.Image, func(e Entry) bool { return e.Tag == tag })
}

// size is more than the bytes of d in a file.
func (d *Description) size() int {
	n := len(d.XMP) + len(d.IPTC) + 256
	for _, list := range [][]Entry{d.Image, d.Photo, d.GPS, d.Interop} {
		for _, e := range list {
			n += 13 + len(e.Value)
		}
	}
	return n
}

// describe adds the entries of a description, and the directories that they lead to.
func (d *directoryWriter) describe(o *Description) {
	for _, e := range o.Image {
		d.entry(e.Tag, e.Kind, int(e.Count), e.Value)
	}
	if len(o.XMP) > 0 {
		d.entry(xmpPacket, typeByte, len(o.XMP), o.XMP)
	}
	if len(o.IPTC) > 0 {
		d.entry(iptcSets, typeUndefined, len(o.IPTC), o.IPTC)
	}
	var interop []uint32
	if len(o.Interop) > 0 {
		interop = []uint32{d.below(o.Interop, 0, nil)}
	}
	if len(o.Photo) > 0 {
		d.longs(exifPlace, d.below(o.Photo, interopRoom, interop))
	}
	if len(o.GPS) > 0 {
		d.longs(gpsPlace, d.below(o.GPS, 0, nil))
	}
}

// below writes a further directory, with places of others under a tag, and returns where it begins.
func (d *directoryWriter) below(entries []Entry, tag uint16, places []uint32) uint32 {
	sub := directoryWriter{start: d.start, file: d.file}
	for _, e := range entries {
		sub.entry(e.Tag, e.Kind, int(e.Count), e.Value)
	}
	if len(places) > 0 {
		sub.longs(tag, places...)
	}
	at := sub.finish()
	d.file = sub.file
	return at
}
