package store

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// A swapping is one output on its way to the place of its input. The order of its steps is what keeps every file:
//
//	look      the input is the file that was planned; its SHA-256 is taken
//	intend    the journal gets the output's SHA-256 and both names
//	stage     the output is written beside the input as .imgpipe-N.part, synced, and renamed to .imgpipe-N.new
//	keep      the input gets a second name in the folder of originals, or a copy of the same SHA-256; synced
//	exchange  the input and .imgpipe-N.new change their names with each other, at once
//	settle    what has the name .imgpipe-N.new is the input that is kept, and goes
//
// A program that is killed between two steps leaves the input or the whole output under the name, and the input's
// bytes under a name of their own. If something else than the input was taken out, because the file was changed in the
// last moment, it gets its name back.
//
// An output of another format has another name. It gets that first, and then the input loses its own, by way of
// .imgpipe-N.old.
type swapping struct {
	s      *Store
	doing  string
	dir    hand
	w      *swap
	base   string // the name of the input
	target string // the name of the output
	seen   File   // the input
	own    Content
	data   []byte
	out    Content
	linked bool // the input got a second name
	freed  bool // it had one, and has it no more
	held   bool // what has the name .imgpipe-N.new is somebody else's
}

// putSwap puts the output of an item in the place of its input.
func (p *place) putSwap(r transform.Result) ([]pipeline.Output, error) {
	s, w := p.in, p.swap
	doing := "replace " + fetch.Redact(w.path)
	bad := func(format string, args ...any) ([]pipeline.Output, error) {
		return nil, &Error{Kind: pipeline.ClassWrite, Doing: doing, Err: fmt.Errorf(format, args...)}
	}
	if len(r.Outputs) != 1 {
		return bad("it has %d outputs: expected one", len(r.Outputs))
	}
	o := r.Outputs[0]
	target := withFormat(w.path, r.Source.Format, o.Format)
	switch {
	case len(s.opts.Spec.Formats) == 0 && o.Format != r.Source.Format:
		return nil, cannotStay(doing, r.Source.Format)
	case target != w.target:
		return bad("its first bytes are not those of its format, %s", r.Source.Format)
	}
	out := pipeline.Output{
		Path: filepath.ToSlash(target), Width: o.Width, Height: o.Height, Format: o.Format,
	}
	if o.Omitted {
		out.Kept, out.Omitted = true, true
		return []pipeline.Output{out}, nil
	}
	x := &swapping{s: s, doing: doing, w: w, base: filepath.Base(w.path), target: filepath.Base(target), seen: w.seen,
		data: o.Data, out: contentOfData(o.Data)}
	out.Bytes, out.SHA256, out.Copied = x.out.Size, hex.EncodeToString(x.out.SHA256[:]), o.Copied
	s.mu.Lock()
	closed := s.temp == nil
	s.mu.Unlock()
	if closed {
		return nil, s.closedError(doing)
	}
	var err error
	if x.dir, err = openHand(filepath.Dir(w.path)); err != nil {
		return nil, inputError(doing, err)
	}
	defer x.dir.close()
	placed, err := x.do(out.Path, p.modified)
	if placed && !x.freed && !(x.own == x.out && x.base == x.target) {
		out.Backup = w.kept
	}
	if !placed {
		return nil, err
	}
	return []pipeline.Output{out}, err
}

// do goes through all steps. It reports whether the output has its name.
func (x *swapping) do(name string, modified time.Time) (placed bool, err error) {
	if err := x.look(); err != nil {
		return false, err
	}
	if x.own == x.out && x.base == x.target {
		return true, nil // it has the output's bytes already
	}
	undo := x.s.markPlaced(name, x.out)
	defer func() {
		if !placed {
			undo()
		}
	}()
	if err := x.intend(name); err != nil {
		return false, err
	}
	part, whole := x.temp(partSuffix), x.temp(newSuffixBeside)
	if err := x.stage(part, whole, modified); err != nil {
		x.drop(part)
		return false, err
	}
	if err = x.keep(); err == nil {
		placed, err = x.exchange(whole)
	}
	if !placed && !x.held {
		x.drop(whole)
	}
	if err != nil { // then the input may have its name, even if an output of another name is in place
		x.unlink()
	}
	if err == nil && !x.s.opts.NoSync && x.s.ask("sync", x.base) == nil {
		x.dir.sync()
	}
	return placed, err
}

// What temporary names beside an input end in.
const (
	partSuffix      = ".part" // an output that is being written
	newSuffixBeside = ".new"  // a whole output and, once they are exchanged, the input
	oldSuffix       = ".old"  // an input whose output has another name
)

// temp returns a temporary name beside the input. The next run in the same folder of originals finds it again.
func (x *swapping) temp(suffix string) string {
	return tempBeside(x.s.dir, filepath.Join(filepath.Dir(x.w.path), x.base), suffix)
}

// tempBeside returns the temporary name beside a file, by its absolute path. Runs with other folders of originals have
// others.
func tempBeside(originals, file, suffix string) string {
	if abs, err := filepath.Abs(originals); err == nil {
		originals = abs
	}
	return ".imgpipe-" + strconv.FormatUint(hash64([]byte(originals+"\x00"+file)), 16) + suffix
}

// changed is the error of an input that is not the file that was planned.
func (x *swapping) changed() error {
	return &Error{Kind: pipeline.ClassChanged, Doing: x.doing,
		Err: errors.New("it was changed while it was being processed, and stays as it is")}
}

// failed is the error of a call that touched the input's folder.
func (x *swapping) failed(err error) error { return inputError(x.doing, err) }

// look makes sure that the input is what was planned, and takes its SHA-256.
func (x *swapping) look() error {
	err := x.s.ask("lstat", x.base)
	if err != nil {
		return x.failed(err)
	}
	if !x.isSeen() {
		return x.changed()
	}
	if x.own, err = x.dir.digest(x.base); err != nil {
		return x.failed(err)
	}
	if !x.isSeen() {
		return x.changed()
	}
	return nil
}

// isSeen reports whether nothing of the input was changed, its attributes and names included.
func (x *swapping) isSeen() bool {
	st, err := x.dir.stat(x.base)
	return err == nil && st.file() == x.seen
}

// intend enters in the journal what is about to happen.
func (x *swapping) intend(name string) error {
	line := hex.AppendEncode(nil, x.out.SHA256[:])
	line = append(line, '\t')
	line = strconv.AppendUint(line, sourceHash(x.w.path), 16)
	for _, text := range []string{name, filepath.ToSlash(x.w.path), x.w.kept} {
		line = strconv.AppendQuote(append(line, '\t'), text)
	}
	err := x.s.ask("journal", x.s.tempName)
	if err == nil {
		err = x.s.journal.add(x.s.temp, append(line, '\n'))
	}
	if err == nil && !x.s.opts.NoSync {
		err = x.s.journal.sync()
	}
	if err != nil {
		return x.s.folderError("write "+path.Join(x.s.tempName, journalNames[0]), err)
	}
	return nil
}

// stage writes the output beside the input, with the input's owner and permissions.
func (x *swapping) stage(part, whole string, modified time.Time) error {
	info, err := x.dir.root.Lstat(x.base)
	if err == nil {
		err = x.s.ask("create", part)
	}
	if err != nil {
		return x.failed(err)
	}
	file, err := x.dir.create(part, 0o600)
	if err != nil {
		return x.failed(err)
	}
	if err = x.s.ask("write", part); err == nil {
		err = file.write(x.data)
	}
	if err == nil {
		err = likeOriginal(x.dir.root, part, info)
	}
	if err == nil && x.s.opts.KeepTime && !modified.IsZero() {
		if err = x.s.ask("date", part); err == nil {
			err = x.dir.root.Chtimes(part, time.Time{}, stamp(modified))
		}
	}
	if err == nil && !x.s.opts.NoSync {
		if err = x.s.ask("sync", part); err == nil {
			err = file.sync()
		}
	}
	if e := file.close(); err == nil {
		err = e
	}
	if err == nil {
		err = x.s.ask("rename", whole)
	}
	if err == nil {
		err = x.dir.takeNew(x.dir.folder, part, whole)
	}
	if err != nil {
		return x.failed(err)
	}
	return nil
}

// drop removes a temporary file beside the input. What cannot be removed goes when the Store is opened again.
func (x *swapping) drop(temp string) {
	if x.s.ask("remove", temp) == nil {
		_ = x.dir.remove(temp)
	}
}

// exchange has the output take the input's place. It reports whether the output has its name.
func (x *swapping) exchange(whole string) (placed bool, err error) {
	if st, err := x.dir.stat(x.base); err != nil || !st.file().same(x.seen) {
		return false, x.changed()
	}
	if x.base != x.target {
		return x.replaceByOther(whole)
	}
	mine, err := x.dir.stat(whole)
	if err == nil {
		err = x.s.ask("rename", x.base)
	}
	if err != nil {
		return false, x.failed(err)
	}
	err = x.dir.swap(x.dir.folder, whole, x.base)
	if errors.Is(err, errors.ErrUnsupported) { // then there is a moment between looking and renaming
		if err = x.dir.take(x.dir.folder, whole, x.base); err != nil {
			return false, x.failed(err)
		}
		return true, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return false, x.changed()
	}
	if err != nil {
		return false, x.failed(err)
	}
	if st, err := x.dir.stat(whole); err == nil && st.file().same(x.seen) {
		x.drop(whole)
		return true, nil
	}
	err = x.dir.swap(x.dir.folder, whole, x.base)
	if st, e := x.dir.stat(whole); err != nil || e != nil || st.id != mine.id {
		x.held = true
		return false, &Error{Kind: pipeline.ClassChanged, Doing: x.doing,
			Err: fmt.Errorf("it was changed twice while it was being processed; one version is kept beside it as %s",
				whole)}
	}
	return false, x.changed()
}

// replaceByOther puts an output of another name in place, and removes the input. A file that has the output's name was
// made by an earlier run from the same input, or it stays.
func (x *swapping) replaceByOther(whole string) (placed bool, err error) {
	if err := x.s.ask("rename", x.target); err != nil {
		return false, x.failed(err)
	}
	err = x.dir.takeNew(x.dir.folder, whole, x.target)
	if errors.Is(err, fs.ErrExist) {
		st, e := x.dir.stat(x.target)
		if e != nil || !x.s.isMade(x.dir, x.target, st.file(), sourceHash(x.w.path)) {
			return false, targetError(x.doing, x.target)
		}
		mine, e := x.dir.stat(whole)
		if e != nil {
			return false, x.failed(e)
		}
		if err = x.s.exchangeIn(x.dir, whole, x.target, st.file()); errors.Is(err, ErrChanged) {
			now, e := x.dir.stat(whole)
			x.held = e != nil || now.id != mine.id // it could not be given its name back
			return false, targetError(x.doing, x.target)
		}
	}
	if err != nil {
		return false, x.failed(err)
	}
	old := x.temp(oldSuffix)
	if err := x.s.ask("rename", old); err != nil {
		return true, x.failed(err)
	}
	if err := x.dir.takeNew(x.dir.folder, x.base, old); err != nil {
		if x.areOne(x.base, old) { // it got that name, and could not lose its own
			x.drop(old)
		}
		return true, x.failed(err)
	}
	if st, err := x.dir.stat(old); err != nil || !st.file().same(x.seen) {
		if err := x.dir.takeNew(x.dir.folder, old, x.base); err != nil {
			return true, fmt.Errorf("%w; it is kept beside its place as %s", x.failed(err), old)
		}
		return true, x.changed()
	}
	x.drop(old)
	return true, nil
}

// areOne reports whether two names in the folder of the input are those of one file.
func (x *swapping) areOne(a, b string) bool {
	one, err := x.dir.stat(a)
	other, e := x.dir.stat(b)
	return err == nil && e == nil && one.id == other.id && one.id != (fileID{})
}

// exchangeIn puts a whole output in place of one that an earlier run made, and of nothing else.
func (s *Store) exchangeIn(dir hand, whole, target string, over File) error {
	err := dir.swap(dir.folder, whole, target)
	if errors.Is(err, errors.ErrUnsupported) {
		return dir.take(dir.folder, whole, target)
	}
	if err != nil {
		return err
	}
	if st, err := dir.stat(whole); err != nil || !st.file().same(over) {
		return errors.Join(ErrChanged, dir.swap(dir.folder, whole, target))
	}
	return dir.remove(whole)
}

// markPlaced enters that an output is put in place now and has no line. undo takes that back.
func (s *Store) markPlaced(name string, c Content) (undo func()) {
	hash := pathHash(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fresh[hash] = c
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.fresh, hash)
	}
}
