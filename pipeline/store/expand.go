package store

import (
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// nameParts are the fields of an item that do not depend on the suffix.
type nameParts struct {
	dir        []string
	stem, host string
	sha        string
}

func (n *Namer) parts(src Subject) (p nameParts) {
	for dir := range strings.SplitSeq(src.Dir, "/") {
		if dir != "" {
			p.dir = append(p.dir, clean(dir))
		}
	}
	p.host, p.stem = "local", filepath.Base(src.Source)
	if !src.Local() {
		p.host, p.stem = splitURL(src.Source)
	}
	p.stem = clean(trimExt(p.stem))
	for _, piece := range n.pieces {
		if isAlone(src) && piece.field == fieldStem || piece.field == fieldSHA8 {
			p.sha = sha8(src.Source)
			if src.Local() && src.ID != "" {
				p.sha = sha8(src.ID) // one file has one name, however its path is written
			}
			break
		}
	}
	return p
}

// isAlone reports whether an item is a URL that somebody named: others may have the same last part, and there may be
// millions of them. What lies in a folder, or below a name that was listed, has its place there.
func isAlone(src Subject) bool { return !src.Local() && !src.Listed }

// splitURL returns the host of a URL and the last part of its path. That part is decoded once: %2F and %252F are
// characters of a name like others.
func splitURL(s string) (host, last string) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return splitOddURL(s)
	}
	host, last = clean(strings.ToLower(u.Hostname())), path.Base(u.EscapedPath())
	if plain, err := url.PathUnescape(last); err == nil {
		last = plain
	}
	if last == "." || last == "/" {
		last = "image"
	}
	return host, last
}

// splitOddURL is splitURL for a URL that only browsers read, such as one with a percent sign that means itself, or with
// backslashes.
func splitOddURL(s string) (host, last string) {
	_, rest, ok := strings.Cut(strings.TrimSpace(s), ":")
	rest = strings.TrimLeft(rest, `/\`)
	end := strings.IndexAny(rest+"/", `/\?#`)
	host = rest[strings.LastIndexByte(rest[:end], '@')+1 : end]
	if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
		host = host[:colon]
	}
	if host = strings.Trim(host, "[]"); !ok || host == "" {
		return "unknown", "image"
	}
	rest = rest[end:]
	rest = rest[:strings.IndexAny(rest+"?", "?#")]
	last, err := url.PathUnescape(rest[strings.LastIndexAny(rest, `/\`)+1:])
	if err != nil || last == "" || last == "." {
		last = "image"
	}
	return clean(strings.ToLower(host)), last
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

// expand fills the template, but for what depends on the outputs.
func (n *Namer) expand(src Subject, p nameParts, suffix int) string {
	b := make([]byte, 0, 96)
	tail := ""
	if suffix > 1 {
		tail = "-" + strconv.Itoa(suffix)
	}
	for i, piece := range n.pieces {
		switch piece.field {
		case text:
			lit := piece.text
			if !n.hasStem && i == len(n.pieces)-2 {
				lit = strings.TrimSuffix(lit, ".") + tail + "."
			}
			b = append(b, lit...)
		case fieldDir:
			for j, dir := range p.dir {
				if j > 0 {
					b = append(b, '/')
				}
				b = append(b, cut(dir, piece.room)...)
			}
		case fieldStem:
			if isAlone(src) {
				b = append(b, cutPlain(p.stem, piece.room-9)...)
				b = append(append(b, '-'), p.sha...)
			} else {
				b = append(b, cut(p.stem, piece.room)...)
			}
			b = append(b, tail...)
			if suffix > 2 && piece.closed {
				b = append(b, '-')
			}
		case fieldIndex:
			b = fmt.Appendf(b, "%06d", src.Index)
		case fieldHost:
			b = append(b, cut(p.host, piece.room)...)
		case fieldSHA8:
			b = append(b, p.sha...)
		default:
			b = append(b, marks[piece.field])
		}
	}
	return finishAll(string(b))
}

// finishAll finishes every part of a name, and drops the empty ones.
func finishAll(name string) string {
	b := make([]byte, 0, len(name)+4)
	for more := true; more; {
		var part string
		part, name, more = strings.Cut(name, "/")
		if part == "" {
			continue
		}
		if len(b) > 0 {
			b = append(b, '/')
		}
		b = append(b, finish(part, !more)...)
	}
	return string(b)
}
