package store

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// allowed tells whether c may stand in the name of a file: on every system, and in a listing without deceiving whoever
// reads it.
func allowed(c rune) bool {
	switch {
	case c < utf8.RuneSelf:
		return c >= ' ' && c != 0x7f && !strings.ContainsRune(`/\<>:"|?*`, c)
	case unicode.IsControl(c), c == utf8.RuneError, c == '\u2028', c == '\u2029':
		return false
	case c == '\u061c', c >= '\u200b' && c <= '\u200f' && c != '\u200c' && c != '\u200d', c >= '\u202a' && c <= '\u202e', c >= '\u2060' && c <= '\u2069', c == '\ufeff':
		// They turn the direction of writing, or show nothing: "gpj.exe" reads as "exe.jpg". The two joiners that
		// scripts and emoji need may stay.
		return false
	case c&0xfffe == 0xfffe, c >= 0xfdd0 && c <= 0xfdef:
		return false // noncharacters, which some file systems refuse
	}
	return true
}

// clean makes s fit to stand inside one part of a name: valid UTF-8 in normal form C, with an underscore for every
// character that is not allowed.
func clean(s string) string {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] < utf8.RuneSelf && allowed(rune(s[i]))
	}
	if plain {
		return s
	}
	return norm.NFC.String(strings.Map(func(c rune) rune {
		if allowed(c) {
			return c
		}
		return '_'
	}, s))
}

// cut shortens s to max bytes, at the border of a character, and tells it from others with the same beginning by its hash.
func cut(s string, max int) string {
	if len(s) <= max {
		return s
	}
	return cutPlain(s, max-9) + "-" + sha8(s)
}

// cutPlain cuts before a character, together with the accents that combine with it.
func cutPlain(s string, max int) string {
	if len(s) <= max {
		return s
	}
	for max > 0 && (!utf8.RuneStart(s[max]) || unicode.Is(unicode.Mn, firstRune(s[max:]))) {
		max--
	}
	return s[:max]
}

func firstRune(s string) rune {
	c, _ := utf8.DecodeRuneInString(s)
	return c
}

// finish makes one part of a name, complete but for its marks, one that every system takes: it is not hidden, cannot be
// taken for an option, ends in no dot or space, and is none of the devices of Windows. last tells that it is the file's.
func finish(part string, last bool) string {
	// Where two pieces of a template meet, an accent can combine with what stands before it.
	part = strings.TrimRight(norm.NFC.String(part), ". ")
	if part == "" {
		return "_"
	}
	switch part[0] {
	case '.', '-', ' ':
		part = "_" + part[1:]
	}
	if reserved(part) {
		part = "_" + part
	}
	if !last && imageFolder(part) {
		part += "_"
	}
	return part
}

// imageFolder tells that a folder's name could be the name of an output. Such a folder gets another name, so that whether
// a file or a folder came first never matters.
func imageFolder(part string) bool {
	return imageName(part) || strings.HasSuffix(part, "."+string(rune(markExt)))
}

// reserved tells the names that Windows keeps for devices, with whatever extension (Naming Files, Paths, and Namespaces,
// Microsoft), and our own.
func reserved(part string) bool {
	if strings.EqualFold(part, LedgerName) {
		return true
	}
	base, _, _ := strings.Cut(part, ".")
	base = strings.TrimRight(base, " ")
	switch n := utf8.RuneCountInString(base); {
	case n < 3 || n > 7:
		return false
	case n == 4 && (strings.EqualFold(base[:3], "com") || strings.EqualFold(base[:3], "lpt")):
		// A width or height can be one digit.
		return strings.ContainsRune("0123456789¹²³\x03\x04", firstRune(base[3:]))
	}
	for _, device := range [...]string{"con", "prn", "aux", "nul", "conin$", "conout$"} {
		if strings.EqualFold(base, device) {
			return true
		}
	}
	return false
}
