package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/transform"
)

// A sight is what imgpipe info says of a file. Its JSON is that of --json; what is not known is left out.
type sight struct {
	File  string `json:"file"`
	Bytes int64  `json:"bytes,omitempty"`
	// Error and Class say why the file cannot be read.
	Error string `json:"error,omitempty"`
	Class string `json:"class,omitempty"`

	Format      transform.Format `json:"format,omitempty"`
	Width       int              `json:"w,omitempty"`
	Height      int              `json:"h,omitempty"`
	Orientation int              `json:"orientation,omitempty"`
	Alpha       bool             `json:"alpha,omitempty"`
	Progressive bool             `json:"progressive,omitempty"`
	Bits        int              `json:"bits,omitempty"`
	// Several reports frames or pages behind the first.
	Several bool `json:"several,omitempty"`

	Profile        string `json:"profile,omitempty"`
	ProfileProblem string `json:"profile_problem,omitempty"`
	EXIF           bool   `json:"exif,omitempty"`
	XMP            bool   `json:"xmp,omitempty"`
	IPTC           bool   `json:"iptc,omitempty"`
	Camera         string `json:"camera,omitempty"`
	Taken          string `json:"taken,omitempty"`
	Artist         string `json:"artist,omitempty"`
	Copyright      string `json:"copyright,omitempty"`
	GPS            bool   `json:"gps,omitempty"`
	Thumbnail      bool   `json:"thumbnail,omitempty"`

	// Decoded reports that the picture was decoded. Damaged says what is missing of it, Warnings what is odd.
	Decoded  bool     `json:"decoded"`
	Damaged  string   `json:"damaged,omitempty"`
	Warnings []string `json:"warnings,omitempty"`

	// Steps are what a run would do, and Need the memory for it. Refused says why a run would fail.
	Steps   []string `json:"steps,omitempty"`
	Need    int64    `json:"need,omitempty"`
	Refused string   `json:"refused,omitempty"`
}

// fail notes why a file cannot be read.
func (s *sight) fail(err error) {
	s.Error = err.Error()
	if e, ok := errors.AsType[*transform.Error](err); ok {
		s.Class = e.Kind
	}
}

// about takes over what the file says of itself.
func (s *sight) about(a transform.About) {
	s.Format, s.Width, s.Height, s.Orientation = a.Format, a.Width, a.Height, a.Orientation
	s.Alpha, s.Progressive, s.Bits, s.Several = a.Alpha, a.Progressive, a.Bits, a.Several
	s.Profile, s.ProfileProblem = a.Profile, a.ProfileProblem
	s.EXIF, s.XMP, s.IPTC = a.EXIF, a.XMP, a.IPTC
	s.Camera, s.Taken, s.Artist, s.Copyright = a.Camera, a.Taken, a.Artist, a.Copyright
	s.GPS, s.Thumbnail = a.GPS, a.Thumbnail
	s.Warnings = a.Remarks
}

// Bounds of a picture that is decoded to find damage: what it is reduced to, and the memory for it.
const (
	sightSide  = 64
	sightGrant = 1 << 30
)

// decode finds out what is damaged. A small picture is made of all of the file.
func (s *sight) decode(ctx context.Context, data []byte, h transform.Header, limits transform.Limits) {
	limits.RefuseDamaged, limits.Time = false, time.Minute
	small := transform.Spec{
		Sizes: []transform.Resize{{Width: sightSide, Height: sightSide}}, Formats: []transform.Format{transform.PNG},
		ICC: transform.ProfileStrip, Depth: transform.Depth8,
	}
	res, err := transform.Do(ctx, transform.Task{Data: data, Spec: small, Limits: limits, Grant: sightGrant})
	if need, ok := errors.AsType[*transform.NeedError](err); ok {
		s.Warnings = append(s.Warnings, fmt.Sprintf("it was not decoded: that takes %s", summary.Bytes(need.Need)))
		return
	}
	if err != nil {
		s.fail(err)
		return
	}
	s.Decoded = true
	if res.Damaged {
		s.Damaged = res.Warnings[0]
	}
}

// linesOf returns the lines of a text.
func linesOf(text string) []string { return strings.Split(strings.TrimRight(text, "\n"), "\n") }

func (s *sight) writeJSON(w io.Writer) {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.Encode(s) // it can be encoded; an error of w is kept there
}

// writeText writes a line for each thing that is known.
func (s *sight) writeText(w io.Writer) {
	fmt.Fprintln(w, summary.Printable(s.File))
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(w, "  %-12s %s\n", name, summary.Printable(text))
		}
	}
	line("format", s.kind())
	line("size", s.size())
	line("file", summary.Bytes(s.Bytes))
	line("color", s.color())
	line("metadata", s.metadata())
	line("camera", s.Camera)
	line("taken", s.Taken)
	line("artist", s.Artist)
	line("copyright", s.Copyright)
	line("damaged", s.Damaged)
	for _, warning := range s.Warnings {
		line("note", warning)
	}
	line("refused", s.Refused)
	if len(s.Steps) > 0 {
		fmt.Fprintf(w, "  a run would, with %s of memory,\n", summary.Bytes(s.Need))
	}
	for _, step := range s.Steps {
		fmt.Fprintf(w, "    %s\n", summary.Printable(step))
	}
}

// kind returns format and kind of a file in words.
func (s *sight) kind() string {
	parts := []string{s.Format.Title()}
	if s.Progressive {
		parts = append(parts, "progressive")
	}
	if s.Bits > 0 {
		parts = append(parts, fmt.Sprintf("%d bits", s.Bits))
	}
	if s.Alpha {
		parts = append(parts, "transparency")
	}
	if s.Several {
		parts = append(parts, "several frames or pages")
	}
	return strings.Join(parts, ", ")
}

// size returns the size as it is stored, and upright.
func (s *sight) size() string {
	text := fmt.Sprintf("%dx%d, %.1f megapixels", s.Width, s.Height, float64(s.Width)*float64(s.Height)/1e6)
	switch {
	case s.Orientation > 4:
		text += fmt.Sprintf(", %dx%d when turned upright from orientation %d", s.Height, s.Width, s.Orientation)
	case s.Orientation > 1:
		text += fmt.Sprintf(", to be turned upright from orientation %d", s.Orientation)
	}
	return text
}

// color returns the name of the color profile, or what is wrong with it.
func (s *sight) color() string {
	switch {
	case s.ProfileProblem != "":
		return s.ProfileProblem
	case s.Profile != "":
		return "profile " + s.Profile
	}
	return "no profile: sRGB"
}

// metadata returns the kinds of metadata in words.
func (s *sight) metadata() string {
	var parts []string
	for _, kind := range []struct {
		there bool
		name  string
	}{
		{s.EXIF, "EXIF"}, {s.XMP, "XMP"}, {s.IPTC, "IPTC"}, {s.GPS, "the place where it was taken (GPS)"},
		{s.Thumbnail, "a thumbnail"},
	} {
		if kind.there {
			parts = append(parts, kind.name)
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}
