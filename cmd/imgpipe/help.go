package main

import (
	"fmt"
	"io"
	"strings"

	"imgpipe/cmd/imgpipe/internal/flags"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpWidth is how wide help is.
const helpWidth = 108

// useHelp gives root and its subcommands the help of this file.
func useHelp(root *cobra.Command) {
	for _, cmd := range append(root.Commands(), root) {
		cmd.Flags().SortFlags = false
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if words := flags.Words(f); words != nil {
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
	flags.WriteHelp(w, cmd.LocalFlags(), helpWidth, func(*pflag.Flag) bool { return true })
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
