package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/transform"
)

func newOpsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "ops [NAME...]",
		Short: "List the operations of --op",
		Long:  "List the operations that --op knows: how each is written, what it does, an example.",
		Example: `  imgpipe ops
  imgpipe ops watermark`,
		ValidArgsFunction: completeOperations,
		RunE: func(cmd *cobra.Command, args []string) error {
			known, w := operationNames(), cmd.OutOrStdout()
			for _, name := range args {
				if !slices.Contains(known, name) {
					return unknown("operation", name, known)
				}
			}
			for _, op := range transform.Operations() {
				if len(args) == 0 || slices.Contains(args, op.Name) {
					writeOperation(w, helpWidth(w), op)
				}
			}
			return nil
		},
	}
}

// argumentColumn is where the help of an argument of an operation begins.
const argumentColumn = 15

// writeOperation writes how an operation is written, what it does, its arguments and an example.
func writeOperation(w io.Writer, width int, op transform.Operation) {
	fmt.Fprintf(w, "%s\n    %s\n", op.Usage, strings.ReplaceAll(op.Doc, "\n", "\n    "))
	indent := "\n" + strings.Repeat(" ", argumentColumn)
	for _, arg := range op.Args {
		lines := flags.Wrap(arg.Doc+expectation(arg), width-argumentColumn)
		fmt.Fprintf(w, "      %-*s%s\n", argumentColumn-6, arg.Name, strings.Join(lines, indent))
	}
	fmt.Fprintf(w, "    e.g. --op '%s'\n\n", op.Example)
}

// expectation is what an argument takes, and its default.
func expectation(a transform.Argument) string {
	text := ": " + a.Expected
	if a.Default != "" {
		text += " (default " + a.Default + ")"
	}
	return text
}
