package main

import (
	"errors"
	"math"
	"strconv"
	"time"

	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/transform"
)

// limitFlags say what is too much, for an image and for the run.
type limitFlags struct {
	maxPixels   int64
	minSize     int   // pixels of the shorter side; 0: any
	maxAspect   int64 // thousandths; 0: any
	damaged     string
	itemTimeout time.Duration // 0: no limit
	maxFailures flags.Limit
	maxTime     time.Duration // 0: no limit
}

// parseAspect reads a ratio of sides, such as 2.5, as thousandths.
func parseAspect(s string) (int64, error) {
	ratio, err := strconv.ParseFloat(s, 64)
	if err != nil || !(ratio >= 1 && ratio <= 1e6) {
		return 0, errors.New("expected a number from 1 to 1000000, such as 2.5")
	}
	return int64(math.Round(ratio * 1000)), nil
}

// parseMinSize reads a number of pixels.
func parseMinSize(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 1_000_000 {
		return 0, errors.New("expected a whole number from 1 to 1000000")
	}
	return n, nil
}

// formatAspect returns what parseAspect reads; "" for 0.
func formatAspect(thousandths int64) string {
	if thousandths == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(thousandths)/1000, 'f', -1, 64)
}

// What --damaged takes.
const (
	damagedKeep = "keep"
	damagedFail = "fail"
)

func (f *limitFlags) refuseDamaged() bool { return f.damaged == damagedFail }

// options are those of the transform of one image.
func (f *limitFlags) options() transform.Limits {
	return transform.Limits{
		MaxPixels: f.maxPixels, MinSide: int64(f.minSize), MaxAspect: f.maxAspect, RefuseDamaged: f.refuseDamaged(),
	}
}

// perItem is how long an executor has for one image, as pipeline.Options takes it.
func (f *limitFlags) perItem() time.Duration {
	if f.itemTimeout == 0 {
		return -1 // no limit
	}
	return f.itemTimeout
}
