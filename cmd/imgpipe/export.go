package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"imgpipe/cmd/imgpipe/internal/export"
	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline/store"
	"imgpipe/pipeline/store/shard"
)

// exportFlags are the flags of imgpipe export.
type exportFlags struct {
	dir     string // the output folder of the ledger
	to      string
	file    string // or the folder of shards
	samples int
	text    string
}

// toTar is the format that is no table, but the outputs themselves.
const toTar = "tar"

func newExportCommand() *cobra.Command {
	f := &exportFlags{samples: shard.DefaultSamples}
	cmd := &cobra.Command{
		Use:   "export [flags] DIR",
		Short: "Make a data set: a table of the ledger, or tar shards",
		Long: `Write the ledger of an output folder as a table, or pack its outputs into tar shards. DIR
is the folder, or the ledger in it.

A row is an output; an input without one, such as one that failed, has a row without a
path. The columns are ` + strings.Join(export.Fixed(), ", ") + `,
and behind them those of lists that --columns of imgpipe run had come along; one of the
same name as another begins with list_. What is not known is missing.

With --to tar, outputs are packed as WebDataset reads them: 00000.tar with a sample for
each input, 000000000.jpg and 000000000.json, in the order of their names. The same
outputs make the same shards, byte for byte. Each appears whole or not at all, beside
00000.json; the same command again writes only those that are missing or changed. An input
whose output is no longer what the ledger says is left out, and the exit status is 1.`,
		Example: `  imgpipe export --to parquet -o set.parquet set
  imgpipe export --to csv -o - set | head
  imgpipe export --to tar -o shards --samples 5000 --text caption set`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(args, cmd.Flags().Changed); err != nil {
				return exitError{exitUsage, err}
			}
			return f.export(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags.Group{Set: cmd.Flags(), Heading: "Flags"}.Add(
		flags.Flag{Name: "to", Common: true,
			Value: flags.Choice(&f.to, append(slices.Clone(export.Formats), toTar)...),
			Usage: "format of the table (default that of the extension of FILE), or tar"},
		flags.Flag{Name: "output", Short: "o", Common: true, Value: flags.Text(&f.file, "FILE|DIR"),
			Usage: "file for the table, - for standard output; with --to tar, folder for the shards (required)"},
		flags.Flag{Name: "samples", Common: true, Value: flags.Whole(&f.samples, 1, 1_000_000),
			Usage: "with --to tar: inputs in a shard"},
		flags.Flag{Name: "text", Common: true, Value: flags.Text(&f.text, "NAME"),
			Usage: "with --to tar: column that becomes the file .txt of each sample, such as a caption"},
	)
	return cmd
}

// check looks at the flags and the folder, and finds the format.
func (f *exportFlags) check(args []string, changed func(string) bool) error {
	switch {
	case len(args) != 1:
		return fmt.Errorf("%d folders are named: expected one DIR, an output folder of imgpipe run", len(args))
	case f.file == "":
		return errors.New("--output FILE is missing: expected the file for the table, or - for standard output")
	}
	f.dir = args[0]
	if info, err := os.Stat(f.dir); err == nil && !info.IsDir() && store.IsLedger(filepath.Base(f.dir)) {
		f.dir = filepath.Dir(f.dir)
	} else if err != nil || !info.IsDir() || !hasLedger(f.dir) {
		return fmt.Errorf("%q is no folder with a ledger, such as %s: expected an output folder of imgpipe run",
			f.dir, store.LedgerName)
	}
	for _, name := range []string{"samples", "text"} {
		if changed(name) && f.to != toTar {
			return fmt.Errorf("--%s is for shards: expected --to tar with it", name)
		}
	}
	if f.to == toTar {
		if sameFile(f.dir, f.file) {
			return fmt.Errorf("--output %q is the folder of the outputs: expected another one for shards", f.file)
		}
		return folderName("output", f.file)
	}
	if f.to == "" {
		f.to = strings.TrimPrefix(strings.ToLower(filepath.Ext(f.file)), ".")
		if err := flags.Choice(&f.to, export.Formats...).Set(f.to); err != nil {
			return fmt.Errorf("--output %q: its extension names no format: expected --to %s, or such an extension",
				f.file, strings.Join(export.Formats, ", "))
		}
	}
	if f.file == "-" {
		return nil
	}
	return f.sides().all()
}

// sides returns what the table may not replace.
func (f *exportFlags) sides() *sideCheck {
	c := &sideCheck{sides: []named{{"output", f.file}}}
	c.others = append(c.others, named{"output folder", f.dir})
	return c
}

// export writes the table.
func (f *exportFlags) export(ctx context.Context, stdout, stderr io.Writer) (err error) {
	stop := listen(ctx, stderr)
	defer stop.release()
	s, err := store.Open(f.dir, store.Options{ReadOnly: true})
	if err != nil {
		return exitError{exitCouldNotRun, worded(err)}
	}
	defer func() { err = errors.Join(err, asCouldNotRun(s.Close())) }()
	if f.to == toTar {
		return stop.verdict(f.pack(stop.ctx, s, stderr))
	}
	if f.file == "-" {
		_, err := export.Write(stop.ctx, s, f.to, stdout)
		return stop.verdict(asCouldNotRun(err))
	}
	file, err := openSide(stop.ctx, "output", f.file, f.sides().allowed(f.file))
	if err != nil {
		return stop.verdict(exitError{exitCouldNotRun, err})
	}
	stop.atLast(file.forget)
	rows, err := export.Write(stop.ctx, s, f.to, file)
	if err = file.close(err); err != nil {
		return stop.verdict(exitError{exitCouldNotRun, err})
	}
	fmt.Fprintf(stderr, "%d rows in %s\n", rows, summary.Printable(f.file))
	return stop.verdict(nil)
}

// pack writes shards.
func (f *exportFlags) pack(ctx context.Context, s *store.Store, stderr io.Writer) error {
	r, err := shard.Pack(ctx, s, shard.Options{Dir: f.file, Samples: f.samples, Text: f.text})
	if errors.Is(err, shard.ErrNoText) {
		return usageErrorf("--text %q: %w: expected one that --columns brought along", f.text, err)
	}
	if err != nil {
		return exitError{exitCouldNotRun, err}
	}
	fmt.Fprintf(stderr, "%s in %s, of which %d were there before\n", figure.Count(r.Samples, "sample"),
		figure.Count(r.Shards, "shard"), r.Before)
	if len(r.Stale) > 0 {
		fmt.Fprintf(stderr, "note: shards of an earlier export are behind the last one, and were kept: %d, "+
			"such as %s\n", len(r.Stale), summary.Printable(r.Stale[0]))
	}
	if r.Lost > 0 {
		fmt.Fprintf(stderr, "inputs whose outputs are not as imgpipe wrote them, left out: %d, such as %s\n",
			r.Lost, summary.Printable(r.FirstLost))
		return exitError{exitSomeFailed, nil}
	}
	return nil
}
