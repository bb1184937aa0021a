package fetch

import (
	"bytes"
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// This file reads URLs as browsers do: as the URL Standard (WHATWG, https://url.spec.whatwg.org) has its basic URL
// parser read those with the schemes http and https. What is percent-encoded already stays as it is, byte for byte,
// since a signature may be made of it; what a request cannot hold is encoded.
//
//	text ──> blankless ──> scheme, authority, path, query ──> url.URL, RawPath and RawQuery as they are sent
//
// Two things are taken besides: bytes that are not UTF-8, which are encoded one by one, and the zone of an IPv6
// address (RFC 6874).

// A schemeError is the error of a URL with another scheme than http and https.
type schemeError struct{ scheme string }

func (e schemeError) Error() string {
	return "the scheme " + e.scheme + " is not supported, expected http or https"
}

// parseWeb returns the URL that text names, relative to base unless that is nil. Its RawPath is the path as it is to
// be sent; Path is the same, decoded where it can be. It has no fragment, which is nothing that a server is asked for.
func parseWeb(text string, base *url.URL) (*url.URL, error) {
	text = blankless(text)
	scheme, rest, absolute := splitScheme(text)
	if absolute && scheme != "http" && scheme != "https" {
		return nil, schemeError{scheme}
	}
	if !absolute && base == nil {
		return nil, errors.New("the URL has no scheme, expected http:// or https://")
	}
	rest, _, _ = strings.Cut(rest, "#")
	if !absolute || base != nil && base.Scheme == scheme && !strings.HasPrefix(rest, "//") {
		return parseRelative(rest, base)
	}
	return parseAuthority(scheme, rest)
}

// parseRelative reads what has no scheme of its own, or that of base.
func parseRelative(rest string, base *url.URL) (*url.URL, error) {
	slashes := len(rest) - len(strings.TrimLeft(rest, `/\`))
	if slashes > 1 {
		return parseAuthority(base.Scheme, rest)
	}
	u := &url.URL{Scheme: base.Scheme, User: base.User, Host: base.Host, Path: base.Path, RawPath: base.RawPath}
	path, query, asks := strings.Cut(rest, "?")
	switch {
	case rest == "":
		u.RawQuery, u.ForceQuery = base.RawQuery, base.ForceQuery
		return u, nil
	case slashes == 1:
		setPath(u, "", path)
	case path != "":
		setPath(u, base.RawPath[:strings.LastIndexByte(base.RawPath, '/')], path)
	}
	setQuery(u, query, asks)
	return u, nil
}

// parseAuthority reads what follows a scheme and its colon, with any number of slashes.
func parseAuthority(scheme, rest string) (*url.URL, error) {
	rest = strings.TrimLeft(rest, `/\`)
	end := strings.IndexAny(rest, `/\?`)
	if end < 0 {
		end = len(rest)
	}
	authority, rest := rest[:end], rest[end:]
	u := &url.URL{Scheme: scheme}
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		name, password, has := strings.Cut(authority[:at], ":")
		if has && password != "" {
			u.User = url.UserPassword(percentDecode(name), percentDecode(password))
		} else if name != "" {
			u.User = url.User(percentDecode(name))
		}
		authority = authority[at+1:]
	}
	host, port := authority, ""
	if colon := strings.LastIndexByte(authority, ':'); colon > strings.LastIndexByte(authority, ']') {
		host, port = authority[:colon], authority[colon+1:]
	}
	host, err := parseHost(host)
	if err != nil {
		return nil, err
	}
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return nil, errors.New("the port is not a number, expected one from 0 to 65535")
		}
		if scheme == "http" && n != 80 || scheme == "https" && n != 443 {
			host += ":" + strconv.FormatUint(n, 10)
		}
	}
	u.Host = host
	path, query, asks := strings.Cut(rest, "?")
	setPath(u, "", path)
	setQuery(u, query, asks)
	return u, nil
}

// splitScheme returns the scheme of text in lower case and what follows its colon.
func splitScheme(text string) (scheme, rest string, ok bool) {
	for i := range len(text) {
		c := text[i]
		switch lower := c | 0x20; {
		case lower >= 'a' && lower <= 'z':
		case i > 0 && (c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.'):
		case i > 0 && c == ':':
			return strings.ToLower(text[:i]), text[i+1:], true
		default:
			return "", text, false
		}
	}
	return "", text, false
}

// blankless is text without control characters and blanks at its ends, and without any tab or line break.
func blankless(text string) string {
	for text != "" && text[0] <= ' ' {
		text = text[1:]
	}
	for text != "" && text[len(text)-1] <= ' ' {
		text = text[:len(text)-1]
	}
	if strings.ContainsAny(text, "\t\n\r") {
		text = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(text)
	}
	return text
}

// setPath sets u's path to path, below the folder dir, which has no slash at its end. Dots are resolved, backslashes
// are slashes.
func setPath(u *url.URL, dir, path string) {
	if path == "" || path[0] != '/' && path[0] != '\\' {
		path = "/" + path
	}
	dots := strings.Contains(path, "/.") || strings.Contains(path, "/%2")
	if dir != "" || dots || strings.IndexByte(path, '\\') >= 0 {
		path = resolve(dir, path[1:])
	}
	u.RawPath = encoded(path, &notInPath)
	u.Path = u.RawPath
	if strings.IndexByte(u.RawPath, '%') < 0 {
		return
	}
	if decoded, err := url.PathUnescape(u.RawPath); err == nil {
		u.Path = decoded
	}
}

// resolve returns the path that path, which does not begin with a slash, means in the folder dir.
func resolve(dir, path string) string {
	b := make([]byte, 0, len(dir)+1+len(path))
	b = append(b, dir...)
	for more := true; more; {
		segment := path
		if i := strings.IndexAny(path, `/\`); i >= 0 {
			segment, path = path[:i], path[i+1:]
		} else {
			more = false
		}
		dots := countDots(segment)
		if dots == 2 {
			b = b[:max(0, bytes.LastIndexByte(b, '/'))]
		}
		if dots == 0 {
			b = append(b, '/')
			b = append(b, segment...)
		} else if !more {
			b = append(b, '/')
		}
	}
	return string(b)
}

// countDots returns 1 for a segment that means its own folder, 2 for one that means the folder above, however they are
// encoded.
func countDots(segment string) (n int) {
	for segment != "" {
		switch {
		case segment[0] == '.':
			segment = segment[1:]
		case len(segment) >= 3 && strings.EqualFold(segment[:3], "%2e"):
			segment = segment[3:]
		default:
			return 0
		}
		if n++; n > 2 {
			return 0
		}
	}
	return n
}

func setQuery(u *url.URL, query string, asks bool) {
	u.RawQuery = encoded(query, &notInQuery)
	u.ForceQuery = asks && query == ""
}

// What is encoded besides control characters, blanks and all that is not ASCII: the path percent-encode set and the
// special-query percent-encode set of the standard.
var (
	notInPath  = percentSet("\"<>`{}")
	notInQuery = percentSet(`"<>'`)
)

func percentSet(more string) (set [256]bool) {
	for c := range set {
		set[c] = c <= ' ' || c > '~' || strings.IndexByte(more, byte(c)) >= 0
	}
	return set
}

// encoded is s with the bytes of set percent-encoded.
func encoded(s string, set *[256]bool) string {
	count := 0
	for i := range len(s) {
		if set[s[i]] {
			count++
		}
	}
	if count == 0 {
		return s
	}
	const digits = "0123456789ABCDEF"
	b := make([]byte, 0, len(s)+2*count)
	for i := range len(s) {
		if c := s[i]; set[c] {
			b = append(b, '%', digits[c>>4], digits[c&15])
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}

// percentDecode decodes what is percent-encoded in s. A % that stands for itself stays.
func percentDecode(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b = append(b, byte(c))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

// target is u as http.Request wants it, so that the bytes of its path are sent: net/http would encode once more what
// it finds to be encoded badly, such as a % that stands for itself. proxy is what u is asked of, or nil.
func target(u, proxy *url.URL) *url.URL {
	exact := *u
	if exact.EscapedPath() == u.RawPath {
		return &exact
	}
	exact.Opaque = u.RawPath
	whole := proxy != nil && u.Scheme == "http" && !strings.HasPrefix(proxy.Scheme, "socks")
	if whole || strings.HasPrefix(u.RawPath, "//") {
		// A proxy for HTTP wants the URL as a whole, and a path that begins with two slashes would be taken for a
		// host.
		exact.Opaque = "//" + u.Host + u.RawPath
	}
	return &exact
}
