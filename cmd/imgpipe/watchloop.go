package main

import (
	"os"
	"path/filepath"
	"slices"
	"time"

	"imgpipe/cmd/imgpipe/internal/flags"
)

// pollUnasked is how often folders are listed that the system cannot watch, or that went, unless --poll says.
const pollUnasked = 10 * time.Second

// A wake is why the loop of a watch goes on.
type wake int

const (
	wakeStop  wake = iota // the watch is to end
	wakeEvent             // something happened in a folder
	wakeDue               // the time has come that was asked for
)

// A sleeper waits for what comes next: at the latest until a time, unless that is zero.
type sleeper func(until time.Time) wake

// A watchLoop decides when the folders are listed: at first, when files are whole, when the system has lost what
// happened, and every so often if it is asked to. It knows no pipeline and, but for its fields, no clock.
//
//	pass ──> wait ──> event: touched files are pending, new folders are watched
//	 ^        │ ^───────┘
//	 └────────┴── due: files are whole, or it is time to poll
type watchLoop struct {
	folders []string
	whole   *wholes
	poll    time.Duration // 0 for never
	now     func() time.Time
	sleep   sleeper
	// take returns the paths that something happened to since it was last called, and whether some were lost.
	take func() (paths map[string]struct{}, lost bool)
	// watch has a folder watched, with those below it, and calls found with the files that are there.
	watch func(folder string, found func(path string)) error
	// enters reports whether a run enters a folder that lies below one of folders.
	enters func(folder string) bool
	// wants reports whether a file of this name may be an input.
	wants func(name string) bool
	// removals has a pass follow when files are gone.
	removals bool
	// pass lists the folders, and does what is whole. It reports false if one of them is not there.
	pass func() (listed bool, err error)
	say  func(format string, args ...any)

	polled time.Time
	// gone is when a file went for which removals has a pass follow; zero if there was one since.
	gone   time.Time
	dirty  bool // all is to be listed
	deaf   bool // the system cannot watch all folders
	absent bool // the last pass found no folder: the system says nothing when it comes back
}

// run goes on until it is to stop, or a pass has failed.
func (l *watchLoop) run() error {
	l.watchAll(func(string) {}) // before the first pass, so that nothing is missed
	for {
		l.dirty, l.gone = false, time.Time{}
		l.polled = l.now()
		listed, err := l.pass()
		if err != nil {
			return err
		}
		if listed {
			l.whole.listed()
		}
		if listed && l.absent {
			l.watchAll(l.touched)
		}
		l.absent = !listed
		if stop := l.wait(); stop {
			return nil
		}
	}
}

// wait returns when it is time for a pass, or reports that the loop is to stop.
func (l *watchLoop) wait() (stop bool) {
	for {
		switch l.sleep(l.due()) {
		case wakeStop:
			return true
		case wakeEvent:
			l.events()
		case wakeDue:
			late := func(at time.Time, after time.Duration) bool { return !l.now().Before(at.Add(after)) }
			l.dirty = l.dirty || l.every() > 0 && late(l.polled, l.every()) ||
				!l.gone.IsZero() && late(l.gone, l.whole.settle)
		}
		if l.whole.ready() || l.dirty {
			return false
		}
	}
}

// due returns when something is to be looked at, whatever happens until then.
func (l *watchLoop) due() time.Time {
	at := l.whole.due()
	sooner := func(next time.Time) {
		if at.IsZero() || next.Before(at) {
			at = next
		}
	}
	if every := l.every(); every > 0 {
		sooner(l.polled.Add(every))
	}
	if !l.gone.IsZero() {
		sooner(l.gone.Add(l.whole.settle))
	}
	return at
}

// every is how often the folders are listed whatever is heard; 0 is never.
func (l *watchLoop) every() time.Duration {
	if l.poll == 0 && (l.deaf || l.absent) {
		return pollUnasked
	}
	return l.poll
}

// events looks at what something happened to.
func (l *watchLoop) events() {
	paths, lost := l.take()
	if lost {
		l.dirty = true
		l.watchAll(l.touched)
	}
	known := map[string]bool{}
	for path := range paths {
		info, err := os.Lstat(path)
		switch isFolder := err == nil && info.IsDir(); {
		case !l.reaches(path, isFolder, known):
		case err != nil:
			if l.whole.gone(path); l.removals {
				l.gone = l.now()
			}
		case isFolder:
			l.watchOne(path, l.touched)
		default:
			l.touched(path)
		}
	}
}

// reaches reports whether a run comes to a path: it enters the folders on the way to it and, if it is one, that folder.
// A folder that was watched may have become one that no run enters. known has what is known of folders already.
func (l *watchLoop) reaches(path string, isFolder bool, known map[string]bool) bool {
	named := func(path string) bool {
		return slices.ContainsFunc(l.folders, func(folder string) bool { return filepath.Clean(folder) == path })
	}
	if named(path) {
		return true
	}
	if !isFolder {
		path = filepath.Dir(path)
	}
	for entered := true; ; path = filepath.Dir(path) {
		if named(path) {
			return entered
		}
		enters, ok := known[path]
		if !ok {
			enters = l.enters(path)
			known[path] = enters
		}
		if entered = entered && enters; filepath.Dir(path) == path {
			return true // it lies in no folder that was named, as far as its name says
		}
	}
}

// touched notes a file that may be an input.
func (l *watchLoop) touched(path string) {
	if l.wants(filepath.Base(path)) {
		l.whole.touched(path)
	}
}

// watchAll watches all folders.
func (l *watchLoop) watchAll(found func(path string)) {
	for _, folder := range l.folders {
		l.watchOne(folder, found)
	}
}

func (l *watchLoop) watchOne(folder string, found func(path string)) {
	err := l.watch(folder, found)
	if err == nil || l.deaf {
		return
	}
	l.deaf = true
	l.say("note: the system cannot watch all folders (%v): they are listed every %s, see --poll", err,
		flags.FormatPeriod(l.every()))
}
