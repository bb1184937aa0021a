package main

import (
	"fmt"
	"math"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/modes"
)

// execFlags say where images are transformed, and with how much at once.
type execFlags struct {
	mode      string
	workers   int
	downloads int   // 0: as many as keep the workers busy
	memory    int64 // 0: half of what there is
	worker    workerFlags
	stage     string
	measured  bool // where the time of each transform went is to be told
}

// finalize derives what mode serial leaves open: it does one image after the other.
func (f *execFlags) finalize(changed func(string) bool) {
	if f.mode != modes.Serial {
		return
	}
	if !changed("workers") {
		f.workers = 1
	}
	if !changed("downloads") {
		f.downloads = 1
	}
}

// check looks at the flags together.
func (f *execFlags) check(changed func(string) bool) error {
	switch {
	case f.mode == modes.Serial && f.workers != 1:
		return fmt.Errorf("--workers %d: --mode serial has one worker", f.workers)
	case f.mode == modes.Serial && f.downloads != 1:
		return fmt.Errorf("--downloads %s: --mode serial fetches one image after the other",
			flags.FormatWholeOrAuto(f.downloads))
	case !f.pooled() && changed("recycle"):
		return fmt.Errorf("--recycle %d: --mode %s has no worker processes: expected --mode processes",
			f.worker.recycle, f.mode)
	case f.mode == modes.Spawn && changed("recycle") && f.worker.recycle != 1:
		return fmt.Errorf("--recycle %d: --mode spawn starts a process for each image: expected --mode processes",
			f.worker.recycle)
	}
	return nil
}

// pooled reports whether the mode has worker processes for all images. The others have them for what an earlier run
// died of.
func (f *execFlags) pooled() bool { return modes.Pooled(f.mode) }

// whole reports whether the run has all its stages. One that has not writes nothing.
func (f *execFlags) whole() bool { return f.stage == bench.StageAll }

// budget is the memory for files and pixels.
func (f *execFlags) budget() int64 {
	if f.memory > 0 {
		return f.memory
	}
	if all := machineMemory(); all > 0 {
		return all / 2
	}
	return min(4<<30, math.MaxInt)
}
