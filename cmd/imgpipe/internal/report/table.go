package report

import (
	"strings"
	"unicode/utf8"
)

// A table is figures in rows. The first Left columns are words, aligned to the left; the others are aligned to the
// right.
type table struct {
	Head []string
	Rows [][]string
	Left int
}

// text writes t in columns. Each line begins with indent.
func (p *page) text(t table, indent string) {
	widths := make([]int, len(t.Head))
	all := append([][]string{t.Head}, t.Rows...)
	for _, row := range all {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range all {
		var line strings.Builder
		for i, cell := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i < t.Left {
				line.WriteString(cell + pad)
			} else {
				line.WriteString(pad + cell)
			}
		}
		p.line("%s%s", indent, strings.TrimRight(line.String(), " "))
	}
}

// markdown writes t as a table of GitHub's Markdown. Cells are escaped here.
func (p *page) markdown(t table) {
	row := func(cells []string) {
		for _, c := range cells {
			p.WriteString("| " + markdownText(c) + " ")
		}
		p.line("|")
	}
	row(t.Head)
	for i := range t.Head {
		if i < t.Left {
			p.WriteString("|---")
		} else {
			p.WriteString("|--:")
		}
	}
	p.line("|")
	for _, r := range t.Rows {
		row(r)
	}
	p.line("")
}

// dropZeros removes the columns that hold nothing but zero or unknown figures.
func (t table) dropZeros() table {
	out := table{Left: t.Left, Rows: make([][]string, len(t.Rows))}
	for col, head := range t.Head {
		keep := col < t.Left
		for _, r := range t.Rows {
			keep = keep || r[col] != "0" && r[col] != unknown
		}
		if !keep {
			continue
		}
		out.Head = append(out.Head, head)
		for i, r := range t.Rows {
			out.Rows[i] = append(out.Rows[i], r[col])
		}
	}
	return out
}

// wrap returns s in lines of at most width characters. The first begins with first, the others with rest.
func (p *page) wrap(s, first, rest string, width int) {
	line, lead := "", first
	for word := range strings.FieldsSeq(s) {
		if line != "" && utf8.RuneCountInString(lead+line+" "+word) > width {
			p.line("%s%s", lead, line)
			line, lead = "", rest
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	p.line("%s%s", lead, line)
}
