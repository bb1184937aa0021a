package store

import (
	"slices"
	"strings"

	"imgpipe/transform"
)

// formats are the formats that an output could have. A name avoids the names of others in any of them.
var formats = transform.Formats()

// formatBits has the formatSet of each of formats alone.
var formatBits = bitsOf(formats)

// A formatSet is a set of extensions that names can have: a bit for each place in formats, of which those of one
// extension share the first. All places from lastFormat on share a bit: names in one of those formats avoid names in
// the others too, and no name meets another.
type formatSet uint32

const lastFormat = 31

// anyFormat is the set of all.
const anyFormat formatSet = 1<<(lastFormat+1) - 1

// bitsOf returns the set of each format alone.
func bitsOf(list []transform.Format) []formatSet {
	bits := make([]formatSet, len(list))
	for i, f := range list {
		first := slices.IndexFunc(list, func(other transform.Format) bool { return other.Ext() == f.Ext() })
		bits[i] = 1 << min(first, lastFormat)
	}
	return bits
}

// setOf returns the set of some formats, or of all formats where list is empty or one of it is not known. Formats whose
// files have one extension are one: the first of them.
func setOf(list []transform.Format) (s formatSet) {
	for _, f := range list {
		same := func(known transform.Format) bool { return f == known || f != "" && f.Ext() == known.Ext() }
		i := slices.IndexFunc(formats, same)
		if i < 0 {
			return anyFormat
		}
		s |= formatBits[i]
	}
	if s == 0 {
		return anyFormat
	}
	return s
}

// each calls yield for a format of each extension of the set, in the order of formats. It is an iterator.
func (s formatSet) each(yield func(transform.Format) bool) {
	for i, f := range formats {
		if s&formatBits[i] != 0 && (formatBits[i] == 1<<i || i >= lastFormat) && !yield(f) {
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
