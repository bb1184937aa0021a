package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"

	"imgpipe/pipeline"
	"imgpipe/transform"
)

// pending is one output on its way.
type pending struct {
	content Content
	out     pipeline.Output
	data    []byte
	hash    uint64
	staged  Staged // nil before it is, and once it has its name

	// What was known of the name before this item had it.
	own             owner
	last            Content // what a file of ours held, where lasting
	lasting, others bool    // others: the file is another item's

	// What was found.
	there bool // a file with its bytes
	over  File // what it is to replace
}

// claim takes the name for the item.
func (s *Store) claim(name Name, f *pending) error {
	doing := "write " + f.out.Path
	me := int32(name.index + 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.temp == nil {
		return s.closedError(doing)
	}
	own := s.owned[f.hash]
	if own.item != 0 && own.item != me {
		err := fmt.Errorf("item %d of the input has the name", own.item)
		return &Error{Kind: pipeline.ClassNameTaken, Doing: doing, Err: err}
	}
	f.others = own.line != 0 && own.source != 0 && !name.isMine(own.source)
	if f.others && s.opts.OnExist != Skip {
		return othersError(doing)
	}
	f.own = own
	f.last, f.lasting = s.fresh[f.hash]
	own.item = me
	s.owned[f.hash] = own
	return nil
}

// othersError is the error of a name that belongs to the picture of another input.
func othersError(doing string) *Error {
	return &Error{
		Kind: pipeline.ClassNameTaken, Doing: doing,
		Err:  errors.New("the ledger says that the name is that of another input's picture"),
		Hint: HintTellApart,
	}
}

// look decides what to do about a file that has the name. Nothing else lets an output replace a file: [Staged.Put]
// replaces what look has found, and only that.
func (s *Store) look(name Name, f *pending) error {
	doing := "write " + f.out.Path
	f.there, f.over = false, File{}
	err := s.ask("lstat", f.out.Path)
	var st File
	if err == nil {
		st, err = s.stat(f.out.Path)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && f.others:
		return othersError(doing)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return outputError(doing, err)
	case s.opts.Files == nil && name.file != "" && s.isFile(name.file, f.out.Path):
		return &Error{
			Kind: pipeline.ClassOutputIsInput, Doing: doing,
			Err:  fmt.Errorf("it would be written over its input %s", name.file),
			Hint: HintOtherName,
		}
	case s.opts.Files == nil && s.opts.Originals.Has(filepath.Join(s.dir, filepath.FromSlash(f.out.Path))):
		return &Error{
			Kind: pipeline.ClassOutputIsInput, Doing: doing,
			Err:  errors.New("it would be written over the input of another item, or another file that the run reads"),
			Hint: HintOtherName,
		}
	case st.Kind == Folder:
		return &Error{
			Kind: pipeline.ClassExists, Doing: doing, Err: errors.New("a folder has the name"),
			Hint: HintMoveOrName,
		}
	case !f.others && s.isOurs(f, st):
		return nil
	case !f.others && s.mayBeTorn(f, st) && s.isTorn(f.out.Path, f.data):
		f.over = st // nothing is lost with it
		return nil
	case s.opts.OnExist == Skip:
		f.out = pipeline.Output{Path: f.out.Path, Bytes: st.Size, Format: f.out.Format, Kept: true}
		return nil
	case s.opts.OnExist == Overwrite && s.opts.Files == nil && s.isOthers(name, f.out.Path):
		return othersError(doing)
	case s.opts.OnExist == Overwrite:
		f.over = st
		return nil
	}
	what := "a file that imgpipe did not write is there"
	if f.own.line != 0 {
		what = "the file there is not the one that imgpipe wrote"
	}
	return &Error{
		Kind: pipeline.ClassExists, Doing: doing, Err: errors.New(what),
		Hint: HintMoveOrAllow,
	}
}

// mayBeTorn reports whether a power failure could have left a part of an output in its place.
func (s *Store) mayBeTorn(f *pending, st File) bool {
	return s.opts.Files == nil && (s.doubt.torn || f.own.line != 0) && st.Kind == Regular && st.Size <= f.content.Size
}

// isOurs reports whether the file that was found is ours by its content, and says in f what to do with it. Its content
// is read only where its length is right.
func (s *Store) isOurs(f *pending, st File) bool {
	if st.Kind != Regular {
		return false
	}
	if !f.lasting {
		f.last, f.lasting = s.recorded(f.out.Path, f.own)
	}
	ours := f.lasting && st.Size == f.last.Size
	if !ours && st.Size != f.content.Size {
		return false
	}
	c, ok := s.digest(f.out.Path)
	if now, err := s.stat(f.out.Path); !ok || err != nil || now != st {
		return false
	}
	switch {
	case c == f.content:
		f.there = true
	case ours && c == f.last:
		f.over = st
	default:
		return false
	}
	return true
}

// isOthers reports whether what has an output's name is another item's file: a symbolic link may have a folder of the
// output folder be another one of it, too, so that two names are one.
func (s *Store) isOthers(name Name, output string) bool {
	top, err := filepath.EvalSymlinks(s.dir)
	if err != nil {
		return false
	}
	dir, err := filepath.EvalSymlinks(filepath.Join(s.dir, filepath.FromSlash(path.Dir(output))))
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(top, filepath.Join(dir, path.Base(output)))
	if err != nil {
		return false
	}
	hash := pathHash(filepath.ToSlash(rel))
	if hash == pathHash(output) {
		return false // claim has seen to it
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	own := s.owned[hash]
	return own.line != 0 && !name.isMine(own.source)
}

// Present reports whether, with Skip, an item need not even be fetched, because each of its outputs has a file already.
// It reports false if names depend on the width or height of the output, or if files may be torn. list are the formats
// of each size, or none if they are not known: then a file of any format is enough for a size.
func (s *Store) Present(name Name, list []transform.Format) ([]pipeline.Output, bool) {
	if s.opts.OnExist != Skip || s.opts.Force || name.hasSize() || s.doubt.torn {
		return nil, false
	}
	var kept []pipeline.Output
	wanted := 0
	for _, label := range name.each() {
		before := len(kept)
		for f := range setOf(list).each {
			if out, ok := s.stranger(name.Path(transform.Output{Label: label, Format: f})); ok {
				out.Format = f
				kept = append(kept, out)
			}
		}
		if len(list) == 0 { // one of any format is enough
			kept = kept[:min(len(kept), before+1)]
		}
		wanted += max(len(list), 1)
	}
	return kept, len(kept) == wanted
}

// stranger returns a file that is not ours as an output that was kept. It reports whether there is one.
func (s *Store) stranger(file string) (pipeline.Output, bool) {
	s.mu.Lock()
	own := s.owned[pathHash(file)]
	s.mu.Unlock()
	if own.line != 0 {
		return pipeline.Output{}, false
	}
	st, err := s.glance(file)
	return pipeline.Output{Path: file, Bytes: st.Size, Kept: true}, err == nil && st.Kind == Regular
}
