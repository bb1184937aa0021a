package store

import (
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"

	"imgpipe/pipeline"
)

// keep keeps the input in the folder of originals, on the disk, before anything happens to it.
func (x *swapping) keep() error {
	s, name := x.s, x.w.kept
	st, err := s.statKept(name)
	if err != nil {
		return outputError("keep "+name, err)
	}
	if st.Kind != Nothing {
		if c, err := s.digestKept(name); st.Kind != Regular || err != nil || c != x.own {
			return x.keptElsewhere()
		}
		return x.syncKept()
	}
	in, err := homeFiles{&s.home}.makeDir(path.Dir(name))
	if err != nil {
		return outputError("keep "+name, err)
	}
	defer s.folders.release(in)
	info, err := x.dir.root.Lstat(x.base)
	if err != nil {
		return x.failed(err)
	}
	if err := s.ask("link", name); err != nil {
		return s.folderError("keep "+name, err)
	}
	err = errors.ErrUnsupported
	if names(info) == 1 { // else the file changes with its other names
		err = in.link(x.dir.folder, x.base, path.Base(name))
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return x.keptElsewhere()
	case err == nil:
		x.linked = true
		if st, err := in.stat(path.Base(name)); err != nil || !st.file().same(x.seen) {
			return x.changed()
		}
	default:
		if err := x.copyTo(in, path.Base(name), info); err != nil {
			return err
		}
	}
	return x.syncKept()
}

// keptElsewhere is the error of a name for an original that another file has taken since it was planned.
func (x *swapping) keptElsewhere() error {
	return &Error{Kind: pipeline.ClassExists, Doing: "keep " + x.w.kept,
		Err: errors.New("another file came there in the folder of the originals"), Hint: HintAgain}
}

// copyTo copies the input to a name in the folder of originals, where the file system has no link for it. The copy has
// the SHA-256 that the input had, or no name.
func (x *swapping) copyTo(in *folder, base string, info fs.FileInfo) (err error) {
	s := x.s
	temp := strconv.FormatUint(s.staged.Add(1), 10)
	doing := "keep " + x.w.kept
	if err := s.ask("copy", temp); err != nil {
		return s.folderError(doing, err)
	}
	file, err := s.tempFolder.create(temp, 0o600)
	if err != nil {
		return s.folderError(doing, err)
	}
	placed := false
	defer func() {
		if !placed && s.ask("remove", temp) == nil {
			_ = s.tempFolder.remove(temp)
		}
	}()
	buf := digestBuffers.Get().(*[64 << 10]byte)
	defer digestBuffers.Put(buf)
	sum, writing := sha256.New(), &copying{file: file}
	size, err := x.dir.read(x.base, buf[:], io.MultiWriter(sum, writing))
	if err == nil {
		err = errors.Join(likeOriginal(s.temp, temp, info), s.temp.Chtimes(temp, info.ModTime(), info.ModTime()))
	}
	if err == nil && !s.opts.NoSync {
		err = file.sync()
	}
	err = errors.Join(err, file.close())
	switch {
	case writing.err != nil:
		return s.folderError(doing, writing.err)
	case err != nil:
		return x.failed(err)
	case x.own != (Content{size, [sha256.Size]byte(sum.Sum(nil))}):
		return x.changed()
	}
	if err := s.ask("rename", x.w.kept); err != nil {
		return s.folderError(doing, err)
	}
	if err := in.takeNew(s.tempFolder, temp, base); errors.Is(err, fs.ErrExist) {
		return x.keptElsewhere()
	} else if err != nil {
		return s.folderError(doing, err)
	}
	placed = true
	return nil
}

// A copying writes to a file, and keeps its error apart from that of the reader.
type copying struct {
	file newFile
	err  error
}

func (c *copying) Write(b []byte) (int, error) {
	if c.err = c.file.write(b); c.err != nil {
		return 0, c.err
	}
	return len(b), nil
}

// syncKept brings the name of an original to the disk, with the folders that it lies in.
func (x *swapping) syncKept() error {
	if x.s.opts.NoSync {
		return nil
	}
	if err := x.s.ask("sync", x.w.kept); err != nil {
		return x.s.folderError("keep "+x.w.kept, err)
	}
	for dir := path.Dir(x.w.kept); ; dir = path.Dir(dir) {
		x.s.syncDir(dir)
		if dir == "." {
			return nil
		}
	}
}

// unlink takes back the second name of an input that stays where it is: else an edit of the one would be one of the
// other.
func (x *swapping) unlink() {
	if x.linked && x.s.ask("remove", x.w.kept) == nil {
		x.freed = x.s.unlinkKept(x.dir, x.base, x.w.kept)
	}
}

// unlinkKept removes a name in the folder of originals, if it is one of a file that has its own name still. It reports
// whether it did.
func (s *Store) unlinkKept(dir hand, base, name string) bool {
	in, err := s.folders.get(path.Dir(name))
	if err != nil {
		return false
	}
	defer s.folders.release(in)
	kept, err := in.stat(path.Base(name))
	if err != nil {
		return false
	}
	now, err := dir.stat(base)
	return err == nil && now.id == kept.id && now.id != (fileID{}) && in.remove(path.Base(name)) == nil
}

// likeOriginal has a new file have the owner and the permissions of another one. Where the system does not allow that
// owner or group, nobody gets more access than they had.
func likeOriginal(root *os.Root, name string, info fs.FileInfo) error {
	mode := info.Mode().Perm()
	if uid, gid, known := ownerOf(info); known {
		if root.Lchown(name, uid, gid) != nil && root.Lchown(name, -1, gid) != nil {
			mode &^= 0o070 &^ (mode & 0o007 << 3) // the group is another one: it can do what others can
		}
	}
	return root.Chmod(name, mode)
}

// contentOfData returns the content of a file that holds data.
func contentOfData(data []byte) Content { return Content{int64(len(data)), sha256.Sum256(data)} }
