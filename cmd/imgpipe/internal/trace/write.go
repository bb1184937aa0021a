package trace

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"imgpipe/cmd/imgpipe/internal/usage"
	"imgpipe/pipeline"
)

// A Writer keeps the spans of a run, some 150 bytes for each image, and writes them in Close: nothing is written while
// the run is measured. It is not safe for concurrent use. Its fields may be set until Close.
type Writer struct {
	// Mode is the mode of the run. Processes reports whether all workers are processes; without it, those are that an
	// image was handed over to. Locked reports whether there is a lock, so that waits for it are drawn.
	Mode              string
	Processes, Locked bool
	// Before is from the start of the program until its pipeline began. Wall is from its start to its end; 0 if that is
	// not known.
	Before, Wall time.Duration

	w     *bufio.Writer
	items items
	first bool
	err   error
}

// NewWriter begins a trace on w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: bufio.NewWriter(w), first: true} }

// Add keeps the spans of one item.
func (t *Writer) Add(o pipeline.Outcome) { t.items.add(o) }

// program is the process of the trace that stands for this program. That of a worker is higher by its number and 1.
const program = 1

// A thread is a lane in a process.
type thread struct{ pid, kind, lane int }

// A slice is a span on a thread.
type slice struct {
	stage      pipeline.Stage
	start, end time.Duration
	args       map[string]any
}

// Close writes the trace: what the program did, its memory over time, the lanes. It returns the first error of writing.
func (t *Writer) Close(memory []usage.Point) error {
	t.text(`{"displayTimeUnit":"ms","otherData":`)
	t.json(map[string]any{"program": "imgpipe", "mode": t.Mode})
	t.text(`,"traceEvents":[`)
	t.name("process_name", program, 0, "imgpipe, "+cmp.Or(t.Mode, "no mode"))
	threads, last := t.threads()
	t.outside(last)
	for _, p := range memory {
		t.put(event{
			Name: "memory", Phase: "C", Time: micros(p.At), PID: program, Args: map[string]any{"bytes": p.Bytes},
		})
	}
	order := slices.SortedFunc(maps.Keys(threads), func(a, b thread) int {
		return cmp.Or(cmp.Compare(a.pid, b.pid), cmp.Compare(a.kind, b.kind), cmp.Compare(a.lane, b.lane))
	})
	for i, on := range order {
		if on.pid != program && (i == 0 || order[i-1].pid != on.pid) {
			t.name("process_name", on.pid, 0, fmt.Sprintf("worker %d", on.lane))
		}
		t.lane(on, threads[on])
	}
	t.text("\n]}\n")
	if t.err == nil {
		t.err = t.w.Flush()
	}
	return t.err
}

// outside writes what the program did outside its pipeline, whose last span ended at the time last.
func (t *Writer) outside(last time.Duration) {
	args := map[string]any{"mode": t.Mode}
	t.name("thread_name", program, 0, "the program")
	for _, s := range []slice{{StageBefore, 0, t.Before, args}, {StageAfter, last, t.Wall, args}} {
		if s.end > s.start {
			t.slice(program, 0, s)
		}
	}
}

// threads returns what is on each thread, and when the last span ends. It writes the waits between lanes.
func (t *Writer) threads() (threads map[thread][]slice, last time.Duration) {
	threads = map[thread][]slice{}
	t.items.each(func(it item) {
		args := map[string]any{"item": it.index, "source": it.source, "status": it.status}
		done := maps.Clone(args)
		done["mode"] = t.Mode
		if it.cpu >= 0 {
			done["cpu_s"] = it.cpu.Seconds()
		}
		for _, span := range it.spans {
			s := slice{span.Stage, t.Before + span.Start, t.Before + span.End, args}
			last = max(last, s.end)
			if s.stage == pipeline.StageQueue {
				t.wait(it, s)
				continue
			}
			on := thread{program, kindOf(s.stage), span.Lane}
			if transforms(s.stage) {
				s.args = done
				if t.Processes || it.handedOver {
					on.pid = program + 1 + span.Lane
				}
			}
			if s.stage == pipeline.StageLock && !t.Locked {
				continue
			}
			threads[on] = append(threads[on], s)
		}
	})
	return threads, last
}

func (t *Writer) wait(it item, s slice) {
	e := event{
		Name: wordOf(s.stage), Phase: "b", Time: micros(s.start), PID: program, Cat: "queue", ID: fmt.Sprint(it.index),
		Args: s.args,
	}
	t.put(e)
	e.Phase, e.Time, e.Args = "e", micros(s.end), nil
	t.put(e)
}

// lane writes the slices of a thread. What would overlap there goes to further threads.
func (t *Writer) lane(on thread, all []slice) {
	slices.SortStableFunc(all, func(a, b slice) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
	})
	var ends []time.Duration // of the last slice of each thread
	for _, s := range all {
		n := slices.IndexFunc(ends, func(end time.Duration) bool { return end <= s.start })
		tid := on.kind + on.lane%lanesOfKind
		if n < 0 {
			n = len(ends)
			ends = append(ends, 0)
			name := fmt.Sprintf("%s %d", laneNames[on.kind], on.lane)
			if n > 0 {
				name += ", besides"
			}
			t.name("thread_name", on.pid, tid+n*besides, name)
		}
		ends[n] = s.end
		t.slice(on.pid, tid+n*besides, s)
	}
}

func (t *Writer) slice(pid, tid int, s slice) {
	took := micros(s.end - s.start)
	t.put(event{
		Name: wordOf(s.stage), Phase: "X", Time: micros(s.start), Took: &took, PID: pid, TID: tid, Args: s.args,
	})
}

// name names a process or a thread.
func (t *Writer) name(what string, pid, tid int, name string) {
	t.put(event{Name: what, Phase: "M", PID: pid, TID: tid, Args: map[string]any{"name": name}})
}

func (t *Writer) put(e event) {
	separator := ",\n"
	if t.first {
		separator, t.first = "\n", false
	}
	t.text(separator)
	t.json(e)
}

// text writes s. A bufio.Writer keeps its first error, which Flush returns.
func (t *Writer) text(s string) { _, _ = t.w.WriteString(s) }

func (t *Writer) json(v any) {
	b, err := json.Marshal(v)
	if t.err == nil {
		t.err = err
	}
	_, _ = t.w.Write(b)
}
