package report

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
)

// comparison returns a comparison as a run of it would give: four modes in two widths over 50 images, with spans that a
// simulation of the pipeline made.
func comparison(t testing.TB) *bench.Comparison {
	t.Helper()
	c := &bench.Comparison{
		Program: "imgpipe v1.0.0", Go: "go1.26.1", Machine: summary.Machine{OS: "linux", Arch: "amd64", CPUs: 2},
		Began: time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC), Took: 94 * time.Second,
		Command: []string{"imgpipe", "compare", "--runs", "5", "--resize", "800x800", "it's here/*.jpg"},
		Job: bench.Job{Inputs: "built-in samples over HTTP", Images: 50, BytesIn: 31_400_000,
			Spec: "resize=800x800;fit=inside", Stage: "all",
			Latency: 50 * time.Millisecond},
		Runs: 5, Warmup: 1,
		Verdict: []bench.Finding{
			{Kind: "bound", Text: "This job is bound by the CPU.", Figures: "With 2 workers in goroutines the CPUs " +
				"are 93 % busy; workers are idle 4 % of the time."},
			{Kind: "choice", Text: "Choose goroutines with 2 workers: imgpipe run --mode goroutines -w 2 -d 16.",
				Figures: "1.93× the speed of one at a time (1.88–1.97); processes 1.81×."},
			{Kind: "lock", Text: "A global lock would have cost almost all of that.",
				Figures: "gil with 2 workers: 1.16×, though its downloads overlap as well."},
		},
		Claims: []bench.Claim{
			{Text: "Goroutines share memory: no bytes are copied to a worker.",
				Measured: "0 B copied per image; processes 812kB.", Holds: "yes"},
			{Text: "A process takes milliseconds to start, a goroutine microseconds.",
				Measured: "8.4 ms against 0.6 µs.", Holds: "yes"},
			{Text: "I/O-bound work wants many threads.", Measured: "The fetch stage was not run alone.",
				Holds: "not shown"},
		},
		Warnings: []bench.Warning{{Kind: "few-runs", Text: "5 runs are few: the intervals are as wide as the runs " +
			"themselves."}},
		Pictures: pictures(t, 6),
	}
	for _, mode := range []string{"serial", "gil", "goroutines", "processes"} {
		for _, workers := range []int{1, 2} {
			downloads := 16
			if mode == "serial" {
				if workers > 1 {
					continue
				}
				downloads = 0
			}
			c.Configs = append(c.Configs, bench.Config{Mode: mode, Workers: workers, Downloads: downloads})
		}
	}
	c.Results = make([]bench.Result, len(c.Configs))
	for round := range c.Runs {
		for place := range c.Configs {
			i := place
			if round%2 == 1 {
				i = len(c.Configs) - 1 - place
			}
			line := simulate(c.Configs[i], c.Job.Images, uint64(100*round+i))
			line.Config = i
			c.Samples = append(c.Samples, sample(c, line, round, place))
			if round == c.Runs/2 {
				c.Timelines = append(c.Timelines, line)
			}
		}
	}
	slices.SortFunc(c.Timelines, func(a, b bench.Timeline) int { return a.Config - b.Config })
	for i := range c.Configs {
		c.Results[i] = result(c, i)
	}
	return c
}

func estimate(xs []float64) bench.Estimate {
	slices.Sort(xs)
	return bench.Estimate{Low: xs[0], Center: xs[len(xs)/2], High: xs[len(xs)-1]}
}

func middle(xs []float64) float64 { return estimate(xs).Center }

func result(c *bench.Comparison, i int) bench.Result {
	var wall, speed, cpu, perImage, perCPU, peak, ratios, cpuRatios, before []float64
	base := map[int]bench.Sample{}
	for _, s := range c.Samples {
		if s.Config == c.Baseline {
			base[s.Round] = s
		}
	}
	r := bench.Result{Stages: map[pipeline.Stage]float64{}, P: 0.008, Differs: i != c.Baseline, CPUP: 0.03,
		WallDetectable: 0.04, CPUDetectable: 0.021, AtOnce: c.Configs[i].Downloads}
	account := map[pipeline.Entry][]float64{}
	var shares []float64
	for _, s := range c.Samples {
		if s.Config != i {
			continue
		}
		r.Runs++
		if s.Disturbed == "" {
			r.QuietRounds++
		}
		shares = append(shares, s.DisturbedShare)
		wall, speed = append(wall, s.Wall()), append(speed, s.Summary.ImagesPerSec)
		spent := s.Summary.User + s.Summary.System
		baseline := base[s.Round]
		cpu, perCPU = append(cpu, spent), append(perCPU, float64(s.Summary.Done)/spent)
		perImage = append(perImage, spent/float64(s.Summary.Done))
		cpuRatios = append(cpuRatios, spent/(baseline.Summary.User+baseline.Summary.System))
		peak, before = append(peak, float64(s.Summary.PeakPSS)), append(before, s.Summary.Before)
		ratios = append(ratios, baseline.Wall()/s.Wall())
		for st, x := range s.Summary.Stages {
			r.Stages[st] += x / float64(c.Runs)
		}
		for e, x := range s.Summary.Account.Spent {
			account[e] = append(account[e], x)
		}
		r.CopiedPerImage = float64(s.Summary.Copied) / float64(s.Summary.Done)
		r.Unknown = s.Summary.Account.Unknown
	}
	r.Wall, r.ImagesPerSec, r.CPU, r.ImagesPerCPUSec = estimate(wall), estimate(speed), estimate(cpu), estimate(perCPU)
	r.PeakRSS, r.PeakPSS, r.Speedup = estimate(peak), estimate(peak), estimate(ratios)
	r.CPUPerImage, r.CPURatio, r.Before = estimate(perImage), estimate(cpuRatios), estimate(before)
	r.DisturbedShare = middle(shares)
	r.Voluntary, r.Involuntary = 12.5, 3.25
	r.Account = map[pipeline.Entry]float64{}
	for e, xs := range account {
		r.Account[e] = middle(xs)
	}
	if w := c.Configs[i].Workers; w > 1 && c.Configs[i].Workers <= c.Machine.CPUs {
		r.Efficiency = r.Speedup.Center / c.Results[i-1].Speedup.Center / float64(w)
	}
	return r
}

func sample(c *bench.Comparison, line bench.Timeline, round, place int) bench.Sample {
	f := c.Configs[line.Config]
	s := summary.Summary{Mode: f.Mode, Workers: f.Workers, Downloads: f.Downloads, Items: c.Job.Images,
		Done: c.Job.Images, BytesIn: c.Job.BytesIn, DownloadsAtOnce: f.Downloads, PerHost: 64, Hosts: 1,
		BytesOut: 4_100_000, Outputs: c.Job.Images, Stages: map[pipeline.Stage]float64{}}
	var wall time.Duration
	for _, x := range line.Spans {
		wall = max(wall, x.End)
		s.Stages[x.Stage] += (x.End - x.Start).Seconds()
	}
	s.User = s.Stages[pipeline.StageDecode] + s.Stages[pipeline.StageOperate] + s.Stages[pipeline.StageEncode]
	s.System, s.Before = 0.05*s.User, 0.021
	if f.Mode == "processes" {
		s.Copied = 812_000 * int64(c.Job.Images)
		s.System *= 2
		s.Before = 0.058
	}
	for _, m := range line.Memory {
		s.PeakMemory = max(s.PeakMemory, m.Bytes)
	}
	s.PeakPSS = s.PeakMemory
	s.Account = account(line, f.Workers, wall, s.Before)
	s.Finish(time.Duration(s.Account.Wall * float64(time.Second)))
	zero, others := 0.0, 0.05
	s.Conditions = summary.Conditions{CPUPressure: &zero, Steal: &zero, OtherCPUs: &others}
	return bench.Sample{Config: line.Config, Round: round, Place: place, Elapsed: s.Account.Wall, Summary: s,
		Digest: "2c26b46b68ffc68ff99b453c1d304134", Load: 0.25, OtherCPU: others}
}

// account returns where the time of the workers of a run went.
func account(line bench.Timeline, workers int, wall time.Duration, before float64) *summary.Account {
	const after = 0.012
	a := &summary.Account{Lanes: workers, Wall: wall.Seconds() + before + after, Spent: map[pipeline.Entry]float64{},
		Unknown: []pipeline.Entry{pipeline.EntryThrottled}}
	ends := make([]time.Duration, workers)
	for _, s := range within(line.Spans, groups[1].stages) {
		entry := pipeline.EntryCPU
		switch s.Stage {
		case pipeline.StageLock, pipeline.StageStart, pipeline.StageHandover, "cpu_wait":
			entry = pipeline.Entry(s.Stage)
		}
		a.Spent[entry] += (s.End - s.Start).Seconds()
		ends[s.Lane] = max(ends[s.Lane], s.End)
	}
	busy := 0.0
	for _, e := range wholes() { // in order, as sums of floats depend on it
		busy += a.Spent[e.Entry]
	}
	for _, end := range ends {
		a.Spent[pipeline.EntryTail] += (wall - end).Seconds()
	}
	a.Spent[pipeline.EntryRest] = 0.01 * busy
	a.Spent[pipeline.EntryFileWait] = float64(workers)*wall.Seconds() - 1.01*busy - a.Spent[pipeline.EntryTail]
	if a.Spent[pipeline.EntryFileWait] < 0 {
		a.Spent[pipeline.EntryRest] += a.Spent[pipeline.EntryFileWait]
		a.Spent[pipeline.EntryFileWait] = 0
	}
	a.Spent[pipeline.EntryLatency] = 0.8 * a.Spent[pipeline.EntryFileWait]
	a.Spent[pipeline.EntryBody] = 0.2 * a.Spent[pipeline.EntryFileWait]
	a.Spent[pipeline.EntryRunQueue] = a.Spent[pipeline.EntryCPUWait]
	a.Spent[pipeline.EntryBefore], a.Spent[pipeline.EntryAfter] = before*float64(workers), after*float64(workers)
	return a
}

// simulate runs images through download lanes, a queue, worker lanes and store lanes.
func simulate(f bench.Config, images int, seed uint64) bench.Timeline {
	rnd := rand.New(rand.NewPCG(seed, 7))
	ms := func(mean float64) time.Duration {
		ms := mean * math.Exp(0.25*rnd.NormFloat64())
		return time.Duration(ms * float64(time.Millisecond)).Round(time.Microsecond)
	}
	var line bench.Timeline
	span := func(s pipeline.Stage, lane, item int, start, length time.Duration) time.Duration {
		if length > 0 {
			line.Spans = append(line.Spans,
				bench.Span{Stage: s, Lane: lane, Item: item, Start: start, End: start + length})
		}
		return start + length
	}
	downloads, workers := make([]time.Duration, max(f.Downloads, 1)), make([]time.Duration, f.Workers)
	stores := make([]time.Duration, 4)
	var lock time.Duration
	first := func(lanes []time.Duration) int { return slices.Index(lanes, slices.Min(lanes)) }
	for item := range images {
		d := first(downloads)
		got := span(pipeline.StageFetch, d, item, downloads[d], ms(62))
		w := first(workers)
		at := max(got, workers[w])
		span(pipeline.StageQueue, 0, item, got, at-got)
		if f.Mode == "processes" {
			if workers[w] == 0 {
				at = span(pipeline.StageStart, w, item, at, ms(8))
			}
			at = span(pipeline.StageHandover, w, item, at, ms(1.5))
		}
		if f.Mode == "gil" && lock > at {
			at = span(pipeline.StageLock, w, item, at, lock-at)
		}
		at = span(pipeline.StageDecode, w, item, at, ms(21))
		at = span(pipeline.StageOperate, w, item, at, ms(9))
		at = span(pipeline.StageEncode, w, item, at, ms(7))
		if f.Mode != "gil" && f.Workers > 1 {
			// More workers wait for a CPU the more there are beyond two.
			at = span(pipeline.Stage(pipeline.EntryCPUWait), w, item, at, ms(1.5+37*float64(max(f.Workers-2, 0))/2))
		}
		lock, workers[w], downloads[d] = at, at, got
		s := first(stores)
		stores[s] = span(pipeline.StageStore, s, item, max(at, stores[s]), ms(2))
		if f.Mode == "serial" {
			downloads[0] = stores[s]
		}
	}
	var end time.Duration
	for _, x := range line.Spans {
		end = max(end, x.End)
	}
	for at := time.Duration(0); at < end; at += 50 * time.Millisecond {
		perWorker := int64(24_000_000)
		if f.Mode == "processes" {
			perWorker = 38_000_000
		}
		line.Memory = append(line.Memory,
			bench.MemoryPoint{At: at,
				Bytes: 18_000_000 + int64(f.Workers)*perWorker*min(int64(at/(50*time.Millisecond)), 4)/4 +
					rnd.Int64N(6_000_000)})
	}
	return line
}

// pictures draws n small JPEG files.
func pictures(t testing.TB, n int) []bench.Picture {
	t.Helper()
	var out []bench.Picture
	for i := range n {
		m := image.NewRGBA(image.Rect(0, 0, 160, 100+20*(i%3)))
		for y := range m.Rect.Dy() {
			for x := range m.Rect.Dx() {
				m.SetRGBA(x, y, color.RGBA{uint8(x + 10*i), uint8(2 * y), uint8(255 - x - 20*i), 255})
			}
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, m, nil); err != nil {
			t.Fatal(err)
		}
		out = append(out, bench.Picture{Name: "photo <" + string(rune('a'+i)) + ">.jpg", JPEG: b.Bytes()})
	}
	return out
}
