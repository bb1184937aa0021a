package report

import (
	"io"
	"strings"

	"imgpipe/cmd/imgpipe/internal/bench"
)

// Markdown writes c as GitHub's Markdown, as for a README.
func Markdown(w io.Writer, c *bench.Comparison) error {
	v, p := newView(c), new(page)
	p.line("%s.\n", markdownText(v.job()))
	if c.Different != "" {
		p.line("**Not the same work**: %s\n", markdownText(printable(c.Different)))
	}
	if c.Partial != "" {
		p.line("**Partial**: %s. What follows rests on the runs that were made.\n", markdownText(printable(c.Partial)))
	}
	for _, f := range c.Verdict {
		p.WriteString("- **" + markdownText(strings.TrimSpace(printable(f.Text))) + "**")
		if f.Figures != "" {
			p.WriteString(" " + markdownText(printable(f.Figures)))
		}
		p.line("")
	}
	if len(c.Verdict) > 0 {
		p.line("")
	}
	if len(c.Configs) > 0 {
		p.section("Time", v.timing(), v.timingNote())
		p.section("CPU for each image", v.work(), workNote)
		p.section("Memory", v.space(), spaceNote)
	}
	if t := v.scaling(); len(t.Rows) > 0 && v.Withheld == "" {
		p.section("Scaling", t, scalingNote(t))
	}
	if len(v.accounted()) > 0 {
		p.section("Where the workers' time went, in ms for each image", v.entries(), "")
	}
	if v.special() {
		p.section("Contestants", v.contestants(), "")
	}
	for i := range c.Parts {
		part := newView(&c.Parts[i])
		if part.Job == v.Job {
			continue // the lesson has the whole comparison as one of its jobs
		}
		p.section(part.partTitle(), part.timing(), part.job()+". "+part.timingNote())
	}
	if v.Lesson != nil {
		for _, ch := range drawn(v.starts, v.slopes, v.crashes) {
			p.section(ch.Title, ch.Tables[0].Table, "")
		}
		if t := cells(v.Lesson.Table); len(t.Rows) > 0 {
			p.section(cellsName, t, cellsNote)
		}
	}
	v.peer(p.section)
	if e := v.earlier(); e != nil {
		p.section("Against an earlier comparison", v.againstTable(), e.Words)
	}
	if len(v.LeftOut) > 0 {
		p.section("Left out", v.leftOut(), "")
	}
	p.claimsTable(v)
	for _, x := range c.Warnings {
		p.line("- Warning: %s", markdownText(printable(x.Text)))
	}
	for _, x := range c.Outliers {
		p.line("- Far from the others: %s", markdownText(printable(x)))
	}
	if len(c.Warnings)+len(c.Outliers) > 0 {
		p.line("")
	}
	p.line("%s; %s; %s.", markdownText(v.rounds()), markdownText(v.machine()), v.began())
	if len(c.Command) > 0 {
		fence := "```"
		for strings.Contains(v.command(), fence) {
			fence += "`"
		}
		p.line("\n%ssh\n%s\n%s", fence, v.command(), fence)
	}
	return p.to(w)
}

// section writes a table under its title, with a note below.
func (p *page) section(title string, t table, note string) {
	p.line("%s:\n", markdownText(title))
	p.markdown(t)
	if note = strings.TrimSpace(note); note != "" {
		p.line("%s\n", markdownText(note))
	}
}

// markdownText returns s with all escaped that Markdown, or the HTML in it, would take for markup. A single tilde
// strikes nothing out.
func markdownText(s string) string {
	marks := "\\`*_[]<>|#$"
	if strings.Count(s, "~") > 1 {
		marks += "~"
	}
	var b strings.Builder
	for _, r := range s {
		if r == '&' {
			b.WriteString("&amp;")
			continue
		}
		if strings.ContainsRune(marks, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
