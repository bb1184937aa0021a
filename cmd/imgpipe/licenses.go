package main

import (
	_ "embed"
	"io"

	"github.com/spf13/cobra"
)

// licenses are those of all that this program is made of besides itself: each text once, behind the names of what it is
// for. A test holds that no linked module is missing.
//
//go:embed licenses.txt
var licenses string

func newLicensesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "licenses",
		Short: "Print the licenses of the libraries in this program",
		Long:  "Print the licenses of the libraries that this program is made of, and what each is for.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := io.WriteString(cmd.OutOrStdout(), licenses)
			return err
		},
	}
}
