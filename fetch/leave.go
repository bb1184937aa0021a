package fetch

import (
	"context"
	"io"
	"time"
)

// leave returns r as a reader whose Read returns when ctx ends, or with a *hungError after limit, although one from r
// may still block: that one is left behind with its goroutine and ends with it.
func leave(ctx context.Context, r io.Reader, limit time.Duration) io.Reader {
	return &leaver{ctx: ctx, r: r, limit: limit, got: make(chan chunk, 1)}
}

type chunk struct {
	n   int
	err error
}

type leaver struct {
	ctx   context.Context
	r     io.Reader
	limit time.Duration
	buf   []byte
	rest  []byte
	err   error      // what follows rest
	got   chan chunk // holds one, so that a read that was left behind can end
}

func (l *leaver) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		// After ctx's end a read that was left behind may still be using buf.
		if err := l.ctx.Err(); err != nil {
			return 0, err
		}
		if l.err != nil {
			return 0, l.err
		}
		if l.buf == nil {
			l.buf = make([]byte, 64<<10)
		}
		go func() {
			n, err := l.r.Read(l.buf)
			l.got <- chunk{n, err}
		}()
		timer := time.NewTimer(l.limit)
		defer timer.Stop()
		select {
		case <-l.ctx.Done():
			return 0, l.ctx.Err()
		case <-timer.C:
			l.err = &hungError{after: l.limit}
			return 0, l.err
		case c := <-l.got:
			l.rest, l.err = l.buf[:c.n], c.err
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}
