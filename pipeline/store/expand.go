package store

import (
	"cmp"
	"fmt"
	"net/url"
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
	p.host, p.stem = "local", clean(src.Stem())
	if !src.Local() {
		p.host = hostOf(src.Source)
	}
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

// hostOf returns the host of a URL, as it stands in names.
func hostOf(s string) string {
	if u, err := url.Parse(s); err == nil && u.Host != "" {
		return clean(strings.ToLower(u.Hostname()))
	}
	// Only browsers read it, such as one with a percent sign that means itself, or with backslashes.
	_, rest, ok := strings.Cut(strings.TrimSpace(s), ":")
	rest = strings.TrimLeft(rest, `/\`)
	end := strings.IndexAny(rest+"/", `/\?#`)
	host := rest[strings.LastIndexByte(rest[:end], '@')+1 : end]
	if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
		host = host[:colon]
	}
	if host = strings.Trim(host, "[]"); !ok || host == "" {
		return "unknown"
	}
	return clean(strings.ToLower(host))
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
		case fieldColumn:
			value, _ := src.Columns.Get(piece.column)
			b = append(b, cut(clean(cmp.Or(strings.TrimSpace(value), "none")), piece.room)...)
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
