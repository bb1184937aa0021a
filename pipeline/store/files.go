package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"iter"
	"time"
)

// Files is a place for outputs: a folder, or another one that has these methods, such as a bucket of an object store.
// [Options.Files] has a Store put its outputs there; package storetest has the tests that every Files must pass.
//
// A name has forward slashes, as those that a [Namer] plans. All methods may be called from many goroutines, also for
// one name. None waits without end: what takes too long is an error, though ctx may go on for ever.
//
// An error that has a method Class() string, and perhaps Fatal() bool and Advice() string, keeps what they return when
// the Store reports it. Any other error is taken for a file system's: of no space, no permission, a folder that is
// gone, and else of [pipeline.ClassWrite].
//
// To write one for an object store: Stage keeps the data; Put is one conditional PUT, with If-None-Match: * for the
// zero File and else with If-Match and the ETag, which is the Version; a refused condition is ErrChanged. The SHA-256
// goes into the object's metadata, so that Digest is one HEAD. A Files is taken to hold no input of the run, no links,
// and nothing that a power failure can tear: what that takes is done for folders alone.
type Files interface {
	// Stat returns what has a name. The error is [fs.ErrNotExist] where nothing has it, or only the beginning of longer
	// names has.
	Stat(ctx context.Context, name string) (File, error)

	// Digest returns the content of the regular file that has a name. It reads the file, unless what put the file
	// there has noted its content beside it.
	Digest(ctx context.Context, name string) (Content, error)

	// Stage takes in the data of one file, of which c is the content, as far as that can be done before the file has
	// its name: a full disk shows here. Until Put, nobody can see the file. The data may not be changed before Put or
	// Discard. A program that is killed leaves nothing that a later one takes for a file.
	Stage(ctx context.Context, data []byte, c Content) (Staged, error)

	// List calls each for every regular file whose name begins with prefix, in any order, until each returns false.
	// It leaves out what a Store keeps for itself, and files that come or go meanwhile may be left out. Where a part
	// cannot be listed, the error is returned after all else was.
	List(ctx context.Context, prefix string, each func(name string, file File) bool) error

	// Remove removes a file, if it is still the one that was seen; else it stays, and the error is ErrChanged.
	Remove(ctx context.Context, name string, seen File) error

	// Sync returns when all that was put under some names will outlive a power failure. It does nothing where Put has
	// seen to that. Of names that nothing has any more it says nothing.
	Sync(ctx context.Context, names iter.Seq[string]) error
}

// Staged is one file on its way, from [Files.Stage]. It is for one goroutine.
type Staged interface {
	// Put puts the file under its name, in place of what was seen there and of nothing else: of the zero File, only if
	// nothing has the name. It does so at once: whoever opens the name finds what was there before or the new file,
	// whole. Of many that put in place of the same, one succeeds.
	//
	// The error is ErrChanged where something else has the name. Then, as with any error, what has the name stays,
	// and Put may be called again. After Put has succeeded no method may be called.
	Put(ctx context.Context, name string, seen File) error

	// Discard removes the file. If that fails, the file goes when its Files is opened again, or with time.
	Discard(ctx context.Context)
}

// A DatedFiles is a Files whose files can say that they were changed last at another time than when they were put, for
// [Options.KeepTime]. What it stages are of type DatedStaged.
type DatedFiles interface {
	Files
	// Dated returns when the file that has a name says that it was changed last.
	Dated(ctx context.Context, name string) (time.Time, error)
}

// A DatedStaged is a Staged that can say so.
type DatedStaged interface {
	Staged
	// Date has the file say, from its Put on, that it was changed last at a time.
	Date(ctx context.Context, at time.Time) error
}

// A File is what has a name, as it was at one moment. Two are equal only if nothing was changed between. The zero File
// is that of a name that nothing has.
type File struct {
	// Kind says what it is.
	Kind Kind
	// Size is the length of a regular file, in bytes.
	Size int64
	// Changed is when its content, its name or its attributes were changed last, in nanoseconds since 1970.
	Changed int64
	// Version is another one for each file that has or had the name, also where two are of one size: an object's ETag,
	// or what a file system knows a file by.
	Version string
}

// same reports whether f and g are one file, though it may have been moved between.
func (f File) same(g File) bool {
	g.Changed = f.Changed
	return f == g
}

// A Kind is what a name can lead to.
type Kind uint8

// The kinds of what has a name.
const (
	Nothing Kind = iota
	Regular      // a file with data
	Folder
	Other // a link, a device and so on
)

// Content identifies the data of a file.
type Content struct {
	Size   int64
	SHA256 [sha256.Size]byte
}

// A GlancingFiles is a Files of which each look costs a request, and that can say of many names more cheaply what had
// them a while ago. A Store asks so where it decides what is to be done, and by Stat where something may be replaced.
type GlancingFiles interface {
	Files
	// Glance is Stat, at some moment since the Files was opened. It may leave out Version.
	Glance(ctx context.Context, name string) (File, error)
}

// A Keeper keeps the lines of a ledger in another place, such as beside the outputs in an object store. The ledger in
// the output folder is then a copy, with the lines that are not kept yet behind it. A Store calls one method at a time.
// None waits without end.
//
// An error ends the run. It keeps what its methods Class, Advice and the like return, as those of [Files] do.
type Keeper interface {
	// Begin takes the place for this run alone, and returns how much of the ledger is kept, in bytes. local is the
	// copy, of size bytes. If its beginning is what is kept, all is nil. Else the Store replaces the copy by all, and
	// closes that.
	Begin(ctx context.Context, local io.ReaderAt, size int64) (kept int64, all io.ReadCloser, err error)

	// Keep keeps whole lines that follow all that are kept. When it returns, they outlive this machine. It fails, and
	// keeps nothing, once another run has taken the place.
	Keep(ctx context.Context, lines []byte) error

	// End leaves the place to other runs. The Store calls it once after a Begin that succeeded.
	End(ctx context.Context) error
}

// ErrChanged is the error of [Staged.Put] and [Files.Remove] where what has a name is not what was seen.
var ErrChanged = errors.New("files of that name come and go")
