package main

import (
	"os"
	"time"
)

// A fileState is what differs if a file was written to.
type fileState struct {
	size    int64
	changed int64 // in nanoseconds since 1970
}

// stateOf returns the state of a regular file, and whether there is one.
func stateOf(path string) (fileState, bool) {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return fileState{}, false
	}
	return fileState{info.Size(), info.ModTime().UnixNano()}, true
}

// A wholes finds out which files are whole: nobody has written to them for so long, and two looks so far apart have
// found the same size and time. It is for one goroutine at a time.
//
//	file        event                    it is then
//	not known   first listing, old       whole: its time of change is that long ago
//	any         listed or touched anew   pending, from now on
//	pending     another size or time     pending, from now on
//	pending     the same, long enough    whole
//	whole       listed with its state    whole
type wholes struct {
	settle time.Duration
	now    func() time.Time
	look   func(path string) (fileState, bool)
	// first is the first listing: only then the time that a file has is believed.
	first   bool
	known   map[string]fileState // of whole files
	pending map[string]*pendingFile
}

// A pendingFile may still be written to.
type pendingFile struct {
	state fileState
	since time.Time
	// offered reports that it was found whole, and waits for a listing to take it.
	offered bool
}

func newWholes(settle time.Duration, now func() time.Time, look func(string) (fileState, bool)) *wholes {
	return &wholes{settle: settle, now: now, look: look, first: true, known: map[string]fileState{},
		pending: map[string]*pendingFile{}}
}

// touched notes that something happened to a file.
func (w *wholes) touched(path string) {
	if state, there := w.look(path); there {
		w.pending[path] = &pendingFile{state: state, since: w.now()}
	} else {
		w.gone(path)
	}
}

// gone forgets a file.
func (w *wholes) gone(path string) {
	delete(w.pending, path)
	delete(w.known, path)
}

// whole reports whether a file that is listed with a state is whole.
func (w *wholes) whole(path string, state fileState) bool {
	now := w.now()
	p := w.pending[path]
	switch old, known := w.known[path]; {
	case p == nil && known && old == state:
		return true
	case p == nil && w.first && now.Sub(time.Unix(0, state.changed)) >= w.settle:
	case p == nil:
		w.pending[path] = &pendingFile{state: state, since: now}
		return false
	case p.state != state:
		*p = pendingFile{state: state, since: now}
		return false
	case now.Sub(p.since) < w.settle:
		return false
	}
	delete(w.pending, path)
	w.known[path] = state
	return true
}

// listed ends a listing. What was offered and not listed is no input.
func (w *wholes) listed() {
	w.first = false
	for path, p := range w.pending {
		if p.offered {
			delete(w.pending, path)
		}
	}
}

// due returns when it may next be time for a listing; the zero time if nothing is pending.
func (w *wholes) due() (at time.Time) {
	for _, p := range w.pending {
		if end := p.since.Add(w.settle); !p.offered && (at.IsZero() || end.Before(at)) {
			at = end
		}
	}
	return at
}

// ready looks at the files whose time has come. It reports whether to list now: files are whole, and no others are
// pending, or the first of them has waited for others as long again.
func (w *wholes) ready() bool {
	now := w.now()
	waiting, late, any := false, false, false
	for path, p := range w.pending {
		if !p.offered && now.Sub(p.since) >= w.settle {
			switch state, there := w.look(path); {
			case !there:
				w.gone(path)
				continue
			case state != p.state:
				*p = pendingFile{state: state, since: now}
			default:
				p.offered = true
			}
		}
		any = any || p.offered
		waiting = waiting || !p.offered
		late = late || p.offered && now.Sub(p.since) >= 2*w.settle
	}
	return any && (!waiting || late)
}
