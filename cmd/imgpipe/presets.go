package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/preset"
	"imgpipe/cmd/imgpipe/internal/summary"
)

func newPresetsCommand() *cobra.Command {
	var file string
	asJSON := false
	cmd := &cobra.Command{
		Use:   "presets [NAME...]",
		Short: "List the presets of --preset, and what each sets",
		Long: `List the presets that --preset knows: of ` + preset.FileName + ` in this folder or, in a
repository, in the nearest folder above; of your own file; and those that are built in.
Each comes with the flags that it stands for, as they would be typed. All are checked: the
exit status is 2 if one cannot be used.`,
		Example: `  imgpipe presets
  imgpipe presets web
  imgpipe presets --json`,
		ValidArgsFunction: completePresets,
		RunE: func(cmd *cobra.Command, args []string) error {
			return listPresets(cmd, file, asJSON, args)
		},
	}
	flags.Group{Set: cmd.Flags(), Heading: "Flags"}.Add(
		flags.Flag{Name: "json", Value: flags.Switch(&asJSON), Usage: "a JSON object on a line for each preset"},
		flags.Flag{Name: "preset-file", Value: flags.Text(&file, "FILE"), Usage: "list those of FILE, and those that " +
			"are built in"},
	)
	return cmd
}

// A presetRow is what is said of a preset.
type presetRow struct {
	Name    string              `json:"name"`
	About   string              `json:"about,omitempty"`
	File    string              `json:"file,omitempty"` // of a preset that is not built in
	Line    int                 `json:"line,omitempty"`
	Extends []string            `json:"extends,omitempty"` // all, the nearest first
	Flags   map[string][]string `json:"flags"`
}

// listPresets writes the presets of these names, or all.
func listPresets(cmd *cobra.Command, file string, asJSON bool, names []string) error {
	book, err := preset.Open(file)
	if err != nil {
		return usageErrorf("--preset-file %q: %w", file, err)
	}
	var bad []error
	if len(names) == 0 {
		for _, p := range book.All(func(err error) { bad = append(bad, err) }) {
			names = append(names, p.Name)
		}
	}
	table := newRunSet()
	addRunFlags(table)
	shown := 0
	for _, name := range names {
		row, err := rowOf(book, table, name)
		if err != nil {
			bad = append(bad, fmt.Errorf("preset %q: %w", name, err))
			continue
		}
		if asJSON {
			b, _ := json.Marshal(row) // texts alone
			fmt.Fprintf(cmd.OutOrStdout(), "%s\n", b)
			continue
		}
		if shown++; shown > 1 {
			fmt.Fprintln(cmd.OutOrStdout())
		}
		row.write(cmd.OutOrStdout(), table)
	}
	for _, err := range bad {
		fmt.Fprintf(cmd.ErrOrStderr(), "imgpipe: %v\n", err)
	}
	if len(bad) > 0 {
		return exitError{exitUsage, nil}
	}
	return nil
}

// rowOf returns what is said of the preset of a name.
func rowOf(book *preset.Book, table *pflag.FlagSet, name string) (row presetRow, err error) {
	chain, err := book.Resolve(name)
	if err != nil {
		return row, err
	}
	all, err := settings(table, chain)
	if err != nil {
		return row, err
	}
	p := chain[len(chain)-1]
	row = presetRow{Name: p.Name, About: p.About, File: p.File, Flags: map[string][]string{}}
	if p.File != "" {
		row.Line = p.Line
	}
	for _, base := range slices.Backward(chain[:len(chain)-1]) {
		row.Extends = append(row.Extends, base.Name)
	}
	for key, s := range all {
		row.Flags[key] = typedValues(table.Lookup(key), s)
	}
	return row, nil
}

// write writes the row as text.
func (r presetRow) write(w io.Writer, table *pflag.FlagSet) {
	from := "built in"
	if r.File != "" {
		from = fmt.Sprintf("%s:%d", r.File, r.Line)
	}
	if len(r.Extends) > 0 {
		from += ", extends " + strings.Join(r.Extends, ", ")
	}
	about := ""
	if r.About != "" {
		about = ": " + r.About
	}
	fmt.Fprintln(w, summary.Printable(fmt.Sprintf("%s (%s)%s", r.Name, from, about)))
	for _, key := range slices.Sorted(maps.Keys(r.Flags)) {
		for _, value := range r.Flags[key] {
			word := "--" + key
			if table.Lookup(key).NoOptDefVal == "" || value != "true" {
				word += "=" + value
			}
			fmt.Fprintln(w, "  "+summary.Printable(shellWord(word)))
		}
	}
}
