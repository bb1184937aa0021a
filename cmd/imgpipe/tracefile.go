package main

import (
	"context"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/trace"
	"imgpipe/pipeline"
)

// A traceFile is the file of --trace. Nil is valid and writes nothing.
type traceFile struct {
	file   *sideFile
	writer *trace.Writer
}

func newTraceFile(ctx context.Context, path string, allowed func() error) (*traceFile, error) {
	file, err := openSide(ctx, "trace", path, allowed)
	if file == nil {
		return nil, err
	}
	return &traceFile{file, trace.NewWriter(file)}, nil
}

func (t *traceFile) forget() {
	if t != nil {
		t.file.forget()
	}
}

func (t *traceFile) abandon() {
	if t != nil {
		t.file.abandon()
	}
}

func (t *traceFile) add(o pipeline.Outcome) {
	if t != nil {
		t.writer.Add(o)
	}
}

// close writes the trace of a run. Its mode is what auto came to; processes reports whether workers are processes.
func (t *traceFile) close(mode string, processes bool, end *ending) error {
	if t == nil {
		return nil
	}
	w := t.writer
	w.Mode, w.Processes, w.Locked = mode, processes, mode == modes.GIL
	w.Before, w.Wall = end.clock.before, end.clock.wall
	return t.file.close(w.Close(end.clock.without(end.memory.Curve)))
}
