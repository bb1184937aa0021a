package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/figure"
)

// runShape is a small circle.
const runShape = "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z"

// maxPoints is how many runs of a contestant are drawn at most; JSON and CSV have all. maxStrip is how many of all.
const (
	maxPoints = 50
	maxStrip  = 240
)

// everyRun returns the chart of the wall time of every run.
func (v *view) everyRun() (chart, bool) {
	ch := chart{ID: "runs", Title: "Every run", Lead: "A dot is the wall time of one run, the line their median, the " +
		"band its 95 % interval. A hollow dot is a run that something disturbed. Shorter is better.",
		Keys: []key{{"run", runShape, "a run"}, {"run hollow", runShape, "disturbed"}}}
	runs := make([][]bench.Sample, len(v.Configs))
	end := 0.0
	for _, s := range v.samples() {
		if x := s.Wall(); finite(x) && x >= 0 {
			runs[s.Config] = append(runs[s.Config], s)
			end = max(end, x)
		}
	}
	for i := range v.Configs {
		if e := v.results[i].Wall; len(runs[i]) > 0 && v.ran(i) && bounded(e) {
			end = max(end, e.High)
		}
	}
	if end == 0 {
		return ch, false
	}
	x := scale{hi: end * 1.02}
	p := panel{ID: ch.ID, Title: ch.Title, Scene: scene{Height: axisOfRows}}
	for _, t := range x.ticks(6) {
		p.Scene.text("tick "+align(x.at(t)), x.at(t), 14, 0, timeTick(end)(t))
	}
	t := table{Head: []string{"contestant", "wall", "disturbed", "runs"}, Left: 1}
	var desc []string
	for i := range v.Configs {
		if len(runs[i]) == 0 {
			continue
		}
		e := v.results[i].Wall
		r := row{Label: v.labels[i], Value: seconds(e), Scene: scene{Height: rowTall}}
		r.Scene.lines(x.ticks(6), x, 0, rowTall)
		if v.ran(i) && bounded(e) {
			r.Scene.rect("interval", x.at(e.Low), x.at(e.High), 2, rowTall-2, "")
		}
		var all []string
		disturbed := 0
		for n, s := range runs[i] {
			class, text := "run", fmt.Sprintf("run %d: %s", n+1, figure.Duration(s.Wall()))
			if s.Disturbed != "" {
				class, text = "run hollow", text+", "+printable(s.Disturbed)
				disturbed++
			}
			if n < maxPoints {
				r.Scene.point(class, runShape, x.at(s.Wall()), rowMiddle, 0, text)
				all = append(all, figure.Duration(s.Wall()))
			}
		}
		if v.ran(i) {
			r.Scene.line("median", x.at(e.Center), 1, x.at(e.Center), rowTall-1)
		}
		t.Rows = append(t.Rows, []string{v.labels[i], seconds(e), fmt.Sprintf("%d of %d", disturbed, len(runs[i])),
			strings.Join(all, ", ")})
		desc = append(desc, v.labels[i]+": "+seconds(e))
		p.Rows = append(p.Rows, r)
	}
	p.Desc = "Median wall times: " + strings.Join(desc, "; ") + "."
	ch.Panels, ch.Tables = []panel{p}, []named{{ch.Title, t, ""}}
	return ch, true
}

// A cause is something that can disturb a run, as a figure of each.
type cause struct {
	class, word string
	of          func(*bench.Sample) (float64, bool)
	write       func(float64) string
}

func share(seconds *float64, s *bench.Sample) (float64, bool) {
	if seconds == nil || s.Wall() <= 0 {
		return 0, false
	}
	return *seconds / s.Wall(), true
}

// causes are the rows of the strip of disturbance.
var causes = []cause{
	{"c-others", "CPUs held by others", func(s *bench.Sample) (float64, bool) {
		if other := s.Summary.Conditions.OtherCPUs; other != nil {
			return *other, true
		}
		return s.OtherCPU, s.OtherCPU > 0
	}, figure.Number},
	{"c-steal", "CPUs stolen", func(s *bench.Sample) (float64, bool) {
		return share(s.Summary.Conditions.Steal, s)
	}, figure.Number},
	{"c-throttled", "CPUs throttled", func(s *bench.Sample) (float64, bool) {
		return share(s.Summary.Conditions.Throttled, s)
	}, figure.Number},
	{"c-io", "time with a wait for a disk", func(s *bench.Sample) (float64, bool) {
		return share(s.Summary.Conditions.IOPressure, s)
	}, figure.Percent},
}

const (
	stripHeight px = 130
	causeHeight px = 34
	causeGap    px = 24
)

// disturbance returns the chart of the runs in the order in which they were made: the wall time of each against the
// median of its contestant, and below it what the machine did meanwhile.
func (v *view) disturbance() (chart, bool) {
	ch := chart{ID: "disturbance", Title: "What disturbed the runs", Lead: "From left to right the runs in the " +
		"order in which they were made. Above: how long each took, against the median of its contestant. A hollow " +
		"mark is a run that counts as disturbed. Below: what other programs and the host of the machine did " +
		"meanwhile."}
	all := v.samples()
	all = slices.DeleteFunc(all, func(s bench.Sample) bool {
		return !finite(s.Wall()) || s.Wall() <= 0 || !v.ran(s.Config) || v.results[s.Config].Wall.Center <= 0
	})
	if len(all) > maxStrip {
		ch.Lead += fmt.Sprintf(" The last %d of %d runs are shown.", maxStrip, len(all))
		all = all[len(all)-maxStrip:]
	}
	var rows []cause
	for _, k := range causes {
		if slices.ContainsFunc(all, func(s bench.Sample) bool { _, ok := k.of(&s); return ok }) {
			rows = append(rows, k)
		}
	}
	if len(all) < 2 || len(rows) == 0 {
		return ch, false
	}
	ratio := func(s *bench.Sample) float64 { return s.Wall() / v.results[s.Config].Wall.Center }
	y := scale{lo: 0.9, hi: 1.1, log: true}
	for i := range all {
		y.lo, y.hi = min(y.lo, ratio(&all[i])/1.05), max(y.hi, ratio(&all[i])*1.05)
	}
	sc := scene{}
	down := func(x float64) px { return stripHeight * px(1-y.at(x)) }
	for _, t := range ratioTicks(y.lo, y.hi, 5) {
		sc.line("grid", 0, down(t), 1, down(t))
		sc.text("tick end", 0, down(t)+4, -8, ratioTick(t))
	}
	at := func(n int) float64 { return (float64(n) + 0.5) / float64(len(all)) }
	t := table{Head: []string{"run", "contestant", "wall"}, Left: 2}
	for _, k := range rows {
		t.Head = append(t.Head, k.word)
	}
	t.Head = append(t.Head, "disturbed by")
	disturbed := 0
	for n := range all {
		s := &all[n]
		class, shape := series(v.modeSlot(s.Config))
		text := fmt.Sprintf("round %d, %s: %s", s.Round+1, v.labels[s.Config], figure.Duration(s.Wall()))
		if s.Disturbed != "" {
			class, text = class+" hollow", text+", "+printable(s.Disturbed)
			disturbed++
		}
		sc.point("mark "+class, shape, at(n), down(ratio(s)), 0, text)
		cells := []string{fmt.Sprint(s.Round+1, ".", s.Place+1), v.labels[s.Config], figure.Duration(s.Wall())}
		for _, k := range rows {
			cell := unknown
			if x, ok := k.of(s); ok {
				cell = k.write(x)
			}
			cells = append(cells, cell)
		}
		t.Rows = append(t.Rows, append(cells, orUnknown(printable(s.Disturbed))))
	}
	top := stripHeight + 8
	for _, k := range rows {
		top += causeGap
		most := 0.0
		for n := range all {
			if x, ok := k.of(&all[n]); ok && finite(x) {
				most = max(most, x)
			}
		}
		if most <= 0 {
			sc.text("label", 0, top-6, 0, k.word+": none")
			continue
		}
		sc.text("label", 0, top-6, 0, k.word+": at most "+k.write(most))
		sc.line("grid", 0, top+causeHeight, 1, top+causeHeight)
		for n := range all {
			x, ok := k.of(&all[n])
			if !ok || !finite(x) || x <= 0 {
				continue
			}
			half := 0.38 / float64(len(all))
			sc.rect("cause", at(n)-half, at(n)+half, top+causeHeight*px(1-math.Min(x/most, 1)), top+causeHeight,
				fmt.Sprintf("round %d, %s: %s", all[n].Round+1, v.labels[all[n].Config], k.write(x)))
		}
		top += causeHeight
	}
	sc.Height = top + 4
	for slot, mode := range v.modes() {
		class, shape := series(slot)
		ch.Keys = append(ch.Keys, key{"mark " + class, shape, printable(mode)})
	}
	ch.Desc = fmt.Sprintf("%d of %s were disturbed.", disturbed, figure.Count(len(all), "run"))
	ch.Panels = []panel{{ID: ch.ID, Title: ch.Title, Desc: ch.Desc, Gutter: "narrow", Scene: sc}}
	ch.Tables = []named{{ch.Title, t, ""}}
	return ch, true
}
