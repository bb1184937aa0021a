package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"imgpipe/cmd/imgpipe/internal/figure"
)

// A scene is what one SVG shows. Across, places are shares of the width, so that a chart fills its room while its
// letters keep their size. Down, they are pixels.
type scene struct {
	Height px
	Marks  []mark
}

// A mark is one shape or word of a scene.
type mark struct {
	// Kind is "rect", "line", "text", "path" or "point".
	Kind  string
	Class string
	// X to X2 across and Y to Y2 down are its ends. A text and a point have only X and Y.
	X, X2 pct
	Y, Y2 px
	// Shift moves it by pixels across.
	Shift px
	// Text is the word of a text. Other marks show it to a reader who points at them.
	Text string
	// D is the outline of a path, in thousandths of the width and of its height Y2-Y, or of a point, in pixels.
	D string
}

// Width returns X2-X, and Tall Y2-Y.
func (m mark) Width() pct { return m.X2 - m.X }

// Tall returns the height of m.
func (m mark) Tall() px { return m.Y2 - m.Y }

// A pct is a share of the width from 0 to 1.
type pct float64

// String returns p in hundredths of a percent, which is a tenth of a pixel.
func (p pct) String() string { return decimal(100*float64(p), 2) + "%" }

// A px is a length in CSS pixels.
type px float64

// String returns p in tenths.
func (p px) String() string { return decimal(float64(p), 1) }

func decimal(x float64, digits int) string {
	if !finite(x) {
		return "0"
	}
	s := strconv.FormatFloat(x, 'f', digits, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		return "0"
	}
	return s
}

func (s *scene) rect(class string, x, x2 float64, y, y2 px, text string) {
	s.Marks = append(s.Marks, mark{Kind: "rect", Class: class, X: pct(x), X2: pct(x2), Y: y, Y2: y2, Text: text})
}

func (s *scene) line(class string, x float64, y px, x2 float64, y2 px) {
	s.Marks = append(s.Marks, mark{Kind: "line", Class: class, X: pct(x), X2: pct(x2), Y: y, Y2: y2})
}

func (s *scene) text(class string, x float64, y, shift px, text string) {
	s.Marks = append(s.Marks, mark{Kind: "text", Class: class, X: pct(x), Y: y, Shift: shift, Text: text})
}

func (s *scene) path(class, d string, y, y2 px) {
	s.Marks = append(s.Marks, mark{Kind: "path", Class: class, Y: y, Y2: y2, D: d})
}

func (s *scene) point(class, shape string, x float64, y, shift px, text string) {
	s.Marks = append(s.Marks, mark{Kind: "point", Class: class, X: pct(x), Y: y, Shift: shift, Text: text, D: shape})
}

// last returns the mark that was drawn last.
func (s *scene) last() *mark { return &s.Marks[len(s.Marks)-1] }

// shapes are the markers of the series, by which they can be told apart without colors.
var shapes = []string{
	"M-4.5-4.5h9v9h-9z",                     // square
	"M0-6.2L6 4.6H-6z",                      // triangle
	"M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",  // circle
	"M0-6.5L6.5 0L0 6.5L-6.5 0z",            // diamond
	"M0 6.2L6-4.6H-6z",                      // triangle on its tip
	"M-2-6h4v4h4v4h-4v4h-4v-4h-4v-4h4z",     // cross
	"M-6-3.5L0-6.5L6-3.5V3.5L0 6.5L-6 3.5z", // hexagon
}

// series returns the class of the i-th series, and its marker.
func series(i int) (class, shape string) {
	i %= len(shapes)
	return fmt.Sprintf("m%d", i), shapes[i]
}

// A scale takes figures from lo to hi to places from 0 to 1.
type scale struct {
	lo, hi float64
	// log says that equal ratios, not equal differences, are equally far apart.
	log bool
}

// at returns the place of x. What is outside the scale stands at its end.
func (s scale) at(x float64) float64 {
	lo, hi := s.lo, s.hi
	if s.log {
		lo, hi, x = math.Log(lo), math.Log(hi), math.Log(x)
	}
	if hi <= lo || math.IsNaN(x) {
		return 0.5
	}
	return min(max((x-lo)/(hi-lo), 0), 1)
}

// ticks returns at most n round figures on the scale. A logarithmic scale has powers of two, and may have two more at
// its ends.
func (s scale) ticks(n int) []float64 {
	var out []float64
	if s.log {
		for x := math.Exp2(math.Ceil(math.Log2(s.lo) - 1e-9)); x <= s.hi*(1+1e-9); x *= 2 {
			out = append(out, x)
		}
		return every(out, n)
	}
	if s.hi <= s.lo || !finite(s.hi-s.lo) {
		return nil
	}
	step := niceStep((s.hi - s.lo) / float64(n))
	for i := math.Ceil(s.lo/step - 1e-9); i*step <= s.hi+step*1e-9; i++ {
		out = append(out, i*step)
	}
	return out
}

// niceStep returns the least of 1, 2 and 5 times a power of ten that is not below x.
func niceStep(x float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= x*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// every returns at most n of xs, evenly chosen, with the first among them.
func every[T any](xs []T, n int) []T {
	step := (len(xs) + n - 1) / n
	if step <= 1 {
		return xs
	}
	var out []T
	for i := 0; i < len(xs); i += step {
		out = append(out, xs[i])
	}
	return out
}

// axisHeight is the room for the figures under a chart.
const axisHeight px = 20

// across draws the lines and figures of a scale across, from y to y2, with the figures below.
func (s *scene) across(sc scale, y, y2 px, write func(float64) string) {
	s.lines(sc.ticks(6), sc, y, y2)
	for _, x := range sc.ticks(6) {
		s.text("tick "+align(sc.at(x)), sc.at(x), y2+14, 0, write(x))
	}
}

// zooms are how many times a chart can be as wide as the page.
var zooms = []int{1, 4, 16}

// zoomable is across for a chart that can be zoomed: what is too fine for one width is drawn with the class of the zoom
// that has room for it.
func (s *scene) zoomable(sc scale, y, y2 px, write func(float64) string) {
	step := niceStep((sc.hi - sc.lo) / 6)
	s.across(sc, y, y2, write)
	for _, zoom := range zooms[1:] {
		fine := niceStep((sc.hi - sc.lo) / float64(6*zoom))
		for i := 1.0; i*fine < sc.hi; i++ {
			if x := i * fine; math.Abs(x/step-math.Round(x/step)) > 1e-6 {
				s.line(fmt.Sprintf("grid zoom%d", zoom), sc.at(x), y, sc.at(x), y2)
				s.text(fmt.Sprintf("tick mid zoom%d", zoom), sc.at(x), y2+14, 0, write(x))
			}
		}
	}
}

// lines draws the lines of a scale across at ticks.
func (s *scene) lines(ticks []float64, sc scale, y, y2 px) {
	for _, x := range ticks {
		s.line("grid", sc.at(x), y, sc.at(x), y2)
	}
}

// align returns the class of a figure under an axis: at the ends it stays within the axis.
func align(at float64) string {
	switch {
	case at < 0.04:
		return "start"
	case at > 0.96:
		return "end"
	}
	return "mid"
}

// ratioTicks returns at most n round ratios from lo to hi, with 1 among them.
func ratioTicks(lo, hi float64, n int) []float64 {
	for _, step := range []float64{0.02, 0.05, 0.1, 0.2, 0.25, 0.5} {
		var out []float64
		for i := math.Ceil((lo-1)/step - 1e-9); 1+i*step <= hi*(1+1e-9); i++ {
			if x := 1 + i*step; x > 1e-9 {
				out = append(out, x)
			}
		}
		if len(out) <= n && hi < 4 {
			return out
		}
	}
	for power := 1; ; power++ {
		var out []float64
		step := math.Exp2(float64(power))
		for i := math.Ceil(math.Log(lo)/math.Log(step) - 1e-9); math.Pow(step, i) <= hi*(1+1e-9); i++ {
			out = append(out, math.Pow(step, i))
		}
		if len(out) <= n {
			return out
		}
	}
}

// timeTick returns a time on an axis, in the unit of the whole axis.
func timeTick(end float64) func(float64) string {
	return func(s float64) string {
		switch {
		case s == 0:
			return "0"
		case end < 1:
			return decimal(s*1000, 3) + " ms"
		case end < 120:
			return decimal(s, 3) + " s"
		}
		return figure.Duration(s)
	}
}

// A key explains a color, pattern or marker.
type key struct{ Class, Shape, Label string }

// A chart is panels and what a reader needs beside them.
type chart struct {
	ID, Title string
	// Lead says how to read it. Desc says what it shows, for a reader who cannot see it.
	Lead, Desc string
	Keys       []key
	Panels     []panel
	// Zoom says that the panels can be made wider than the page, and Beside that they stand beside each other.
	Zoom, Beside bool
	// Tables are its figures in words.
	Tables []named
}

// Zooms returns how many times as wide as the page the panels can be.
func (c chart) Zooms() []int { return zooms }

// A named is a table and what it is of, for a reader who cannot see it.
type named struct {
	Name  string
	Table table
	Note  string
}

// A panel is one scene of a chart, or a list of rows on one scale.
type panel struct {
	ID, Title, Note, Desc string
	// Gutter is the room to the left for the words of an axis: "narrow", "wide", or "" for none.
	Gutter string
	Scene  scene
	// Side has the words that stand to the left of a scene which can be scrolled.
	Side scene

	Rows []row
	// Left and Right are the words at the ends of the scale of the rows, and Faded says that they show no order.
	Left, Right string
	Faded       bool
}

// Headed reports whether the title of a panel of rows is shown: one that says the same as the chart's is not.
func (p panel) Headed() bool { return p.Left != "" }

// A row is one line of a panel: words, and a scene that stands below them. The Scene of its panel is the axis.
type row struct {
	Label, Value, Note string
	Scene              scene
}
