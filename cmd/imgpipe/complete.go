package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/transform"
)

// complete has the shell complete the values of cmd's flags: those that are one of a few words, and those below.
func complete(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		values := completionOf(f.Name)
		if words := flags.Words(f); words != nil {
			values = cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
		}
		if values != nil {
			_ = cmd.RegisterFlagCompletionFunc(f.Name, values) // it fails only for a flag that does not exist
		}
	})
}

// completionOf returns the completion of a flag whose help does not list all that it takes; nil for all others.
func completionOf(flag string) cobra.CompletionFunc {
	switch flag {
	case "op":
		return completeOp
	case "modes":
		return completeModes
	case "preset":
		return completePresets
	case "peer":
		return cobra.FixedCompletions([]string{peerPython}, cobra.ShellCompDirectiveNoFileComp)
	case "gravity", "filter":
		return cobra.FixedCompletions(wordsOf("resize", flag), cobra.ShellCompDirectiveNoFileComp)
	}
	return nil
}

// wordsOf returns the words that an argument of an operation takes.
func wordsOf(operation, argument string) []string {
	for _, op := range transform.Operations() {
		for _, arg := range op.Args {
			if op.Name == operation && arg.Name == argument {
				return strings.Split(strings.Replace(arg.Expected, " or ", ", ", 1), ", ")
			}
		}
	}
	return nil
}

// completeOp completes the name of an operation. The arguments of one that has some follow the name.
func completeOp(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	var all []string
	for _, op := range transform.Operations() {
		name := op.Name
		if len(op.Args) > 0 {
			name += "="
		}
		all = append(all, cobra.CompletionWithDesc(name, op.Doc))
	}
	return all, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completeModes completes the last of several modes with commas between.
func completeModes(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	before := typed[:strings.LastIndex(typed, ",")+1]
	chosen := strings.Split(before, ",")
	var all []string
	for _, mode := range contestantNames() {
		if !slices.Contains(chosen, mode) {
			all = append(all, before+mode)
		}
	}
	return all, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completeOperations completes the names of operations that are arguments.
func completeOperations(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var all []string
	for _, op := range transform.Operations() {
		if !slices.Contains(args, op.Name) {
			all = append(all, cobra.CompletionWithDesc(op.Name, op.Doc))
		}
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}

// operationNames returns the names of all operations.
func operationNames() (names []string) {
	for _, op := range transform.Operations() {
		names = append(names, op.Name)
	}
	return names
}
