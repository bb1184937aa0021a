package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/drill"
	"imgpipe/pipeline/procs"
)

// A contest runs this program again and again.
type contest struct {
	dir, keep string
	// flat keeps the outputs of the last contestant alone, in keep itself. Otherwise each has a folder there.
	flat   bool
	kill   <-chan struct{} // closed when the run under way is to be killed
	screen *runsScreen
	peer   *bench.Peer // nil for imgpipe alone
}

// run makes the comparison. Its error is that of bench.Runner.Compare.
func (c *contest) run(
	ctx context.Context, job bench.Job, plan bench.Plan, parts ...bench.Plan,
) (*bench.Comparison, error) {
	program, err := procs.Program()
	if err != nil {
		return nil, err
	}
	plan = plan.Named()
	var pictures []bench.Picture
	keep := func(config int, outputs string) (err error) {
		if pictures == nil {
			if pictures, err = bench.Pictures(ctx, outputs); err != nil && ctx.Err() == nil {
				return err
			}
		}
		return c.keepOutputs(plan, config, outputs)
	}
	r := &bench.Runner{
		Program: program, Dir: c.dir, Env: drill.ContestantEnv, Kill: c.kill, Progress: c.screen.show, Keep: keep,
	}
	if c.peer != nil {
		r.Peer = c.peer.Run
	}
	defer c.screen.close()
	comparison, err := r.Compare(ctx, job, plan, parts...)
	if c.peer != nil {
		comparison.Peer = c.peer.Facts()
		comparison.Analyse()
	}
	comparison.Pictures = pictures
	comparison.Command = append([]string{"imgpipe"}, shownCommand(os.Args[1:])...)
	return comparison, err
}

// keepOutputs copies the outputs of a contestant to where --keep says.
func (c *contest) keepOutputs(plan bench.Plan, config int, outputs string) error {
	dir := c.keep
	switch {
	case dir == "" || c.flat && config != len(plan.Configs)-1:
		return nil
	case !c.flat:
		dir = filepath.Join(dir, fmt.Sprintf("%d-%s", config+1, folderOf(plan.Configs[config].Name)))
	}
	return copyOutputs(outputs, dir)
}

// longestFolder is the longest name of a contestant's folder, in bytes.
const longestFolder = 80

// folderOf returns the name of a contestant as the name of a folder: letters, digits and a few signs that no system and
// no shell minds.
func folderOf(name string) string {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.=_", r) {
			return r
		}
		return '-'
	}, name)
	for strings.Contains(name, "--") {
		name = strings.ReplaceAll(name, "--", "-")
	}
	return strings.Trim(name[:min(len(name), longestFolder)], "-.")
}

// A runsScreen says on stderr how far a comparison has come. It may be used by one goroutine at a time.
type runsScreen struct {
	w     io.Writer
	quiet bool
	kind  string
	last  time.Time
	bar   *bar
}

// newRunsScreen begins to show a comparison. kind is the value of --progress. The caller calls close.
func newRunsScreen(w io.Writer, kind string, quiet bool) *runsScreen {
	return &runsScreen{w: w, quiet: quiet, kind: progressOn(w, kind, quiet), last: time.Now()}
}

func (s *runsScreen) say(format string, args ...any) {
	if !s.quiet {
		fmt.Fprintf(s.w, format+"\n", args...)
	}
}

func (s *runsScreen) show(p bench.Progress) {
	if p.Now == "" {
		return
	}
	left := ""
	if p.Left > 0 {
		left = fmt.Sprintf(", %s left", p.Left.Round(time.Second))
	}
	switch {
	case s.kind == progressBar:
		s.draw(p, left)
	case s.kind == progressPlain && time.Since(s.last) >= plainEvery:
		s.last = time.Now()
		s.say("%d/%d runs%s: %s", p.Done, p.Total, left, p.Now)
	}
}

// draw shows p in the bar.
func (s *runsScreen) draw(p bench.Progress, left string) {
	if s.bar == nil {
		s.bar = newBar(s.w)
	}
	s.bar.clear() // each run is shown, however short it is
	s.bar.draw(p.Done, p.Total, []string{fmt.Sprintf("%d/%d runs%s", p.Done, p.Total, left), p.Now})
}

// close takes the bar away.
func (s *runsScreen) close() {
	if s.bar != nil {
		s.bar.clear()
	}
}
