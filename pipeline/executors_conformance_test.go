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

func TestGILConforms(t *testing.T) {
	executortest.Run(t, func(*testing.T) pipeline.Executor { return pipeline.GIL(3) })
}
