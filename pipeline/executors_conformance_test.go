package pipeline_test

import (
	"testing"

	"imgpipe/pipeline"
	"imgpipe/pipeline/executortest"
)

func TestSerialConforms(t *testing.T) {
	executortest.Run(t, func(*testing.T) pipeline.Executor { return pipeline.Serial() })
}

func TestGoroutinesConforms(t *testing.T) {
	executortest.Run(t, func(*testing.T) pipeline.Executor { return pipeline.Goroutines(3) })
}

func TestThreadsConform(t *testing.T) {
	executortest.Run(t, func(*testing.T) pipeline.Executor { return pipeline.Threads(3) })
}

func TestMeasuredGoroutinesConform(t *testing.T) {
	executortest.Run(t, func(*testing.T) pipeline.Executor { return pipeline.Goroutines(3).Measured() })
}

func TestGILConforms(t *testing.T) {
	executortest.Run(t, func(*testing.T) pipeline.Executor { return pipeline.GIL(3) })
}
