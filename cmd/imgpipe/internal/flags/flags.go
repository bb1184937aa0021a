// Package flags is how a command line of imgpipe is read: values of flags with one parser each, the table of a
// command's flags, their help, and errors that name the flag, its value and what was expected.
//
// Start with [Group.Add], which adds rows of type [Flag] to a command. A value is one of [Whole], [Choice], [Period],
// [Bytes] and their like; [Parsed] and [List] take the parser of another package. What a flag holds is good by itself
// once it has been read. What flags mean together is for the command to check.
//
// The package knows no command and no library of imgpipe. It writes nothing by itself.
package flags

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// A Flag is a row of a table of flags.
type Flag struct {
	// Name is the long name, Short the letter, "" for none.
	Name, Short string
	// Value is where the flag's value goes. Its value at the time of [Group.Add] is the default.
	Value pflag.Value
	// Usage is one paragraph of help. Help wraps it.
	Usage string
	// Common has the short help show the flag, beside the long one.
	Common bool
	// Hidden has no help show the flag.
	Hidden bool
}

// Annotations of a pflag.Flag that hold what only a Flag has.
const (
	headingKey = "imgpipe-heading"
	commonKey  = "imgpipe-common"
)

// A Group is a set of flags, under one heading of the help.
type Group struct {
	Set     *pflag.FlagSet
	Heading string
}

// Add adds flags in the order of the help.
func (g Group) Add(rows ...Flag) {
	for _, row := range rows {
		f := g.Set.VarPF(row.Value, row.Name, row.Short, row.Usage)
		if f.Value.Type() == switchKind {
			f.NoOptDefVal = "true"
		}
		f.Hidden = row.Hidden
		Move(f, g.Heading, true)
		if row.Common {
			f.Annotations[commonKey] = []string{"true"}
		}
	}
}

// Heading returns the heading that a flag stands under, "" for a flag that no Group has added.
func Heading(f *pflag.Flag) string {
	if h := f.Annotations[headingKey]; len(h) > 0 {
		return h[0]
	}
	return ""
}

// Move puts a flag under another heading, and keeps it out of the short help unless it is common there, too. It leaves
// the annotations of a flag that f is a copy of as they are.
func Move(f *pflag.Flag, heading string, common bool) {
	annotations := map[string][]string{headingKey: {heading}}
	if common && IsCommon(f) {
		annotations[commonKey] = f.Annotations[commonKey]
	}
	f.Annotations = annotations
}

// IsCommon reports whether the short help shows a flag.
func IsCommon(f *pflag.Flag) bool { return len(f.Annotations[commonKey]) > 0 }

// Words returns the words that a flag takes, for completion; nil where it takes other values.
func Words(f *pflag.Flag) []string {
	words := strings.Split(f.Value.Type(), "|")
	if len(words) < 2 || slices.ContainsFunc(words, func(w string) bool { return strings.ToLower(w) != w }) {
		return nil // one name for all values, such as SIZE or N|N%
	}
	return words
}
