package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// A web is the Source of http and https. Nil is valid for List and Host.
type web struct {
	opts      *Options
	transport *http.Transport // without http.Client, which would read Location itself and show it in errors
	proxies   *Proxies        // that are used; nil where the policy allows none
	// dial, where it is set before the first Fetch, makes the connections; for tests.
	dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// newWeb returns the source of a Client with those options.
func newWeb(o *Options) *web {
	w := &web{opts: o}
	dialer := &net.Dialer{
		Timeout:        o.ConnectTimeout,
		KeepAlive:      15 * time.Second,
		ControlContext: o.Policy.control,
	}
	t := &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if w.dial != nil {
				return w.dial(ctx, network, addr)
			}
			return dialer.DialContext(ctx, network, addr)
		},
		TLSHandshakeTimeout: o.ConnectTimeout,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:   true,
		HTTP2:               &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 10 * time.Second},
		// Images are compressed already; an encoding that the server uses unasked is undone in http.go, within
		// MaxBytes.
		DisableCompression:     true,
		MaxIdleConnsPerHost:    o.PerHost,
		MaxIdleConns:           o.Idle,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
	w.useProxies(t)
	w.transport = t
	return w
}

// List implements [Source]: a URL is one item.
func (*web) List(_ context.Context, l Listing) { l.Yield(webItem(l.Name)) }

// webItem returns the item of a URL, of whatever scheme.
func webItem(source string) Item {
	item := Item{Source: source, Scheme: schemeOf(source)}
	if _, err := parseURL(source); err != nil {
		item.Err = &Error{Kind: ClassURL, Doing: "parse " + shown(source), Err: err}
	}
	return item
}

// Host implements [Source].
func (*web) Host(item Item) string {
	u, err := parseURL(item.Source)
	if err != nil {
		return ""
	}
	return hostOf(u)
}

// Open implements [Source].
func (w *web) Open(ctx context.Context, item Item, try *Try) error {
	u, err := parseURL(item.Source)
	if err != nil {
		return &Error{Kind: ClassURL, Doing: "parse " + shown(item.Source), Err: err}
	}
	d := download{web: w, try: try, item: item, url: u}
	return d.do(ctx)
}

// A download is one call of web.Open.
type download struct {
	*web
	try      *Try
	item     Item
	url      *url.URL
	answered bool                     // the server that is being asked has sent its header
	conn     atomic.Pointer[tls.Conn] // what the last request went over; nil where it has no TLS or no connection
	cookies  cookies
	header   http.Header // what is said besides, or in place of the usual
}

// doing says what was being done for errors: the source, and where a redirect led. A redirect's query is not shown, as
// it may hold a signature.
func (f *download) doing(u *url.URL) string {
	s := "get " + shown(f.item.Source)
	if u != f.url {
		s += ", sent on to " + shown(u.Scheme+"://"+u.Host+u.RawPath)
	}
	return s
}

// do asks one server after the other, as redirects say, until one sends the file.
func (f *download) do(ctx context.Context) error {
	u := f.url
	for hop := 0; ; hop++ {
		next, err := f.hop(ctx, u)
		if err != nil {
			return f.explain(ctx, u, err)
		}
		if next == nil {
			return nil
		}
		if hop >= f.opts.Redirects {
			err := fmt.Errorf("more than %d redirects", f.opts.Redirects)
			return f.explain(ctx, u, &Error{Kind: ClassRedirect, Err: err})
		}
		u = next
	}
}

// hop asks one server, and reads the file that it sends or returns where to ask next.
func (f *download) hop(ctx context.Context, u *url.URL) (next *url.URL, err error) {
	if err := f.opts.Policy.permit(u); err != nil {
		return nil, err
	}
	proxy, err := f.proxies.of(u)
	if err != nil {
		return nil, &Error{Kind: ClassProxy, Err: err}
	}
	if err := f.try.Ask(ctx, hostOf(u)); err != nil {
		return nil, err
	}
	turn := f.try.turn
	defer f.try.unanswered(ctx) // where nothing below says better
	asking, stop := context.WithCancel(ctx)
	defer stop()
	defer f.try.clock.pause()
	resp, err := f.ask(asking, u, proxy)
	if err != nil {
		if errors.As(err, new(*Error)) {
			turn.leave(verdictNone) // refused by the policy or a proxy, not by the host
		}
		return nil, err
	}
	defer resp.Body.Close()
	status := resp.StatusCode
	if status == http.StatusOK || status == http.StatusNonAuthoritativeInfo {
		if err = f.heed(resp.Header); err == nil {
			err = f.read(ctx, resp)
		}
		if err == nil || final(err) {
			turn.leave(verdictGood)
		}
		return nil, err
	}
	wait := retryAfter(resp.Header, time.Now())
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		f.try.Later(statusClass(status), wait)
	}
	turn.leave(verdictGood)
	// A text that is read to its end lets the connection be used again: worth it where it is short and comes at once.
	soon := time.AfterFunc(250*time.Millisecond, stop)
	_, _ = io.CopyN(io.Discard, resp.Body, 16<<10)
	soon.Stop()
	switch status {
	case 301, 302, 303, 307, 308:
		f.cookies.take(u, resp)
		return redirect(u, resp.Header.Get("Location"))
	}
	return nil, f.refused(u, proxy, status, wait)
}

// ask sends the request for u and returns the answer, whose body has not been read.
func (f *download) ask(ctx context.Context, u, proxy *url.URL) (*http.Response, error) {
	f.conn.Store(nil)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
		secure, _ := got.Conn.(*tls.Conn)
		f.conn.Store(secure)
	}})
	req := &http.Request{Method: http.MethodGet, URL: target(u, proxy), Host: u.Host, Header: http.Header{}}
	req = req.WithContext(ctx)
	req.Header.Set("User-Agent", f.opts.UserAgent)
	req.Header.Set("Accept", f.opts.Accept)
	req.Header.Set("Accept-Encoding", "identity")
	if u.Host == f.url.Host && u.Scheme == f.url.Scheme {
		for _, h := range f.opts.Headers {
			req.Header.Add(h.Name, h.Value)
		}
	}
	if u.User != nil {
		password, _ := u.User.Password()
		req.SetBasicAuth(u.User.Username(), password)
	}
	f.cookies.addTo(req, u)
	for name, values := range f.header {
		req.Header[name] = values
	}
	f.answered = false
	resp, err := f.transport.RoundTrip(req)
	f.answered = err == nil
	return resp, f.behind(err)
}

// refused returns the error of an answer that is neither the file nor a redirect.
func (f *download) refused(u, proxy *url.URL, status int, wait time.Duration) error {
	e := &Error{
		Kind: statusClass(status), Err: errors.New("the server answered " + statusLine(status)), Again: passes(status),
	}
	if proxy != nil && u.Scheme == "http" { // whose own answer it may be
		if status == http.StatusProxyAuthRequired {
			return proxyRefused(proxy, status, "")
		}
		e.Err = f.through(u, e.Err)
	}
	if wait > longestWait {
		e.Again = false
		e.Err = fmt.Errorf("%w and asked to be left alone for %s", e.Err, wait.Round(time.Second))
	}
	return e
}

// statusClass returns the class of an answer that is a failure.
func statusClass(status int) string { return "http-" + strconv.Itoa(status) }

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
