// Package preset reads named sets of flags from files in TOML, such as
//
//	[preset.web]
//	about = "pictures for a page"
//	resize = "1600x1600"
//	format = ["webp", "jpeg"]
//
//	[preset.thumbs]
//	extends = "web"
//	resize = "256x256"
//
//	imgpipe.toml, near to far ──> Find ──> Book ──> Resolve(name) ──> Settings, which the command checks and applies
//
// Start with [Open], which returns the [Book] of all presets that can be named. The package knows how presets are
// written, and where they are looked for. It knows no flag: what a key means, and whether its value is good, is for the
// command.
//
// A file may come from a stranger, as part of a repository. So it is bounded, includes no other file, and is read only
// when a preset is asked for.
package preset

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Setting is one key of a preset.
type Setting struct {
	// Key is the long name of a flag.
	Key string
	// Values are the texts of the value: one or, if List is set, those of an array.
	Values []string
	List   bool
	// At is where the key stands: "imgpipe.toml:3".
	At string
}

// A Preset is a named set of flags, as it stands in a file.
type Preset struct {
	Name string
	// About is what it is for, in one line; "" if the file does not say.
	About string
	// Extends is the preset that it begins with, or "".
	Extends string
	// Settings are in the order of the file.
	Settings []Setting
	// File is the file, as it was found; "" for a preset that is built in. Line is where it begins, from 1.
	File string
	Line int

	file int // place of its file in the book
}

// At returns where the preset begins: "imgpipe.toml:3".
func (p *Preset) At() string { return at(p.File, p.Line) }

// at returns a place in a file: "imgpipe.toml:3". A line of 0 is not known.
func at(file string, line int) string {
	switch {
	case file == "":
		return "built-in presets"
	case line == 0:
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// An UnknownError is the error of a preset that no file has.
type UnknownError struct {
	Name string
	// Known are the names of all presets.
	Known []string
	// Files are those that were read.
	Files []string
}

// Error says which presets there are.
func (e *UnknownError) Error() string {
	where := "no " + FileName + " was found"
	if len(e.Files) > 0 {
		where = "looked in " + strings.Join(e.Files, " and ")
	}
	return fmt.Sprintf("there is no such preset (%s): expected one of %s", where, strings.Join(e.Known, ", "))
}

// maxDepth bounds how many presets extend one another.
const maxDepth = 20

// Resolve returns the preset of that name and, before it, those that it extends, the first of them first. What a later
// one sets wins over what an earlier one sets. A preset may extend one of the same name in a file that is farther
// away.
func (b *Book) Resolve(name string) ([]*Preset, error) {
	var chain []*Preset
	for from := 0; ; {
		p, err := b.find(name, from)
		if unknown := (*UnknownError)(nil); errors.As(err, &unknown) && len(chain) > 0 {
			return nil, fmt.Errorf("%s: preset %s extends %q: %w", chain[0].At(), chain[0].Name, name, err)
		}
		if err != nil {
			return nil, err
		}
		switch {
		case slices.Contains(chain, p):
			return nil, fmt.Errorf("%s: preset %s extends itself, by way of %s: expected one that does not", p.At(),
				p.Name, chain[0].Name)
		case len(chain) == maxDepth:
			return nil, fmt.Errorf("%s: over %d presets extend one another: expected fewer", p.At(), maxDepth)
		}
		chain = slices.Insert(chain, 0, p)
		if p.Extends == "" {
			return chain, nil
		}
		name, from = p.Extends, p.file
		if p.Extends == p.Name {
			from++
		}
	}
}

// find returns the preset of that name in the first file that has one, from a place on.
func (b *Book) find(name string, from int) (*Preset, error) {
	for i := from; i < len(b.files); i++ {
		presets, err := b.read(i)
		if err != nil {
			return nil, err
		}
		for _, p := range presets {
			if p.Name == name {
				return p, nil
			}
		}
	}
	unknown := &UnknownError{Name: name}
	for _, p := range b.All(nil) {
		unknown.Known = append(unknown.Known, p.Name)
	}
	for _, file := range b.files {
		if file != "" {
			unknown.Files = append(unknown.Files, file)
		}
	}
	return nil, unknown
}

// All returns the presets that can be named, near files first. Of those of one name, it is the nearest. Files that
// cannot be read are left out, and bad is called with the error of each, unless it is nil.
func (b *Book) All(bad func(error)) (all []*Preset) {
	for i := range b.files {
		presets, err := b.read(i)
		if err != nil {
			if bad != nil {
				bad(err)
			}
			continue
		}
		for _, p := range presets {
			if !slices.ContainsFunc(all, func(other *Preset) bool { return other.Name == p.Name }) {
				all = append(all, p)
			}
		}
	}
	return all
}
