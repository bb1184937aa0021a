package fetch

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxURL is the longest URL that is fetched. RFC 9110 asks servers for 8000 octets; signed URLs are about 2000.
const maxURL = 16 << 10

// Redact returns source as it may be shown or logged: a URL without its user name and password, anything else as it is.
func Redact(source string) string {
	if !strings.Contains(source, "@") {
		return source
	}
	_, ok := cutScheme(source)
	if ok {
		if u, err := url.Parse(source); err == nil {
			plain := source
			if u.User != nil {
				u.User = nil
				plain = u.String()
			}
			if u.Hostname() != "" || !strings.Contains(plain, "@") {
				return plain
			}
		}
	}
	text := blankless(source)
	scheme, rest, _ := splitScheme(text)
	if scheme != "http" && scheme != "https" {
		if rest, ok = cutScheme(text); !ok {
			return source
		}
	} else if u, err := parseWeb(text, nil); err == nil {
		if u.User == nil {
			return source
		}
		// The user stands between the slashes and what ends the host.
		start := len(rest) - len(strings.TrimLeft(rest, `/\`))
		end := start + strings.IndexAny(rest[start:]+"/", `/\?#`)
		return scheme + ":" + rest[:start] + rest[start+strings.LastIndexByte(rest[start:end], '@')+1:]
	}
	// What cannot be parsed may have its secrets anywhere before an @.
	rest = strings.TrimLeft(rest, `/\`)
	return text[:len(text)-len(rest)] + "…" + rest[strings.LastIndex(rest, "@")+1:]
}

// AppendSource appends source and a newline to dst so that a plain list that is read has exactly that source. A
// source that a plain line cannot hold as it is, such as a name with a newline in it, is written as a quoted Go
// string.
func AppendSource(dst []byte, source string) []byte {
	if quoted(source) {
		// Quoting leaves bytes that are not UTF-8 readable again, as \x escapes.
		dst = strconv.AppendQuote(dst, source)
	} else {
		dst = append(dst, source...)
	}
	return append(dst, '\n')
}

// quoted reports whether a line of a plain list, which may be its first, cannot hold source as it is.
func quoted(source string) bool {
	if source == "" || source != strings.TrimSpace(source) || strings.ContainsAny(source, "\n\r\x00") {
		return true
	}
	first, size := utf8.DecodeRuneInString(source)
	switch {
	case first == '"', first == '#', first == '\x1f': // a name, a remark, and gzip
		return true
	case first == '\ufeff', first == utf8.RuneError && size == 1: // a mark, zstd and others
		return true
	}
	return IsURL(source) && lastRemark(source) >= 0 || foreign([]byte(source)) != nil
}

// withoutTail returns a line that begins with a quoted Go string without the remark behind that.
func withoutTail(line string) string {
	name, err := strconv.QuotedPrefix(line)
	if err == nil && lastRemark(line[len(name):]) >= 0 && strings.TrimSpace(line[len(name):])[0] == '#' {
		return name
	}
	return line
}

// unquote undoes the quoting of AppendSource. Text that only looks quoted, such as "C:\photos", loses its quotes alone.
func unquote(line string) string {
	if len(line) < 2 || line[0] != '"' || line[len(line)-1] != '"' {
		return line
	}
	if s, err := strconv.Unquote(line); err == nil {
		return s
	}
	return line[1 : len(line)-1]
}

// cutScheme returns what follows "scheme://", and reports whether source begins so. A single letter is a drive, not a
// scheme.
func cutScheme(source string) (rest string, ok bool) {
	i := strings.Index(source, "://")
	if i < 2 {
		return "", false
	}
	for j := range i {
		switch c := source[j] | 0x20; {
		case c >= 'a' && c <= 'z':
		case j > 0 && (source[j] >= '0' && source[j] <= '9' || strings.IndexByte("+-.", source[j]) >= 0):
		default:
			return "", false
		}
	}
	return source[i+3:], true
}

// IsURL reports whether source is meant as a URL, of whatever scheme, and not as a file. Browsers take http: and https:
// with any number of slashes; such a name is that of a file, if there is one.
func IsURL(source string) bool {
	if _, ok := cutScheme(source); ok || len(source) >= 5 && strings.EqualFold(source[:5], "data:") {
		return true
	}
	text := blankless(source)
	if _, ok := cutScheme(text); ok {
		return true
	}
	if scheme, _, ok := splitScheme(text); !ok || scheme != "http" && scheme != "https" {
		return false
	}
	_, err := os.Lstat(source)
	return err != nil
}

// unknownScheme is the Scheme of what is meant as a URL and has none.
const unknownScheme = "unknown"

// schemeOf returns the scheme of a source for which IsURL is true.
func schemeOf(source string) string {
	if scheme, _, ok := splitScheme(blankless(source)); ok {
		return scheme
	}
	return unknownScheme
}

// parseURL returns the URL that source names, which has a host and the scheme http or https. Its errors show nothing of
// source that could be secret.
func parseURL(source string) (*url.URL, error) {
	if len(source) > maxURL {
		return nil, errors.New("the URL has " + strconv.Itoa(len(source)) + " bytes, expected at most " +
			strconv.Itoa(maxURL))
	}
	u, err := parseWeb(source, nil)
	if scheme, ok := err.(schemeError); ok && scheme.scheme == "file" {
		return nil, errors.New("a file is named by its path, not by a file: URL")
	}
	return u, err
}

// shown returns source as it stands in errors: without secrets, on one line, and not longer than a person reads.
func shown(source string) string {
	source = Redact(source)
	const most = 300
	if len(source) > most {
		source = strings.ToValidUTF8(source[:most], "") + "…"
	}
	if q := strconv.Quote(source); len(q) != len(source)+2 {
		return q
	}
	return source
}

// tidy returns path in its shortest form, so that one file is named in one way. A path with ".." is left alone: after a
// symbolic link its shortest form may be another file.
func tidy(path string) string {
	if path == "" || strings.Contains(path, "..") {
		return path
	}
	return filepath.Clean(path)
}
