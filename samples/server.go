package samples

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Server sends samples over HTTP, as well or as badly as its Behaviour and the query of each request say.
//
//	/                    a page with links to all that follows
//	/list.txt?n=200      the URLs of 200 pictures, one a line; of=photos (default), small or awkward;
//	                     what else the query holds is put behind each URL
//	/photos/NAME         an embedded picture by its name, or by a number from 1: /photos/0042.jpg; numbers go round
//	/small/0042.jpg      a picture of some 6 KB; each number has its own bytes
//	/awkward/NAME        a file of [Awkward]
//
// The query of a picture's URL is a [Behaviour] in the form of [ParseBehaviour]; what it sets goes before what the
// Server's own Behaviour sets. Lists and the page are always sent well.
//
// The zero value works, as an http.Handler or by Start. The fields must not be changed once it serves. All methods may be
// called from many goroutines.
type Server struct {
	// Behaviour is how requests for pictures are answered.
	Behaviour Behaviour
	// Rate is how many requests for pictures are let through in a second, over all clients, after a first second's worth
	// at once; others get 429 and Retry-After. 0 sets no bound.
	Rate float64

	once   sync.Once
	bodies map[string]*body // by path, "/photos/landscape-01.jpg"
	photos []*body
	small  []*body
	ctx    context.Context // ends with Close
	cancel context.CancelFunc

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup // handlers, and the listening goroutine of Start
	http    *http.Server
	tries   map[string]int // of URLs that fail at first
	tokens  float64        // of the rate
	refill  time.Time
	counts  Counts
}

// Counts are what a Server has done so far.
type Counts struct {
	// Requests is how many began, InFlight how many are being answered now, and Peak the most at once, for all paths.
	Requests, InFlight, Peak int
	// Limited is how many were refused because of Rate.
	Limited int
}

// A body is a file ready to be sent: its two parts, where the first may be changed for each answer.
type body struct {
	name, kind, length string
	head, tail         []byte
}

func newBody(name string, head, tail []byte) *body {
	kinds := map[string]string{".png": "image/png", ".gif": "image/gif", ".tif": "image/tiff", ".bmp": "image/bmp", ".webp": "image/webp"}
	kind, ok := kinds[path.Ext(name)]
	if !ok {
		kind = "image/jpeg"
	}
	return &body{name, kind, strconv.Itoa(len(head) + len(tail)), head, tail}
}

func (b *body) size() int { return len(b.head) + len(b.tail) }

// write sends the bytes from one place to another.
func (b *body) write(w io.Writer, from, to int) error {
	if n := len(b.head); from < n {
		if _, err := w.Write(b.head[from:min(to, n)]); err != nil {
			return err
		}
	}
	if n := len(b.head); to > n {
		if _, err := w.Write(b.tail[max(from-n, 0) : to-n]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) init() {
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.tries = map[string]int{}
	s.bodies = map[string]*body{}
	for _, f := range Embedded() {
		b := newBody(f.Name, nil, f.Data)
		s.photos = append(s.photos, b)
		s.bodies["/photos/"+f.Name] = b
	}
	for _, f := range Awkward() {
		s.bodies["/awkward/"+f.Name] = newBody(f.Name, nil, f.Data)
	}
	for _, f := range drawSmall() {
		s.small = append(s.small, newBody(f.Name, f.Data[:2], f.Data[2:]))
	}
}

// Start listens on an address such as "127.0.0.1:8080", "" for a free port of this machine alone, and answers until Close. It gives
// the URL of the server, without a slash at its end. A Server is started once.
func (s *Server) Start(addr string) (string, error) {
	s.once.Do(s.init)
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.http != nil {
		return "", errors.New("start sample server: it was started or closed before, expected a new one")
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("start sample server: %w", err)
	}
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
		// Broken connections are what this server is for, and nothing to tell.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	srv := s.http
	s.running.Go(func() { _ = srv.Serve(l) }) // it always ends with an error: that of Close
	return "http://" + l.Addr().String(), nil
}

// Close ends all answers at once, stalled and endless ones too, and returns when the last handler has ended. It may be called again.
// Requests that come later, through a caller's own http.Server, get 503.
func (s *Server) Close() error {
	s.once.Do(s.init)
	s.mu.Lock()
	s.closed = true
	srv := s.http
	s.mu.Unlock()
	s.cancel()
	var err error
	if srv != nil {
		err = srv.Close()
	}
	s.running.Wait()
	return err
}

// Counts tells what was done so far.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// enter counts a request in, unless the server is closed.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.running.Add(1)
	s.counts.Requests++
	s.counts.InFlight++
	s.counts.Peak = max(s.counts.Peak, s.counts.InFlight)
	return true
}

func (s *Server) leave() {
	s.mu.Lock()
	s.counts.InFlight--
	s.mu.Unlock()
	s.running.Done()
}

// admit takes a token from the bucket of the rate, or says how long until there is one.
func (s *Server) admit() time.Duration {
	if s.Rate <= 0 {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now, full := time.Now(), max(s.Rate, 1)
	if s.refill.IsZero() {
		s.tokens = full
	} else {
		s.tokens = min(full, s.tokens+now.Sub(s.refill).Seconds()*s.Rate)
	}
	s.refill = now
	if s.tokens >= 1 {
		s.tokens--
		return 0
	}
	s.counts.Limited++
	return time.Duration(math.Ceil((1 - s.tokens) / s.Rate * float64(time.Second)))
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.once.Do(s.init)
	if !s.enter() {
		http.Error(w, "the sample server is closed", http.StatusServiceUnavailable)
		return
	}
	defer s.leave()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "expected GET or HEAD, got "+r.Method, http.StatusMethodNotAllowed)
		return
	}
	switch r.URL.Path {
	case "/":
		s.index(w)
		return
	case "/list.txt":
		s.list(w, r)
		return
	}
	b := s.find(r.URL.Path)
	if b == nil {
		http.Error(w, "no such sample: "+r.URL.Path, http.StatusNotFound)
		return
	}
	how, err := s.Behaviour.with(r.URL.RawQuery)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if wait := s.admit(); wait > 0 {
		w.Header().Set("Retry-After", wholeSeconds(wait))
		http.Error(w, "too many requests", http.StatusTooManyRequests)
		return
	}
	// A client that does not read would hold its handler in a write; closing must end that too.
	stop := context.AfterFunc(s.ctx, func() { _ = http.NewResponseController(w).SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	if how.Latency > 0 && !s.wait(r, how.Latency) {
		return
	}
	s.answer(w, r, b, how)
}

// wait waits, and tells whether the request is still wanted then.
func (s *Server) wait(r *http.Request, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
	case <-s.ctx.Done():
	}
	return false
}

// find gives the file at a path, or nil.
func (s *Server) find(p string) *body {
	if b, ok := s.bodies[p]; ok {
		return b
	}
	dir, name := path.Split(p)
	stem, ok := strings.CutSuffix(name, ".jpg")
	n, err := strconv.ParseUint(stem, 10, 31)
	if !ok || err != nil || n == 0 {
		return nil
	}
	switch dir {
	case "/photos/":
		return s.photos[(n-1)%uint64(len(s.photos))]
	case "/small/":
		b := s.small[(n-1)%uint64(len(s.small))]
		return newBody(name, withSegment(b.head, 0xFE, fmt.Appendf(nil, "sample %d", n)), b.tail)
	}
	return nil
}

// spoiled says whether this request of a URL is still one of those that fail.
func (s *Server) spoiled(r *http.Request, fail int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := r.URL.RequestURI()
	if s.tries[key] >= fail {
		return false
	}
	s.tries[key]++
	return true
}

// list writes the URLs of n files.
func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	of, n := q.Get("of"), len(s.photos)
	if of == "" {
		of = "photos"
	}
	var names []string
	switch of {
	case "photos":
		for _, b := range s.photos {
			names = append(names, b.name)
		}
	case "awkward":
		for _, f := range Awkward() {
			names = append(names, f.Name)
		}
		n = len(names)
	case "small":
	default:
		http.Error(w, fmt.Sprintf("list: of=%s: expected photos, small or awkward", of), http.StatusBadRequest)
		return
	}
	if q.Has("n") {
		var err error
		if n, err = whole(q.Get("n"), 0, 100_000_000); err != nil {
			http.Error(w, fmt.Sprintf("list: n=%s: %v", q.Get("n"), err), http.StatusBadRequest)
			return
		}
	}
	q.Del("n")
	q.Del("of")
	how, err := ParseBehaviour(q.Encode())
	if err != nil {
		http.Error(w, "list: "+err.Error(), http.StatusBadRequest)
		return
	}
	scheme, query := "http", how.String()
	if r.TLS != nil {
		scheme = "https"
	}
	if query != "" {
		query = "?" + query
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	for i := range n {
		name := fmt.Sprintf("%04d.jpg", i+1)
		if n <= len(names) {
			name = names[i]
		} else if of == "awkward" {
			break
		}
		if _, err := fmt.Fprintf(w, "%s://%s/%s/%s%s\n", scheme, r.Host, of, url.PathEscape(name), query); err != nil {
			return
		}
	}
}

// index writes the page.
func (s *Server) index(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>imgpipe samples</title>",
		"<style>body{font:16px sans-serif;max-width:60em;margin:2em auto;padding:0 1em}img{height:9em;margin:2px}td{padding-right:1em;vertical-align:top}</style>",
		"<h1>imgpipe samples</h1><p><a href=/list.txt?n=200>200 URLs</a>, <a href='/list.txt?n=1000&amp;of=small'>1000 URLs of small pictures</a>, ",
		"<a href='/list.txt?of=awkward'>the awkward ones</a></p><p>")
	for _, f := range Embedded() {
		fmt.Fprintf(w, "<a href='/photos/%[1]s'><img src='/photos/%[1]s' alt='%[2]s' title='%[2]s' loading=lazy></a>", f.Name, html.EscapeString(f.Doc))
	}
	fmt.Fprint(w, "</p><h2>Awkward files</h2><table>")
	for _, f := range Awkward() {
		fmt.Fprintf(w, "<tr><td><a href='/awkward/%s'>%s</a><td>%s<td>%s", url.PathEscape(f.Name), html.EscapeString(f.Name), html.EscapeString(f.Doc), f.Class)
	}
	fmt.Fprint(w, "</table><h2>Bad behaviour</h2><p>Put behind any picture: <code>?latency=50ms&amp;truncate</code></p><table>")
	for _, t := range Settings() {
		example := t.Name
		if t.Arg != "" {
			example += "=" + t.Arg
		}
		fmt.Fprintf(w, "<tr><td><code>%s</code><td>%s", html.EscapeString(example), html.EscapeString(t.Doc))
	}
	fmt.Fprint(w, "</table></html>")
}

// page is what sites send instead of an image that is gone.
const page = "<!DOCTYPE html>\n<html><head><title>Not found</title></head>\n<body><h1>Sorry, this image is no longer here</h1></body></html>\n"

// answer sends b as the Behaviour says.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, b *body, how Behaviour) {
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
		_ = s.send(w, r, b, n, how.Bandwidth) // the client has gone; there is nobody to tell
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

// raw answers below HTTP, where a lie about the length or a reset is possible. Without such access (HTTP/2) the answer is aborted.
func (s *Server) raw(w http.ResponseWriter, r *http.Request, b *body, how Behaviour) {
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
	fmt.Fprintf(buf, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", b.kind, n/2)
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
