package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline/store"
)

// mergeFlags are the flags of imgpipe merge.
type mergeFlags struct {
	dir  string // where all goes; "" is the one folder that is named
	from []string
}

func newMergeCommand() *cobra.Command {
	f := &mergeFlags{}
	cmd := &cobra.Command{
		Use:   "merge [flags] DIR...",
		Short: "Make one folder of what shards have written",
		Long: `Make one output folder, with one ledger, of what the shards of a run have written: that of
a run without --shard, which then does only what is missing.

With one DIR and no --output, the ledgers of the shards in it become imgpipe.jsonl, and
nothing else changes. With --output, the outputs of each DIR are copied there, and its
lines with them; each DIR stays as it is. An output is compared with its ledger on the
way, and no file is replaced but an older one of the same input. If two shards did the
same input, the newest line that is good counts.

The same command again does only what is missing. The exit status is 1 if something was
not taken over: outputs that are no longer what the ledger says, names that are taken, or
inputs of which two shards made different outputs.`,
		Example: `  imgpipe merge small
  imgpipe merge -o all machine1/small machine2/small machine3/small`,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.from = args
			if err := f.check(); err != nil {
				return exitError{exitUsage, err}
			}
			return f.merge(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags.Group{Set: cmd.Flags(), Heading: "Flags"}.Add(
		flags.Flag{Name: "output", Short: "o", Common: true, Value: flags.Text(&f.dir, "DIR"),
			Usage: "folder that the outputs and ledgers of all DIR are copied to (default: the one DIR itself)"},
	)
	return cmd
}

// check looks at the flags and the folders together.
func (f *mergeFlags) check() error {
	switch {
	case len(f.from) == 0:
		return errors.New("no folder is named: expected DIR, an output folder of imgpipe run --shard")
	case f.dir == "" && len(f.from) > 1:
		return errors.New("several folders are named: expected --output DIR, the folder that becomes one of them")
	case f.dir != "":
		if err := folderName("output", f.dir); err != nil {
			return err
		}
	}
	for i, dir := range f.from {
		info, err := os.Stat(dir)
		switch {
		case err != nil:
			return fmt.Errorf("%q: there is no such folder, or it cannot be looked at: expected an output folder", dir)
		case !info.IsDir():
			return fmt.Errorf("%q is no folder: expected an output folder", dir)
		case !hasLedger(dir):
			return fmt.Errorf("%q has no ledger, such as %s: expected an output folder of imgpipe run",
				dir, store.LedgerName)
		case f.dir != "" && sameFile(dir, f.dir):
			return fmt.Errorf("%q is the folder of --output: expected it once", dir)
		}
		for _, other := range f.from[:i] {
			if sameFile(dir, other) {
				return fmt.Errorf("%q is %q: expected each folder once", dir, other)
			}
		}
	}
	return nil
}

// hasLedger reports whether a folder is one of outputs.
func hasLedger(dir string) bool {
	d, err := os.Open(dir)
	if err != nil {
		return false
	}
	defer d.Close()
	for {
		names, err := d.Readdirnames(1024)
		if slices.ContainsFunc(names, store.IsLedger) {
			return true
		}
		if err != nil {
			return false
		}
	}
}

// merge makes one folder of all.
func (f *mergeFlags) merge(ctx context.Context, stdout, stderr io.Writer) error {
	return stoppable(ctx, stderr, func(stop *stopper) error { return f.mergeUntil(stop.ctx, stdout, stderr) })
}

func (f *mergeFlags) mergeUntil(ctx context.Context, stdout, stderr io.Writer) (err error) {
	to, err := store.Open(cmp.Or(f.dir, f.from[0]), store.Options{})
	if err != nil {
		return exitError{exitCouldNotRun, worded(err)}
	}
	defer func() { err = errors.Join(err, asCouldNotRun(to.Close())) }()
	failed := tellMerged(to, stdout, stderr)
	all := to.Merged()
	if f.dir == "" {
		tellMissing(all, stderr)
		return mergeVerdict(failed)
	}
	for _, dir := range f.from {
		a, err := to.Adopt(ctx, dir)
		fmt.Fprintf(stdout, "%s: %d lines and %d files copied to %s, and %d lines that it had\n",
			summary.Printable(dir), a.Lines, a.Files, summary.Printable(f.dir), a.Twice)
		for _, w := range a.Warnings {
			fmt.Fprintf(stderr, "note: %s: %s\n", summary.Printable(dir), w)
		}
		failed = tellAdopted(a, dir, stderr) || failed
		if err != nil {
			return asCouldNotRun(worded(err))
		}
		all.Parts = append(all.Parts, a.Parts...)
	}
	tellMissing(all, stderr)
	return mergeVerdict(failed)
}

func mergeVerdict(failed bool) error {
	if failed {
		return exitError{exitSomeFailed, nil}
	}
	return nil
}

// worded puts what a person could do on a line after an error of the store.
func worded(err error) error {
	if hint := storeHint(err); hint != "" {
		return fmt.Errorf("%w\nhint: %s", err, hint)
	}
	return err
}

// tellMerged says what a folder took over from its shards, and reports whether that is not all.
func tellMerged(s *store.Store, stdout, stderr io.Writer) (failed bool) {
	m := s.Merged()
	if len(m.Parts) == 0 {
		return false
	}
	fmt.Fprintf(stdout, "%s: %d lines of %d shards taken into %s, and %d that it had\n",
		summary.Printable(s.Dir()), m.Lines, len(m.Parts), store.LedgerName, m.Twice)
	for _, w := range s.Warnings() {
		fmt.Fprintf(stderr, "note: %s\n", w)
	}
	return tellConflicts(m.Conflicts, s.Dir(), stderr)
}

// tellMissing says which shards have no ledger in any of the folders.
func tellMissing(m store.Merged, stderr io.Writer) {
	const most = 8
	if missing := m.Missing(most + 1); len(missing) > 0 {
		text := ""
		for i, p := range missing[:min(len(missing), most)] {
			if i > 0 {
				text += ", "
			}
			text += p.String()
		}
		if len(missing) > most {
			text += " and more"
		}
		fmt.Fprintf(stderr, "note: no ledger of the shards %s was there: "+
			"a run without --shard does what they have not\n", text)
	}
}

func tellConflicts(c store.Met, dir string, stderr io.Writer) bool {
	if c.Count > 0 {
		fmt.Fprintf(stderr, "%s: inputs of which two shards made different outputs: %d, such as %s for %s; "+
			"the newest line counts, and --force makes them anew\n",
			summary.Printable(dir), c.Count, summary.Printable(c.Name), summary.Printable(c.Source))
	}
	return c.Count > 0
}

// tellAdopted says what was not taken over, and reports whether there is such.
func tellAdopted(a store.Adopted, dir string, stderr io.Writer) (failed bool) {
	failed = tellConflicts(a.Conflicts, dir, stderr)
	if m := a.Lost; m.Count > 0 {
		failed = true
		fmt.Fprintf(stderr, "%s: inputs whose outputs are not as imgpipe wrote them, left out: %d, such as %s "+
			"for %s\n", summary.Printable(dir), m.Count, summary.Printable(m.Name), summary.Printable(m.Source))
	}
	if m := a.Refused; m.Count > 0 {
		failed = true
		fmt.Fprintf(stderr, "%s: inputs whose outputs have the names of others, left out: %d, such as %s: %v\n",
			summary.Printable(dir), m.Count, summary.Printable(m.Source), worded(a.Why))
	}
	return failed
}
