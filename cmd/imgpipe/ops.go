package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"imgpipe/transform"
)

func newOpsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "ops [NAME...]",
		Short: "List the operations of --op",
		Long:  "List the operations that --op knows: how each is written, what it does, an example.",
		Example: `  imgpipe ops
  imgpipe ops watermark`,
		RunE: func(cmd *cobra.Command, args []string) error {
			all := transform.Operations()
			for _, name := range args {
				if !hasOperation(all, name) {
					return usageErrorf("there is no operation %q: 'imgpipe ops' lists them", name)
				}
			}
			for _, op := range all {
				if len(args) > 0 && !hasOperation([]transform.Operation{op}, args...) {
					continue
				}
				w := cmd.OutOrStdout()
				fmt.Fprintf(w, "%s\n    %s\n", op.Usage, strings.ReplaceAll(op.Doc, "\n", "\n    "))
				for _, arg := range op.Args {
					fmt.Fprintf(w, "      %-8s %s%s\n", arg.Name, arg.Doc, expectation(arg))
				}
				fmt.Fprintf(w, "    e.g. --op '%s'\n\n", op.Example)
			}
			return nil
		},
	}
}

func hasOperation(ops []transform.Operation, names ...string) bool {
	for _, op := range ops {
		for _, name := range names {
			if op.Name == name {
				return true
			}
		}
	}
	return false
}

// expectation says what an argument takes, and what it is where it is left out.
func expectation(a transform.Argument) string {
	text := ": " + a.Expected
	if a.Default != "" {
		text += " (default " + a.Default + ")"
	}
	return text
}
