// Package icc reads ICC color profiles (ICC.1:2022, and ICC.1:2001-04 for version 2): which pixels a profile is for,
// what it is called, whether it is sRGB; and it converts pixels to sRGB.
//
// Start with [Parse], and [Profile.Transform] to convert.
//
//	profile -> model: stages from values to XYZ or L*a*b* -> Transform: integers -> pixels of sRGB
//
// Conversion is relative colorimetric with black point compensation (ISO 18619). It knows profiles of curves and a
// matrix, of gray, and of tables with three or four inputs: lut8Type, lut16Type and lutAToBType. It leaves out
// multiProcessElements, which stand beside such a table.
//
// A megapixel of a photo takes 14 ms through a matrix, 47 ms through a table of three inputs, and 57 ms through one of
// four (November 2026, CPU time on a loaded EPYC).
//
// The bytes may be from strangers: every size is checked against the bytes that there are, and the package never
// changes them. Parse allocates no more than a name takes; a Transform takes as many bytes as Memory returns.
package icc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// A Profile is what a profile says of itself.
type Profile struct {
	// Data is the profile without what stands behind its end, a view of what Parse was given.
	Data []byte
	// Space is the color space of the pixels that it is for: "RGB ", "GRAY", "CMYK", "Lab " and others of four
	// letters.
	Space string
	// Name is its description, in one line of at most maxName characters; "" if it has none.
	Name string
}

const (
	headSize  = 128
	tableSize = headSize + 4 // with the number of tags
	entrySize = 12
	// maxTags bounds how many tags are looked at: real profiles have up to some thirty.
	maxTags = 100
	// maxName bounds a name, which goes into sentences.
	maxName = 80
)

// Parse reads the header and the table of tags. The error says why b is no profile that a file may have; the Name of
// the Profile is set then, too, as far as it can be read.
func Parse(b []byte) (Profile, error) {
	p := Profile{Data: b}
	if len(b) == 0 {
		return p, errors.New("it is empty")
	}
	if len(b) < headSize || string(b[36:40]) != "acsp" {
		return Profile{}, errors.New("it does not begin as a color profile does")
	}
	p.Space = string(b[16:20])
	size := binary.BigEndian.Uint32(b)
	if uint64(size) <= uint64(len(b)) {
		p.Data = b[:size]
	}
	p.Name = p.name()
	if uint64(size) > uint64(len(b)) {
		return p, fmt.Errorf("it is cut short: it has %d bytes of %d", len(b), size)
	}
	return p, p.check()
}

// check returns an error unless all tags are within the profile and it is of a class that describes pixels
// (ICC.1:2022, 7.2.5).
func (p Profile) check() error {
	if len(p.Data) < tableSize {
		return errors.New("it has no tags")
	}
	switch class := string(p.Data[12:16]); class {
	case "link", "abst", "nmcl":
		return fmt.Errorf("it is of the class %q, which does not describe pixels", class)
	}
	n := uint64(binary.BigEndian.Uint32(p.Data[headSize:]))
	if tableSize+n*entrySize > uint64(len(p.Data)) {
		return fmt.Errorf("it has no room for the %d tags that it names", n)
	}
	for i := range int(min(n, maxTags)) {
		entry := p.Data[tableSize+i*entrySize:]
		at, size := uint64(binary.BigEndian.Uint32(entry[4:])), uint64(binary.BigEndian.Uint32(entry[8:]))
		if at+size > uint64(len(p.Data)) {
			return fmt.Errorf("its tag %q lies outside it", entry[:4])
		}
	}
	return nil
}

// tag returns the content of a tag, nil if it is not there.
func (p Profile) tag(name string) []byte {
	if len(p.Data) < tableSize {
		return nil
	}
	n := min(binary.BigEndian.Uint32(p.Data[headSize:]), maxTags)
	for i := range int(n) {
		if len(p.Data) < tableSize+(i+1)*entrySize {
			break
		}
		entry := p.Data[tableSize+i*entrySize:]
		if string(entry[:4]) != name {
			continue
		}
		at, size := uint64(binary.BigEndian.Uint32(entry[4:])), uint64(binary.BigEndian.Uint32(entry[8:]))
		if at+size > uint64(len(p.Data)) {
			return nil
		}
		return p.Data[at : at+size]
	}
	return nil
}

// name reads the description, which is ASCII in version 2 and UTF-16 in version 4.
func (p Profile) name() string {
	d := p.tag("desc")
	const head = 12
	switch kind := string(d[:min(len(d), 4)]); {
	case kind == "desc" && len(d) >= head: // textDescriptionType: the number of characters and the ASCII text
		n := binary.BigEndian.Uint32(d[8:])
		return clean(untilNUL(string(d[head:][:min(uint64(n), uint64(len(d)-head))])))
	case kind == "text" && len(d) >= head: // textType
		return clean(untilNUL(string(d[8:])))
	case kind == "mluc": // multiLocalizedUnicodeType
		return clean(untilNUL(localized(d)))
	case kind == "desc", kind == "text":
		return ""
	}
	return clean(string(d))
}

func untilNUL(s string) string {
	s, _, _ = strings.Cut(s, "\x00")
	return s
}

// localized returns the English text of a multiLocalizedUnicodeType, or the first.
func localized(d []byte) string {
	if len(d) < 16 {
		return ""
	}
	n, size := min(binary.BigEndian.Uint32(d[8:]), maxTags), uint64(binary.BigEndian.Uint32(d[12:]))
	text := ""
	for i := range uint64(n) {
		if 16+i*size+12 > uint64(len(d)) {
			break
		}
		record := d[16+i*size:]
		length, at := uint64(binary.BigEndian.Uint32(record[4:])), uint64(binary.BigEndian.Uint32(record[8:]))
		if at+length > uint64(len(d)) {
			continue
		}
		if english := string(record[:2]) == "en"; english || text == "" {
			text = wide(d[at:][:min(length, 2*maxName)])
			if english {
				break
			}
		}
	}
	return text
}

// wide decodes UTF-16 with the high byte first.
func wide(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// clean makes one short line of a text, of what can be printed.
func clean(s string) string {
	s = strings.ToValidUTF8(s[:min(len(s), 4*maxName)], "")
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsPrint(r) && r != unicode.ReplacementChar:
			return r
		}
		return -1
	}, s)
	runes := []rune(strings.TrimSpace(s))
	return string(runes[:min(len(runes), maxName)])
}
