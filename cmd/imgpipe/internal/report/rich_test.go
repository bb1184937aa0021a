package report

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/cmd/imgpipe/internal/trace"
	"imgpipe/pipeline"
)

// about returns an estimate with an interval of so wide a share to each side.
func about(x, share float64) bench.Estimate {
	return bench.Estimate{Center: x, Low: x / (1 + share), High: x * (1 + share)}
}

// rich returns a comparison in which every field is set: seven contestants in twelve rounds on two CPUs, some of them
// disturbed, with the lesson, a card, an earlier comparison and images left out.
func rich(t testing.TB) *bench.Comparison {
	t.Helper()
	c := comparison(t)
	c.Took, c.Runs, c.Ended, c.Precision, c.Budget = 118*time.Second, 12, "precision", 0.03, 2*time.Minute
	c.Command = []string{"imgpipe", "compare", "--precision", "3%", "--lesson", "-o", "report.html", "photos"}
	c.Configs = []bench.Config{
		{Name: "serial", Mode: "serial", Workers: 1},
		{Name: "gil, 2 workers", Mode: "gil", Workers: 2, Downloads: 16},
		{Name: "goroutines, 1 worker", Mode: "goroutines", Workers: 1, Downloads: 16},
		{Name: "goroutines, 2 workers", Mode: "goroutines", Workers: 2, Downloads: 16},
		{Name: "goroutines, 4 workers", Mode: "goroutines", Workers: 4, Downloads: 16},
		{Name: "processes, 2 workers", Mode: "processes", Workers: 2, Downloads: 16},
		{Name: "no collector", Mode: "goroutines", Workers: 2, Downloads: 16, Env: []string{"GOGC=off"},
			Extra: []string{"--memory", "1GB"}, PerHost: 8},
	}
	c.Results, c.Samples, c.Timelines = make([]bench.Result, len(c.Configs)), nil, nil
	for round := range c.Runs {
		for place := range c.Configs {
			i := (place*3 + round) % len(c.Configs)
			line := simulate(c.Configs[i], c.Job.Images, uint64(100*round+i))
			line.Config = i
			s := sample(c, line, round, place)
			if round == 4 || round == 9 && place > 3 {
				busy, waited, stolen, throttled := 1.4+0.1*float64(place%3), 1.1, 0.12, 0.31
				s.Disturbed, s.DisturbedShare = fmt.Sprintf("other programs held %.1f of 2 CPUs", busy), 0.22
				s.Elapsed *= 1.3 + 0.1*float64(place%4)
				s.OtherCPU = busy
				s.Summary.Conditions = summary.Conditions{CPUPressure: &waited, OtherCPUs: &busy, Steal: &stolen,
					Throttled: &throttled}
			}
			c.Samples = append(c.Samples, s)
			if round == c.Runs/2 {
				c.Timelines = append(c.Timelines, traced(line))
			}
		}
	}
	slices.SortFunc(c.Timelines, func(a, b bench.Timeline) int { return a.Config - b.Config })
	for i := range c.Configs {
		c.Results[i] = result(c, i)
		c.Results[i].Efficiency = 0
		// What whole samples would show with order statistics.
		r := &c.Results[i]
		r.Wall, r.Speedup = about(r.Wall.Center, 0.03), about(r.Speedup.Center, 0.024)
		r.CPURatio, r.CPUPerImage = about(r.CPURatio.Center, 0.012), about(r.CPUPerImage.Center, 0.015)
		r.CPUP = 0.5
		if math.Abs(r.CPURatio.Center-1) > 0.014 {
			r.CPUP = 0.004
		}
		r.PeakPSS = about(r.PeakPSS.Center, 0.02)
	}
	c.Results[2].Efficiency, c.Results[3].Efficiency = 0, 0.97
	c.Results[6].Speedup, c.Results[6].Differs, c.Results[6].P = about(1.04*c.Results[3].Speedup.Center, 0.09),
		true, 0.02
	c.Verdict = []bench.Finding{
		{Kind: "choice", Text: "Use --mode goroutines --workers 2: 4.93 times as fast as serial, and nothing plainer " +
			"is as fast.", Figures: "4.93 (4.81 to 5.05); CPU for each image 1.01 (1.00 to 1.02) times serial's; 12 " +
			"rounds, " +
			"10 of them quiet"},
		{Kind: "bound", Text: "The CPUs bound this job: the workers computed 86 % of their time.",
			Figures: "86 % on a CPU, 4 % waiting for a CPU, 3 % waiting for files"},
		{Kind: "workers", Text: "4 workers: 1.02 times (0.97 to 1.08) as fast as 2: a tie is not shown.",
			Figures: "12 rounds; 6 % would have been seen"},
		{Kind: "scaling", Text: "Of the 2.0 that two CPUs could give, 1.93 came: 0.02 lost to 1 % more CPU work for " +
			"each " +
			"image, 0.05 to idle CPUs.", Figures: "1.93 (1.89 to 1.97)"},
		{Kind: "processes", Text: "CPU for each image: processes 1.05 (1.04 to 1.06) times goroutines'; 28MB more " +
			"memory.",
			Figures: "PSS 100MB against 71.8MB"},
	}
	c.Claims = append(c.Claims, bench.Claim{Text: "Processes are isolated: a crash costs one image.",
		Measured: "goroutines: 17 of 48 done, the run died; processes: 47 of 48 done.", Holds: "yes"},
		bench.Claim{Text: "More threads than CPUs bring nothing.", Measured: "4 times the CPUs: 1.22 times as fast " +
			"(1.18 to 1.27).", Holds: "no"})
	c.Claims[2].Command = "imgpipe compare --lesson"
	c.Warnings = []bench.Warning{{Kind: "disturbed", Text: "2 of 12 rounds were disturbed and were made again: other " +
		"programs held up to 1.6 of 2 CPUs."}}
	c.Outliers = []string{"goroutines, 2 workers, round 5: 1.62 s against 1.08 s, other programs held 1.5 CPUs"}
	c.LeftOut = []bench.LeftOut{{Source: "http://127.0.0.1:8080/photos/landscape.jpg?status=404&fail=1",
		Class: "http-404",
		Runs:  2, Of: 84}}
	c.Card = bench.Card{CPU: "AMD EPYC 7763 64-Core Processor", CPUs: 2, ThreadsPerCore: 2, Kernel: "6.8.0-45-generic",
		Virtual: "kvm", Quota: 2, Governor: "performance", Memory: 25_769_803_776, Load: []float64{0.31, 1.42},
		CPUPressure: []float64{0.02, 0.11}}
	c.Against = &bench.Against{Began: c.Began.AddDate(0, -1, -3), Program: "imgpipe v0.9.1", Machine: c.Machine,
		Card:    c.Card,
		Missing: []string{"no collector"}, Notes: []string{"imgpipe v0.9.1 then, v1.0.0 now"}}
	for i, f := range c.Configs[:6] {
		c.Against.Rows = append(c.Against.Rows, bench.AgainstRow{Name: f.Name, Wall: about(0.94+0.02*float64(i), 0.05),
			WallP: 0.02 * float64(i+1), CPU: about(0.97, 0.01), CPUP: 0.003})
	}
	c.Lesson = teach(c)
	c.Peer = &bench.PeerFacts{Program: "Python 3.11.2, Pillow 9.4.0", Outputs: 48, Median: 45.9, Least: 41.02,
		Example: "photos/landscape.jpg", Failed: 1, FailedExample: "photos/odd.jpg: cannot identify image file",
		Table: c.Lesson.Table}
	for n, job := range []string{"pictures that wait", "pictures that compute", "pictures that do both"} {
		c.Parts = append(c.Parts, *small(t, job, n))
	}
	return c
}

// small returns one job of the lesson.
func small(t testing.TB, job string, n int) *bench.Comparison {
	c := comparison(t)
	c.Job.Title, c.Verdict, c.Claims, c.Warnings, c.Pictures, c.Timelines = job, nil, nil, nil, nil, nil
	c.Verdict = []bench.Finding{{Kind: "lesson", Text: "Goroutines do it as well as processes."}}
	keep := []int{0, 2, 4, 6}
	speeds := [][]float64{{1, 3.8, 3.9, 3.8}, {1, 1.01, 1.95, 1.9}, {1, 2.6, 5.1, 4.9}}[n]
	var configs []bench.Config
	var results []bench.Result
	for k, i := range keep {
		r := c.Results[i]
		r.Speedup, r.Differs = about(speeds[k], 0.03), speeds[k] > 1.04
		configs, results = append(configs, c.Configs[i]), append(results, r)
	}
	c.Configs, c.Results, c.Samples = configs, results, nil
	c.Runs = 5
	return c
}

func teach(c *bench.Comparison) *bench.Lesson {
	died := simulate(bench.Config{Mode: "goroutines", Workers: 2, Downloads: 4}, 17, 9)
	lived := simulate(bench.Config{Mode: "processes", Workers: 2, Downloads: 4}, 48, 10)
	l := &bench.Lesson{
		Starts: []bench.Start{{What: "goroutine", Time: about(4.2e-7, 0.1), Tries: 1000},
			{What: "OS thread", Time: about(1.9e-5, 0.2), Tries: 1000}, {What: "process", Time: about(0.0081,
				0.08), Tries: 40}},
		Crashes: []bench.Crash{
			{Mode: "goroutines", Images: 48, Done: 17, Lost: 31, Died: "the run", Timeline: &died},
			{Mode: "processes", Images: 48, Done: 47, Failed: 1, Class: "worker-killed", Died: "1 worker",
				Timeline: &lived}},
		Memory: []bench.Slope{{Mode: "goroutines", From: 1, To: 4, OneMoreWorker: about(5.1e6, 0.2)},
			{Mode: "processes", From: 1, To: 4, OneMoreWorker: about(18.3e6, 0.1)}},
	}
	for i, job := range []string{"I/O-bound", "CPU-bound in C", "CPU-bound in the language"} {
		for j, program := range []string{"Go", "Python"} {
			for k, model := range []string{"threads", "processes"} {
				x := 1.9 + 0.02*float64(i)
				if i == 0 {
					x = 9 + float64(k)
				}
				if i == 2 && j == 1 && k == 0 {
					x = 0.97
				}
				l.Table = append(l.Table, bench.Cell{Job: job, Program: program, Model: model, Speedup: about(x, 0.04)})
			}
		}
	}
	return l
}

// older returns c as a version would have written it that knew neither accounts nor a whole clock.
func older(t testing.TB) *bench.Comparison {
	c := comparison(t)
	for i := range c.Samples {
		s := &c.Samples[i]
		s.Elapsed, s.DisturbedShare = 0, 0
		s.Summary.Account, s.Summary.Conditions, s.Summary.Before = nil, summary.Conditions{}, 0
	}
	for i := range c.Results {
		r := &c.Results[i]
		r.CPUPerImage, r.CPURatio, r.CPUP, r.Before = bench.Estimate{}, bench.Estimate{}, 0, bench.Estimate{}
		r.WallDetectable, r.CPUDetectable, r.QuietRounds, r.Account, r.Unknown = 0, 0, 0, nil, nil
		r.AtOnce = 0
	}
	for i := range c.Timelines {
		c.Timelines[i].Spans = slices.DeleteFunc(c.Timelines[i].Spans, func(s bench.Span) bool {
			return s.Stage == pipeline.Stage(pipeline.EntryCPUWait)
		})
	}
	return c
}

// withheld returns a comparison on a machine that was too busy for an order by the clock.
func withheld(t testing.TB) *bench.Comparison {
	c := rich(t)
	c.Withheld = "other programs held 1.4 of 2 CPUs in 11 of 12 rounds"
	for i := range c.Results {
		c.Results[i].QuietRounds = 1
	}
	c.Verdict[0] = bench.Finding{Kind: "choice", Text: "No order by the clock; goroutines took the least CPU time " +
		"for each image.",
		Figures: "processes 1.05 (1.04 to 1.06) times goroutines'"}
	return c
}

// traced returns a timeline as a trace has it: from the start of the program to its end.
func traced(line bench.Timeline) bench.Timeline {
	const before, after = 30 * time.Millisecond, 12 * time.Millisecond
	end := last(line) + before
	for n := range line.Spans {
		line.Spans[n].Start += before
		line.Spans[n].End += before
	}
	line.Spans = append(line.Spans, bench.Span{Stage: trace.StageBefore, End: before},
		bench.Span{Stage: trace.StageAfter, Start: end, End: end + after})
	return line
}
