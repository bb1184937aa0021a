package main

import (
	"strings"
	"testing"
	"time"

	"imgpipe/pipeline"
)

// TestAScreenTellsHowLongItTakesUntilItIsStopped is of the plain line.
func TestAScreenTellsHowLongItTakesUntilItIsStopped(t *testing.T) {
	s := &screen{total: 30, began: time.Now().Add(-time.Minute), counts: pipeline.Totals{Done: 10}}
	if got := s.status(); !strings.HasPrefix(got, "10/30 images, ") || !strings.HasSuffix(got, "2m0s left") {
		t.Errorf("%q", got)
	}
	s.end()
	if got := s.status(); strings.Contains(got, "left") {
		t.Errorf("stopped: %q", got)
	}
}
