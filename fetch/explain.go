package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"
)

// explain makes an *Error of what ended a try at u, with its class, and decides whether another try may go better. The
// end of the run, and what the caller's Room returned, are for Try.explain.
func (f *download) explain(ctx context.Context, u *url.URL, err error) error {
	if err == ErrFinished || context.Cause(ctx) == ErrFinished || errors.As(err, new(*reserveError)) {
		return err
	}
	if o := wasOverdue(ctx); o != nil {
		return &Error{Kind: ClassTimeout, Doing: f.doing(u), Again: o.again, Err: f.through(u, o)}
	}
	var e *Error
	if errors.As(err, &e) {
		return &Error{Kind: e.Kind, Doing: f.doing(u), Err: e.Err, Again: e.Again}
	}
	if e := f.proxyFailed(u, err); e != nil {
		return &Error{Kind: e.Kind, Doing: f.doing(u), Err: e.Err, Again: e.Again}
	}
	kind, again := Classify(err)
	if kind == ClassTLS && f.answered {
		kind, again = ClassNetwork, true // the two had agreed: something between them broke the body
	}
	if alert := alertOf(err); alert != nil && alert.Op == "remote error" && kind == ClassTLS {
		err = fmt.Errorf("the server ended the handshake: %w", alert.Err) // without what net/http was doing
	}
	if kind == ClassTimeout {
		err = errors.New("no connection within " + f.opts.ConnectTimeout.String())
	}
	if kind == ClassNetwork && (err == io.EOF || err == io.ErrUnexpectedEOF) {
		err = errors.New("the server closed the connection without an answer")
	}
	return &Error{Kind: kind, Doing: f.doing(u), Err: f.through(u, err), Again: again}
}

// behind returns what is behind err where HTTP/2 hides it. In TLS 1.3 a server judges the client's certificate after
// the client takes the handshake for done: its alert comes when HTTP/2 has begun, which says only that the connection
// could not be established. Such a connection is nobody else's, and crypto/tls repeats what ended it.
func (f *download) behind(err error) error {
	conn := f.conn.Load()
	if err == nil || conn == nil || !strings.Contains(err.Error(), "http2: client conn could not be established") {
		return err
	}
	_ = conn.SetReadDeadline(time.Now())
	if _, why := conn.Read(make([]byte, 1)); alertOf(why) != nil {
		return why
	}
	return err
}

// Classify returns the class of an error of net/http, and whether it may pass. It is for sources that ask by HTTP.
func Classify(err error) (kind string, again bool) {
	var (
		dns    *net.DNSError
		cert   *tls.CertificateVerificationError
		record tls.RecordHeaderError
		ca     x509.UnknownAuthorityError
		host   x509.HostnameError
		op     net.Error
	)
	switch {
	case errors.As(err, &dns):
		return ClassDNS, !dns.IsNotFound
	case errors.As(err, &cert), errors.As(err, &record), errors.As(err, &ca), errors.As(err, &host), isAlert(err):
		return ClassTLS, false
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &op) && op.Timeout():
		return ClassTimeout, true
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.EHOSTUNREACH),
		errors.Is(err, syscall.ENETUNREACH):
		return ClassNetwork, false
	}
	// Resets, ends without an answer, streams that HTTP/2 gave up.
	return ClassNetwork, true
}

// isAlert reports whether a TLS handshake failed because one side said so: by an alert, or by what crypto/tls found in
// the server's messages, which has no type but begins with its name.
func isAlert(err error) bool {
	if alertOf(err) != nil {
		return true
	}
	for ; err != nil; err = errors.Unwrap(err) {
		if strings.HasPrefix(err.Error(), "tls: ") {
			return true
		}
	}
	return false
}

// alertOf returns the alert that is in err, ours or the server's, which is a *net.OpError of crypto/tls; nil where
// there is none.
func alertOf(err error) *net.OpError {
	var op *net.OpError
	for e := err; errors.As(e, &op); e = op.Err {
		if op.Op == "remote error" || op.Op == "local error" {
			return op
		}
	}
	return nil
}
