package report

import (
	"io"
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
	if len(c.Verdict) > 0 {
		p.line("\nVerdict")
		for _, f := range c.Verdict {
			p.wrap(printable(f.Text), "  ", "  ", columns)
			if f.Figures != "" {
				p.wrap(printable(f.Figures), "    ", "    ", columns)
			}
		}
	}
	p.line("\nTime")
	p.text(v.timing(), "  ")
	if note := v.legend(); note != "" {
		p.wrap(note, "  ", "  ", columns)
	}
	p.line("\nCost")
	p.text(v.cost(), "  ")
	p.wrap(costNote, "  ", "  ", columns)
	if t := v.scaling(); len(t.Rows) > 0 {
		p.line("\nScaling, against the same mode with the fewest workers")
		p.text(t, "  ")
	}
	p.bars(v)
	for i := range c.Parts {
		part := newView(&c.Parts[i])
		p.line("\n%s", part.partTitle())
		p.text(part.timing(), "  ")
		if note := part.legend(); note != "" {
			p.wrap(note, "  ", "  ", columns)
		}
	}
	if len(c.Claims) > 0 {
		p.line("\nClaims")
		for _, k := range c.Claims {
			p.wrap(printable(k.Text), "  "+holds(k)+": ", "    ", columns)
			if k.Measured != "" {
				p.wrap(printable(k.Measured), "    ", "    ", columns)
			}
		}
	}
	if len(c.Warnings) > 0 {
		p.line("\nWarnings")
		for _, x := range c.Warnings {
			p.wrap(printable(x.Text), "  ", "    ", columns)
		}
	}
	if len(c.Command) > 0 {
		// It is not wrapped, so that it can be copied.
		p.line("\nAgain\n  %s", v.command())
	}
	return p.to(w)
}

// legend returns what the signs in the table of times mean; "" if it has none.
func (v *view) legend() string {
	chance, open := false, false
	for i := range v.Configs {
		s := v.speedup(i)
		chance = chance || strings.HasPrefix(s, "~")
		open = open || v.ran(i) && !bounded(v.results[i].Wall)
	}
	var notes []string
	if chance {
		notes = append(notes, "~ no significant difference from the baseline.")
	}
	if open {
		notes = append(notes, "±∞ too few runs for an interval.")
	}
	return strings.Join(notes, " ")
}

// holds returns whether a claim was borne out, in words.
func holds(k bench.Claim) string {
	switch k.Holds {
	case "yes", "no":
		return k.Holds
	}
	return "not shown"
}

// barWidth is how many characters stand for all of a contestant's worker time.
const barWidth = 50

// bars draws how the workers spent their time, with a letter for each stage.
func (p *page) bars(v *view) {
	width, used := 0, map[byte]bool{}
	var drawn []int
	for i := range v.Configs {
		if v.traced(i) {
			width = max(width, len([]rune(v.labels[i])))
			drawn = append(drawn, i)
		}
	}
	if len(drawn) == 0 {
		return
	}
	p.line("\nWhere the workers' time went")
	for _, i := range drawn {
		total := 0.0
		for _, s := range workerStages {
			total += v.seconds(i, s.Stage)
		}
		var bar strings.Builder
		upTo := 0.0
		for _, s := range workerStages {
			upTo += v.seconds(i, s.Stage)
			// Ends are rounded, not lengths, so that every bar is equally long.
			n := int(barWidth*upTo/total+0.5) - bar.Len()
			bar.WriteString(strings.Repeat(string(s.Letter), max(n, 0)))
			used[s.Letter] = used[s.Letter] || n > 0
		}
		pad := strings.Repeat(" ", width-len([]rune(v.labels[i])))
		p.line("  %s%s  [%s] %s idle", v.labels[i], pad, bar.String(), percent(v.seconds(i, idle)/total))
	}
	var legend []string
	for _, s := range workerStages {
		if used[s.Letter] {
			legend = append(legend, string(s.Letter)+" "+s.Word)
		}
	}
	p.wrap(strings.Join(legend, ", "), "  ", "  ", columns)
}
