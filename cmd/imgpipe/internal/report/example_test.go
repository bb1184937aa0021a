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
		Command: []string{"imgpipe", "compare", "--modes", "serial,threads", "photos"},
		Job:     bench.Job{Inputs: "photos", Images: 48, BytesIn: 31_000_000, Spec: "size=800x800", Stage: "all"},
		Runs:    10,
		Configs: []bench.Config{{Mode: "serial", Workers: 1}, {Name: "x", Mode: "threads", Workers: 2,
			Downloads: 16}},
		Results: []bench.Result{
			{Runs: 10, Wall: about(4), ImagesPerSec: about(12), CPU: about(3.9), ImagesPerCPUSec: about(12.3),
				Speedup: about(1), PeakPSS: about(58e6), Voluntary: 71,
				P: 1, CPUPerImage: about(0.0812), CPURatio: about(1), Before: about(0.021), QuietRounds: 10,
				Account: map[pipeline.Entry]float64{"before": 0.021, "cpu": 3.88, "file_wait": 0.08},
				Stages:  map[pipeline.Stage]float64{"fetch": 0.1, "decode": 2.4, "operate": 1, "encode": 0.5}},
			{Runs: 10, Wall: about(2.1), ImagesPerSec: about(23), CPU: about(4), ImagesPerCPUSec: about(12),
				Speedup: about(1.9), Differs: true, PeakPSS: about(74e6), Voluntary: 57,
				P: 0.002, CPUPerImage: about(0.0833), CPURatio: about(1.026), CPUP: 0.002, Before: about(0.022),
				QuietRounds: 10,
				Account: map[pipeline.Entry]float64{"before": 0.044, "cpu": 3.9, "cpu_wait": 0.17,
					"file_wait": 0.08},
				Stages: map[pipeline.Stage]float64{"fetch": 0.1, "decode": 2.5, "operate": 1, "encode": 0.5}},
		},
		Verdict: []bench.Finding{{Text: "Use --mode threads --workers 2 here.",
			Figures: "1.9 times as fast as serial"}},
		Samples: []bench.Sample{{Config: 0, Elapsed: 4,
			Summary: summary.Summary{Wall: 4, ImagesPerSec: 12, Done: 48, User: 3.6, System: 0.3}},
			{Config: 1, Elapsed: 2.1, Summary: summary.Summary{Wall: 2.1, ImagesPerSec: 23, Done: 48, User: 3.7,
				System: 0.3}}},
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
	//   Use --mode threads --workers 2 here.
	//     1.9 times as fast as serial
	//
	// Time
	//   contestant   before                wall  images/s      times as fast      p
	//   serial      21.0 ms  4.00 s (3.92–4.08)      12.0     1.00× baseline      –
	//   x           22.0 ms  2.10 s (2.06–2.14)      23.0  1.90× (1.86–1.94)  0.002
	//
	// CPU for each image
	//   contestant     CPU for an image  times the baseline's      p  waited for a CPU
	//   serial      81.2 ms (79.6–82.8)        1.00× baseline      –               0 %
	//   x           83.3 ms (81.6–85.0)     1.03× (1.01–1.05)  0.002               4 %
	//   CPU is the time on a core, of all processes. Waiting for a CPU is a share of the workers' time.
	//
	// Memory
	//   contestant           peak memory  one more worker  copied  switches
	//   serial      58MB (56.8MB–59.2MB)                –      0B      71.0
	//   x           74MB (72.5MB–75.5MB)                –      0B      57.0
	//   Memory is the highest PSS of all processes together, in which shared pages count once; RSS where
	//   the system has no PSS. One more worker is the rise from the fewest workers of a mode to the most,
	//   for each. Bytes copied between processes and context switches are for each image.
	//
	// Where the workers' time went
	//   serial  [CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCf]
	//   x       [bCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCwwf]
	//   b before the first image, C on a CPU, w waiting for a CPU, f waiting for files
	//
	// Again
	//   imgpipe compare --modes serial,threads photos
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
	// BenchmarkCompare/mode=serial/workers=1/downloads=0/name=serial 1 4000000000 ns/op 12 images/s 81.25 cpu-ms/image
	// BenchmarkCompare/mode=threads/workers=2/downloads=16/name=x 1 2100000000 ns/op 23 images/s 83.333333 cpu-ms/image
}
