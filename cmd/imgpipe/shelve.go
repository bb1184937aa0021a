package main

import (
	"errors"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
)

// Shelve has the plans of items that wait for a slow host take no memory: the name and whether the item is suspect are
// all that cannot be found again.
func (a *archive) Shelve(dst []byte, planned pipeline.Place) ([]byte, bool) {
	p, ok := planned.(*place)
	if !ok || p.skip != "" {
		return dst, false
	}
	suspect := byte(0)
	if p.suspect {
		suspect = 1
	}
	dst, err := p.name.AppendText(append(dst, suspect))
	return dst, err == nil
}

// Unshelve undoes Shelve.
func (a *archive) Unshelve(item fetch.Item, b []byte) (pipeline.Place, error) {
	if len(b) == 0 {
		return nil, errors.New("the bytes are not those of a plan")
	}
	var name store.Name
	if err := name.UnmarshalText(b[1:]); err != nil {
		return nil, err
	}
	return &place{in: a, key: a.key(item, name.String()), name: name, suspect: b[0] == 1}, nil
}

// Shelve and Unshelve keep nothing, as there is nothing.
func (nullStore) Shelve(dst []byte, _ pipeline.Place) ([]byte, bool)  { return dst, true }
func (nullStore) Unshelve(fetch.Item, []byte) (pipeline.Place, error) { return nullPlace{}, nil }
