package pipeline

import (
	"encoding/binary"
	"errors"

	"imgpipe/fetch"
)

// A Shelver is a [Store] whose Places can be turned into bytes and back, so that any number of items can wait for a
// slow host without taking memory. Of another Store's items a few thousand wait, and the input is not read meanwhile.
// Both methods are called from one goroutine, which is not that of Plan.
type Shelver interface {
	// Shelve appends to dst what Unshelve needs to make p again, which Plan returned for a URL and which is not to be
	// skipped. It reports whether it can.
	Shelve(dst []byte, p Place) ([]byte, bool)
	// Unshelve returns the Place of item again. It does not keep b.
	Unshelve(item fetch.Item, b []byte) (Place, error)
}

// aside returns how planned jobs are put outside of memory; nil where the Store cannot do that.
func (r *runner) aside() *fetch.Aside[*job] {
	s, ok := r.Store.(Shelver)
	if !ok {
		return nil
	}
	return &fetch.Aside[*job]{
		Put: func(dst []byte, j *job) ([]byte, bool) {
			if !j.Item.URL || j.Item.Err != nil {
				return dst, false
			}
			dst = binary.AppendUvarint(dst, uint64(j.Item.Index))
			for _, s := range []string{j.Item.Source, j.Item.Dir} {
				dst = binary.AppendUvarint(dst, uint64(len(s)))
				dst = append(dst, s...)
			}
			return s.Shelve(dst, j.Place)
		},
		Get: func(b []byte) (*job, error) {
			index, b, err := number(b)
			if err != nil {
				return nil, err
			}
			item := fetch.Item{Index: int(index), URL: true}
			for _, s := range []*string{&item.Source, &item.Dir} {
				var n uint64
				if n, b, err = number(b); err != nil || n > uint64(len(b)) {
					return nil, errShelved
				}
				*s, b = string(b[:n]), b[n:]
			}
			if item.Source == "" {
				return nil, errShelved
			}
			j := newJob(item)
			j.Place, err = s.Unshelve(item, b)
			return j, err
		},
	}
}

var errShelved = errors.New("it does not hold what was written")

// number cuts a uvarint from the beginning of b.
func number(b []byte) (uint64, []byte, error) {
	n, size := binary.Uvarint(b)
	if size <= 0 {
		return 0, nil, errShelved
	}
	return n, b[size:], nil
}
