package report

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"imgpipe/cmd/imgpipe/internal/figure"
)

// curveHeight is the height of the plot of speedups.
const curveHeight px = 260

// wideRange is the ratio of the greatest width to the least from which speedups have a logarithmic scale, too.
const wideRange = 8

// curves returns the chart of the speedup over the workers, or over the downloads if those differ.
func (v *view) curves() (chart, bool) {
	ch := chart{ID: "scaling", Title: "Scaling", Lead: "How many times as fast as " + v.baseline() +
		" each contestant is, over its " +
		v.width() + ". A bar is the 95 % interval. " + v.idealWords()}
	var drawn []int
	x, y, least := scale{}, scale{}, 0.0
	for i := range v.Configs {
		r := v.results[i]
		if !v.ran(i) || !finite(r.Speedup.Center) || r.Speedup.Center <= 0 {
			continue
		}
		at, low, top := float64(v.across(i)), r.Speedup.Center, r.Speedup.Center
		if bounded(r.Speedup) && r.Speedup.Low > 0 {
			low, top = r.Speedup.Low, r.Speedup.High
		}
		if len(drawn) == 0 {
			x.lo, x.hi, least, y.hi = at, at, low, top
		}
		x.lo, x.hi, least, y.hi = min(x.lo, at), max(x.hi, at), min(least, low), max(y.hi, top)
		drawn = append(drawn, i)
	}
	if len(drawn) == 0 {
		return ch, false
	}
	if x.hi <= x.lo {
		return ch, false // one width shows nothing of scaling
	}
	ideal := v.idealAt(drawn, x.lo)
	y.hi = max(y.hi, min(ideal*v.useful(x.hi)/max(v.useful(x.lo), 1), 1.5*y.hi)) * 1.06
	x.log = x.lo > 0 && x.hi > x.lo
	// Over a wide range the ideal line would soon leave a plot whose height is not logarithmic.
	if x.log && x.hi >= wideRange*x.lo {
		y.log, y.lo, y.hi = true, least/1.06, max(y.hi, 2.1*least)
	}
	sc := scene{Height: curveHeight + 2*axisHeight}
	down := func(s float64) px { return curveHeight * px(1-y.at(s)) }
	// The curves keep a distance from the edges, where bars of several modes stand side by side.
	place := func(at float64) float64 { return 0.06 + 0.88*x.at(at) }
	for _, s := range y.ticks(5) {
		sc.line("grid", 0, down(s), 1, down(s))
		sc.text("tick end", 0, down(s)+4, -8, ratioTick(s))
	}
	widths := v.widths(drawn)
	for _, w := range every(widths, 8) {
		sc.line("grid", place(float64(w)), 0, place(float64(w)), curveHeight)
		sc.text("tick mid", place(float64(w)), curveHeight+16, 0, strconv.Itoa(w))
	}
	sc.text("axis mid", 0.5, curveHeight+34, 0, v.width())
	if n := float64(v.Machine.CPUs); !v.byDownloads && n > x.lo && n < x.hi {
		sc.line("cpus", place(n), 0, place(n), curveHeight)
		sc.text("axis "+align(place(n)), place(n), 11, 4, figure.Count(v.Machine.CPUs, "CPU"))
		sc.last().Class = "axis start"
	}
	v.drawIdeal(&sc, ideal, x, y, place, down)
	modes := v.modes()
	var desc []string
	for slot, mode := range modes {
		class, shape := series(slot)
		shift := px(9 * (float64(slot) - float64(len(modes)-1)/2))
		desc = append(desc, v.curve(&sc, drawn, slot, shift, place, down)...)
		ch.Keys = append(ch.Keys, key{"mark " + class, shape, printable(mode)})
	}
	ch.Keys = append(ch.Keys, key{"ideal", "", "ideal"})
	ch.Tables = append(ch.Tables, named{"By the clock", v.timing(), ""})
	if t := v.scaling(); len(t.Rows) > 0 {
		ch.Tables = append(ch.Tables, named{"Efficiency", t, scalingNote(t)})
	}
	ch.Desc = strings.Join(desc, "; ") + "."
	ch.Panels = []panel{{ID: ch.ID, Title: ch.Title, Desc: ch.Desc, Gutter: "narrow", Scene: sc}}
	return ch, true
}

// curve draws the points of one mode, and returns them in words.
func (v *view) curve(
	sc *scene, drawn []int, slot int, shift px, place func(float64) float64, down func(float64) px,
) []string {
	class, shape := series(slot)
	var mine []int
	for _, i := range drawn {
		if v.modeSlot(i) == slot {
			mine = append(mine, i)
		}
	}
	slices.SortStableFunc(mine, func(a, b int) int { return cmp.Compare(v.across(a), v.across(b)) })
	var desc []string
	for n, i := range mine {
		if n > 0 {
			p := mine[n-1]
			sc.line("curve "+class, place(float64(v.across(p))), down(v.results[p].Speedup.Center),
				place(float64(v.across(i))), down(v.results[i].Speedup.Center))
			sc.last().Shift = shift
		}
	}
	for _, i := range mine {
		e, at := v.results[i].Speedup, place(float64(v.across(i)))
		if bounded(e) && i != v.Baseline {
			sc.line("whisker "+class, at, down(e.Low), at, down(e.High))
			sc.last().Shift = shift
		}
		text := v.labels[i] + ": " + v.speedup(i)
		sc.point("mark "+class, shape, at, down(e.Center), shift, text)
		desc = append(desc, text)
	}
	return desc
}

// drawIdeal draws the line from the best speedup at the left to the end of the scale.
func (v *view) drawIdeal(sc *scene, ideal float64, x, y scale, place func(float64) float64, down func(float64) px) {
	if x.hi <= x.lo || x.lo <= 0 || ideal <= 0 {
		return
	}
	// On a logarithmic scale the line bends, so it is drawn in pieces.
	const pieces = 24
	step := x.hi / x.lo
	from := x.lo
	for i := range pieces {
		to := x.lo * math.Pow(step, float64(i+1)/pieces)
		if ideal*v.useful(to)/v.useful(x.lo) > y.hi {
			break
		}
		sc.line("ideal", place(from), down(ideal*v.useful(from)/v.useful(x.lo)), place(to),
			down(ideal*v.useful(to)/v.useful(x.lo)))
		from = to
	}
}

// useful returns the part of a width that can bring speed at best: no more workers than there are CPUs. What downloads
// can bring has no such bound.
func (v *view) useful(width float64) float64 {
	if v.byDownloads || v.Machine.CPUs <= 0 {
		return width
	}
	return min(width, max(float64(v.Machine.CPUs), 1))
}

func (v *view) idealWords() string {
	s := "The dashed line is the ideal: from the best at the left, twice the " + v.width() + ", twice the speed"
	if !v.byDownloads && v.Machine.CPUs > 0 {
		s += ", as far as there are CPUs: " + strconv.Itoa(v.Machine.CPUs)
	}
	return s + "."
}

// idealAt returns the best speedup at the least width.
func (v *view) idealAt(drawn []int, width float64) float64 {
	best := 0.0
	for _, i := range drawn {
		if float64(v.across(i)) == width {
			best = max(best, v.results[i].Speedup.Center)
		}
	}
	return best
}

// across returns the figure of a Config in which the contestants differ.
func (v *view) across(i int) int {
	if v.byDownloads {
		return v.Configs[i].Downloads
	}
	return v.Configs[i].Workers
}

// width returns the word for what across returns.
func (v *view) width() string {
	if v.byDownloads {
		return "downloads"
	}
	return "workers"
}

func (v *view) widths(configs []int) []int {
	var out []int
	for _, i := range configs {
		out = append(out, v.across(i))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// baseline returns the name of what speedups are counted from.
func (v *view) baseline() string {
	if !v.config(v.Baseline) {
		return "the baseline"
	}
	return v.labels[v.Baseline]
}

func ratioTick(x float64) string { return decimal(x, 3) + "×" }
