package transform

import (
	"encoding/hex"
	"image/color"
	"strings"
)

// A Color is "#rrggbb" or "#rrggbbaa" in lower case, not multiplied by its alpha. "" is white.
type Color string

var namedColors = map[string]Color{
	"white": "#ffffff", "black": "#000000", "gray": "#808080", "grey": "#808080", "red": "#ff0000",
	"green": "#008000", "blue": "#0000ff", "yellow": "#ffff00", "transparent": "#00000000",
}

const colorExpected = "#rgb, #rrggbb, #rrggbbaa or a name such as white, black or transparent"

// ParseColor reads #rgb, #rrggbb or #rrggbbaa, with or without the #, or one of the names white, black, gray, red,
// green, blue, yellow and transparent.
func ParseColor(s string) (Color, error) {
	if c, ok := namedColors[strings.ToLower(s)]; ok {
		return c, nil
	}
	digits := strings.ToLower(strings.TrimPrefix(s, "#"))
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	_, err := hex.DecodeString(digits)
	if err != nil || len(digits) != 6 && len(digits) != 8 {
		return "", &ValueError{What: "color", Value: s, Expected: colorExpected}
	}
	if len(digits) == 8 && strings.HasSuffix(digits, "ff") {
		digits = digits[:6]
	}
	return Color("#" + digits), nil
}

// name returns c in a sentence. It is the same for a Spec that went through its text.
func (c Color) name() string {
	if c.nrgba() == Color("").nrgba() {
		return "white"
	}
	return string(c)
}

// text returns c as it stands in a Spec's text: "" for white. A Color that ParseColor cannot read is as it is.
func (c Color) text() string {
	canonical, err := ParseColor(string(c))
	switch {
	case c == "" || err == nil && c.nrgba() == Color("").nrgba():
		return ""
	case err != nil:
		return string(c)
	}
	return string(canonical)
}

// nrgba returns the parts of the color. A Color that ParseColor cannot read is white.
func (c Color) nrgba() color.NRGBA {
	white := color.NRGBA{0xff, 0xff, 0xff, 0xff}
	if c == "" {
		return white
	}
	parsed, err := ParseColor(string(c))
	if err != nil {
		return white
	}
	b, _ := hex.DecodeString(string(parsed[1:]))
	if len(b) == 3 {
		b = append(b, 0xff)
	}
	return color.NRGBA{b[0], b[1], b[2], b[3]}
}
