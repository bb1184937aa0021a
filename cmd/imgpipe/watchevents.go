package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/fsnotify/fsnotify"

	"imgpipe/pipeline/store"
)

// A notices collects what happens in folders while nobody asks. Each path is held once, and no more than mostNotices:
// then, as when the system has lost some, the folders are to be listed.
type notices struct {
	watcher *fsnotify.Watcher
	bell    chan struct{} // has one element if there is something to take
	pump    sync.WaitGroup

	mu    sync.Mutex
	paths map[string]struct{}
	lost  bool
}

const mostNotices = 100_000

func newNotices() (*notices, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	n := &notices{watcher: w, bell: make(chan struct{}, 1), paths: map[string]struct{}{}}
	n.pump.Go(n.collect)
	return n, nil
}

func (n *notices) close() {
	n.watcher.Close() // its error would say that it was closed before
	n.pump.Wait()
}

// collect takes what the system says until the watcher is closed.
func (n *notices) collect() {
	events, errs := n.watcher.Events, n.watcher.Errors
	for events != nil || errs != nil {
		select {
		case e, open := <-events:
			if !open {
				events = nil
			} else if e.Op != fsnotify.Chmod {
				n.add(filepath.Clean(e.Name), false)
			}
		case _, open := <-errs:
			if !open {
				errs = nil
			} else {
				n.add("", true) // an overflow, or what may be one
			}
		}
	}
}

func (n *notices) add(path string, lost bool) {
	n.mu.Lock()
	if len(n.paths) >= mostNotices {
		clear(n.paths)
		lost = true
	}
	if n.lost = n.lost || lost; path != "" {
		n.paths[path] = struct{}{}
	}
	n.mu.Unlock()
	select {
	case n.bell <- struct{}{}:
	default:
	}
}

// take returns what has happened since it was last called.
func (n *notices) take() (paths map[string]struct{}, lost bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	paths, lost = n.paths, n.lost
	n.paths, n.lost = map[string]struct{}{}, false
	return paths, lost
}

// tree has a folder, which may be a link to one, and those below it watched, but for those that no run enters. It calls
// found with each file that is there: it may have come before its folder was watched. The error says that not all can
// be watched.
func (n *notices) tree(top string, enters func(folder string) bool, found func(path string)) error {
	var failed error
	top += string(filepath.Separator) // else a link is not followed
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // it went meanwhile, or the run says that it cannot be read
		case !d.IsDir() && path != top:
			found(filepath.Clean(path))
			return nil
		case path != top && !enters(path):
			return fs.SkipDir
		}
		if err := n.watcher.Add(filepath.Clean(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = err
			return fs.SkipAll
		}
		return nil
	})
	return errors.Join(failed, err)
}

// isEntered reports whether a run enters a folder below one that was named: no hidden one, and neither that for the
// outputs nor one of another run.
func isEntered(folder, outputs string) bool {
	if strings.HasPrefix(filepath.Base(folder), ".") {
		return false
	}
	if info, err := os.Stat(folder); err == nil {
		if own, err := os.Stat(outputs); err == nil && os.SameFile(info, own) {
			return false
		}
	}
	_, err := os.Lstat(filepath.Join(folder, store.LedgerName))
	return err != nil
}
