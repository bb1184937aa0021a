package store

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"imgpipe/pipeline"
)

// Pruned is the status of a line whose outputs were removed, because their input is gone. They are nobody's any more.
const Pruned pipeline.Status = "pruned"

// A Stray is an output of ours whose input is gone.
type Stray struct {
	// Path names the output in its Store, and Source was its input.
	Path, Source string
	// Keep says why the output stays; "" if it is to go.
	Keep string

	name    string // as its line has it
	content Content
	seen    File // the zero File if it is gone already
}

// Why a stray output stays.
const (
	keepEdited = "it is not as imgpipe wrote it"
	keepBehind = "it lies behind a symbolic link"
	keepCopy   = "it is a copy of its input, and may be the last one"
)

// Strays returns the outputs whose inputs are gone, in the order of the ledger and then of those of parts. They have
// their names still, and their input is a file that gone reports to be. An output that another input has made since is
// that one's. Strays reads each of them, since only what we wrote is to go. It must not be called while outputs are
// put.
//
// A Store of a [Part] has those of its own ledger alone. An input whose name is no valid UTF-8 is never gone, because
// the ledger cannot hold it, and neither is a URL.
func (s *Store) Strays(ctx context.Context, gone func(source string) bool) (strays []Stray, err error) {
	s.mu.Lock()
	end := s.end
	s.mu.Unlock()
	if s.root == nil {
		return nil, nil
	}
	strays, err = s.straysIn(ctx, io.NewSectionReader(all{s}, 0, end), 0, gone)
	if !s.opts.Part.Whole() {
		return strays, err
	}
	for i := int64(0); i < int64(len(s.others)) && err == nil; i++ { // which a Store that only reads has not absorbed
		err = s.readOther(i, func(f *os.File) error {
			more, err := s.straysIn(ctx, io.NewSectionReader(f, 0, otherLedger), (i+1)*otherLedger, gone)
			strays = append(strays, more...)
			return err
		})
	}
	return strays, err
}

// straysIn returns those of one ledger, which begins at an offset.
func (s *Store) straysIn(ctx context.Context, r io.Reader, base int64, gone func(string) bool) ([]Stray, error) {
	var strays []Stray
	var failed error
	_, err := scan(r, func(at int64, text []byte) {
		if failed = ctx.Err(); failed != nil {
			return
		}
		l, skipped, ok := glanceAt(at, text)
		at += base + skipped
		if !ok || l.status == Pruned || !s.ownsAny(l.paths, at) {
			return
		}
		var source string
		if json.Unmarshal(l.source, &source) != nil || !filepath.IsAbs(source) ||
			strings.ContainsRune(source, utf8.RuneError) || !gone(source) {
			return
		}
		for _, p := range l.paths {
			if s.ownsAny([]string{p}, at) {
				strays = append(strays, s.stray(p, source, string(l.name), text[skipped:]))
			}
		}
	})
	return strays, errors.Join(err, failed)
}

// ownsAny reports whether a line that begins at an offset is the last one of a file.
func (s *Store) ownsAny(paths []string, at int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range paths {
		if s.owned[pathHash(p)].line == at+1 {
			return true
		}
	}
	return false
}

// stray looks at one output whose input is gone.
func (s *Store) stray(name, source, planned string, line []byte) Stray {
	x := Stray{Path: name, Source: source, name: planned}
	c, known := toldOf(line, name)
	x.content = c
	var err error
	switch x.seen, err = s.stat(name); {
	case errors.Is(err, fs.ErrNotExist):
		x.seen = File{}
	case err != nil || !known || x.seen.Kind != Regular || x.seen.Size != c.Size:
		x.Keep = keepEdited
	case s.opts.Files == nil && s.behindLink(name):
		x.Keep = keepBehind
	default:
		if got, ok := s.digest(name); !ok || got != c {
			x.Keep = keepEdited
		} else if isCopy(line, name) {
			x.Keep = keepCopy
		}
	}
	return x
}

// isCopy reports whether an output of a line has the bytes of its input, as that was no larger.
func isCopy(line []byte, name string) bool {
	e, err := parseLine(line)
	same := func(o pipeline.Output) bool { return o.Path == name && o.Copied }
	return err == nil && slices.ContainsFunc(e.Outputs, same)
}

// Gone reports whether somebody has removed the output already: then there is nothing to list.
func (x Stray) Gone() bool { return x.Keep == "" && x.seen == File{} }

// behindLink reports whether one of the folders that a file lies in is a symbolic link, or cannot be looked at.
func (s *Store) behindLink(name string) bool {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if st, err := s.root.Lstat(dir); err != nil || !st.IsDir() {
			return true
		}
	}
	return false
}

// Prune removes a stray output, if it is still what Strays has seen, and notes that in the ledger. Folders go with it
// that are empty then. It reports whether the output is gone: one that was changed meanwhile stays.
//
// The line comes after file and folders have gone. If the program is killed between the two, the ledger still has the
// output, which is a Stray again in the next run.
func (s *Store) Prune(ctx context.Context, x Stray) (gone bool, err error) {
	if x.Keep != "" {
		return false, nil
	}
	s.mu.Lock()
	closed := s.temp == nil
	s.mu.Unlock()
	if closed {
		return false, s.closedError("remove " + x.Path)
	}
	if x.seen.Kind == Regular {
		err := s.files.Remove(ctx, x.Path, x.seen)
		if errors.Is(err, ErrChanged) {
			return false, nil
		}
		if err != nil {
			return false, outputError("remove "+x.Path, err)
		}
	}
	if s.opts.Files == nil {
		s.removeEmpty(path.Dir(x.Path))
	}
	out := pipeline.Output{
		Path: x.Path, Bytes: x.content.Size, SHA256: hex.EncodeToString(x.content.SHA256[:]),
	}
	e := Entry{Status: Pruned, Source: x.Source, Name: x.name, Outputs: []pipeline.Output{out}, Time: time.Now()}
	return true, s.append(e, hash64([]byte("pruned\x00"+x.Path)))
}

// removeEmpty removes a folder below the top and those above it, as long as they are empty and no symbolic links.
func (s *Store) removeEmpty(dir string) {
	for ; dir != "."; dir = path.Dir(dir) {
		if _, err := s.root.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
			continue // a run that was killed has removed it
		}
		if s.behindLink(path.Join(dir, "file")) {
			return
		}
		in, err := s.folders.get(path.Dir(dir))
		if err != nil {
			return
		}
		if err = s.ask("remove", dir); err == nil {
			err = in.removeFolder(path.Base(dir))
		}
		s.folders.release(in)
		if err != nil {
			return
		}
	}
}
