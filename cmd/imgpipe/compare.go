package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/report"
	"imgpipe/fetch"
	"imgpipe/samples"
)

func newCompareCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "compare [flags] [INPUT...]",
		Short: "Measure on your images what each mode costs and gains, and say why",
		Long: `Do the same job in every mode, in turn and several times, and say how the modes compare:
which is the fastest and by how much, what bounds the job, what processes and a global
lock cost. Without INPUT the job is pictures from a server on this machine.

Each run is a process of its own, measured from before it is started until it has ended.
All must write the same bytes; an image that fails in some runs only is left out of all.
Rounds that other programs disturb are made again, and do not count for the clock.
Ctrl-C ends it early and shows what has been measured so far. Nothing is kept but the
report, and what --keep asks for.

--modes takes these; the modes are those of 'imgpipe run' ('imgpipe help modes'):

` + contestantsList(),
		Example: `  imgpipe compare                                       built-in samples
  imgpipe compare --resize 1600x1600 -o report.html photos
  imgpipe compare --modes goroutines,processes --format bench photos > runs.txt
  imgpipe compare --stage fetch -d 1,8,64 --per-host 64 -i urls.txt
  imgpipe compare --modes goroutines --contestant 'no GC: GOGC=off' photos
  imgpipe compare --lesson -o lesson.html
  imgpipe compare --contestant 'old: program=./old' --contestant 'new:' photos
  imgpipe compare --format json photos > monday.json
  imgpipe compare --against monday.json photos`,
	}
	f := addCompareFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := f.preset.apply(f.ofRun); err != nil {
			return exitError{exitUsage, err}
		}
		f.finalize(args)
		if err := f.preset.beside(f.check()); err != nil {
			return exitError{exitUsage, err}
		}
		sides, err := f.sideCheck()
		if err != nil {
			return exitError{exitUsage, err}
		}
		earlier, err := readComparison("against", f.against)
		if err != nil {
			return exitError{exitUsage, err}
		}
		if f.from != "" {
			return f.again(cmd.Context(), sides, earlier, cmd.OutOrStdout())
		}
		return stoppable(cmd.Context(), cmd.ErrOrStderr(), func(stop *stopper) error {
			return f.compare(stop, sides, earlier, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		})
	}
	return cmd
}

// compare makes the comparison and reports it.
func (f *compareFlags) compare(
	stop *stopper, sides *sideCheck, earlier *bench.Comparison, stdin io.Reader, stdout, stderr io.Writer,
) error {
	ctx := stop.ctx
	if err := f.checkAgainst(earlier, stderr); err != nil {
		return exitError{exitUsage, err}
	}
	c, err := f.measure(stop, stdin, stderr)
	if c == nil || len(c.Samples) == 0 {
		return couldNotCompare(ctx, err)
	}
	if earlier != nil {
		c.CompareWith(earlier)
	}
	if reportErr := f.report(context.WithoutCancel(ctx), sides, c, stdout); reportErr != nil {
		return exitError{exitCouldNotRun, errors.Join(err, reportErr)}
	}
	switch {
	case err != nil:
		return couldNotCompare(ctx, err)
	case c.Partial != "":
		return exitError{exitSomeFailed, errors.New(c.Partial)}
	case c.Samples[0].Summary.Done == 0:
		s := c.Samples[0].Summary
		return exitError{exitSomeFailed, fmt.Errorf("%d of %d images failed in every run: nothing was compared",
			s.Failed, s.Items)}
	}
	return nil
}

// measure makes the comparison. When it returns, its server and its temporary files are gone: the report comes after,
// and the program may end in the midst of it where nobody reads it to its end.
func (f *compareFlags) measure(stop *stopper, stdin io.Reader, stderr io.Writer) (*bench.Comparison, error) {
	ctx := stop.ctx
	scratch, err := scratchFolder("compare")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	stop.atLast(func() { os.RemoveAll(scratch) })
	source, err := f.inputs(ctx, scratch, stdin)
	if err != nil {
		return nil, err
	}
	defer source.close()
	inputs := f.run.inputs(stdin)
	lists := inputs.Lists
	inputs.Lists = nil // those of files are looked at by the first run
	if err := inputs.Check(ctx); err != nil {
		return nil, exitError{exitUsage, err}
	}
	screen := newRunsScreen(stderr, f.progress, f.quiet)
	contest := &contest{dir: scratch, keep: f.keep, kill: stop.again, screen: screen}
	inputs.Lists = keptLists(lists, source.lists)
	plan := f.plan(source.lists)
	if f.lesson {
		return f.teach(ctx, scratch, contest, source.lists)
	}
	peer, err := f.newPeer(ctx, scratch, plan, inputs, stop.again)
	if err != nil {
		return nil, err
	}
	contest.peer = peer
	if peer != nil {
		plan.Configs = append(plan.Configs, peer.Configs(f.workers, f.downloads)...)
	}
	screen.say("imgpipe: comparing %s %s, on %s%s", figure.Count(len(plan.Configs), "contestant"), f.howOften(),
		source.job.Inputs, f.preset.shown())
	for _, c := range plan.Named().Configs {
		if c.SameAs != "" {
			screen.say("imgpipe: %s is not run: it is %s by another name, and has its runs", c.Name, c.SameAs)
		}
	}
	if f.claims() {
		return f.compareWithClaims(ctx, scratch, contest, source.job, plan)
	}
	c, err := contest.run(ctx, source.job, plan)
	if err == nil && peer != nil {
		err = f.addLoops(ctx, peer, screen, c)
	}
	if err == nil {
		screen.say("imgpipe: %s", f.howEnded(c))
	}
	return c, err
}

// howOften says how many rounds there will be.
func (f *compareFlags) howOften() string {
	if f.runs > 0 {
		return "in " + figure.Count(f.runs+f.warmup, "round")
	}
	return fmt.Sprintf("until their ratios are known to %s, for %s at most", formatPercent(f.precision),
		flags.FormatPeriod(f.budget))
}

// howEnded says how many rounds there were, and why no more.
func (f *compareFlags) howEnded(c *bench.Comparison) string {
	rounds := figure.Count(c.Runs, "round")
	switch c.Ended {
	case bench.EndedPrecision:
		return fmt.Sprintf("%s, until the ratios were known to %s", rounds, formatPercent(c.Precision))
	case bench.EndedBudget:
		said := fmt.Sprintf("%s, until --budget %s was used up", rounds, flags.FormatPeriod(c.Budget))
		if c.Runs < bench.LessonRounds {
			said += fmt.Sprintf(": %d are needed to show an order, by --runs %d or a longer --budget",
				bench.LessonRounds, bench.LessonRounds)
		}
		return said
	}
	return rounds
}

// couldNotCompare is the exit status of a comparison that ended early.
func couldNotCompare(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return exitError{exitInterrupted, errors.New("interrupted: what was measured is partial")}
	case errors.Is(err, bench.ErrDifferent), errors.Is(err, bench.ErrLeftOut):
		return exitError{exitSomeFailed, err}
	case errors.As(err, new(exitError)):
		return err
	}
	return exitError{exitCouldNotRun, err}
}

// report writes the report in its format, and the one with charts: a page, or a picture if the file is called .svg.
func (f *compareFlags) report(
	ctx context.Context, sides *sideCheck, c *bench.Comparison, stdout io.Writer,
) error {
	write := map[string]func(io.Writer, *bench.Comparison) error{
		formatText: report.Text, "markdown": report.Markdown, "json": report.JSON, "csv": report.CSV,
		"bench": report.Bench,
	}[f.format]
	err := write(stdout, c)
	if f.output != "" {
		draw := report.HTML
		if strings.EqualFold(filepath.Ext(f.output), ".svg") {
			draw = report.SVG
		}
		write := func(w io.Writer) error { return draw(w, c) }
		err = errors.Join(err, writeSide(ctx, "output", f.output, sides.allowed(f.output), write))
	}
	return err
}

// A contestSource is what all runs of a comparison read.
type contestSource struct {
	job   bench.Job
	lists []string
	srv   *samples.Server
}

func (s *contestSource) close() {
	if s.srv != nil {
		s.srv.Close()
	}
}

// inputs returns what every run reads: the list of the built-in samples, whose server it starts, or the user's input.
// Lists that can be read but once are kept in dir.
func (f *compareFlags) inputs(ctx context.Context, dir string, stdin io.Reader) (*contestSource, error) {
	if f.builtin() {
		return sampleSource(dir, f.images, samples.Behavior{Latency: f.latency})
	}
	s := &contestSource{job: bench.Job{Inputs: f.run.input.shown()}}
	for i, l := range f.run.input.lists {
		info, err := os.Stat(l)
		if (fetch.List{Path: l}).Stdin() || err == nil && !info.Mode().IsRegular() && !info.IsDir() {
			kept := filepath.Join(dir, strconv.Itoa(i)+filepath.Base(l)) // its ending says how it is written
			if err := keepList(ctx, fetch.List{Path: l}, stdin, kept); err != nil {
				return nil, fmt.Errorf("keep the list %q, which can be read but once: %w", l, err)
			}
			l = kept
		}
		s.lists = append(s.lists, l)
	}
	return s, nil
}

// keepList copies a list.
func keepList(ctx context.Context, l fetch.List, stdin io.Reader, to string) error {
	r, err := l.Open(ctx, stdin)
	if err != nil {
		return err
	}
	defer r.Close()
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

// sampleSource starts the server of the built-in samples, and writes a list of them into dir. The caller closes it.
func sampleSource(dir string, images int, how samples.Behavior) (*contestSource, error) {
	srv := &samples.Server{Behavior: how}
	url, err := srv.Start("")
	if err != nil {
		return nil, err
	}
	var urls strings.Builder
	for i := range images {
		fmt.Fprintf(&urls, "%s/photos/%04d.jpg\n", url, i+1)
	}
	list := filepath.Join(dir, "samples.txt")
	if err := os.WriteFile(list, []byte(urls.String()), 0o600); err != nil {
		srv.Close()
		return nil, err
	}
	inputs := fmt.Sprintf("%d pictures from a server on this machine that answers after %v", images, how.Latency)
	return &contestSource{bench.Job{Inputs: inputs, Latency: how.Latency}, []string{list}, srv}, nil
}
