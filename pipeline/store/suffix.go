package store

// A candidate is a name for an item, with what is known about that name.
type candidate struct {
	src   Subject
	parts nameParts
	want  formatSet // the formats that the outputs could have
	name  Name
	keys  []uint64

	claimed bool // by an earlier item of this run
	by      int  // its index
	own     ownership
}

// free reports whether the item may have the name.
func (c *candidate) free() bool { return !c.claimed && len(c.own.others) == 0 }

// mineOf returns the hashes by which a ledger knows an item.
func mineOf(src Subject) (mine [2]uint64) {
	if src.ID == "" {
		src.ID = src.Source
	}
	mine[0] = sourceHash(src.ID)
	if src.Given != "" {
		mine[1] = sourceHash(src.Given)
	}
	return mine
}

// Heed has n avoid the names of files that, by the ledger of s, are those of other sources. Without it, n knows the
// items of this run only.
func (n *Namer) Heed(s *Store) { n.ledger = s }

// try makes the candidate the name with a suffix; 1 means no suffix.
func (n *Namer) try(c *candidate, suffix int) {
	c.name.pattern = n.expand(c.src, c.parts, suffix)
	c.keys = n.keys(c.keys[:0], c.name.pattern)
	c.claimed, c.own = false, ownership{}
	for _, k := range c.keys {
		if claim := n.claims[k]; claim.mask&c.want != 0 {
			c.claimed, c.by = true, int(claim.index)
			return
		}
	}
	if n.ledger != nil {
		c.own = n.ledger.owners(c.name, c.want)
	}
}

// mostKept bounds how many suffixes keep tries.
const mostKept = 100

// keep makes the candidate, which has been tried without a suffix, the name that the item has by the ledger, if a run
// gave it another one because more or fewer folders were walked.
func (n *Namer) keep(c *candidate) {
	if !n.hasDir || c.src.Folder == "" || c.own.known || !n.older() {
		return
	}
	folder := clean(c.src.Folder)
	others := [][]string{append([]string{folder}, c.parts.dir...)}
	if len(c.parts.dir) > 0 && c.parts.dir[0] == folder {
		others = append(others, c.parts.dir[1:])
	}
	for _, dir := range others {
		other := *c
		other.parts.dir, other.keys = dir, make([]uint64, 0, 8)
		for suffix := 1; suffix <= mostKept; suffix++ {
			n.try(&other, suffix)
			if other.free() && other.own.known {
				*c = other
				return
			}
			if other.free() {
				break // no later suffix has been used for this name
			}
		}
	}
}

// older reports whether the ledger had anything when the first item was planned. Without that, no item can have a name
// but that of this run.
func (n *Namer) older() bool {
	if !n.asked {
		n.asked = true
		if n.ledger != nil {
			n.ledger.mu.Lock()
			defer n.ledger.mu.Unlock()
			n.had = len(n.ledger.owned) > 0
		}
	}
	return n.had
}

// suffixes are what a Namer remembers of names that were taken, so that it tries each suffix of a name once. Without
// it, n equal names would take n² tries.
type suffixes struct {
	// next is the suffix to try first. All suffixes before it are claimed by items of this run, or belong to others by
	// the ledger.
	next map[nextKey]int
	// passed are the suffixes before next that no item of this run has claimed, by the source that the ledger has for
	// them: for that source they are free.
	passed map[passedKey][]int
}

type nextKey struct {
	name uint64
	mask formatSet
}

type passedKey struct {
	nextKey
	source uint64
}

// suffix takes the candidate, which is the name without a suffix, and makes it the first name with one that is free or
// is the item's own.
func (n *Namer) suffix(c *candidate) {
	first := nextKey{c.keys[0], c.want}
	for _, me := range c.name.mine {
		key := passedKey{first, me}
		for len(n.passed[key]) > 0 {
			n.try(c, n.passed[key][0])
			n.passed[key] = n.passed[key][1:]
			if c.free() {
				return
			}
		}
		delete(n.passed, key)
	}
	for suffix := max(2, n.next[first]); ; suffix++ {
		n.try(c, suffix)
		if c.free() {
			n.next[first] = suffix + 1
			return
		}
		for _, source := range c.own.others {
			key := passedKey{first, source}
			n.passed[key] = append(n.passed[key], suffix)
		}
	}
}
