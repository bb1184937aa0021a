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
	"imgpipe/cmd/imgpipe/internal/figure"
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

// A document is what the page shows, from the top down.
type document struct {
	ChartStyle, PageStyle       template.CSS
	Program, Title, Job, Rounds string
	// Verdict is the first sentence, Figures what it rests on, and More the others.
	Verdict, Figures              string
	More                          []bench.Finding
	Different, Partial            string
	Doubts                        string
	Sections                      []section
	Hero                          []chart
	Contents                      []entry
	Machine, Began, Took, Command string
}

// An entry is a line of the table of contents.
type entry struct{ ID, Title string }

// A section is a part of the page under a heading of its own. Every field but ID and Title may be empty.
type section struct {
	ID, Title, Lead string
	// Chart has the same heading as the section.
	Chart  *chart
	Folded []chart
	// Charts have small headings.
	Charts []chart
	Tables []named
	// Claims are those that hold or do not, Open those of which nothing is shown, under the words OpenTitle.
	Claims, Open []claim
	OpenTitle    string
	Lesson       *lesson
	Parts        []part
	Pictures     []picture
	Omitted      string
	Earlier      *earlier
	Outliers     []string
	Warnings     []bench.Warning
	Terms        []term
	Command      string
}

// A picture is an output, in the page itself.
type picture struct {
	Name string
	URL  template.URL
}

// A part is a shorter comparison of one stage.
type part struct {
	Title, Job string
	Tables     []named
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
		Title: fmt.Sprintf("%s, %s", figure.Count(v.Job.Images, "image"), figure.Count(len(v.Configs), "contestant")),
		Job:   v.job(), Rounds: v.rounds(), Different: printable(v.Different), Partial: printable(v.Partial),
		Doubts:  v.doubts(),
		Machine: v.machine(), Began: v.began(), Command: v.command(),
	}
	d.Verdict = d.Title
	if len(v.Verdict) > 0 {
		d.Verdict, d.Figures, d.More = v.Verdict[0].Text, v.Verdict[0].Figures, v.Verdict[1:]
	}
	if v.Took > 0 {
		d.Took = v.Took.Round(time.Second).String()
	}
	d.Hero = drawn(v.hero)
	d.Sections = v.sections()
	for _, s := range d.Sections {
		d.Contents = append(d.Contents, entry{s.ID, s.Title})
	}
	return d
}

// sections returns the parts of the page below its first figure, in order.
func (v *view) sections() []section {
	var all []section
	add := func(show bool, s section) {
		if show {
			all = append(all, s)
		}
	}
	own := func(draw func() (chart, bool), folded ...chart) {
		if ch, ok := draw(); ok {
			add(true, section{ID: ch.ID, Title: ch.Title, Chart: &ch, Folded: folded})
		}
	}
	first, second := v.primary()
	own(v.account)
	others := drawn(func() (chart, bool) {
		return v.timelines("others", "The same with other widths", "As above, but on a time scale of their own.",
			second, longest(second))
	})
	own(func() (chart, bool) {
		return v.timelines("timeline", "What was done when", lanesLead, first, longest(first))
	}, others...)
	own(v.everyRun)
	own(v.disturbance)
	if v.Withheld == "" {
		own(v.curves)
	}
	if ch, ok := v.memory(first); ok {
		add(true, section{ID: ch.ID, Title: ch.Title, Chart: &ch})
	} else if len(v.Configs) > 0 {
		add(true, section{ID: "memory", Title: "Memory", Tables: []named{{"Memory", v.space(), spaceNote}}})
	}
	add(len(v.Claims) > 0, v.claimsSection())
	if l := v.lesson(); l != nil {
		add(true, section{ID: "lesson", Title: "The lesson: threads, processes and a lock", Lesson: l})
	} else if len(v.Parts) > 0 {
		s := section{ID: "alone", Title: "Stages alone",
			Lead: "Shorter comparisons of the same contestants, in which the other stages take no time."}
		for i := range v.Parts {
			if v.Parts[i].Job.Title != "" {
				s.Title, s.Lead = "Other jobs", "Shorter comparisons, on which the claims above rest besides."
			}
			s.Parts = append(s.Parts, newView(&v.Parts[i]).part(i))
		}
		add(true, s)
	}
	if t := v.stages(); len(t.Head) > 1 && len(v.accounted()) == 0 {
		add(true, section{ID: "stages", Title: stagesName, Lead: stagesNote, Tables: []named{{stagesName, t, ""}}})
	}
	add(v.Peer != nil, v.peerSection())
	pictures, omitted := v.pictures()
	add(len(pictures) > 0 || omitted != "", section{ID: "outputs", Title: "Some of the outputs", Pictures: pictures,
		Omitted: omitted})
	if e := v.earlier(); e != nil {
		add(true, section{ID: "against", Title: "Against an earlier comparison", Lead: e.Words, Earlier: e})
	}
	add(true, section{ID: "machine", Title: "The machine", Tables: []named{{"The machine", v.card(), ""}}})
	v.addDoubts(add)
	if len(v.Configs) > 0 {
		add(true, section{ID: "contestants", Title: "The contestants",
			Lead:   "Downloads are how many were allowed; at once is the most that there were.",
			Tables: []named{{"The contestants", v.contestants(), ""}}})
	}
	add(true, section{ID: "words", Title: "Words", Terms: glossary()})
	add(len(v.Command) > 0, section{ID: "again", Title: "To repeat it", Command: v.command()})
	return all
}

// addDoubts adds what speaks against the figures.
func (v *view) addDoubts(add func(bool, section)) {
	s := section{ID: "doubts", Title: "Reasons to doubt it", Warnings: v.Warnings}
	for _, o := range v.Outliers {
		s.Outliers = append(s.Outliers, printable(o))
	}
	if len(v.LeftOut) > 0 {
		note := ""
		if n := len(v.LeftOut) - mostLeftOut; n > 0 {
			note = fmt.Sprintf("%d more are in the JSON.", n)
		}
		s.Tables = []named{{"Images left out of all runs", v.leftOut(), note}}
	}
	add(v.doubts() != "", s)
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

// lanesLead is how to read a timeline.
const lanesLead = "One run of each, that of median wall time, on the same time scale. A line is a lane: a download " +
	"slot or a worker. Under them, how many images had been fetched and waited for a worker. Made wider, the lanes " +
	"can be scrolled by touch or with the arrow keys."

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
	p := part{Title: v.partTitle(), Job: v.job() + ". " + v.rounds() + ".",
		Tables: []named{{v.partTitle(), v.timing(), ""}}}
	if ch, ok := v.small(n); ok {
		ch.Lead = ""
		p.Charts, p.Tables = []chart{ch}, nil
	}
	return p
}

func (v *view) partTitle() string {
	switch {
	case v.Job.Title != "":
		return upper(printable(v.Job.Title))
	case v.Job.Stage != "" && v.Job.Stage != "all":
		return "The " + printable(v.Job.Stage) + " stage alone"
	}
	return "A shorter comparison"
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
	return out, strings.TrimSpace(figure.Count(omitted, "more picture") + " had no room here.")
}
