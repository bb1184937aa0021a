package fetch

import (
	"bytes"
	"context"
	"io"
	"os"
)

// Open opens l as it is written, for one who copies it. Reads of it return when ctx ends. A nil stdin means os.Stdin.
func (l List) Open(ctx context.Context, stdin io.Reader) (io.ReadCloser, error) {
	if l.Stdin() {
		return io.NopCloser(standardInput(ctx, stdin)), nil
	}
	if l.From != nil {
		return l.remote(ctx), nil
	}
	r, _, end, err := l.open(ctx, newWatch(0, nil))
	if err != nil {
		return nil, &InputError{Input: l.Path, Err: err}
	}
	return opened{r, end}, nil
}

type opened struct {
	io.Reader
	end func() error
}

func (o opened) Close() error { return o.end() }

func standardInput(ctx context.Context, stdin io.Reader) io.Reader {
	if stdin == nil {
		stdin = os.Stdin
	}
	return leave(ctx, stdin, forever)
}

// open opens a list that is not standard input. It reads what the list has now: that a run appends to the list that it
// reads must not keep it going. grown reports whether the list is longer by now; end closes it.
func (l List) open(ctx context.Context, p *watch) (r io.Reader, grown func() bool, end func() error, err error) {
	at := spot{path: l.Path}
	limit, err := p.limit(at, true)
	if err != nil {
		return nil, nil, nil, err
	}
	info, err := within(ctx, p, at, limit, func() (os.FileInfo, error) { return os.Stat(l.Path) }, nil)
	if err != nil {
		return nil, nil, nil, l.unopened(ctx, err)
	}
	if !info.Mode().IsRegular() {
		limit = forever // of a pipe, whose writer may take its time
	}
	f, err := within(ctx, p, at, limit, func() (f *os.File, err error) {
		err = spare(func() (err error) {
			f, err = os.Open(l.Path)
			return err
		})
		return f, err
	}, func(f *os.File) { f.Close() })
	if err != nil {
		return nil, nil, nil, l.unopened(ctx, err)
	}
	r, grown = f, func() bool { return false }
	// those of /proc call themselves empty
	if info, err = f.Stat(); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
		size := info.Size()
		r = &asOpened{r: f, left: size}
		grown = func() bool {
			now, err := f.Stat()
			return err == nil && now.Size() > size
		}
	}
	return leave(ctx, r, limit), grown, f.Close, nil
}

// unopened returns why l is not open: the run ends, or what the system said.
func (l List) unopened(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	return fileError("open", l.Path, err).Err
}

// An asOpened reads what a list had when it was opened. A line that went on then is read to its end.
type asOpened struct {
	r      io.Reader
	left   int64
	head   []byte // the first bytes
	last   byte
	beyond int // bytes that were read behind left
}

func (a *asOpened) Read(p []byte) (int, error) {
	if a.left > 0 {
		n, err := a.r.Read(p[:min(int64(len(p)), a.left)])
		if n > 0 {
			a.left -= int64(n)
			a.last = p[n-1]
			a.head = append(a.head, p[:min(n, 4-len(a.head))]...)
		}
		return n, err
	}
	if a.last == '\n' || a.last == 0 || a.beyond > maxRecord || compressed(a.head) {
		return 0, io.EOF
	}
	n, err := a.r.Read(p)
	if i := bytes.IndexAny(p[:n], "\n\x00"); i >= 0 {
		n, a.last = i+1, p[i]
	}
	a.beyond += n
	return n, err
}
