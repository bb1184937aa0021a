package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/fetch"
	"imgpipe/pipeline"
)

// A screen says on stderr how a run goes. All that a run says there goes through it, by these rules:
//
//   - One header line first, one line for each failure as it happens, the summary last.
//   - A bar only on a terminal. Elsewhere one plain line every few seconds, so that a log stays readable.
//   - Failures are always shown; --quiet leaves out everything else.
//   - Names and reasons come from outside: control characters in them never reach the terminal.
//
// It is safe for concurrent use.
type screen struct {
	w     io.Writer
	quiet bool
	shows string // what --progress has come to

	mu     sync.Mutex
	bar    *bar // nil where there is none
	began  time.Time
	total  int // 0 while it is not known
	counts pipeline.Totals
	// skipping is when an item was last skipped, such as one that an earlier run did. Such items go by much faster than
	// others.
	skipping time.Time
	ending   bool // no more items are begun
	damaged  int  // of those that are done
	bytes    int64

	once    sync.Once
	stop    chan struct{}
	stopped sync.WaitGroup
}

// What --progress takes.
const (
	progressAuto  = "auto"
	progressBar   = "bar"
	progressPlain = "plain"
	progressNone  = "none"
)

func progressFlag(p *string) flags.Flag {
	return flags.Flag{Name: "progress", Value: flags.Choice(p, progressAuto, progressBar, progressPlain, progressNone),
		Usage: "auto: a bar on a terminal, else a line every few seconds"}
}

// progressOn returns which kind of progress is shown on w, as --progress and --quiet say: a bar, lines or none.
func progressOn(w io.Writer, kind string, quiet bool) string {
	switch {
	case quiet:
		return progressNone
	case kind != progressAuto:
		return kind
	case isTerminal(w):
		return progressBar
	}
	return progressPlain
}

// plainEvery is how often a plain line is written.
const plainEvery = 5 * time.Second

// isTerminal reports whether w is a terminal that can draw a bar.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}

// newScreen begins to show a run. kind is the value of --progress. The caller calls close.
func newScreen(w io.Writer, kind string, quiet bool) *screen {
	s := &screen{w: w, quiet: quiet, shows: progressOn(w, kind, quiet), began: time.Now(), stop: make(chan struct{})}
	switch s.shows {
	case progressBar:
		s.bar = newBar(w)
		s.stopped.Go(func() { s.each(5*barEvery, s.draw) })
	case progressPlain:
		s.stopped.Go(func() { s.each(plainEvery, func() { s.line(s.status()) }) })
	}
	return s
}

// counting reports whether the screen has a use for the number of items.
func (s *screen) counting() bool { return s.shows != progressNone }

// say writes a line that --quiet leaves out.
func (s *screen) say(format string, args ...any) {
	if !s.quiet {
		s.line(fmt.Sprintf(format, args...))
	}
}

// line writes a line above the bar.
func (s *screen) line(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bar != nil {
		s.bar.clear()
		defer s.drawLocked()
	}
	fmt.Fprintln(s.w, text)
}

// expect sets how many items there are, once they have been counted.
func (s *screen) expect(total int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total = total
}

// outcome counts one item, and says why it failed if it did.
func (s *screen) outcome(o pipeline.Outcome) {
	if o.Status == pipeline.Failed {
		s.line(failLine(o))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes += o.BytesIn
	switch o.Status {
	case pipeline.Done:
		s.counts.Done++
		if o.Damaged {
			s.damaged++
		}
	case pipeline.Failed:
		s.counts.Failed++
	case pipeline.Skipped:
		s.counts.Skipped++
		s.skipping = time.Now()
	case pipeline.Interrupted:
		s.counts.Interrupted++
	}
	s.drawLocked()
}

// failLine returns the line about an item that failed.
func failLine(o pipeline.Outcome) string {
	source := fetch.Redact(o.Item.Source)
	return "FAIL " + summary.Printable(source+": "+o.Class+": "+summary.Reason(o.Err.Error(), source))
}

func (s *screen) megabytes() float64 {
	return float64(s.bytes) / 1e6 / max(time.Since(s.began).Seconds(), 1e-3)
}

// end notes that no more items are begun: from then on the screen does not say how long all would take.
func (s *screen) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ending = true
}

// each calls do again and again until the screen is closed.
func (s *screen) each(period time.Duration, do func()) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
			do()
		}
	}
}

// draw draws the bar if it is due.
func (s *screen) draw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drawLocked()
}

// drawLocked is draw while the lock is held.
func (s *screen) drawLocked() {
	if s.bar.due() {
		s.bar.draw(s.ended(), s.total, s.parts())
	}
}

// status returns the plain line.
func (s *screen) status() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := s.parts()
	parts[0] += " images"
	return strings.Join(parts, ", ")
}

// ended returns how many items have had their turn. The caller holds the lock.
func (s *screen) ended() int {
	return s.counts.Done + s.counts.Failed + s.counts.Skipped + s.counts.Interrupted
}

// parts returns how a run goes, what matters most first. Skipped items have had their turn, too, but they say nothing
// about how long the rest will take. The caller holds the lock.
func (s *screen) parts() []string {
	ended, worked := s.ended(), s.counts.Done+s.counts.Failed
	parts := []string{fmt.Sprint(ended)}
	if s.total > 0 {
		parts[0] += fmt.Sprintf("/%d", max(s.total, ended))
	}
	rate := float64(worked) / max(time.Since(s.began).Seconds(), 1e-3)
	if s.counts.Failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", s.counts.Failed))
	}
	if s.damaged > 0 {
		parts = append(parts, fmt.Sprintf("%d damaged", s.damaged))
	}
	if left := s.total - ended; left > 0 && rate > 0 && !s.ending && time.Since(s.skipping) > time.Second {
		rest := time.Duration(float64(left) / rate * float64(time.Second))
		parts = append(parts, fmt.Sprintf("%s left", rest.Round(time.Second)))
	}
	parts = append(parts, fmt.Sprintf("%.1f images/s", rate), fmt.Sprintf("%.1f MB/s", s.megabytes()))
	if s.counts.Skipped > 0 {
		parts = append(parts, fmt.Sprintf("%d skipped", s.counts.Skipped))
	}
	return parts
}

// close ends bar and plain lines. Other lines may still be written, and close may be called again.
func (s *screen) close() {
	s.once.Do(func() { close(s.stop) })
	s.stopped.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bar != nil {
		s.bar.clear()
		s.bar = nil
	}
}
