package report

import (
	"slices"
	"strings"

	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/pipeline"
)

// letters has a letter for each entry at the top, for bars of text.
var letters = map[pipeline.Entry]byte{
	pipeline.EntryBefore: 'b', pipeline.EntryCPU: 'C', pipeline.EntryCPUWait: 'w', pipeline.EntryStall: 's',
	pipeline.EntryLock: 'L', pipeline.EntryMemory: 'M', pipeline.EntryStart: 'S', pipeline.EntryHandover: 'H',
	pipeline.EntryFileWait: 'f', pipeline.EntryStore: 'o', pipeline.EntryTail: 't', pipeline.EntryAfter: 'a',
	pipeline.EntryRest: '.',
}

// leastKey is the share of a chart's width from which something is seen, and so has a key.
const leastKey = 0.001

// wholes returns the entries that add up to workers × wall.
func wholes() []pipeline.EntryRow {
	return slices.DeleteFunc(pipeline.Entries(), func(e pipeline.EntryRow) bool { return e.Of != "" })
}

// spent returns how long all workers of a Config spent in an entry, over all images, in seconds.
func (v *view) spent(i int, e pipeline.Entry) float64 {
	if x := v.results[i].Account[e]; finite(x) && x > 0 {
		return x
	}
	return 0
}

// lanes returns the worker time of a Config: the sum of all entries at the top. It is 0 if it is not known.
func (v *view) lanes(i int) float64 {
	sum := 0.0
	for _, e := range wholes() {
		sum += v.spent(i, e.Entry)
	}
	return sum
}

// accounted returns the Configs of which it is known where the time of the workers went.
func (v *view) accounted() []int {
	var out []int
	for i := range v.Configs {
		if v.ran(i) && v.Job.Images > 0 && v.lanes(i) > 0 {
			out = append(out, i)
		}
	}
	return out
}

// waited returns the share of the workers' time that went into waiting for a CPU, and whether it is known.
func (v *view) waited(i int) (float64, bool) {
	sum := v.lanes(i)
	if sum == 0 || slices.Contains(v.results[i].Unknown, pipeline.EntryCPUWait) {
		return 0, false
	}
	return v.spent(i, pipeline.EntryCPUWait) / sum, true
}

// account returns the chart of bars in which each part is the worker time of an image.
func (v *view) account() (chart, bool) {
	ch := chart{ID: "account", Title: "Where the workers' time went",
		Lead: "Each bar is the time of all workers together, over the images: its parts add up to workers × wall. " +
			"A longer bar: each image cost more worker time.",
		Tables: []named{{"Worker time for each image, in ms", v.entries(),
			"An entry \"of which\" is a part of the one above it."}}}
	list := v.accounted()
	if len(list) == 0 {
		return ch, false
	}
	if t := v.stages(); len(t.Head) > 1 {
		ch.Tables = append(ch.Tables, named{stagesName, t, stagesNote})
	}
	end := 0.0
	for _, i := range list {
		end = max(end, v.lanes(i)/float64(v.Job.Images))
	}
	x := scale{hi: end}
	p := panel{ID: ch.ID, Title: ch.Title, Scene: scene{Height: axisOfRows}}
	for _, t := range x.ticks(6) {
		p.Scene.text("tick "+align(x.at(t)), x.at(t), 14, 0, timeTick(min(end, 119))(t))
	}
	used := map[pipeline.Entry]bool{}
	var desc []string
	for _, i := range list {
		r := row{Label: v.labels[i], Value: figure.Duration(v.lanes(i)/float64(v.Job.Images)) + " for an image",
			Note: v.largest(i, 3), Scene: scene{Height: rowTall}}
		r.Scene.lines(x.ticks(6), x, 0, rowTall)
		upTo := 0.0
		for _, e := range wholes() {
			length := v.spent(i, e.Entry) / float64(v.Job.Images)
			if length <= 0 {
				continue
			}
			used[e.Entry] = used[e.Entry] || length >= leastKey*end
			r.Scene.rect("bar e-"+string(e.Entry), x.at(upTo), x.at(upTo+length), 1, rowTall-1,
				r.Label+": "+e.Word+" "+figure.Duration(length))
			upTo += length
		}
		desc = append(desc, r.Label+": "+r.Note)
		p.Rows = append(p.Rows, r)
	}
	for _, e := range wholes() {
		if used[e.Entry] {
			ch.Keys = append(ch.Keys, key{"e-" + string(e.Entry), "", e.Word})
		}
	}
	p.Desc = strings.Join(desc, "; ") + "."
	ch.Panels = []panel{p}
	return ch, true
}

// largest returns the n entries that took most of the time of a Config's workers, in words.
func (v *view) largest(i, n int) string {
	all := wholes()
	slices.SortStableFunc(all, func(a, b pipeline.EntryRow) int {
		switch x, y := v.spent(i, a.Entry), v.spent(i, b.Entry); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	var words []string
	for _, e := range all[:n] {
		if share := v.spent(i, e.Entry) / v.lanes(i); share >= 0.005 {
			words = append(words, figure.Percent(share)+" "+e.Word)
		}
	}
	return strings.Join(words, ", ")
}

// entries returns the worker time of an image in each entry, in milliseconds, with a column for each contestant.
func (v *view) entries() table {
	list := v.accounted()
	t := table{Head: []string{"entry"}, Left: 1}
	for _, i := range list {
		t.Head = append(t.Head, v.labels[i])
	}
	for _, e := range pipeline.Entries() {
		word, any := e.Word, false
		if e.Of != "" {
			word = "of which " + word
		}
		cells := []string{word}
		for _, i := range list {
			x, cell := v.spent(i, e.Entry), "not known"
			if x > 0 || !slices.Contains(v.results[i].Unknown, e.Entry) {
				cell = figure.Number(1000 * x / float64(v.Job.Images))
			}
			any = any || cell != "0"
			cells = append(cells, cell)
		}
		if any {
			t.Rows = append(t.Rows, cells)
		}
	}
	sum := []string{"workers × wall"}
	for _, i := range list {
		sum = append(sum, figure.Number(1000*v.lanes(i)/float64(v.Job.Images)))
	}
	t.Rows = append(t.Rows, sum)
	return t
}

// barWidth is how many characters stand for all of a contestant's worker time.
const barWidth = 50

// bars draws where the workers' time went, with a letter for each entry.
func (p *page) bars(v *view) {
	list := v.accounted()
	if len(list) == 0 {
		return
	}
	width, used := 0, map[pipeline.Entry]bool{}
	for _, i := range list {
		width = max(width, len([]rune(v.labels[i])))
	}
	width = min(width, columns-barWidth-6)
	p.line("\nWhere the workers' time went")
	for _, i := range list {
		var bar strings.Builder
		upTo := 0.0
		for _, e := range wholes() {
			upTo += v.spent(i, e.Entry)
			// Ends are rounded, not lengths, so that every bar is equally long.
			n := int(barWidth*upTo/v.lanes(i)+0.5) - bar.Len()
			bar.WriteString(strings.Repeat(string(letters[e.Entry]), max(n, 0)))
			used[e.Entry] = used[e.Entry] || n > 0
		}
		lines := wrapped(v.labels[i], width)
		for n, line := range lines {
			if n == len(lines)-1 {
				line += strings.Repeat(" ", width-len([]rune(line))) + "  [" + bar.String() + "]"
			}
			p.line("  %s", line)
		}
	}
	var legend []string
	for _, e := range wholes() {
		if used[e.Entry] {
			legend = append(legend, string(letters[e.Entry])+" "+e.Word)
		}
	}
	p.wrap(strings.Join(legend, ", "), "  ", "  ", columns)
}
