package trace_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"imgpipe/cmd/imgpipe/internal/trace"
	"imgpipe/cmd/imgpipe/internal/usage"
	"imgpipe/fetch"
	"imgpipe/pipeline"
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
