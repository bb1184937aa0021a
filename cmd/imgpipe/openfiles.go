package main

import (
	"fmt"
	"strings"

	"imgpipe/cmd/imgpipe/internal/modes"
)

// What a run has open, as counted with /proc/PID/fd. A try of a download has one descriptor, and up to three while it
// looks for an address and a connection; those that are wanting then are waited for.
const (
	// openFixed are the ledger and its folders, lists, side files, outputs on their way, and what the runtime has for
	// itself.
	openFixed = 18
	// openLeast is what is needed beside them: a download, a folder, a file that is looked at.
	openLeast = 2
	// openByWorker are the pipes and handles of a worker process.
	openByWorker = 5
	// enoughDownloads are so many that nobody misses more.
	enoughDownloads = 64
)

// openFiles is what a run may have open at once for each purpose.
type openFiles struct {
	limit     int
	workers   int // processes
	downloads int
	idle      int // connections that are kept for later
	folders   int // for outputs
}

// shareOpenFiles shares what is not open yet of a limit, between worker processes, at most half, and the rest. The
// error says that there are too few.
func shareOpenFiles(limit, open, workers int) (openFiles, error) {
	left := limit - open - openFixed
	if left < openLeast {
		return openFiles{}, fmt.Errorf("this process may have %d open files, of which %d are: a run needs %d more (ulimit -n)",
			limit, open, openFixed+openLeast)
	}
	o := openFiles{limit: limit}
	if workers > 0 {
		o.workers = min(workers, left/2/openByWorker)
		left -= o.workers * openByWorker
	}
	o.downloads, o.idle, o.folders = max(left/2, 1), max(left/4, 1), max(left/4, 1)
	return o, nil
}

// boundOpenFiles makes the flags fit what the system lets this process open.
func (f *runFlags) boundOpenFiles() (err error) {
	limit, open := openLimit()
	if limit == 0 {
		return nil
	}
	if f.open, err = shareOpenFiles(limit, open, f.workers); err != nil {
		return err
	}
	var less []string
	if asked := f.workers; f.mode == modes.Processes || f.mode == modes.Auto {
		if f.open.workers == 0 {
			return fmt.Errorf("--mode %s: this process may have %d open files, too few for a worker process: "+
				"expected --mode goroutines, or more of them (ulimit -n)", f.mode, limit)
		}
		if f.workers = f.open.workers; f.workers < asked {
			less = append(less, fmt.Sprintf("%d workers, not %d", f.workers, asked))
		}
	} else if all, err := shareOpenFiles(limit, open, 0); err == nil {
		all.workers = max(f.open.workers, 1) // for what an earlier run died of
		f.open = all
	}
	if f.downloads > f.open.downloads {
		less = append(less, fmt.Sprintf("%d downloads, not %d", f.open.downloads, f.downloads))
		f.downloads = f.open.downloads
	} else if f.downloads == 0 && f.open.downloads < enoughDownloads {
		less = append(less, fmt.Sprintf("downloads at most %d", f.open.downloads))
	}
	if len(less) > 0 {
		f.scarce = fmt.Sprintf("%s: this process may have %d open files (ulimit -n)", strings.Join(less, ", "), limit)
	}
	return nil
}

// atOnce is how many inputs are fetched at once where all are fetched before any is done.
func (f *runFlags) atOnce() int {
	n := max(f.downloads, f.perHost)
	if f.open.downloads > 0 {
		n = min(n, f.open.downloads)
	}
	return n
}
