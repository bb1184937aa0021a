package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/cmd/imgpipe/internal/peer"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/fetch"
	"imgpipe/pipeline"
)

// A Peer does the job of a Plan with Python and Pillow: it makes the runs of the Configs whose field Peer says how.
// Before the first of them it has imgpipe do the job once (Prepare). Those outputs say which item becomes which kind of
// file, and what Python made is compared with them. It may be used by one goroutine at a time.
type Peer struct {
	Python *peer.Python
	// Program is the imgpipe whose outputs are compared with, Args are flags and inputs of its run, as in a Plan.
	Program string
	Args    []string
	// Items are those of the job by their index: files and URLs.
	Items []fetch.Item
	// Width and Height are the box into which pictures are fitted; 0 leaves them as large as they are. Quality is that
	// of JPEG.
	Width, Height, Quality int
	// Dir is a folder for the outputs of imgpipe, the script and reports. It must exist, and files are left in it.
	Dir string
	// Kill, if it is not nil, is closed to kill the run under way.
	Kill <-chan struct{}

	prepared bool
	outputs  []string           // of imgpipe, by index; "" for an item that failed
	like     map[string]float64 // in dB, by index and SHA-256 of an output of Python
	facts    PeerFacts
}

// PeerFacts are what a comparison knows of the other program besides its runs.
type PeerFacts struct {
	// Program is what it is: "Python 3.11.2, Pillow 9.4.0".
	Program string `json:"program"`
	// Outputs is how many of its outputs were compared with those of imgpipe: their signal-to-noise ratio in dB, in the
	// middle and at least. That of Least has the source Example.
	Outputs int     `json:"outputs"`
	Median  float64 `json:"psnr_db"`
	Least   float64 `json:"least_psnr_db"`
	Example string  `json:"least_psnr_source"`
	// Failed are the items that failed there and not in imgpipe, FailedExample one of them with the reason.
	Failed        int    `json:"failed"`
	FailedExample string `json:"failed_example,omitempty"`
	// Table has the speedup of both over one item at a time.
	Table []Cell `json:"table,omitempty"`
}

// Configs returns a Config for each way in which Python does the job, in each width. Workers of Python wait for their
// own downloads: if there are any, there are as many workers.
func (p *Peer) Configs(workers, downloads []int) []Config {
	widths := workers
	if p.remote() {
		widths = downloads
	}
	var configs []Config
	for _, kind := range p.Python.Kinds() {
		mode := peerPrefix + kind
		if kind == peer.Serial {
			configs = append(configs, Config{Name: mode, Mode: mode, Workers: 1, Downloads: 1, Peer: mode})
			continue
		}
		for _, w := range widths {
			name := mode
			if len(widths) > 1 {
				name += " with " + figure.Count(w, "worker")
			}
			configs = append(configs, Config{Name: name, Mode: mode, Workers: w, Downloads: w, Peer: mode})
		}
	}
	return configs
}

// peerPrefix is what the Peer of a Config has before the kind of package peer.
const peerPrefix = "python-"

// Prepare has imgpipe do the job, unless it has done it.
func (p *Peer) Prepare(ctx context.Context) error {
	if p.prepared {
		return nil
	}
	made := filepath.Join(p.Dir, "peer-reference")
	if _, err := p.imgpipe(ctx, made, nil); err != nil {
		return err
	}
	found, err := filepath.Glob(filepath.Join(made, "[0-9]*"))
	if err != nil {
		return err
	}
	p.outputs, p.like = make([]string, len(p.Items)), map[string]float64{}
	for _, path := range found {
		var index int
		switch _, err := fmt.Sscanf(filepath.Base(path), "%d", &index); {
		case err != nil || index >= len(p.Items):
			return fmt.Errorf("%s is an output of none of %d inputs: expected inputs that stay as they are",
				filepath.Base(path), len(p.Items))
		case !isPeerFormat(path):
			return fmt.Errorf("%s becomes a %s file, which --peer python does not write: expected --image-format "+
				"jpeg or png", summary.Printable(p.Items[index].Source), strings.TrimPrefix(filepath.Ext(path), "."))
		}
		p.outputs[index] = path
	}
	p.prepared = true
	return nil
}

func isPeerFormat(path string) bool {
	ext := filepath.Ext(path)
	return ext == ".jpg" || ext == ".png"
}

// imgpipe has imgpipe do the job, and names each output after the index of its item. It returns the seconds that took.
func (p *Peer) imgpipe(ctx context.Context, outputs string, flags []string) (float64, error) {
	args := []string{"run", "--output", outputs, "--quiet", "--force", "--name", "{index}.{ext}"}
	cmd := exec.Command(p.Program, append(append(args, flags...), p.Args...)...)
	cmd.Args[0] = os.Args[0] // for lists of processes: Program may be a link of the kernel's
	measured, err := peer.Measure(ctx, cmd, p.Kill)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == someFailed {
		err = nil
	}
	if err != nil {
		return 0, fmt.Errorf("have imgpipe do the job of Python: %w", err)
	}
	return measured.Elapsed, nil
}

// Run has Python do the job as config says, and write its outputs into a new folder. It returns what that cost. Its
// error is an ErrDifferent if the outputs are not those of imgpipe.
func (p *Peer) Run(ctx context.Context, config Config, outputs string) (summary.Summary, error) {
	if err := p.Prepare(ctx); err != nil {
		return summary.Summary{}, err
	}
	if err := os.Mkdir(outputs, 0o700); err != nil {
		return summary.Summary{}, err
	}
	job := peer.Job{
		Kind: strings.TrimPrefix(config.Peer, peerPrefix), Workers: config.Workers,
		Width: p.Width, Height: p.Height, Quality: p.Quality,
	}
	for i, item := range p.Items {
		job.Items = append(job.Items, peer.Item{Source: item.Source, Output: filepath.Join(outputs, p.outputName(i))})
	}
	ran, err := p.Python.Run(ctx, p.Dir, job, p.Kill)
	if err != nil {
		return summary.Summary{}, err
	}
	return p.summary(config, ran), p.match(outputs, ran.Failed)
}

// remote reports whether the items are to be downloaded.
func (p *Peer) remote() bool { return len(p.Items) > 0 && !p.Items[0].Local() }

// outputName returns the name of an output of Python. An item that failed in imgpipe is tried all the same.
func (p *Peer) outputName(index int) string {
	ext := ".jpg"
	if path := p.outputs[index]; path != "" {
		ext = filepath.Ext(path)
	}
	return fmt.Sprintf("%06d%s", index, ext)
}

// summary returns what a run of Python was and cost, as a run of imgpipe reports it.
func (p *Peer) summary(config Config, ran peer.Ran) summary.Summary {
	s := summary.Summary{
		Program: p.Python.Program, Mode: config.Mode, Workers: config.Workers, Downloads: config.Downloads,
		Machine: summary.Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.GOMAXPROCS(0)},
		Items:   len(p.Items), Failed: len(ran.Failed), Done: len(p.Items) - len(ran.Failed),
		Outputs: ran.Outputs, BytesIn: ran.BytesIn, BytesOut: ran.BytesOut,
		Wall: ran.Elapsed, Before: ran.Before, User: ran.User, System: ran.System,
		PeakMemory: ran.PeakRSS, PeakPSS: ran.PeakPSS, Stages: map[pipeline.Stage]float64{},
	}
	if s.Wall > 0 {
		s.ImagesPerSec = float64(s.Done) / s.Wall
	}
	for _, f := range ran.Failed {
		s.Failures = addFailure(s.Failures, summary.Failure{
			Class: f.Class, Count: 1, Source: p.Items[f.Index].Source, Example: f.Error,
		})
	}
	return s
}

// addFailure counts a failure with those of its class.
func addFailure(all []summary.Failure, f summary.Failure) []summary.Failure {
	for i := range all {
		if all[i].Class == f.Class {
			all[i].Count++
			return all
		}
	}
	return append(all, f)
}

// Facts returns what is known after the runs so far.
func (p *Peer) Facts() *PeerFacts {
	facts := p.facts
	facts.Program = p.Python.Program
	return &facts
}
