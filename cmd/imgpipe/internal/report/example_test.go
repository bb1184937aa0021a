package report_test

import (
	"fmt"
	"os"
	"time"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/report"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
)

// measured returns what a small comparison found.
func measured() *bench.Comparison {
	about := func(x float64) bench.Estimate { return bench.Estimate{Center: x, Low: 0.98 * x, High: 1.02 * x} }
	return &bench.Comparison{
		Program: "imgpipe v1.0.0", Go: "go1.26.1", Machine: summary.Machine{OS: "linux", Arch: "amd64", CPUs: 2},
		Began:   time.Date(2026, 3, 14, 15, 9, 0, 0, time.UTC),
		Command: []string{"imgpipe", "compare", "--modes", "serial,goroutines", "photos"},
		Job:     bench.Job{Inputs: "photos", Images: 48, BytesIn: 31_000_000, Spec: "size=800x800", Stage: "all"},
		Runs:    10,
		Configs: []bench.Config{{Mode: "serial", Workers: 1}, {Mode: "goroutines", Workers: 2, Downloads: 16}},
		Results: []bench.Result{
			{Runs: 10, Wall: about(4), ImagesPerSec: about(12), CPU: about(3.9), ImagesPerCPUSec: about(12.3),
				Speedup: about(1), PeakPSS: about(58e6), MemoryPerWorker: 58e6,
				Voluntary: 71, GC: 0.018,
				Stages: map[pipeline.Stage]float64{"fetch": 0.1, "decode": 2.4, "operate": 1, "encode": 0.5}},
			{Runs: 10, Wall: about(2.1), ImagesPerSec: about(22.9), CPU: about(4), ImagesPerCPUSec: about(12),
				Speedup: about(1.9), Differs: true, PeakPSS: about(74e6),
				MemoryPerWorker: 37e6, Voluntary: 57, GC: 0.031,
				Stages: map[pipeline.Stage]float64{"fetch": 0.1, "decode": 2.5, "operate": 1, "encode": 0.5}},
		},
		Verdict: []bench.Finding{{Text: "Use --mode goroutines --workers 2 here.",
			Figures: "1.9 times as fast as serial"}},
		Samples: []bench.Sample{{Config: 0,
			Summary: summary.Summary{Wall: 4, ImagesPerSec: 12, Done: 48, User: 3.6, System: 0.3}},
			{Config: 1, Summary: summary.Summary{Wall: 2.1, ImagesPerSec: 22.9, Done: 48, User: 3.7, System: 0.3}}},
	}
}

func ExampleText() {
	if err := report.Text(os.Stdout, measured()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 48 images, photos, 31MB, size=800x800
	// 10 runs of each, in turn; linux/amd64, 2 CPUs, go1.26.1, imgpipe v1.0.0
	//
	// Verdict
	//   Use --mode goroutines --workers 2 here.
	//     1.9 times as fast as serial
	//
	// Time
	//   mode        workers  downloads        wall  images/s  speedup (95 % interval)
	//   serial            1          –  4.00 s ±2%      12.0         1.00× (baseline)
	//   goroutines        2         16  2.10 s ±2%      22.9        1.90× (1.86–1.94)
	//
	// Cost
	//   contestant         CPU  images/CPU s  memory  per worker  copied  switches       GC
	//   serial      3.90 s ±2%          12.3    58MB        58MB      0B      71.0  18.0 ms
	//   goroutines  4.00 s ±2%          12.0    74MB        37MB      0B      57.0  31.0 ms
	//   Memory is the peak of all processes together; bytes copied between processes and context switches
	//   are for each image; GC is the CPU time of garbage collection.
	//
	// Where the workers' time went
	//   serial      [DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDOOOOOOOOOOOOOEEEEEE.] 3% idle
	//   goroutines  [DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDOOOOOOOOOOOOEEEEEE..] 5% idle
	//   D decode, O operate, E encode, . idle
	//
	// Again
	//   imgpipe compare --modes serial,goroutines photos
}

func ExampleBench() {
	if err := report.Bench(os.Stdout, measured()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Unit images/s better=higher
	// goos: linux
	// goarch: amd64
	// pkg: imgpipe
	// cpus: 2
	// toolchain: go1.26.1
	// images: 48
	// stage: all
	// spec: size=800x800
	// BenchmarkCompare/mode=serial/workers=1/downloads=0 1 4000000000 ns/op 12 images/s 81.25 cpu-ms/image
	// BenchmarkCompare/mode=goroutines/workers=2/downloads=16 1 2100000000 ns/op 22.9 images/s 83.333333 cpu-ms/image
}
