package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// accept names the formats that can be read, so that a server that has a choice sends none that cannot.
const accept = "image/jpeg,image/png,image/gif,image/tiff,image/bmp,image/webp;q=0.9,image/*;q=0.6,*/*;q=0.5"

// A fetching is one call of Fetch.
type fetching struct {
	*Client
	item Item
	url  *url.URL
	room Room
	last *url.URL
	// spent is how long all tries took, and took the last of them, waits for a turn and for memory left out.
	spent, took time.Duration
	waited      time.Duration            // for memory
	raw         *bodyReader              // the last body; nil before one came
	answered    bool                     // the server that is being asked has sent its header
	mayBeCut    bool                     // what Body says of the last body
	conn        atomic.Pointer[tls.Conn] // what the last request went over; nil where it has no TLS or no connection
	cookies     cookies
}

// grant waits for memory for n bytes, which are there to be read.
func (f *fetching) grant(ctx context.Context, n int64) error {
	began := time.Now()
	err := f.room.Take(ctx, n)
	f.waited += time.Since(began)
	return err
}

// take is grant within a try, whose own errors are told from those of the Room.
func (f *fetching) take(ctx context.Context, n int64) error {
	if err := f.grant(ctx, n); err != nil {
		return &reserveError{err}
	}
	return nil
}

// hopeless reports whether the host of the last try is not worth a further one.
func (f *fetching) hopeless() bool { return f.last != nil && f.hosts.hopeless(hostOf(f.last)) }

// doing says what was being done for errors: the source, and where a redirect led. A redirect's query is not shown, as
// it may hold a signature.
func (f *fetching) doing(u *url.URL) string {
	s := "get " + shown(f.item.Source)
	if u != f.url {
		s += ", sent on to " + shown(u.Scheme+"://"+u.Host+u.RawPath)
	}
	return s
}

// download tries once.
func (f *fetching) download(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(f.ending, func() { cancel(ErrFinished) })()
	clock := &stopwatch{opts: &f.opts, spent: f.spent, end: func(why *overdue) { cancel(why) }}
	defer func() {
		clock.pause()
		f.took, f.spent = clock.spent-f.spent, clock.spent
	}()
	u := f.url
	f.cookies = cookies{}
	for hop := 0; ; hop++ {
		f.last, f.raw = u, nil
		data, next, err := f.hop(ctx, clock, u)
		if err != nil {
			return nil, f.explain(ctx, u, err)
		}
		if next == nil {
			return data, nil
		}
		if hop >= f.opts.Redirects {
			return nil, f.explain(ctx, u, &Error{Kind: ClassRedirect, Err: fmt.Errorf("more than %d redirects", f.opts.Redirects)})
		}
		u = next
	}
}

// hop asks one server: it gives the body, or where to ask next.
func (f *fetching) hop(ctx context.Context, clock *stopwatch, u *url.URL) (data []byte, next *url.URL, err error) {
	if err := f.opts.Policy.permit(u); err != nil {
		return nil, nil, err
	}
	proxy, err := f.proxies.of(u)
	if err != nil {
		return nil, nil, &Error{Kind: ClassProxy, Err: err}
	}
	turn, err := f.hosts.enter(ctx, hostOf(u))
	if err != nil {
		return nil, nil, err
	}
	answered := false
	defer func() {
		switch {
		case ctx.Err() != nil && wasOverdue(ctx) == nil, f.pulse.stoodStill(turn.started):
			turn.leave(verdictNone) // the run is ending, or stood still: that says nothing of the host
		case !answered && f.raw != nil && f.raw.came.Load() > 0:
			turn.leave(verdictBroke)
		case !answered:
			turn.leave(verdictSilent)
		}
	}()
	asking, stop := context.WithCancel(ctx)
	defer stop()
	f.conn.Store(nil)
	asking = httptrace.WithClientTrace(asking, &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
		secure, _ := got.Conn.(*tls.Conn)
		f.conn.Store(secure)
	}})
	req := (&http.Request{Method: http.MethodGet, URL: target(u, proxy), Host: u.Host, Header: http.Header{}}).WithContext(asking)
	req.Header.Set("User-Agent", f.opts.UserAgent)
	req.Header.Set("Accept", accept)
	req.Header.Set("Accept-Encoding", "identity")
	if u.User != nil {
		password, _ := u.User.Password()
		req.SetBasicAuth(u.User.Username(), password)
	}
	f.cookies.addTo(req, u)
	clock.resume()
	defer clock.pause()
	f.answered = false
	resp, err := f.http.RoundTrip(req)
	f.answered = err == nil
	err = f.behind(err)
	if err != nil {
		var e *Error
		answered = errors.As(err, &e) // refused by the policy, not by the host
		if answered {
			turn.leave(verdictNone)
		}
		return nil, nil, err
	}
	defer resp.Body.Close()
	status := resp.StatusCode
	if status == http.StatusOK || status == http.StatusNonAuthoritativeInfo {
		data, err = f.read(ctx, clock, resp)
		var e *Error
		if err == nil || errors.As(err, &e) && !e.again {
			answered = true
			turn.leave(verdictGood)
		}
		return data, nil, err
	}
	answered = true
	wait := retryAfter(resp.Header, time.Now())
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		turn.slow(status, wait)
		turn.leave(verdictLater)
	}
	turn.leave(verdictGood)
	// A text that is read to its end lets the connection be used again: worth it where it is short and comes at once.
	soon := time.AfterFunc(250*time.Millisecond, stop)
	_, _ = io.CopyN(io.Discard, resp.Body, 16<<10)
	soon.Stop()
	switch status {
	case 301, 302, 303, 307, 308:
		f.cookies.take(u, resp)
		next, err = redirect(u, resp.Header.Get("Location"))
		return nil, next, err
	}
	e := &Error{Kind: "http-" + strconv.Itoa(status), Err: errors.New("the server answered " + statusLine(status)), again: passes(status)}
	if proxy != nil && u.Scheme == "http" { // whose own answer it may be
		if status == http.StatusProxyAuthRequired {
			return nil, nil, proxyRefused(proxy, status, "")
		}
		e.Err = f.through(u, e.Err)
	}
	if wait > longestWait {
		e.again = false
		e.Err = fmt.Errorf("%w and asked to be left alone for %s", e.Err, wait.Round(time.Second))
	}
	return nil, nil, e
}

func statusLine(status int) string {
	return strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
}

// redirect returns where location, relative to u, leads.
func redirect(u *url.URL, location string) (*url.URL, error) {
	bad := func(text string) error { return &Error{Kind: ClassRedirect, Err: errors.New(text)} }
	if location == "" {
		return nil, bad("the server sends on to nowhere: its answer has no Location")
	}
	if len(location) > maxURL {
		return nil, bad("the server sends on to what is not a valid URL")
	}
	next, err := parseWeb(location, u)
	if scheme, ok := err.(schemeError); ok {
		return nil, bad("the server sends on to the scheme " + shown(scheme.scheme) + ", expected http or https")
	}
	if err != nil {
		return nil, bad("the server sends on to what is not a valid URL")
	}
	if next.User == nil && next.Host == u.Host && next.Scheme == u.Scheme {
		next.User = u.User // the same server wants the same password
	}
	return next, nil
}

// A reserveError is what the caller's Room returned.
type reserveError struct{ error }
