package fetch

import (
	"net/url"
	"path"
	"path/filepath"
	"strings"
)

// Stem returns the name of the item without its extension. Of a URL that is the last part of its path, decoded once:
// %2F and %252F are characters of a name like others. It may have any characters, as its Source comes from a stranger,
// and is never empty.
func (i Item) Stem() string {
	if i.Local() {
		return trimExt(filepath.Base(i.Source))
	}
	return trimExt(lastOf(i.Source))
}

// unnamed is the name of a URL whose path has none.
const unnamed = "image"

// lastOf returns the last part of the path of a URL.
func lastOf(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return lastOfOdd(s)
	}
	last := path.Base(u.EscapedPath())
	if plain, err := url.PathUnescape(last); err == nil {
		last = plain
	}
	if last == "." || last == "/" {
		return unnamed
	}
	return last
}

// lastOfOdd is lastOf for a URL that only browsers read, such as one with a percent sign that means itself, or with
// backslashes.
func lastOfOdd(s string) string {
	_, rest, ok := strings.Cut(strings.TrimSpace(s), ":")
	rest = strings.TrimLeft(rest, `/\`)
	end := strings.IndexAny(rest+"/", `/\?#`)
	if !ok || end == 0 {
		return unnamed
	}
	rest = rest[end:]
	rest = rest[:strings.IndexAny(rest+"?", "?#")]
	last, err := url.PathUnescape(rest[strings.LastIndexAny(rest, `/\`)+1:])
	if err != nil || last == "" || last == "." {
		return unnamed
	}
	return last
}

// trimExt removes the extension from the name of a file: a dot and up to five letters and digits, with at least one
// letter. So a date or a version at the end is not an extension.
func trimExt(s string) string {
	dot := strings.LastIndexByte(s, '.')
	if dot <= 0 || len(s)-dot > 6 {
		return s
	}
	letter := false
	for _, c := range []byte(s[dot+1:]) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
			letter = true
		case c < '0' || c > '9':
			return s
		}
	}
	if !letter {
		return s
	}
	return s[:dot]
}
