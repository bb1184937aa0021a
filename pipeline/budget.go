package pipeline

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// A budget admits what a run keeps in memory: the bytes that were fetched, the pixels that are worked on, and the
// outputs that are not stored yet.
//
// All are taken from one amount. An item holds its bytes while it waits for pixels. If bytes alone could use the budget
// up, nothing would be left for any decode and the run would stand still. So bytes have a share of their own, a
// quarter. The workers can always reach the other three quarters: what an image takes comes back when it is done, and
// the part of its outputs when they are stored. Neither of these waits for bytes or pixels.
type budget struct {
	all       *semaphore.Weighted
	bytes     share
	maxPixels int64
}

// leastPixels is what there is for pixels however small the budget: an image that needs no more is never refused, only
// done when others are not.
const leastPixels = 16 << 20

func newBudget(total int64) *budget {
	bytes := max(total/4, 1)
	pixels := max(total-bytes, leastPixels)
	return &budget{
		all:       semaphore.NewWeighted(bytes + pixels),
		bytes:     share{size: bytes, growMost: bytes / 4},
		maxPixels: pixels,
	}
}

// takeBytes blocks until n fetched bytes fit, and returns how many it counted: for a file that is larger than what can
// be promised, only that much. The caller has no bytes of the budget.
func (b *budget) takeBytes(ctx context.Context, n int64) (int64, error) {
	n = min(max(n, 0), b.bytes.size-b.bytes.growMost)
	if err := b.bytes.take(ctx, n); err != nil {
		return 0, err
	}
	if err := b.all.Acquire(ctx, n); err != nil {
		b.bytes.give(n)
		return 0, err
	}
	return n, nil
}

func (b *budget) giveBytes(n int64) {
	b.all.Release(n)
	b.bytes.give(n)
}

// growBytes takes n more for a file that is still coming, and reports whether they were there. It does not wait.
func (b *budget) growBytes(n int64) bool {
	if !b.all.TryAcquire(n) {
		return false
	}
	if !b.bytes.grow(n) {
		b.all.Release(n)
		return false
	}
	return true
}

// shedBytes returns n of what growBytes took.
func (b *budget) shedBytes(n int64) {
	b.all.Release(n)
	b.bytes.shed(n)
}

// takePixels blocks until n bytes of pixels fit, and returns how many it counted.
func (b *budget) takePixels(ctx context.Context, n int64) (int64, error) {
	n = min(max(n, 0), b.maxPixels)
	return n, b.all.Acquire(ctx, n)
}

func (b *budget) givePixels(n int64) { b.all.Release(n) }

// A share is the part of a budget that is for bytes: those of files that are there, and those of files that are still
// coming.
//
// A stranger decides how long a file takes to come, and whether it comes at all. Three rules keep the harm from all
// other files:
//
//   - A file that is coming takes memory as its bytes arrive and never waits for more. If there is none, the fetch
//     moves what it has out of memory, returns all of its memory, and goes on. Together, the files that are coming have
//     growMost at most.
//   - A caller that waits in take holds nothing, so callers cannot wait for each other in a circle. A take waits only
//     for files that are there. Those go through the workers and come back, whatever strangers do: if files that never
//     end hold growMost, size - growMost remain, and no take asks for more.
//   - A take that does not fit lets smaller ones pass for a second. After that it is the next one, and files that are
//     coming get nothing meanwhile. So the small do not wait for the large, and the large do not starve.
type share struct {
	size, growMost int64

	mu            sync.Mutex
	growing, kept int64
	line          []*taker // in the order in which they came
}

// A taker waits for memory.
type taker struct {
	n     int64
	since time.Time
	ready chan struct{} // closed when it has it
}

// passing is how long a taker that does not fit lets others pass.
const passing = time.Second

func (s *share) fits(n int64) bool { return s.kept+s.growing+n <= s.size }

func (s *share) take(ctx context.Context, n int64) error {
	s.mu.Lock()
	if s.fits(n) && !s.barred() {
		s.kept += n
		s.mu.Unlock()
		return nil
	}
	t := &taker{n: n, since: time.Now(), ready: make(chan struct{})}
	s.line = append(s.line, t)
	s.mu.Unlock()
	select {
	case <-t.ready:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.line, t); i >= 0 {
		s.line = slices.Delete(s.line, i, i+1)
	} else {
		s.kept -= n // it came just now
	}
	s.admit()
	return ctx.Err()
}

// barred reports whether the first in line has let enough others pass. The lock is held.
func (s *share) barred() bool {
	return len(s.line) > 0 && time.Since(s.line[0].since) >= passing
}

// admit hands what fits to those in line. The lock is held.
func (s *share) admit() {
	barred, over := s.barred(), false
	s.line = slices.DeleteFunc(s.line, func(t *taker) bool {
		if over = over || !s.fits(t.n); over && (barred || !s.fits(t.n)) {
			return false
		}
		s.kept += t.n
		close(t.ready)
		return true
	})
}

func (s *share) give(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept -= n
	s.admit()
}

func (s *share) grow(n int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.line) > 0 || s.growing+n > s.growMost || !s.fits(n) {
		return false
	}
	s.growing += n
	return true
}

func (s *share) shed(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.growing -= n
	s.admit()
}

// keep makes n bytes that were growing those of a file that is there.
func (s *share) keep(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.growing -= n
	s.kept += n
}

// A room is a job's part of the budget while it is fetched: a fetch.Room.
type room struct {
	budget  *budget
	growing int64 // of a file that is coming
	kept    int64 // of one that is there
}

func (r *room) Grow(n int64) bool {
	if n > r.growing && !r.budget.growBytes(n-r.growing) {
		return false
	}
	r.growing = max(n, r.growing)
	return true
}

func (r *room) Take(ctx context.Context, n int64) (err error) {
	r.Drop()
	r.kept, err = r.budget.takeBytes(ctx, n)
	return err
}

func (r *room) Drop() {
	if r.growing > 0 {
		r.budget.shedBytes(r.growing)
	}
	if r.kept > 0 {
		r.budget.giveBytes(r.kept)
	}
	r.growing, r.kept = 0, 0
}

// settle returns how many bytes the budget counts for what came, all of which is there.
func (r *room) settle() int64 {
	r.budget.bytes.keep(r.growing)
	return r.growing + r.kept
}
