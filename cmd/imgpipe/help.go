package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"imgpipe/cmd/imgpipe/internal/flags"
)

// briefFlag is the name of the hidden flag behind -h. --help is a flag of its own, since the two differ.
const briefFlag = "brief-help"

// A briefHelp is the value of -h. It remembers that -h was given, and ends the reading of the command line.
type briefHelp struct{ asked bool }

func (b *briefHelp) Set(string) error {
	b.asked = true
	return pflag.ErrHelp
}

func (b *briefHelp) String() string { return "false" }
func (b *briefHelp) Type() string   { return "bool" }

// useHelp sets up the help of root and its subcommands: -h, --help, 'imgpipe help' and completion.
func useHelp(root *cobra.Command) {
	root.SetHelpCommand(helpCommand(root))
	for _, cmd := range append(root.Commands(), root) {
		cmd.Flags().SortFlags = false
		// Where no flag is marked as common, -h is short for --help.
		if addBrief(cmd) {
			cmd.Flags().Bool("help", false, "show all flags; -h shows the common ones")
		} else {
			cmd.InitDefaultHelpFlag()
		}
		complete(cmd)
	}
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		brief := false
		if f := cmd.Flags().Lookup(briefFlag); f != nil {
			brief = f.Value.(*briefHelp).asked
		}
		w := cmd.OutOrStdout()
		writeHelp(w, cmd, helpWidth(w), brief)
	})
	root.SetUsageFunc(func(cmd *cobra.Command) error {
		w := cmd.ErrOrStderr()
		writeHelp(w, cmd, helpWidth(w), false)
		return nil
	})
}

// addBrief adds the flag -h to cmd, if cmd has common flags. It reports whether it has.
func addBrief(cmd *cobra.Command) bool {
	common := false
	cmd.Flags().VisitAll(func(f *pflag.Flag) { common = common || flags.IsCommon(f) })
	if common {
		f := cmd.Flags().VarPF(new(briefHelp), briefFlag, "h", "")
		f.NoOptDefVal = "true"
		f.Hidden = true
	}
	return common
}

// Widths of help, in characters.
const (
	usualWidth = 80  // if the output is no terminal
	leastWidth = 40  // of the narrowest terminal that help is fitted to
	mostWidth  = 120 // longer lines are hard to read
)

// helpWidth returns the width of help on w: what COLUMNS says, else that of the terminal.
func helpWidth(w io.Writer) int {
	width, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if err != nil || width <= 0 {
		width = usualWidth
		if r, ok := w.(*results); ok {
			w = r.Writer
		}
		if f, ok := w.(*os.File); ok {
			if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
				width = columns
			}
		}
	}
	return min(max(width, leastWidth), mostWidth)
}

// helpCommand is 'imgpipe help'. Cobra's own ends with status 0 for a command that does not exist, and knows no topics.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND | TOPIC]", Short: "Help about a command or a topic",
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return helpNames(root, true), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(self *cobra.Command, args []string) error {
			if len(args) > 0 {
				if t, ok := topicNamed(args[0]); ok {
					fmt.Fprintf(self.OutOrStdout(), "%s: %s\n\n%s\n", t.name, t.about, t.text)
					return nil
				}
			}
			cmd, _, err := root.Find(args)
			if err != nil {
				return unknown("command or topic", args[0], helpNames(root, false))
			}
			cmd.InitDefaultHelpFlag() // flags that cobra adds to what it runs
			cmd.InitDefaultVersionFlag()
			return cmd.Help()
		},
	}
}

// helpNames returns the names of all commands and topics. If described is true, each comes with what it is about, as
// completion takes it.
func helpNames(root *cobra.Command, described bool) (names []string) {
	add := func(name, about string) {
		if described {
			name = cobra.CompletionWithDesc(name, about)
		}
		names = append(names, name)
	}
	for _, cmd := range root.Commands() {
		if cmd.IsAvailableCommand() {
			add(cmd.Name(), cmd.Short)
		}
	}
	for _, t := range topics() {
		add(t.name, t.about)
	}
	return names
}

// unknown is the error of a name that is none of the known names of its kind.
func unknown(kind, name string, known []string) error {
	if near := flags.Near(name, known); near != "" {
		return usageErrorf("there is no %s %q: did you mean %s?", kind, name, near)
	}
	return usageErrorf("there is no %s %q", kind, name)
}

// writeHelp writes what cmd does, how it is called, examples, and its flags under their headings. The brief help has
// the first paragraph, the first examples, and the common flags with the first clause of what they are for.
func writeHelp(w io.Writer, cmd *cobra.Command, width int, brief bool) {
	about, examples := strings.TrimSpace(cmd.Long), cmd.Example
	if about == "" {
		about = cmd.Short + "."
	}
	show := func(*pflag.Flag) bool { return true }
	if brief {
		about, _, _ = strings.Cut(about, "\n\n")
		examples = firstLines(examples, briefExamples)
		show = flags.IsCommon
	}
	fmt.Fprintf(w, "%s\n\nUsage:\n  %s\n", wrapped(about, width), cmd.UseLine())
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "  %s COMMAND [flags]\n\nCommands:\n", cmd.CommandPath())
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				fmt.Fprintf(w, "  %-11s %s\n", sub.Name(), sub.Short)
			}
		}
	}
	if !cmd.HasParent() {
		fmt.Fprint(w, "\nTopics, for 'imgpipe help TOPIC':\n")
		for _, t := range topics() {
			fmt.Fprintf(w, "  %-18s %s\n", t.name, t.about)
		}
	}
	if examples != "" {
		fmt.Fprintf(w, "\nExamples:\n%s\n", examples)
	}
	writeFlags(w, cmd.LocalFlags(), width, brief, show)
	switch {
	case brief:
		fmt.Fprintf(w, "\nAll flags: %s --help. Recipes: imgpipe help recipes.\n", cmd.CommandPath())
	case !cmd.HasParent():
		fmt.Fprint(w, exitHelp)
	}
}

// briefExamples is how many examples the brief help shows.
const briefExamples = 3

// writeFlags writes the flags that show chooses; in the brief help under one heading.
func writeFlags(w io.Writer, set *pflag.FlagSet, width int, brief bool, show func(*pflag.Flag) bool) {
	if brief {
		one := pflag.NewFlagSet("", pflag.ContinueOnError)
		one.SortFlags = false
		set.VisitAll(func(f *pflag.Flag) {
			if show(f) {
				same := *f
				flags.Move(&same, "Common flags", true)
				same.Usage = firstClause(f.Usage)
				one.AddFlag(&same)
			}
		})
		set = one
	}
	flags.WriteHelp(w, set, width, show)
}

// firstClause returns text up to its first semicolon or full stop.
func firstClause(text string) string {
	for i := range text {
		if rest := text[i:]; strings.HasPrefix(rest, "; ") || strings.HasPrefix(rest, ". ") {
			return text[:i]
		}
	}
	return text
}

// firstLines returns the first n lines of text.
func firstLines(text string, n int) string {
	lines := strings.SplitN(text, "\n", n+1)
	return strings.Join(lines[:min(n, len(lines))], "\n")
}

// wrapped fills each paragraph of text anew, in lines of at most width characters. Blank lines part paragraphs. A line
// that begins with a blank stays as it is.
func wrapped(text string, width int) string {
	var lines, paragraph []string
	end := func() {
		if len(paragraph) > 0 {
			lines = append(lines, flags.Wrap(strings.Join(paragraph, " "), width)...)
			paragraph = nil
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line != "" && line[0] != ' ' {
			paragraph = append(paragraph, line)
			continue
		}
		end()
		lines = append(lines, line)
	}
	end()
	return strings.Join(lines, "\n")
}

const exitHelp = `
Exit status:
  0    all images done, or done before
  1    some images failed, in this run or for good in an earlier one: each has a
       line, a row in the ledger and a class
  2    wrong usage; nothing was started
  3    could not run: output folder not writable, disk full, no worker starts
  130  interrupted, or stopped by --max-time; the same command continues
  134  the program crashed (out of memory, a bug); the same command continues
  141  nobody read standard output to its end, and all else went well
`
