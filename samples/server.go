package samples

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Server sends samples over HTTP, as well or as badly as its Behavior and the query of each request say.
//
//	/                    a page with links to all that follows
//	/list.txt?n=200      the URLs of 200 pictures, one a line; of=photos (default), small or awkward;
//	                     what else the query holds is put behind each URL
//	/photos/NAME         an embedded picture by its name, or by a number from 1: /photos/0042.jpg; numbers go round
//	/small/0042.jpg      a picture of some 6 KB; each number has its own bytes; the first to be
//	                     asked for waits until a dozen are drawn, some 0.2 s
//	/awkward/NAME        a file of [Awkward]
//
// The query of a picture's URL is a [Behavior] in the form of [ParseBehavior]; what it sets goes before what the
// Server's own Behavior sets. Lists and the page are always sent well.
//
// The zero value works, as an http.Handler or by Start. The fields must not be changed once it serves. All methods
// may be called from many goroutines.
type Server struct {
	// Behavior is how requests for pictures are answered.
	Behavior Behavior
	// Rate is how many requests for pictures are let through in a second, over all clients, after a first second's
	// worth at once; others get 429 and Retry-After. 0 sets no bound.
	Rate float64

	once   sync.Once
	bodies map[string]*body // by path, "/photos/landscape.jpg"
	photos []*body
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
	kinds := map[string]string{".png": "image/png", ".gif": "image/gif", ".tif": "image/tiff", ".bmp": "image/bmp",
		".webp": "image/webp"}
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
}

// Start listens on an address such as "127.0.0.1:8080", "" for a free port of this machine alone, and answers until
// Close. It returns the URL of the server, without a slash at its end. A Server is started once.
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
		// Broken connections are what this server is for, and no news.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	srv := s.http
	s.running.Go(func() { _ = srv.Serve(l) }) // it always ends with an error: that of Close
	return "http://" + l.Addr().String(), nil
}

// Close ends all answers at once, stalled and endless ones too, and returns when the last handler has ended. It may
// be called again. Requests that come later, through a caller's own http.Server, get 503.
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

// Counts returns what was done so far.
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
	how, err := s.Behavior.with(r.URL.RawQuery)
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
		panic(http.ErrAbortHandler) // a return would send an empty answer of status 200
	}
	s.answer(w, r, b, how)
}

// wait waits, and reports whether the request is still wanted then.
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

// find returns the file at a path, or nil.
func (s *Server) find(p string) *body {
	if b, ok := s.bodies[p]; ok {
		return b
	}
	dir, name := path.Split(p)
	if dir == "/awkward/" {
		for _, f := range Awkward() {
			if f.Name == name {
				return newBody(name, nil, f.Data)
			}
		}
		return nil
	}
	stem, ok := strings.CutSuffix(name, ".jpg")
	n, err := strconv.ParseUint(stem, 10, 31)
	if !ok || err != nil || n == 0 {
		return nil
	}
	switch dir {
	case "/photos/":
		return s.photos[(n-1)%uint64(len(s.photos))]
	case "/small/":
		small := drawSmall()
		data := small[(n-1)%uint64(len(small))].Data
		return newBody(name, withSegment(data[:2], 0xFE, fmt.Appendf(nil, "sample %d", n)), data[2:])
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
