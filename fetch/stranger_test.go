package fetch

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestMinSpeedEndsABodyThatDribbles has one server that sends steadily, one that is silent between bursts, and one
// that dribbles.
func TestMinSpeedEndsABodyThatDribbles(t *testing.T) {
	drip := func(n int, every time.Duration) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			for sent := 0; sent < 60_000; sent += n {
				_, _ = w.Write(make([]byte, n))
				w.(http.Flusher).Flush()
				select {
				case <-r.Context().Done():
					return
				case <-time.After(every):
				}
			}
		}
	}
	bubble(t, map[string]http.HandlerFunc{
		"steady.test": drip(200, 100*time.Millisecond),
		"bursts.test": drip(8_000, 4*time.Second),
		"slow.test":   drip(10, 100*time.Millisecond),
	}, Options{MinSpeed: 1000, Timeout: time.Minute, Retries: -1}, func(t *testing.T, c *Client) {
		for _, host := range []string{"steady.test", "bursts.test"} {
			if b, err := c.Fetch(t.Context(), at("http://"+host+"/"), nil); err != nil || len(b.Data) < 60_000 {
				t.Errorf("%s: %d bytes, %v", host, len(b.Data), err)
			}
		}
		began := time.Now()
		_, err := c.Fetch(t.Context(), at("http://slow.test/"), nil)
		if took := time.Since(began); classOf(err) != ClassTimeout || took != speedWindow {
			t.Errorf("after %v: %v, want a time-out after %v", took, err, speedWindow)
		}
		if !strings.Contains(err.Error(), "less than 1000 bytes in a second") {
			t.Errorf("the error does not say why: %v", err)
		}
	})
}

func TestCompressedBodyIsBoundedOnBothSides(t *testing.T) {
	var empty, bomb bytes.Buffer
	if err := gzip.NewWriter(&empty).Close(); err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(&bomb)
	if _, err := z.Write(make([]byte, 50<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	members := bytes.Repeat(empty.Bytes(), 4096)
	zipped := func(send func(w http.ResponseWriter)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			send(w)
		}
	}
	bubble(t, map[string]http.HandlerFunc{
		"bomb.test": zipped(func(w http.ResponseWriter) { _, _ = w.Write(bomb.Bytes()) }),
		"void.test": zipped(func(w http.ResponseWriter) {
			for {
				if _, err := w.Write(members); err != nil {
					return
				}
			}
		}),
	}, Options{MaxBytes: 1e6, Retries: -1}, func(t *testing.T, c *Client) {
		for host, want := range map[string]string{"bomb.test": ClassTooBig, "void.test": ClassTooBig} {
			if _, err := c.Fetch(t.Context(), at("http://"+host+"/"), nil); classOf(err) != want {
				t.Errorf("%s: %v, want class %s", host, err, want)
			}
		}
	})
}

func TestDeniedHostHasNoOtherSpelling(t *testing.T) {
	p := Policy{Deny: []string{"example.com", "bücher.example", "[::1]"}}.compiled()
	for _, host := range []string{
		"example.com", "EXAMPLE.com.", "a.b.example.com", "ｅxample.com", "example。com", "bücher.example",
		"xn--bcher-kva.example", "BÜCHER.example",
	} {
		u, err := url.Parse("http://" + host + "/a.jpg")
		if err != nil {
			t.Fatal(err)
		}
		if p.permit(u) == nil {
			t.Errorf("%s is let through", host)
		}
	}
	for _, host := range []string{"example.org", "notexample.com", "example.com.evil.test", "xn--bcher-kvb.example"} {
		if err := p.permit(&url.URL{Scheme: "http", Host: host}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestDeniedAddressIsSeenBehindAnyName(t *testing.T) {
	s := serve(t)
	port := s.URL[strings.LastIndexByte(s.URL, ':'):]
	for _, block := range []string{"127.0.0.1", "127.0.0.0/8", "::ffff:127.0.0.1", "0.0.0.0/0"} {
		c := newClient(t, Options{Policy: Policy{Deny: []string{block}}})
		for _, host := range []string{"127.0.0.1", "[::ffff:127.0.0.1]"} {
			if _, err := c.Fetch(t.Context(), at("http://"+host+port+"/ok"), nil); classOf(err) != ClassRefused {
				t.Errorf("%s with %s denied: %v", host, block, err)
			}
		}
	}
	c := newClient(t, Options{Policy: Policy{Deny: []string{"10.0.0.0/8", "fd00::/8"}}})
	if _, err := c.Fetch(t.Context(), at(s.URL+"/ok"), nil); err != nil {
		t.Error(err)
	}
}

// TestPublicOnlyRefusesLoopbackHoweverItIsWritten has a server that must not be asked, by the first URL or after a
// redirect.
func TestPublicOnlyRefusesLoopbackHoweverItIsWritten(t *testing.T) {
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer s.Close()
	port := s.URL[strings.LastIndexByte(s.URL, ':'):]
	c := newClient(t, Options{Retries: -1, Policy: Policy{PublicOnly: true}})
	base := &url.URL{Scheme: "https", Host: "public.test", RawPath: "/"}
	for _, host := range []string{
		"127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f.1", "0x7F000001", "0177.1", "017700000001", "0x7f.0.0.0x1",
		"127.0.0.1.", "0",
		"0.0.0.0", "0x0", "%31%32%37.0.0.1", "１２７.０.０.１", "①②⑦.⓪.⓪.①", "127。0。0。1",
		"127%2e0.0.1",
		"127\t.0.0.\n1",
		"[::1]", "[::]",
		"[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]",
		"[0:0:0:0:0:ffff:7f00:1]",
		"localhost", "LOCALHOST", "loc\talhost", "l%6fcalhost", "ｌocalhost", "public.test@127.0.0.1", "a:b@127.1",
		"a@b@127.1",
	} {
		for _, source := range []string{
			"http://" + host + port + "/", "http:" + host + port, "http:/" + host + port + "?q",
			`http:\\` + host + port + `\x`, "HTTP:////" + host + port,
			"  http://" + host + port + "#f", "ht\ntp://" + host + port + "/..",
		} {
			if !IsURL(source) {
				t.Errorf("%q is no URL", source)
			}
			if _, err := c.Fetch(t.Context(), at(source), nil); classOf(err) != ClassRefused {
				t.Errorf("%q: %v (%s), want class refused", source, err, classOf(err))
			}
			if next, err := redirect(base, source); err != nil {
				t.Errorf("sent on to %q: %v", source, err)
			} else if _, err := c.Fetch(t.Context(), at(next.String()), nil); classOf(err) != ClassRefused {
				t.Errorf("sent on to %q: %v (%s), want class refused", source, err, classOf(err))
			}
		}
	}
	if n := asked.Load(); n > 0 {
		t.Errorf("the server was asked %d times", n)
	}
}

// TestAnAddressIsDeniedInEveryForm has forms on both sides: those of the flag, and those of the URL.
func TestAnAddressIsDeniedInEveryForm(t *testing.T) {
	s := serve(t)
	port := s.URL[strings.LastIndexByte(s.URL, ':'):]
	forms := []string{"127.0.0.1", "127.1", "0x7f.1", "0177.0.0.1", "2130706433", "0x7f000001", "１２７.０.０.１",
		"127.0.0.1."}
	for _, denied := range forms {
		if err := CheckHost(denied, true); err != nil {
			t.Errorf("%s: %v", denied, err)
		}
		c := newClient(t, Options{Retries: -1, Policy: Policy{Deny: []string{denied}}})
		allowed := newClient(t, Options{Retries: -1, Policy: Policy{Allow: []string{denied}}})
		for _, asked := range append(forms, "%31%32%37.0.0.1") {
			if _, err := c.Fetch(t.Context(), at("http://"+asked+port+"/ok"), nil); classOf(err) != ClassRefused {
				t.Errorf("%s with %s denied: %v, want class refused", asked, denied, err)
			}
			if _, err := allowed.Fetch(t.Context(), at("http://"+asked+port+"/ok"), nil); err != nil {
				t.Errorf("%s with %s allowed: %v", asked, denied, err)
			}
		}
	}
}

func TestCheckHost(t *testing.T) {
	for _, c := range []struct {
		host        string
		allow, deny bool
	}{
		{"example.com", true, true}, {"bücher.example", true, true}, {"127.0.0.1", true, true}, {"::1", true, true},
		{"[::1]", true, true},
		{"10.0.0.0/8", false, true}, {"", false, false}, {".", false, false}, {"http://a.test", false, false},
		{"a.test:80", false, false},
		{"a b", false, false}, {"*.a.test", false, false}, {"10.0.0.0/99", false, false},
	} {
		if got := CheckHost(c.host, false) == nil; got != c.allow {
			t.Errorf("allow %q: %v, want %v", c.host, got, c.allow)
		}
		if got := CheckHost(c.host, true) == nil; got != c.deny {
			t.Errorf("deny %q: %v, want %v", c.host, got, c.deny)
		}
	}
}
