package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/samples"
)

// The demo's job. A round is short, so that there can be six within 15 seconds on two quiet CPUs: fewer show no order.
const (
	demoImages  = 48 // these are kept
	demoRound   = 12 // of them, each mode does so many in a round
	demoRounds  = bench.LessonRounds
	demoLatency = 50 * time.Millisecond
	demoSize    = "800x800"
	// demoLimit is when no run goes on any more, on a machine that is too busy for all rounds.
	demoLimit = 28 * time.Second
)

func newDemoCommand() *cobra.Command {
	output := "imgpipe-demo"
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the same job in four modes, in turn, on built-in samples",
		Long: fmt.Sprintf(`Start a server on this machine that answers after %v, and download pictures from it and
fit each into %s, in four modes: one after the other, under a global lock, in
goroutines and in processes. Check that all wrote the same bytes, and say what each
cost and which order of them that shows, if any. %d pictures stay in ./imgpipe-demo/. No
network is needed.

It takes some 15 seconds on two quiet CPUs: %d rounds of %d pictures in each mode, after
a run that makes all %d. 'imgpipe compare' measures your images, and 'imgpipe compare
--lesson' more jobs than this one.`, demoLatency, demoSize, demoImages, demoRounds, demoRound, demoImages),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := folderName("output", output); err != nil {
				return exitError{exitUsage, err}
			}
			return stoppable(cmd.Context(), cmd.ErrOrStderr(), func(stop *stopper) error {
				return demo(stop, output, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	flags.Group{Set: cmd.Flags(), Heading: "Flags"}.Add(
		flags.Flag{Name: "output", Short: "o", Value: flags.Text(&output, "DIR"), Usage: "folder for the pictures"},
	)
	return cmd
}

// demo makes the pictures that stay, and then compares the modes without a verdict.
func demo(stop *stopper, output string, stdout, stderr io.Writer) error {
	ctx := stop.ctx
	could := func(err error) error { return exitError{exitCouldNotRun, err} }
	limited, cancel := context.WithTimeout(ctx, demoLimit)
	defer cancel()
	scratch, err := scratchFolder("demo")
	if err != nil {
		return could(err)
	}
	defer os.RemoveAll(scratch)
	stop.atLast(func() { os.RemoveAll(scratch) })
	source, err := sampleSource(scratch, demoImages, samples.Behavior{Latency: demoLatency})
	if err != nil {
		return could(err)
	}
	defer source.close()
	few, err := headOf(source.lists[0], demoRound)
	if err != nil {
		return could(err)
	}
	fmt.Fprintf(stdout, "%d of %s, fitted into %s on %d CPUs, in %d rounds\n\n", demoRound, source.job.Inputs, demoSize,
		cpus(), demoRounds)

	args := []string{"--resize", demoSize, "--name", "{index}.{ext}", "--per-host", strconv.Itoa(manyDownloads)}
	grid := func(of ...string) []bench.Config { return bench.Grid(of, []int{cpus()}, []int{manyDownloads}) }
	contest := &contest{
		dir: scratch, keep: output, flat: true, kill: stop.again, screen: newRunsScreen(stderr, progressAuto, false),
	}
	kept, err := contest.run(ctx, source.job, bench.Plan{
		Configs: grid(modes.Goroutines), Runs: 1, Args: append(slices.Clone(args), "--input-list", source.lists[0]),
	})
	if err := demoFailed(ctx, kept, err, demoImages); err != nil {
		return err
	}
	contest.keep = ""
	c, err := contest.run(limited, source.job, bench.Plan{
		Configs: grid(modes.Serial, modes.GIL, modes.Goroutines, modes.Processes), Runs: demoRounds,
		Args: append(slices.Clone(args), "--input-list", few),
	})
	if limited.Err() != nil && ctx.Err() == nil && len(c.Samples) > 0 {
		err, c.Partial = nil, "" // the rounds that were made are shown
	}
	if err := demoFailed(ctx, c, err, demoRound); err != nil {
		return err
	}
	io.WriteString(stdout, demoText(c))
	fmt.Fprintf(stdout, "%d pictures are in %s%c.\n\nNext, your own: imgpipe compare --resize %s PHOTOS\n", demoImages,
		output, filepath.Separator, demoSize)
	return nil
}

// demoFailed returns why a demo ends early; nil if it goes on.
func demoFailed(ctx context.Context, c *bench.Comparison, err error, images int) error {
	could := func(err error) error { return exitError{exitCouldNotRun, err} }
	switch {
	case ctx.Err() != nil:
		return exitError{exitInterrupted, errors.New("interrupted")}
	case err != nil:
		return couldNotCompare(ctx, fmt.Errorf("demo: %w", err))
	case c.Partial != "":
		return could(fmt.Errorf("demo: %s", c.Partial))
	case c.Samples[0].Summary.Done != images:
		return could(fmt.Errorf("demo: %d of %d pictures done", c.Samples[0].Summary.Done, images))
	}
	return nil
}

// headOf writes the first lines of a list into a file beside it.
func headOf(list string, lines int) (path string, err error) {
	text, err := os.ReadFile(list)
	if err != nil {
		return "", err
	}
	path = list + ".few"
	return path, os.WriteFile(path, []byte(firstLines(string(text), lines)+"\n"), 0o600)
}
