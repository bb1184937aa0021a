package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/samples"
)

// The demo's job.
const (
	demoImages  = 48
	demoLatency = 50 * time.Millisecond
	demoSize    = "800x800"
)

func newDemoCommand() *cobra.Command {
	output := "imgpipe-demo"
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the same job in every mode, on built-in samples",
		Long: fmt.Sprintf(`Start a server on this machine that answers after %v, download %d pictures from it
and fit each into %s, in every mode. Check that all modes wrote the same bytes, and say
what each cost. The pictures stay in ./imgpipe-demo/. No network is needed.

It runs each mode once. 'imgpipe compare' measures, and says which mode is better.`, demoLatency, demoImages, demoSize),
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

// demo is a comparison of one round, without a verdict.
func demo(stop *stopper, output string, stdout, stderr io.Writer) error {
	ctx := stop.ctx
	could := func(err error) error { return exitError{exitCouldNotRun, err} }
	scratch, err := os.MkdirTemp("", "imgpipe-demo-")
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
	fmt.Fprintf(stdout, "%s, fitted into %s on %d CPUs\n\n", source.job.Inputs, demoSize, cpus())

	plan := bench.Plan{
		// In the order of what they can do at once. The pictures of the last one stay.
		Configs: bench.Grid(
			[]string{modes.Serial, modes.GIL, modes.Processes, modes.Goroutines}, []int{cpus()}, []int{manyDownloads}),
		Runs: 1,
		Args: []string{"--resize", demoSize, "--name", "{index}.{ext}", "--per-host", strconv.Itoa(manyDownloads),
			"--input-list", source.lists[0]},
	}
	contest := &contest{
		dir: scratch, keep: output, flat: true, kill: stop.again, screen: newRunsScreen(stderr, progressAuto, false),
	}
	c, err := contest.run(ctx, source.job, plan)
	switch {
	case ctx.Err() != nil:
		return exitError{exitInterrupted, errors.New("interrupted")}
	case err != nil:
		return couldNotCompare(ctx, fmt.Errorf("demo: %w", err))
	case c.Partial != "":
		return could(fmt.Errorf("demo: %s", c.Partial))
	case c.Samples[0].Summary.Done != demoImages:
		return could(fmt.Errorf("demo: %d of %d pictures done", c.Samples[0].Summary.Done, demoImages))
	}
	demoTable(stdout, c)
	fmt.Fprintf(stdout, "\nAll modes wrote the same %d files, byte for byte. The pictures are in %s%c.\n",
		c.Samples[0].Summary.Outputs, output, filepath.Separator)
	return nil
}

func demoTable(w io.Writer, c *bench.Comparison) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "mode\tworkers\tdownloads\twall s\timages/s\tspeedup\tCPU s\tpeak memory\t")
	for i, config := range c.Configs {
		r := &c.Results[i]
		fmt.Fprintf(table, "%s\t%d\t%d\t%.2f\t%.1f\t%.2f\t%.2f\t%s\t\n",
			config.Mode, config.Workers, config.Downloads, r.Wall.Center,
			r.ImagesPerSec.Center, r.Speedup.Center, r.CPU.Center, summary.Bytes(int64(r.Memory())))
	}
	table.Flush()
}
