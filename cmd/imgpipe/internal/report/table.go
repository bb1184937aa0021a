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

// text writes t in columns. Each line begins with indent. Columns of words are wrapped where the whole would be wider
// than width, the widest first.
func (p *page) text(t table, indent string, width int) {
	widths := make([]int, len(t.Head))
	all := append([][]string{t.Head}, t.Rows...)
	for _, row := range all {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	over := utf8.RuneCountInString(indent) - 2 - width
	for _, w := range widths {
		over += w + 2
	}
	for ; over > 0; over-- {
		widest := 0
		for i := range min(t.Left, len(widths)) {
			if widths[i] > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= leastColumn {
			break
		}
		widths[widest]--
	}
	for _, row := range all {
		p.lines(row, t.Left, widths, indent)
	}
}

// leastColumn is the least width to which a column of words is narrowed.
const leastColumn = 12

// lines writes a row. Its first line has the figures, and as many lines follow as its words need.
func (p *page) lines(row []string, left int, widths []int, indent string) {
	cells, most := make([][]string, len(row)), 1
	for i, cell := range row {
		cells[i] = []string{cell}
		if i < left {
			cells[i] = wrapped(cell, widths[i])
		}
		most = max(most, len(cells[i]))
	}
	for n := range most {
		var line strings.Builder
		for i := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			cell := ""
			if n < len(cells[i]) {
				cell = cells[i][n]
			}
			pad := strings.Repeat(" ", max(widths[i]-utf8.RuneCountInString(cell), 0))
			if i < left {
				line.WriteString(cell + pad)
			} else {
				line.WriteString(pad + cell)
			}
		}
		p.line("%s%s", indent, strings.TrimRight(line.String(), " "))
	}
}

// wrapped returns s in lines of at most width characters. A word that is longer is cut.
func wrapped(s string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		if line != "" && utf8.RuneCountInString(line+" "+word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
		for utf8.RuneCountInString(line) > width {
			runes := []rune(line)
			lines, line = append(lines, string(runes[:width])), string(runes[width:])
		}
	}
	return append(lines, line)
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

// dropZeros removes the columns, but for the first, that hold nothing but zero or unknown figures.
func (t table) dropZeros() table {
	out := table{Rows: make([][]string, len(t.Rows))}
	for col, head := range t.Head {
		keep := col == 0
		for _, r := range t.Rows {
			keep = keep || r[col] != "0" && r[col] != "0B" && r[col] != unknown
		}
		if !keep {
			continue
		}
		if col < t.Left {
			out.Left++
		}
		out.Head = append(out.Head, head)
		for i, r := range t.Rows {
			out.Rows[i] = append(out.Rows[i], r[col])
		}
	}
	return out
}

// wrap writes s in lines of at most width characters. The first begins with first, the others with rest.
func (p *page) wrap(s, first, rest string, width int) {
	for n, line := range wrapped(s, width-max(utf8.RuneCountInString(first), utf8.RuneCountInString(rest))) {
		if n == 0 {
			p.line("%s%s", first, line)
		} else {
			p.line("%s%s", rest, line)
		}
	}
}
