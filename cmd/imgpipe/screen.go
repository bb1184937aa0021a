package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/fetch"
	"imgpipe/pipeline"
)

// A screen says on stderr how a run goes. All that a run says there goes through it, by these rules:
//
//   - One header line first, one line for each failure as it happens, the summary last.
//   - A bar only on a terminal. Elsewhere one plain line every few seconds, so that a log stays readable.
//   - Failures are always told; --quiet leaves out all the rest.
//   - Names and reasons come from outside: nothing in them reaches the terminal that could steer it.
//
// It is safe for concurrent use.
type screen struct {
	w     io.Writer
	quiet bool

	mu     sync.Mutex
	bar    *progressbar.ProgressBar
	began  time.Time
	total  int // 0 while it is not known
	counts pipeline.Totals
	ending bool // no more items are begun
	bytes  int64

	once    sync.Once
	stop    chan struct{}
	stopped sync.WaitGroup
}

// plainEvery is how often a plain line is written.
const plainEvery = 5 * time.Second

// isTerminal tells that w is a terminal that can draw a bar.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}

// newScreen begins to tell of a run. kind is the value of --progress. close must be called.
func newScreen(w io.Writer, kind string, quiet bool) *screen {
	s := &screen{w: w, quiet: quiet, began: time.Now(), stop: make(chan struct{})}
	if quiet {
		return s
	}
	if kind == "auto" {
		kind = "plain"
		if isTerminal(w) {
			kind = "bar"
		}
	}
	switch kind {
	case "bar":
		s.bar = progressbar.NewOptions64(-1,
			progressbar.OptionSetWriter(w),
			progressbar.OptionSetWidth(24),
			progressbar.OptionShowCount(),
			progressbar.OptionShowIts(),
			progressbar.OptionSetItsString("images"),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
		)
	case "plain":
		s.stopped.Go(s.plain)
	}
	return s
}

// say writes a line that --quiet leaves out.
func (s *screen) say(format string, args ...any) {
	if !s.quiet {
		s.line(fmt.Sprintf(format, args...))
	}
}

// line writes a line without spoiling the bar.
func (s *screen) line(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bar != nil {
		// What the bar cannot draw is no reason to end a run.
		_ = s.bar.Clear()
		defer func() { _ = s.bar.RenderBlank() }()
	}
	fmt.Fprintln(s.w, text)
}

// expect tells how many items there are, once that is known.
func (s *screen) expect(total int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total = total
	s.fitBar()
}

// fitBar makes the bar as long as what there is to do: items that were done before neither speed it up nor belong to it.
func (s *screen) fitBar() {
	if s.bar != nil && s.total > s.counts.Skipped {
		s.bar.ChangeMax64(int64(s.total - s.counts.Skipped))
	}
}

// outcome tells of one item.
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
	case pipeline.Failed:
		s.counts.Failed++
	case pipeline.Skipped:
		s.counts.Skipped++
		s.fitBar()
		return
	}
	if s.bar != nil {
		s.bar.Describe(fmt.Sprintf("%.1f MB/s, %d failed", s.megabytes(), s.counts.Failed))
		_ = s.bar.Add(1)
	}
}

// failLine tells of an item that failed.
func failLine(o pipeline.Outcome) string {
	source := fetch.Redact(o.Item.Source)
	return "FAIL " + summary.Printable(source+": "+o.Class+": "+summary.Reason(o.Err.Error(), source))
}

func (s *screen) megabytes() float64 {
	return float64(s.bytes) / 1e6 / max(time.Since(s.began).Seconds(), 1e-3)
}

// end notes that no more items are begun: how long all would take is not told any more.
func (s *screen) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ending = true
}

// plain writes a line every few seconds.
func (s *screen) plain() {
	tick := time.NewTicker(plainEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
			s.line(s.status())
		}
	}
}

// status is the plain line.
func (s *screen) status() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ended := s.counts.Done + s.counts.Failed
	rate := float64(ended) / max(time.Since(s.began).Seconds(), 1e-3)
	text := fmt.Sprintf("%d", ended)
	left := s.total - s.counts.Skipped - ended
	if s.total > 0 {
		text += fmt.Sprintf("/%d", s.total-s.counts.Skipped)
	}
	text += fmt.Sprintf(" images, %d failed, %.1f images/s, %.1f MB/s", s.counts.Failed, rate, s.megabytes())
	if left > 0 && rate > 0 && !s.ending {
		text += fmt.Sprintf(", %s left", time.Duration(float64(left)/rate*float64(time.Second)).Round(time.Second))
	}
	return text
}

// close ends bar and lines. Further lines may still be written, and it may be called again.
func (s *screen) close() {
	s.once.Do(func() { close(s.stop) })
	s.stopped.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bar != nil {
		_ = s.bar.Clear()
		s.bar = nil
	}
}
