package pipeline

import (
	"encoding/binary"
	"errors"

	"imgpipe/fetch"
)

// A Shelver is a [Store] whose Places can be turned into bytes and back, so that any number of items can wait for a
// slow host without taking memory. For a Store that is no Shelver, a few thousand items wait in memory; when there are
// more, the input is not read until some of them are done. Both methods are called from one goroutine, which is not
// that of Plan.
type Shelver interface {
	// Shelve appends to dst what Unshelve needs to make p again, which Plan returned for a URL and which is not to be
	// skipped. It reports whether it can.
	Shelve(dst []byte, p Place) ([]byte, bool)
	// Unshelve returns the Place of item again. It does not keep b.
	Unshelve(item fetch.Item, b []byte) (Place, error)
}

// aside returns how planned jobs are put outside of memory; nil if the Store cannot do that.
func (r *runner) aside() *fetch.Aside[*job] {
	s, ok := r.Store.(Shelver)
	if !ok {
		return nil
	}
	return &fetch.Aside[*job]{
		Put: func(dst []byte, j *job) ([]byte, bool) {
			if j.Item.Local() || j.Item.Err != nil {
				return dst, false
			}
			return s.Shelve(appendItem(dst, j.Item), j.Place)
		},
		Get: func(b []byte) (*job, error) {
			item, b, err := cutItem(b)
			if err != nil {
				return nil, err
			}
			j := newJob(item)
			j.state = statePlanned // as which the one that was put is counted still
			j.Place, err = s.Unshelve(item, b)
			return j, err
		},
	}
}

// appendItem appends an item that is no file of this machine to dst.
func appendItem(dst []byte, item fetch.Item) []byte {
	dst = binary.AppendUvarint(dst, uint64(item.Index))
	dst = binary.AppendUvarint(dst, uint64(max(item.Size, 0)))
	dst = binary.AppendUvarint(dst, uint64(item.Row))
	changed := ""
	if b, err := item.ModTime.MarshalBinary(); err == nil && !item.ModTime.IsZero() {
		changed = string(b)
	}
	for _, s := range []string{item.Scheme, item.Source, item.Dir, item.Version, changed,
		string(item.Columns), string(item.Want)} {
		dst = binary.AppendUvarint(dst, uint64(len(s)))
		dst = append(dst, s...)
	}
	return dst
}

// cutItem cuts what appendItem appended from the beginning of b.
func cutItem(b []byte) (item fetch.Item, rest []byte, err error) {
	index, b, err := number(b)
	if err != nil {
		return item, nil, err
	}
	size, b, err := number(b)
	if err != nil {
		return item, nil, err
	}
	row, b, err := number(b)
	if err != nil {
		return item, nil, err
	}
	var changed, columns, want string
	for _, s := range []*string{&item.Scheme, &item.Source, &item.Dir, &item.Version, &changed, &columns, &want} {
		var n uint64
		if n, b, err = number(b); err != nil || n > uint64(len(b)) {
			return item, nil, errShelved
		}
		*s, b = string(b[:n]), b[n:]
	}
	item.Index, item.Size, item.Row = int(index), int64(size), int(row)
	item.Columns, item.Want = fetch.Columns(columns), fetch.Digest(want)
	if item.Source == "" || changed != "" && item.ModTime.UnmarshalBinary([]byte(changed)) != nil {
		return item, nil, errShelved
	}
	return item, b, nil
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
