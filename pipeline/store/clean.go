package store

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// allowed reports whether c may stand in the name of a file: every system takes it, and a listing that shows it does
// not deceive its reader.
func allowed(c rune) bool {
	switch {
	case c < utf8.RuneSelf:
		return c >= ' ' && c != 0x7f && !strings.ContainsRune(`/\<>:"|?*`, c)
	case unicode.IsControl(c), c == utf8.RuneError, c == '\u2028', c == '\u2029':
		return false
	case c == '\u061c', c >= '\u200b' && c <= '\u200f' && c != '\u200c' && c != '\u200d',
		c >= '\u202a' && c <= '\u202e', c >= '\u2060' && c <= '\u2069', c == '\ufeff':
		// They turn the direction of writing, or show nothing: "gpj.exe" reads as "exe.jpg". The two joiners that
		// scripts and emoji need are allowed.
		return false
	case c&0xfffe == 0xfffe, c >= 0xfdd0 && c <= 0xfdef:
		return false // noncharacters, which some file systems refuse
	}
	return true
}

// clean returns s as it can stand inside one part of a name: valid UTF-8 in normal form C, with an underscore for every
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

// cut shortens s to max bytes, at the border of a character. The end of a string that was cut is a hash of the whole,
// so that two strings with the same beginning stay different.
func cut(s string, max int) string {
	if len(s) <= max {
		return s
	}
	return cutPlain(s, max-9) + "-" + sha8(s)
}

// cutPlain shortens s to max bytes. It cuts before a character, together with the accents that combine with that.
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

// finish returns one part of a name, which is complete but for its marks, as every system takes it: not hidden, not
// like an option, without a dot or space at its end, and not the name of a device of Windows. last says that it is the
// part of the file, and not that of a folder.
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

// imageFolder reports whether the name of a folder could be the name of an output. Such a folder gets another name, so
// that it never matters whether a file or a folder came first.
func imageFolder(part string) bool {
	return imageName(part) || strings.HasSuffix(part, "."+string(rune(markExt)))
}

// reserved reports whether a name is one that Windows keeps for devices, with whatever extension (Naming Files, Paths,
// and Namespaces, Microsoft), or the ledger's.
func reserved(part string) bool {
	if IsLedger(part) {
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
