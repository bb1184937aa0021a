// Imgpipe resizes and converts folders of photos and lists of URLs, in goroutines or in worker processes, as a flag
// says.
//
// Start with run in main.go: the program as a function of its arguments and streams. Each subcommand has a file with
// its flags, their check and the function that does the work.
//
//	main.go       the command line, and its exit statuses
//	help.go       help, beside topics.go and topics/ (pages of help), complete.go (the shell) and man.go
//	runflags.go   the flags of imgpipe run, in parts that make their own options (inputflags.go and its like)
//	runcheck.go   what flags leave open is derived, then they are checked together
//	run.go        imgpipe run: it is prepared here, opened in open.go, run in live.go and told in tell.go
//	screen.go     all that a run writes to stderr: header, progress, failures, summary
//	sidefile.go   what flags name beside the outputs, such as reports; sidecheck.go says which may replace a file
//	…             a file for each other subcommand
//
// A new flag is a row of flags.Flag. A new subcommand is a file with a function that returns its cobra.Command, and a
// line in newRoot. A new topic is a file in topics/.
//
// Run `imgpipe help` for its use.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"imgpipe/cmd/imgpipe/internal/drill"
	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/peer"
	"imgpipe/cmd/imgpipe/internal/usage"
	"imgpipe/pipeline/procs"
)

// Exit statuses, as the help of imgpipe documents them.
const (
	exitOK          = 0
	exitSomeFailed  = 1
	exitUsage       = 2
	exitCouldNotRun = 3
	exitInterrupted = 130
	exitUnread      = 141 // what a shell reports of a program that SIGPIPE ended
)

func main() {
	if procs.IsWorker() {
		os.Exit(drill.WorkerMain())
	}
	if peer.IsLoops() {
		os.Exit(peer.LoopsMain())
	}
	usage.Began() // the later this is asked, the less it knows
	crashApart()
	// A reader of stdout or stderr that has left must not end the run, as it would by Go's default. Messages are then
	// dropped, and for results there is an exit status. Nobody reads the channel. If the signal were ignored instead,
	// the processes that are started would ignore it as well.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	log.SetOutput(io.Discard) // net/http logs what a server sends beside its answers, control characters too
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the program as a function. Results go to stdout, all else to stderr. It returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	out := &results{Writer: stdout}
	root.SetOut(out)
	root.SetErr(stderr)
	code := exitOK
	for _, e := range exits(root.ExecuteContext(ctx)) {
		if out.err != nil && errors.Is(e.err, out.err) {
			continue // out.status reports it
		}
		if e.err != nil {
			fmt.Fprintf(stderr, "imgpipe: %v\n", e.err)
		}
		code = graver(code, e.code)
	}
	code = graver(code, out.status(stderr))
	if code == exitUsage {
		if _, _, err := root.Find(args); err != nil && isInput(args[0]) {
			fmt.Fprintf(stderr, "To process it: imgpipe run -o FOLDER %s\n", args[0])
		}
		fmt.Fprintln(stderr, "See "+helpFor(root, args))
	}
	return code
}

// helpFor returns the command that shows the help for a command line.
func helpFor(root *cobra.Command, args []string) string {
	cmd, _, err := root.Find(args)
	if err != nil || !cmd.HasParent() || cmd.Name() == "help" {
		return "imgpipe help"
	}
	return cmd.CommandPath() + " --help"
}

// flagError is the error of a flag of cmd as a sentence. It is pflag.ErrHelp if help was asked for.
func flagError(cmd *cobra.Command, err error) error {
	if errors.Is(err, pflag.ErrHelp) {
		return pflag.ErrHelp
	}
	said := flags.Explain(cmd.Flags(), err)
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok && invalid.GetFlag().Name == "op" {
		name, _, _ := strings.Cut(invalid.GetValue(), "=")
		if names := operationNames(); !slices.Contains(names, name) {
			if near := flags.Near(name, names); near != "" {
				said = fmt.Errorf("%w: did you mean %s?", said, near)
			}
		}
	}
	return exitError{exitUsage, said}
}

// isInput reports whether an argument in the place of a command is a file, a folder or a URL.
func isInput(arg string) bool {
	if _, err := os.Lstat(arg); err == nil {
		return true
	}
	return strings.HasPrefix(arg, "https://") || strings.HasPrefix(arg, "http://")
}

// exits returns the parts of an error that errors.Join may have made of several.
func exits(err error) []exitError {
	if err == nil {
		return nil
	}
	if e, ok := err.(exitError); ok {
		return []exitError{e}
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []exitError
		for _, part := range joined.Unwrap() {
			all = append(all, exits(part)...)
		}
		return all
	}
	var status exitError
	if !errors.As(err, &status) {
		return []exitError{{exitUsage, err}} // what is left comes from cobra, and is about the command line
	}
	return []exitError{{status.code, err}}
}

// graver returns the one of two exit statuses that matters more.
func graver(a, b int) int {
	for _, code := range []int{exitInterrupted, exitCouldNotRun, exitUsage, exitSomeFailed, exitUnread} {
		if a == code || b == code {
			return code
		}
	}
	return exitOK
}

// An exitError ends the program with a status. Its err is nil if the user has been told already.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.code)
	}
	return e.err.Error()
}

func (e exitError) Unwrap() error { return e.err }

// usageErrorf returns an error of the command line: nothing was started.
func usageErrorf(format string, args ...any) error {
	return exitError{exitUsage, fmt.Errorf(format, args...)}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "imgpipe",
		Short: "Download and transform many images, in goroutines or in processes",
		Long: `imgpipe resizes and converts folders of photos and lists of URLs, resumes where it
stopped, and never loses an original. One flag runs the work in goroutines or in worker
processes; 'imgpipe compare' measures which is better for you.`,
		Example: `  imgpipe demo                                    a tour on built-in samples
  imgpipe run -o small --resize 1600x1600 photos  shrink a folder of photos
  imgpipe run -o set -i urls.txt --size 256       download a list of URLs
  imgpipe run -o small -m processes photos        in worker processes
  imgpipe compare photos                          which mode is best here`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		Version:           version(),
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	root.SetVersionTemplate("{{.Version}}")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(newRunCommand(), newWatchCommand(), newCompareCommand(), newDemoCommand(), newDrillCommand(),
		newOpsCommand(), newSamplesCommand(), newSheetCommand(), newInfoCommand(), newSplitCommand(), newMergeCommand(),
		newExportCommand(), newPresetsCommand(), newLicensesCommand(), newManCommand())
	useHelp(root)
	return root
}
