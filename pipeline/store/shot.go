package store

import (
	"errors"
	"slices"
	"strings"
	"time"

	"imgpipe/transform"
)

// photoMarks are the marks of what is known from the metadata of an input alone.
const photoMarks = "\x05\x06\x07\x08\x0b"

// A shot is when and with which camera an input was taken, as names have it. The zero shot is not known yet.
type shot struct{ date, camera string }

// Words of names for what is not known.
const (
	undated       = "undated"
	unknownCamera = "unknown"
)

// of returns n with what the result says of its input. The answer of a worker that an image has taken over becomes part
// of a name: only a date is one, and of a camera letters and digits are left.
func (n Name) of(r transform.Result) Name {
	n.shot = shot{undated, camera(r.Camera)}
	day, _, _ := strings.Cut(r.Taken, " ")
	if _, err := time.Parse(time.DateOnly, day); err == nil {
		n.shot.date = day
	}
	return n
}

// camera returns the name of a camera for names of files: "Canon_EOS_R5". It has no character that stands between the
// fields of a name.
func camera(s string) string {
	words := strings.FieldsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	if name := cutPlain(strings.Join(words, "_"), fields[fieldCamera].long); name != "" {
		return finish(name, false)
	}
	return unknownCamera
}

// value returns what stands in the place of a mark.
func (p shot) value(mark byte) string {
	if p == (shot{}) {
		return "{" + fields[slices.Index(marks[:], mark)].name + "}"
	}
	dated := p.date != undated
	switch {
	case mark == markCamera:
		return p.camera
	case mark == markDate, mark == markYear && !dated:
		return p.date
	case !dated:
		return "00"
	case mark == markYear:
		return p.date[:4]
	case mark == markMonth:
		return p.date[5:7]
	}
	return p.date[8:]
}

// asksForPhoto reports whether names have a field that is known from the metadata of an input alone.
func (n *Namer) asksForPhoto() bool {
	return slices.ContainsFunc(n.pieces, func(p piece) bool {
		return p.field != text && strings.IndexByte(photoMarks, marks[p.field]) >= 0
	})
}

// checkCamera returns an error if what stands beside {camera} could be a part of it: then two inputs could get one
// name.
func checkCamera(pieces []piece) error {
	for i, p := range pieces {
		if p.field != fieldCamera {
			continue
		}
		before := i == 0 || pieces[i-1].field == text && separates(pieces[i-1].text[len(pieces[i-1].text)-1])
		if after := pieces[i+1]; !before || after.field != text || !separates(after.text[0]) { // an {ext} is last
			return errors.New("expected a slash, a dash or the like on both sides of {camera}, where it ends")
		}
	}
	return nil
}

// separates reports whether a character of a template is none of a camera's name.
func separates(c byte) bool { return c != '_' && camera(string(c)) == unknownCamera }
