package main

import (
	"time"

	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/transform"
)

// limitFlags say what is too much, for an image and for the run.
type limitFlags struct {
	maxPixels   int64
	damaged     string
	itemTimeout time.Duration // 0: no limit
	maxFailures flags.Limit
	maxTime     time.Duration // 0: no limit
}

// What --damaged takes.
const (
	damagedKeep = "keep"
	damagedFail = "fail"
)

func (f *limitFlags) refuseDamaged() bool { return f.damaged == damagedFail }

// options are those of the transform of one image.
func (f *limitFlags) options() transform.Limits {
	return transform.Limits{MaxPixels: f.maxPixels, RefuseDamaged: f.refuseDamaged()}
}

// perItem is how long an executor has for one image, as pipeline.Options takes it.
func (f *limitFlags) perItem() time.Duration {
	if f.itemTimeout == 0 {
		return -1 // no limit
	}
	return f.itemTimeout
}
