// Package exif reads the metadata of image files and writes what of it goes into another: EXIF (CIPA DC-008), XMP (ISO
// 16684-1) and IPTC-IIM. It does not know in which parts of which format they lie.
//
//	file -> Blocks -> Read -> Metadata -> Output of that size -> its encoder
//
// Start with [Read] and [Metadata.Output]. [FactsOf] reads what people ask for: camera, date, author, place.
//
// Blocks come from strangers. Every offset and every length is checked against the bytes that there are, and what is
// read from a block is no larger than the block. A block that makes no sense is left out and said; nothing else follows
// from it. What would be untrue of the output is never written: its orientation is 1, its dimensions are its own, and
// there is no thumbnail, which could show what was cropped away.
//
// The package starts no goroutine and keeps no state.
package exif

import (
	"slices"
	"strings"
)

// MaxBlock bounds the bytes of a block that are looked at, and those of what is written of it. Real blocks have some
// thousands.
const MaxBlock = 1 << 20

// Blocks are the metadata of one file. They are slices of it wherever they lie there in one piece.
type Blocks struct {
	// EXIF is a TIFF structure. That of a TIFF file is the file.
	EXIF []byte
	// XMP is a packet: XML.
	XMP []byte
	// IPTC has the data sets of IPTC-IIM.
	IPTC []byte
	// Artist and Copyright are from texts of a PNG.
	Artist, Copyright string
}

// An Amount is how much metadata an output has.
type Amount int

// The amounts.
const (
	Copyright Amount = iota // the names of the author and of the holder of rights
	All                     // whatever is true of the output
)

// A Metadata is what could be read of a file's Blocks. It is only read by its methods.
type Metadata struct {
	amount Amount
	tags   Tags
	xmp    packet
	iptc   []dataset
	rights rights
	lost   []string
}

// rights are the names of author and holder, from whichever block has them.
type rights struct {
	artists []string
	notices []notice
}

// A notice is a copyright notice in a language, "x-default" if none is named.
type notice struct{ language, text string }

// Read reads blocks. It never fails: Lost says what could not be read.
func Read(b Blocks, amount Amount) *Metadata {
	m := &Metadata{amount: amount}
	if len(b.EXIF) > 0 {
		tags, err := readTags(b.EXIF)
		m.tags = tags
		m.lose("EXIF", err)
		if tags.noted != "" && amount == All {
			m.lost = append(m.lost, "the camera's own notes were left out: "+tags.noted)
		}
	}
	if len(b.XMP) > 0 {
		packet, err := readPacket(b.XMP)
		m.xmp = packet
		m.lose("XMP", err)
		if packet.apart && amount == All {
			m.lost = append(m.lost, "a part of XMP was left out: it stands apart from the rest")
		}
	}
	if len(b.IPTC) > 0 {
		sets, err := readDatasets(b.IPTC)
		m.iptc = sets
		m.lose("IPTC", err)
	}
	m.findRights(b)
	return m
}

// lose notes why a block, or a part of it, is left out.
func (m *Metadata) lose(what string, err error) {
	switch err {
	case nil:
	case errFields:
		m.lost = append(m.lost, "parts of "+what+" were left out: they cannot be read")
	default:
		m.lost = append(m.lost, what+" was left out: "+err.Error())
	}
}

// Lost returns a sentence for each block of which something could not be read.
func (m *Metadata) Lost() []string { return m.lost }

// findRights takes the names from EXIF, XMP, IPTC and texts, in this order. Programs keep the three alike, and the
// first of an artist or of a notice counts for all, so that a format with one place loses none.
func (m *Metadata) findRights(b Blocks) {
	r := &m.rights
	if text := text(m.tags.Image, tagArtist); text != "" {
		r.artists = []string{text}
	}
	if text := text(m.tags.Image, tagCopyright); text != "" {
		r.notices = []notice{{defaultLanguage, text}}
	}
	if len(m.xmp.rights.artists) > 0 && (len(r.artists) == 0 || len(m.xmp.rights.artists) > 1) {
		r.artists = m.xmp.rights.artists
	}
	if len(m.xmp.rights.notices) > 0 {
		r.notices = m.xmp.rights.notices
	}
	bylines, holders := iptcRights(m.iptc)
	if len(r.artists) == 0 {
		r.artists = bylines
	}
	if len(r.artists) == 0 && b.Artist != "" {
		r.artists = []string{b.Artist}
	}
	for _, text := range append(holders, b.Copyright) {
		if len(r.notices) == 0 && text != "" {
			r.notices = []notice{{defaultLanguage, text}}
		}
	}
	r.artists = r.artists[:min(len(r.artists), maxNames)]
	r.notices = r.notices[:min(len(r.notices), maxNames)]
}

// maxNames bounds the authors of one file, and the languages of its notice.
const maxNames = 32

// artist returns all authors as one text. Exif puts a semicolon between them.
func (r *rights) artist() string { return strings.Join(r.artists, "; ") }

// notice returns the notice for those whose language is not known.
func (r *rights) notice() string {
	i := max(slices.IndexFunc(r.notices, func(n notice) bool { return n.language == defaultLanguage }), 0)
	if i >= len(r.notices) {
		return ""
	}
	return r.notices[i].text
}

const defaultLanguage = "x-default"

// A Place is where metadata is to go: a file of that size, which has room for blocks of so many bytes.
type Place struct {
	Width, Height int
	// EXIF, XMP and IPTC are how many bytes a block of each kind may have; 0 if there is no place for it.
	EXIF, XMP, IPTC int
	// SRGB reports that the colors were converted to sRGB, whatever EXIF says of them.
	SRGB bool
	// Native reports that the file is a TIFF structure itself, to which EXIF is added tag by tag.
	Native bool
}

// An Output is the metadata of an output.
type Output struct {
	// EXIF is a TIFF structure, XMP a packet, and IPTC has data sets; each is nil for none.
	EXIF, XMP, IPTC []byte
	// Tags are what EXIF has, little-endian, for a Native place, which has no EXIF.
	Tags Tags
}

// Output returns the metadata of an output. lost has a sentence for each block that has no place there.
func (m *Metadata) Output(p Place) (out Output, lost []string) {
	fit := func(what string, block []byte, most int) []byte {
		switch {
		case len(block) == 0:
			return nil
		case most == 0:
			lost = append(lost, what+" was left out: the format has no place for it")
			return nil
		case len(block) > most:
			lost = append(lost, what+" was left out: it is larger than the format has room for")
			return nil
		}
		return block
	}
	tags := m.tagsOf(p)
	if p.Native {
		if tags.note != nil {
			lost = append(lost, "the camera's own notes were left out: they cannot stay at their place")
		}
		out.Tags = tags.littleEndian()
	} else {
		exif := tags.encode()
		if tags.note != nil && len(exif) > p.EXIF {
			tags.note = nil
			exif = tags.encode()
			lost = append(lost, "the camera's own notes were left out: they are larger than the format has room for")
		}
		out.EXIF = fit("EXIF", exif, p.EXIF)
	}
	out.XMP = fit("XMP", m.packet(p), p.XMP)
	out.IPTC = fit("IPTC", m.datasets(), p.IPTC)
	return out, lost
}

// Any reports whether there is anything for an output that has room for it.
func (m *Metadata) Any() bool {
	const most = MaxBlock
	out, _ := m.Output(Place{EXIF: most, XMP: most, IPTC: most})
	return len(out.EXIF)+len(out.XMP)+len(out.IPTC) > 0
}

// packet returns the XMP of an output.
func (m *Metadata) packet(p Place) []byte {
	if m.amount == Copyright {
		return m.rights.packet()
	}
	return m.xmp.encode(p)
}

// datasets returns the IPTC of an output.
func (m *Metadata) datasets() []byte {
	if m.amount == Copyright {
		return m.rights.datasets()
	}
	return encodeDatasets(m.iptc)
}

// Clean returns a text of at most maxText bytes as it goes into other blocks.
func Clean(b []byte) string { return clean(string(b[:min(len(b), maxText)])) }
