package main

import (
	"fmt"
	"slices"
	"strings"

	"imgpipe/transform"
)

// What is said of formats here comes from transform's table, so that a new format is in every list.

// formatsThat returns the formats that pass a test, each as show has it, with sep between them.
func formatsThat(pass func(transform.Format) bool, show func(transform.Format) string, sep string) string {
	var list []string
	for _, f := range transform.Formats() {
		if pass(f) {
			list = append(list, show(f))
		}
	}
	return strings.Join(list, sep)
}

func formatName(f transform.Format) string { return string(f) }

// A formatChoice is what --format asks for: the Formats of a Spec, and whether only the smallest is kept.
type formatChoice struct {
	list     []transform.Format
	smallest bool
}

func parseFormatChoice(s string) (c formatChoice, err error) {
	c.list, c.smallest, err = transform.ParseFormats(s)
	return c, err
}

func (c formatChoice) String() string { return transform.FormatsText(c.list, c.smallest) }

// formatWords are the words that --format takes.
func formatWords() string {
	return "keep|auto|" + formatsThat(transform.Format.Writable, formatName, "|")
}

// formatHelp is the help of --format.
func formatHelp() string {
	inAuto := func(f transform.Format) bool { return f.InAuto() && f.Writable() }
	text := "formats of the outputs, with commas between them: each size is made once and written in all. auto: for " +
		"each image the smallest of those that suit it, of " + formatsThat(inAuto, transform.Format.Title, ", ") +
		" or of a list such as auto:jpeg,png (default keep"
	readOnly := func(f transform.Format) bool { return !f.Writable() }
	formats := transform.Formats()
	i := slices.IndexFunc(formats, readOnly)
	if i < 0 {
		return text + ")"
	}
	clear, opaque := keptAs(formats[i])
	others := formatsThat(readOnly, transform.Format.Title, ", ")
	return fmt.Sprintf("%s, but %s becomes %s or %s)", text, others, clear.Title(), opaque.Title())
}

// animatedFormats are the formats that can hold an animation.
func animatedFormats() string {
	return formatsThat(transform.Format.Animates, transform.Format.Title, ", ")
}

// keptAs returns the formats in which a transparent and an opaque image of format f are written by default.
func keptAs(f transform.Format) (clear, opaque transform.Format) {
	var keep transform.Spec
	return keep.Outputs(transform.Header{Format: f, Alpha: true})[0], keep.Outputs(transform.Header{Format: f})[0]
}

// qualityHelp are the qualities that each format has by default.
func qualityHelp() string {
	withDefault := func(f transform.Format) string { return fmt.Sprintf("%s %d", f.Title(), f.DefaultQuality()) }
	return formatsThat(transform.Format.HasQuality, withDefault, ", ")
}

// heeding are the formats in which a setting changes something.
func heeding(setting string) string {
	return formatsThat(func(f transform.Format) bool { return f.Heeds(setting) }, transform.Format.Title, ", ")
}

// metadataFormats are the formats that --metadata is for.
func metadataFormats() string {
	return formatsThat(transform.Format.HoldsMetadata, transform.Format.Title, ", ")
}

// formatLines are the formats that this build reads and writes, for --version.
func formatLines() string {
	return "reads " + formatsThat(transform.Format.Readable, formatName, " ") + "\nwrites " +
		formatsThat(transform.Format.Writable, formatName, " ") + "\n"
}
