package fetch

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"
)

// A lookahead looks at the files of one folder in a goroutine, ahead of who takes them. What hangs there is given up by
// who waits for it, and the files behind it are for another lookahead. To hand over a file costs no switch of
// goroutines, as long as there are some in store.
type lookahead struct {
	clock  *watch
	device uint64
	base   string // goes before the name in the path of each file

	mu      sync.Mutex
	found   []Item
	waiting bool // take waits for more
	full    bool // the goroutine waits for room
	left    bool // nobody takes any more
	hung    bool // and that is because the goroutine hangs
	more    chan struct{}
	room    chan struct{}
}

// mostAhead is how many files are looked at ahead; at half of it the goroutine goes on.
const mostAhead = 64

// lookAhead begins with the files of these names in the folder rel, which is what info says.
func (w *walk) lookAhead(rel string, info os.FileInfo, names []string) *lookahead {
	a := &lookahead{
		clock: w.clock, device: w.device, base: w.base(rel),
		// Each has room for one, so that who holds mu never waits to send.
		more: make(chan struct{}, 1), room: make(chan struct{}, 1),
	}
	look := &glance{walk: w, rel: rel, dir: w.dirOf(rel), info: info}
	go func() {
		defer look.close()
		for _, name := range names {
			path := a.base + name
			if w.clock.stall != nil {
				w.clock.stall(path)
			}
			if !a.put(look.file(path, name)) {
				return
			}
		}
	}()
	return a
}

// put hands over an item and reports whether to go on.
func (a *lookahead) put(item Item) bool {
	a.mu.Lock()
	if a.left {
		hung := a.hung
		a.mu.Unlock()
		if hung {
			a.clock.answered(spot{a.device, item.Source}, true)
		}
		return false
	}
	a.found = append(a.found, item)
	if a.waiting {
		a.waiting = false
		select {
		case a.more <- struct{}{}:
		default: // one from before is there still, if take found what it waited for when its time was over
		}
	}
	a.full = len(a.found) >= mostAhead
	full := a.full
	a.mu.Unlock()
	if full {
		<-a.room
	}
	return true
}

// take returns the next item, which has this name. An error, that of ctx or a *hungError, is the last thing it returns.
func (a *lookahead) take(ctx context.Context, name string) (Item, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if item, ok := a.next(); ok {
		a.clock.answered(spot{a.device, item.Source}, false)
		return item, nil
	}
	at := spot{a.device, a.base + name}
	limit, err := a.clock.limit(at, true)
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		a.waiting = true
		a.mu.Unlock()
		select {
		case <-a.more:
		case <-ctx.Done():
			err = ctx.Err()
		case <-timer.C:
			if err == nil {
				err = &hungError{after: limit}
			}
		}
		a.mu.Lock()
		if item, ok := a.next(); ok {
			a.clock.answered(at, false)
			return item, nil
		}
		if err != nil {
			a.clock.left(at)
			a.left, a.hung = true, true
			return Item{}, err
		}
	}
}

// next takes what was found first, with mu held.
func (a *lookahead) next() (Item, bool) {
	if len(a.found) == 0 {
		return Item{}, false
	}
	item := a.found[0]
	a.found[0] = Item{}
	a.found = a.found[1:]
	if a.full && len(a.found) <= mostAhead/2 {
		a.full = false
		a.room <- struct{}{}
	}
	return item, true
}

// leave ends the goroutine as soon as what it does returns.
func (a *lookahead) leave() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.left = true
	if a.full {
		a.full = false
		a.room <- struct{}{}
	}
}

// A glance is a folder whose files are looked at.
type glance struct {
	walk   *walk
	rel    string
	dir    string // of its items
	info   os.FileInfo
	folder folder
	opened bool
	err    error
}

// open opens the folder, at the first file.
func (l *glance) open() error {
	if l.opened || l.err != nil {
		return l.err
	}
	if l.folder, l.err = l.walk.origin.folder(l.rel); l.err != nil {
		return l.err
	}
	l.opened = true
	var now os.FileInfo
	if now, l.err = l.folder.stat(); l.err == nil && !os.SameFile(now, l.info) {
		l.err = errors.New("its folder is another than when it was read")
	}
	return l.err
}

func (l *glance) close() {
	if l.opened {
		l.folder.close()
	}
}

// file returns the Item of a file in the folder.
func (l *glance) file(path, name string) Item {
	item := Item{Source: path, from: l.walk.origin, device: l.walk.device, Dir: l.dir, Folder: l.walk.name}
	err := l.open()
	if err == nil {
		var st state
		if st, item.Head, err = l.folder.look(name, l.walk.heads); err == nil {
			err = regular(st.mode)
		}
		item.Size, item.ModTime = st.size, time.Unix(st.sec, st.nsec)
	}
	if err != nil {
		return Item{Source: path, Dir: l.dir, Folder: l.walk.name, Err: fileError("find", path, err)}
	}
	return item
}
