package pipeline

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestHostsThatHoldAllDownloadsHoldBackNoFile has downloads take the whole limit, and more wait for it.
func TestHostsThatHoldAllDownloadsHoldBackNoFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		th := newThrottle(0, 0, 2)
		for range 2 * firstDownloads {
			go func() { _, _ = th.begin(ctx, true) }()
		}
		synctest.Wait()
		start := time.Now()
		for range 100 {
			k, err := th.begin(ctx, false)
			if err != nil {
				t.Fatal(err)
			}
			k.fetched(time.Millisecond)
			k.end()
		}
		if took := time.Since(start); took > 0 {
			t.Errorf("files waited %v for downloads, want not at all", took)
		}
		if th.local != 0 || th.localWaiting != 0 {
			t.Errorf("%d files are held and %d wait, want none", th.local, th.localWaiting)
		}
		cancel()
	})
}
