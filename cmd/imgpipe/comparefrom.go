package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"imgpipe/cmd/imgpipe/internal/bench"
)

// withFrom are the flags that may stand beside --from, which runs nothing.
var withFrom = []string{"from", "against", "format", "output", "quiet", "progress"}

// checkFrom finds flags and inputs that are for runs, beside --from.
func (f *compareFlags) checkFrom() (err error) {
	if f.from == "" {
		return nil
	}
	f.set.Visit(func(flag *pflag.Flag) {
		if err == nil && !slices.Contains(withFrom, flag.Name) {
			err = fmt.Errorf("--from runs nothing, and --%s is for runs: expected --from with --against, --format "+
				"or --output alone", flag.Name)
		}
	})
	if err == nil && !f.builtin() {
		err = fmt.Errorf("--from %q runs nothing: expected no INPUT with it", f.from)
	}
	return err
}

// checkAgainst finds an earlier comparison, if there is one, of which nothing is run now: else that would be known only
// after all runs. A lesson is set beside a lesson alone. It warns if the job is another one.
func (f *compareFlags) checkAgainst(earlier *bench.Comparison, stderr io.Writer) error {
	if earlier != nil && f.lesson && !earlier.Teaches() {
		return fmt.Errorf("--against %q: it is no lesson, so nothing in it is like one: expected the JSON of an "+
			"earlier 'imgpipe compare --lesson --format json', or no --lesson", f.against)
	}
	if earlier == nil || f.lesson || f.peer.name != "" {
		return nil
	}
	if !earlier.Knows(f.plan(nil)) {
		var names []string
		for i := range earlier.Configs {
			names = append(names, earlier.Name(i))
		}
		return fmt.Errorf("--against %q: it has %s, and none of them is run now: expected the --modes, --workers and "+
			"--downloads of then", f.against, strings.Join(names, ", "))
	}
	spec, err := f.run.picture.spec()
	if now := spec.String(); err == nil && !f.builtin() && now != earlier.Job.Spec && !f.quiet {
		fmt.Fprintf(stderr, "note: what is made of the images differs from --against %q: %s now, %s then\n", f.against,
			cmp.Or(now, "nothing"), cmp.Or(earlier.Job.Spec, "nothing"))
	}
	return nil
}

// again judges and reports an earlier comparison once more.
func (f *compareFlags) again(
	ctx context.Context, sides *sideCheck, earlier *bench.Comparison, stdout io.Writer,
) error {
	c, err := readComparison("from", f.from)
	if err != nil {
		return exitError{exitUsage, err}
	}
	if earlier != nil {
		c.CompareWith(earlier)
	}
	if err := f.report(ctx, sides, c, stdout); err != nil {
		return exitError{exitCouldNotRun, err}
	}
	return nil
}

// readComparison reads the file of a flag, and judges it. It returns nil if the flag was not given.
func readComparison(flag, path string) (*bench.Comparison, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--%s %q: %w", flag, path, err)
	}
	defer file.Close()
	c, err := bench.Read(file)
	if err != nil {
		return nil, fmt.Errorf("--%s %q: %w", flag, path, err)
	}
	c.Analyse()
	return c, nil
}
