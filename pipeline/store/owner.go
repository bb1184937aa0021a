package store

import (
	"bytes"
	"encoding/json"
	"path"
	"strconv"
	"strings"
)

// An owner says whose a file is. The zero value is nobody.
type owner struct {
	line   int64  // 1 + where its last line begins; placed if it has no line yet; 0 if it is not ours
	source uint64 // the sourceHash of the item of that line; 0 if that is not known
	item   int32  // 1 + the index of the item of this run that has the name; 0 if none has
}

const placed = -1

// sourceHash knows an item's source as a line holds it. It is never 0.
func sourceHash(source string) uint64 { return max(hash64([]byte(asJSON(source))), 1) }

// sourceHash is that of the source in a line; 0 where that is not known.
func (g glanced) sourceHash() uint64 {
	if g.by != 0 || len(g.source) <= len(`""`) {
		return g.by
	}
	if bytes.IndexByte(g.source, '\\') < 0 {
		return max(hash64(g.source[1:len(g.source)-1]), 1)
	}
	var s string
	if json.Unmarshal(g.source, &s) != nil {
		return 0
	}
	return sourceHash(s)
}

// sourceHash is that of e's source; 0 where that is not known.
func (e *Entry) sourceHash() uint64 {
	if e.Status != Left {
		return sourceHash(e.Source)
	}
	by, _ := strconv.ParseUint(e.By, 16, 64)
	return by
}

// own enters the owner of the files of a line, which begins at an offset. The lock is held, or nobody else has s yet.
func (s *Store) own(paths []string, name string, source uint64, at int64) {
	for _, p := range paths {
		hash := pathHash(p)
		own := s.owned[hash]
		own.line, own.source = at+1, source
		s.owned[hash] = own
		delete(s.fresh, hash)
		if s.swaps == nil {
			s.tree.note(path.Dir(p))
		}
	}
	if len(paths) > 0 && sized(name) {
		s.sized[sizedHash(name)] = source
	}
}

// disown enters that files are nobody's any more. The lock is held, or nobody else has s yet.
func (s *Store) disown(paths []string, name string, source uint64) {
	for _, p := range paths {
		hash := pathHash(p)
		if own := s.owned[hash]; own.item != 0 {
			s.owned[hash] = owner{item: own.item}
		} else {
			delete(s.owned, hash)
		}
	}
	if sized(name) && s.sized[sizedHash(name)] == source {
		delete(s.sized, sizedHash(name))
	}
}

// sized reports whether a name, as a line holds it, has a field that only the output decides, beside format and label.
func sized(name string) bool { return strings.Count(name, "{") > 1 && sizedMarks.Replace(name) != name }

// sizedHash is the same for two names that could become one with some width and height.
func sizedHash(name string) uint64 {
	return hash64(withoutDigits(appendFolded(nil, sizedMarks.Replace(name))))
}

// sizedMarks has the marks in the place of such fields.
var sizedMarks = func() *strings.Replacer {
	var pairs []string
	for _, f := range []field{
		fieldWidth, fieldHeight, fieldDate, fieldYear, fieldMonth, fieldDay, fieldCamera,
	} {
		pairs = append(pairs, "{"+fields[f].name+"}", string(rune(marks[f])))
	}
	return strings.NewReplacer(pairs...)
}()

// recorded returns the content that a file of ours had when it was put in place, by its line in the ledger. It reports
// whether that is known.
func (s *Store) recorded(name string, own owner) (Content, bool) {
	if own.line <= 0 {
		return Content{}, false
	}
	line, err := s.readText(own.line - 1)
	if err != nil {
		return Content{}, false
	}
	if c, ok := glanceContent(line, name); ok {
		return c, true
	}
	e, err := parseLine(line)
	if err != nil {
		return Content{}, false
	}
	hash := pathHash(name)
	for _, o := range e.Outputs {
		if !o.Kept && pathHash(o.Path) == hash {
			return contentOf(o)
		}
	}
	return Content{}, false
}

// mark enters that a file is put in place now: from here on it is ours, and has no line. undo takes that back.
func (s *Store) mark(name Name, f *pending) (undo func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, known := s.fresh[f.hash]
	old := s.owned[f.hash]
	own := old
	if own.line == 0 {
		own.line = placed
	}
	own.source = name.mine[0]
	s.owned[f.hash], s.fresh[f.hash] = own, f.content
	s.tree.note(path.Dir(f.out.Path))
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.owned[f.hash] = old
		if known {
			s.fresh[f.hash] = before
		} else {
			delete(s.fresh, f.hash)
		}
	}
}

// An ownership says whose the files of a name are.
type ownership struct {
	mine   bool     // the item's own, as far as that is known
	known  bool     // it is known to be the item's own
	others []uint64 // the sourceHash of other items
}

// owners returns whose files have the names that an item's outputs could have, whether or not the files are still
// there.
func (s *Store) owners(name Name, want formatSet) (o ownership) {
	count := func(source uint64, ours bool) {
		switch {
		case !ours:
		case source == 0 || name.isMine(source):
			o.mine, o.known = true, o.known || source != 0
		default:
			o.others = append(o.others, source)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if name.hasSize() {
		source, ours := s.sized[sizedHash(name.String())]
		count(source, ours)
		return o
	}
	for _, label := range name.each() {
		label = inName(label)
		for f := range want.each {
			own := s.owned[pathHash(name.fill(label, f.Ext(), "", ""))]
			count(own.source, own.line != 0)
		}
		if strings.IndexByte(name.pattern, markSize) < 0 {
			break
		}
	}
	return o
}
