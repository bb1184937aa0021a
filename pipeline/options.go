package pipeline

import (
	"time"

	"imgpipe/transform"
)

// Options say how Run works. Executor, Fetcher and Store must be set; all else has a default.
type Options struct {
	Fetcher  Fetcher
	Executor Executor
	Store    Store

	// Apart does the items whose [Guard] wants them done apart, because they may have killed an earlier run. Package
	// procs has one that starts worker processes when it is first needed. Nil means Executor: then such an item may
	// kill this run, too. Run does not close it.
	Apart Executor

	// Spec is what to make of each image, within Limits.
	Spec   transform.Spec
	Limits transform.Limits

	// Sequential does one item after the other, each from fetch to store, in one goroutine: the reference that the
	// modes are measured against. Downloads is not used then.
	Sequential bool
	// Downloads is how many items are fetched at once. 0 finds the number that keeps the workers busy, from the
	// latency of fetches and the speed of the workers, and holds back fetches that would only wait.
	Downloads int
	// MostDownloads bounds the number that is found; 0 sets no bound of its own.
	MostDownloads int
	// Paced is called once when that number has been found, by the goroutine that calls the sink. It may be nil, and
	// is not called if Downloads is set.
	Paced func(Pace)
	// Stores is how many items have their outputs kept at once, which should be many where that means to wait for a
	// network. 0 means a few, as for a disk. What waits to be kept counts as memory.
	Stores int
	// Memory is the budget in bytes for what is fetched and not yet transformed together with the pixels that are
	// being worked on. An image that needs more than three quarters of it, by transform.Spec.Need, fails with class
	// "too-large" before it is decoded; one that needs less than 16 MiB does not. Default 1 GiB.
	Memory int64
	// ItemTimeout bounds the transform of one item, once it has begun. Default one minute; negative means none.
	ItemTimeout time.Duration
	// MaxFailures ends the run when so many items have failed; 0 means no limit.
	MaxFailures int
	// MaxFailureShare, from 0 to 1, ends the run when this share of the items that were tried has failed, once 20 were
	// tried; 0 means no limit.
	MaxFailureShare float64
	// Stop ends the run gracefully when it is closed: no further item is taken, and those under way are finished. Local
	// files that were read and not begun are interrupted.
	Stop <-chan struct{}
	// Stopping, if it is set, is called once when the run begins to stop before its items end, whatever the reason,
	// from a goroutine of its own. It should end the items, where they may have to be waited for, and waits of the
	// Fetcher.
	Stopping func()
}

const (
	defaultMemory      = 1 << 30
	defaultItemTimeout = time.Minute
	// storeLanes is enough to hide the latency of creating and renaming a file on a local disk, and few enough that
	// outputs waiting to be written stay few.
	storeLanes = 4
	// shareAfter is how many items must have ended before a share of failures means anything.
	shareAfter = 20
)

func (o Options) withDefaults() Options {
	if o.Apart == nil {
		o.Apart = o.Executor
	}
	o.Downloads = max(o.Downloads, 0)
	if o.Stores <= 0 {
		o.Stores = storeLanes
	}
	if o.Sequential {
		o.Downloads = 1
	}
	if o.Memory <= 0 {
		o.Memory = defaultMemory
	}
	if o.ItemTimeout == 0 {
		o.ItemTimeout = defaultItemTimeout
	}
	return o
}
