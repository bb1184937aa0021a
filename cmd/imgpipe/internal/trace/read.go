package trace

import (
	"encoding/json"
	"fmt"
	"io"

	"imgpipe/cmd/imgpipe/internal/usage"
)

// Read reads what a Writer wrote, also one of an earlier version. It passes over events of other programs.
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
			end := e.Time
			if e.Took != nil {
				end += *e.Took
			}
			spans = append(spans, Span{
				Stage: stageOf(e.Name), Lane: e.TID % lanesOfKind, Item: int(number("item")),
				Start: fromMicros(e.Time), End: fromMicros(end),
			})
		case "b":
			waiting[e.ID] = len(spans)
			spans = append(spans, Span{Stage: stageOf(e.Name), Item: int(number("item")), Start: fromMicros(e.Time)})
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
