package store

import (
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// InPlace is the status of the first line of a ledger that is for [Options.InPlace]. The line is no item's.
const InPlace pipeline.Status = "in-place"

// A swaps is what a Store knows besides where outputs take the places of their inputs.
type swaps struct {
	// made has where the ledger has a line with an output of that content, by contentHash, and sizes the lengths of
	// all of them: only a file of such a length is read to find out whether it is one. Both are guarded by Store.mu.
	made  map[uint64]int64
	sizes map[int64]struct{}
	// marked reports that the ledger has its first line.
	marked bool

	// What Plan has decided in this run: the files that are replaced or made, and the names of originals, by pathHash.
	taken map[string]int
	kept  map[uint64]struct{}
}

func newSwaps() *swaps {
	return &swaps{
		made: map[uint64]int64{}, sizes: map[int64]struct{}{}, taken: map[string]int{}, kept: map[uint64]struct{}{},
	}
}

// A swap is an input whose place an output is to take.
type swap struct {
	path   string // of the input: absolute, with the links of folders followed
	seen   File   // what was there when it was planned
	target string // of the output: another path only if its format is another one
	kept   string // the name of the input in the folder of originals
}

// contentHash knows the data of a file. Whoever finds it compares the whole SHA-256.
func contentHash(c Content) uint64 { return hash64(c.SHA256[:]) }

// checkInPlace returns an error if outputs cannot take the places of inputs as o says.
func (o Options) checkInPlace() error {
	switch {
	case !o.InPlace:
		return nil
	case o.Files != nil:
		return errors.New("an output in place of its input has no other place")
	case !o.Part.Whole():
		return errors.New("outputs in place of their inputs are not made by parts: expected the whole input")
	case o.Name != "":
		return errors.New("an output in place of its input keeps its name")
	case len(o.Spec.Labels()) > 1 || len(o.Spec.Formats) > 1 || o.Spec.Smallest:
		return errors.New("one output takes the place of an input: expected one size and one format")
	case o.Spec.RawPreview:
		return errors.New("a preview does not take the place of a raw file")
	case o.OnExist != Suffix:
		return errors.New("an output in place of its input replaces that alone")
	}
	return nil
}

// enter notes that a line has an output of that content. The lock is held, or nobody else has s yet.
func (m *swaps) enter(c Content, at int64) {
	m.made[contentHash(c)] = at
	m.sizes[c.Size] = struct{}{}
}

// loadMade reads from the ledger what its outputs hold.
func (s *Store) loadMade() error {
	_, err := scan(io.NewSectionReader(s.file, 0, s.flushed), func(at int64, text []byte) {
		l, skipped, ok := glanceAt(at, text)
		if !ok || len(l.paths) == 0 {
			return
		}
		text = text[skipped:]
		for _, p := range l.paths {
			if c, ok := toldOf(text, p); ok {
				s.swaps.enter(c, at+skipped)
			}
		}
	})
	return err
}

// toldOf returns what a line says of an output, whoever wrote the line.
func toldOf(line []byte, name string) (c Content, known bool) {
	if c, known = glanceContent(line, name); known {
		return c, true
	}
	e, err := parseLine(line)
	if err != nil {
		return c, false
	}
	for _, o := range e.Outputs {
		if o.Path == name && !o.Kept {
			return contentOf(o)
		}
	}
	return c, false
}

// mixes reports whether a line of the ledger shows that the folder is of the other kind: one for originals, or one for
// outputs.
func (s *Store) mixes(l glanced) bool {
	if l.status == InPlace {
		return s.swaps == nil
	}
	for _, p := range l.paths {
		if filepath.IsAbs(filepath.FromSlash(p)) != (s.swaps != nil) {
			return true
		}
	}
	return false
}

// mixedError is the error of Open in a folder of the other kind.
func (s *Store) mixedError() error {
	what := "it has the originals of files that were replaced, which no output may meet"
	if s.swaps != nil {
		what = "it has outputs of other runs: expected a folder of its own for the originals"
	}
	return &Error{Kind: pipeline.ClassLedger, Doing: "open output folder " + s.dir, fatal: true,
		Err: errors.New(what), Hint: hintOtherFolder}
}

// markInPlace writes the first line of a ledger: whatever becomes of this run, no other kind of run uses the folder.
func (s *Store) markInPlace() error {
	if s.swaps == nil || s.swaps.marked {
		return nil
	}
	if err := s.append(Entry{Status: InPlace, Source: "originals"}, hash64([]byte(InPlace))); err != nil {
		return err
	}
	return s.flush()
}

// planInPlace is plan where outputs take the places of their inputs.
func (s *Store) planInPlace(item fetch.Item) (*place, error) {
	p := &place{in: s, key: s.key(item, "")}
	if item.Err != nil {
		p.skip.Why, _ = s.leftOut(p.key) // no failure of it lasts: a file that was not there may come
		return p, nil
	}
	doing := "replace " + fetch.Redact(item.Source)
	refuse := func(kind, format string, args ...any) (*place, error) {
		return nil, &Error{Kind: kind, Doing: doing, Err: fmt.Errorf(format, args...)}
	}
	if !item.Local() {
		return refuse(fetch.ClassRefused, "it is no file of this machine: expected a file, which can be replaced")
	}
	if _, inside := s.tree.Rel(item.Source); inside {
		return refuse(pipeline.ClassOutputIsInput, "it lies in the folder of the originals, which stay as they are")
	}
	abs, _ := s.identify(item)
	if _, again := s.swaps.taken[abs]; again {
		p.skip.Why = "named before in this run"
		return p, nil
	}
	dir, err := openHand(filepath.Dir(abs))
	if err != nil {
		return nil, inputError(doing, err)
	}
	defer dir.close()
	base := filepath.Base(abs)
	st, err := dir.stat(base)
	if err != nil {
		return nil, inputError(doing, err)
	}
	w := &swap{path: abs, seen: st.file(), target: abs}
	if w.seen.Kind != Regular {
		return refuse(fetch.ClassRead, "it is no regular file: expected one, and not a symbolic link to it")
	}
	if st.size != item.Size || st.changed != item.ModTime.UnixNano() {
		return refuse(pipeline.ClassChanged, "it was changed after it was listed")
	}
	p.swap = w
	s.swaps.taken[abs] = item.Index
	if e, made := s.madeBefore(dir, base, w.seen); made {
		p.skip.Why = "made in place before"
		if e.Status != Left && e.Spec != asJSON(s.text) {
			p.skip.Why += ", with other options"
			s.planning.Lock()
			s.planned.Made.add(item, "")
			s.planning.Unlock()
		}
		return p, nil
	}
	if s.decide(p, nil); p.skip.Why != "" {
		return p, nil
	}
	if w.target, err = s.targetOf(abs, item); err != nil {
		return nil, err
	}
	if w.target != abs {
		if err := s.claimTarget(doing, dir, w, item.Index); err != nil {
			return nil, err
		}
	}
	w.kept, err = s.keptName(doing, dir, w, path.Join(item.Dir, filepath.ToSlash(base)))
	return p, err
}

// targetOf returns where an input's output goes: to the input's own path, unless another format is asked for than that
// of the input.
func (s *Store) targetOf(file string, item fetch.Item) (string, error) {
	found := transform.Sniff(item.Head) // a few bytes at fixed places, which are safe to look at in this process
	if asked := s.opts.Spec.Formats; len(asked) > 0 {
		return withFormat(file, found, asked[0]), nil
	}
	if found != "" && !found.Writable() {
		return "", cannotStay("replace "+item.Source, found)
	}
	return file, nil
}

// cannotStay is the error of an input whose format cannot be written.
func cannotStay(doing string, f transform.Format) error {
	return &Error{Kind: transform.ClassUnsupported, Doing: doing,
		Err:  fmt.Errorf("its format, %s, can be read and not written: expected another one to be asked for", f),
		Hint: HintAskFormat,
	}
}

// withFormat returns the path of a file whose format changes, or stays.
func withFormat(file string, from, to transform.Format) string {
	if from == to {
		return file
	}
	dir, base := filepath.Split(file)
	return dir + stemOf(base) + "." + to.Ext()
}

// stemOf returns the name of a file without its extension.
func stemOf(base string) string { return fetch.Item{Source: base}.Stem() }

// claimTarget takes the name of an output that is not its input's. A file that is there is replaced if this Store has
// made it of the same input, and no other one is.
func (s *Store) claimTarget(doing string, dir hand, w *swap, index int) error {
	if by, taken := s.swaps.taken[w.target]; taken {
		return &Error{Kind: pipeline.ClassNameTaken, Doing: doing,
			Err: fmt.Errorf("item %d of the input has the name %s", by+1, filepath.Base(w.target))}
	}
	base := filepath.Base(w.target)
	if st, err := dir.stat(base); err == nil && !s.isMade(dir, base, st.file(), sourceHash(w.path)) {
		return targetError(doing, base)
	}
	s.swaps.taken[w.target] = index
	return nil
}

// targetError is the error of an output whose name another file has.
func targetError(doing, base string) error {
	return &Error{Kind: pipeline.ClassExists, Doing: doing,
		Err:  fmt.Errorf("its output would be %s, and another file is there", base),
		Hint: hintMoveTarget,
	}
}

// madeBefore returns the line that has a file as an output, by the file's content, wherever it lies now.
func (s *Store) madeBefore(dir hand, base string, st File) (e Entry, made bool) {
	s.mu.Lock()
	_, like := s.swaps.sizes[st.Size]
	s.mu.Unlock()
	if !like {
		return e, false
	}
	c, err := dir.digest(base)
	if err != nil {
		return e, false
	}
	return s.lineOf(c)
}

// lineOf returns the last line that has an output of that content.
func (s *Store) lineOf(c Content) (e Entry, made bool) {
	s.mu.Lock()
	at, known := s.swaps.made[contentHash(c)]
	s.mu.Unlock()
	if !known {
		return e, false
	}
	e, err := s.readLine(at)
	if err != nil {
		return e, false
	}
	for _, o := range e.Outputs {
		if got, ok := contentOf(o); ok && got == c {
			return e, true
		}
	}
	return e, false
}

// isMade reports whether a file is what a run made of a source.
func (s *Store) isMade(dir hand, base string, st File, source uint64) bool {
	e, made := s.madeBefore(dir, base, st)
	return made && st.Kind == Regular && e.sourceHash() == source
}

// keptName returns the first name for an original that is free, or has it already: a.jpg, a-2.jpg and so on. So names
// depend on the inputs, their order and what is kept already, and no original replaces another.
func (s *Store) keptName(doing string, dir hand, w *swap, name string) (string, error) {
	var own Content
	for n := 1; n <= mostNumbered; n++ {
		kept := numbered(name, n)
		if _, taken := s.swaps.kept[pathHash(kept)]; taken || reservedKept(kept) {
			continue
		}
		st, err := s.statKept(kept)
		if err == nil && st.Kind == Regular && st.Size == w.seen.Size {
			if own == (Content{}) {
				if own, err = dir.digest(filepath.Base(w.path)); err != nil {
					return "", inputError(doing, err)
				}
			}
			if c, err := s.digestKept(kept); err == nil && c == own {
				st = File{}
			}
		}
		if st.Kind == Nothing {
			s.swaps.kept[pathHash(kept)] = struct{}{}
			return kept, nil
		}
	}
	return "", &Error{Kind: pipeline.ClassNameTaken, Doing: doing,
		Err: fmt.Errorf("the folder of the originals has %d files of its name", mostNumbered)}
}

// mostNumbered is how many originals can have one name but for a number.
const mostNumbered = 10_000

// numbered returns a name with a number before its extension, from 2 on.
func numbered(name string, n int) string {
	if n == 1 {
		return name
	}
	dir, base := path.Split(name)
	stem := stemOf(base)
	return dir + stem + "-" + strconv.Itoa(n) + base[len(stem):]
}

// reservedKept reports whether the folder of originals has a name for something else.
func reservedKept(name string) bool {
	top, _, _ := strings.Cut(name, "/")
	return IsLedger(name) || IsTemp(top)
}
