package fetch

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// picture is what the test server gives for a good image: any bytes, for fetch never looks at them.
var picture = bytes.Repeat([]byte("\xff\xd8picture"), 10_000)

// serve starts a server on loopback that has something wrong at each path.
func serve(t testing.TB) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	send := func(w http.ResponseWriter, data []byte) { _, _ = w.Write(data) }
	mux.HandleFunc("/ok", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(picture)))
		send(w, picture)
	})
	mux.HandleFunc("/empty", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/chunked", func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		send(w, picture)
	})
	mux.HandleFunc("/status/{n}", func(w http.ResponseWriter, r *http.Request) {
		var n int
		_, _ = fmt.Sscan(r.PathValue("n"), &n)
		w.WriteHeader(n)
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			send(w, picture)
		}
	})
	mux.HandleFunc("/announced", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "99999999999")
		w.(http.Flusher).Flush()
	})
	cut := func(w http.ResponseWriter, answer string) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_, _ = io.WriteString(conn, answer)
			_ = conn.Close()
		}
	}
	mux.HandleFunc("/truncated", func(w http.ResponseWriter, r *http.Request) {
		cut(w, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
	})
	mux.HandleFunc("/truncated-chunk", func(w http.ResponseWriter, r *http.Request) {
		cut(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort")
	})
	mux.HandleFunc("/silence", func(w http.ResponseWriter, r *http.Request) { cut(w, "") })
	mux.HandleFunc("/garbage", func(w http.ResponseWriter, r *http.Request) { cut(w, "SSH-2.0-x\r\n\r\n") })
	mux.HandleFunc("/headers", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X", strings.Repeat("x", 1<<20))
	})
	mux.HandleFunc("/gzip", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		zw := gzip.NewWriter(w)
		_, _ = zw.Write(picture)
		_ = zw.Close()
	})
	mux.HandleFunc("/gzip-bomb", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		zw := gzip.NewWriter(w)
		for range 40 {
			_, _ = zw.Write(make([]byte, 1<<20))
		}
		_ = zw.Close()
	})
	mux.HandleFunc("/gzip-cut", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		send(w, []byte(zipped(string(picture))[:60]))
	})
	mux.HandleFunc("/gzip-not", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		send(w, picture)
	})
	mux.HandleFunc("/br", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "br")
		send(w, picture)
	})
	mux.HandleFunc("/to", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.URL.Query().Get("u"))
		w.WriteHeader(http.StatusFound)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func newClient(t testing.TB, o Options) *Client {
	t.Helper()
	c := New(o)
	t.Cleanup(c.Close)
	return c
}

// class gives the class of err, and "" for nil.
func classOf(err error) string {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Class()
	}
	return "no *Error: " + err.Error()
}

func TestEveryAnswerHasItsClass(t *testing.T) {
	s := serve(t)
	tests := []struct {
		path string
		want string
		text string // in the error
	}{
		{"/ok", "", ""},
		{"/ok#part", "", ""},
		{"/chunked", "", ""},
		{"/gzip", "", ""},
		{"/gzip-not", "", ""},
		{"/status/203", "", ""},
		{"/empty", "", ""},
		{"/status/204", "http-204", "answered 204 No Content"},
		{"/status/403", "http-403", ""},
		{"/status/404", "http-404", "answered 404 Not Found"},
		{"/status/410", "http-410", ""},
		{"/status/429", "http-429", ""},
		{"/status/500", "http-500", ""},
		{"/status/599", "http-599", "answered 599"},
		{"/endless", ClassTooBig, "goes on after 1000000 bytes"},
		{"/announced", ClassTooBig, "announces 99999999999 bytes, expected at most 1000000"},
		{"/gzip-bomb", ClassTooBig, ""},
		{"/gzip-cut", ClassTruncated, ""},
		{"/truncated", ClassTruncated, "after 5 of 100 bytes"},
		{"/truncated-chunk", ClassTruncated, ""},
		{"/silence", ClassNetwork, "without an answer"},
		{"/garbage", ClassNetwork, ""},
		{"/headers", ClassNetwork, ""},
		{"/br", ClassNetwork, "compressed its answer with br"},
		{"/to?u=/ok", "", ""},
		{"/to?u=" + url.QueryEscape("/to?u=/ok"), "", ""},
		{"/to?u=" + url.QueryEscape("/to?u="+url.QueryEscape("/to?u=/ok")), ClassRedirect, "more than 2 redirects"},
		{"/to?u=", ClassRedirect, "no Location"},
		{"/to?u=file:///etc/passwd", ClassRedirect, "the scheme file"},
		{"/to?u=http://[::bad", ClassRedirect, "not a valid URL"},
		{"/to?u=/status/404", "http-404", "sent on to " + s.URL + "/status/404"},
	}
	c := newClient(t, Options{Retries: -1, MaxBytes: 1e6, Redirects: 2})
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			room := &counted{has: 1e9}
			body, err := c.Fetch(t.Context(), Item{Source: s.URL + tt.path, Scheme: "http"}, room)
			if classOf(err) != tt.want || err != nil && !strings.Contains(err.Error(), tt.text) {
				t.Fatalf("got %v (%s), want class %q with %q", err, classOf(err), tt.want, tt.text)
			}
			if err != nil {
				return
			}
			if int64(len(body.Data)) > room.held {
				t.Errorf("%d bytes, of which %d are counted", len(body.Data), room.held)
			}
			if len(body.Data) != 0 && !bytes.Equal(body.Data, picture) || body.Attempts != 1 {
				t.Errorf("got %d bytes in %d attempts, want the picture's %d in 1", len(body.Data), body.Attempts,
					len(picture))
			}
			body.Release()
			body.Release()
		})
	}
}

func TestErrorsShowNoPassword(t *testing.T) {
	s := serve(t)
	c := newClient(t, Options{Retries: -1, Redirects: 1})
	with := strings.Replace(s.URL, "://", "://user:s3cret@", 1)
	for _, source := range []string{
		with + "/status/404", with + "/silence", with + "/to?u=/status/404", "http://user:s3/cret@host/x",
		"http://user:s3cret@[::bad/x",
		"http://user:s3cret@host:99999999/", "http://user:s3cret@127.0.0.1:1/", "ftp://user:s3cret@host/",
		"http://user:s3cret%zz@host/x",
		s.URL + "/to?u=" + url.QueryEscape("http://user:s3cret@127.0.0.1:1/?sig=s3cret"), "http://user:s3cret@/",
	} {
		_, err := c.Fetch(t.Context(), Item{Source: source, Scheme: "http"}, nil)
		if err == nil {
			t.Errorf("%s: no error", source)
			continue
		}
		text := err.Error()
		if strings.HasPrefix(source, s.URL) {
			_, text, _ = strings.Cut(text, "sent on to")
		}
		if strings.Contains(text, "s3") || strings.Contains(text, "cret") {
			t.Errorf("%s: the error tells the password: %s", source, text)
		}
	}
}

func TestPasswordGoesToItsServerOnly(t *testing.T) {
	var got atomic.Value
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got.Store(r.Header.Get("Authorization"))
	}))
	defer other.Close()
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pw, _ := r.BasicAuth(); pw != "pw" {
			w.WriteHeader(http.StatusUnauthorized)
		} else if r.URL.Path == "/a" {
			http.Redirect(w, r, "/b", http.StatusFound)
		} else {
			http.Redirect(w, r, other.URL, http.StatusFound)
		}
	}))
	defer first.Close()
	c := newClient(t, Options{})
	if _, err := c.Fetch(t.Context(), Item{Source: strings.Replace(first.URL, "://", "://u:pw@", 1) + "/a",
		Scheme: "http"}, nil); err != nil {
		t.Fatal(err)
	}
	if got.Load() != "" {
		t.Errorf("another server was told %q", got.Load())
	}
}

func TestTLSFaultIsNotTriedAgain(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	c := newClient(t, Options{})
	_, err := c.Fetch(t.Context(), Item{Source: s.URL, Scheme: "http"}, nil)
	var e *Error
	if !errors.As(err, &e) || e.Kind != ClassTLS || e.Attempts != 1 {
		t.Errorf("got %v, want class tls after 1 attempt", err)
	}
	plain := serve(t)
	_, err = c.Fetch(t.Context(), Item{Source: strings.Replace(plain.URL, "http:", "https:", 1) + "/ok",
		Scheme: "http"}, nil)
	if !errors.As(err, &e) || e.Kind != ClassTLS || e.Attempts != 1 {
		t.Errorf("got %v, want class tls after 1 attempt", err)
	}
}

func TestHTTP2AndReusedConnections(t *testing.T) {
	var conns atomic.Int32
	var proto atomic.Value
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proto.Store(r.Proto)
		w.(http.Flusher).Flush() // so that no length is announced
		_, _ = w.Write(picture)
	}))
	s.EnableHTTP2 = true
	s.Config.ConnState = func(_ net.Conn, st http.ConnState) {
		if st == http.StateNew {
			conns.Add(1)
		}
	}
	s.StartTLS()
	defer s.Close()
	c := newClient(t, Options{})
	c.web.transport.TLSClientConfig = &tls.Config{RootCAs: rootsOf(s)}
	for range 5 {
		body, err := c.Fetch(t.Context(), Item{Source: s.URL, Scheme: "http"}, nil)
		if err != nil || body.MayBeCut {
			t.Fatalf("may be cut %t, %v", body.MayBeCut, err)
		}
	}
	if proto.Load() != "HTTP/2.0" || conns.Load() != 1 {
		t.Errorf("got %v over %d connections, want HTTP/2.0 over 1", proto.Load(), conns.Load())
	}
	behind := serve(t).Config.Handler
	var from sync.Map
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from.Store(r.RemoteAddr, true)
		behind.ServeHTTP(w, r)
	}))
	defer plain.Close()
	for _, path := range []string{"/ok", "/chunked", "/status/404", "/to?u=/ok", "/gzip"} {
		_, _ = c.Fetch(t.Context(), Item{Source: plain.URL + path, Scheme: "http"}, nil)
	}
	n := 0
	from.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d connections over HTTP/1.1, want 1", n)
	}
}

func TestRefusedConnectionIsNotTriedAgain(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, err = newClient(t, Options{}).Fetch(t.Context(), Item{Source: "http://" + l.Addr().String(), Scheme: "http"},
		nil)
	var e *Error
	if !errors.As(err, &e) || e.Kind != ClassNetwork || runtime.GOOS != "windows" && e.Attempts != 1 {
		t.Errorf("got %v, want class network after 1 attempt", err)
	}
}

func TestReserveErrorEndsFetch(t *testing.T) {
	s := serve(t)
	tree(t, "a.jpg")
	c := newClient(t, Options{})
	no := errors.New("no memory")
	for _, item := range []Item{{Source: s.URL + "/ok", Scheme: "http"}, {Source: "a.jpg"}} {
		calls := 0
		_, err := c.Fetch(t.Context(), item, taking(func(context.Context, int64) error { calls++; return no }))
		if err != no || calls != 1 {
			t.Errorf("%s: got %v after %d calls, want the error of reserve after 1", item.Source, err, calls)
		}
	}
}

// A growing is memory that has a file grow when it is asked for the first time, between the look at the file's length
// and the reading.
type growing struct{ gets int }

func (g *growing) Get(int) []byte {
	if g.gets++; g.gets == 1 {
		if err := os.WriteFile("grows.jpg", picture[:1000], 0o666); err != nil {
			panic(err)
		}
	}
	return nil
}

func (g *growing) Put([]byte) bool { return false }

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"a@b.jpg": "a@b.jpg", "http://h/u@v": "http://h/u@v", "http://u:p@h/x": "http://h/x",
		"http://u:p/q@h/x": "http://…h/x", "": "",
	} {
		if got := Redact(in); got != want {
			t.Errorf("Redact(%q) is %q, want %q", in, got, want)
		}
	}
}

func BenchmarkFetch(b *testing.B) {
	b.Run("from=file", func(b *testing.B) {
		tree(b, "x/")
		for _, size := range []int{10_000, 5_000_000} {
			if err := os.WriteFile("a.jpg", bytes.Repeat([]byte{1}, size), 0o666); err != nil {
				b.Fatal(err)
			}
			b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) { benchFetch(b, Item{Source: "a.jpg"}, size) })
		}
	})
	b.Run("from=loopback", func(b *testing.B) {
		benchFetch(b, Item{Source: serve(b).URL + "/ok", Scheme: "http"}, len(picture))
	})
}

func benchFetch(b *testing.B, item Item, size int) {
	c := newClient(b, Options{})
	b.ReportAllocs()
	b.SetBytes(int64(size))
	for b.Loop() {
		body, err := c.Fetch(b.Context(), item, nil)
		if err != nil {
			b.Fatal(err)
		}
		body.Release()
	}
}
