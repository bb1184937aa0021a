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
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
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

func TestPublicOnlyRefusesLoopbackAtDialTime(t *testing.T) {
	s := serve(t)
	port := s.URL[strings.LastIndexByte(s.URL, ':'):]
	c := newClient(t, Options{Policy: Policy{PublicOnly: true}})
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "127.1",
		"0x7f.1", "0177.1", "%31%32%37.1", "[64:ff9b::7f00:1]", "[::1]", "10.0.0.1", "169.254.169.254"} {
		_, err := c.Fetch(t.Context(), Item{Source: "http://" + host + port + "/ok", Scheme: "http"}, nil)
		if k := classOf(err); k != ClassRefused {
			t.Errorf("%s: got %v (%s), want class refused", host, err, k)
		}
	}
	_, err := c.Fetch(t.Context(), Item{Source: "http://example.com:25/", Scheme: "http"}, nil)
	if classOf(err) != ClassRefused {
		t.Errorf("port 25: got %v, want class refused", err)
	}
}

func TestPolicyHoldsForRedirects(t *testing.T) {
	s := serve(t)
	there := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	for _, p := range []Policy{{Deny: []string{"LOCALHOST."}}, {Allow: []string{"127.0.0.1"}},
		{Allow: []string{"127.0.0.1", "localhost"}, Deny: []string{"localhost"}}} {
		c := newClient(t, Options{Policy: p})
		if _, err := c.Fetch(t.Context(), Item{Source: s.URL + "/ok", Scheme: "http"}, nil); err != nil {
			t.Errorf("%+v: %v", p, err)
		}
		_, err := c.Fetch(t.Context(), Item{Source: s.URL + "/to?u=" + there + "/ok", Scheme: "http"}, nil)
		if classOf(err) != ClassRefused {
			t.Errorf("%+v: got %v, want class refused", p, err)
		}
	}
}

func TestPublicAddresses(t *testing.T) {
	for addr, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "2606:4700::1": true, "::ffff:8.8.8.8": true, "64:ff9b::808:808": true,
		"2002:808:808::1": true,
		"127.0.0.1":       false, "10.1.2.3": false, "172.16.0.1": false, "172.32.0.1": true, "192.168.1.1": false,
		"100.64.0.1":  false,
		"100.128.0.1": true, "169.254.169.254": false, "0.0.0.0": false, "224.0.0.1": false, "255.255.255.255": false,
		"240.0.0.1": false,
		"192.0.2.1": false, "198.18.0.1": false, "::": false, "::1": false, "fe80::1": false, "fe80::1%eth0": false,
		"fc00::1": false,
		"fd12::1": false, "ff02::1": false, "::ffff:127.0.0.1": false, "64:ff9b::a00:1": false,
		"64:ff9b:1::808:808": false,
		"2002:7f00:1::":      false, "2001::1": false, "2001:db8::1": false, "::7f00:1": false, "3fff::1": false,
	} {
		if got := public(netip.MustParseAddr(addr)); got != want {
			t.Errorf("public(%s) is %v, want %v", addr, got, want)
		}
	}
	if public(netip.Addr{}) {
		t.Error("no address is public")
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

func TestLocalFiles(t *testing.T) {
	tree(t, "a.jpg", "empty.jpg", "big.jpg", "d/")
	for name, n := range map[string]int{"empty.jpg": 0, "big.jpg": 1001, "full.jpg": 1000} {
		if err := os.WriteFile(name, picture[:n], 0o666); err != nil {
			t.Fatal(err)
		}
	}
	c := newClient(t, Options{MaxBytes: 1000})
	tests := []struct{ path, want string }{
		{"a.jpg", ""}, {"empty.jpg", ""}, {"full.jpg", ""}, {"big.jpg", ClassTooBig}, {"d", ClassRead},
		{"gone", ClassNotFound}, {"a\x00b", ClassRead},
	}
	if runtime.GOOS == "linux" {
		tests = append(tests, []struct{ path, want string }{{"/dev/zero", ClassRead},
			{"/proc/self/status", ClassRead}}...)
		if err := exec.CommandContext(t.Context(), "mkfifo", "pipe.jpg").Run(); err == nil {
			tests = append(tests, struct{ path, want string }{"pipe.jpg", ClassRead})
		}
	}
	for _, tt := range tests {
		var reserved int64
		body, err := c.Fetch(t.Context(), Item{Source: tt.path},
			taking(func(_ context.Context, n int64) error { reserved = n; return nil }))
		if classOf(err) != tt.want {
			t.Errorf("%s: got %v, want class %q", tt.path, err, tt.want)
		}
		if err != nil {
			continue
		}
		want, _ := os.ReadFile(tt.path)
		if !bytes.Equal(body.Data, want) || reserved != int64(len(want)) {
			t.Errorf("%s: got %d bytes, reserved %d, want %d", tt.path, len(body.Data), reserved, len(want))
		}
		body.Release()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Fetch(ctx, Item{Source: "a.jpg"}, nil); err != context.Canceled {
		t.Errorf("got %v, want the context's error", err)
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

func TestFileThatGrowsWhileItIsReadIsReadAgain(t *testing.T) {
	tree(t, "d/")
	if err := os.WriteFile("grows.jpg", picture[:10], 0o666); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, Options{Retries: 2, Buffers: &growing{}})
		body, err := c.Fetch(t.Context(), Item{Source: "grows.jpg"}, nil)
		if err != nil || !bytes.Equal(body.Data, picture[:1000]) || body.Attempts != 2 {
			t.Errorf("got %d bytes after %d tries, %v; want 1000 after 2", len(body.Data), body.Attempts, err)
		}
	})
}

func TestHeadOfAFile(t *testing.T) {
	tree(t, "d/")
	for name, n := range map[string]int{"empty.jpg": 0, "short.jpg": 10, "small.jpg": smallFile,
		"long.jpg": smallFile + 1} {
		if err := os.WriteFile(name, picture[:n], 0o666); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct{ path, want, class string }{
		{"empty.jpg", "", ""}, {"short.jpg", string(picture[:10]), ""}, {"long.jpg", string(picture[:64]), ""},
		{"small.jpg", string(picture[:smallFile]), ""},
		{"gone.jpg", "", ClassNotFound}, {"d", "", ClassNotFound},
	}
	if runtime.GOOS == "linux" {
		// Nobody ever writes to the pipe: what waits for it never ends.
		if err := exec.CommandContext(t.Context(), "mkfifo", "pipe.jpg").Run(); err == nil {
			tests = append(tests, struct{ path, want, class string }{"pipe.jpg", "", ClassRead})
		}
	}
	for _, tt := range tests {
		for item, err := range (Inputs{Args: []string{tt.path}, Heads: 64}).Items(t.Context()) {
			if got := string(item.Head); err != nil || got != tt.want || classOf(item.Err) != tt.class {
				t.Errorf("%s: got %q, %v, %v; want %q, class %q", tt.path, got, item.Err, err, tt.want, tt.class)
			}
		}
	}
}

func TestFileThatGrowsIsReadAgain(t *testing.T) {
	tree(t, "a.jpg")
	c := newClient(t, Options{})
	grown := 0
	grow := func(context.Context, int64) error {
		if grown++; grown > 1 {
			return nil
		}
		return os.WriteFile("a.jpg", picture, 0o666)
	}
	got, err := c.Fetch(t.Context(), Item{Source: "a.jpg"}, taking(grow))
	if err != nil || !bytes.Equal(got.Data, picture) || grown != 2 {
		t.Errorf("got %d bytes, %v, after %d reservations; want the %d it grew to, after 2", len(got.Data), err, grown,
			len(picture))
	}
	shrunk := false
	shrink := func(context.Context, int64) error {
		if shrunk {
			return nil
		}
		shrunk = true
		return os.WriteFile("a.jpg", picture[:10], 0o666)
	}
	body, err := c.Fetch(t.Context(), Item{Source: "a.jpg"}, taking(shrink))
	if err != nil || !bytes.Equal(body.Data, picture[:10]) {
		t.Errorf("got %d bytes, %v; want the shorter file", len(body.Data), err)
	}
}

func TestBufferClasses(t *testing.T) {
	last := 0
	for n := 1; n < 1<<28; n += 1 + n/7 {
		i, size := class(n)
		if size < n || n > smallest && size > n+n/4+1 {
			t.Fatalf("%d bytes are in a class of %d", n, size)
		}
		if j, again := class(size); j != i || again != size {
			t.Fatalf("the class of %d bytes is %d, that of its size %d", n, i, j)
		}
		if i < last {
			t.Fatalf("class %d after %d", i, last)
		}
		last = i
	}
}

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
