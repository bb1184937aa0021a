package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/peer"
	"imgpipe/fetch"
	"imgpipe/pipeline/procs"
	"imgpipe/transform"
)

// peerFlags name another program that does the same job beside imgpipe.
type peerFlags struct {
	name   string
	python string
}

// peerPython is the one program that --peer can name. pythonKey is the environment variable that names its interpreter.
const (
	peerPython = "python"
	pythonKey  = "IMGPIPE_PYTHON"
)

// add adds the flags.
func (f *peerFlags) add(set *pflag.FlagSet) {
	flags.Group{Set: set, Heading: "What is compared"}.Add(
		flags.Flag{Name: "peer", Value: flags.Choice(&f.name, peerPython),
			Usage: "let another program do the same job in the same rounds, and compare its pictures. python: Pillow " +
				"in threads and in processes; see 'imgpipe help python'"},
		flags.Flag{Name: "peer-python", Value: flags.Text(&f.python, "FILE"),
			Usage: "the Python for --peer python (default the first python3 of PATH that has Pillow, or that of the " +
				"environment variable " + pythonKey + ")"},
	)
}

// peerKnows are the flags that --peer python follows, as they stand in compare. peerIgnores bind only where something
// is wrong, or imgpipe alone.
var (
	peerKnows   = []string{"resize", "size", imageFormat, "quality"}
	peerIgnores = []string{"memory", "max-bytes", "max-pixels", "damaged", "item-timeout", "timeout", "connect-timeout",
		"retries", "per-host"}
)

// checkPeer finds flags that the other program does not know.
func (f *compareFlags) checkPeer() (err error) {
	switch {
	case f.peer.name == "" && f.peer.python != "":
		return errors.New("--peer-python names the Python of --peer python: expected that flag with it")
	case f.peer.name == "":
		return nil
	case !peer.Here():
		return errors.New("--peer python: its processes are measured as one tree, which needs Linux or macOS")
	case f.stage != bench.StageAll:
		return fmt.Errorf("--peer python does whole jobs: expected no --stage %s with it", f.stage)
	}
	f.set.Visit(func(flag *pflag.Flag) {
		heading := flags.Heading(flag)
		shared := heading != "Input" && slices.Contains(sharedGroups, heading)
		if shared && err == nil && !slices.Contains(slices.Concat(peerKnows, peerIgnores), flag.Name) {
			err = fmt.Errorf("--peer python does not know --%s: expected --%s alone",
				flag.Name, strings.Join(peerKnows, ", --"))
		}
	})
	if err != nil {
		return err
	}
	_, err = f.peerBox()
	return err
}

// peerBox returns the box into which pictures are fitted. It is empty if they stay as large as they are.
func (f *compareFlags) peerBox() (box transform.Resize, err error) {
	spec, err := f.run.picture.spec()
	if err != nil {
		return box, err
	}
	if f.builtin() && !f.shaped() {
		return transform.ParseResize(sampleResize)
	}
	switch len(spec.Sizes) {
	case 0:
		return box, nil
	case 1:
		box = spec.Sizes[0]
	default:
		return box, errors.New("--peer python makes one picture of each: expected one --size")
	}
	inside := transform.Resize{Width: box.Width, Height: box.Height}
	if box.Width == 0 || box.Height == 0 || box != inside && box.String() != inside.String() {
		return box, fmt.Errorf("--peer python does not know the size %s: expected a box such as 800x600 or 800, "+
			"into which pictures are fitted", box)
	}
	format := f.run.picture.format
	if keep := format.String() == ""; keep || len(format.list) == 1 && bench.PeerWrites(format.list[0]) {
		return box, nil
	}
	return box, fmt.Errorf("--peer python does not write %s files: expected --image-format jpeg or png",
		format)
}

// find returns the Python of --peer python.
func (f *peerFlags) find(ctx context.Context) (*peer.Python, error) {
	named := f.python
	if named == "" {
		named = os.Getenv(pythonKey)
	}
	python, err := peer.Find(ctx, named)
	if err != nil {
		return nil, exitError{exitCouldNotRun, fmt.Errorf("--peer python: %w: expected one, as after 'python3 -m pip "+
			"install Pillow' or 'apt install python3-pil', or another Python by --peer-python", err)}
	}
	return python, nil
}

// newPeer returns what does the job beside imgpipe; nil if no flag asks for it. plan is that of imgpipe.
func (f *compareFlags) newPeer(
	ctx context.Context, dir string, plan bench.Plan, inputs fetch.Inputs, kill <-chan struct{},
) (*bench.Peer, error) {
	if f.peer.name == "" {
		return nil, nil
	}
	python, err := f.peer.find(ctx)
	if err != nil {
		return nil, err
	}
	program, err := procs.Program()
	if err != nil {
		return nil, err
	}
	box, err := f.peerBox()
	if err != nil {
		return nil, err
	}
	p := &bench.Peer{
		Python: python, Program: program, Args: plan.Args, Width: box.Width, Height: box.Height,
		Quality: f.run.picture.quality, Dir: filepath.Join(dir, "peer"), Kill: kill,
	}
	if p.Quality == 0 {
		p.Quality = transform.JPEG.DefaultQuality()
	}
	for item, err := range inputs.Items(ctx) {
		switch {
		case err != nil:
			return nil, err
		case !item.Local() && item.Scheme != "http" && item.Scheme != "https":
			return nil, exitError{exitUsage, fmt.Errorf("--peer python reads no %s: expected files and http(s) URLs",
				fetch.Redact(item.Source))}
		}
		p.Items = append(p.Items, item)
	}
	if err := os.Mkdir(p.Dir, 0o700); err != nil {
		return nil, err
	}
	return p, p.Prepare(ctx)
}

// keptLists returns lists as they are read again: from where they are kept.
func keptLists(lists []fetch.List, kept []string) []fetch.List {
	var all []fetch.List
	for i, path := range kept {
		l := fetch.List{}
		if i < len(lists) {
			l = lists[i]
		}
		l.Path = path
		all = append(all, l)
	}
	return all
}

// addLoops measures how threads and processes scale in both languages where their own loops compute, and adds that to
// c: pictures do not show it.
func (f *compareFlags) addLoops(ctx context.Context, p *bench.Peer, screen *runsScreen, c *bench.Comparison) error {
	cells, err := f.peerTable(ctx, p.Python, p.Dir, screen, p.Kill, bench.LanguageBound)
	if err != nil {
		c.Partial = "the loops of both languages were not measured: " + err.Error()
		if ctx.Err() != nil {
			c.Partial = "interrupted before the loops of both languages were measured"
		}
	}
	c.Peer.Table = cells
	c.Analyse()
	return err
}

// peerTable measures how threads and processes scale in Go and in Python at some jobs of bench.CellJobs, or at all if
// none is named. It leaves files in dir.
func (f *compareFlags) peerTable(
	ctx context.Context, python *peer.Python, dir string, screen *runsScreen, kill <-chan struct{}, jobs ...string,
) ([]bench.Cell, error) {
	program, err := procs.Program()
	if err != nil {
		return nil, err
	}
	defer screen.close()
	return bench.PeerTable(ctx, bench.Table{
		Python: python, Program: program, Dir: dir, Kill: kill, Progress: screen.show, Rounds: f.runs,
		Cold: f.warmup == 0, Jobs: jobs,
	})
}
