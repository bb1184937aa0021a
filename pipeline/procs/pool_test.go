package procs

import (
	"os"
	"testing"

	"imgpipe/pipeline"
	"imgpipe/pipeline/executortest"
)

func TestMain(m *testing.M) {
	if IsWorker() {
		os.Exit(Main())
	}
	os.Exit(m.Run())
}

func TestPoolConforms(t *testing.T) {
	executortest.Run(t, func(t *testing.T) pipeline.Executor {
		p, err := New(Options{Workers: 3})
		if err != nil {
			t.Fatal(err)
		}
		return p
	})
}
