package main

import (
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

const (
	// barEvery is the shortest time between two drawings of a bar.
	barEvery = 100 * time.Millisecond
	// barWidth is the longest bar, shortestBar the shortest that is of use.
	barWidth, shortestBar = 24, 8
	// someColumns is the width of a terminal that does not say how wide it is.
	someColumns = 80
)

// A bar is a line of a terminal that is written again and again. It is never as wide as the terminal, since a line that
// wraps could not be removed. Errors of writing are ignored: a bar that cannot be drawn is no reason to end a run.
type bar struct {
	w       io.Writer
	columns func() int
	drawn   time.Time
}

func newBar(w io.Writer) *bar {
	return &bar{w: w, columns: func() int {
		if f, ok := w.(*os.File); ok {
			if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
				return columns
			}
		}
		return someColumns
	}}
}

// due reports whether it is time to draw the line again. Nil is valid and never due.
func (b *bar) due() bool { return b != nil && time.Since(b.drawn) >= barEvery }

// draw draws the line.
func (b *bar) draw(done, total int, parts []string) {
	b.drawn = time.Now()
	io.WriteString(b.w, "\r"+barLine(b.columns(), done, total, parts)+"\x1b[K")
}

// clear removes the line. It is due again at once.
func (b *bar) clear() {
	if !b.drawn.IsZero() {
		b.drawn = time.Time{}
		io.WriteString(b.w, "\r\x1b[K")
	}
}

// barLine returns the line for a terminal of so many columns: as many of the parts as fit, the first ones first. Before
// them stands a bar, if there is room for one and the total is known.
func barLine(columns, done, total int, parts []string) string {
	room := max(columns-1, 0)
	line, length := "", 0
	for _, part := range parts {
		between := ""
		if line != "" {
			between = ", "
		}
		if n := utf8.RuneCountInString(part) + len(between); length+n <= room {
			line, length = line+between+part, length+n
		}
	}
	wide := min(barWidth, room-length-len(" 100% [] "))
	if total <= 0 || wide < shortestBar {
		return line
	}
	return drawnBar(wide, min(done, total), total, line)
}

// drawnBar returns a bar of so many characters with its percentage, followed by line. The library's own line cannot put
// what matters first, and wraps on a narrow terminal, so only its bar is used.
func drawnBar(wide, done, total int, line string) string {
	b := progressbar.NewOptions(total,
		progressbar.OptionSetWriter(io.Discard),
		progressbar.OptionSetWidth(wide),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetDescription(line),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionSetTheme(progressbar.ThemeASCII),
	)
	_ = b.Set(done) // done is not over total
	return strings.Trim(b.String(), "\r ")
}
