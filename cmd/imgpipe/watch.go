package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"imgpipe/cmd/imgpipe/internal/flags"
)

// watchFlags are the flags of imgpipe watch: those of a run, and when to look.
type watchFlags struct {
	*runFlags
	settle, poll time.Duration
}

func newWatchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "watch [flags] FOLDER...",
		Short: "Run, and process what comes into folders until Ctrl-C",
		Long: `Process the images of folders, as 'imgpipe run' does, and then each image that comes or
changes there, also in new folders, but not what symbolic links in them lead to. An image
is taken once it is whole: when nobody has written to it for --settle.

The outputs have the names that 'imgpipe run' would give them, and the ledger is the same.
An image that fails is tried again when it changes. Ctrl-C ends it with a summary, and so does SIGTERM. The exit
status is that of a run; 130 if images were under way.`,
		Example: `  imgpipe watch -o small --resize 1600x1600 photos
  imgpipe watch -o small --format webp --prune --poll 10s /mnt/camera`,
	}
	f := &watchFlags{runFlags: addRunFlags(cmd.Flags()), settle: 2 * time.Second}
	for _, no := range unwatched {
		f.set.Lookup(no.name).Hidden = true
	}
	flags.Group{Set: cmd.Flags(), Heading: "Watching"}.Add(
		flags.Flag{Name: "settle", Common: true, Value: flags.Period(&f.settle),
			Usage: "time in which nobody writes to a file that is whole"},
		flags.Flag{Name: "poll", Common: true, Value: flags.PeriodOrNone(&f.poll),
			Usage: "list the folders every so often, too: for mounts of other machines, of which the system hears " +
				"nothing (default never, or 10s if the system cannot watch)"},
	)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := f.preset.apply(f.set.Lookup); err != nil {
			return exitError{exitUsage, err}
		}
		f.finalize(args)
		if f.watched = true; f.tell.progress == progressAuto {
			f.tell.progress = progressNone // hours may pass between two images
		}
		if err := errors.Join(f.preset.beside(f.check()), f.checkProxies()); err != nil {
			return exitError{exitUsage, err}
		}
		return runWatch(cmd.Context(), f, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
	}
	return cmd
}

// unwatched are flags of imgpipe run that watch does not have, and why. No help shows them.
var unwatched = []struct{ name, why string }{
	{"dry-run", "goes on and on: 'imgpipe run --dry-run' says what it would do first"},
	{"explain", "goes on and on: 'imgpipe run --dry-run --explain' says what it would do first"},
	{"input-list", "is for folders, and a list has none"},
	{"list-format", "is for folders, and reads no list"},
	{"url-col", "is for folders, and reads no list"},
	{"null", "is for folders, and reads no list"},
	{"columns", "is for folders, and reads no list"},
	{"verify-hash", "is for folders, and reads no list"},
	{"shard", "numbers what is there, and that changes when files come"},
	{"follow", "hears nothing of what happens behind a symbolic link"},
	{"in-place", "writes to a folder of its own"},
	{"backup", "writes to a folder of its own"},
	{"trace", "has no one pipeline to trace"},
	{"manifest", "has no end at which a page is made"},
	{"force", "does what changes: 'imgpipe run --force' does all again"},
	{"retry-failed", "tries what failed when it changes: 'imgpipe run --retry-failed' tries it now"},
}

// check looks at the flags together.
func (f *watchFlags) check() error {
	for _, no := range unwatched {
		if f.set.Changed(no.name) {
			return fmt.Errorf("--%s: watch %s: expected no --%s with it", no.name, no.why, no.name)
		}
	}
	if strings.Contains(f.output.name, "{index}") {
		return fmt.Errorf("--name %q: places in the input change when files come: expected no {index} with watch",
			f.output.name)
	}
	if err := f.runFlags.check(); err != nil {
		return err
	}
	for _, arg := range f.input.args {
		if info, err := os.Stat(arg); err != nil || !info.IsDir() {
			return fmt.Errorf("watch: %q is no folder that is there: expected folders", arg)
		}
	}
	return nil
}

// runWatch is imgpipe watch, once its flags have been checked.
func runWatch(ctx context.Context, f *watchFlags, stdin io.Reader, stdout, stderr io.Writer) (err error) {
	stop := listen(ctx, stderr)
	defer stop.release()
	if t := f.limits.maxTime; t > 0 {
		stop.after(t, fmt.Sprintf("--max-time %s is over", flags.FormatPeriod(t)))
	}
	var own owner
	defer func() { err = errors.Join(err, asCouldNotRun(own.close())) }()
	p, err := f.prepare(stop, stdin, &own)
	if err != nil {
		return stop.verdict(err)
	}
	r := &runner{prepared: p, stop: stop, stdout: stdout, stderr: stderr, sum: p.newSummary()}
	if err := r.open(stop.ctx, &own); err != nil {
		return exitError{exitCouldNotRun, f.hinted(err)}
	}
	if err := r.header(stop.ctx); err != nil {
		return exitError{exitCouldNotRun, f.hinted(err)}
	}
	n, err := newNotices()
	if err != nil {
		r.screen.say("note: the system cannot watch folders: %v", err)
	} else {
		own.undo(n.close)
	}
	return newWatching(f, r, n).run()
}
