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
	p.markdown(v.timing())
	if note := v.legend(); note != "" {
		p.line("%s\n", markdownText(note))
	}
	p.markdown(v.cost())
	p.line("%s\n", costNote)
	if t := v.scaling(); len(t.Rows) > 0 {
		p.line("Scaling, against the same mode with the fewest workers:\n")
		p.markdown(t)
	}
	if t := v.stages(workerStages); len(t.Head) > 1 {
		p.line("Where the workers' time went, for each image:\n")
		p.markdown(t)
	}
	for i := range c.Parts {
		part := newView(&c.Parts[i])
		p.line("%s: %s.\n", part.partTitle(), markdownText(part.job()))
		p.markdown(part.timing())
	}
	if len(c.Claims) > 0 {
		t := table{Head: []string{"claim", "holds", "measured"}, Left: 3}
		for _, k := range c.Claims {
			t.Rows = append(t.Rows, []string{printable(k.Text), holds(k), printable(k.Measured)})
		}
		p.markdown(t)
	}
	for _, x := range c.Warnings {
		p.line("- Warning: %s", markdownText(printable(x.Text)))
	}
	if len(c.Warnings) > 0 {
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
