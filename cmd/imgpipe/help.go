package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// groupOf is the annotation that puts a flag under a heading of the help.
const groupOf = "imgpipe-group"

// A flagGroup adds flags under one heading.
type flagGroup struct {
	flags *pflag.FlagSet
	title string
}

func (g flagGroup) add(v pflag.Value, name, short, usage string) *pflag.Flag {
	f := g.flags.VarPF(v, name, short, usage)
	f.Annotations = map[string][]string{groupOf: {g.title}}
	return f
}

func (g flagGroup) str(p *string, name, short, kind, usage string) {
	g.add(value[string]{p, func(s string) (string, error) { return s, nil }, func(s string) string { return s }, kind}, name, short, usage)
}

func (g flagGroup) yes(p *bool, name, short, usage string) {
	g.flags.BoolVarP(p, name, short, *p, usage)
	g.flags.Lookup(name).Annotations = map[string][]string{groupOf: {g.title}}
}

// useHelp gives root and its subcommands the help of this file.
func useHelp(root *cobra.Command) {
	for _, cmd := range append(root.Commands(), root) {
		cmd.Flags().SortFlags = false
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if words := strings.Split(f.Value.Type(), "|"); len(words) > 1 {
				// It fails only for a flag that does not exist.
				_ = cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
			}
		})
	}
	root.SetHelpCommand(helpCommand(root))
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { writeHelp(cmd.OutOrStdout(), cmd) })
	root.SetUsageFunc(func(cmd *cobra.Command) error {
		writeHelp(cmd.ErrOrStderr(), cmd)
		return nil
	})
}

// helpCommand is 'imgpipe help COMMAND'. That of cobra ends well for a command that does not exist.
func helpCommand(root *cobra.Command) *cobra.Command {
	var names []string
	for _, cmd := range root.Commands() {
		names = append(names, cmd.Name())
	}
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Help about any command", ValidArgs: names,
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, _, err := root.Find(args)
			if err != nil {
				return err
			}
			cmd.InitDefaultHelpFlag() // flags that cobra adds to what it runs
			cmd.InitDefaultVersionFlag()
			return cmd.Help()
		},
	}
}

// writeHelp writes what cmd does, how it is called, examples, and its flags, under their headings in the order in which they were
// defined: those that everybody uses come first.
func writeHelp(w io.Writer, cmd *cobra.Command) {
	about := cmd.Long
	if about == "" {
		about = cmd.Short + "."
	}
	fmt.Fprintf(w, "%s\n\nUsage:\n  %s\n", strings.TrimSpace(about), cmd.UseLine())
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "  %s COMMAND [flags]\n\nCommands:\n", cmd.CommandPath())
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				fmt.Fprintf(w, "  %-11s %s\n", sub.Name(), sub.Short)
			}
		}
	}
	if cmd.Example != "" {
		fmt.Fprintf(w, "\nExamples:\n%s\n", cmd.Example)
	}
	title := ""
	flags := cmd.LocalFlags()
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		group := "Other"
		if g := f.Annotations[groupOf]; len(g) > 0 {
			group = g[0]
		}
		if group != title {
			fmt.Fprintf(w, "\n%s:\n", group)
			title = group
		}
		writeFlag(w, f)
	})
	if !cmd.HasParent() {
		fmt.Fprint(w, exitHelp)
	}
}

const exitHelp = `
Exit status:
  0    all images done, or done before
  1    some images failed, in this run or for good in an earlier one: each has a
       line, a row in the ledger and a class
  2    wrong usage; nothing was started
  3    could not run: output folder not writable, disk full, workers do not start
  130  interrupted, or stopped by --max-time; the same command continues
  134  the program crashed (out of memory, a bug); the same command continues
  141  nobody read standard output to its end, and all else went well
`

// Flags stand in a column of their own; longer ones get a line for themselves.
const helpColumn = 28

func writeFlag(w io.Writer, f *pflag.Flag) {
	head := "      --" + f.Name
	if f.Shorthand != "" {
		head = "  -" + f.Shorthand + ", --" + f.Name
	}
	if kind := f.Value.Type(); kind != "bool" {
		head += " " + kind
	}
	usage := f.Usage
	if d := f.DefValue; d != "" && d != "false" && d != "0" && !strings.Contains(usage, "default") {
		usage += " (default " + d + ")"
	}
	indent := "\n" + strings.Repeat(" ", helpColumn)
	usage = strings.ReplaceAll(usage, "\n", indent)
	if len(head) >= helpColumn-1 {
		fmt.Fprintf(w, "%s%s%s\n", head, indent, usage)
		return
	}
	fmt.Fprintf(w, "%-*s%s\n", helpColumn, head, usage)
}
