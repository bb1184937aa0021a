package procs

import (
	"errors"
	"testing"

	"imgpipe/pipeline"
	"imgpipe/pipeline/executortest"
	"imgpipe/transform"
)

func TestApartConforms(t *testing.T) {
	executortest.Run(t, func(t *testing.T) pipeline.Executor { return NewApart(Options{Workers: 2}) })
}

func TestApartStartsNothingBeforeTheFirstSuspect(t *testing.T) {
	a := NewApart(Options{Workers: 3})
	if n := a.Width(); n != 3 {
		t.Errorf("the width is %d, want 3", n)
	}
	if pids := a.Pids(); len(pids) > 0 || a.pool != nil {
		t.Errorf("workers %v live, want none", pids)
	}
	for range 2 {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, _, err := a.Do(t.Context(), transform.Task{}); !errors.Is(err, pipeline.ErrClosed) {
		t.Errorf("error %v of a task after Close, want ErrClosed", err)
	}
	if _, err := a.Isolation(t.Context()); !errors.Is(err, pipeline.ErrClosed) {
		t.Errorf("error %v of Isolation after Close, want ErrClosed", err)
	}
}

func TestApartTellsWhatIsWrongWithItsOptions(t *testing.T) {
	a := NewApart(Options{Isolate: "somewhat"})
	defer a.Close()
	if _, cost, err := a.Do(t.Context(), transform.Task{}); err == nil || cost.Attempts != 1 {
		t.Errorf("error %v after %d attempts, want one after 1", err, cost.Attempts)
	}
	if _, err := a.Isolation(t.Context()); err == nil {
		t.Error("no error")
	}
}
