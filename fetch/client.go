package fetch

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// Options are the limits and manners of a Client. The zero value means the defaults.
type Options struct {
	// Timeout is how long a try may wait for a server: from its beginning, redirects included, to the answer, and then
	// from each byte of the body to the next. It does not run while the try waits for its turn at a host or for memory.
	// A body that moves may take longer: one of which fewer than 32 bytes come in a second is ended once it has taken
	// Timeout and up to half of it more, and all tries of an item together may take thirty times Timeout for each. It
	// is also for the reading of one local file. Default 30 s.
	Timeout time.Duration
	// ConnectTimeout is for a connection (name and address), and again for the TLS handshake. Default 5 s.
	ConnectTimeout time.Duration
	// Retries is how often a download is tried again, of those failures that may pass: time-outs, connections that
	// break, bodies cut short, and the statuses 408, 429 and 5xx but 501 and 505. Default 3; negative means none.
	Retries int
	// PerHost is how many downloads from one host and port run at once. Default 8.
	PerHost int
	// MaxBytes is the largest file that is read, after decompression. Default 64 MB (64,000,000).
	MaxBytes int64
	// Redirects is how many redirects are followed for one item. Default 10; negative means none.
	Redirects int
	// Idle is how many connections are kept for later at most. Default 512: open files are scarce where every item is
	// on another host.
	Idle int
	// MinSpeed is how many bytes of a body must come in a second, on average over five of them; 0 sets no bound. A
	// try that is slower ends with a time-out of its own, long before Timeout.
	MinSpeed int64
	// UserAgent is how the client calls itself. Default "imgpipe".
	UserAgent string
	// Accept names the media types that are wanted, as in the header field of RFC 9110, section 12.5.1. A server that
	// has a choice then sends none that cannot be read. Default "*/*".
	Accept string
	// Policy says which servers may be asked.
	Policy Policy
	// Proxies are how they are asked. Default those of the environment, see EnvironmentProxies.
	Proxies *Proxies
	// Sources are further kinds of sources, by the scheme of their items in lower case, such as "s3". One for http or
	// https takes the place of the built-in one.
	Sources map[string]Source
	// Buffers, if it is set, is where files are read into as long as it has room; else memory of this process.
	Buffers Buffers
}

// Buffers is memory for whole files. It is used by many goroutines at once.
type Buffers interface {
	// Get returns n bytes whose contents are anything, or nil if it has none.
	Get(n int) []byte
	// Put takes back a slice that begins where one from Get does, and reports whether it is one. It is called at most
	// once for each, when nobody reads it any more.
	Put(b []byte) bool
}

func (o Options) withDefaults() Options {
	def := func(v, d time.Duration) time.Duration {
		if v <= 0 {
			return d
		}
		return v
	}
	count := func(v, d int) int {
		if v == 0 {
			return d
		}
		return max(v, 0)
	}
	o.Timeout = def(o.Timeout, 30*time.Second)
	o.ConnectTimeout = def(o.ConnectTimeout, 5*time.Second)
	o.Retries = count(o.Retries, 3)
	o.Redirects = count(o.Redirects, 10)
	if o.PerHost <= 0 {
		o.PerHost = 8
	}
	if o.Idle <= 0 {
		o.Idle = 512
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 64e6
	}
	o.Proxies = o.Proxies.withDefault()
	o.UserAgent = cmp.Or(o.UserAgent, "imgpipe")
	o.Accept = cmp.Or(o.Accept, "*/*")
	return o
}

const (
	// backoffBase and backoffMost bound the wait before a try is repeated: a random time up to base × 2ⁿ ("full
	// jitter", M. Brooker, Exponential Backoff and Jitter, 2015), never more than most.
	backoffBase = 500 * time.Millisecond
	backoffMost = 30 * time.Second
	// longestWait is the longest Retry-After that is waited for. A server that asks for more is left alone: what is
	// still to be had from it fails at once, and a later run can have it.
	longestWait = 2 * time.Minute
)

// A Client fetches items. It is made by New and may be used by any number of goroutines at once.
type Client struct {
	opts  Options
	files *files
	web   *web
	hosts hosts
	once  sync.Once // closes hosts.finish
	// ending ends with ErrFinished when downloads that are under way are to end, too; end ends it.
	ending  context.Context
	end     context.CancelCauseFunc
	buffers buffers
	spool   spool
	pulse   pulse
}

// New makes a Client. Close it when nothing more is to be fetched.
func New(o Options) *Client {
	c := &Client{opts: o.withDefaults()}
	c.opts.Policy = c.opts.Policy.compiled()
	c.buffers.first = c.opts.Buffers
	c.hosts.perHost, c.hosts.retries, c.hosts.source = c.opts.PerHost, c.opts.Retries, c.source
	c.hosts.finish = make(chan struct{})
	c.ending, c.end = context.WithCancelCause(context.Background())
	c.files = &files{clock: newWatch(c.opts.Timeout, c.hosts.finish)}
	c.web = newWeb(&c.opts)
	return c
}

// Close closes the connections that are idle, and the temporary file. It ends no Fetch, and there must be none.
func (c *Client) Close() {
	c.web.transport.CloseIdleConnections()
	c.spool.close()
}

// ErrFinished is the error of a Fetch that would have had to wait after Finish.
var ErrFinished = errors.New("the run was stopped before its turn")

// Finish ends all waits for a host and for a further try, now and from now on: a Fetch that waits, or would, returns
// ErrFinished. What is being downloaded goes on, and a local file is waited for two seconds more. It may be called more
// than once.
func (c *Client) Finish() { c.once.Do(func() { close(c.hosts.finish) }) }

// FinishWithin is Finish, and after d it ends downloads that are still under way, which then return ErrFinished as
// well.
func (c *Client) FinishWithin(d time.Duration) {
	c.Finish()
	time.AfterFunc(d, func() { c.end(ErrFinished) })
}

// Fetch gets the bytes of item.
//
// room is where the bytes are counted; nil means no bound. A body takes of it as its bytes come, and where it has no
// more, goes into a temporary file until it is whole; then Fetch waits in Take for all of it, as it does for a local
// file, whose length is known. So Fetch waits for memory only while it holds none, and no time-out runs. An error of
// Take ends Fetch with that error. When Fetch returns, room has what Data takes, and nothing where it failed.
//
// A try waits until fewer than PerHost downloads run from its host. A host that answers 429 or 503 is asked more
// rarely, and not before the end of its Retry-After, by all downloads from it; others are not held back but by the
// goroutine that waits in Fetch: see Spread. A host that asks to be left alone for more than two minutes, or gives no
// answer to anything for five, is left alone: its items fail without being asked for.
//
// The error is an *Error with a class, or ctx's error when ctx has ended, or that of room.
func (c *Client) Fetch(ctx context.Context, item Item, room Room) (Body, error) {
	if item.Err != nil {
		return Body{}, item.Err
	}
	if room == nil {
		room = endless{}
	}
	t := &Try{c: c, source: c.source(item.Scheme), item: item, room: room}
	scarceSince := time.Time{}
	for n, tries := 0, 1; ; n, tries = n+1, tries+1 {
		if err := ctx.Err(); err != nil {
			return Body{}, err
		}
		began, spent := time.Now(), t.spent
		err := t.do(ctx)
		if err == nil {
			body := c.body(t.data, tries)
			body.Took, body.MayBeCut = t.took, t.mayBeCut
			return body, nil
		}
		room.Drop()
		if e := ctx.Err(); e != nil {
			return Body{}, e
		}
		e, ok := err.(*Error)
		if !ok {
			return Body{}, err
		}
		e.Attempts = tries
		if scarce(err) {
			if scarceSince.IsZero() {
				scarceSince = time.Now()
			}
			if time.Since(scarceSince) < scarcePatience && c.sleep(ctx, scarceWait) == nil {
				n, tries, t.spent = n-1, tries-1, spent // it was not asked for
				continue
			}
		}
		if !item.Local() && (e.Again || e.Kind == ClassTimeout) && c.pulse.stoodStill(began) {
			n, t.spent = n-1, spent // nobody was slow
			continue
		}
		if o, ok := e.Err.(*overdue); ok && o.moved && c.hosts.crowded(began) {
			n-- // there were too many at once; how long all tries take is bounded
		}
		if !e.Again || n >= c.opts.Retries || t.host != "" && c.hosts.hopeless(t.host) {
			return Body{}, e
		}
		if err := c.sleep(ctx, backoff(max(n, 0))); err != nil {
			return Body{}, err
		}
	}
}

// body hands data over.
func (c *Client) body(data []byte, attempts int) Body {
	given := false
	return Body{Data: data, Attempts: attempts, Release: func() {
		if !given {
			given = true
			c.buffers.put(data)
		}
	}}
}

// backoff returns the wait before try n+1.
func backoff(n int) time.Duration {
	return rand.N(min(backoffMost, backoffBase<<min(n, 10)))
}

func (c *Client) sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-c.hosts.finish:
		return ErrFinished
	case <-t.C:
		return nil
	}
}
