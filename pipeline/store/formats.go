package store

import (
	"strings"

	"imgpipe/transform"
)

// formats are the formats that an output could have. A name avoids the names of others in any of them.
var formats = transform.Formats()

// A formatSet is a set of formats: a bit for each place in formats. All places from lastFormat on share a bit: names
// in one of those formats avoid names in the others too, and no name meets another.
type formatSet uint32

const lastFormat = 31

// setOf returns the set of f alone, or of all formats where f is "" or not known. Formats whose files have one
// extension are one: the first of them.
func setOf(f transform.Format) formatSet {
	for i, known := range formats {
		if f == known || f != "" && f.Ext() == known.Ext() {
			return 1 << min(i, lastFormat)
		}
	}
	return 1<<(lastFormat+1) - 1
}

// each calls yield for the formats of the set, in the order of formats. It is an iterator.
func (s formatSet) each(yield func(transform.Format) bool) {
	for i, f := range formats {
		if s&(1<<min(i, lastFormat)) != 0 && !yield(f) {
			return
		}
	}
}

// imageName reports whether a name ends as that of an output.
func imageName(name string) bool {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return false
	}
	ext := name[dot+1:]
	for _, f := range formats {
		if strings.EqualFold(ext, f.Ext()) {
			return true
		}
	}
	return false
}
