package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/figure"
)

// A lesson is a section with charts under small headings.
type lesson struct {
	Jobs, Pairs, Rest []chart
	Cells             named
}

// lesson returns what compare --lesson measured besides.
func (v *view) lesson() *lesson {
	if v.Lesson == nil {
		return nil
	}
	l := &lesson{Cells: named{cellsName, cells(v.Lesson.Table), cellsNote}}
	for i := range v.Parts {
		if ch, ok := newView(&v.Parts[i]).small(i); ok {
			l.Jobs = append(l.Jobs, ch)
		}
	}
	l.Pairs, l.Rest = drawn(v.starts, v.slopes), drawn(v.crashes)
	return l
}

// small returns a small chart of one job of the lesson: how many times as fast as the baseline each contestant is, with
// the number of CPUs drawn in.
func (v *view) small(n int) (chart, bool) {
	ch := chart{ID: fmt.Sprintf("job%d", n+1), Title: v.partTitle(), Lead: sentence(v.rounds()),
		Tables: []named{{v.partTitle(), v.brief(), ""}}}
	if len(v.Verdict) > 0 {
		ch.Lead = printable(v.Verdict[0].Text) + " " + ch.Lead
	}
	if v.Withheld != "" && !strings.Contains(ch.Lead, noOrder) {
		ch.Lead = v.noOrder() + " " + ch.Lead
	}
	x := scale{hi: max(float64(v.Machine.CPUs), 1)}
	var list []int
	for i, r := range v.results {
		if v.ran(i) && known(r.Speedup) {
			list = append(list, i)
			x.hi = max(x.hi, r.Speedup.Center)
			if bounded(r.Speedup) {
				x.hi = max(x.hi, min(r.Speedup.High, 3*r.Speedup.Center))
			}
		}
	}
	if len(list) < 2 {
		return ch, false
	}
	x.hi *= 1.05
	p := panel{ID: ch.ID, Title: ch.Title, Scene: scene{Height: axisOfRows}, Faded: v.Withheld != ""}
	for _, t := range x.ticks(6) {
		p.Scene.text("tick "+align(x.at(t)), x.at(t), 14, 0, ratioTick(t))
	}
	var desc []string
	for _, i := range list {
		e := v.results[i].Speedup
		r := row{Label: v.labels[i], Value: v.speedup(i), Scene: scene{Height: rowTall}}
		switch {
		case i == v.Baseline:
			r.Value = "baseline"
		case v.Withheld != "":
			r.Value = "no order"
		}
		r.Scene.lines(x.ticks(6), x, 0, rowTall)
		if n := float64(v.Machine.CPUs); n > 1 {
			r.Scene.line("cpus", x.at(n), 0, x.at(n), rowTall)
		}
		drawReach(&r.Scene, x, e, i == v.Baseline, v.results[i].Differs, r.Label+": "+r.Value)
		desc = append(desc, r.Label+": "+r.Value)
		p.Rows = append(p.Rows, r)
	}
	p.Desc = strings.Join(desc, "; ") + "."
	ch.Keys = []key{{"dot", dotShape, "times as fast, with 95 % interval"}, {"cpus", "",
		figure.Count(v.Machine.CPUs, "CPU")}}
	ch.Panels = []panel{p}
	return ch, true
}

// brief returns the table of a small chart.
func (v *view) brief() table {
	t := table{Head: []string{"contestant", "wall", "times as fast", "CPU, times"}, Left: 1}
	for i, r := range v.results {
		row := []string{v.labels[i], seconds(r.Wall), v.speedup(i), v.against(i, r.CPURatio, v.cpuDiffers(i))}
		if v.Withheld != "" && i != v.Baseline {
			row[2] = "no order"
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// drawReach draws an estimate with its interval within a scale.
func drawReach(sc *scene, x scale, e bench.Estimate, home, differs bool, text string) {
	if bounded(e) && !home {
		sc.line("reach", x.at(e.Low), rowMiddle, x.at(e.High), rowMiddle)
		sc.line("reach", x.at(e.Low), rowMiddle-5, x.at(e.Low), rowMiddle+5)
		sc.line("reach", x.at(e.High), rowMiddle-5, x.at(e.High), rowMiddle+5)
	}
	switch {
	case home:
		sc.point("dot home", homeShape, x.at(e.Center), rowMiddle, 0, text)
	case differs:
		sc.point("dot", dotShape, x.at(e.Center), rowMiddle, 0, text)
	default:
		sc.point("dot hollow", dotShape, x.at(e.Center), rowMiddle, 0, text)
	}
}

// A reading is one line of a small chart of estimates.
type reading struct {
	label, note string
	e           bench.Estimate
}

// readings returns a chart of estimates on one scale.
func readings(ch chart, x scale, all []reading, write func(bench.Estimate) string,
	tick func(float64) string) (chart, bool) {
	p := panel{ID: ch.ID, Title: ch.Title, Scene: scene{Height: axisOfRows}}
	t := table{Head: []string{"what", "measured", "note"}, Left: 1}
	ticks := x.ticks(5)
	for _, at := range ticks {
		p.Scene.text("tick "+align(x.at(at)), x.at(at), 14, 0, tick(at))
	}
	var desc []string
	for _, one := range all {
		r := row{Label: one.label, Value: write(one.e), Note: one.note, Scene: scene{Height: rowTall}}
		r.Scene.lines(ticks, x, 0, rowTall)
		if known(one.e) {
			drawReach(&r.Scene, x, one.e, false, true, r.Label+": "+r.Value)
		}
		desc = append(desc, r.Label+": "+r.Value)
		t.Rows = append(t.Rows, []string{r.Label, r.Value, orUnknown(r.Note)})
		p.Rows = append(p.Rows, r)
	}
	p.Desc = strings.Join(desc, "; ") + "."
	ch.Panels, ch.Tables = []panel{p}, []named{{ch.Title, t, ""}}
	return ch, len(all) > 0
}

// starts returns the chart of what one goroutine, thread and process take to start.
func (v *view) starts() (chart, bool) {
	ch := chart{ID: "starts", Title: "What a start takes", Lead: "One goroutine, one thread and one process, " +
		"started in turn in one loop. Each line to the right is ten times as long."}
	x := scale{lo: math.Inf(1), log: true}
	var all []reading
	for _, s := range v.Lesson.Starts {
		all = append(all, reading{printable(s.What), figure.Count(max(s.Tries, 0), "start"), s.Time})
		if known(s.Time) {
			x.lo, x.hi = min(x.lo, s.Time.Center), max(x.hi, s.Time.Center)
		}
	}
	if x.hi == 0 {
		return ch, false
	}
	x.lo, x.hi = math.Pow(10, math.Floor(math.Log10(x.lo))), math.Pow(10, math.Ceil(math.Log10(x.hi)+1e-9))
	ch, ok := readings(ch, x, all, seconds, figure.Duration)
	p := &ch.Panels[0]
	p.Scene.Marks = nil
	decades := every(powers(x.lo, x.hi), 4)
	for _, t := range decades {
		p.Scene.text("tick "+align(x.at(t)), x.at(t), 14, 0, decadeTick(t))
	}
	for n := range p.Rows {
		p.Rows[n].Scene.Marks = slices.DeleteFunc(p.Rows[n].Scene.Marks, func(m mark) bool { return m.Class == "grid" })
		grid := scene{}
		grid.lines(decades, x, 0, rowTall)
		p.Rows[n].Scene.Marks = append(grid.Marks, p.Rows[n].Scene.Marks...)
	}
	return ch, ok
}

// powers returns the powers of ten from lo to hi.
func powers(lo, hi float64) []float64 {
	var out []float64
	for x := lo; x <= hi*1.001 && len(out) < 40; x *= 10 {
		out = append(out, x)
	}
	return out
}

// decadeTick returns a power of ten of a second.
func decadeTick(s float64) string {
	switch {
	case s < 0.999e-6:
		return decimal(s*1e9, 0) + " ns"
	case s < 0.999e-3:
		return decimal(s*1e6, 0) + " µs"
	case s < 0.999:
		return decimal(s*1e3, 0) + " ms"
	}
	return decimal(s, 0) + " s"
}

// slopes returns the chart of what one more worker costs in memory.
func (v *view) slopes() (chart, bool) {
	ch := chart{ID: "slopes", Title: "What one more worker costs in memory",
		Lead: "PSS of all processes, from runs with few workers and with many."}
	x := scale{}
	var all []reading
	for _, s := range v.Lesson.Memory {
		all = append(all, reading{printable(s.Mode), fmt.Sprintf("from %d to %d workers", s.From, s.To),
			s.OneMoreWorker})
		if known(s.OneMoreWorker) {
			x.hi = max(x.hi, s.OneMoreWorker.Center)
			if bounded(s.OneMoreWorker) {
				x.hi = max(x.hi, s.OneMoreWorker.High)
			}
		}
	}
	x.hi *= 1.05
	return readings(ch, x, all, amount, figure.Bytes)
}

// crashes returns the chart of what died with one image.
func (v *view) crashes() (chart, bool) {
	ch := chart{ID: "crashes", Title: "One image that crashes", Lead: "The same images in each model, one of which " +
		"ends what runs it. A bar is all images.",
		Keys: []key{{"done", "", "done"}, {"failed", "", "failed"}, {"lost", "", "lost: the run was dead"}}}
	p := panel{ID: ch.ID, Title: ch.Title, Scene: scene{Height: axisOfRows}}
	p.Scene.text("tick start", 0, 14, 0, "no image")
	p.Scene.text("tick end", 1, 14, 0, "all images")
	t := table{Head: []string{"mode", "died", "done", "failed", "lost", "of"}, Left: 2}
	var desc []string
	var lines []bench.Timeline
	var longest time.Duration
	for _, c := range v.Lesson.Crashes {
		mode, died := orUnknown(printable(c.Mode)), orUnknown(printable(c.Died))
		r := row{Label: mode, Value: fmt.Sprintf("%d of %d done", c.Done, c.Images), Note: died + " died",
			Scene: scene{Height: rowTall}}
		if c.Class != "" {
			r.Note += "; the image failed as " + printable(c.Class)
		}
		x, upTo := scale{hi: float64(max(c.Images, 1))}, 0
		for _, part := range []struct {
			class string
			n     int
		}{{"done", c.Done}, {"failed", c.Failed}, {"lost", c.Lost}} {
			if part.n > 0 {
				r.Scene.rect("bar "+part.class, x.at(float64(upTo)), x.at(float64(upTo+part.n)), 1, rowTall-1,
					fmt.Sprintf("%s: %d %s", mode, part.n, part.class))
				upTo += part.n
			}
		}
		p.Rows = append(p.Rows, r)
		desc = append(desc, fmt.Sprintf("%s: %s died, %s", mode, died, r.Value))
		t.Rows = append(t.Rows, []string{mode, died, fmt.Sprint(c.Done), fmt.Sprint(c.Failed), fmt.Sprint(c.Lost),
			fmt.Sprint(c.Images)})
		if c.Timeline != nil && len(c.Timeline.Spans) > 0 {
			lines, longest = append(lines, *c.Timeline), max(longest, last(*c.Timeline))
		}
	}
	if len(p.Rows) == 0 {
		return ch, false
	}
	p.Desc = strings.Join(desc, "; ") + "."
	ch.Panels, ch.Tables = []panel{p}, []named{{ch.Title, t, ""}}
	for n, c := range v.Lesson.Crashes {
		if c.Timeline == nil || longest <= 0 || len(c.Timeline.Spans) == 0 {
			continue
		}
		lane, _ := drawLine(*c.Timeline, longest, 0, orUnknown(printable(c.Mode)))
		lane.ID, lane.Note = fmt.Sprintf("crash-%d", n), fmt.Sprintf("%d of %d done, %s died", c.Done, c.Images,
			orUnknown(printable(c.Died)))
		ch.Panels, ch.Zoom = append(ch.Panels, lane), true
	}
	ch.Keys = append(ch.Keys, lineKeys(lines)...)
	return ch, true
}

// cells returns the table of jobs by programs and models; an empty table if it was not measured.
func cells(all []bench.Cell) table {
	t := table{Head: []string{"job"}, Left: 1}
	var columns, jobs []string
	found := map[[2]string]string{}
	for _, c := range all {
		column, job := printable(c.Program+" "+c.Model), orUnknown(printable(c.Job))
		if !slices.Contains(columns, column) {
			columns = append(columns, column)
		}
		if !slices.Contains(jobs, job) {
			jobs = append(jobs, job)
		}
		found[[2]string{job, column}] = times(c.Speedup)
	}
	t.Head = append(t.Head, columns...)
	for _, job := range jobs {
		row := []string{job}
		for _, column := range columns {
			row = append(row, orUnknown(found[[2]string{job, column}]))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
