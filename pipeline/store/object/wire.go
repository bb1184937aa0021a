package object

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// A wire makes the requests of one Bucket. It bounds how long each waits, notes how the server's clock differs, and
// sends to no other server what is signed for this one.
type wire struct {
	next    http.RoundTripper
	timeout time.Duration
	host    string // of the endpoint
	agent   string // the header User-Agent
	skew    atomic.Int64
}

// slowest is how many bytes a second a request or its answer must move at least.
const slowest = 64 << 10

// limit returns how long a request with so many bytes may take until its answer begins.
func (w *wire) limit(size int64) time.Duration {
	return w.timeout + time.Duration(max(size, 0))*time.Second/slowest
}

// A lateError is the error of a request that took too long.
type lateError struct{ after time.Duration }

func (e *lateError) Error() string   { return fmt.Sprintf("no answer within %v", e.after) }
func (e *lateError) Timeout() bool   { return true }
func (e *lateError) Temporary() bool { return true }

// A strangerError is the error of a request that would go to another server.
type strangerError struct{ host string }

func (e *strangerError) Error() string {
	return "the server sends on to another one, " + e.host + ": expected its own address as the endpoint"
}

// ifMatchKey has, in the context of a request, the ETag of the object that alone may be removed.
type ifMatchKey struct{}

// RoundTrip makes one request.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	if !w.own(req.URL.Host) {
		return nil, &strangerError{req.URL.Host}
	}
	ctx, cancel := context.WithCancelCause(req.Context())
	late := &lateError{w.limit(req.ContentLength)}
	clock := time.AfterFunc(late.after, func() { cancel(late) })
	req = req.Clone(ctx)
	if req.ContentLength == 0 && req.Body != nil {
		req.Body = http.NoBody // else its length counts as unknown
	}
	req.Header.Set("User-Agent", w.agent)
	if tag, ok := ctx.Value(ifMatchKey{}).(string); ok && req.Method == http.MethodDelete {
		req.Header.Set("If-Match", `"`+tag+`"`) // which need not be signed
	}
	resp, err := w.next.RoundTrip(req)
	if err != nil {
		clock.Stop()
		if context.Cause(ctx) == late {
			err = late
		}
		cancel(nil)
		return nil, err
	}
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		w.skew.Store(int64(time.Until(at)))
	}
	resp.Body = &timedBody{resp.Body, clock, w.timeout, ctx, cancel}
	clock.Stop()
	return resp, nil
}

// own reports whether a host is the endpoint, or one below it, as a bucket is that has a host of its own. Amazon has a
// host for each region.
func (w *wire) own(host string) bool {
	const aws = ".amazonaws.com"
	below := func(host, of string) bool { return host == of || strings.HasSuffix(host, "."+of) }
	return below(host, w.host) || strings.HasSuffix(w.host, aws) && strings.HasSuffix(host, aws)
}

// A timedBody is the body of an answer, each part of which must come in time.
type timedBody struct {
	io.ReadCloser
	clock   *time.Timer
	timeout time.Duration
	ctx     context.Context
	cancel  context.CancelCauseFunc
}

func (b *timedBody) Read(p []byte) (int, error) {
	b.clock.Reset(b.timeout)
	n, err := b.ReadCloser.Read(p)
	if late, ok := context.Cause(b.ctx).(*lateError); ok && err != nil && err != io.EOF {
		err = late
	}
	b.clock.Stop() // whoever reads may take its time
	return n, err
}

func (b *timedBody) Close() error {
	b.clock.Stop()
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}
