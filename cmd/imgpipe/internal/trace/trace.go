// Package trace writes how a run spent its time, as trace events that chrome://tracing and ui.perfetto.dev draw, and
// reads them back.
//
//	pipeline.Outcome ──> Writer ──> {"traceEvents": [ … ]} ──> Read ──> spans, memory
//
// Start with [NewWriter] or [Read]. Time counts from the start of the program. The program is a process of the trace,
// and each download slot, worker and store lane is a thread of it. A worker process is a process of its own: it has the
// transforms, while its lane in the program has what is done around them. A wait between lanes is an asynchronous
// event, since many items wait at once. Memory is a counter. The format is the Trace Event Format of the Chromium
// project.
//
// What a span is, package pipeline decides.
package trace

import (
	"time"

	"imgpipe/pipeline"
)

// A Span is one stage of one item. Lane counts from 0 within its kind: download slots for StageFetch, store lanes for
// StageStore, workers for the others. StageQueue has no lane. StageBefore and StageAfter have neither lane nor item.
type Span struct {
	Stage      pipeline.Stage
	Lane, Item int
	Start, End time.Duration
}

// What the program did before its pipeline began to take images, and after that had ended.
const (
	StageBefore pipeline.Stage = "before"
	StageAfter  pipeline.Stage = "after"
)

// words are the names of stages that are not one word in a trace.
var words = map[pipeline.Stage]string{
	pipeline.StageHandover: "hand-over",
	"cpu_wait":             "wait for a CPU",
	"stall":                "wait, for no CPU",
}

func wordOf(s pipeline.Stage) string {
	if word, ok := words[s]; ok {
		return word
	}
	return string(s)
}

// stageOf is the opposite of wordOf. Old traces have the stages themselves.
func stageOf(word string) pipeline.Stage {
	for stage, w := range words {
		if w == word {
			return stage
		}
	}
	return pipeline.Stage(word)
}

// The kinds of lanes are groups of thread numbers. Thread 0 has what the program does outside its pipeline.
const (
	fetchLanes  = 10000
	workerLanes = 20000
	storeLanes  = 30000
	lanesOfKind = 10000 // more than --downloads and --workers allow
	// besides is added for each further thread of a lane: a worker process can be given an image while it has another.
	besides = 100000
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

// transforms reports whether a stage of a worker lane takes place where the image is transformed. The others are what
// the program does around it.
func transforms(s pipeline.Stage) bool {
	switch s {
	case pipeline.StageFetch, pipeline.StageStore, pipeline.StageMemory, pipeline.StageLock, pipeline.StageStart,
		pipeline.StageHandover:
		return false
	}
	return true
}

// An event is one of the Trace Event Format. Times are in microseconds.
type event struct {
	Name  string         `json:"name"`
	Phase string         `json:"ph"`
	Time  float64        `json:"ts"`
	Took  *float64       `json:"dur,omitempty"`
	PID   int            `json:"pid"`
	TID   int            `json:"tid"`
	Cat   string         `json:"cat,omitempty"`
	ID    string         `json:"id,omitempty"`
	Args  map[string]any `json:"args,omitempty"`
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

func fromMicros(f float64) time.Duration { return time.Duration(f*1000 + 0.5) }
