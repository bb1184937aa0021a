package exif

import (
	"bytes"
	"encoding/binary"
	"errors"
	"unicode/utf8"
)

// A dataset is one of IPTC-IIM (version 4.2, section 1.5), with its value.
type dataset struct {
	record, number byte
	value          []byte
}

// Numbers of data sets (IPTC-IIM, chapters 5 and 6).
const (
	envelope    = 1 // a record
	application = 2 // a record

	setCharacters = 90 // of the envelope: the characters of texts
	setByline     = 80
	setCopyright  = 116
	setPreview    = 200 // the first of three about a small picture
)

// utf8Characters is the value of setCharacters for UTF-8 (ISO 2022).
const utf8Characters = "\x1b%G"

var errDatasets = errors.New("it cannot be read")

// maxDatasets bounds the data sets of a file: real ones have some dozens.
const maxDatasets = 4096

// readDatasets reads data sets that follow each other. Zeros behind the last are padding.
func readDatasets(data []byte) ([]dataset, error) {
	if len(data) > MaxBlock {
		return nil, errLarge
	}
	var sets []dataset
	for len(bytes.TrimLeft(data, "\x00")) > 0 {
		if len(data) < 5 || data[0] != 0x1c || len(sets) == maxDatasets {
			return nil, errDatasets
		}
		n := int(binary.BigEndian.Uint16(data[3:])) // from 0x8000 on it is the length of a length
		if n > 0x7fff || n > len(data)-5 {
			return nil, errDatasets
		}
		sets = append(sets, dataset{data[1], data[2], data[5 : 5+n]})
		data = data[5+n:]
	}
	return sets, nil
}

// encodeDatasets returns data sets as they are, but for the small picture that may be among them.
func encodeDatasets(sets []dataset) []byte {
	var b []byte
	for _, s := range sets {
		if s.record != application || s.number < setPreview || s.number > setPreview+2 {
			b = s.append(b)
		}
	}
	return b
}

func (s dataset) append(b []byte) []byte {
	b = append(b, 0x1c, s.record, s.number)
	b = binary.BigEndian.AppendUint16(b, uint16(len(s.value)))
	return append(b, s.value...)
}

// iptcRights returns the authors and the notices of data sets.
func iptcRights(sets []dataset) (bylines, notices []string) {
	for _, s := range sets {
		text := clean(string(s.value[:min(len(s.value), maxText)]))
		switch {
		case s.record != application || text == "":
		case s.number == setByline && len(bylines) < maxNames:
			bylines = append(bylines, text)
		case s.number == setCopyright && len(notices) < maxNames:
			notices = append(notices, text)
		}
	}
	return bylines, notices
}

// datasets returns data sets of nothing but these names, in UTF-8; nil if there are none.
func (r *rights) datasets() []byte {
	if len(r.artists)+len(r.notices) == 0 {
		return nil
	}
	b := dataset{envelope, setCharacters, []byte(utf8Characters)}.append(nil)
	b = dataset{application, 0, []byte{0, 4}}.append(b) // the version
	for _, name := range r.artists {
		b = dataset{application, setByline, cut(name, 32)}.append(b)
	}
	if text := r.notice(); text != "" {
		b = dataset{application, setCopyright, cut(text, 128)}.append(b)
	}
	return b
}

// cut returns at most so many bytes of a text, which a data set may have.
func cut(s string, most int) []byte {
	if len(s) <= most {
		return []byte(s)
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return []byte(s[:most])
}

// FromPhotoshop returns the data sets among resources of Photoshop (Adobe Photoshop File Formats, Image Resource
// Blocks), nil if there are none.
func FromPhotoshop(data []byte) []byte {
	for len(data) >= 12 && string(data[:4]) == "8BIM" {
		id := binary.BigEndian.Uint16(data[4:])
		at := 6 + (int(data[6])+2)/2*2 // a name, its length included, is even
		if at+4 > len(data) {
			return nil
		}
		n := int64(binary.BigEndian.Uint32(data[at:]))
		data = data[at+4:]
		if n > int64(len(data)) {
			return nil
		}
		if id == 0x0404 {
			return data[:n]
		}
		data = data[min(n+n%2, int64(len(data))):]
	}
	return nil
}
