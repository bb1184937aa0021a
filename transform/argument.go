package transform

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A kind is the type of an argument's value.
type kind uint8

const (
	kindNumber kind = iota // a number from min to max
	kindSize               // WxH, Wx, xH, N or N%
	kindBox                // WxH, each a length
	kindLength             // pixels, or a percentage of the image's side
	kindChoice             // one of a list of words
	kindSwitch             // on or off
	kindAsset              // the name of a file whose bytes are in the Spec
	kindHash               // the first digits of an asset's SHA-256
	kindFont               // the name of a font file whose bytes are in the Spec
	kindColor              // a color
	kindText               // text to be drawn
)

// An argument is one value that an operation takes.
type argument struct {
	name     string
	kind     kind
	min, max float64
	choices  []string
	def      string // canonical text of the default; "" if there is none
	required bool
	doc      string
}

// A length is a number of pixels, or a part of a side of the image.
type length struct {
	n       float64
	percent bool
}

// of returns the length in pixels, on a side of so many pixels.
func (l length) of(side int) int {
	if l.percent {
		return int(math.Round(l.n * float64(side) / 100))
	}
	return int(l.n)
}

func (l length) String() string {
	if l.percent {
		return number(l.n) + "%"
	}
	return number(l.n)
}

// A value is the value of an argument. Two values are equal if their text is, which is canonical.
type value struct {
	text string
	num  float64
	w, h length
}

// maxSide is the longest side that can be asked for: one pixel more than a JPEG or a GIF can hold.
const maxSide = 1 << 16

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// expected returns in words what values the argument takes.
func (a *argument) expected() string {
	switch a.kind {
	case kindNumber:
		return fmt.Sprintf("a number from %s to %s", number(a.min), number(a.max))
	case kindSize:
		return fmt.Sprintf("WxH, Wx, xH, N or N%%, such as 800x600, with sides from 1 to %d", maxSide)
	case kindBox:
		return "WxH in pixels or percent, such as 400x300 or 50%x50%"
	case kindLength:
		return fmt.Sprintf("pixels up to %d, or a percentage, such as 10 or 5%%", maxSide)
	case kindChoice:
		return inWords(a.choices, "or")
	case kindSwitch:
		return "on or off"
	case kindHash:
		return "16 hexadecimal digits"
	case kindFont:
		return "the name of a TrueType file"
	case kindColor:
		return colorExpected
	case kindText:
		return textExpected
	}
	return "the name of an image file"
}

// parse reads a value and makes its text canonical. The error names the argument, the value and what was expected.
func (a *argument) parse(s string) (value, error) {
	v, ok := a.read(s)
	if !ok {
		return value{}, &ValueError{What: a.name, Value: s, Expected: a.expected()}
	}
	return v, nil
}

func (a *argument) read(s string) (v value, ok bool) {
	switch a.kind {
	case kindNumber:
		f, ok := parseNumber(s)
		return value{text: number(f), num: f}, ok && f >= a.min && f <= a.max
	case kindSize:
		return readSize(s)
	case kindBox:
		ws, hs, found := strings.Cut(s, "x")
		w, okW := readLength(ws)
		h, okH := readLength(hs)
		ok := found && okW && okH && w.n > 0 && h.n > 0
		return value{text: w.String() + "x" + h.String(), w: w, h: h}, ok
	case kindLength:
		l, ok := readLength(s)
		return value{text: l.String(), w: l}, ok
	case kindChoice:
		s = strings.ToLower(s)
		return value{text: s}, slices.Contains(a.choices, s)
	case kindSwitch:
		switch strings.ToLower(s) {
		case "on", "true", "yes", "1":
			return value{text: "on", num: 1}, true
		case "off", "false", "no", "0":
			return value{text: "off"}, true
		}
		return value{}, false
	case kindHash:
		s = strings.ToLower(s)
		return value{text: s}, len(s) == hashDigits && strings.Trim(s, "0123456789abcdef") == ""
	case kindColor:
		c, err := ParseColor(s)
		return value{text: string(c)}, err == nil
	case kindText:
		text, err := url.PathUnescape(s)
		return value{text: text}, err == nil && drawable(text)
	}
	name, err := url.PathUnescape(s)
	return value{text: name}, err == nil && name != "" && !strings.ContainsRune(name, 0)
}

// parseNumber reads a decimal number. It takes neither infinity nor hexadecimal digits, and makes -0 zero.
func parseNumber(s string) (float64, bool) {
	if strings.Trim(s, "+-.0123456789eE") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if f == 0 {
		f = 0 // drops the sign of -0
		return math.Abs(f), err == nil
	}
	return f, err == nil
}

func readLength(s string) (length, bool) {
	digits, percent := strings.CutSuffix(s, "%")
	f, ok := parseNumber(digits)
	if percent {
		return length{f, true}, ok && f >= 0 && f <= 100
	}
	return length{f, false}, ok && f >= 0 && f <= maxSide && f == math.Trunc(f)
}

// readSize reads the size of a resize. A missing side has length 0; a percentage stands in w alone.
func readSize(s string) (value, bool) {
	s = strings.ToLower(s)
	if digits, percent := strings.CutSuffix(s, "%"); percent {
		f, ok := parseNumber(digits)
		return value{text: number(f) + "%", w: length{f, true}}, ok && f > 0 && f <= 1000
	}
	ws, hs, found := strings.Cut(s, "x")
	if !found {
		hs = ws
	}
	if ws == "" && hs == "" {
		return value{}, false
	}
	side := func(s string) (length, bool) {
		if s == "" {
			return length{}, true
		}
		l, ok := readLength(s)
		return l, ok && l.n > 0 && !l.percent
	}
	w, okW := side(ws)
	h, okH := side(hs)
	v := value{w: w, h: h}
	switch {
	case h.n == 0:
		v.text = w.String() + "x"
	case w.n == 0:
		v.text = "x" + h.String()
	default:
		v.text = w.String() + "x" + h.String()
	}
	return v, okW && okH
}

// names reports whether the argument is the name of a file whose bytes are in the Spec.
func (a *argument) names() bool { return a.kind == kindAsset || a.kind == kindFont }

// print returns the text of a value in a Spec. It escapes the name of an asset and a text, which may contain what
// separates steps.
func (a *argument) print(v value) string {
	switch {
	case a.kind == kindText:
		return printText(v.text)
	case !a.names():
		return v.text
	}
	var b strings.Builder
	for i := range len(v.text) {
		c := v.text[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("%,;=\"'\\", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
