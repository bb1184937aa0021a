package store

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxPart is the longest that one part of a name, between two slashes, gets, in bytes. File systems allow 255, in whichever
// unit they count; a suffix that a person or a tool adds later should fit.
const maxPart = 200

// A field is one of the places of a template that the item fills.
type field byte

const (
	text field = iota // literal, between the fields
	fieldDir
	fieldStem
	fieldExt
	fieldIndex
	fieldHost
	fieldSHA8
	fieldSize
	fieldWidth
	fieldHeight
)

// fields is the table that parsing and messages are made from. long is the most bytes that the field takes, 0 where it is
// cut to what is left.
var fields = [...]struct {
	name string
	long int
}{
	fieldDir: {"dir", 0}, fieldStem: {"stem", 0}, fieldExt: {"ext", 4}, fieldIndex: {"index", 10}, fieldHost: {"host", 0},
	fieldSHA8: {"sha8", 8}, fieldSize: {"size", 24}, fieldWidth: {"w", 9}, fieldHeight: {"h", 9},
}

// Of a planned name, these bytes stand for what is known only when the output is: they cannot occur otherwise, because
// clean lets no control character pass.
const (
	markExt    = '\x01'
	markSize   = '\x02'
	markWidth  = '\x03'
	markHeight = '\x04'
)

// A piece is a literal or a field of a template.
type piece struct {
	field field
	text  string
	// room is how many bytes a field that is cut may have.
	room int
	// closed says that only digits may stand between a {stem} and a width or height behind it. The digits of a suffix
	// would be one number with those, by which two names cannot be told apart.
	closed bool
}

// parseTemplate reads a template, and finds what is wrong with it before any item is named.
func parseTemplate(s string, sizes int) ([]piece, error) {
	fail := func(format string, args ...any) error {
		return &TemplateError{s, fmt.Errorf(format, args...)}
	}
	pieces, err := splitTemplate(s)
	if err != nil {
		return nil, fail("%w", err)
	}
	if !strings.HasSuffix(s, ".{ext}") {
		return nil, fail("must end in .{ext}, because the extension names a file's real format")
	}
	if sizes > 1 && !strings.Contains(s, "{size}") {
		return nil, fail("must contain {size}, because each input has %d outputs", sizes)
	}
	for i, p := range pieces {
		if p.field == fieldDir && i+1 < len(pieces) && !strings.HasPrefix(pieces[i+1].text, "/") {
			return nil, fail("expected a slash after {dir}, because it stands for a folder")
		}
	}
	for _, part := range strings.Split(s, "/") {
		switch {
		case part == "":
			return nil, fail("is not relative, or has an empty part: expected something like photos/{dir}/{stem}.{ext}")
		case strings.ContainsRune(".- ", rune(part[0])):
			return nil, fail("a part of it begins with %q: expected a letter, a digit or a field", part[:1])
		}
	}
	return pieces, measure(pieces, fail)
}

func splitTemplate(s string) (pieces []piece, err error) {
	for s != "" {
		open := strings.IndexByte(s, '{')
		if open < 0 {
			open = len(s)
		}
		if lit := s[:open]; lit != "" {
			for _, c := range lit {
				if c == '}' {
					return nil, errors.New("a } without its {")
				}
				if c != '/' && !allowed(c) {
					return nil, fmt.Errorf("%q cannot stand in the name of a file on every system", c)
				}
			}
			if !utf8.ValidString(lit) {
				return nil, errors.New("is not valid UTF-8")
			}
			pieces = append(pieces, piece{text: lit})
		}
		if s = s[open:]; s == "" {
			break
		}
		shut := strings.IndexByte(s, '}')
		if shut < 0 {
			return nil, errors.New("a { without its }")
		}
		f, err := fieldNamed(s[1:shut])
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, piece{field: f})
		s = s[shut+1:]
	}
	return pieces, nil
}

func fieldNamed(name string) (field, error) {
	known := make([]string, 0, len(fields))
	for f, row := range fields {
		if f == int(text) {
			continue
		}
		if row.name == name {
			return field(f), nil
		}
		known = append(known, "{"+row.name+"}")
	}
	return 0, fmt.Errorf("there is no field {%s}: expected %s", name, strings.Join(known, " "))
}

// measure shares out, within each part between two slashes, what the literals and the short fields leave of maxPart.
func measure(pieces []piece, fail func(string, ...any) error) error {
	const suffix = 8 // "-1000000", once for each {stem}, and an underscore that clean adds
	begin := 0
	used, cut := suffix, 0
	settle := func(end int) error {
		room := maxPart - used
		if cut > 0 {
			room /= cut
		}
		if room < 0 || cut > 0 && room < 24 {
			return fail("a part of it would be longer than %d bytes", maxPart)
		}
		for i := begin; i < end; i++ {
			pieces[i].room = room
		}
		begin, used, cut = end, suffix, 0
		return nil
	}
	for i, p := range pieces {
		if p.field != text {
			if used += fields[p.field].long; fields[p.field].long == 0 {
				cut++
			}
			if p.field == fieldStem {
				used += suffix
			}
			continue
		}
		parts := strings.Split(p.text, "/")
		used += len(parts[0])
		for _, next := range parts[1:] {
			if err := settle(i); err != nil {
				return err
			}
			used += len(next)
		}
	}
	return settle(len(pieces))
}

// closePieces finds the pieces that are closed.
func closePieces(pieces []piece) {
	for i := range pieces {
		if pieces[i].field != fieldStem {
			continue
		}
	behind:
		for _, p := range pieces[i+1:] {
			switch p.field {
			case fieldWidth, fieldHeight:
				pieces[i].closed = true
				break behind
			case text:
				if strings.Trim(p.text, "0123456789") != "" {
					break behind
				}
			case fieldIndex, fieldSHA8, fieldSize, fieldHost:
			default:
				break behind
			}
		}
	}
}
