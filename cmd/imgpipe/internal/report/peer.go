package report

import (
	"strconv"

	"imgpipe/cmd/imgpipe/internal/figure"
)

// peerTitle is the heading of what is known of another program besides its runs.
const peerTitle = "The other program"

// peerFacts returns what is known of another program besides its runs, a line for each; no line if there was none.
func (v *view) peerFacts() table {
	t := table{Head: []string{"property", "value"}, Left: 2}
	p := v.Peer
	if p == nil {
		return t
	}
	add := func(what, value string) { t.Rows = append(t.Rows, []string{what, value}) }
	add("program", orUnknown(printable(p.Program)))
	add("outputs compared with imgpipe's", strconv.Itoa(p.Outputs))
	if p.Outputs > 0 {
		add("likeness of an output (PSNR), median", decibels(p.Median))
		least := decibels(p.Least)
		if p.Example != "" {
			least += ", of " + printable(p.Example)
		}
		add("that of the least alike", least)
	}
	failed := strconv.Itoa(p.Failed)
	if p.FailedExample != "" {
		failed += ", such as " + printable(p.FailedExample)
	}
	add("images that failed there alone", failed)
	return t
}

func decibels(x float64) string {
	if !finite(x) {
		return unknown
	}
	return figure.Number(x) + " dB"
}

// peerCells returns by how much threads and processes of both programs speed up jobs that wait and that compute.
func (v *view) peerCells() table {
	if v.Peer == nil {
		return table{}
	}
	return cells(v.Peer.Table)
}

// cellsName and cellsNote are what the table of cells is.
const (
	cellsName = "Threads and processes, in both programs"
	cellsNote = "How many times as fast as the same program that does one image after the other, with the 95 % " +
		"interval."
)

// peerSection returns the part of the page about another program.
func (v *view) peerSection() section {
	s := section{ID: "peer", Title: peerTitle,
		Lead:   "It did the same job in the same rounds. A PSNR says how alike two pictures are: the higher, the more.",
		Tables: []named{{peerTitle, v.peerFacts(), ""}}}
	if t := v.peerCells(); len(t.Rows) > 0 {
		s.Tables = append(s.Tables, named{cellsName, t, cellsNote})
	}
	return s
}

// peer calls write for each table of what is known of another program besides its runs.
func (v *view) peer(write func(title string, t table, note string)) {
	if v.Peer == nil {
		return
	}
	write(peerTitle, v.peerFacts(), "")
	if t := v.peerCells(); len(t.Rows) > 0 {
		write(cellsName, t, cellsNote)
	}
}
