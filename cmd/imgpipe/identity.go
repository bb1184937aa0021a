package main

import (
	"sync"

	"imgpipe/fetch"
	"imgpipe/pipeline"
)

// identities remember the last item that was identified: the run asks for each item several times in a row.
type identities struct {
	mu           sync.Mutex
	source, last string
	ours         bool
}

// identify returns what the ledger calls an item's source, and whether the item is what a run wrote into the output
// folder. Of a file that is its absolute path, so that it is one input however it is named; of a URL it is the URL,
// without secrets.
func (a *archive) identify(item fetch.Item) (id string, ours bool) {
	if !item.Local() || item.Err != nil && pipeline.ClassOf(item.Err) == fetch.ClassRecord { // a line of a list is no file
		return fetch.Redact(item.Source), false
	}
	k := &a.known
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.source != item.Source || item.Source == "" {
		k.source = item.Source
		k.last, k.ours = a.store.Identify(item.Source)
	}
	return k.last, k.ours
}

// wrote reports whether an item is what this run or an earlier one wrote into the output folder.
func (a *archive) wrote(item fetch.Item) bool {
	_, ours := a.identify(item)
	return ours
}
