package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"imgpipe/pipeline"
)

// homeFiles are the outputs in a home: the first implementation of Files. A file is written into TempName and gets its
// name by a call that changes that and nothing else.
type homeFiles struct{ *home }

var _ DatedFiles = homeFiles{}

// Stat returns what has a name. It follows no symbolic link to it.
func (h homeFiles) Stat(_ context.Context, name string) (File, error) {
	if h.folders == nil {
		return File{}, fs.ErrNotExist
	}
	d, err := h.folders.get(path.Dir(name))
	if err == nil {
		defer h.folders.release(d)
		var st found
		if st, err = d.stat(path.Base(name)); err == nil {
			return st.file(), nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return File{}, err
	}
	return File{}, h.pathError(name, err)
}

// Dated returns when a file was changed last. It follows no symbolic link to it.
func (h homeFiles) Dated(_ context.Context, name string) (time.Time, error) {
	d, err := h.folders.get(path.Dir(name))
	if err != nil {
		return time.Time{}, err
	}
	defer h.folders.release(d)
	st, err := d.stat(path.Base(name))
	return time.Unix(0, st.changed), err
}

// Digest reads a file. It follows no symbolic link to it.
func (h homeFiles) Digest(_ context.Context, name string) (c Content, err error) {
	d, err := h.folders.get(path.Dir(name))
	if err != nil {
		return c, err
	}
	defer h.folders.release(d)
	return d.digest(path.Base(name))
}

var digestBuffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// A stagedFile is a file in TempName.
type stagedFile struct {
	in   homeFiles
	temp string
}

// Stage writes a file in TempName.
func (h homeFiles) Stage(_ context.Context, data []byte, _ Content) (Staged, error) {
	temp := strconv.FormatUint(h.staged.Add(1), 10)
	if err := h.ask("create", temp); err != nil {
		return nil, h.folderError("", err)
	}
	file, err := h.tempFolder.create(temp, 0o644)
	if err != nil {
		return nil, h.folderError("", err)
	}
	if err = h.ask("write", temp); err == nil {
		err = file.write(data)
	}
	if err == nil {
		err = h.ask("close", temp)
	}
	if e := file.close(); err == nil {
		err = e
	}
	staged := &stagedFile{h, temp}
	if err != nil {
		staged.Discard(context.Background())
		return nil, h.folderError("", err)
	}
	return staged, nil
}

// Date sets the time of the file's last change.
func (f *stagedFile) Date(_ context.Context, at time.Time) error {
	err := f.in.ask("date", f.temp)
	if err == nil {
		err = f.in.temp.Chtimes(f.temp, time.Time{}, at)
	}
	if err != nil {
		return f.in.folderError("", err)
	}
	return nil
}

// Discard removes the file. What cannot be removed goes when the Store is closed, or opened again.
func (f *stagedFile) Discard(context.Context) {
	if f.in.ask("remove", f.temp) == nil {
		_ = f.in.tempFolder.remove(f.temp)
	}
}

// putTries bounds how often a name is given because its folder is removed at the same time.
const putTries = 8

// Put finds the folder of the name anew each time, and makes it where it is not there: meanwhile it may have been
// moved or removed.
func (f *stagedFile) Put(_ context.Context, name string, seen File) error {
	for try := 1; ; try++ {
		err := f.rename(name, seen)
		switch {
		case err == nil:
			return nil
		case seen == File{} && errors.Is(err, fs.ErrExist):
			return ErrChanged
		case errors.Is(err, ErrChanged):
			return err
		case errors.Is(err, errGone):
			return &Error{Kind: pipeline.ClassExists, Err: err}
		case try == putTries || !errors.Is(err, fs.ErrNotExist):
			return f.in.pathError(name, err)
		}
	}
}

func (f *stagedFile) rename(name string, seen File) error {
	in, err := f.in.makeDir(path.Dir(name))
	if err != nil {
		return err
	}
	defer f.in.folders.release(in)
	if err := f.in.ask("rename", name); err != nil {
		return err
	}
	base := path.Base(name)
	if (seen == File{}) {
		return in.takeNew(f.in.tempFolder, f.temp, base)
	}
	defer f.in.lock(name)()
	return f.in.exchange(in, f.temp, base, seen)
}

// lock has one goroutine at a time take out what has a name, to look at it: two would take each other's file for that
// of somebody else. It returns what unlocks.
func (h homeFiles) lock(name string) (unlock func()) {
	m := &h.taking[pathHash(name)%uint64(len(h.taking))]
	m.Lock()
	return m.Unlock
}

// exchange puts a file in place of an old one, and nothing else. What has the name is taken out before it is looked
// at, in the same call that puts the file in, so that there is no moment for it to change in. The error is ErrChanged
// where it was not the old one: then that has its name again.
func (h homeFiles) exchange(in *folder, temp, base string, old File) error {
	mine, err := h.tempFolder.stat(temp)
	if err != nil {
		return err
	}
	err = in.swap(h.tempFolder, temp, base)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return h.replace(in, temp, base, old)
	case errors.Is(err, fs.ErrNotExist):
		return errors.Join(ErrChanged, err)
	case err != nil:
		return err
	}
	if out, err := h.tempFolder.stat(temp); err == nil && out.file().same(old) {
		_ = h.tempFolder.remove(temp) // what is left goes when the Store is closed
		return nil
	}
	err = in.swap(h.tempFolder, temp, base)
	if errors.Is(err, fs.ErrNotExist) { // somebody has removed ours
		return errors.Join(errGone, h.keep(temp, in.takeNew(h.tempFolder, temp, base)))
	}
	if err != nil {
		return h.keep(temp, err)
	}
	if back, err := h.tempFolder.stat(temp); err != nil || back.id != mine.id {
		// Somebody has put yet another file in place of ours. It stays, and what it would have replaced goes.
		return errors.Join(errGone, in.swap(h.tempFolder, temp, base))
	}
	return ErrChanged
}

// errGone is the error of an output that somebody took away at once.
var errGone = errors.New("somebody replaced or removed the file as soon as it was there")

// keep is for a file of somebody else that err kept from getting its name back. It gets a name that no Store removes,
// which the error that keep returns has.
func (h homeFiles) keep(temp string, err error) error {
	if err == nil {
		return nil
	}
	kept := "kept-" + temp
	if e := h.tempFolder.takeNew(h.tempFolder, temp, kept); e != nil {
		return errors.Join(err, e)
	}
	return fmt.Errorf("%w; the file that was there is kept as %s", err, path.Join(h.tempName, kept))
}

// replace is exchange where the system cannot exchange files: there is a moment between looking and renaming.
func (h homeFiles) replace(in *folder, temp, base string, old File) error {
	if now, err := in.stat(base); err != nil || now.file() != old {
		return errors.Join(ErrChanged, err)
	}
	return in.take(h.tempFolder, temp, base)
}

// makeDir returns a folder, and makes it and those above it where they are not there.
func (h homeFiles) makeDir(dir string) (*folder, error) {
	if d, err := h.folders.get(dir); !errors.Is(err, fs.ErrNotExist) {
		return d, err
	}
	if err := h.ask("mkdir", dir); err != nil {
		return nil, err
	}
	if err := h.root.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return h.folders.get(dir)
}

// List lists the files of the folder but for ledgers and what lies in hidden folders, where no output goes.
func (h homeFiles) List(_ context.Context, prefix string, each func(string, File) bool) error {
	if h.root == nil {
		return nil
	}
	var failed error
	err := fs.WalkDir(h.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			failed = errors.Join(failed, h.pathError(name, err))
			return nil
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || !mayLead(name, prefix)):
			return fs.SkipDir
		case !d.Type().IsRegular() || IsLedger(name) || !strings.HasPrefix(name, prefix):
			return nil
		}
		f, err := h.Stat(context.Background(), name)
		if err != nil || f.Kind != Regular {
			return nil
		}
		if !each(name, f) {
			return fs.SkipAll
		}
		return nil
	})
	return errors.Join(err, failed)
}

// mayLead reports whether names in a folder can begin with prefix.
func mayLead(dir, prefix string) bool {
	dir += "/"
	return strings.HasPrefix(dir, prefix) || strings.HasPrefix(prefix, dir)
}

// Remove takes the file out before it looks whether it is the one that was seen, so that there is no moment for it to
// change in; for that moment nothing has the name.
func (h homeFiles) Remove(_ context.Context, name string, seen File) error {
	in, err := h.folders.get(path.Dir(name))
	if errors.Is(err, fs.ErrNotExist) {
		return ErrChanged
	} else if err != nil {
		return h.pathError(name, err)
	}
	defer h.folders.release(in)
	defer h.lock(name)()
	base := path.Base(name)
	if now, err := in.stat(base); err != nil || now.file() != seen || seen.Kind != Regular {
		return ErrChanged
	}
	temp := strconv.FormatUint(h.staged.Add(1), 10)
	if err := h.ask("remove", name); err != nil {
		return h.pathError(name, err)
	}
	if err := h.tempFolder.takeNew(in, base, temp); errors.Is(err, fs.ErrNotExist) {
		return ErrChanged
	} else if err != nil {
		return h.pathError(name, err)
	}
	if out, err := h.tempFolder.stat(temp); err != nil || !out.file().same(seen) {
		return errors.Join(ErrChanged, h.keep(temp, in.takeNew(h.tempFolder, temp, base)))
	}
	err = h.ask("remove", temp)
	if err == nil {
		err = h.tempFolder.remove(temp)
	}
	if err != nil {
		return h.folderError("", err)
	}
	return nil
}

// Sync syncs each file, and the folders that they are in. Where the system can sync a whole file system at once, the
// Store does that.
func (h homeFiles) Sync(_ context.Context, names iter.Seq[string]) error {
	dirs := map[string]bool{".": true}
	var failed error
	for name := range names {
		for dir := path.Dir(name); !dirs[dir]; dir = path.Dir(dir) {
			dirs[dir] = true
		}
		failed = errors.Join(failed, h.syncFile(name))
	}
	if failed != nil {
		return failed
	}
	for dir := range dirs {
		h.syncDir(dir)
	}
	return nil
}
