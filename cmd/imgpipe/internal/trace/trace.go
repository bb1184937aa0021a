// Package trace writes how a run spent its time, as trace events that chrome://tracing and ui.perfetto.dev draw, and
// reads them back.
//
//	pipeline.Outcome ──> Writer ──> {"traceEvents": [ … ]} ──> Read ──> spans, memory
//
// Start with [NewWriter] or [Read]. Each download slot, worker and store lane is a thread. A wait between them is an
// asynchronous event, since many items wait at once. Memory is a counter. The format is the Trace Event Format of the
// Chromium project.
//
// What a span is, package pipeline decides.
package trace

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"imgpipe/cmd/imgpipe/internal/usage"
	"imgpipe/fetch"
	"imgpipe/pipeline"
)

// A Span is one stage of one item. Lane counts from 0 within its kind: download slots for StageFetch, store lanes for
// StageStore, workers for the others. StageQueue has no lane.
type Span struct {
	Stage      pipeline.Stage
	Lane, Item int
	Start, End time.Duration
}

// The kinds of lanes are groups of thread numbers.
const (
	fetchLanes  = 10000
	workerLanes = 20000
	storeLanes  = 30000
	lanesOfKind = 10000 // more than --downloads and --workers allow
)

var laneNames = map[int]string{fetchLanes: "download", workerLanes: "worker", storeLanes: "store"}

func kindOf(s pipeline.Stage) int {
	switch s {
	case pipeline.StageFetch:
		return fetchLanes
	case pipeline.StageStore:
		return storeLanes
	}
	return workerLanes
}

// An event is one of the Trace Event Format. Times are in microseconds.
type event struct {
	Name  string         `json:"name"`
	Phase string         `json:"ph"`
	Time  float64        `json:"ts"`
	Took  float64        `json:"dur,omitempty"`
	PID   int            `json:"pid"`
	TID   int            `json:"tid"`
	Cat   string         `json:"cat,omitempty"`
	ID    string         `json:"id,omitempty"`
	Args  map[string]any `json:"args,omitempty"`
}

const pid = 1

// A Writer writes the events of a run. It is not safe for concurrent use. Close returns the first error of writing.
type Writer struct {
	w     *bufio.Writer
	first bool
	lanes map[int]bool
	err   error
}

// NewWriter begins a trace on w.
func NewWriter(w io.Writer) *Writer {
	t := &Writer{w: bufio.NewWriter(w), first: true, lanes: map[int]bool{}}
	_, t.err = t.w.WriteString(`{"displayTimeUnit":"ms","traceEvents":[`)
	return t
}

// Add writes the spans of one item.
func (t *Writer) Add(o pipeline.Outcome) {
	args := map[string]any{"item": o.Item.Index, "source": fetch.Redact(o.Item.Source), "status": o.Status}
	for _, s := range o.Spans {
		if s.Stage == pipeline.StageQueue {
			id := fmt.Sprint(o.Item.Index)
			t.put(event{Name: string(s.Stage), Phase: "b", Time: micros(s.Start), PID: pid, Cat: "queue", ID: id,
				Args: args})
			t.put(event{Name: string(s.Stage), Phase: "e", Time: micros(s.End), PID: pid, Cat: "queue", ID: id})
			continue
		}
		kind := kindOf(s.Stage)
		tid := kind + s.Lane%lanesOfKind
		if !t.lanes[tid] {
			t.lanes[tid] = true
			t.put(event{Name: "thread_name", Phase: "M", PID: pid, TID: tid,
				Args: map[string]any{"name": fmt.Sprintf("%s %d", laneNames[kind], s.Lane)}})
		}
		t.put(event{Name: string(s.Stage), Phase: "X", Time: micros(s.Start), Took: micros(s.End - s.Start), PID: pid,
			TID: tid, Args: args})
	}
}

// Close writes how much memory was in use over time, and the end of the trace.
func (t *Writer) Close(memory []usage.Point) error {
	for _, p := range memory {
		t.put(event{Name: "memory", Phase: "C", Time: micros(p.At), PID: pid, Args: map[string]any{"bytes": p.Bytes}})
	}
	if t.err == nil {
		_, t.err = t.w.WriteString("\n]}\n")
	}
	if t.err == nil {
		t.err = t.w.Flush()
	}
	return t.err
}

func (t *Writer) put(e event) {
	if t.err != nil {
		return
	}
	separator := ",\n"
	if t.first {
		separator, t.first = "\n", false
	}
	var b []byte
	if b, t.err = json.Marshal(e); t.err == nil {
		t.w.WriteString(separator) // a bufio.Writer keeps its first error, which Flush returns
		t.w.Write(b)
	}
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

func fromMicros(f float64) time.Duration { return time.Duration(f*1000 + 0.5) }

// Read reads what a Writer wrote. It passes over events of other programs.
func Read(r io.Reader) (spans []Span, memory []usage.Point, err error) {
	var file struct {
		Events []event `json:"traceEvents"`
	}
	if err := json.NewDecoder(r).Decode(&file); err != nil {
		return nil, nil, fmt.Errorf("read trace: %w", err)
	}
	waiting := map[string]int{} // index into spans, by the event's id
	for _, e := range file.Events {
		number := func(key string) float64 { f, _ := e.Args[key].(float64); return f }
		switch e.Phase {
		case "X":
			spans = append(spans, Span{
				Stage: pipeline.Stage(e.Name), Lane: e.TID % lanesOfKind, Item: int(number("item")),
				Start: fromMicros(e.Time), End: fromMicros(e.Time + e.Took),
			})
		case "b":
			waiting[e.ID] = len(spans)
			spans = append(spans,
				Span{Stage: pipeline.Stage(e.Name), Item: int(number("item")), Start: fromMicros(e.Time)})
		case "e":
			if i, ok := waiting[e.ID]; ok {
				spans[i].End = fromMicros(e.Time)
			}
		case "C":
			memory = append(memory, usage.Point{At: fromMicros(e.Time), Bytes: int64(number("bytes"))})
		}
	}
	return spans, memory, nil
}
