package fetch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A files is the Source of files of this machine, by their paths: single files, folders that are walked, and patterns.
type files struct {
	clock *watch

	// For listing:
	open       *roots  // of the folders that were walked
	skip       skipped // folders into which no walk goes
	extensions Extensions
	choose     *chooser
	links      *links // nil where links are passed over
}

// files returns the source of the files among the inputs. Its roots are to be closed when the items have been listed.
func (in Inputs) files() *files {
	s := &files{
		clock: newWatch(in.Timeout, nil), open: &roots{}, skip: in.skipped(), extensions: in.Extensions,
		choose: in.chooser(),
	}
	if in.Follow {
		s.links = &links{}
	}
	s.clock.stall = in.stall
	return s
}

// Host implements [Source]: a file of this machine needs none.
func (*files) Host(Item) string { return "" }

// List implements [Source].
func (s *files) List(ctx context.Context, l Listing) {
	if l.folder != nil {
		s.listFolder(ctx, l)
		return
	}
	item := s.item(ctx, l.Name, l.Heads)
	if item.Err != nil && item.Local() && !l.Single && isGlob(l.Name) {
		if g, root, err := globWalk(s.walk(ctx, chosen(l)), l.Name); err == nil {
			if info, _ := s.stat(ctx, root); !s.skip.has(root, info) {
				g.from(root)
			}
			return
		}
	}
	l.Yield(item)
}

// listFolder lists the files of the folder l.Name.
func (s *files) listFolder(ctx context.Context, l Listing) {
	path := tidy(l.Name)
	if s.skip.has(l.Name, l.folder) {
		if l.PassedOver != nil {
			l.PassedOver(path, passedOwn)
		}
		return
	}
	l = chosen(l)
	w, any, left := s.walk(ctx, l), false, s.choose.count()
	w.yield = func(item Item) bool {
		any = true
		return l.Yield(item)
	}
	if abs, err := filepath.Abs(l.Name); err == nil && filepath.Dir(abs) != abs {
		w.name = filepath.Base(abs)
	}
	if l.Several {
		w.top = w.name
	}
	nothing := func() bool {
		return any || s.choose.count() > left || l.Yield(Item{Source: path, Err: &Error{Kind: ClassNotFound,
			Doing: "list " + shown(path), Err: s.extensions.none(s.links != nil)}})
	}
	if folderWalk(w).from(path) && !s.links.wait(nothing) {
		nothing()
	}
}

// chosen returns l for a walk, which asks by itself what is to be left out.
func chosen(l Listing) Listing {
	yield := l.Yield
	l.Yield = func(item Item) bool {
		item.chosen = true
		return yield(item)
	}
	return l
}

// walk returns a walk for l that has no root yet.
func (s *files) walk(ctx context.Context, l Listing) walk {
	return walk{
		ctx: ctx, clock: s.clock, open: s.open, skip: s.skip,
		takes: l.Takes, yield: l.Yield, pass: l.PassedOver, heads: l.Heads, choose: s.choose, links: s.links,
	}
}

// check returns an error if an argument is of no use: one of type *uselessError if it is there all the same.
func (s *files) check(ctx context.Context, l Listing) error {
	arg := l.Name
	s.links.forget()
	var p probe
	w, left := s.walk(ctx, p.listing(ctx, l)), s.choose.count()
	info, err := s.stat(ctx, arg)
	switch {
	case err == nil && info.IsDir():
		if s.skip.has(arg, info) {
			return &uselessError{errors.New("it is the folder for outputs, expected another")}
		}
		if folderWalk(w).from(tidy(arg)) && !p.found {
			s.links.follow()
		}
		switch {
		case p.found:
		case p.trouble != nil:
			return &uselessError{p.trouble}
		case s.choose.count() > left:
			return &uselessError{errLeftOut}
		default:
			return &uselessError{s.extensions.none(s.links != nil)}
		}
	case err == nil && !info.Mode().IsRegular():
		return &uselessError{errors.New("it is not a regular file, expected a file, folder, pattern or URL")}
	case err == nil && s.choose.named(Item{Source: tidy(arg)}, l.root, arg) != "":
		return &uselessError{errLeftOut}
	case err == nil:
	case isGlob(arg):
		w, root, err := globWalk(w, arg)
		if err != nil {
			return err
		}
		if info, _ := s.stat(ctx, root); s.skip.has(root, info) {
			return errors.New("the pattern is for the folder for outputs, expected another")
		}
		if w.from(root) && !p.found {
			s.links.follow()
		}
		switch {
		case p.found:
		case s.choose.count() > left:
			return &uselessError{errLeftOut}
		default:
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

// errLeftOut is the error of an argument of which nothing is left.
var errLeftOut = errors.New("all of it is left out by what is excluded or not included, " +
	"expected patterns that leave an image")

// stat looks at a path, links followed.
func (s *files) stat(ctx context.Context, path string) (os.FileInfo, error) {
	at := spot{path: path}
	limit, err := s.clock.limit(at, true)
	if err != nil {
		return nil, err
	}
	return within(ctx, s.clock, at, limit, func() (os.FileInfo, error) { return os.Stat(path) }, nil)
}

// item returns the item of a file that was named itself.
func (s *files) item(ctx context.Context, name string, heads int) Item {
	item := fileItem(ctx, s.clock, tidy(name), heads)
	if item.Err != nil && strings.Contains(name, "://") {
		err := errors.New("it begins neither as a URL nor as a path that is there, expected http:// or https://")
		return Item{
			Source: name, Scheme: unknownScheme, Err: &Error{Kind: ClassURL, Doing: "parse " + shown(name), Err: err},
		}
	}
	return item
}

// fileItem makes an Item of a path, symbolic links followed, with the first bytes of the file.
func fileItem(ctx context.Context, p *watch, path string, heads int) Item {
	at := spot{path: path}
	limit, err := p.limit(at, true)
	if err == nil {
		var item Item
		item, err = within(ctx, p, at, limit, func() (Item, error) {
			info, err := os.Stat(path)
			if err == nil {
				err = regular(info.Mode())
			}
			if err != nil {
				return Item{}, err
			}
			item := Item{Source: path, Size: info.Size(), ModTime: info.ModTime(), device: deviceOf(info)}
			if heads > 0 {
				item.Head = head(path, heads)
			}
			return item, nil
		}, nil)
		if err == nil {
			return item
		}
	}
	return Item{Source: path, Err: fileError("find", path, err)}
}

// regular returns an error for what is no regular file, whose opening might never return.
func regular(m os.FileMode) error {
	switch {
	case m.IsDir():
		return errors.New("it is a folder, expected a file or a URL")
	case !m.IsRegular():
		return fmt.Errorf("it is %s, expected a regular file", kindOf(m))
	}
	return nil
}

// fileError returns the Error of a system call on a file.
func fileError(verb, path string, err error) *Error {
	kind := ClassRead
	if errors.Is(err, fs.ErrNotExist) {
		kind = ClassNotFound
	}
	if errors.As(err, new(*hungError)) {
		kind = ClassTimeout
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return &Error{Kind: kind, Doing: verb + " " + shown(path), Err: err}
}
