package pipeline

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// A budget admits what a run keeps in memory: the bytes that were fetched and the pixels that are worked on.
//
// Both are taken from one amount. An item holds its bytes while it waits for pixels, so bytes alone may never use the budget up, or
// nothing would be left for any decode and the run would stand still: they have a share of their own, a quarter, and
// the other three quarters are always within the reach of the workers, who hold pixels only while they work, or wait for
// others to end their work, and never for bytes or pixels.
type budget struct {
	all, bytes          *semaphore.Weighted
	maxBytes, maxPixels int64
}

func newBudget(total int64) *budget {
	share := max(total/4, 1)
	return &budget{
		all:       semaphore.NewWeighted(max(total, 2)),
		bytes:     semaphore.NewWeighted(share),
		maxBytes:  share,
		maxPixels: max(total-share, 1),
	}
}

// takeBytes blocks until n fetched bytes fit, and gives how many it counted: all there are, for a file larger than
// the whole share, so that it is the only one.
func (b *budget) takeBytes(ctx context.Context, n int64) (int64, error) {
	n = min(max(n, 0), b.maxBytes)
	if err := b.bytes.Acquire(ctx, n); err != nil {
		return 0, err
	}
	if err := b.all.Acquire(ctx, n); err != nil {
		b.bytes.Release(n)
		return 0, err
	}
	return n, nil
}

func (b *budget) giveBytes(n int64) {
	b.all.Release(n)
	b.bytes.Release(n)
}

// takePixels blocks until n bytes of pixels fit, and gives how many it counted.
func (b *budget) takePixels(ctx context.Context, n int64) (int64, error) {
	n = min(max(n, 0), b.maxPixels)
	return n, b.all.Acquire(ctx, n)
}

func (b *budget) givePixels(n int64) { b.all.Release(n) }
