package fetch

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Inputs say where the items of a run come from. The zero value has none.
//
// An argument is, whichever is found first:
//   - a URL, http or https;
//   - a file, whatever its extension;
//   - a folder, which is walked with all folders below it in the order of names, for files whose extension is that of an
//     image (jpg jpeg jpe jfif png apng gif tif tiff bmp webp, and heic heif avif jxl, which will fail). Symbolic links, hidden files
//     and folders, the folders in Skip and those with a Marker are passed over. The folder that is named may itself be a symbolic link, or hidden.
//     What was found is read from that folder later, and never through a link, whatever has been exchanged meanwhile;
//   - a pattern with * ? [a-z] {a,b}, and ** for any folders between, as a shell would read it. A file of exactly that name
//     goes first. A pattern that ends in an extension ("*.dat") takes any file, another ("2024/**") images only.
//
// Relative paths, also those in a list, are relative to the current folder.
type Inputs struct {
	// Args are the arguments, in order.
	Args []string
	// Lists are read after Args, in order.
	Lists []List
	// Root, if it is set, is a folder: Dir of every file below it is the folder of that file below Root, however the file was named. Paths are
	// taken as they are written: links are not followed to find out.
	Root string
	// Skip are folders into which no walk goes, such as the one for outputs. They need not exist.
	Skip []string
	// Marker is the name of a file that folders of outputs hold. A walk does not go into such a folder; one that is named itself is walked.
	Marker string
	// Stdin is what the list "-" reads; nil means os.Stdin. A read from it that blocks when the run is cancelled is
	// left behind.
	Stdin io.Reader
	// Timeout is how long the file system is waited for where it looks at one file or folder; 0 means 30 s. What does
	// not answer by then is an Item with Err, of class "timeout". A list that is a pipe is waited for without end.
	Timeout time.Duration
	// PassedOver, if it is set, is called by Items for what lies in a folder that is walked and is not taken, hidden
	// files that are no images aside: a symbolic link, a named pipe, socket or device, a file whose extension is not
	// that of an image, a hidden image or folder, a folder for outputs; of a pattern, for what it matches and does not
	// take. It is also called for a list that has grown. what names the kind, in the plural.
	PassedOver func(path, what string)
	// Heads is how many of the first bytes of each local file Items reads into its Head.
	Heads int

	stall func(path string) // where it is set, is called before the file system is; for tests
}

// An InputError is a use of Inputs that can be told to be wrong before anything is begun.
type InputError struct {
	// Input is the argument or list, as it was given.
	Input string
	// Err is what is wrong with it.
	Err error
}

// Error is one line that names the input.
func (e *InputError) Error() string {
	return "input " + strconv.Quote(Redact(e.Input)) + ": " + e.Err.Error()
}

// Unwrap gives Err.
func (e *InputError) Unwrap() error { return e.Err }

// Check returns an error unless each argument and list can be used: that files exist, that a folder or pattern has an
// image, that a list has the column that is asked for. It reads no further than it must, and nothing of a list that can
// be read only once, such as standard input. Its errors are *InputError, but for ctx's.
//
// Among several inputs, which a shell may have made of "photos/*", an argument that is there and of no use is no error
// of Check if another one is of use: an empty or unreadable folder, a link that leads nowhere, a named pipe. It is an
// item that fails.
func (in Inputs) Check(ctx context.Context) error {
	p := newWatch(in.Timeout, nil)
	skip := in.skipped()
	if in.Root != "" {
		if info, err := stat(ctx, p, in.Root); err != nil {
			return &InputError{Input: in.Root, Err: errors.New("no such folder, or it cannot be looked at, expected the one whose folders are to be kept")}
		} else if !info.IsDir() {
			return &InputError{Input: in.Root, Err: errors.New("it is not a folder, expected the one whose folders are to be kept")}
		}
	}
	useful := len(in.Lists) > 0
	var first error
	for _, arg := range in.Args {
		err := in.checkArg(ctx, p, arg, skip)
		switch {
		case err == nil:
			useful = true
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.As(err, new(*uselessError)):
			return &InputError{Input: arg, Err: err}
		case first == nil:
			first = &InputError{Input: arg, Err: err}
		}
	}
	if !useful && first != nil {
		return first
	}
	stdin := 0
	for _, l := range in.Lists {
		if l.Stdin() {
			if stdin++; stdin > 1 {
				return &InputError{Input: l.Path, Err: errors.New("standard input can be read as one list only")}
			}
		}
		if err := l.check(ctx, p); err != nil {
			return &InputError{Input: l.Path, Err: err}
		}
	}
	return nil
}

// A uselessError is what is wrong with an argument that is there.
type uselessError struct{ error }

var errNoImages = errors.New("the folder has no images, expected files such as .jpg or .png; symbolic links are not followed")

func (in Inputs) checkArg(ctx context.Context, p *watch, arg string, skip skipped) error {
	if isURL(arg) {
		_, err := parseURL(arg)
		return err
	}
	found := false
	var trouble error // of the first that could not be looked at
	look := func(item Item) bool {
		found = item.Err == nil
		if trouble == nil {
			trouble = item.Err
		}
		return !found && ctx.Err() == nil
	}
	w := walk{ctx: ctx, clock: p, open: &roots{}, skip: skip, yield: look}
	defer w.open.closeIdle()
	info, err := stat(ctx, p, arg)
	switch {
	case err == nil && info.IsDir():
		if skip.has(arg, info) {
			return &uselessError{errors.New("it is the folder for outputs, expected another")}
		}
		if folderWalk(w).from(tidy(arg)); !found && trouble != nil {
			return &uselessError{trouble}
		} else if !found {
			return &uselessError{errNoImages}
		}
	case err == nil && !info.Mode().IsRegular():
		return &uselessError{errors.New("it is not a regular file, expected a file, folder, pattern or URL")}
	case err == nil:
	case isGlob(arg):
		w, root, err := globWalk(w, arg)
		if err != nil {
			return err
		}
		if info, _ := stat(ctx, p, root); skip.has(root, info) {
			return errors.New("the pattern is for the folder for outputs, expected another")
		}
		if w.from(root); !found {
			return errors.New("no file matches the pattern")
		}
	case arg == "-":
		return errors.New("standard input is read as a list, not as an argument")
	case errors.Is(err, fs.ErrNotExist):
		if link, err := os.Lstat(arg); err == nil && link.Mode()&os.ModeSymlink != 0 {
			return &uselessError{errors.New("it is a symbolic link that leads nowhere")}
		}
		return errors.New("no such file or folder")
	default:
		return &uselessError{fileError("find", arg, err).Err}
	}
	return nil
}

// stat looks at a path, links followed.
func stat(ctx context.Context, p *watch, path string) (os.FileInfo, error) {
	at := spot{path: path}
	limit, err := p.limit(at, true)
	if err != nil {
		return nil, err
	}
	return within(ctx, p, at, limit, func() (os.FileInfo, error) { return os.Stat(path) }, nil)
}

// Items gives the items one by one, numbered from 0 in an order that depends on the inputs alone. Nothing is kept of an
// item that was given, so a list of a million lines takes no more memory than one of a thousand; of a folder the names of
// its files are held while it is walked.
//
// Dir is the folder below the one that was walked, or below the part of a pattern before its first wildcard. Where more than
// one argument is a folder, Dir begins with that folder's own name, as cp -r would copy them. Of files below Root it is what that says.
//
// What is wrong with one item, such as a broken line of a list or a folder that cannot be read, is an Item with Err. An
// error in the second place is the last thing given, without an Item: ctx's, or that a list could not be read to its end.
func (in Inputs) Items(ctx context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		index := 0
		root := in.Root
		if abs, err := filepath.Abs(root); err == nil && root != "" {
			root = abs
		}
		one := func(item Item) bool {
			if err := ctx.Err(); err != nil {
				yield(Item{}, err)
				return false
			}
			if dir, ok := below(root, item); ok {
				item.Dir = dir
			}
			item.Index = index
			index++
			return yield(item, nil)
		}
		p := newWatch(in.Timeout, nil)
		p.stall = in.stall
		w := walk{ctx: ctx, clock: p, open: &roots{}, skip: in.skipped(), yield: one, pass: in.PassedOver, heads: in.Heads}
		defer w.open.closeIdle()
		found := make([]os.FileInfo, len(in.Args)) // folders
		folders := 0
		for i, arg := range in.Args {
			if isURL(arg) {
				continue
			}
			if info, err := stat(ctx, p, arg); err == nil && info.IsDir() {
				found[i] = info
				folders++
			}
		}
		for i, arg := range in.Args {
			if !in.arg(w, arg, found[i], folders > 1) {
				return
			}
		}
		for _, l := range in.Lists {
			on, err := l.items(ctx, in, p, one)
			if err != nil {
				if ctx.Err() == nil {
					err = &InputError{Input: l.Path, Err: err}
				}
				yield(Item{}, err)
				return
			}
			if !on {
				return
			}
		}
	}
}

// below gives the folder of a file below root, an absolute path or "", if the file is there.
func below(root string, item Item) (dir string, ok bool) {
	if root == "" || !item.Local() {
		return "", false
	}
	abs, err := filepath.Abs(item.Source)
	if err != nil {
		return "", false
	}
	rel, err := filepath.Rel(root, abs)
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	if dir = filepath.ToSlash(filepath.Dir(rel)); dir == "." {
		dir = ""
	}
	return dir, true
}

// arg yields the items of one argument and reports whether to go on. A nil folder says that it is none.
func (in Inputs) arg(w walk, arg string, folder os.FileInfo, several bool) bool {
	if folder == nil {
		item := toItem(w.ctx, w.clock, arg, w.heads)
		if item.Err != nil && item.Local() && isGlob(arg) {
			if g, root, err := globWalk(w, arg); err == nil {
				info, _ := stat(w.ctx, w.clock, root)
				return w.skip.has(root, info) || g.from(root)
			}
		}
		return w.yield(item)
	}
	if abs, err := filepath.Abs(arg); err == nil && several && filepath.Dir(abs) != abs {
		w.top = filepath.Base(abs)
	}
	path := tidy(arg)
	if w.skip.has(arg, folder) {
		if w.pass != nil {
			w.pass(path, passedOwn)
		}
		return true
	}
	one, any := w.yield, false
	w.yield = func(item Item) bool {
		any = true
		return one(item)
	}
	if !folderWalk(w).from(path) {
		return false
	}
	return any || one(Item{Source: path, Err: &Error{Kind: ClassNotFound, Doing: "list " + shown(path), Err: errNoImages}})
}
