package store

import (
	"errors"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// AppendText appends the text of n to b: its fields with a space between, on one line. It never fails.
//
//	17 9f86d081884c7d65 0 0 "a/b-2.\x01" "photos/b.png" "320" "640"
//
// They are the index, what a ledger knows the item by (two hashes), 1 where the item was put aside, the pattern, the
// input where it is a file, and the labels. The text is valid UTF-8, whatever bytes the input's path has.
func (n Name) AppendText(b []byte) ([]byte, error) {
	b = strconv.AppendInt(b, int64(n.index), 10)
	for _, hash := range n.mine {
		b = strconv.AppendUint(append(b, ' '), hash, 16)
	}
	if n.aside {
		b = append(b, " 1 "...)
	} else {
		b = append(b, " 0 "...)
	}
	b = strconv.AppendQuote(b, n.pattern)
	b = strconv.AppendQuote(append(b, ' '), n.file)
	for _, label := range n.labels {
		b = strconv.AppendQuote(append(b, ' '), label)
	}
	return b, nil
}

// MarshalText returns the text of n, from which UnmarshalText makes it again in another process.
func (n Name) MarshalText() ([]byte, error) { return n.AppendText(nil) }

// UnmarshalText reads what MarshalText wrote. It accepts no name that a [Namer] could not have planned: each path of
// what it accepts lies below the output folder and is valid on every system.
func (n *Name) UnmarshalText(text []byte) error {
	name, err := parseName(string(text))
	if err == nil {
		*n = name
	}
	return err
}

// errNameText is the error of a text that is not a name's.
var errNameText = errors.New("read a name: expected the text that Name.MarshalText writes")

func parseName(text string) (n Name, err error) {
	fields := strings.SplitN(text, " ", 5)
	if len(fields) < 5 || fields[3] != "0" && fields[3] != "1" {
		return Name{}, errNameText
	}
	if n.index, err = strconv.Atoi(fields[0]); err != nil || n.index < 0 || n.index >= math.MaxInt32 {
		return Name{}, errNameText
	}
	for i := range n.mine {
		if n.mine[i], err = strconv.ParseUint(fields[1+i], 16, 64); err != nil {
			return Name{}, errNameText
		}
	}
	n.aside = fields[3] == "1"
	var quoted []string
	for rest, more := fields[4], true; more; {
		q, err := strconv.QuotedPrefix(rest)
		if err != nil || q[0] != '"' {
			return Name{}, errNameText
		}
		plain, err := strconv.Unquote(q)
		if rest, more = strings.CutPrefix(rest[len(q):], " "); err != nil || !more && rest != "" {
			return Name{}, errNameText
		}
		quoted = append(quoted, plain)
	}
	if len(quoted) < 2 || !isPattern(quoted[0]) {
		return Name{}, errNameText
	}
	n.pattern, n.file = quoted[0], quoted[1]
	if labels := quoted[2:]; len(labels) > 0 {
		n.labels = slices.Clip(labels)
	}
	for _, label := range n.each() {
		if !fs.ValidPath(n.fill(inName(label), "jpg", "1", "1")) {
			return Name{}, errNameText
		}
	}
	return n, nil
}

// isPattern reports whether a Namer could have made a pattern.
func isPattern(s string) bool {
	if !utf8.ValidString(s) || !strings.HasSuffix(s, "."+string(rune(markExt))) || finishAll(s) != s {
		return false
	}
	for _, c := range s {
		switch c {
		case '/', markExt, markSize, markWidth, markHeight:
		default:
			if !allowed(c) && !strings.ContainsRune(photoMarks, c) {
				return false
			}
		}
	}
	return true
}
