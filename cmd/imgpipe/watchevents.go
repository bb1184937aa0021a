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

// tree has a folder and those below it watched, but for those that no run enters. It calls found with each file that
// is there: it may have come before its folder was watched. The error says that not all can be watched.
func (n *notices) tree(top, outputs string, found func(path string)) error {
	own, _ := os.Stat(outputs)
	var failed error
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // it went meanwhile, or the run says that it cannot be read
		case !d.IsDir() && path != top:
			found(filepath.Clean(path))
			return nil
		case path != top && (strings.HasPrefix(d.Name(), ".") || isOutputs(path, own)):
			return fs.SkipDir
		}
		if err := n.watcher.Add(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = err
			return fs.SkipAll
		}
		return nil
	})
	return errors.Join(failed, err)
}

// isOutputs reports whether a folder is that for the outputs, or one of another run.
func isOutputs(path string, own os.FileInfo) bool {
	info, err := os.Stat(path)
	if err == nil && own != nil && os.SameFile(info, own) {
		return true
	}
	_, err = os.Lstat(filepath.Join(path, store.LedgerName))
	return err == nil
}
