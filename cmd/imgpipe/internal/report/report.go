// Package report draws a comparison of modes: for a terminal, for a README, for programs, and as one HTML page with
// charts.
//
//	bench.Comparison ──> view ──┬─> tables ──> Text, Markdown, HTML
//	  figures, verdict          ├─> scenes ──> HTML, SVG
//	                            └─> Samples ─> JSON, CSV, Bench
//
// Start with [Text] for a terminal or [HTML] for a page; each function writes a [bench.Comparison] to an io.Writer.
//
// The package computes nothing that a verdict could rest on, never uses the network, and makes no page that does. The
// same comparison makes the same bytes. What comes from outside, such as names and command lines, is escaped for the
// format that it stands in. A figure that is not known, because it is not finite or was never measured, is shown as a
// dash.
package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/cmd/imgpipe/internal/summary"
)

// A view is a comparison made safe to draw: Results is as long as Configs, and every Config has a label of its own.
type view struct {
	*bench.Comparison
	results []bench.Result
	labels  []string
	// byDownloads says that speedups are drawn over downloads and not over workers: for the fetch stage, and if
	// contestants of one mode differ in downloads alone.
	byDownloads bool
}

func newView(c *bench.Comparison) *view {
	v := &view{Comparison: c, results: make([]bench.Result, len(c.Configs)), labels: make([]string, len(c.Configs))}
	copy(v.results, c.Results)
	workers, downloads := map[string]map[int]bool{}, map[string]map[int]bool{}
	for _, f := range c.Configs {
		if workers[f.Mode] == nil {
			workers[f.Mode], downloads[f.Mode] = map[int]bool{}, map[int]bool{}
		}
		workers[f.Mode][f.Workers], downloads[f.Mode][f.Downloads] = true, true
		v.byDownloads = v.byDownloads || len(downloads[f.Mode]) > 1
	}
	for _, widths := range workers {
		v.byDownloads = v.byDownloads && len(widths) == 1
	}
	if c.Job.Stage == bench.StageFetch {
		v.byDownloads = true // nothing else matters to that stage
	}
	seen := map[string]int{}
	for i := range c.Configs {
		label := strings.TrimSpace(printable(c.Name(i)))
		if label == "" {
			label = "contestant"
		}
		if seen[label]++; seen[label] > 1 {
			label = fmt.Sprintf("%s (%d)", label, seen[label])
		}
		v.labels[i] = label
	}
	return v
}

// noOrder is what a sentence says that withholds an order.
const noOrder = "no order by the clock"

// withheldBy returns why there is no order by the clock; "" if there is one. It is without the words that say so, in
// which Withheld may end.
func (v *view) withheldBy() string {
	why, said := strings.CutSuffix(strings.TrimRight(printable(v.Withheld), ". "), noOrder)
	if said {
		why = strings.TrimRight(why, ":;, ")
	}
	return why
}

// noOrder returns the sentence that there is no order by the clock, and why; "" if there is one.
func (v *view) noOrder() string {
	switch why := v.withheldBy(); {
	case v.Withheld == "":
		return ""
	case why == "":
		return upper(noOrder) + "."
	default:
		return upper(noOrder) + ": " + why + "."
	}
}

// old reports whether the comparison is of a version that knew no whole clock, no accounts and no disturbance.
func (v *view) old() bool {
	for i := range v.Samples {
		if v.Samples[i].Elapsed > 0 {
			return false
		}
	}
	return len(v.Samples) > 0
}

// runsOf returns how many runs of a Config were made and count.
func (v *view) runsOf(i int) int {
	n := 0
	for _, s := range v.Samples {
		if s.Config == i {
			n++
		}
	}
	return max(n, v.results[i].Runs)
}

// ran reports whether anything is known of a Config.
func (v *view) ran(i int) bool { return v.results[i].Runs > 0 && finite(v.results[i].Wall.Center) }

// config reports whether i, from a Sample or Timeline, is one of the Configs.
func (v *view) config(i int) bool { return i >= 0 && i < len(v.Configs) }

// modes returns the modes in the order of their first Config; the index of a mode decides its color, dash and marker.
func (v *view) modes() []string {
	var names []string
	for _, f := range v.Configs {
		if name := seriesOf(f); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// seriesOf returns the name of the line that a Config is a point of.
func seriesOf(f bench.Config) string {
	switch {
	case f.Peer != "":
		return f.Peer
	case len(f.Extra)+len(f.Env) > 0 || f.Program != "":
		return cmp.Or(f.Name, f.Mode)
	}
	return f.Mode
}

func (v *view) modeSlot(config int) int { return slices.Index(v.modes(), seriesOf(v.Configs[config])) }

// job returns what every contestant did, in one line.
func (v *view) job() string {
	var parts []string
	add := func(s string) {
		if s != "" {
			parts = append(parts, s)
		}
	}
	// Inputs often says already how many there are, and how slow their server is.
	if !strings.HasPrefix(v.Job.Inputs, fmt.Sprint(v.Job.Images, " ")) {
		add(figure.Count(v.Job.Images, "image"))
	}
	add(printable(v.Job.Inputs))
	if v.Job.BytesIn > 0 {
		add(summary.Bytes(v.Job.BytesIn))
	}
	if v.Job.Latency > 0 && !strings.Contains(v.Job.Inputs, v.Job.Latency.String()) {
		add(fmt.Sprintf("a server that answers after %v", v.Job.Latency))
	}
	if v.Job.Stage != "" && v.Job.Stage != "all" {
		add("stage " + printable(v.Job.Stage) + " alone")
	}
	add(printable(v.Job.Spec))
	return strings.Join(parts, ", ")
}

// rounds returns how often each contestant ran, in words: what was made, and not what was planned.
func (v *view) rounds() string {
	least, most := v.Runs, v.Runs
	for i := range v.Configs {
		if i == 0 {
			least, most = v.runsOf(i), v.runsOf(i)
		}
		least, most = min(least, v.runsOf(i)), max(most, v.runsOf(i))
	}
	s := figure.Count(most, "run") + " of each, in turn"
	if least < most {
		s = fmt.Sprintf("%d to %s of each, in turn", least, figure.Count(most, "run"))
	}
	if v.Warmup > 0 {
		s += fmt.Sprintf(", after %d to warm up", v.Warmup)
	}
	switch v.Ended {
	case "precision":
		s += fmt.Sprintf(", until intervals were within ±%s %%", strconv.FormatFloat(100*v.Precision, 'g', 3, 64))
	case "budget":
		s += fmt.Sprintf(", until the budget of %s was used", duration(v.Budget))
	}
	return s
}

// duration returns d as it is typed: 1m and not 1m0s.
func duration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// machine returns where and with what it was measured. It leaves out what Program says already.
func (v *view) machine() string {
	var parts []string
	for _, s := range []string{v.Machine.OS + "/" + v.Machine.Arch, figure.Count(v.Machine.CPUs, "CPU"), v.Go} {
		if s != "" && s != "/" && !strings.Contains(v.Program, s) {
			parts = append(parts, s)
		}
	}
	if v.Program != "" {
		parts = append(parts, v.Program)
	}
	return printable(strings.Join(parts, ", "))
}

// began returns when the comparison began, to the minute, in UTC.
func (v *view) began() string {
	if v.Began.IsZero() {
		return unknown
	}
	return v.Began.UTC().Format("2006-01-02 15:04 UTC")
}

// command returns the command line as a shell would read it.
func (v *view) command() string {
	words := make([]string, len(v.Command))
	for i, w := range v.Command {
		words[i] = quote(w)
	}
	return strings.Join(words, " ")
}

func quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			strings.ContainsRune("-_./:=,@%+", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return printable("'" + strings.ReplaceAll(word, "'", `'\''`) + "'")
}

// A page collects what is written: if a part of it cannot be drawn, nothing reaches the writer.
type page struct{ strings.Builder }

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *page) to(w io.Writer) error {
	// Names of files need not be UTF-8, but every format must be.
	if _, err := io.WriteString(w, strings.ToValidUTF8(p.String(), "\uFFFD")); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// printable returns s on one line, with what could move a cursor or end an XML document escaped.
func printable(s string) string { return summary.Printable(s) }
