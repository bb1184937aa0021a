package pipeline

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestWhoWaitsForMemoryAlwaysGetsIt has many files come, wait and be worked on at once, of all sizes, in random order:
// some of those that come never end by themselves. Nothing stands still, no bound is passed, and all comes back.
func TestWhoWaitsForMemoryAlwaysGetsIt(t *testing.T) {
	for seed := range uint64(40) {
		synctest.Test(t, func(t *testing.T) {
			const total = 4000
			b := newBudget(total)
			random := rand.New(rand.NewPCG(seed, 1))
			var bytes, most atomic.Int64
			workers := make(chan struct{}, 3)
			hold := func(n int64) {
				for now := bytes.Add(n); ; {
					if m := most.Load(); now <= m || most.CompareAndSwap(m, now) {
						return
					}
				}
			}
			var all, never sync.WaitGroup
			end := make(chan struct{})
			began := time.Now()
			for i := range 400 {
				size, pixels := random.Int64N(2*total/4)>>random.IntN(8), random.Int64N(2*total)
				slow, local, stalls := time.Duration(random.IntN(100))*time.Millisecond, random.IntN(3) == 0, i%8 == 0
				wg := &all
				if stalls {
					wg = &never
				}
				wg.Go(func() {
					r := &room{budget: b}
					grown := !local
					for n := int64(1); grown && n < size; n = min(4*n, size) {
						grown = r.Grow(n)
						time.Sleep(slow)
					}
					if stalls {
						<-end
						r.Drop()
						return
					}
					if !grown || !r.Grow(size) {
						if err := r.Take(t.Context(), size); err != nil {
							t.Error(err)
						}
					}
					n := r.settle()
					hold(n)
					workers <- struct{}{}
					p, err := b.takePixels(t.Context(), pixels)
					if err != nil {
						t.Error(err)
					}
					time.Sleep(10 * time.Millisecond)
					b.givePixels(p)
					<-workers
					hold(-n)
					b.giveBytes(n)
				})
			}
			all.Wait()
			if took := time.Since(began); took > 400*10*time.Millisecond+10*time.Second {
				t.Errorf("seed %d: it took %v", seed, took)
			}
			close(end)
			never.Wait()
			if s := &b.bytes; s.kept != 0 || s.growing != 0 || len(s.line) != 0 || most.Load() > s.size ||
				!b.all.TryAcquire(total) {
				t.Errorf("seed %d: %d kept, %d growing, %d in line at the end; %d at most, want at most %d", seed,
					s.kept, s.growing, len(s.line), most.Load(), s.size)
			}
		})
	}
}

// TestSmallFilesPassLargeOnesThatWait has one large file wait for others to be worked on, while small ones come and go
// without end.
func TestSmallFilesPassLargeOnesThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(4000) // 1000 for bytes
		take := func(n int64, holds time.Duration) (waited time.Duration) {
			at := time.Now()
			n, err := b.takeBytes(t.Context(), n)
			if err != nil {
				t.Error(err)
			}
			waited = time.Since(at)
			time.AfterFunc(holds, func() { b.giveBytes(n) })
			return waited
		}
		take(500, 1500*time.Millisecond)
		var all sync.WaitGroup
		all.Go(func() {
			if waited := take(700, 0); waited != 1500*time.Millisecond {
				t.Errorf("the large one waited %v, want until there was room, and no longer", waited)
			}
		})
		for i := range 300 {
			time.Sleep(10 * time.Millisecond)
			at := time.Duration(i+1) * 10 * time.Millisecond
			if waited := take(30, 100*time.Millisecond); waited > 0 && (at < passing || waited > 500*time.Millisecond) {
				t.Errorf("a small one that came after %v waited %v", at, waited)
			}
		}
		all.Wait()
		time.Sleep(time.Second)
	})
}

// TestATakeThatIsGivenUpLeavesNothing has takers end while they wait in line, first and in between.
func TestATakeThatIsGivenUpLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(4000)
		n, err := b.takeBytes(t.Context(), 700)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				use := t.Context()
				if i%2 == 0 {
					use = ctx
				}
				n, err := b.takeBytes(use, 400)
				if (err != nil) != (i%2 == 0) {
					t.Errorf("taker %d: %v", i, err)
				}
				if err == nil {
					time.Sleep(time.Second)
					b.giveBytes(n)
				}
			})
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		b.giveBytes(n)
		all.Wait()
		if s := &b.bytes; s.kept != 0 || len(s.line) != 0 || !b.all.TryAcquire(4000) {
			t.Errorf("%d kept, %d in line", s.kept, len(s.line))
		}
	})
}
