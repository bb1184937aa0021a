package report

import (
	"fmt"
	"strings"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/figure"
)

// A claim is a bench.Claim with the class of its badge.
type claim struct{ Text, Measured, Command, Holds, Class string }

// holds returns whether a claim was borne out, in words.
func holds(k bench.Claim) string {
	switch k.Holds {
	case "yes", "no":
		return k.Holds
	}
	return "not shown"
}

// claims returns the claims that hold or do not, and those of which nothing is shown.
func (v *view) claims() (shown, open []claim) {
	for _, k := range v.Claims {
		c := claim{printable(k.Text), printable(k.Measured), printable(k.Command), holds(k), "open"}
		if strings.Contains(c.Measured, c.Command) || v.Lesson != nil && c.Command == lessonCommand {
			c.Command = ""
		}
		if c.Holds == "not shown" {
			open = append(open, c)
			continue
		}
		c.Class = c.Holds
		shown = append(shown, c)
	}
	return shown, open
}

// lessonCommand is what measures all claims.
const lessonCommand = "imgpipe compare --lesson"

// nothingShown is what is said of claims of which none is shown.
const nothingShown = "nothing of them is shown here; " + lessonCommand + " measures them"

// openTitle returns the words above the claims of which nothing is shown.
func (v *view) openTitle(shown, open int) string {
	switch {
	case v.Lesson != nil:
		return "Not shown here"
	case shown == 0:
		return upper(nothingShown)
	}
	return fmt.Sprintf("%s not shown here; %s measures more", figure.Count(open, "claim"), lessonCommand)
}

// claimsSection returns the part of the page about the claims.
func (v *view) claimsSection() section {
	s := section{ID: "claims", Title: "What is said of threads, processes and locks"}
	s.Claims, s.Open = v.claims()
	s.OpenTitle = v.openTitle(len(s.Claims), len(s.Open))
	return s
}

// claims writes the claims. Of those of which nothing is shown it has the names, and why only after a lesson, which
// was to show them.
func (p *page) claims(v *view) {
	shown, open := v.claims()
	switch {
	case len(v.Claims) == 0:
		return
	case len(shown) == 0 && v.Lesson == nil:
		p.line("")
		p.wrap("Claims: "+nothingShown+".", "", "  ", columns)
		return
	}
	p.line("\nClaims")
	for _, k := range shown {
		p.wrap(k.Holds+": "+k.Text, "  ", "    ", columns)
		if k.Measured != "" {
			p.wrap(k.Measured, "    ", "    ", columns)
		}
	}
	if len(open) > 0 {
		p.wrap(v.openTitle(len(shown), len(open))+":", "  ", "  ", columns)
	}
	for _, k := range open {
		p.wrap(k.Text, "    ", "      ", columns)
		if v.Lesson != nil && k.Measured != "" {
			p.wrap(k.Measured, "      ", "      ", columns)
		}
	}
}

// claimsTable writes the claims as Markdown. Those of which nothing is shown are named below the table of the others.
func (p *page) claimsTable(v *view) {
	shown, open := v.claims()
	if len(shown) > 0 {
		t := table{Head: []string{"claim", "holds", "measured"}, Left: 3}
		for _, k := range shown {
			t.Rows = append(t.Rows, []string{k.Text, k.Holds, k.Measured})
		}
		p.markdown(t)
	}
	switch {
	case len(v.Claims) == 0 || len(open) == 0:
	case len(shown) == 0 && v.Lesson == nil:
		p.line("Claims about threads, processes and locks: %s.\n", markdownText(nothingShown))
	default:
		p.line("%s:\n", markdownText(v.openTitle(len(shown), len(open))))
		for _, k := range open {
			p.line("- %s", markdownText(strings.TrimSpace(k.Text)))
		}
		p.line("")
	}
}
