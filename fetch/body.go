package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// read reads the body of a good answer.
func (f *fetching) read(ctx context.Context, clock *stopwatch, resp *http.Response) ([]byte, error) {
	size := resp.ContentLength
	if size > f.opts.MaxBytes {
		return nil, &Error{Kind: ClassTooBig, Err: fmt.Errorf("the server announces %d bytes, expected at most %d", size, f.opts.MaxBytes)}
	}
	raw := &bodyReader{r: resp.Body, left: f.opts.MaxBytes + codingSlack}
	body, coded, err := f.undo(raw, resp.Header)
	if err != nil {
		return nil, err
	}
	if coded {
		size = -1
	}
	if f.opts.MinSpeed > 0 {
		watch := raw.watch(f.opts.MinSpeed, f.tooSlow)
		defer watch.stop()
	}
	in := incoming{f: f, size: size}
	defer in.close()
	if err := in.read(body); err != nil {
		return nil, err
	}
	// Memory is waited for with the clocks stopped: it is not the server that is slow.
	raw.paused.Store(true)
	clock.pause()
	return in.whole(ctx)
}

func truncated(n, size int64) error {
	if size < 0 {
		return &Error{Kind: ClassTruncated, again: true, Err: fmt.Errorf("the body broke off after %d bytes", n)}
	}
	return &Error{Kind: ClassTruncated, again: true, Err: fmt.Errorf("the body ended after %d of %d bytes", n, size)}
}

// speedWindow is how long a body may be slow at a time: bursts and pauses of networks are shorter.
const speedWindow = 5 * time.Second

// A bodyReader reads a body as it comes from the network. It ends one that is endless before decompression, such as
// empty gzip members without end.
type bodyReader struct {
	r    io.Reader
	left int64
	came atomic.Int64
	// paused is set while nobody reads, for want of memory.
	paused atomic.Bool
}

func (b *bodyReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.came.Add(int64(n))
	if b.left -= int64(n); b.left < 0 {
		return 0, &Error{Kind: ClassTooBig, Err: errors.New("the body goes on long after it should have ended")}
	}
	return n, err
}

// A speedWatch looks at a bodyReader once in each speedWindow.
type speedWatch struct {
	mu    sync.Mutex
	timer *time.Timer
	ended bool
}

// watch calls slow, once, when fewer than least bytes in a second came over a speedWindow.
func (b *bodyReader) watch(least int64, slow func()) *speedWatch {
	w := &speedWatch{}
	w.mu.Lock()
	defer w.mu.Unlock()
	before := b.came.Load()
	w.timer = time.AfterFunc(speedWindow, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		now := b.came.Load()
		switch {
		case w.ended:
		case b.paused.Load():
			before = now
			w.timer.Reset(speedWindow)
		case now-before < least*int64(speedWindow/time.Second):
			slow()
		default:
			before = now
			w.timer.Reset(speedWindow)
		}
	})
	return w
}

func (w *speedWatch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	w.timer.Stop()
}
