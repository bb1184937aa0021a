package fetch

import (
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Inputs say where the items of a run come from. The zero value has none.
//
// An argument is, whichever is found first:
//   - a URL, http or https;
//   - a file, whatever its extension;
//   - a folder, which is walked with all folders below it in the order of names, for files that have one of Extensions.
//     Symbolic links, hidden files and folders, the folders in Skip and those with a Marker are passed over. The folder
//     that is named may itself be a symbolic link, or hidden. What was found is read from that folder later, and never
//     through a link, whatever has been exchanged meanwhile. Follow says otherwise;
//   - a pattern with * ? [a-z] {a,b}, and ** for any folders between, as a shell would read it. A file of exactly that
//     name goes first. A pattern that ends in an extension ("*.dat") takes any file, another ("2024/**") takes those
//     with one of Extensions;
//   - a name of one of Sources.
//
// Relative paths, also those in a list, are relative to the current folder.
type Inputs struct {
	// Args are the arguments, in order.
	Args []string
	// Lists are read after Args, in order.
	Lists []List
	// Extensions are those of the files that a walk takes.
	Extensions Extensions
	// Include and Exclude choose among the items. One that a pattern of Exclude has is left out, and so is one that no
	// pattern of Include has, if there are any. Walks do not even open a folder that is excluded, or in which nothing
	// can be included. Of what a folder or a pattern has, they see the path from that folder, or from the first
	// wildcard. Of what an argument or a list names itself, they see its path below Root, if it is there, or the path
	// as it is written, without the "/" or "../" at its beginning. Of a URL they see the path.
	Include, Exclude []Pattern
	// Follow has walks follow symbolic links, once all arguments have been walked without them. So it changes neither
	// the order nor the Dir of what is found without it. A link to a file is one more item, in its place. A folder
	// behind a link is walked as if it lay there, unless it was walked before, or the link lies in it. That is found
	// out by what folders are, not by their paths. Folders in Skip, those with a Marker, and those below them are not
	// walked behind links, either.
	Follow bool
	// Root, if set, is a folder. Dir of every file below it is the path of the file's folder below Root, however the
	// file was named. Paths are taken as they are written: links are not followed to find out.
	Root string
	// Skip are folders into which no walk goes, such as the one for outputs. They need not exist.
	Skip []string
	// Marker is the name of a file that folders of outputs hold. A walk does not go into such a folder; one that is
	// named itself is walked.
	Marker string
	// Stdin is what the list "-" reads; nil means os.Stdin. A read from it that blocks when the run is cancelled is
	// left behind.
	Stdin io.Reader
	// Timeout is how long the file system is waited for where it looks at one file or folder; 0 means 30 s. What does
	// not answer by then is an Item with Err, of class "timeout". A list that is a pipe is waited for without end.
	Timeout time.Duration
	// PassedOver, if set, is called by Items for what lies in a folder and is not taken; what names its kind, in the
	// plural. Such are symbolic links, named pipes, sockets and devices, files without one of Extensions, hidden
	// images and folders, and folders of outputs, but not other hidden files. Of a pattern it is called only for what
	// matches. It is also called for what Include and Exclude leave out, as ExcludedFiles, ExcludedFolders, NotIncluded
	// or NoneIncluded, and for a list that has grown while it was read.
	PassedOver func(path, what string)
	// Unmatched, if set, is called by Items, when it has yielded all, with each pattern of Include and Exclude that had
	// nothing.
	Unmatched func(p Pattern, excludes bool)
	// Sources are further kinds of sources, by the scheme that their names begin with in lower case, such as "s3". A
	// name needs no slashes behind the colon, unless a file has that name.
	Sources map[string]Source
	// Heads is how many of the first bytes of each local file Items reads into its Head.
	Heads int

	stall func(path string) // where it is set, is called before the file system is; for tests
}

// An InputError is a use of Inputs that can be seen to be wrong before anything is begun.
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

// Unwrap returns Err.
func (e *InputError) Unwrap() error { return e.Err }

// wantRoot is what was expected of Inputs.Root.
const wantRoot = ", expected the one whose folders are to be kept"

// Check returns an error unless each argument and list can be used: files must exist, a folder or pattern must have an
// image, a list must have the column that is asked for. Check reads no further than it must. Of a list that can be read
// only once, such as standard input, it reads nothing. Its errors are *[InputError], except ctx's.
//
// A shell may have made several arguments of "photos/*". If one of them is of use, others that exist and are of no
// use are no error of Check, but items that fail: an empty or unreadable folder, a link that leads nowhere, a named
// pipe.
func (in Inputs) Check(ctx context.Context) error {
	files := in.files()
	defer files.open.closeIdle()
	if in.Root != "" {
		if info, err := files.stat(ctx, in.Root); err != nil {
			return &InputError{Input: in.Root, Err: errors.New("no such folder, or it cannot be looked at" + wantRoot)}
		} else if !info.IsDir() {
			return &InputError{Input: in.Root, Err: errors.New("it is not a folder" + wantRoot)}
		}
	}
	useful := len(in.Lists) > 0
	var first error
	for _, arg := range in.Args {
		err := in.checkArg(ctx, files, arg)
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
		if err := l.check(ctx, files.clock); err != nil {
			return &InputError{Input: l.Path, Err: err}
		}
	}
	return nil
}

// A uselessError is what is wrong with an argument that is there.
type uselessError struct{ error }

// errNothing is for a name of which its source lists nothing.
var errNothing = errors.New("it names no items")

func nothingNamed(name string) error {
	return &Error{Kind: ClassNotFound, Doing: "list " + shown(name), Err: errNothing}
}

// checkArg returns an error if an argument is of no use.
func (in Inputs) checkArg(ctx context.Context, files *files, arg string) error {
	l := in.listing(nil)
	l.Name, l.root = arg, in.root()
	scheme := in.scheme(arg)
	if scheme == "" {
		return files.check(ctx, l)
	}
	var p probe
	l, left := p.listing(ctx, l), files.choose.count()
	in.list(ctx, files, scheme, files.keeping(l))
	var e *Error
	switch {
	case p.found || ctx.Err() != nil:
		return ctx.Err()
	case files.choose.count() > left:
		return &uselessError{errLeftOut}
	case errors.As(p.trouble, &e) && e.Kind == ClassURL:
		return e.Err
	case p.trouble != nil:
		return &uselessError{p.trouble}
	}
	return &uselessError{errNothing}
}

// A probe finds out whether a listing has an item that can be fetched, and ends the listing there.
type probe struct {
	found   bool
	trouble error // of the first item with an Err
}

// listing returns l with its items for p.
func (p *probe) listing(ctx context.Context, l Listing) Listing {
	l.PassedOver = nil
	l.Yield = func(item Item) bool {
		p.found = item.Err == nil
		if p.trouble == nil {
			p.trouble = item.Err
		}
		return !p.found && ctx.Err() == nil
	}
	return l
}

// listing returns what all listings of in have in common.
func (in Inputs) listing(yield func(Item) bool) Listing {
	return Listing{Heads: in.Heads, Takes: in.Extensions.Has, PassedOver: in.PassedOver, Yield: yield}
}

// Items yields the items one by one, numbered from 0, in an order that depends on the inputs alone. It keeps nothing
// of an item that it has yielded, so a list of a million lines takes no more memory than one of a thousand. While it
// walks a folder it holds the names of that folder's files.
//
// Dir is the folder below the one that was walked, or below the part of a pattern before its first wildcard. If more
// than one argument is a folder, Dir begins with that folder's own name, as cp -r would copy them. For files below
// Root, Dir is what Root says.
//
// What is wrong with one item, such as a broken line of a list or a folder that cannot be read, is an Item with Err.
// An error in the second place ends the items, and comes without an Item. It is ctx's, or says why a list could not
// be read to its end.
func (in Inputs) Items(ctx context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		index := 0
		root := in.root()
		one := func(item Item) bool {
			if err := ctx.Err(); err != nil {
				yield(Item{}, err)
				return false
			}
			if dir, ok := below(root, item); ok {
				item.Dir, item.Folder = dir, ""
			}
			item.Index = index
			index++
			return yield(item, nil)
		}
		files := in.files()
		defer files.open.closeIdle()
		on := true
		l := in.listing(func(item Item) bool {
			on = on && one(item) // a source may not heed the end
			return on
		})
		schemes := make([]string, len(in.Args))
		found := make([]os.FileInfo, len(in.Args)) // folders of this machine
		folders := 0
		for i, arg := range in.Args {
			schemes[i] = in.scheme(arg)
			if schemes[i] != "" {
				if path, _, _ := strings.Cut(arg, "?"); in.Sources[schemes[i]] != nil && strings.HasSuffix(path, "/") {
					folders++
				}
				continue
			}
			if info, err := files.stat(ctx, arg); err == nil && info.IsDir() {
				found[i] = info
				folders++
			}
		}
		l.Several = folders > 1
		for i, arg := range in.Args {
			l.Name, l.folder, l.root = arg, found[i], root
			if in.list(ctx, files, schemes[i], files.keeping(l)); !on {
				return
			}
			if err := ctx.Err(); err != nil && in.Sources[schemes[i]] != nil { // which may have ended the listing
				yield(Item{}, err)
				return
			}
		}
		if files.links.follow(); !on {
			return
		}
		for _, list := range in.Lists {
			on, err := list.items(ctx, in, files, one)
			if err != nil {
				if ctx.Err() == nil {
					err = &InputError{Input: list.Path, Err: err}
				}
				yield(Item{}, err)
				return
			}
			if !on {
				return
			}
		}
		files.choose.unmatched(in.Unmatched)
	}
}

// root returns the absolute path of Root, or "".
func (in Inputs) root() string {
	if in.Root == "" {
		return ""
	}
	if abs, err := filepath.Abs(in.Root); err == nil {
		return abs
	}
	return in.Root
}

// keeping returns the listing of an argument without the items that are to be left out. A walk leaves them out itself.
func (s *files) keeping(l Listing) Listing {
	if s.choose == nil {
		return l
	}
	yield := l.Yield
	l.Yield = func(item Item) bool {
		why := s.choose.named(item, l.root, l.Name)
		if why == "" {
			return yield(item)
		}
		if l.PassedOver != nil {
			l.PassedOver(item.Source, why)
		}
		return true
	}
	return l
}

// unlessLeft returns one for the items of a list, without those that are to be left out.
func (s *files) unlessLeft(in Inputs, one func(Item) bool) func(Item) bool {
	return s.keeping(Listing{root: in.root(), PassedOver: in.PassedOver, Yield: one}).Yield
}

// below returns the folder of a file below root, an absolute path or "", if the file is there.
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
