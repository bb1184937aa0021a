package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// An Opener opens lists that are no files of this machine. Its methods may be called from many goroutines.
type Opener interface {
	// OpenList asks for what name names, from a byte on. A version, if it is not empty, is that of an earlier Part, and
	// what is no longer of that version is an error. So is an answer that begins elsewhere. Reads of the Body end with
	// an error if nothing comes for too long. The error is an *[Error], or ctx's.
	OpenList(ctx context.Context, name string, from int64, version string) (Part, error)
}

// A Part is the end of a list, from where it was asked for.
type Part struct {
	Body io.ReadCloser
	// Version is another one once the list has changed; "" if that cannot be known, so that the list cannot be gone on
	// with where it broke off.
	Version string
}

// remoteTries is how often a list is asked for anew before more of it has come.
const remoteTries = 4

// A remote reads a list from where it lies. If it breaks off, the rest is asked for.
type remote struct {
	list    List
	ctx     context.Context
	cancel  context.CancelFunc
	body    io.ReadCloser // nil before it is asked for, and when it has broken off
	version string
	at      int64
	failed  int // tries since something came
	err     error
}

// remote returns a reader of l, which asks for l when it is first read.
func (l List) remote(ctx context.Context) *remote {
	ctx, cancel := context.WithCancel(ctx)
	return &remote{list: l, ctx: ctx, cancel: cancel}
}

// Read reads on.
func (r *remote) Read(p []byte) (int, error) {
	for r.err == nil {
		if r.body == nil {
			part, err := r.list.From.OpenList(r.ctx, r.list.Path, r.at, r.version)
			if err != nil {
				r.broke(err)
				continue
			}
			r.body, r.version = part.Body, part.Version
		}
		n, err := r.body.Read(p)
		r.at += int64(n)
		if n > 0 {
			r.failed = 0
		}
		switch {
		case err == io.EOF:
			r.err = err
		case err != nil:
			r.body.Close()
			r.body = nil
			r.broke(r.truncated(err))
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, r.err
}

// truncated is the error of a list that broke off.
func (r *remote) truncated(err error) error {
	e := &Error{Kind: ClassTruncated, Doing: "get " + shown(r.list.Path), Again: true,
		Err: fmt.Errorf("the list broke off after %d bytes: %w", r.at, err)}
	if hung, ok := errors.AsType[*hungError](err); ok {
		e.Kind = ClassTimeout
		e.Err = fmt.Errorf("after %d bytes of the list, no more came within %v", r.at, hung.after)
	}
	return e
}

// nap waits, or until ctx ends, whose error it returns then.
func nap(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// broke decides whether to ask anew.
func (r *remote) broke(err error) {
	var e *Error
	r.failed++
	switch {
	case r.ctx.Err() != nil:
		r.err = r.ctx.Err()
	case !errors.As(err, &e) || !e.Again && e.Kind != ClassTimeout || r.failed == remoteTries ||
		r.at > 0 && r.version == "":
		r.err = err
	case r.failed > 1: // at first it may be that connection's trouble
		r.err = nap(r.ctx, backoff(r.failed-2))
	}
}

// Close ends reading.
func (r *remote) Close() error {
	r.cancel()
	if r.body != nil {
		return r.body.Close()
	}
	return nil
}

// beginRemote reads the beginning of l.
func (l List) beginRemote(ctx context.Context) error {
	r := l.remote(ctx)
	defer r.Close()
	return l.read(r, enough())
}

// Name returns what of Path says how the list is written: of a URL, all before its query.
func (l List) Name() string {
	if l.From == nil {
		return l.Path
	}
	if i := strings.IndexAny(l.Path, "?#"); i >= 0 {
		return l.Path[:i]
	}
	return l.Path
}
