package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
)

// demoText returns what a demo says of its comparison: a table, and the orders that it shows.
func demoText(c *bench.Comparison) string {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "mode\tworkers\tdownloads\twall s\timages/s\ttimes as fast (95 %)\tCPU s\twaited for a CPU s\t"+
		"peak memory\t")
	for i, config := range c.Configs {
		r := &c.Results[i]
		fmt.Fprintf(table, "%s\t%d\t%d\t", config.Mode, config.Workers, config.Downloads)
		if r.Runs == 0 {
			fmt.Fprintln(table, "–\t–\t–\t–\t–\t–\t")
			continue
		}
		ratio := "1"
		if i != c.Baseline {
			e, _ := c.Ratio(c.Baseline, i)
			ratio = demoRatio(e)
		}
		fmt.Fprintf(table, "%.2f\t%.1f\t%s\t%.2f\t%s\t%s\t\n", r.Wall.Center, r.ImagesPerSec.Center, ratio,
			r.CPU.Center, demoWaited(r), summary.Bytes(int64(r.Memory())))
	}
	table.Flush()
	for _, s := range demoOrders(c) {
		b.WriteString("\n" + s)
	}
	b.WriteString("\n\n")
	if demoRoundsOf(c) > 0 {
		fmt.Fprintf(&b, "All modes wrote the same %d files, byte for byte. ", c.Samples[0].Summary.Outputs)
	}
	return b.String()
}

// demoOrders returns a sentence for each pair of neighbors in the table, or one that says why they show no order.
func demoOrders(c *bench.Comparison) (said []string) {
	if why := c.Disturbance(); why != "" {
		return []string{strings.ToUpper(why[:1]) + why[1:] + ": these figures show no order."}
	}
	rounds := demoRoundsOf(c)
	if rounds < bench.LessonRounds {
		return []string{fmt.Sprintf("%d of %d rounds were made: these figures show no order.", rounds,
			bench.LessonRounds)}
	}
	for b := 1; b < len(c.Configs); b++ {
		first, second := c.Configs[b-1].Mode, c.Configs[b].Mode
		ratio, sign := c.Order(b-1, b)
		if sign == 0 {
			said = append(said, fmt.Sprintf("%s and %s: no difference shown.", first, second))
			continue
		}
		said = append(said, fmt.Sprintf("%s: %s times as fast as %s.", second, demoRatio(ratio), first))
	}
	return said
}

// demoRoundsOf returns how many rounds all contestants have made.
func demoRoundsOf(c *bench.Comparison) int {
	var runs []int
	for i := range c.Results {
		runs = append(runs, c.Results[i].Runs)
	}
	return slices.Min(runs)
}

func demoRatio(e bench.Estimate) string {
	if math.IsNaN(e.Center) { // there was no round of both
		return "–"
	}
	if !e.Finite() {
		return fmt.Sprintf("%.2f", e.Center)
	}
	return fmt.Sprintf("%.2f (%.2f to %.2f)", e.Center, e.Low, e.High)
}

// demoWaited returns how long the workers were ready and had no CPU, if the system says it.
func demoWaited(r *bench.Result) string {
	if r.Account == nil || slices.Contains(r.Unknown, pipeline.EntryCPUWait) {
		return "not known"
	}
	return fmt.Sprintf("%.2f", r.Account[pipeline.EntryCPUWait])
}
