package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode"

	"imgpipe/cmd/imgpipe/internal/bench"
)

// CSV writes a line of names, and then one line for each run, in the order in which they were made. Times are in
// seconds and amounts in bytes. A figure that is not finite is left empty.
func CSV(w io.Writer, c *bench.Comparison) error {
	p := new(page)
	out := csv.NewWriter(p)
	head := []string{"stage", "round", "place", "name", "mode", "workers", "downloads", "downloads_at_once", "wall_s",
		"elapsed_s", "before_s", "images_per_s", "cpu_user_s", "cpu_system_s", "cpu_per_image_s", "other_cpus",
		"disturbed", "disturbed_share", "peak_memory", "peak_pss",
		"items", "done", "failed", "skipped", "bytes_in", "bytes_out", "bytes_copied",
		"voluntary_switches", "involuntary_switches", "worker_starts", "worker_start_s", "retries", "replaced", "load",
		"digest"}
	for _, s := range stageWords {
		head = append(head, string(s.Stage)+"_s")
	}
	// Writing to memory cannot fail.
	_ = out.Write(head)
	for _, v := range parts(c) {
		v.csv(out)
	}
	out.Flush()
	return p.to(w)
}

// parts returns the views of c and of the shorter comparisons in it.
func parts(c *bench.Comparison) []*view {
	out := []*view{newView(c)}
	for i := range c.Parts {
		out = append(out, newView(&c.Parts[i]))
	}
	return out
}

func (v *view) csv(out *csv.Writer) {
	for _, s := range v.samples() {
		f, m := v.Configs[s.Config], s.Summary
		perImage := math.NaN()
		if m.Items > 0 {
			perImage = (m.User + m.System) / float64(m.Items)
		}
		row := []string{v.Job.Stage, field(s.Round), field(s.Place), v.labels[s.Config], f.Mode, field(f.Workers),
			field(f.Downloads), field(m.DownloadsAtOnce), real(m.Wall), some(s.Elapsed), some(m.Before),
			real(m.ImagesPerSec), real(m.User), real(m.System), real(perImage), others(&s),
			printable(s.Disturbed), real(s.DisturbedShare), field(m.PeakMemory), field(m.PeakPSS),
			field(m.Items), field(m.Done), field(m.Failed), field(m.Skipped),
			field(m.BytesIn), field(m.BytesOut), field(m.Copied),
			field(m.VoluntarySwitches), field(m.InvoluntarySwitches),
			field(m.WorkerStarts), real(m.WorkerStart), field(m.Retries), field(m.Replaced), real(s.Load), s.Digest}
		for _, st := range stageWords {
			row = append(row, real(m.Stages[st.Stage]))
		}
		_ = out.Write(row)
	}
}

// samples returns the runs that belong to a Config.
func (v *view) samples() []bench.Sample {
	var out []bench.Sample
	for _, s := range v.Samples {
		if v.config(s.Config) {
			out = append(out, s)
		}
	}
	return out
}

func field[T int | int64](n T) string { return strconv.FormatInt(int64(n), 10) }

func real(x float64) string {
	if !finite(x) {
		return ""
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// some is real for a figure of which 0 stands for "not known".
func some(x float64) string {
	if x == 0 {
		return ""
	}
	return real(x)
}

// others returns how many CPUs other programs held, if that is known.
func others(s *bench.Sample) string {
	if x := s.Summary.Conditions.OtherCPUs; x != nil {
		return real(*x)
	}
	return some(s.OtherCPU)
}

// Bench writes the runs in Go's benchmark format (golang.org/design/14313-benchmark-format), one line for each, for
//
//	benchstat -col /name
//
// Figures that are not finite or not known are left out, and so is a run without a wall time.
func Bench(w io.Writer, c *bench.Comparison) error {
	p := new(page)
	p.line("Unit images/s better=higher")
	for _, v := range parts(c) {
		p.bench(v)
	}
	return p.to(w)
}

func (p *page) bench(v *view) {
	for _, kv := range [][2]string{
		{"goos", v.Machine.OS}, {"goarch", v.Machine.Arch}, {"pkg", "imgpipe"},
		{"cpus", strconv.Itoa(v.Machine.CPUs)}, {"toolchain", v.Go},
		{"images", strconv.Itoa(v.Job.Images)}, {"stage", v.Job.Stage}, {"spec", v.Job.Spec},
	} {
		if kv[1] != "" {
			p.line("%s: %s", kv[0], printable(kv[1]))
		}
	}
	for _, s := range v.samples() {
		f, m := v.Configs[s.Config], s.Summary
		if !finite(s.Wall()) || s.Wall() <= 0 {
			continue
		}
		fmt.Fprintf(p, "BenchmarkCompare/mode=%s/workers=%d/downloads=%d/name=%s 1 %d ns/op", word(f.Mode), f.Workers,
			f.Downloads, word(v.labels[s.Config]), int64(math.Round(1e9*s.Wall())))
		value := func(x float64, unit string) {
			if finite(x) {
				fmt.Fprintf(p, " %s %s", strconv.FormatFloat(x, 'f', -1, 64), unit)
			}
		}
		value(round(m.ImagesPerSec), "images/s")
		if m.Done > 0 {
			value(round(1000*(m.User+m.System)/float64(m.Done)), "cpu-ms/image")
		}
		if m.PeakPSS > 0 {
			value(float64(m.PeakPSS), "pss-B")
		}
		p.line("")
	}
}

// round keeps six digits after the point, which is more than any of the figures is worth.
func round(x float64) float64 { return math.Round(1e6*x) / 1e6 }

// word returns s as a part of a benchmark's name, which has no space and no slash.
func word(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '/' || unicode.IsSpace(r) || !unicode.IsPrint(r) {
			return '_'
		}
		return r
	}, s)
	if s == "" {
		return "_"
	}
	return s
}
