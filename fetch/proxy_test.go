package fetch

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// proxyVariables are all that EnvironmentProxies reads.
var proxyVariables = []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"}

// proxies are those of an environment that has nothing else.
func proxies(t *testing.T, env map[string]string) (*Proxies, error) {
	t.Helper()
	for _, name := range proxyVariables {
		t.Setenv(name, "")
		t.Setenv(strings.ToLower(name), "")
	}
	for name, value := range env {
		t.Setenv(name, value)
	}
	return EnvironmentProxies()
}

func TestProxiesOfTheEnvironment(t *testing.T) {
	for _, tt := range []struct {
		env               map[string]string
		said, plain, safe string // the proxy of http://a.test and of https://a.test
	}{
		{nil, "", "", ""},
		{map[string]string{"HTTP_PROXY": "http://p:3128"}, "http://p:3128 for http", "http://p:3128", ""},
		{map[string]string{"https_proxy": "p:3128"}, "http://p:3128 for https", "", "http://p:3128"},
		{map[string]string{"ALL_PROXY": "socks5://p:1080"}, "socks5://p:1080", "socks5://p:1080", "socks5://p:1080"},
		{map[string]string{"all_proxy": "http://p", "HTTPS_PROXY": "https://q:1/"},
			"http://p for http, https://q:1 for https", "http://p", "https://q:1"},
		{map[string]string{"HTTP_PROXY": "http://upper", "http_proxy": "http://lower"}, "http://lower for http",
			"http://lower", ""},
		{map[string]string{"ALL_PROXY": "http://u:s3cret@p:1", "NO_PROXY": "b.test"}, "http://p:1 but for NO_PROXY",
			"http://u:s3cret@p:1", "http://u:s3cret@p:1"},
		{map[string]string{"ALL_PROXY": "http://p", "NO_PROXY": ".test"}, "http://p but for NO_PROXY", "", ""},
		{map[string]string{"ALL_PROXY": "http://p", "no_proxy": "*"}, "http://p but for NO_PROXY", "", ""},
		{map[string]string{"ALL_PROXY": "http://[::1]:3128"}, "http://[::1]:3128", "http://[::1]:3128",
			"http://[::1]:3128"},
		{map[string]string{"http_proxy": "http://p", "REQUEST_METHOD": "GET"}, "http://p for http", "http://p", ""},
	} {
		p, err := proxies(t, tt.env)
		if err != nil {
			t.Errorf("%v: %v", tt.env, err)
			continue
		}
		if got := p.String(); got != tt.said {
			t.Errorf("%v is said as %q, want %q", tt.env, got, tt.said)
		}
		for text, want := range map[string]string{"http://a.test/": tt.plain, "https://a.test/": tt.safe,
			"http://localhost/": "", "https://127.1/": ""} {
			u, err := parseWeb(text, nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.of(u)
			if name := ""; err != nil || got != nil && got.String() != want || got == nil && name != want {
				t.Errorf("%v: %s goes through %v, %v; want %q", tt.env, text, got, err, want)
			}
		}
	}
}

func TestAProxyThatIsNoneIsWrongUse(t *testing.T) {
	for _, value := range []string{"://bad", "http://", "socks4://p:1", "http://p:x", "http://p:0", "http://p:99999",
		"http://p:", "ftp://p", "http://p/path",
		"http://p?q", "p q", "http://u:s3cret@:80", "u:s3cret@", "http://u:s3cret@p:x", "http://a b:1"} {
		for _, name := range []string{"HTTP_PROXY", "https_proxy", "ALL_PROXY"} {
			_, err := proxies(t, map[string]string{name: value})
			if err == nil || !strings.HasPrefix(err.Error(), name) ||
				!strings.Contains(err.Error(), "expected http://host:port") {
				t.Errorf("%s=%s: got %v, want an error that names it and what was expected", name, value, err)
			} else if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%s=%s: the error shows the password: %v", name, value, err)
			}
			// A client whose options name none fails what it is asked for, and gives the reason.
			c := newClient(t, Options{Retries: -1})
			if _, err := c.Fetch(t.Context(), at("https://a.test/"), nil); classOf(err) != ClassProxy ||
				!strings.Contains(err.Error(), name) {
				t.Errorf("%s=%s: got %v, want class proxy", name, value, err)
			}
		}
	}
	if _, err := proxies(t, map[string]string{"HTTP_PROXY": "http://p", "REQUEST_METHOD": "GET"}); err == nil {
		t.Error("HTTP_PROXY is trusted in a CGI program")
	}
}

// A tunnel is a proxy that leads all connections to one address. What it was asked is in asked.
type tunnel struct {
	*httptest.Server
	asked sync.Map // target or URL -> Proxy-Authorization
	count atomic.Int32
}

// newTunnel starts a proxy to addr that answers with status instead, unless that is 200.
func newTunnel(t *testing.T, addr string, status int) *tunnel {
	p := &tunnel{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.count.Add(1)
		p.asked.Store(r.Method+" "+r.RequestURI, r.Header.Get("Proxy-Authorization"))
		if status != http.StatusOK {
			w.WriteHeader(status)
			return
		}
		if r.Method != http.MethodConnect {
			_, _ = w.Write(picture)
			return
		}
		there, err := net.Dial("tcp", addr)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer there.Close()
		here, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer here.Close()
		_, _ = io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n")
		var copying sync.WaitGroup
		copying.Go(func() { _, _ = io.Copy(there, buffered); _ = there.(*net.TCPConn).CloseWrite() })
		_, _ = io.Copy(here, there)
		here.Close()
		copying.Wait()
	}))
	t.Cleanup(p.Close)
	return p
}

// through returns options that ask all through the proxy at a URL.
func throughProxy(t *testing.T, proxy string) Options {
	t.Helper()
	p, err := proxies(t, map[string]string{"ALL_PROXY": proxy})
	if err != nil {
		t.Fatal(err)
	}
	return Options{Proxies: p}
}

func TestAProxyLeadsToServers(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_,
			_ = w.Write(picture)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	p := newTunnel(t, s.Listener.Addr().String(), http.StatusOK)
	c := newClient(t, throughProxy(t, strings.Replace(p.URL, "://", "://u:pw@", 1)))
	c.web.transport.TLSClientConfig = &tls.Config{RootCAs: rootsOf(s), ServerName: "example.com"}
	for source, want := range map[string]string{
		"https://a.test/x.jpg":     "CONNECT a.test:443",
		"http://a.test/x y.jpg?ü":  "GET http://a.test/x%20y.jpg?%C3%BC",
		"http://a.test:81/100%|":   "GET http://a.test:81/100%|",
		"http://a.test//b|c?%zz^":  "GET http://a.test//b|c?%zz^",
		"http://ä.test/%2f%2F?d=e": "GET http://xn--4ca.test/%2f%2F?d=e",
	} {
		if strings.Contains(source, "%|") {
			continue // Go's server, which the proxy of this test is, refuses it: see the next test
		}
		if _, err := c.Fetch(t.Context(), at(source), nil); err != nil {
			t.Errorf("%s: %v", source, err)
		}
		if got, ok := p.asked.Load(want); !ok || got != "Basic dTpwdw==" {
			t.Errorf("%s: the proxy was asked with %v, want %q with its password", source, got, want)
		}
	}
	if used, unused := c.Proxies(); used.String() != p.URL || unused != nil {
		t.Errorf("the client says that it uses %v and not %v, want %s", used, unused, p.URL)
	}
	addr, last := askedFor(t, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx")
	c = newClient(t, throughProxy(t, "http://"+addr))
	if _, err := c.Fetch(t.Context(), at("http://a.test:81/100%|"), nil); err != nil {
		t.Error(err)
	} else if got, want := last(), "http://a.test:81/100%|"; got != want {
		t.Errorf("the proxy was asked for %q, want %q", got, want)
	}
}

// TestAProxyThatRefusesIsNamedOnce has proxies that say no, each in its way.
func TestAProxyThatRefusesIsNamedOnce(t *testing.T) {
	for _, tt := range []struct {
		status int
		url    string
		tries  int
		class  string
		text   string
	}{
		{403, "https://a.test/", 1, ClassProxy, "answered 403 Forbidden when asked for a connection to a.test:443"},
		{407, "https://a.test/", 1, ClassProxy, "wants a user and a password"},
		{407, "http://a.test/", 1, ClassProxy, "wants a user and a password"},
		{404, "https://a.test/", 1, ClassProxy, "404 Not Found"},
		{204, "https://a.test/", 1, ClassProxy, "204 No Content"},
		{501, "https://a.test/", 1, ClassProxy, "501"},
		{503, "https://a.test/", 2, ClassProxy, "503 Service Unavailable"},
		{403, "http://a.test/", 1, "http-403", "403 Forbidden, through the proxy http://127.0.0.1:"},
	} {
		t.Run(fmt.Sprintf("%d %s", tt.status, tt.url), func(t *testing.T) {
			p := newTunnel(t, "", tt.status)
			o := throughProxy(t, strings.Replace(p.URL, "://", "://u:s3cret@", 1))
			o.Retries = 1
			c := newClient(t, o)
			_, err := c.Fetch(t.Context(), at(tt.url), nil)
			var e *Error
			if !errors.As(err, &e) || e.Kind != tt.class || e.Attempts != tt.tries || int(p.count.Load()) != tt.tries {
				t.Fatalf("got %v (%s) after %d requests, want class %s after %d", err, classOf(err), p.count.Load(),
					tt.class, tt.tries)
			}
			if s := err.Error(); !strings.Contains(s, tt.text) || !strings.Contains(s, p.URL) ||
				strings.Contains(s, "s3cret") {
				t.Errorf("got %q, want %q, the proxy %s, and no password", s, tt.text, p.URL)
			}
		})
	}
}

func TestAProxyThatIsNotThereIsNamedOnce(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for _, scheme := range []string{"http", "https", "socks5"} {
		for _, source := range []string{"http://a.test/", "https://a.test/"} {
			c := newClient(t, throughProxy(t, scheme+"://"+l.Addr().String()))
			_, err = c.Fetch(t.Context(), at(source), nil)
			var e *Error
			if !errors.As(err, &e) || e.Kind != ClassProxy || e.Attempts != 1 ||
				!strings.Contains(err.Error(), "the proxy "+scheme+"://"+l.Addr().String()) {
				t.Errorf("%s through %s: got %v (%s), want class proxy after 1 attempt", source, scheme, err,
					classOf(err))
			}
		}
	}
	// One that is no proxy, and one that hangs up.
	for answer, scheme := range map[string]string{"SSH-2.0-x\r\n": "https", "\x05\xff": "socks5",
		"\x05\x00\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00": "socks5"} {
		c := newClient(t, throughProxy(t, scheme+"://"+answerAll(t, answer)))
		c.opts.Retries = 0
		if _, err := c.Fetch(t.Context(), at("http://a.test/"), nil); classOf(err) != ClassProxy {
			t.Errorf("%q: got %v (%s), want class proxy", answer, err, classOf(err))
		}
	}
	for _, answer := range []string{"", "SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\n\r\nno TLS", "HTTP/1.1 200 OK\r\n\r\n"} {
		c := newClient(t, throughProxy(t, "http://"+answerAll(t, answer)))
		c.opts.Retries = 0
		_, err := c.Fetch(t.Context(), at("https://a.test/"), nil)
		if err == nil || !strings.Contains(err.Error(), "through the proxy http://") {
			t.Errorf("%q: got %v, want an error that names the proxy", answer, err)
		}
	}
}

// socksServer starts a SOCKS 5 proxy that leads all connections to addr. It returns its address.
func socksServer(t *testing.T, addr string) string {
	t.Helper()
	return serveRaw(t, func(conn net.Conn) {
		r := bufio.NewReader(conn)
		hello := make([]byte, 2)
		if _, err := io.ReadFull(r, hello); err != nil {
			return
		}
		_, _ = r.Discard(int(hello[1]))
		_, _ = conn.Write([]byte{5, 0})
		head := make([]byte, 5) // version, command, reserved, type of the name, its length
		if _, err := io.ReadFull(r, head); err != nil || head[3] != 3 {
			return
		}
		_, _ = r.Discard(int(head[4]) + 2)
		_, _ = conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
		there, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		defer there.Close()
		var sending sync.WaitGroup
		sending.Go(func() { _, _ = io.Copy(there, r); _ = there.(*net.TCPConn).CloseWrite() })
		_, _ = io.Copy(conn, there)
		_ = conn.Close()
		sending.Wait()
	})
}

func TestASOCKSProxyLeadsToServers(t *testing.T) {
	addr, last := askedFor(t, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx")
	c := newClient(t, throughProxy(t, "socks5://"+socksServer(t, addr)))
	defer c.Close()
	for _, want := range []string{"/a?b", "/100%|"} {
		if _, err := c.Fetch(t.Context(), at("http://a.test"+want), nil); err != nil {
			t.Error(err)
		} else if got := last(); got != want {
			t.Errorf("the server is asked for %q, want %q", got, want)
		}
	}
}

// TestAPolicyThatLooksAtAddressesUsesNoProxy has a proxy that must not be asked.
func TestAPolicyThatLooksAtAddressesUsesNoProxy(t *testing.T) {
	p := newTunnel(t, "", http.StatusOK)
	for _, policy := range []Policy{{PublicOnly: true}, {Deny: []string{"127.0.0.0/8"}}} {
		o := throughProxy(t, p.URL)
		o.Policy, o.Retries = policy, -1
		c := newClient(t, o)
		if _, err := c.Fetch(t.Context(), at("http://127.0.0.1:1/"), nil); classOf(err) != ClassRefused {
			t.Errorf("got %v, want class refused", err)
		}
		if u, err := c.web.proxies.of(&url.URL{Scheme: "http", Host: "a.test"}); u != nil || err != nil ||
			c.web.transport.Proxy != nil {
			t.Errorf("%v is used with %+v", u, policy)
		}
		if used, unused := c.Proxies(); !used.none() || unused.String() != p.URL {
			t.Errorf("the client says that it uses %v and not %v, want none and %s", used, unused, p.URL)
		}
	}
	if p.count.Load() != 0 {
		t.Error("the proxy was asked")
	}
}
