package fetch

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Options are the limits and manners of a Client. The zero value means the defaults.
type Options struct {
	// Timeout is how long a try may wait for a server: first for the answer, redirects included, and then for each
	// further byte of the body. It does not run while the try waits for its turn at a host, or for memory. A body
	// that moves may take longer. If fewer than 32 of its bytes come in a second, it is ended after 1 to 1.5 times
	// Timeout. All tries of an item together may take 30 times Timeout for each. Timeout also bounds the reading of
	// one local file. Default 30 s.
	Timeout time.Duration
	// ConnectTimeout is for a connection (name and address), and again for the TLS handshake. Default 5 s.
	ConnectTimeout time.Duration
	// Retries is how often a download is tried again after a failure that may pass: a time-out, a connection that
	// breaks, a body cut short, and the statuses 408, 429 and 5xx except 501 and 505. Default 3; negative means none.
	Retries int
	// PerHost is how many downloads from one host and port run at once. Default 8.
	PerHost int
	// Rate is how many requests to one host and port begin in a second, redirects and further tries among them; 0 sets
	// no bound. They are spread evenly.
	Rate float64
	// MaxBytes is the largest file that is read, after decompression. Default 64 MB (64,000,000).
	MaxBytes int64
	// Headers are further lines of requests. They go to the host of the item alone, and not to where it sends on.
	Headers []Header
	// IgnoreOptOut fetches items of lists also if the server asks, by X-Robots-Tag with noai, noimageai, noindex or
	// noimageindex, that they are not collected.
	IgnoreOptOut bool
	// SHA256 has a Body say what its digest is.
	SHA256 bool
	// Redirects is how many redirects are followed for one item. Default 10; negative means none.
	Redirects int
	// Idle is how many connections are kept open for later at most. Default 512: if every item is on another host, more
	// would only use up open files.
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
	// Buffers, if set, holds the files that are read, as long as it has room. Nil means memory of this process.
	Buffers Buffers
}

// Buffers is memory for whole files. Its methods are called from many goroutines at once.
type Buffers interface {
	// Get returns n bytes whose contents are anything, or nil if it has none.
	Get(n int) []byte
	// Put takes a slice back when nobody reads it any more, and reports whether it came from Get. It may be shorter
	// than what Get returned. For a slice from Get it is called at most once.
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
	if c.opts.Rate > 0 {
		c.hosts.every = time.Duration(float64(time.Second) / c.opts.Rate)
	}
	c.hosts.finish = make(chan struct{})
	c.ending, c.end = context.WithCancelCause(context.Background())
	c.files = &files{clock: newWatch(c.opts.Timeout, c.hosts.finish)}
	c.web = newWeb(&c.opts)
	return c
}

// Close closes idle connections and the temporary file. No Fetch may be under way.
func (c *Client) Close() {
	c.web.transport.CloseIdleConnections()
	c.spool.close()
}

// ErrFinished is the error of a Fetch that would have had to wait after Finish.
var ErrFinished = errors.New("the run was stopped before its turn")

// Finish ends all waits for a host or for a further try, now and from now on: a Fetch that would wait returns
// ErrFinished. Downloads under way go on, and reads of local files have two seconds more. Finish may be called more
// than once.
func (c *Client) Finish() { c.once.Do(func() { close(c.hosts.finish) }) }

// FinishWithin is Finish with a limit: downloads that are still under way after d end, too, with ErrFinished.
func (c *Client) FinishWithin(d time.Duration) {
	c.Finish()
	time.AfterFunc(d, func() { c.end(ErrFinished) })
}

// Fetch gets the bytes of item.
//
// Memory is counted in room; nil means no bound. A body takes more of it as bytes come. If room has no more, the body
// goes into a temporary file until it is whole, and Fetch then waits in Room.Take for all of it. For a local file,
// whose length is known, Fetch calls Take before it reads. So Fetch waits for memory only while it holds none, and no
// time-out runs meanwhile. An error of Take ends Fetch with that error. When Fetch returns, room holds what Data
// takes; after an error it holds nothing.
//
// A try waits until fewer than PerHost downloads run from its host. If a host answers 429 or 503, all downloads from it
// become rarer, and none begins before the end of its Retry-After. Items of other hosts are not held back, but the
// goroutine that waits in Fetch is taken: see [Spread]. If a host asks to be left alone for more than two minutes, or
// answers nothing for five, its items fail without being asked for. So they do if it says nothing but 429 and 503, more
// often in a row than an item has tries.
//
// The error is an *[Error] with a class, ctx's error when ctx has ended, or that of room.
func (c *Client) Fetch(ctx context.Context, item Item, room Room) (Body, error) {
	if item.Err != nil {
		return Body{}, item.Err
	}
	if room == nil {
		room = endless{}
	}
	t := &Try{c: c, source: c.source(item.Scheme), item: item, room: room, follow: following(room)}
	scarceSince := time.Time{}
	for n, tries := 0, 1; ; n, tries = n+1, tries+1 {
		if err := ctx.Err(); err != nil {
			return Body{}, err
		}
		began, spent := time.Now(), t.spent
		err := t.do(ctx)
		if err == nil {
			body := c.body(t.data, tries)
			if err := item.verify(body.Data, tries); err != nil {
				room.Drop()
				body.Release()
				return Body{}, err
			}
			if c.opts.SHA256 {
				sum := sha256.Sum256(body.Data)
				body.SHA256 = hex.EncodeToString(sum[:])
			}
			body.Took, body.MayBeCut, body.ModTime = t.took, t.mayBeCut, t.modified
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
		if !item.Local() {
			t.follow(waiting(e.Kind))
		}
		if err := c.sleep(ctx, backoff(max(n, 0))); err != nil {
			return Body{}, err
		}
	}
}

// waiting returns the phase of the wait after a failure of that class. Only what a host asks for is its own wish.
func waiting(class string) Phase {
	if class == statusClass(http.StatusTooManyRequests) || class == statusClass(http.StatusServiceUnavailable) {
		return PhaseHeld
	}
	return PhaseAsked
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
