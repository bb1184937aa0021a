package report

import (
	"fmt"
	"slices"
	"strings"

	"imgpipe/pipeline"
)

// The heights within a row of a chart of rows: the words above, the bar below.
const (
	rowWords px = 16
	rowBar   px = 18
	rowGap   px = 10
	rowTall     = rowWords + rowBar + rowGap
)

// rows draws a row for each of the contestants in list: its label, what value returns for it, and what draw draws
// between two heights. It returns where the rows end.
func (v *view) rows(sc *scene, list []int, value func(i int) string, draw func(i int, y, y2 px)) {
	for n, i := range list {
		y := px(n) * rowTall
		sc.text("label", 0, y+rowWords-4, 0, v.labels[i])
		sc.text("value end", 1, y+rowWords-4, 0, value(i))
		draw(i, y+rowWords, y+rowWords+rowBar)
	}
}

// strip returns the chart of the wall time of every run.
func (v *view) strip() (chart, bool) {
	ch := chart{ID: "runs", Title: "Every run", Lead: "A point is the wall time of one run, " +
		"the line their median, the band its 95 % interval. Shorter is better."}
	var list []int
	end := 0.0
	walls := make([][]float64, len(v.Configs))
	for _, s := range v.samples() {
		if x := s.Summary.Wall; finite(x) && x >= 0 {
			walls[s.Config] = append(walls[s.Config], x)
			end = max(end, x)
		}
	}
	for i := range v.Configs {
		if len(walls[i]) > 0 {
			list = append(list, i)
			if e := v.results[i].Wall; v.ran(i) && bounded(e) {
				end = max(end, e.High)
			}
		}
	}
	if len(list) == 0 || end == 0 {
		return ch, false
	}
	x := scale{hi: end * 1.02}
	sc := scene{Height: px(len(list))*rowTall + axisHeight}
	sc.across(x, 0, px(len(list))*rowTall, timeTick(end))
	ch.Table = table{Head: []string{"contestant", "median", "95 % interval", "runs"}, Left: 1}
	var desc []string
	v.rows(&sc, list, func(i int) string { return withSpread(v.results[i].Wall, duration) }, func(i int, y, y2 px) {
		class, _ := series(v.modeSlot(i))
		e := v.results[i].Wall
		if v.ran(i) && bounded(e) {
			sc.rect("band "+class, x.at(e.Low), x.at(e.High), y, y2, "")
		}
		for n, w := range walls[i] {
			if n < maxPoints {
				sc.point("run "+class, runShape, x.at(w), (y+y2)/2, 0, fmt.Sprintf("run %d: %s", n+1, duration(w)))
			}
		}
		if v.ran(i) {
			sc.line("median", x.at(e.Center), y-1, x.at(e.Center), y2+1)
		}
		var all []string
		for n, w := range walls[i] {
			if n < maxPoints {
				all = append(all, duration(w))
			}
		}
		ch.Table.Rows = append(ch.Table.Rows,
			[]string{v.labels[i], duration(e.Center), interval(e), strings.Join(all, ", ")})
		desc = append(desc, v.labels[i]+": "+withSpread(e, duration))
	})
	ch.Desc = "Median wall times: " + strings.Join(desc, "; ") + "."
	ch.Panels = []panel{{ID: ch.ID, Title: ch.Title, Desc: ch.Desc, Scene: sc}}
	return ch, true
}

// runShape is a small circle.
const runShape = "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z"

// maxPoints is how many runs of a contestant are drawn at most; JSON and CSV have all.
const maxPoints = 50

// stacks returns a chart of bars in which each part is the time of a stage for one image.
func (v *view) stacks(id, title, lead string, stages []stage) (chart, bool) {
	ch := chart{ID: id, Title: title, Lead: lead, Table: v.stages(stages)}
	perImage := func(i int, s stage) float64 { return v.seconds(i, s.Stage) / float64(v.Job.Images) }
	var list []int
	totals := make([]float64, len(v.Configs))
	used := map[pipeline.Stage]bool{}
	for i := range v.Configs {
		if !v.traced(i) || v.Job.Images <= 0 {
			continue
		}
		list = append(list, i)
		for _, s := range stages {
			totals[i] += perImage(i, s)
			used[s.Stage] = used[s.Stage] || perImage(i, s) > 0
		}
	}
	if len(used) == 0 || slices.Max(totals) <= 0 {
		return ch, false
	}
	end := slices.Max(totals)
	x := scale{hi: end}
	sc := scene{Height: px(len(list))*rowTall + axisHeight}
	sc.across(x, 0, px(len(list))*rowTall, timeTick(min(end, 119)))
	var desc []string
	v.rows(&sc, list, func(i int) string { return duration(totals[i]) + " per image" }, func(i int, y, y2 px) {
		upTo := 0.0
		var parts []string
		for _, s := range stages {
			length := perImage(i, s)
			if length <= 0 {
				continue
			}
			share := s.Word + " " + duration(length)
			parts = append(parts, share)
			sc.rect("bar s-"+string(s.Stage), x.at(upTo), x.at(upTo+length), y, y2, v.labels[i]+": "+share)
			// The word is written if it has room on a narrow screen, where the chart is 300 pixels wide.
			if room := 300 * (x.at(upTo+length) - x.at(upTo)); room > 6.5*float64(len(s.Word))+6 {
				sc.text("in-bar mid on-"+string(s.Stage), x.at(upTo+length/2), y+13, 0, s.Word)
			}
			upTo += length
		}
		desc = append(desc, v.labels[i]+": "+strings.Join(parts, ", "))
	})
	for _, s := range stages {
		if used[s.Stage] {
			ch.Keys = append(ch.Keys, key{"s-" + string(s.Stage), "", s.Word})
		}
	}
	ch.Desc = strings.Join(desc, "; ") + "."
	ch.Panels = []panel{{ID: id, Title: ch.Title, Desc: ch.Desc, Scene: sc}}
	return ch, true
}
