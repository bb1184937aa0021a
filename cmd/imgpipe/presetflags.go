package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/preset"
	"imgpipe/cmd/imgpipe/internal/summary"
)

// presetFlags name the presets that flags come from.
type presetFlags struct {
	names []string
	file  string

	used []*preset.Preset // those of names, in their order
	set  map[string]bool  // the flags that were set by them, by their names in imgpipe run
}

func (f *presetFlags) add(set *pflag.FlagSet) {
	flags.Group{Set: set, Heading: "Presets"}.Add(
		flags.Flag{Name: "preset", Value: flags.Texts(&f.names, "NAME"),
			Usage: "take flags from the preset NAME of " + preset.FileName + ", or from one that is built in; may be " +
				"repeated, and the later one wins. What is typed wins over all presets. See 'imgpipe presets' and " +
				"'imgpipe help presets'"},
		flags.Flag{Name: "preset-file", Value: flags.Text(&f.file, "FILE"),
			Usage: "file of presets (default " + preset.FileName + " of this folder or, in a repository, of the " +
				"nearest folder above; then your own)"},
	)
}

// settableHeadings are the headings of imgpipe run's flags that presets may set: what is made of images, and with how
// much at once. settable are further flags. What is read and written, what replaces files, what is done again, which
// hosts are asked and with what beside the URL, what they wish for, and how far workers are trusted is said at each
// run: a file of presets may come with somebody else's repository.
var (
	settableHeadings = []string{pictureHeading, filesHeading, limitsHeading, speedHeading}
	settable         = []string{
		"resize", "format", "quality", "mode", "name", "keep-mtime", "include", "exclude", "worker-memory", "recycle",
		"timeout", "connect-timeout", "retries", "per-host", "rate", "user-agent", "min-speed",
	}
)

// maySet reports whether a preset may set a flag of imgpipe run.
func maySet(f *pflag.Flag) bool {
	return !f.Hidden && (slices.Contains(settable, f.Name) || slices.Contains(settableHeadings, flags.Heading(f)))
}

// rivals are flags of which one alone can be given. Of two that come from different places, the one that wins stays.
var rivals = map[string]string{"resize": "size", "size": "resize"}

// checkSetting returns an error unless a setting is a flag that presets may set, with a good value. table has the flags
// of imgpipe run; their values are changed.
func checkSetting(table *pflag.FlagSet, p *preset.Preset, s preset.Setting) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%s: preset %s: %s", s.At, p.Name, fmt.Sprintf(format, args...))
	}
	flag := table.Lookup(s.Key)
	if flag == nil {
		var names []string
		table.VisitAll(func(f *pflag.Flag) {
			if maySet(f) {
				names = append(names, f.Name)
			}
		})
		if near := flags.Near(s.Key, names); near != "" {
			return bad("there is no flag --%s: did you mean %s?", s.Key, near)
		}
		return bad("there is no flag --%s: expected the long name of a flag, without dashes", s.Key)
	}
	if !maySet(flag) {
		return bad("--%s is for the command line alone: expected a flag of what is made of images, or of speed", s.Key)
	}
	for _, value := range typedValues(flag, s) {
		if err := flag.Value.Set(value); err != nil {
			return bad("%s = %q: %v", s.Key, value, err)
		}
	}
	return nil
}

// typedValues returns the values of a setting as they would be typed: one for each time that the flag is given.
func typedValues(flag *pflag.Flag, s preset.Setting) []string {
	if flags.Repeats(flag) {
		return s.Values
	}
	return []string{strings.Join(s.Values, ",")}
}

// settings returns what a preset and those that it extends set, each flag once.
func settings(table *pflag.FlagSet, chain []*preset.Preset) (map[string]preset.Setting, error) {
	all := map[string]preset.Setting{}
	for _, p := range chain {
		own := map[string]bool{}
		for _, s := range p.Settings {
			if err := checkSetting(table, p, s); err != nil {
				return nil, err
			}
			rival := rivals[s.Key]
			if own[rival] {
				return nil, fmt.Errorf("%s: preset %s: %s and %s exclude each other: expected one of them",
					s.At, p.Name, rival, s.Key)
			}
			delete(all, rival)
			all[s.Key], own[s.Key] = s, true
		}
	}
	return all, nil
}

// apply sets the flags of a command, which have been read, to the values that the presets have for them. find returns
// the flag that is imgpipe run's flag of that name, or nil where the command has none. Flags that were typed stay as
// they are, and none becomes one that was typed.
func (f *presetFlags) apply(find func(name string) *pflag.Flag) error {
	if len(f.names) == 0 {
		if f.file != "" {
			return fmt.Errorf("--preset-file %q: it is the file of --preset: expected --preset NAME with it", f.file)
		}
		return nil
	}
	book, err := preset.Open(f.file)
	if err != nil {
		return fmt.Errorf("--preset-file %q: %w", f.file, err)
	}
	table := newRunSet()
	addRunFlags(table)
	all := map[string]preset.Setting{}
	for _, name := range f.names {
		chain, err := book.Resolve(name)
		if err != nil {
			return presetError(name, err)
		}
		some, err := settings(table, chain)
		if err != nil {
			return presetError(name, err)
		}
		for key, s := range some {
			delete(all, rivals[key])
			all[key] = s
		}
		f.used = append(f.used, chain[len(chain)-1])
	}
	f.set = map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		flag, rival := find(key), find(rivals[key])
		if flag == nil || flag.Changed || rival != nil && rival.Changed {
			continue
		}
		for _, value := range typedValues(table.Lookup(key), all[key]) {
			if err := flag.Value.Set(value); err != nil {
				return fmt.Errorf("%s: %s = %q: %w", all[key].At, key, value, err)
			}
		}
		f.set[key] = true
	}
	return nil
}

// presetError is the error of --preset NAME.
func presetError(name string, err error) error {
	if unknown, ok := errors.AsType[*preset.UnknownError](err); ok && unknown.Name == name {
		if near := flags.Near(name, unknown.Known); near != "" {
			err = fmt.Errorf("%w; did you mean %s?", err, near)
		}
	}
	return fmt.Errorf("--preset %q: %w", name, err)
}

// sources returns each preset and where it stands: "web of imgpipe.toml".
func (f *presetFlags) sources() (all []string) {
	for _, p := range f.used {
		from := "of " + p.File
		if p.File == "" {
			from = "that is built in"
		}
		all = append(all, p.Name+" "+from)
	}
	return all
}

// shown is what a screen says of the presets behind all else; "" where there are none.
func (f *presetFlags) shown() (text string) {
	before := "; preset "
	for _, source := range f.sources() {
		text += before + summary.Printable(source)
		before = ", preset "
	}
	return text
}

// beside returns the error of flags with the presets that they may come from.
func (f *presetFlags) beside(err error) error {
	if err == nil || len(f.used) == 0 {
		return err
	}
	return fmt.Errorf("%w (with preset %s)", err, strings.Join(f.sources(), ", preset "))
}

// given reports whether a flag was typed or set by a preset. typed reports whether it was typed.
func (f *presetFlags) given(typed func(string) bool) func(string) bool {
	return func(name string) bool { return typed(name) || f.set[name] }
}

// completePresets completes the name of a preset.
func completePresets(cmd *cobra.Command, _ []string, _ string) (all []string, _ cobra.ShellCompDirective) {
	if book, err := preset.Open(cmd.Flag("preset-file").Value.String()); err == nil {
		for _, p := range book.All(nil) {
			all = append(all, cobra.CompletionWithDesc(p.Name, summary.Printable(p.About)))
		}
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}
