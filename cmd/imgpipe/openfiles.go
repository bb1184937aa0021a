package main

import (
	"fmt"
	"strings"

	"imgpipe/cmd/imgpipe/internal/modes"
)

// What a run has open, as counted with /proc/PID/fd. A try of a download has one descriptor, and up to three while it
// looks for an address and a connection. Where they are wanting, it waits for them.
const (
	// openFixed are the ledger and its folders, lists, side files, outputs on their way, and what the runtime has for
	// itself.
	openFixed = 18
	// openLeast is what is needed beside them: a download, a folder, a file that is looked at.
	openLeast = 2
	// openMeasured is the most files of threads that package executor keeps open where transforms are measured.
	openMeasured = 64
	// openByWorker are the pipes and handles of a worker process.
	openByWorker = 5
	// enoughDownloads are so many that nobody misses more.
	enoughDownloads = 64
)

// openFiles is what a run may have open at once for each purpose.
type openFiles struct {
	workers   int // processes
	downloads int
	idle      int // connections that are kept for later
	folders   int // for outputs
}

// shareOpenFiles shares what is not open yet of a limit, between worker processes, at most half, and the rest. Of the
// rest, measuring are for what measures transforms. Its error says that there are too few.
func shareOpenFiles(limit, open, measuring, workers int) (openFiles, error) {
	fixed := openFixed + measuring
	left := limit - open - fixed
	if left < openLeast {
		return openFiles{}, fmt.Errorf("this process may have %d open files, of which %d are: "+
			"a run needs %d more (ulimit -n)", limit, open, fixed+openLeast)
	}
	var o openFiles
	if workers > 0 {
		o.workers = min(workers, left/2/openByWorker)
		left -= o.workers * openByWorker
	}
	o.downloads, o.idle, o.folders = max(left/2, 1), max(left/4, 1), max(left/4, 1)
	return o, nil
}

// A capacity is how much a run does at once: what its flags ask for, as far as the system lets this process open files.
type capacity struct {
	workers   int
	downloads int // 0: as many as keep the workers busy, at most mostDownloads
	apart     int // worker processes for what an earlier run died of
	// mostDownloads, idle connections and open folders are bounds; 0 is none.
	mostDownloads, idle, folders int
	// less says what the flags ask for and do not get; "" for nothing.
	less string
}

// capacity returns what the system allows of what the flags ask for.
func (f *execFlags) capacity() (capacity, error) {
	limit, open := openLimit()
	if limit == 0 {
		return capacity{workers: f.workers, downloads: f.downloads, apart: f.workers}, nil
	}
	return f.capacityWithin(limit, open)
}

// measuring is how many files of threads are open where transforms are measured in this process. A lane may have a
// thread for each task, of which there are about as many as CPUs besides the lanes.
func (f *execFlags) measuring() int {
	if !f.measured || modes.AllInWorkers(f.mode) {
		return 0
	}
	return min(f.workers+cpus(), openMeasured)
}

// capacityWithin is capacity where limit files may be open, of which open are.
func (f *execFlags) capacityWithin(limit, open int) (capacity, error) {
	share, err := shareOpenFiles(limit, open, f.measuring(), f.workers)
	if err != nil {
		return capacity{}, err
	}
	c := capacity{workers: f.workers, downloads: f.downloads, apart: max(share.workers, 1)}
	var less []string
	if f.pooled() {
		if share.workers == 0 {
			return capacity{}, fmt.Errorf("--mode %s: this process may have %d open files, "+
				"too few for a worker process: expected --mode goroutines, or more open files (ulimit -n)",
				f.mode, limit)
		}
		if c.workers = share.workers; c.workers < f.workers {
			less = append(less, fmt.Sprintf("%d workers, not %d", c.workers, f.workers))
		}
	} else if share, err = shareOpenFiles(limit, open, f.measuring(), 0); err != nil {
		return capacity{}, err
	}
	c.mostDownloads, c.idle, c.folders = share.downloads, share.idle, share.folders
	if c.downloads > c.mostDownloads {
		c.downloads = c.mostDownloads
		less = append(less, fmt.Sprintf("%d downloads, not %d", c.downloads, f.downloads))
	} else if c.downloads == 0 && c.mostDownloads < enoughDownloads {
		less = append(less, fmt.Sprintf("downloads at most %d", c.mostDownloads))
	}
	if len(less) > 0 {
		c.less = fmt.Sprintf("%s: this process may have %d open files (ulimit -n)", strings.Join(less, ", "), limit)
	}
	return c, nil
}

// atOnce is how many inputs are fetched at once where all are fetched before any is transformed.
func (c capacity) atOnce(perHost int) int {
	n := max(c.downloads, perHost)
	if c.mostDownloads > 0 {
		n = min(n, c.mostDownloads)
	}
	return n
}
