// Package summary counts what a run did, from the outcomes of its items, and writes it: as lines for a person, as JSON
// for a program.
//
//	pipeline.Outcome ──> Summary.Add ──> Summary ──> WriteText, WriteJSON
//
// Start with a [Summary]: add each outcome, call Finish and Flowed, and write it. The package measures nothing itself.
package summary

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/fetch"
	"imgpipe/pipeline"
)

// A Summary is what a run did. Its JSON is the file of --report. Times are in seconds, amounts in bytes.
type Summary struct {
	// Program, Go and Machine say what ran, and where.
	Program string  `json:"program"`
	Go      string  `json:"go"`
	Machine Machine `json:"machine"`
	// Command is the command line.
	Command []string  `json:"command"`
	Began   time.Time `json:"began"`

	Mode      string `json:"mode"`
	Workers   int    `json:"workers"`
	Downloads int    `json:"downloads"`
	// PerHost is how many downloads from one host run at once. Hosts is how many hosts the items are on, counted up to
	// a thousand.
	PerHost int    `json:"per_host"`
	Hosts   int    `json:"hosts"`
	Memory  int64  `json:"memory_budget"`
	Spec    string `json:"spec"`
	// Shard is the part of the input that the run did, such as "2/8"; "" is all of it.
	Shard string `json:"shard,omitempty"`
	// Presets are those that flags came from, and where they stand.
	Presets []string `json:"presets,omitempty"`

	Items       int `json:"items"`
	Done        int `json:"done"`
	Skipped     int `json:"skipped"`
	Failed      int `json:"failed"`
	Interrupted int `json:"interrupted"`
	// Damaged is how many of Done were damaged: their outputs show what is there.
	Damaged int `json:"damaged"`
	// Stripped is how many of Done had metadata, which was left out of their outputs.
	Stripped int `json:"metadata_left_out,omitempty"`
	// FailedBefore is how many of Skipped failed in an earlier run for good.
	FailedBefore int `json:"failed_before,omitempty"`
	// Ended says why a run ended before its input did; "" if it did not.
	Ended string `json:"ended,omitempty"`

	// Outputs is how many files were written. Of these, Originals are copies of inputs that were smaller. Omitted is
	// how many were not written, as they would be no smaller than their inputs.
	Outputs   int `json:"outputs"`
	Originals int `json:"originals,omitempty"`
	Omitted   int `json:"omitted,omitempty"`
	// InPlace is how many files were replaced by their outputs. Backup is the folder that has their originals.
	InPlace int    `json:"in_place,omitempty"`
	Backup  string `json:"backup,omitempty"`

	// Pruned is how many outputs were removed, as their inputs are gone, and PruneKept how many such outputs stay, as
	// they are not as they were written.
	Pruned    int `json:"pruned,omitempty"`
	PruneKept int `json:"prune_kept,omitempty"`

	BytesIn  int64 `json:"bytes_in"`
	BytesOut int64 `json:"bytes_out"`
	// Copied is how many bytes were copied to and from worker processes.
	Copied int64 `json:"bytes_copied"`
	// Retries is how many fetches were tried again, Replaced how many tasks had a worker that died.
	Retries  int `json:"retries"`
	Replaced int `json:"replaced"`
	// Warnings is how many warnings there were about images that are done: something was wrong with them, or lost.
	// WarningKinds has their kinds, the most frequent first.
	Warnings     int       `json:"warnings"`
	WarningKinds []Warning `json:"warning_kinds,omitempty"`
	// PassedOver has what was passed over in folders, by kind.
	PassedOver []PassedOver `json:"passed_over,omitempty"`

	// Wall is from the start of the program to its end: to the moment in which all is done but to write the trace and
	// this. Before is the part of it before the pipeline began to take images. Written was spent after Wall, until
	// this is written. Fetched is in none of them: a run of the transforms alone fetches all its inputs before.
	Wall         float64 `json:"wall_s"`
	Before       float64 `json:"before_s"`
	Written      float64 `json:"written_s"`
	Fetched      float64 `json:"fetched_s,omitempty"`
	ImagesPerSec float64 `json:"images_per_s"`
	User         float64 `json:"cpu_user_s"`
	System       float64 `json:"cpu_system_s"`
	// GC is not measured any more, and is there for old files. What the runtime counts as garbage collection
	// (/cpu/classes/gc/total) is four times what a profile finds in it: marking that runs while nothing else wants the
	// CPU counts. A profile of a short run has too few samples to say it better.
	GC float64 `json:"gc_cpu_s,omitempty"`
	// PeakPSS is the largest memory of all processes together, in which a page that several share counts once.
	// PeakMemory is the same with such a page counted in each of them. Reports show PeakPSS where it is known.
	PeakMemory int64 `json:"peak_memory"`
	PeakPSS    int64 `json:"peak_pss"`
	// VoluntarySwitches and InvoluntarySwitches are the context switches of all processes.
	VoluntarySwitches   int64 `json:"voluntary_switches"`
	InvoluntarySwitches int64 `json:"involuntary_switches"`
	// WorkerStarts is how many worker processes were started, WorkerStart the mean time until one could work.
	WorkerStarts int     `json:"worker_starts"`
	WorkerStart  float64 `json:"worker_start_s"`

	// DownloadsAtOnce is the most downloads that there were at the same time. HeldBack is how many items had to wait
	// because their host took no more.
	DownloadsAtOnce int `json:"downloads_at_once"`
	HeldBack        int `json:"held_back"`
	// Deferring is how many hosts were left alone for a while because they answered 429 or 503.
	Deferring int `json:"hosts_deferring"`
	// Account is where the time of the workers went. Nil is not known.
	Account *Account `json:"account,omitempty"`
	// Conditions are what the machine did meanwhile.
	Conditions Conditions `json:"conditions"`
	// Last is the item that ended last, and Tail how long it was under way when no other was.
	Last string  `json:"last,omitempty"`
	Tail float64 `json:"tail_s"`

	// Stages has the time that all items together spent in each stage.
	Stages map[pipeline.Stage]float64 `json:"stages_s"`
	// Paths has how many images went by each path of pixels.
	Paths map[string]int `json:"paths"`
	// Failures has the classes of failure, the most frequent first.
	Failures []Failure `json:"failures"`

	hosts map[string]bool
}

// A PassedOver is a kind of folder entries that are no inputs: how many there were, and one of them.
type PassedOver struct {
	What    string `json:"what"`
	Count   int    `json:"count"`
	Example string `json:"example"`
}

// mostHosts is how many hosts are counted.
const mostHosts = 1000

// addHost counts the host of a URL, unless it was counted before.
func (s *Summary) addHost(source string) {
	if s.Hosts >= mostHosts {
		return
	}
	_, host, _ := strings.Cut(source, "://")
	if end := strings.IndexAny(host, "/?#\\"); end >= 0 {
		host = host[:end]
	}
	host = host[strings.LastIndexByte(host, '@')+1:]
	if s.hosts == nil {
		s.hosts = map[string]bool{}
	}
	if !s.hosts[host] {
		s.hosts[strings.Clone(host)] = true
		s.Hosts++
	}
}

// A Machine is where a run took place.
type Machine struct {
	OS   string `json:"os"`
	Arch string `json:"arch"`
	CPUs int    `json:"cpus"`
}

// Conditions are what the machine did during a run. Nil is not known; it is never 0 for that. Times are in seconds.
type Conditions struct {
	// CPUPressure, IOPressure and MemoryPressure are the time in which some task of the machine waited for that.
	CPUPressure    *float64 `json:"cpu_pressure_s"`
	IOPressure     *float64 `json:"io_pressure_s"`
	MemoryPressure *float64 `json:"memory_pressure_s"`
	// Throttled is the time in which the control group of the run had used up its quota, summed over its CPUs.
	Throttled *float64 `json:"throttled_s"`
	// Steal is the time that the host of a virtual machine took from all CPUs.
	Steal *float64 `json:"steal_s"`
	// OtherCPUs is how many CPUs other programs kept busy, on average, beyond those that this program may not use.
	OtherCPUs *float64 `json:"other_cpus"`
	// Load is the load average before the run.
	Load *float64 `json:"load"`
	// MajorFaults counts the pages of the run that had to come from a disk, BlocksIn the blocks of 512 bytes it read.
	MajorFaults *int64 `json:"major_faults"`
	BlocksIn    *int64 `json:"blocks_in"`
}

// A Failure is one class of failure: how often it was met, and an example.
type Failure struct {
	Class   string `json:"class"`
	Count   int    `json:"count"`
	Source  string `json:"source"`
	Example string `json:"example"`
	// Hint says what a person could do about the example; "" if nothing is known.
	Hint string `json:"hint,omitempty"`
}

// Add counts one item. It is not safe for concurrent use.
func (s *Summary) Add(o pipeline.Outcome) {
	s.Items++
	switch o.Status {
	case pipeline.Done:
		s.Done++
		if o.Damaged {
			s.Damaged++
		}
		if o.Stripped {
			s.Stripped++
		}
	case pipeline.Skipped:
		s.Skipped++
	case pipeline.Interrupted:
		s.Interrupted++
	case pipeline.Failed:
		s.Failed++
		s.fail(o)
	}
	for _, out := range o.Outputs {
		if !out.Kept {
			s.Outputs++
			s.BytesOut += out.Bytes
		}
		if out.Copied {
			s.Originals++
		}
		if out.Omitted {
			s.Omitted++
		}
		if out.Backup != "" {
			s.InPlace++
		}
	}
	s.BytesIn += o.BytesIn
	s.Copied += o.Cost.Copied
	s.Retries += max(o.Fetches-1, 0)
	s.Replaced += max(o.Cost.Attempts-1, 0)
	for _, w := range o.Warnings {
		s.warn(fetch.Redact(o.Item.Source), w)
	}
	if !o.Item.Local() {
		s.addHost(o.Item.Source)
	}
	if s.Stages == nil {
		s.Stages, s.Paths = map[pipeline.Stage]float64{}, map[string]int{}
	}
	for _, span := range o.Spans {
		s.Stages[span.Stage] += (span.End - span.Start).Seconds()
	}
	if o.Path != "" {
		s.Paths[o.Path]++
	}
}

func (s *Summary) fail(o pipeline.Outcome) {
	for i := range s.Failures {
		if s.Failures[i].Class == o.Class {
			s.Failures[i].Count++
			return
		}
	}
	f := Failure{Class: o.Class, Count: 1, Source: fetch.Redact(o.Item.Source), Example: fmt.Sprint(o.Err)}
	var known interface{ Advice() string }
	if errors.As(o.Err, &known) {
		f.Hint = known.Advice()
	}
	s.Failures = append(s.Failures, f)
}

// Finish sets what follows from the rest. wall is how long the run took.
func (s *Summary) Finish(wall time.Duration) {
	s.Wall = wall.Seconds()
	if s.Wall > 0 {
		s.ImagesPerSec = float64(s.Done) / s.Wall
	}
	s.sortWarnings()
	slices.SortStableFunc(s.Failures, func(a, b Failure) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Class, b.Class))
	})
}

// WriteJSON writes s as indented JSON.
func (s *Summary) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(s)
}

// WriteText writes s in a few lines.
func (s *Summary) WriteText(w io.Writer) {
	fmt.Fprintf(w, "%d done, %d failed, %d skipped", s.Done, s.Failed, s.Skipped)
	if s.Interrupted > 0 {
		fmt.Fprintf(w, ", %d interrupted", s.Interrupted)
	}
	fmt.Fprintf(w, " in %s: %.1f images/s, %s in, %s out\n", seconds(s.Wall), s.ImagesPerSec, Bytes(s.BytesIn),
		Bytes(s.BytesOut))
	fmt.Fprintf(w, "CPU %s user + %s system", seconds(s.User), seconds(s.System))
	if s.Wall > 0 {
		fmt.Fprintf(w, " (%.1f of %d CPUs)", (s.User+s.System)/s.Wall, s.Machine.CPUs)
	}
	if peak := cmp.Or(s.PeakPSS, s.PeakMemory); peak > 0 {
		fmt.Fprintf(w, ", peak memory %s", Bytes(peak))
	}
	fmt.Fprintln(w)
	s.writeFlow(w)
	if s.Retries > 0 {
		fmt.Fprintf(w, "%s tried again\n", counted(s.Retries, "fetch", "fetches"))
	}
	if s.Replaced > 0 {
		fmt.Fprintf(w, "%s tried again because the worker died\n", counted(s.Replaced, "image", "images"))
	}
	if s.InPlace > 0 {
		fmt.Fprintf(w, "%s replaced, originals in %s\n", counted(s.InPlace, "file", "files"), Printable(s.Backup))
	}
	if s.Pruned+s.PruneKept > 0 {
		fmt.Fprintf(w, "%s removed, as their inputs are gone; %d kept\n",
			counted(s.Pruned, "output", "outputs"), s.PruneKept)
	}
	if s.Originals > 0 {
		fmt.Fprintf(w, "%s of an input that is smaller\n",
			counted(s.Originals, "output is a copy", "outputs are copies"))
	}
	if s.Omitted > 0 {
		fmt.Fprintf(w, "%s not written: no smaller than the input\n", counted(s.Omitted, "output", "outputs"))
	}
	if s.Damaged > 0 {
		fmt.Fprintf(w, "%s done, but damaged: what is missing is in the warnings\n",
			counted(s.Damaged, "image", "images"))
	}
	if s.Stripped > 0 {
		fmt.Fprintf(w, "metadata of %s was left out: --metadata copyright|all\n",
			counted(s.Stripped, "image", "images"))
	}
	s.writeWarnings(w)
	for i, f := range s.Failures {
		if i == 0 {
			fmt.Fprintln(w, "failed:")
		}
		fmt.Fprintf(w, "  %6d  %-14s e.g. %s: %s\n", f.Count, Printable(f.Class), Printable(f.Source),
			Printable(Reason(f.Example, f.Source)))
		if f.Hint != "" {
			fmt.Fprintf(w, "          hint: %s\n", Printable(f.Hint))
		}
	}
}

// StageNames returns the stages that took time, the longest first.
func (s *Summary) StageNames() []pipeline.Stage {
	return slices.SortedFunc(maps.Keys(s.Stages), func(a, b pipeline.Stage) int {
		return cmp.Or(cmp.Compare(s.Stages[b], s.Stages[a]), cmp.Compare(a, b))
	})
}

// counted returns a number with its noun.
func counted(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", more)
}

func seconds(s float64) string {
	switch {
	case s < 0.0995:
		return fmt.Sprintf("%.0f ms", 1000*s)
	case s < 99.5:
		return fmt.Sprintf("%.3g s", s)
	}
	return (time.Duration(s) * time.Second).String()
}

// Bytes returns n in decimal units with three digits: 64MB, 1.25GB.
func Bytes(n int64) string { return figure.Bytes(float64(n)) }

// Reason returns the text of an item's error without its source, for a line that names the source already. The error
// names it, too, since it stands alone in the ledger.
func Reason(text, source string) string { return strings.Replace(text, " "+source+": ", ": ", 1) }

// Printable returns s for a terminal's line: control characters and the like, which could move the cursor or hide
// text, are escaped.
func Printable(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}
