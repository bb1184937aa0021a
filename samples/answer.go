package samples

import (
	"compress/gzip"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// page is what sites send instead of an image that is gone.
const page = "<!DOCTYPE html>\n<html><head><title>Not found</title></head>\n" +
	"<body><h1>Sorry, this image is no longer here</h1></body></html>\n"

// answer sends b as the Behavior says.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, b *body, how Behavior) {
	if how.Redirects > 0 {
		how.Redirects--
		redirect(w, r, r.URL.EscapedPath()+"?"+withRedirects(r.URL.Query(), how.Redirects))
		return
	}
	if how.Location != "" {
		redirect(w, r, how.Location)
		return
	}
	if how.Fail > 0 {
		if !how.bad() {
			how.Status = http.StatusServiceUnavailable
		}
		if !s.spoiled(r, how.Fail) {
			how.Status, how.RetryAfter, how.Fault = 0, 0, ""
		}
	}
	if code := how.status(); code > 0 {
		if how.RetryAfter > 0 {
			w.Header().Set("Retry-After", wholeSeconds(how.RetryAfter))
		}
		http.Error(w, strconv.Itoa(code)+" "+http.StatusText(code), code)
		return
	}
	h := w.Header()
	h.Set("Content-Type", b.kind)
	if how.Fault == HTML {
		b = newBody(b.name, nil, []byte(page))
	}
	if how.Fault == Slow {
		how.Bandwidth = 10
	}
	n := b.size()
	switch how.Fault {
	case Reset, WrongLength:
		s.raw(w, r, b, how)
	case RedirectLoop:
		redirect(w, r, r.URL.RequestURI())
	case Truncate, Stall:
		h.Set("Content-Length", b.length)
		if r.Method == http.MethodHead || s.send(w, r, b, n/2, how.Bandwidth) != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		if how.Fault == Stall {
			select {
			case <-r.Context().Done():
			case <-s.ctx.Done():
			}
		}
		panic(http.ErrAbortHandler)
	case Endless:
		if s.send(w, r, b, n, how.Bandwidth) != nil {
			return
		}
		zeros := &body{tail: make([]byte, 32<<10)}
		for s.ctx.Err() == nil && s.send(w, r, zeros, zeros.size(), how.Bandwidth) == nil {
		}
		panic(http.ErrAbortHandler)
	case Gzip:
		h.Set("Content-Encoding", "gzip")
		// Images are compressed already, so the coding only wraps them, at next to no cost.
		z, _ := gzip.NewWriterLevel(w, gzip.NoCompression)
		if b.write(z, 0, n) == nil {
			_ = z.Close()
		}
	default:
		h.Set("Content-Length", b.length)
		_ = s.send(w, r, b, n, how.Bandwidth) // the client has gone; nobody listens
	}
}

// send writes the first n bytes of b, no faster than the bandwidth.
func (s *Server) send(w http.ResponseWriter, r *http.Request, b *body, n int, bandwidth int64) error {
	if r.Method == http.MethodHead {
		return nil
	}
	if bandwidth <= 0 {
		return b.write(w, 0, n)
	}
	start, flush := time.Now(), http.NewResponseController(w)
	chunk := int(min(max(bandwidth/20, 1), 64<<10))
	for at := 0; at < n; {
		next := min(at+chunk, n)
		if err := b.write(w, at, next); err != nil {
			return err
		}
		if err := flush.Flush(); err != nil {
			return err
		}
		at = next
		due := time.Duration(float64(at) / float64(bandwidth) * float64(time.Second))
		if d := due - time.Since(start); d > 0 && !s.wait(r, d) {
			return context.Canceled
		}
	}
	return nil
}

// raw answers below HTTP, where a lie about the length or a reset is possible. Without such access (HTTP/2) the
// answer is aborted.
func (s *Server) raw(w http.ResponseWriter, r *http.Request, b *body, how Behavior) {
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	// The HTTP server forgets a connection that it has given away, so closing it is up to this handler.
	defer context.AfterFunc(s.ctx, func() { conn.Close() })()
	if how.Fault == Reset {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		return
	}
	n := b.size()
	fmt.Fprintf(buf, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", b.kind,
		n/2)
	if r.Method != http.MethodHead {
		_ = b.write(buf, 0, n)
	}
	_ = buf.Flush()
}

// redirect answers with a redirect; unlike http.Redirect it takes the location as it is.
func redirect(w http.ResponseWriter, _ *http.Request, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusFound)
}

func withRedirects(q url.Values, n int) string {
	q.Set("redirect", strconv.Itoa(n))
	return q.Encode()
}
