package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Lists returns an Opener for lists that a web server has, at a URL with the scheme http or https. It keeps to Policy,
// Proxies, Redirects and the time-outs of o, as a Client does.
func (o Options) Lists() Opener { return &webLists{o.web()} }

// Transport returns what asks servers as a Client with these options does: within Policy, through Proxies, and with
// ConnectTimeout. It follows no redirects, knows no limits of hosts, and waits for an answer without end. It is for
// sources of other packages.
func (o Options) Transport() http.RoundTripper { return &transport{o.web()} }

// web returns the source of a Client with these options.
func (o Options) web() *web {
	o = o.withDefaults()
	o.Policy = o.Policy.compiled()
	return newWeb(&o)
}

type transport struct{ *web }

// RoundTrip makes a request, if the policy allows that.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := t.opts.Policy.permit(req.URL); err != nil {
		return nil, err
	}
	if _, err := t.proxies.of(req.URL); err != nil {
		return nil, &Error{Kind: ClassProxy, Err: err}
	}
	return t.transport.RoundTrip(req)
}

type webLists struct{ *web }

// OpenList implements [Opener].
func (w *webLists) OpenList(ctx context.Context, name string, from int64, version string) (Part, error) {
	u, err := parseURL(name)
	if err != nil {
		return Part{}, &Error{Kind: ClassURL, Doing: "parse " + shown(name), Err: err}
	}
	f := &download{web: w.web, item: Item{Source: name}, url: u}
	for hop := 0; ; hop++ {
		part, next, err := w.ask(ctx, f, u, from, version)
		if err != nil {
			if ctx.Err() != nil {
				return Part{}, ctx.Err()
			}
			return Part{}, f.explain(ctx, u, err)
		}
		if next == nil {
			return part, nil
		}
		if hop >= w.opts.Redirects {
			err := fmt.Errorf("more than %d redirects", w.opts.Redirects)
			return Part{}, &Error{Kind: ClassRedirect, Doing: f.doing(u), Err: err}
		}
		u = next
	}
}

// ask asks one server, and returns its answer or where to ask next.
func (w *webLists) ask(
	ctx context.Context, f *download, u *url.URL, from int64, version string,
) (part Part, next *url.URL, err error) {
	if err := w.opts.Policy.permit(u); err != nil {
		return part, nil, err
	}
	proxy, err := w.proxies.of(u)
	if err != nil {
		return part, nil, &Error{Kind: ClassProxy, Err: err}
	}
	f.header = http.Header{"Accept": {"text/*,*/*;q=0.5"}}
	if from > 0 {
		f.header.Set("Range", "bytes="+strconv.FormatInt(from, 10)+"-")
		f.header.Set("If-Range", version)
	}
	asking, stop := context.WithCancelCause(ctx)
	late := time.AfterFunc(w.opts.Timeout, func() {
		stop(&overdue{text: "no answer within " + w.opts.Timeout.String(), again: true})
	})
	resp, err := f.ask(asking, u, proxy)
	late.Stop()
	if err != nil {
		if o := wasOverdue(asking); o != nil {
			err = &Error{Kind: ClassTimeout, Err: o, Again: true}
		}
		stop(nil)
		return part, nil, err
	}
	body := &listBody{leave(asking, resp.Body, w.opts.Timeout), resp.Body, stop}
	switch status := resp.StatusCode; {
	case status == http.StatusOK && from == 0,
		status == http.StatusPartialContent && beginsAt(resp.Header.Get("Content-Range"), from):
		return Part{body, versionOf(resp)}, nil, nil
	case status == http.StatusOK, status == http.StatusPartialContent:
		body.Close()
		return part, nil, &Error{Kind: ClassTruncated, Err: errors.New("the list broke off, and the server does " +
			"not send the rest of that list: expected one that stays as it is")}
	case status >= 301 && status <= 308 && resp.Header.Get("Location") != "":
		f.cookies.take(u, resp)
		body.Close()
		next, err = redirect(u, resp.Header.Get("Location"))
		return part, next, err
	default:
		body.Close()
		return part, nil, f.refused(u, proxy, status, retryAfter(resp.Header, time.Now()))
	}
}

// beginsAt reports whether a Content-Range is that of what begins at a byte (RFC 9110, section 14.4).
func beginsAt(header string, from int64) bool {
	rest, ok := strings.CutPrefix(header, "bytes "+strconv.FormatInt(from, 10)+"-")
	return ok && rest != ""
}

// versionOf returns by what a server knows that a list has not changed: a strong ETag, or a time with a day's distance
// to now (RFC 9110, sections 8.8 and 13.1.5).
func versionOf(resp *http.Response) string {
	if tag := resp.Header.Get("ETag"); strings.HasPrefix(tag, `"`) {
		return tag
	}
	at, err := http.ParseTime(resp.Header.Get("Last-Modified"))
	now, errNow := http.ParseTime(resp.Header.Get("Date"))
	if err == nil && errNow == nil && now.Sub(at) > 24*time.Hour {
		return resp.Header.Get("Last-Modified")
	}
	return ""
}

// A listBody is a body each part of which must come in time.
type listBody struct {
	io.Reader
	body io.Closer
	stop context.CancelCauseFunc
}

func (b *listBody) Close() error {
	b.stop(nil) // first: a read that is under way ends
	return b.body.Close()
}
