package pipeline_test

import (
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
)

// TestStopBeginsNothingThatWasOnlyRead stops a run in which two images are worked on and more have been fetched:
// downloads are not thrown away, files of this machine are left for the next run.
func TestStopBeginsNothingThatWasOnlyRead(t *testing.T) {
	for url, more := range map[bool]bool{true: true, false: false} {
		synctest.Test(t, func(t *testing.T) {
			stop := make(chan struct{})
			w := &world{latency: 10 * time.Millisecond, work: 100 * time.Millisecond, width: 2}
			time.AfterFunc(150*time.Millisecond, func() { close(stop) })
			var given iter.Seq[fetch.Item] = func(yield func(fetch.Item) bool) {
				for item := range items(1000) {
					if item.Scheme = ""; url {
						item.Scheme = "http"
					}
					if !yield(item) {
						return
					}
				}
			}
			began := time.Now()
			o := pipeline.Options{Fetcher: w, Executor: w, Store: w, Downloads: 4, Stop: stop}
			totals, err := pipeline.Run(t.Context(), given, o, nil)
			if err != nil || totals.Failed != 0 {
				t.Fatalf("%+v, error %v", totals, err)
			}
			if took := time.Since(began); totals.Done > 4 != more || took > 210*time.Millisecond != more {
				t.Errorf("URLs: %v: %+v after %v, want more than 4 done and 210ms: %v", url, totals, took, more)
			}
		})
	}
}
