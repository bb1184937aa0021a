package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/samples"
)

type samplesFlags struct {
	output, serve string
	count         int
	seed          uint64
	behavior      samples.Behavior
	rate          float64
}

func newSamplesCommand() *cobra.Command {
	f := &samplesFlags{count: 12, seed: 1}
	cmd := &cobra.Command{
		Use:   "samples -o DIR | --serve ADDR",
		Short: "Draw pictures, or serve them slowly and badly",
		Long: `Draw pictures from a seed into a folder. Or serve a dozen of them, with odd and broken
files, on this machine, as slowly and as badly as --as says:

` + settingsHelp(),
		Example: `  imgpipe samples -o pictures -n 24
  imgpipe samples --serve 127.0.0.1:8080 --as latency=50ms
  curl -s 'http://127.0.0.1:8080/list.txt?n=200' | imgpipe run -o set -i -`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags.Group{Set: cmd.Flags(), Heading: "Flags"}.Add(
		flags.Flag{Name: "output", Short: "o", Value: flags.Text(&f.output, "DIR"),
			Usage: "folder to write the pictures to"},
		flags.Flag{Name: "count", Short: "n", Value: flags.Whole(&f.count, 1, 1_000_000), Usage: "how many pictures"},
		flags.Flag{Name: "seed", Value: flags.Seed(&f.seed), Usage: "what they are drawn from"},
		flags.Flag{Name: "serve", Value: flags.Text(&f.serve, "ADDR"),
			Usage: "serve instead, at HOST:PORT; port 0 takes a free one"},
		flags.Flag{Name: "as",
			Value: flags.Parsed(&f.behavior, "SETTINGS", samples.ParseBehavior, samples.Behavior.String),
			Usage: "how to answer: settings with & between, such as 'latency=50ms&fail=2'"},
		flags.Flag{Name: "rate", Value: flags.Rate(&f.rate, "requests"),
			Usage: "answer 429 to more requests in a second than this (default no limit)"},
	)
	return cmd
}

// settingsColumn is where the help of a setting begins.
const settingsColumn = 21

// settingsHelp lists what the server can be asked for.
func settingsHelp() string {
	var b strings.Builder
	for _, s := range samples.Settings() {
		name := s.Name
		if s.Arg != "" {
			name += "=" + s.Arg
		}
		lines := flags.Wrap(s.Doc, usualWidth-settingsColumn)
		indent := "\n" + strings.Repeat(" ", settingsColumn)
		fmt.Fprintf(&b, "  %-*s%s\n", settingsColumn-2, name, strings.Join(lines, indent))
	}
	return b.String() + `
Each can stand in the query of a URL as well: /photos/landscape.jpg?latency=1s.
The server lists its pictures at /list.txt?n=200, as a list that imgpipe run -i reads.`
}

func (f *samplesFlags) run(cmd *cobra.Command) error {
	set := cmd.Flags().Changed
	stop := listen(cmd.Context(), cmd.ErrOrStderr())
	defer stop.release()
	ctx := stop.ctx
	switch {
	case set("output") == set("serve"):
		return usageErrorf("expected either --output DIR, to draw pictures, or --serve ADDR, to serve them")
	case set("serve") && (set("count") || set("seed")):
		return usageErrorf("--count and --seed go with --output; a server has its pictures built in")
	case set("output") && (set("as") || set("rate")):
		return usageErrorf("--as and --rate go with --serve")
	case set("serve"):
		if err := f.listen(ctx, cmd.OutOrStdout()); err != nil || stop.asked() == "" {
			return err
		}
		return exitError{exitInterrupted, nil} // like all that a signal ends, although servers end in no other way
	}
	if err := folderName("output", f.output); err != nil {
		return exitError{exitUsage, err}
	}
	return f.draw(ctx, cmd.ErrOrStderr())
}

func (f *samplesFlags) draw(ctx context.Context, stderr io.Writer) error {
	n := 0
	err := samples.Write(ctx, f.output, f.count, f.seed, func(s samples.File) {
		n++
		bits := 8 * float64(len(s.Data)) / float64(s.Width*s.Height)
		fmt.Fprintf(stderr, "%d/%d %s: %dx%d, %.1f bits per pixel\n", n, f.count, s.Name, s.Width, s.Height, bits)
	})
	switch {
	case ctx.Err() != nil:
		return exitError{exitInterrupted, fmt.Errorf("interrupted after %d of %d pictures", n, f.count)}
	case err != nil:
		return exitError{exitCouldNotRun, err}
	}
	return nil
}

func (f *samplesFlags) listen(ctx context.Context, stdout io.Writer) error {
	srv := &samples.Server{Behavior: f.behavior, Rate: f.rate}
	url, err := srv.Start(f.serve)
	if err != nil {
		return exitError{exitCouldNotRun, fmt.Errorf("--serve %q: %w", f.serve, err)}
	}
	fmt.Fprintf(stdout, "serving on %s, a list of 200 pictures at %s/list.txt?n=200; Ctrl-C or SIGTERM ends it\n", url,
		url)
	<-ctx.Done()
	return srv.Close()
}
