package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

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
what each cost. The pictures stay in ./imgpipe-demo/. No network is needed.`, demoLatency, demoImages, demoSize),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return demo(cmd.Context(), output, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	g := flagGroup{cmd.Flags(), "Flags"}
	g.str(&output, "output", "o", "DIR", "folder for the pictures")
	return cmd
}

// demoModes are in the order of what they can do at once.
var demoModes = []string{modeSerial, modeGIL, modeProcesses, modeGoroutines}

func demo(ctx context.Context, output string, stdout, stderr io.Writer) error {
	could := func(err error) error { return exitError{exitCouldNotRun, err} }
	srv := &samples.Server{Behaviour: samples.Behaviour{Latency: demoLatency}}
	url, err := srv.Start("")
	if err != nil {
		return could(err)
	}
	defer srv.Close()
	scratch, err := os.MkdirTemp("", "imgpipe-demo-")
	if err != nil {
		return could(err)
	}
	defer os.RemoveAll(scratch)
	fmt.Fprintf(stdout, "%d pictures from %s, which answers after %v, fitted into %s on %d CPUs\n\n", demoImages, url, demoLatency, demoSize, cpus())

	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "mode\tworkers\tdownloads\twall s\timages/s\tspeedup\tCPU s\tpeak memory\t")
	var serial float64
	var want map[string]string
	for _, mode := range demoModes {
		dir := filepath.Join(scratch, mode)
		if mode == modeGoroutines {
			dir = output
		}
		fmt.Fprintf(stderr, "%s …\n", mode)
		sum, err := demoRun(ctx, mode, dir, url, filepath.Join(scratch, mode+".json"), stderr)
		if err != nil {
			return could(fmt.Errorf("demo in mode %s: %w", mode, err))
		}
		if mode == modeSerial {
			serial = sum.Wall
		}
		fmt.Fprintf(table, "%s\t%d\t%d\t%.2f\t%.1f\t%.2f\t%.2f\t%s\t\n", mode, sum.Workers, sum.Downloads, sum.Wall, sum.ImagesPerSec,
			serial/sum.Wall, sum.User+sum.System, summary.Bytes(sum.PeakMemory))
		got, err := digests(dir)
		if err != nil {
			return could(err)
		}
		if want == nil {
			want = got
		}
		if !maps.Equal(got, want) {
			return exitError{exitSomeFailed, fmt.Errorf("modes %s and %s wrote different files", modeSerial, mode)}
		}
	}
	table.Flush()
	fmt.Fprintf(stdout, "\nAll modes wrote the same %d files, byte for byte. The pictures are in %s%c.\n", len(want), output, filepath.Separator)
	return nil
}

// demoRun does the job once, in a process of its own, so that no run meets what another left in memory.
func demoRun(ctx context.Context, mode, dir, url, report string, stderr io.Writer) (*summary.Summary, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"run", "--mode", mode, "--output", dir, "--force", "--on-exist", "overwrite", "--resize", demoSize,
		"--input-list", "-", "--report", report, "--quiet", "--per-host", "64", "--name", "{index}.{ext}"}
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Stdin = strings.NewReader(demoList(url))
	cmd.Stdout, cmd.Stderr = stderr, stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	if err := cmd.Run(); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(report)
	if err != nil {
		return nil, err
	}
	sum := new(summary.Summary)
	if err := json.Unmarshal(b, sum); err != nil {
		return nil, fmt.Errorf("read %s: %w", report, err)
	}
	if sum.Done != demoImages {
		return nil, fmt.Errorf("%d of %d pictures done", sum.Done, demoImages)
	}
	return sum, nil
}

func demoList(url string) string {
	var b strings.Builder
	for i := range demoImages {
		fmt.Fprintf(&b, "%s/photos/%04d.jpg\n", url, i+1)
	}
	return b.String()
}

// digests gives the SHA-256 of each of the demo's pictures in dir, by name. Other files may lie there.
func digests(dir string) (map[string]string, error) {
	sums := map[string]string{}
	for i := range demoImages {
		name := fmt.Sprintf("%06d.jpg", i) // what --name {index}.{ext} gives
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		sums[name] = fmt.Sprintf("%x", sha256.Sum256(b))
	}
	return sums, nil
}
