package report

import (
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"
	"time"

	"imgpipe/cmd/imgpipe/internal/bench"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed marks.html
	marksHTML string
	//go:embed page.css
	pageCSS template.CSS
	//go:embed chart.css
	chartCSS template.CSS

	pageTemplate = parsed("page", &pageHTML)
)

// parsed returns a template that is parsed when it is first used. A worker process, which is this same program, would
// spend a quarter of its start on it.
func parsed(name string, text *string) func() *template.Template {
	return sync.OnceValue(func() *template.Template {
		return template.Must(template.Must(template.New(name).Parse(marksHTML)).Parse(*text))
	})
}

// picturesSize is the most bytes of pictures on a page.
const picturesSize = 600_000

// A named is a table and what it is of, for a reader who cannot see it.
type named struct {
	Name  string
	Table table
}

// Named returns the table of a chart.
func (c chart) Named() named { return named{c.Title, c.Table} }

// A document is what the page shows, from the top down.
type document struct {
	ChartStyle, PageStyle         template.CSS
	Program, Title, Job, Rounds   string
	Different, Partial            string
	Verdict                       []bench.Finding
	Warnings                      []bench.Warning
	Timing, Cost, Scaling         named
	Legend, CostNote              string
	Pairs, Charts                 []chart
	Parts                         []part
	Claims                        []claim
	Pictures                      []picture
	Omitted                       string
	Machine, Began, Took, Command string
}

// A claim is a bench.Claim with the class of its badge.
type claim struct{ Text, Measured, Holds, Class string }

// A picture is an output, in the page itself.
type picture struct {
	Name string
	URL  template.URL
}

// A part is a shorter comparison of one stage.
type part struct {
	Title, Job string
	Timing     named
	Charts     []chart
}

// HTML writes c as one page that needs nothing else: no network, no script. It is made for screens from 360 pixels,
// light and dark, and for paper. It takes less than 2 MB, however many images there were.
func HTML(w io.Writer, c *bench.Comparison) error {
	v, p := newView(c), new(page)
	if err := pageTemplate().Execute(p, v.document()); err != nil {
		return fmt.Errorf("draw the report: %w", err)
	}
	return p.to(w)
}

func (v *view) document() document {
	d := document{
		ChartStyle: chartCSS, PageStyle: pageCSS, Program: v.Program,
		Title: fmt.Sprintf("%s in %s", count(v.Job.Images, "image"), count(len(v.modes()), "mode")),
		Job:   v.job(), Rounds: v.rounds(), Different: printable(v.Different), Partial: printable(v.Partial),
		Verdict: v.Verdict, Warnings: v.Warnings,
		Timing: named{"Time", v.timing()}, Cost: named{"Cost", v.cost()}, Scaling: named{"Scaling", v.scaling()},
		Legend: v.legend(), CostNote: costNote,
		Machine: v.machine(), Began: v.began(), Command: v.command(),
	}
	if v.Took > 0 {
		d.Took = v.Took.Round(time.Second).String()
	}
	d.Pairs = drawn(v.curves, v.strip, v.workerTime, v.otherTime)
	first, second := v.primary()
	d.Charts = drawn(
		func() (chart, bool) {
			return v.timelines("timeline", "What was done when", lanesLead, first, longest(first))
		},
		func() (chart, bool) { return v.closer(first) },
		func() (chart, bool) {
			return v.timelines("others", "The same with other widths", "As above, but on a time scale of their own.",
				second, longest(second))
		},
		func() (chart, bool) { return v.memory(first) })
	for i := range v.Parts {
		d.Parts = append(d.Parts, newView(&v.Parts[i]).part(i))
	}
	for _, k := range v.Claims {
		class := holds(k)
		if class != "yes" && class != "no" {
			class = "open"
		}
		d.Claims = append(d.Claims, claim{k.Text, k.Measured, holds(k), class})
	}
	d.Pictures, d.Omitted = v.pictures()
	return d
}

// drawn returns the charts for which there are figures.
func drawn(draw ...func() (chart, bool)) []chart {
	var out []chart
	for _, f := range draw {
		if ch, ok := f(); ok {
			out = append(out, ch)
		}
	}
	return out
}

func (v *view) workerTime() (chart, bool) {
	return v.stacks("workers", "Where the workers' time went", "For each image, the time of all workers together; "+
		"idle is waiting for a download or for the end. "+
		"Bars of equal length do equal work at equal cost, however many workers share it.", workerStages)
}

func (v *view) otherTime() (chart, bool) {
	return v.stacks("waits", "What an image waited for", "For each image, the time in stages that need no worker. "+
		"They overlap with each other and with the work, so they "+
		"may add up to more than the run took.", otherStages)
}

// lanesLead is how to read a timeline.
const lanesLead = "One run of each, that of median wall time, on the same time scale. A line is a lane: a download " +
	"slot or a worker. " +
	"Under them, how many images had been fetched and waited for a worker."

// closer draws the start of timelines large, if they are too long to see single images.
func (v *view) closer(lines []bench.Timeline) (chart, bool) {
	if len(lines) == 0 {
		return chart{}, false
	}
	shortest := last(lines[0])
	for _, line := range lines {
		shortest = min(shortest, last(line))
	}
	window := time.Duration(niceStep(shortest.Seconds()/3) * float64(time.Second))
	if shortest <= 0 || window > longest(lines)/3 {
		return chart{}, false
	}
	return v.timelines("closer", "The first "+timeTick(window.Seconds())(window.Seconds())+", drawn large",
		"The same runs from their start, so that single images can be seen; the table is of the whole runs.",
		lines, window)
}

func longest(lines []bench.Timeline) time.Duration {
	var end time.Duration
	for _, line := range lines {
		end = max(end, last(line))
	}
	return end
}

// part returns a comparison of one stage as a part of the page.
func (v *view) part(n int) part {
	p := part{Title: v.partTitle(), Job: v.job() + ". " + v.rounds() + ".", Timing: named{v.partTitle(), v.timing()}}
	if ch, ok := v.curves(); ok && len(v.widths(indexes(len(v.Configs)))) > 1 {
		ch.ID = fmt.Sprintf("part%d-%s", n+1, ch.ID)
		ch.Panels[0].ID = ch.ID
		p.Charts = []chart{ch}
	}
	return p
}

func (v *view) partTitle() string {
	if v.Job.Stage == "" || v.Job.Stage == "all" {
		return "A shorter comparison"
	}
	return "The " + printable(v.Job.Stage) + " stage alone"
}

func indexes(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// pictures returns those that the page has room for, and how many are left out.
func (v *view) pictures() ([]picture, string) {
	var out []picture
	room, omitted := picturesSize, 0
	for _, p := range v.Pictures {
		text := base64.StdEncoding.EncodeToString(p.JPEG)
		if len(text) > room || len(text) == 0 {
			omitted++
			continue
		}
		room -= len(text)
		// With the type named here and the rest in base64, the URL can be nothing but a picture.
		out = append(out, picture{printable(p.Name), template.URL("data:image/jpeg;base64," + text)})
	}
	if omitted == 0 {
		return out, ""
	}
	return out, strings.TrimSpace(count(omitted, "more picture") + " had no room here.")
}
