package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/cmd/imgpipe/internal/usage"
	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
	"imgpipe/transform"
)

func newRunCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run [flags] INPUT...",
		Short: "Fetch and transform images",
		Long: `Fetch and transform images. An INPUT is a file, a folder (walked), a pattern or a URL.

Outputs keep the tree of the folders. Each is written whole or not at all. The same
command again does only what is not done yet or failed; --force does all again.`,
		Example: `  imgpipe run -o small --resize 1600x1600 photos
  imgpipe run -o thumbs --size 320 --size 1280 --format jpeg photos '*.png'
  imgpipe run -o squares --resize 256x256 --fit cover --gravity smart -i urls.txt
  imgpipe run -o set -i set.csv --url-col image_url -d 64 --failed-list failed.txt
  imgpipe run -o bw --op grayscale --op 'watermark=logo.png,opacity=0.5' photos`,
	}
	f := addRunFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f.inputs = args
		if err := f.validate(); err != nil {
			return exitError{exitUsage, err}
		}
		return runRun(cmd.Context(), f, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
	}
	return cmd
}

// runRun is imgpipe run, once its flags are known to be good.
func runRun(ctx context.Context, f *runFlags, stdin io.Reader, stdout, stderr io.Writer) error {
	spec, err := f.spec()
	if err != nil {
		return exitError{exitUsage, err}
	}
	namer, err := f.names(spec)
	if err != nil {
		return exitError{exitUsage, err}
	}
	inputs := f.source(stdin)
	if err := inputs.Check(ctx); err != nil {
		return exitError{exitUsage, err}
	}
	onExist, err := store.ParseOnExist(f.onExist)
	if err != nil {
		return usageErrorf("--on-exist: %v", err)
	}
	st, err := store.Open(f.output, store.Options{OnExist: onExist, Force: f.force, ReadOnly: f.dry})
	if err != nil {
		return exitError{exitCouldNotRun, hinted(err)}
	}
	arc := &archive{store: st, namer: namer, spec: spec, text: spec.String(), overwrite: onExist == store.Overwrite, retry: f.retryFailed}
	if f.dry {
		err = dryRun(ctx, f, inputs, arc, stdout, stderr)
	} else {
		err = liveRun(ctx, f, inputs, arc, stdout, stderr)
	}
	if closeErr := st.Close(); err == nil && closeErr != nil {
		err = exitError{exitCouldNotRun, closeErr}
	}
	return err
}

// liveRun fetches, transforms and stores.
func liveRun(ctx context.Context, f *runFlags, inputs fetch.Inputs, arc *archive, stdout, stderr io.Writer) error {
	sum := f.summary(arc.text)
	began, before := time.Now(), usage.Spent()
	exec, pids, err := f.executor()
	if err != nil {
		return exitError{exitCouldNotRun, err}
	}
	sampler := usage.Start(pids)
	client := fetch.New(f.client())
	defer client.Close()
	failed, err := newFailedList(f.failedList)
	if err != nil {
		exec.Close()
		return exitError{exitCouldNotRun, err}
	}

	screen := newScreen(stderr, f.progress, f.quiet)
	screen.say("imgpipe: %s to %s: %s", f.shownInput(), f.shownOutput(), f.plan(arc.text))
	for _, w := range arc.store.Warnings() {
		screen.say("note: %s", w)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	in := newIntake(ctx, inputs)
	stop, release := stopOnSignal(screen, func() { cancel(errInterrupted) }, in.close)
	counting := in.count(f, screen)

	var recording error // the ledger or the list of failures cannot be written
	totals, err := pipeline.Run(ctx, in.items(), pipeline.Options{
		Fetcher:         client,
		Executor:        exec,
		Store:           arc,
		Spec:            arc.spec,
		Limits:          transform.Limits{MaxPixels: f.maxPixels},
		Sequential:      f.mode == modeSerial,
		Downloads:       f.downloads,
		Memory:          f.budget(),
		ItemTimeout:     orNone(f.itemTimeout),
		MaxFailures:     f.maxFailures.count,
		MaxFailureShare: f.maxFailures.share,
		Stop:            stop,
	}, func(o pipeline.Outcome) {
		sum.Add(o)
		screen.outcome(o)
		if recording != nil {
			return
		}
		if recording = errors.Join(arc.record(o), failed.add(o)); recording != nil {
			cancel(recording)
		}
	})
	in.close()
	counting.Wait()
	interrupted := release()
	if closeErr := exec.Close(); err == nil && closeErr != nil {
		screen.say("note: %v", closeErr)
	}
	screen.close()

	err = errors.Join(f.verdict(err, in.err, totals, interrupted), asCouldNotRun(failed.close()))
	used := usage.Spent().Sub(before)
	sum.User, sum.System, sum.PeakMemory = used.User.Seconds(), used.System.Seconds(), sampler.Stop()
	if err != nil {
		sum.Ended = err.Error()
	}
	sum.Finish(time.Since(began))
	if !f.quiet {
		sum.WriteText(stderr)
	}
	return errors.Join(err, asCouldNotRun(f.writeReport(sum, stdout)))
}

var errInterrupted = errors.New("interrupted")

// verdict makes the exit status of what happened.
func (f *runFlags) verdict(err, inputErr error, totals pipeline.Totals, interrupted bool) error {
	switch {
	case interrupted:
		return exitError{exitInterrupted, errors.New("interrupted; the same command continues")}
	case errors.Is(err, pipeline.ErrTooManyFailures):
		return exitError{exitSomeFailed, fmt.Errorf("--max-failures %v: %w", f.set.Lookup("max-failures").Value, err)}
	case err != nil:
		return exitError{exitCouldNotRun, hinted(err)}
	case inputErr != nil:
		return exitError{exitCouldNotRun, inputErr}
	case totals.Failed > 0:
		return exitError{exitSomeFailed, nil}
	}
	return nil
}

func asCouldNotRun(err error) error {
	if err == nil {
		return nil
	}
	return exitError{exitCouldNotRun, err}
}

// hinted puts behind an error of the store what a person could do about it.
func hinted(err error) error {
	var e *store.Error
	if errors.As(err, &e) && e.Hint != "" {
		return fmt.Errorf("%w\nhint: %s", err, e.Hint)
	}
	return err
}

func orNone(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

// summary begins the summary of a run.
func (f *runFlags) summary(spec string) *summary.Summary {
	return &summary.Summary{
		Program:   strings.SplitN(version(), "\n", 2)[0],
		Go:        runtime.Version(),
		Machine:   summary.Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: cpus()},
		Command:   os.Args,
		Began:     time.Now(),
		Mode:      f.mode,
		Workers:   f.width(),
		Downloads: f.fetches(),
		Memory:    f.budget(),
		Spec:      spec,
		Failures:  []summary.Failure{},
	}
}

// width and fetches are what the run really does at once.
func (f *runFlags) width() int {
	if f.mode == modeSerial {
		return 1
	}
	return f.workers
}

func (f *runFlags) fetches() int {
	if f.mode == modeSerial {
		return 1
	}
	return f.downloads
}

// plan is the part of the header line that says how.
func (f *runFlags) plan(spec string) string {
	if spec == "" {
		spec = "turn upright"
	}
	return fmt.Sprintf("%s, workers %d, downloads %d, memory %s; %s", f.mode, f.width(), f.fetches(), summary.Bytes(f.budget()), spec)
}

func (f *runFlags) shownInput() string {
	all := append(append([]string{}, f.inputs...), f.lists...)
	text := fetch.Redact(all[0])
	if len(all) > 1 {
		text += fmt.Sprintf(" and %d more", len(all)-1)
	}
	return summary.Printable(text)
}

func (f *runFlags) writeReport(sum *summary.Summary, stdout io.Writer) error {
	switch f.report {
	case "":
		return nil
	case "-":
		return sum.WriteJSON(stdout)
	}
	if err := writeWhole(f.report, sum.WriteJSON); err != nil {
		return fmt.Errorf("--report %q: %w", f.report, err)
	}
	return nil
}

// stopOnSignal has the first Ctrl-C close the channel it gives and call last, and the second one call now. release ends that, and tells whether
// there was one.
func stopOnSignal(s *screen, now, last func()) (stop <-chan struct{}, release func() bool) {
	signals := make(chan os.Signal, 2) // so that a second one is not missed while the first is told
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	stopping, quit, gone := make(chan struct{}), make(chan struct{}), make(chan struct{})
	count := 0
	go func() {
		defer close(gone)
		for {
			select {
			case <-signals:
				count++
				switch count {
				case 1:
					s.say("stopping: finishing what is under way; once more to stop at once")
					close(stopping)
					last()
				case 2:
					now()
				}
			case <-quit:
				return
			}
		}
	}()
	return stopping, func() bool {
		signal.Stop(signals)
		close(quit)
		<-gone
		return count > 0
	}
}

// dryRun tells what would be written where.
func dryRun(ctx context.Context, f *runFlags, inputs fetch.Inputs, arc *archive, stdout, stderr io.Writer) error {
	todo, before := 0, 0
	tell := func(item fetch.Item, p *place) {
		if p.skip != "" {
			before++
			fmt.Fprintf(stdout, "%s: skipped: %s\n", summary.Printable(fetch.Redact(item.Source)), p.skip)
			return
		}
		todo++
		for _, name := range p.shown(arc.format(item)) {
			fmt.Fprintf(stdout, "%s -> %s\n", summary.Printable(fetch.Redact(item.Source)), name)
		}
	}
	in := newIntake(ctx, inputs)
	totals, err := pipeline.Run(ctx, in.items(), pipeline.Options{Store: dryStore{arc, tell}, Sequential: true}, func(o pipeline.Outcome) {
		if o.Status == pipeline.Failed {
			fmt.Fprintf(stderr, "FAIL %s\n", summary.Printable(fmt.Sprintf("%s: %s: %v", fetch.Redact(o.Item.Source), o.Class, o.Err)))
		}
	})
	if !f.quiet {
		fmt.Fprintf(stderr, "%s; %s\n%d to do, %d skipped, %d would fail; nothing was fetched or written\n",
			f.shownOutput(), f.plan(arc.text), todo, before, totals.Failed)
	}
	return f.verdict(err, in.err, totals, false)
}

// shown gives the names of an item's outputs as far as they are known: {ext}, {w} and {h} may stand in them.
func (p *place) shown(format transform.Format) (names []string) {
	for _, v := range p.in.spec.Variants() {
		name := strings.ReplaceAll(p.name.String(), "{size}", v.Label)
		if format != "" {
			name = strings.ReplaceAll(name, "{ext}", format.Ext())
		}
		names = append(names, name)
	}
	return names
}

// An intake gives a run its items.
type intake struct {
	inputs fetch.Inputs
	ctx    context.Context
	cancel context.CancelFunc
	err    error // why the input ended early; to be read when the run has ended
}

func newIntake(ctx context.Context, inputs fetch.Inputs) *intake {
	in := &intake{inputs: inputs}
	in.ctx, in.cancel = context.WithCancel(ctx)
	return in
}

// close ends the input, also one that waits for standard input.
func (in *intake) close() { in.cancel() }

func (in *intake) items() iter.Seq[fetch.Item] {
	return func(yield func(fetch.Item) bool) {
		for item, err := range in.inputs.Items(in.ctx) {
			if err != nil {
				if in.ctx.Err() == nil {
					in.err = err
				}
				return
			}
			if !yield(item) {
				return
			}
		}
	}
}

// count tells the screen how many items there are, where the input can be read twice and there is a screen to tell. The run does not wait
// for it.
func (in *intake) count(f *runFlags, s *screen) *sync.WaitGroup {
	var counting sync.WaitGroup
	if f.quiet || f.progress == "none" || slices.Contains(f.lists, "-") {
		return &counting
	}
	counting.Go(func() {
		n := 0
		for _, err := range in.inputs.Items(in.ctx) {
			if err != nil {
				return
			}
			n++
		}
		s.expect(n)
	})
	return &counting
}
