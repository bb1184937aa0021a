package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxPart is the most that one part of a name, between two slashes, can have, in bytes. File systems allow 255, in
// bytes or in other units; a suffix that a person or a tool adds later should fit.
const maxPart = 200

// A field is a place in a template that an item fills.
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
	fieldDate
	fieldYear
	fieldMonth
	fieldDay
	fieldCamera
	fieldColumn
)

// fields is the table from which parsing and messages come. long is the most bytes that a field takes, or 0 if the
// field is cut to the room that the others leave.
var fields = [...]struct {
	name string
	long int
}{
	fieldDir: {"dir", 0}, fieldStem: {"stem", 0}, fieldExt: {"ext", 4}, fieldIndex: {"index", 10},
	fieldHost: {"host", 0}, fieldSHA8: {"sha8", 8}, fieldSize: {"size", 24}, fieldWidth: {"w", 9},
	fieldHeight: {"h", 9}, fieldDate: {"date", 10}, fieldYear: {"year", 7}, fieldMonth: {"month", 2},
	fieldDay: {"day", 2}, fieldCamera: {"camera", 40}, fieldColumn: {columnPrefix + "NAME", 0},
}

// columnPrefix stands before the name of a column of a list.
const columnPrefix = "column:"

// These bytes of a planned name are marks for what is known only when the output is. They cannot occur otherwise,
// because clean replaces all control characters.
const (
	markExt    = '\x01'
	markSize   = '\x02'
	markWidth  = '\x03'
	markHeight = '\x04'
	markDate   = '\x05'
	markYear   = '\x06'
	markMonth  = '\x07'
	markDay    = '\x08'
	markCamera = '\x0b'
)

// marks are those of the fields that have one.
var marks = [len(fields)]byte{
	fieldExt: markExt, fieldSize: markSize, fieldWidth: markWidth, fieldHeight: markHeight, fieldDate: markDate,
	fieldYear: markYear, fieldMonth: markMonth, fieldDay: markDay, fieldCamera: markCamera,
}

// A piece is a literal or a field of a template.
type piece struct {
	field  field
	text   string
	column string // of fieldColumn
	// room is how many bytes a field that is cut may have.
	room int
	// closed says that there can be nothing but digits between a {stem} and a width or height behind it. The digits of
	// a suffix and those would be one number, in which two names look the same.
	closed bool
}

// parseTemplate reads a template. It finds what is wrong with a template before any item is named.
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
	tells := func(p piece) bool { return p.field == fieldSize || p.field == fieldWidth || p.field == fieldHeight }
	if sizes > 1 && !slices.ContainsFunc(pieces, tells) {
		return nil, fail("must contain {size}, {w} or {h}, because each input has %d sizes", sizes)
	}
	for i, p := range pieces {
		if p.field == fieldDir && i+1 < len(pieces) &&
			!(pieces[i+1].field == text && strings.HasPrefix(pieces[i+1].text, "/")) {
			return nil, fail("expected a slash after {dir}, because it stands for a folder")
		}
	}
	if err := checkCamera(pieces); err != nil {
		return nil, fail("%w", err)
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
		if column, ok := strings.CutPrefix(s[1:shut], columnPrefix); ok && column != "" {
			pieces = append(pieces, piece{field: fieldColumn, column: column})
			s = s[shut+1:]
			continue
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
		if row.name == name && field(f) != fieldColumn {
			return field(f), nil
		}
		known = append(known, "{"+row.name+"}")
	}
	return 0, fmt.Errorf("there is no field {%s}: expected %s", name, strings.Join(known, " "))
}

// measure divides, within each part between two slashes, what literals and short fields leave of maxPart.
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

// closePieces sets closed of the pieces.
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
