package report

import (
	"fmt"
	"strconv"
	"strings"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/figure"
)

// An earlier is how a comparison differs from an earlier one.
type earlier struct {
	Chart  chart
	Drawn  bool
	Words  string
	Notes  []string
	Absent string
}

// earlier returns the comparison with an earlier one; nil if there is none.
func (v *view) earlier() *earlier {
	a := v.Against
	if a == nil {
		return nil
	}
	e := &earlier{Words: "That was " + orUnknown(printable(a.Program))}
	if !a.Began.IsZero() {
		e.Words += ", on " + a.Began.UTC().Format("2006-01-02 15:04 UTC")
	}
	e.Words += ". A ratio is what it takes now, over what it took then; below 1 is less. The runs of the two are not " +
		"paired, so what changed about the machine in between is in it."
	for _, n := range a.Notes {
		e.Notes = append(e.Notes, printable(n))
	}
	if len(a.Missing) > 0 {
		e.Absent = "Only one of the two has: " + printable(strings.Join(a.Missing, "; ")) + "."
	}
	t := v.againstTable()
	e.Chart = chart{ID: "earlier", Beside: true, Title: "Against an earlier comparison", Tables: []named{{"Against " +
		"an earlier comparison", t, ""}}}
	clock, cpu := bench.Comparison{}, bench.Comparison{}
	for _, r := range a.Rows {
		config := bench.Config{Name: r.Name}
		clock.Configs, cpu.Configs = append(clock.Configs, config), append(cpu.Configs, config)
		clock.Results = append(clock.Results, bench.Result{Runs: 1, CPURatio: r.Wall, CPUP: r.WallP})
		cpu.Results = append(cpu.Results, bench.Result{Runs: 1, CPURatio: r.CPU, CPUP: r.CPUP})
	}
	for n, c := range []*bench.Comparison{&clock, &cpu} {
		c.Baseline = -1
		w := newView(c)
		p := w.forest(forest{estimate: func(r bench.Result) bench.Estimate { return r.CPURatio }, differs: w.cpuDiffers,
			detectable: func(bench.Result) float64 { return 0 }})
		p.ID = fmt.Sprintf("earlier-%d", n)
		p.Title, p.Left, p.Right = "By the clock", "faster now", "slower now"
		if n == 1 {
			p.Title, p.Left, p.Right = "CPU time for each image", "less CPU now", "more CPU now"
		}
		if len(p.Rows) > 0 {
			e.Chart.Panels, e.Drawn = append(e.Chart.Panels, p), true
		}
	}
	return e
}

func (v *view) againstTable() table {
	t := table{Head: []string{"contestant", "wall, now over then", "p", "CPU for an image, now over then", "p"},
		Left: 1}
	if v.Against == nil {
		return t
	}
	for _, r := range v.Against.Rows {
		t.Rows = append(t.Rows, []string{orUnknown(printable(r.Name)), times(r.Wall), v.chance(-1, r.WallP),
			times(r.CPU), v.chance(-1, r.CPUP)})
	}
	return t
}

// card returns the machine, a line for each property. What is not known is left out, but for the CPU.
func (v *view) card() table {
	c := v.Card
	t := table{Head: []string{"property", "value"}, Left: 2}
	add := func(what, value string) {
		if value != "" && value != unknown {
			t.Rows = append(t.Rows, []string{what, printable(value)})
		}
	}
	add("system", strings.Trim(v.Machine.OS+"/"+v.Machine.Arch, "/"))
	add("CPU", c.CPU)
	add("CPUs", positive(float64(max(c.CPUs, v.Machine.CPUs)), whole))
	add("threads of a core", positive(float64(c.ThreadsPerCore), whole))
	add("kernel", c.Kernel)
	add("virtual machine", c.Virtual)
	add("quota", positive(c.Quota, func(x float64) string { return figure.Number(x) + " CPUs" }))
	add("clock governor", c.Governor)
	add("memory", positive(float64(c.Memory), figure.Bytes))
	add("load average, before and after", series2(c.Load))
	add("CPU pressure, before and after", series2(c.CPUPressure))
	add("built with", v.Go)
	add("program", v.Program)
	return t
}

// series2 returns figures with a comma between them.
func series2(xs []float64) string {
	var out []string
	for _, x := range xs {
		out = append(out, figure.Number(x))
	}
	return strings.Join(out, ", ")
}

// doubts returns how many reasons there are to doubt the figures, in words; "" if there is none.
func (v *view) doubts() string {
	n := len(v.Warnings) + len(v.Outliers)
	if len(v.LeftOut) > 0 {
		n++
	}
	switch n {
	case 0:
		return ""
	case 1:
		return "1 reason to doubt these figures"
	}
	return strconv.Itoa(n) + " reasons to doubt these figures"
}
