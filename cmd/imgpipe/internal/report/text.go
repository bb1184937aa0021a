package report

import (
	"io"
	"slices"
	"strings"

	"imgpipe/cmd/imgpipe/internal/bench"
)

// columns is the width that the text is made for.
const columns = 100

// Text writes c for a terminal of 100 columns: the verdict, then the figures, then reasons to doubt them.
func Text(w io.Writer, c *bench.Comparison) error {
	v, p := newView(c), new(page)
	p.wrap(v.job(), "", "  ", columns)
	p.wrap(v.rounds()+"; "+v.machine(), "", "  ", columns)
	if c.Different != "" {
		p.wrap("Not the same work: "+printable(c.Different), "", "  ", columns)
	}
	if c.Partial != "" {
		p.wrap("Partial: "+printable(c.Partial)+". What follows rests on the runs that were made.", "", "  ", columns)
	}
	p.findings("Verdict", c.Verdict)
	if len(c.Configs) > 0 {
		p.titled("Time", v.timing(), v.timingNote())
		p.titled("CPU for each image", v.work(), workNote)
		p.titled("Memory", v.space(), spaceNote)
	}
	if t := v.scaling(); len(t.Rows) > 0 && v.Withheld == "" {
		p.titled("Scaling", t, scalingNote(t))
	}
	p.bars(v)
	if v.special() {
		p.titled("Contestants", v.contestants(), "")
	}
	for i := range c.Parts {
		part := newView(&c.Parts[i])
		if part.Job == v.Job {
			continue // the lesson has the whole comparison as one of its jobs
		}
		p.titled(part.partTitle(), part.timing(), part.timingNote())
		p.findings("", slices.DeleteFunc(slices.Clone(part.Verdict), func(f bench.Finding) bool {
			return slices.Contains(c.Verdict, f)
		}))
	}
	p.lesson(v)
	v.peer(p.titled)
	if e := v.earlier(); e != nil {
		p.titled("Against an earlier comparison", v.againstTable(), e.Words)
		for _, n := range e.Notes {
			p.wrap(n, "  ", "    ", columns)
		}
		if e.Absent != "" {
			p.wrap(e.Absent, "  ", "    ", columns)
		}
	}
	p.claims(v)
	if len(v.LeftOut) > 0 {
		p.titled("Left out", v.leftOut(), "")
	}
	if v.doubts() != "" && len(c.Warnings)+len(c.Outliers) > 0 {
		p.line("\nWarnings")
		for _, x := range c.Warnings {
			p.wrap(printable(x.Text), "  ", "    ", columns)
		}
		for _, x := range c.Outliers {
			p.wrap("Far from the others: "+printable(x), "  ", "    ", columns)
		}
	}
	if len(c.Command) > 0 {
		// It is not wrapped, so that it can be copied.
		p.line("\nAgain\n  %s", v.command())
	}
	return p.to(w)
}

// findings writes sentences, each with its figures below it.
func (p *page) findings(title string, all []bench.Finding) {
	if len(all) > 0 && title != "" {
		p.line("\n%s", title)
	}
	for _, f := range all {
		p.wrap(printable(f.Text), "  ", "  ", columns)
		if f.Figures != "" {
			p.wrap(printable(f.Figures), "    ", "    ", columns)
		}
	}
}

// titled writes a table under its title, with a note below.
func (p *page) titled(title string, t table, note string) {
	p.line("")
	p.wrap(title, "", "  ", columns)
	p.text(t, "  ", columns)
	if note != "" {
		p.wrap(note, "  ", "  ", columns)
	}
}

// lesson writes what compare --lesson measured besides its Parts.
func (p *page) lesson(v *view) {
	if v.Lesson == nil {
		return
	}
	for _, ch := range drawn(v.starts, v.slopes, v.crashes) {
		p.titled(ch.Title, ch.Tables[0].Table, "")
	}
	if t := cells(v.Lesson.Table); len(t.Rows) > 0 {
		p.titled(cellsName, t, cellsNote)
	}
}

// special reports whether a table of the contestants says more than their names.
func (v *view) special() bool {
	for i, f := range v.Configs {
		if len(f.Extra)+len(f.Env) > 0 || f.Program != "" || f.Peer != "" || f.SameAs != "" || f.PerHost > 0 {
			return true
		}
		if n := v.results[i].AtOnce; n > 0 && n < f.Downloads && n < v.Job.Images {
			return true
		}
	}
	return false
}

// timingNote returns what the signs in the table of times mean.
func (v *view) timingNote() string {
	chance, open := false, false
	for i := range v.Configs {
		chance = chance || strings.HasPrefix(v.speedup(i), "~")
		open = open || v.ran(i) && !bounded(v.results[i].Wall)
	}
	var notes []string
	switch {
	case v.Withheld != "":
		notes = append(notes, v.noOrder())
	case chance:
		notes = append(notes, "~ no significant difference from the baseline.")
	}
	if open {
		notes = append(notes, "Too few runs for an interval.")
	}
	return strings.Join(notes, " ")
}
