package trace_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"imgpipe/cmd/imgpipe/internal/trace"
	"imgpipe/cmd/imgpipe/internal/usage"
	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/executor"
)

func TestReadGivesBackWhatWasWritten(t *testing.T) {
	const ms = time.Millisecond
	outcomes := []pipeline.Outcome{
		{Item: fetch.Item{Index: 0, Source: "a.jpg"}, Spans: []pipeline.Span{
			{Stage: pipeline.StageFetch, Lane: 3, Start: 0, End: 5 * ms},
			{Stage: pipeline.StageQueue, Start: 5 * ms, End: 6 * ms},
			{Stage: pipeline.StageDecode, Lane: 1, Start: 6 * ms, End: 9*ms + 1234*time.Nanosecond},
			{Stage: pipeline.StageStore, Lane: 2, Start: 10 * ms, End: 11 * ms},
		}},
		{Item: fetch.Item{Index: 7, Source: `"b".jpg`}, Status: pipeline.Failed, Spans: []pipeline.Span{
			{Stage: pipeline.StageFetch, Lane: 0, Start: 2 * ms, End: 4 * ms},
			{Stage: pipeline.StageQueue, Start: 4 * ms, End: 9 * ms},
		}},
	}
	memory := []usage.Point{{At: 0, Bytes: 1 << 20}, {At: 20 * ms, Bytes: 3 << 30}}
	var b bytes.Buffer
	w := trace.NewWriter(&b)
	var want []trace.Span
	for _, o := range outcomes {
		w.Add(o)
		for _, s := range o.Spans {
			want = append(want, trace.Span{Stage: s.Stage, Lane: s.Lane, Item: o.Item.Index, Start: s.Start,
				End: s.End})
		}
	}
	if err := w.Close(memory); err != nil {
		t.Fatal(err)
	}
	spans, points, err := trace.Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	byItem := func(a, b trace.Span) int { return cmp.Or(cmp.Compare(a.Item, b.Item), cmp.Compare(a.Start, b.Start)) }
	slices.SortFunc(spans, byItem)
	slices.SortFunc(want, byItem)
	if !slices.Equal(spans, want) {
		t.Errorf("spans %v\nwant %v", spans, want)
	}
	if !slices.Equal(points, memory) {
		t.Errorf("memory %v, want %v", points, memory)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no space") }

func TestCloseGivesTheErrorOfWriting(t *testing.T) {
	w := trace.NewWriter(brokenWriter{})
	for i := range 1000 {
		w.Add(pipeline.Outcome{Item: fetch.Item{Index: i},
			Spans: []pipeline.Span{{Stage: pipeline.StageFetch, End: 1}}})
	}
	if err := w.Close(nil); err == nil {
		t.Error("no error from a writer that has no space")
	}
}

// TestAnOldTraceIsRead: earlier versions wrote one process, stages by their own names, and no length of what took none.
func TestAnOldTraceIsRead(t *testing.T) {
	spans, memory, err := trace.Read(strings.NewReader(`{"displayTimeUnit":"ms","traceEvents":[
{"name":"thread_name","ph":"M","ts":0,"pid":1,"tid":20001,"args":{"name":"worker 1"}},
{"name":"handover","ph":"X","ts":1,"dur":2,"pid":1,"tid":20001,"args":{"item":3}},
{"name":"memory","ph":"X","ts":1,"pid":1,"tid":20001,"args":{"item":3}},
{"name":"queue","ph":"b","ts":4,"pid":1,"tid":0,"cat":"queue","id":"3","args":{"item":3}},
{"name":"queue","ph":"e","ts":5,"pid":1,"tid":0,"cat":"queue","id":"3"},
{"name":"memory","ph":"C","ts":6,"pid":1,"tid":0,"args":{"bytes":7}}
]}`))
	const us = time.Microsecond
	want := []trace.Span{
		{Stage: pipeline.StageHandover, Lane: 1, Item: 3, Start: us, End: 3 * us},
		{Stage: pipeline.StageMemory, Lane: 1, Item: 3, Start: us, End: us},
		{Stage: pipeline.StageQueue, Item: 3, Start: 4 * us, End: 5 * us},
	}
	points := []usage.Point{{At: 6 * us, Bytes: 7}}
	if err != nil || !slices.Equal(spans, want) || !slices.Equal(memory, points) {
		t.Errorf("%v, %v, %v", spans, memory, err)
	}
}

// An event is what the laws of a trace look at.
type event struct {
	Name string
	Ph   string
	TS   float64
	Dur  float64
	PID  int
	TID  int
	ID   string
	Args map[string]any
}

func events(t *testing.T, file []byte) []event {
	t.Helper()
	var trace struct{ TraceEvents []event }
	if err := json.Unmarshal(file, &trace); err != nil {
		t.Fatalf("%v in %s", err, file)
	}
	return trace.TraceEvents
}

// random returns a run with overlapping images on its lanes, as worker processes have them that are given one while
// they do another.
func random(rng *rand.Rand) (outcomes []pipeline.Outcome) {
	stages := []pipeline.Stage{pipeline.StageFetch, pipeline.StageQueue, pipeline.StageMemory, pipeline.StageLock,
		pipeline.StageStart, pipeline.StageHandover, pipeline.StageDecode, pipeline.StageEncode, "cpu_wait", "stall",
		pipeline.StageStore}
	for i := range 80 {
		o := pipeline.Outcome{Item: fetch.Item{Index: i, Source: fmt.Sprint(i)}, Status: pipeline.Done}
		if rng.IntN(2) == 0 {
			o.Cost.Handover, o.Cost.Work = 1, executor.Work{CPU: time.Millisecond, CPUKnown: true}
		}
		at, lane := time.Duration(rng.IntN(1e8)), rng.IntN(3)
		for _, stage := range stages {
			took := time.Duration(rng.IntN(1e6))
			if rng.IntN(4) == 0 {
				took = 0
			}
			o.Spans = append(o.Spans, pipeline.Span{Stage: stage, Lane: lane, Start: at, End: at + took})
			at += took
		}
		outcomes = append(outcomes, o)
	}
	return outcomes
}

// TestNoThreadOfATraceDoesTwoThingsAtOnce, whatever the spans are: viewers draw what overlaps wrongly or not at all.
// Each process and each thread has one name, and waits end after they began.
func TestNoThreadOfATraceDoesTwoThingsAtOnce(t *testing.T) {
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var b bytes.Buffer
		w := trace.NewWriter(&b)
		w.Mode, w.Before, w.Wall = "processes", time.Millisecond, time.Second
		w.Processes, w.Locked = seed%3 == 0, seed%2 == 0
		spans := 2 // before and after
		for _, o := range random(rng) {
			w.Add(o)
			for _, s := range o.Spans {
				if w.Locked || s.Stage != pipeline.StageLock {
					spans++
				}
			}
		}
		if err := w.Close(nil); err != nil {
			t.Fatal(err)
		}
		if back, _, err := trace.Read(bytes.NewReader(b.Bytes())); err != nil || len(back) != spans {
			t.Errorf("seed %d: %d spans were read back, %v; want %d", seed, len(back), err, spans)
		}
		type thread struct{ pid, tid int }
		ends, names, waits := map[thread]float64{}, map[string]int{}, map[string]float64{}
		for _, e := range events(t, b.Bytes()) {
			on := thread{e.PID, e.TID}
			switch e.Ph {
			case "M":
				names[fmt.Sprint(e.Name, on)]++
			case "X":
				if e.TS < ends[on]-1e-6 {
					t.Fatalf("seed %d: %+v begins before the end of another, at %f", seed, e, ends[on])
				}
				ends[on] = e.TS + e.Dur
				process := thread{e.PID, 0}
				if names[fmt.Sprint("thread_name", on)] != 1 || names[fmt.Sprint("process_name", process)] != 1 {
					t.Fatalf("seed %d: %+v is on a thread or process without a name, or with two", seed, e)
				}
				if e.Name == "lock" && !w.Locked {
					t.Fatalf("seed %d: a wait for a lock where there is none", seed)
				}
				if e.Name == "handover" || e.Name == "hand-over" && e.PID != 1 {
					t.Fatalf("seed %d: the hand-over is said or placed wrongly: %+v", seed, e)
				}
				if _, ok := e.Args["cpu_s"]; (ok || w.Processes && e.Name == "decode") && e.PID == 1 {
					t.Fatalf("seed %d: a worker's transform is in another process: %+v", seed, e)
				}
			case "b":
				waits[e.ID] = e.TS
			case "e":
				if began, ok := waits[e.ID]; !ok || e.TS < began {
					t.Fatalf("seed %d: a wait ends at %f that began at %f", seed, e.TS, began)
				}
				delete(waits, e.ID)
			}
		}
		if len(waits) > 0 {
			t.Errorf("seed %d: %d waits do not end", seed, len(waits))
		}
	}
}

// TestTimeInATraceCountsFromTheStartOfTheProgram: spans count from the start of the pipeline.
func TestTimeInATraceCountsFromTheStartOfTheProgram(t *testing.T) {
	const ms = time.Millisecond
	var b bytes.Buffer
	w := trace.NewWriter(&b)
	w.Before, w.Wall = 5*ms, 20*ms
	w.Add(pipeline.Outcome{Spans: []pipeline.Span{{Stage: pipeline.StageFetch, Start: ms, End: 3 * ms}}})
	if err := w.Close(nil); err != nil {
		t.Fatal(err)
	}
	spans, _, err := trace.Read(&b)
	want := []trace.Span{
		{Stage: trace.StageBefore, Start: 0, End: 5 * ms},
		{Stage: trace.StageAfter, Start: 8 * ms, End: 20 * ms},
		{Stage: pipeline.StageFetch, Start: 6 * ms, End: 8 * ms},
	}
	if err != nil || !slices.Equal(spans, want) {
		t.Errorf("%v, %v; want %v", spans, err, want)
	}
}
