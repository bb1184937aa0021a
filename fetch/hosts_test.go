package fetch

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// These hosts are named by their items, take what limit says, and are never finished.
type plainHosts struct{ limit func(host string) int }

func (h plainHosts) Host(item Item) string       { return item.Source }
func (h plainHosts) State(host string) HostState { return HostState{Limit: h.limit(host)} }
func (h plainHosts) Full() bool                  { return false }
func (h plainHosts) Finished() <-chan struct{}   { return nil }

// TestHostsThatAreNeverFinishedAreSpread has a run that nothing can end, neither its context nor its hosts: a host that
// takes one at once still holds back nobody else.
func TestHostsThatAreNeverFinishedAreSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := make(chan string)
		go func() {
			defer close(in)
			for range 10 {
				in <- "slow"
			}
			in <- "quick"
		}()
		hosts := plainHosts{func(string) int { return 1 }}
		start, ended := time.Now(), time.Duration(0)
		var slow, most atomic.Int32
		item := func(host string) Item { return Item{Source: host} }
		err := Spread(context.Background(), hosts, 4, in, item, nil, func(host string, _ int) {
			if host == "quick" {
				ended = time.Since(start)
				return
			}
			most.Store(max(most.Load(), slow.Add(1)))
			time.Sleep(time.Minute)
			slow.Add(-1)
		})
		if err != nil || ended != 0 || most.Load() != 1 {
			t.Errorf("%v; %d at once at the slow host, the quick one was done after %v; want 1 and at once",
				err, most.Load(), ended)
		}
	})
}

// TestAHostThatTakesNothingIsAskedAgain has one that takes its first item a minute after the beginning, when no lane of
// any host is busy.
func TestAHostThatTakesNothingIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		hosts := plainHosts{func(string) int { return int(time.Since(start) / time.Minute) }}
		in := make(chan string, 3)
		for range 3 {
			in <- "later"
		}
		close(in)
		n := 0
		err := Spread(t.Context(), hosts, 1, in, func(host string) Item { return Item{Source: host} }, nil,
			func(string, int) { n++ })
		if took := time.Since(start); err != nil || n != 3 || took < time.Minute || took > 2*time.Minute {
			t.Errorf("%d done after %v with %v, want 3 after a minute", n, took, err)
		}
	})
}
