package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/figure"
)

const memoryHeight px = 180

// memory returns the chart of memory over time, with a line for each timeline in lines.
func (v *view) memory(lines []bench.Timeline) (chart, bool) {
	what := "PSS of all processes of a run together, in which shared pages count once"
	if v.old() {
		what = "Resident memory of all processes of a run together"
	}
	ch := chart{ID: "memory", Title: "Memory",
		Lead: what + ", over the time of the same runs as the timelines. The mark is the highest."}
	t := table{Head: []string{"contestant", "highest", "at"}, Left: 1}
	var end time.Duration
	var most int64
	for _, line := range lines {
		for _, m := range line.Memory {
			end, most = max(end, m.At), max(most, m.Bytes)
		}
	}
	if end <= 0 || most <= 0 {
		return ch, false
	}
	x, y := scale{hi: end.Seconds()}, scale{hi: float64(most) * 1.05}
	sc := scene{Height: memoryHeight + axisHeight}
	sc.across(x, 0, memoryHeight, timeTick(end.Seconds()))
	for _, b := range y.ticks(4) {
		at := memoryHeight * px(1-y.at(b))
		sc.line("grid", 0, at, 1, at)
		sc.text("tick end", 0, at+4, -8, figure.Bytes(b))
	}
	var desc []string
	for n, line := range lines {
		if len(line.Memory) == 0 {
			continue
		}
		// Lines of one mode would have one color, so here the index in the list decides.
		slot := n
		if _, second := v.primary(); len(second) > 0 || len(v.modes()) > 1 {
			slot = v.modeSlot(line.Config)
		}
		class, shape := series(slot)
		sc.path("curve "+class, outline(line.Memory, x, y), 0, memoryHeight)
		top := line.Memory[0]
		for _, m := range line.Memory {
			if m.Bytes > top.Bytes {
				top = m
			}
		}
		sc.point("mark "+class, shape, x.at(top.At.Seconds()), memoryHeight*px(1-y.at(float64(top.Bytes))), 0,
			v.labels[line.Config]+": "+figure.Bytes(float64(top.Bytes)))
		ch.Keys = append(ch.Keys, key{"mark " + class, shape, v.labels[line.Config]})
		t.Rows = append(t.Rows,
			[]string{v.labels[line.Config], figure.Bytes(float64(top.Bytes)), figure.Duration(top.At.Seconds())})
		desc = append(desc, fmt.Sprintf("%s: at most %s", v.labels[line.Config], figure.Bytes(float64(top.Bytes))))
	}
	ch.Desc = strings.Join(desc, "; ") + "."
	ch.Tables = []named{{"Memory of all runs", v.space(), spaceNote}, {"Over time", t, ""}}
	ch.Panels = []panel{{ID: ch.ID, Title: ch.Title, Desc: ch.Desc, Gutter: "wide", Scene: sc}}
	return ch, true
}

// memoryPoints is how many points a line has at most.
const memoryPoints = 300

// outline returns the line through points, in thousandths of the width and height. Of points that fall together it
// keeps the highest.
func outline(points []bench.MemoryPoint, x, y scale) string {
	var b strings.Builder
	last, top := -1, 0.0
	flush := func() {
		if last >= 0 {
			command := byte('L')
			if b.Len() == 0 {
				command = 'M'
			}
			fmt.Fprintf(&b, "%c%s %s", command, decimal(float64(last)*1000/memoryPoints, 1),
				decimal(1000*(1-y.at(top)), 1))
		}
	}
	for _, p := range points {
		at := int(math.Round(memoryPoints * x.at(p.At.Seconds())))
		if at != last {
			flush()
			last, top = at, 0
		}
		top = max(top, float64(p.Bytes))
	}
	flush()
	return b.String()
}
