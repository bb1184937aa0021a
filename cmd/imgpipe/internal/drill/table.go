package drill

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// A Report is what all drills of a [Run] found.
type Report struct{ rows []row }

// A row is the sum of all drills of a mode.
type row struct {
	mode string
	calm time.Duration // that a run without faults took
	lost time.Duration // by faults
	result
}

// newRow begins the row of a mode with its run without faults, of which only the time and what it broke count.
func newRow(mode string, calm result) row {
	r := row{mode: mode, calm: calm.took, result: newResult(0)}
	r.note("without faults", calm.broken)
	return r
}

// add adds the drill with a seed.
func (r *row) add(seed uint64, found result) {
	r.in += found.in
	r.done += found.done
	r.failed += found.failed
	r.runs += found.runs
	r.partial += found.partial
	r.orphans += found.orphans
	r.lost += max(0, found.took-r.calm)
	for f, n := range found.injected {
		r.injected[f] += n
	}
	for f, n := range found.survived {
		r.survived[f] += n
	}
	r.note(fmt.Sprintf("seed %d", seed), found.broken)
}

func (r *row) note(when string, broken []string) {
	for _, b := range broken {
		r.breaks("%s, %s: %s", r.mode, when, b)
	}
}

// Broken returns the promises that were not kept, each a sentence that names the mode and the seed.
func (r *Report) Broken() []string {
	var all []string
	for _, row := range r.rows {
		all = append(all, row.broken...)
	}
	return all
}

// mostBroken is the largest number of broken promises that are written out.
const mostBroken = 20

// WriteText writes a table with a row for each mode, and then the promises that were not kept.
func (r *Report) WriteText(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	head := []string{"mode", "in", "accounted for", "done", "failed"}
	for _, f := range columns {
		head = append(head, string(f))
	}
	fmt.Fprintln(table, strings.Join(append(head, "runs", "partial", "orphans", "time lost"), "\t")+"\t")
	for _, row := range r.rows {
		fmt.Fprintln(table, strings.Join(row.cells(), "\t")+"\t")
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nOf each fault: survived / injected. "+
		"It is survived when its image ended as it should and no other was touched.")
	broken := r.Broken()
	if len(broken) == 0 {
		_, err := fmt.Fprintln(w, "All promises kept.")
		return err
	}
	for _, b := range broken[:min(len(broken), mostBroken)] {
		fmt.Fprintln(w, "BROKEN "+b)
	}
	if len(broken) > mostBroken {
		fmt.Fprintf(w, "and %d more\n", len(broken)-mostBroken)
	}
	return nil
}

func (r *row) cells() []string {
	cells := []string{
		r.mode, strconv.Itoa(r.in), strconv.Itoa(r.done + r.failed), strconv.Itoa(r.done), strconv.Itoa(r.failed),
	}
	for _, f := range columns {
		cell := "–"
		if n := r.injected[f]; n > 0 {
			cell = fmt.Sprintf("%d/%d", r.survived[f], n)
		}
		cells = append(cells, cell)
	}
	return append(cells, strconv.Itoa(r.runs), strconv.Itoa(r.partial), strconv.Itoa(r.orphans),
		r.lost.Round(100*time.Millisecond).String())
}
