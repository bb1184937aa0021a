package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/cmd/imgpipe/internal/trace"
	"imgpipe/pipeline"
)

// The bounds of a timeline. With more spans than exactSpans it is drawn in slices of time; all lanes of a group
// together have at most groupSlices of them. Lanes beyond maxRows share rows. Panels beyond maxPanels are left out.
const (
	exactSpans  = 900
	groupSlices = 600
	maxRows     = 32
	maxPanels   = 8
)

// A group is the lanes of one kind.
type group struct {
	name   string
	stages []pipeline.Stage
	// room is the height of all its lanes together; most and least bound the height of one.
	room, most, least px
}

// groups are in the order from the top of a timeline down.
var groups = []group{
	{"downloads", []pipeline.Stage{pipeline.StageFetch}, 84, 8, 3},
	{"workers", []pipeline.Stage{pipeline.StageMemory, pipeline.StageLock, pipeline.StageStart, pipeline.StageHandover,
		pipeline.StageDecode, pipeline.StageOperate, pipeline.StageEncode,
		pipeline.StageCPUWait, pipeline.StageStall}, 96, 16, 4},
	{"store", []pipeline.Stage{pipeline.StageStore}, 16, 4, 3},
}

// cutFrom is the share of the width from which a span has an edge, which separates it from an equal neighbor. A
// narrower span would be all edge.
const cutFrom = 0.012

const (
	groupGap    px = 8
	topGap      px = 4 // the word beside a first lane is taller than it
	queueHeight px = 30
)

// primary returns the timelines that stand beside each other: the widest of each mode, or all if no mode has two.
// others are the rest.
func (v *view) primary() (first, second []bench.Timeline) {
	best := map[string]int{}
	wider := func(a, b int) bool {
		fa, fb := v.Configs[a], v.Configs[b]
		return cmp.Or(cmp.Compare(fa.Workers, fb.Workers), cmp.Compare(fa.Downloads, fb.Downloads)) > 0
	}
	for _, line := range v.Timelines {
		if !v.config(line.Config) || len(line.Spans) == 0 {
			continue
		}
		mode := seriesOf(v.Configs[line.Config])
		if b, ok := best[mode]; !ok || wider(line.Config, b) {
			best[mode] = line.Config
		}
	}
	seen := map[int]bool{}
	for _, line := range v.Timelines {
		if !v.config(line.Config) || len(line.Spans) == 0 || seen[line.Config] {
			continue
		}
		seen[line.Config] = true
		if best[seriesOf(v.Configs[line.Config])] == line.Config || len(best) == 1 {
			first = append(first, line)
		} else {
			second = append(second, line)
		}
	}
	byConfig := func(a, b bench.Timeline) int { return cmp.Compare(a.Config, b.Config) }
	slices.SortStableFunc(first, byConfig)
	slices.SortStableFunc(second, byConfig)
	return first, second
}

// timelines returns the chart of what was done when. It has a panel for each of lines, on one time scale that ends at
// end.
func (v *view) timelines(id, title, lead string, lines []bench.Timeline, end time.Duration) (chart, bool) {
	ch := chart{ID: id, Title: title, Lead: lead, Zoom: true}
	if len(lines) == 0 || end <= 0 {
		return ch, false
	}
	if len(lines) > maxPanels {
		ch.Lead += fmt.Sprintf(" %d more are in the JSON.", len(lines)-maxPanels)
		lines = lines[:maxPanels]
	}
	t := table{Head: []string{"contestant", "ended", "download lanes busy", "workers busy", "longest queue"}, Left: 1}
	for n, line := range lines {
		label := v.labels[line.Config]
		p, busy := drawLine(line, end, v.Configs[line.Config].Workers, label)
		p.ID, p.Note = fmt.Sprintf("%s-%d", id, n), v.timelineNote(line)
		ch.Panels = append(ch.Panels, p)
		t.Rows = append(t.Rows, append([]string{label, figure.Duration(last(line).Seconds())}, busy...))
	}
	ch.Tables = []named{{title, t, ""}}
	ch.Keys = lineKeys(lines)
	return ch, true
}

// lineKeys returns the keys of the stages that can be seen in lines.
func lineKeys(lines []bench.Timeline) []key {
	used := map[pipeline.Stage]bool{}
	for _, line := range lines {
		sums, least := map[pipeline.Stage]float64{}, leastKey*last(line).Seconds()
		for _, s := range line.Spans {
			sums[s.Stage] += (s.End - s.Start).Seconds()
			used[s.Stage] = used[s.Stage] || sums[s.Stage] >= least
		}
	}
	var keys []key
	for _, s := range slices.Concat(around[:1], stageWords, around[1:]) {
		word := s.Word
		if s.Stage == pipeline.StageQueue {
			word = "images waiting"
		}
		if used[s.Stage] {
			keys = append(keys, key{"s-" + string(s.Stage), "", word})
		}
	}
	return keys
}

// last returns when the last span of line ended.
func last(line bench.Timeline) time.Duration {
	var end time.Duration
	for _, s := range line.Spans {
		end = max(end, s.End)
	}
	return end
}

// drawLine draws one run. It also returns how busy the download lanes and the workers were until its end, and the
// longest queue.
func drawLine(line bench.Timeline, end time.Duration, workers int, label string) (panel, []string) {
	sc, side, x := scene{}, scene{}, scale{hi: end.Seconds()}
	own := last(line)
	busy := []string{unknown, unknown, "0"}
	exact := len(line.Spans) <= exactSpans
	y := topGap
	for n, g := range groups {
		spans := within(line.Spans, g.stages)
		lanes := 0
		for _, s := range spans {
			lanes = max(lanes, s.Lane+1)
		}
		if lanes == 0 {
			continue
		}
		if g.name == "workers" {
			lanes = max(lanes, workers)
		}
		if n < 2 {
			busy[n] = figure.Percent(total(spans).Seconds() / (own.Seconds() * float64(lanes)))
		}
		rows := min(lanes, maxRows)
		tall := min(max(g.room/px(rows), g.least), g.most)
		for r := range rows {
			sc.rect("lane", 0, x.at(own.Seconds()), y+px(r)*tall, y+px(r+1)*tall-1, "")
		}
		if g.name == "workers" {
			for _, s := range within(line.Spans, []pipeline.Stage{trace.StageBefore, trace.StageAfter}) {
				for r := range rows {
					sc.rect("s-"+string(s.Stage), x.at(s.Start.Seconds()), x.at(s.End.Seconds()), y+px(r)*tall,
						y+px(r+1)*tall-1, stageWord(s.Stage)+": "+figure.Duration((s.End-s.Start).Seconds()))
				}
			}
		}
		for _, b := range blocks(spans, rows, lanes, exact, end) {
			if b.start >= end {
				continue
			}
			top := y + px(b.row)*tall
			class := "s-" + string(b.stage)
			if b.item >= 0 && x.at(b.end.Seconds())-x.at(b.start.Seconds()) > cutFrom {
				class += " cut"
			}
			sc.rect(class, x.at(b.start.Seconds()), x.at(b.end.Seconds()), top, top+tall-1, b.text())
		}
		side.text("side end", 1, y+px(rows)*tall/2+4, 0, g.name)
		y += px(rows)*tall + groupGap
	}
	if depth := queue(line.Spans); len(depth) > 0 {
		most := 0
		for _, d := range depth {
			most = max(most, d.depth)
		}
		sc.path("s-queue", area(depth, end, most), y, y+queueHeight)
		side.text("side end", 1, y+queueHeight/2-2, 0, "queue")
		side.text("side end", 1, y+queueHeight/2+11, 0, "≤ "+strconv.Itoa(most))
		busy[2] = strconv.Itoa(most)
		y += queueHeight
	}
	// The grid lies under the lanes, but only now is it known how far down it goes.
	grid := scene{}
	grid.zoomable(x, 0, y+4, timeTick(end.Seconds()))
	sc.Marks = append(grid.Marks, sc.Marks...)
	if own <= end {
		sc.line("finish", x.at(own.Seconds()), 0, x.at(own.Seconds()), y+4)
	}
	sc.Height = y + 4 + axisHeight
	side.Height = sc.Height
	return panel{Title: label, Scene: sc, Side: side,
		Desc: fmt.Sprintf("%s ended after %s. Download lanes were busy %s of the time, workers %s; at most %s "+
			"images waited for a worker.",
			label, figure.Duration(own.Seconds()), busy[0], busy[1], busy[2])}, busy
}

func (v *view) timelineNote(line bench.Timeline) string {
	f, r := v.Configs[line.Config], v.results[line.Config]
	label := v.labels[line.Config]
	var note []string
	if !strings.Contains(label, " worker") {
		note = append(note, figure.Count(f.Workers, "worker"))
	}
	if f.Downloads > 0 && !strings.Contains(label, " download") {
		note = append(note, figure.Count(f.Downloads, "download"))
	}
	note = append(note, figure.Duration(last(line).Seconds()))
	if v.ran(line.Config) && known(r.Speedup) && line.Config != v.Baseline && v.Withheld == "" {
		note = append(note, figure.Ratio(r.Speedup.Center)+" as fast")
	}
	if cpu := v.cpuPerImage(line.Config); v.ran(line.Config) && known(cpu) {
		note = append(note, figure.Duration(cpu.Center)+" of CPU for an image")
	}
	return strings.Join(note, ", ")
}

// within returns the spans of some stages, without those that make no sense.
func within(spans []bench.Span, stages []pipeline.Stage) []bench.Span {
	var out []bench.Span
	for _, s := range spans {
		if s.Lane >= 0 && s.Start >= 0 && s.End >= s.Start && slices.Contains(stages, s.Stage) {
			out = append(out, s)
		}
	}
	return out
}

func total(spans []bench.Span) time.Duration {
	var sum time.Duration
	for _, s := range spans {
		sum += s.End - s.Start
	}
	return sum
}

// A depth is how many images wait, from a time on.
type depth struct {
	at    time.Duration
	depth int
}

// queue returns how many images waited for a worker, at each time at which that changed.
func queue(spans []bench.Span) []depth {
	var changes []depth
	for _, s := range spans {
		if s.Stage == pipeline.StageQueue && s.End > s.Start {
			changes = append(changes, depth{s.Start, 1}, depth{s.End, -1})
		}
	}
	// Of changes at one time, those that end a wait come first: an image that leaves makes room for one that comes.
	slices.SortFunc(changes,
		func(a, b depth) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.depth, b.depth)) })
	n := 0
	var out []depth
	for _, c := range changes {
		n += c.depth
		if len(out) > 0 && out[len(out)-1].at == c.at {
			out[len(out)-1].depth = n
			continue
		}
		out = append(out, depth{c.at, n})
	}
	return out
}

// area returns the outline of the queue until end, in thousandths of the width and of its height. Of changes within a
// thousandth, the deepest counts.
func area(steps []depth, end time.Duration, most int) string {
	var deepest [1001]int
	for i, s := range steps {
		from := thousandth(s.at, end)
		to := from
		if i+1 < len(steps) {
			to = thousandth(steps[i+1].at, end)
		}
		for at := from; at <= min(to, 1000); at++ {
			deepest[at] = max(deepest[at], s.depth)
		}
	}
	var b strings.Builder
	b.WriteString("M0 1000")
	height := 0
	for i, d := range deepest {
		if d != height {
			fmt.Fprintf(&b, "H%dV%d", i, 1000-1000*d/max(most, 1))
			height = d
		}
	}
	b.WriteString("H1000V1000z")
	return b.String()
}

func thousandth(at, end time.Duration) int {
	return int(math.Round(1000 * at.Seconds() / end.Seconds()))
}
