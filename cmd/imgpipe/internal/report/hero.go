package report

import (
	"fmt"
	"strings"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/figure"
)

// noMatter is the greatest difference that does not matter, as a share, to either side.
const noMatter = 0.05

// The heights within a row of a plot.
const (
	rowTall    px = 22
	rowMiddle  px = rowTall / 2
	axisOfRows px = 20
)

// dotShape is the estimate of a contestant, and homeShape that of the baseline.
const (
	dotShape  = "M-5.5 0a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0-11 0z"
	homeShape = "M0-7L7 0L0 7L-7 0z"
)

// hero returns the first figure of the page: how each contestant compares with the baseline, by the clock and in CPU
// time for an image, with intervals, and the band of differences that do not matter.
func (v *view) hero() (chart, bool) {
	ch := chart{ID: "ratios", Beside: true, Title: "How they compare with " + v.baseline(),
		Lead: "By the clock, what lies further right is faster; in CPU time, it takes more. Within the gray band, " +
			"which is ±5 % around " + v.baseline() + ", the difference does not matter. The line through a dot " +
			"is its 95 % interval: in at least 19 of 20 comparisons the truth lies within it.",
		Keys: []key{{"dot", dotShape, "a difference is shown"}, {"dot hollow", dotShape, "none is shown"},
			{"dot home", homeShape, "baseline"},
			{"band", "", "±5 %: does not matter"}},
		Tables: []named{{"By the clock", v.timing(), ""}, {"CPU for each image", v.work(), workNote}}}
	if v.Withheld != "" {
		ch.Tables[0].Note = v.noOrder()
	}
	clock := v.forest(forest{
		estimate: func(r bench.Result) bench.Estimate { return r.Speedup },
		differs:  func(i int) bool { return v.results[i].Differs },
		withheld: v.Withheld != "", unit: " as fast",
		detectable: func(r bench.Result) float64 { return r.WallDetectable },
	})
	clock.ID, clock.Title = "ratios-clock", "By the clock"
	clock.Left, clock.Right = "slower", "faster"
	if v.Withheld != "" {
		clock.Title, clock.Note, clock.Faded = "By the clock: no order", sentence(v.withheldBy()), true
	}
	cpu := v.forest(forest{
		estimate: func(r bench.Result) bench.Estimate { return r.CPURatio },
		differs:  v.cpuDiffers,
		unit:     " the CPU", detectable: func(r bench.Result) float64 { return r.CPUDetectable },
	})
	cpu.ID, cpu.Title = "ratios-cpu", "CPU time for each image"
	cpu.Left, cpu.Right = "less CPU", "more CPU"
	if clock.Note == "" {
		clock.Note = v.quiet()
	}
	for _, p := range []panel{clock, cpu} {
		if len(p.Rows) > 1 {
			ch.Panels = append(ch.Panels, p)
		}
	}
	if len(cpu.Rows) < 2 && len(clock.Rows) > 1 {
		ch.Lead += " How the CPU time for an image compares is not known here."
	}
	return ch, len(ch.Panels) > 0
}

// quiet returns how many rounds were quiet, if some were not.
func (v *view) quiet() string {
	least, most, of := 0, 0, 0
	for i, r := range v.results {
		if of == 0 {
			least, most = r.QuietRounds, r.QuietRounds
		}
		least, most, of = min(least, r.QuietRounds), max(most, r.QuietRounds), max(of, v.runsOf(i))
	}
	switch {
	case v.old() || least >= of || most == 0:
		return ""
	case least == most:
		return fmt.Sprintf("%d of %d rounds were quiet.", most, of)
	}
	return fmt.Sprintf("%d to %d of %d rounds were quiet.", least, most, of)
}

// A forest is what a forest plot shows.
type forest struct {
	estimate   func(bench.Result) bench.Estimate
	differs    func(int) bool
	detectable func(bench.Result) float64
	unit       string
	// withheld says that there is no order.
	withheld bool
}

// forest returns a panel with a row for each contestant, on one logarithmic scale.
func (v *view) forest(f forest) panel {
	x := scale{lo: 1 - 2*noMatter, hi: 1 + 2*noMatter, log: true}
	var list []int
	for i, r := range v.results {
		e := f.estimate(r)
		if i == v.Baseline {
			e = bench.Estimate{Center: 1, Low: 1, High: 1}
		}
		if !v.ran(i) || !known(e) {
			continue
		}
		list = append(list, i)
		x.lo, x.hi = min(x.lo, e.Center), max(x.hi, e.Center)
		if bounded(e) && e.Low > 0 {
			// An interval that is far wider than all estimates would squeeze them: it leaves the plot.
			x.lo, x.hi = min(x.lo, max(e.Low, e.Center/4)), max(x.hi, min(e.High, e.Center*4))
		}
	}
	x.lo, x.hi = x.lo/1.04, x.hi*1.04
	ticks := ratioTicks(x.lo, x.hi, 6)
	p := panel{Scene: scene{Height: axisOfRows}}
	for _, t := range ticks {
		p.Scene.text("tick "+align(x.at(t)), x.at(t), 14, 0, ratioTick(t))
	}
	var desc []string
	for _, i := range list {
		r := row{Label: v.labels[i], Scene: scene{Height: rowTall}}
		r.Scene.rect("band", min(x.at(1-noMatter), x.at(1+noMatter)), max(x.at(1-noMatter), x.at(1+noMatter)),
			0, rowTall, "")
		r.Scene.lines(ticks, x, 0, rowTall)
		r.Scene.line("home", x.at(1), 0, x.at(1), rowTall)
		if i == v.Baseline {
			r.Value = "baseline"
			r.Scene.point("dot home", homeShape, x.at(1), rowMiddle, 0, r.Label+": baseline")
		} else {
			e := f.estimate(v.results[i])
			r.Value, r.Note = f.words(e, f.differs(i), f.detectable(v.results[i]))
			if f.withheld {
				r.Value, r.Note = "no order", ""
			}
			f.draw(&r.Scene, x, e, f.differs(i), r.Label+": "+r.Value)
		}
		desc = append(desc, r.Label+": "+r.Value)
		p.Rows = append(p.Rows, r)
	}
	p.Desc = strings.Join(desc, "; ") + "."
	return p
}

// draw draws one estimate and its interval. An interval that leaves the plot ends in an arrow.
func (f forest) draw(sc *scene, x scale, e bench.Estimate, differs bool, text string) {
	if bounded(e) && e.Low > 0 {
		low, high := x.at(e.Low), x.at(e.High)
		sc.line("reach", low, rowMiddle, high, rowMiddle)
		for _, end := range []struct{ at, of float64 }{{low, e.Low}, {high, e.High}} {
			if e := end.of; e >= x.lo && e <= x.hi {
				sc.line("reach", end.at, rowMiddle-5, end.at, rowMiddle+5)
			} else if end.at < 0.5 {
				sc.point("arrow", "M0 0l7-5v10z", end.at, rowMiddle, 0, text)
			} else {
				sc.point("arrow", "M0 0l-7-5v10z", end.at, rowMiddle, 0, text)
			}
		}
	}
	class := "dot hollow"
	if differs {
		class = "dot"
	}
	sc.point(class, dotShape, x.at(e.Center), rowMiddle, 0, text)
}

// words returns an estimate in words, and what it shows if that is no difference.
func (f forest) words(e bench.Estimate, differs bool, detectable float64) (value, note string) {
	value = figure.Ratio(e.Center) + f.unit
	if bounded(e) {
		value += " (" + figure.Range(e.Low, e.High) + ")"
	}
	switch {
	case !bounded(e):
		return value, "too few runs for an interval"
	case e.Low >= 1-noMatter && e.High <= 1+noMatter:
		return "tie: " + value, ""
	case !differs && finite(detectable) && detectable > 0:
		return value, "no difference shown; " + figure.Difference(detectable) + " would have been seen"
	case !differs:
		return value, "no difference shown"
	}
	return value, ""
}

// sentence returns s with a great first letter and a period.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.TrimRight(upper(s), ".") + "."
}

// upper returns s with a great first letter.
func upper(s string) string {
	if s != "" && s[0] >= 'a' && s[0] <= 'z' {
		return string(s[0]-'a'+'A') + s[1:]
	}
	return s
}
