package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/split"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/fetch"
)

// splitFlags are the flags of imgpipe split.
type splitFlags struct {
	input  inputFlags
	dir    string
	by     string
	pack   string
	parts  int
	memory int64
}

// What --by and --compress take.
const (
	byHost   = "host"
	byURL    = "url"
	packSame = "as-input"
	packNone = "none"
)

func newSplitCommand() *cobra.Command {
	f := &splitFlags{by: byHost, pack: packSame, memory: 256e6}
	f.input.listFormat = listAuto
	cmd := &cobra.Command{
		Use:   "split [flags] LIST...",
		Short: "Split a list of any length into parts, a host in one part only",
		Long: `Split lists into parts that are lists of the same kind: with the same columns, also in
gzip or zstd. Each part can be the input of a run of its own, on another machine.

A row whose source an earlier row has is left out. All rows of a host are in one part, so
that --per-host holds for all runs together; files are spread by their names. Rows keep
their order. The same lists are always split in the same way.

No list is too long: what memory has no room for goes into temporary files beside the
folder, which take up to 40 bytes a row, and once more the lists if there are hundreds of
parts. The parts appear when all are whole. The exit status is 1 if a row names nothing.`,
		Example: `  imgpipe split --parts 100 -o parts urls.csv.gz
  imgpipe split --parts 8 --by url --url-col image -o parts a.jsonl b.jsonl`,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.input.lists = args
			if err := f.check(cmd.Flags().Changed); err != nil {
				return exitError{exitUsage, err}
			}
			return f.split(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	g := flags.Group{Set: cmd.Flags(), Heading: "Flags"}
	g.Add(
		flags.Flag{Name: "output", Short: "o", Common: true, Value: flags.Text(&f.dir, "DIR"),
			Usage: "folder for the parts, which must be empty or not there (required)"},
		flags.Flag{Name: "parts", Common: true, Value: flags.Whole(&f.parts, 1, split.MostParts),
			Usage: "how many parts there will be (required)"},
		flags.Flag{Name: "by", Common: true, Value: flags.Choice(&f.by, byHost, byURL),
			Usage: "host: all rows of a host are in one part (default). url: rows are spread evenly, whatever their " +
				"hosts"},
		flags.Flag{Name: "compress", Common: true,
			Value: flags.Choice(&f.pack, packSame, packNone, "gzip", "zstd"),
			Usage: "compress the parts; as-input: if the name of the first list ends in .gz or .zst (default)"},
		flags.Flag{Name: "memory", Value: flags.Bytes(&f.memory),
			Usage: "memory for keys of rows and for buffers, at least 16MB"},
	)
	f.input.addLists(g)
	return cmd
}

// check looks at the flags together.
func (f *splitFlags) check(changed func(string) bool) error {
	switch {
	case len(f.input.lists) == 0:
		return errors.New("there is no list: expected files, or - for standard input")
	case f.dir == "":
		return errors.New("--output DIR is missing: expected the folder for the parts")
	case f.parts == 0:
		return fmt.Errorf("--parts is missing: expected a whole number from 1 to %d", split.MostParts)
	case f.memory < split.LeastMemory:
		return fmt.Errorf("--memory %s: expected at least %s",
			summary.Bytes(f.memory), summary.Bytes(split.LeastMemory))
	}
	if err := f.input.check(changed); err != nil {
		return err
	}
	if err := folderName("output", f.dir); err != nil {
		return err
	}
	entries, err := os.ReadDir(f.dir)
	switch {
	case err == nil && len(entries) > 0:
		return fmt.Errorf("--output %q: there are files in it, and parts replace none: expected an empty folder, "+
			"or a name that nothing has", f.dir)
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("--output %q: it is no folder, or cannot be read: expected an empty folder, "+
			"or a name that nothing has", f.dir)
	}
	return nil
}

// compression returns how parts are compressed.
func (f *splitFlags) compression() string {
	name := strings.ToLower(f.input.lists[0])
	switch {
	case f.pack != packSame && f.pack != packNone:
		return f.pack
	case f.pack == packSame && strings.HasSuffix(name, ".gz"):
		return "gzip"
	case f.pack == packSame && (strings.HasSuffix(name, ".zst") || strings.HasSuffix(name, ".zstd")):
		return "zstd"
	}
	return ""
}

// split splits the lists and says what was made.
func (f *splitFlags) split(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer) error {
	stop := listen(ctx, stderr)
	defer stop.release()
	in := f.input.options(stdin)
	if err := (fetch.Inputs{Lists: in.Lists, Stdin: stdin}).Check(stop.ctx); err != nil {
		return stop.verdict(exitError{exitUsage, err})
	}
	for _, dir := range leftBySplits(f.dir) {
		fmt.Fprintf(stderr, "note: %s is what a split left that was killed, or is of one that runs; "+
			"in the first case remove it\n", summary.Printable(dir))
	}
	r, err := split.Run(stop.ctx, split.Options{
		Lists: in.Lists, Stdin: stdin, Parts: f.parts, ByURL: f.by == byURL, Pack: f.compression(), Memory: f.memory,
		Dir: f.dir,
	})
	if err != nil {
		return stop.verdict(exitError{exitCouldNotRun, err})
	}
	for _, p := range r.Parts {
		fmt.Fprintf(stdout, "%d\t%s\n", p.Rows, summary.Printable(filepath.Join(f.dir, p.Name)))
	}
	fmt.Fprintf(stderr, "%d rows in %d parts, %d left out that came twice\n", r.Rows, len(r.Parts), r.Twice)
	if r.Mixed > 0 {
		fmt.Fprintf(stderr, "note: rows that name sources of several hosts, and are where the first one is: %d\n",
			r.Mixed)
	}
	if r.Bad > 0 {
		fmt.Fprintf(stderr, "%d rows that name nothing were left out, such as %s: %v\n",
			r.Bad, summary.Printable(r.FirstBad), r.Why)
		return stop.verdict(exitError{exitSomeFailed, nil})
	}
	return stop.verdict(nil)
}

// leftBySplits returns what lies beside the folder for parts of splits that did not end.
func leftBySplits(dir string) []string {
	above := filepath.Dir(filepath.Clean(dir))
	entries, err := os.ReadDir(above)
	if err != nil {
		return nil
	}
	var left []string
	for _, e := range entries {
		if ok, _ := filepath.Match(split.TempPattern, e.Name()); ok && e.IsDir() {
			left = append(left, filepath.Join(above, e.Name()))
		}
	}
	return left
}
