package fetch

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf8"
)

// A urlCase is what the URL class of Node makes of a text: the URL without user, password and fragment; "" where it
// throws, and the scheme alone where that is another than http and https.
type urlCase struct{ text, base, want, user, password string }

func (c *urlCase) UnmarshalJSON(b []byte) error {
	var fields [5]string
	err := json.Unmarshal(b, &fields)
	*c = urlCase{fields[0], fields[1], fields[2], fields[3], fields[4]}
	return err
}

// check compares parseWeb with c.
func (c urlCase) check(t *testing.T) {
	t.Helper()
	var base *url.URL
	if c.base != "" {
		var err error
		if base, err = parseWeb(c.base, nil); err != nil {
			t.Fatalf("%q: %v", c.base, err)
		}
	}
	u, err := parseWeb(c.text, base)
	if scheme, ok := err.(schemeError); ok && scheme.scheme+":" == c.want {
		return
	}
	got, user, password := "", "", ""
	if err == nil {
		got = u.Scheme + "://" + u.Host + u.RawPath
		if u.ForceQuery || u.RawQuery != "" {
			got += "?" + u.RawQuery
		}
		user = u.User.Username()
		password, _ = u.User.Password()
	}
	if !utf8.ValidString(user + password) {
		user, password = c.user, c.password // which JSON cannot hold
	}
	if got != c.want || user != c.user || password != c.password {
		t.Errorf("%q relative to %q: got %q, %q, %q (%v); browsers have %q, %q, %q", c.text, c.base, got, user,
			password, err, c.want, c.user, c.password)
	}
}

// TestURLsAreReadAsBrowsersReadThem compares with what Node 20 had made of the table, which
// TestURLsAreReadAsNodeReadsThem extends.
func TestURLsAreReadAsBrowsersReadThem(t *testing.T) {
	table, err := os.ReadFile("testdata/urls.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	checkURLs(t, table)
}

func checkURLs(t *testing.T, table []byte) {
	lines := bufio.NewScanner(bytes.NewReader(table))
	for lines.Scan() {
		var c urlCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		c.check(t)
	}
}

// askNode has Node read JSON lines of text and base, and answer with lines of a urlCase.
const askNode = `
const byte = (_, h) => String.fromCharCode(parseInt(h, 16));
const bytes = s => Buffer.from(s.replace(/%([0-9a-f]{2})/gi, byte), 'latin1').toString();
require('readline').createInterface({ input: process.stdin }).on('line', line => {
  const [text, base] = JSON.parse(line);
  let got = ['', '', ''];
  try {
    const u = base ? new URL(text, base) : new URL(text), user = bytes(u.username), password = bytes(u.password);
    if (u.protocol === 'http:' || u.protocol === 'https:') {
	u.hash = u.username = u.password = '';
	got = [u.href, user, password];
}
    else got = [u.protocol, '', ''];
  } catch { }
  console.log(JSON.stringify([text, base, ...got]));
});`

// TestURLsAreReadAsNodeReadsThem makes URLs at random, of what URLs are made of. It needs Node. There is no xn-- among
// the parts: Node 20 takes some names that decode to ASCII alone, or to nothing, which the standard and this package
// refuse.
func TestURLsAreReadAsNodeReadsThem(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("there is no node")
	}
	parts := append(strings.Split("abcz0189/\\.?#%@:[]|^{}<>\"'`~!$&()*+,;=_- \t\n\r", ""),
		"%2e", "%2F", "%zz", "ü", "日", "0x", "..", "//", "é", "。", "x.y", "127", "http:", "😀")
	starts := []string{"http://h", "http://", "https://a.b/", "http:", "http://1.",
		"https:\\\\", "http://h/", "http://h/?", "http://u@h", "//", "", "?", "../"}
	bases := []string{"", "http://h/a/b/c?q#f", "https://u:p@Ex.com:8443/x/", "http://h", "http://h//a|b/%zz'"}
	random := rand.New(rand.NewPCG(1, 1))
	var in bytes.Buffer
	for range 3000 {
		text := starts[random.IntN(len(starts))]
		for range random.IntN(12) {
			text += parts[random.IntN(len(parts))]
		}
		line, err := json.Marshal([]string{text, bases[random.IntN(len(bases))]})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&in, "%s\n", line)
	}
	cmd := exec.CommandContext(t.Context(), node, "-e", askNode)
	cmd.Stdin = &in
	table, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	checkURLs(t, table)
}

// askedFor starts a server and returns its address and a function that returns the target of the last request, as it
// came.
func askedFor(t *testing.T, answer string) (addr string, last func() string) {
	t.Helper()
	lines := make(chan string, 1) // for the test reads it when the answer is there
	addr = serveRaw(t, func(conn net.Conn) {
		r := bufio.NewReader(conn)
		line, _ := r.ReadString('\n')
		for s := line; s != "" && s != "\r\n"; {
			s, _ = r.ReadString('\n')
		}
		lines <- strings.TrimSuffix(strings.TrimPrefix(line, "GET "), " HTTP/1.1\r\n")
		_, _ = io.WriteString(conn, answer)
	})
	return addr, func() string { return <-lines }
}

// sentAs are paths and queries as a list has them, and as a server is to be asked.
var sentAs = []struct{ text, want string }{
	{"/img?q=a b", "/img?q=a%20b"},
	{"/img?q=ü", "/img?q=%C3%BC"},
	{"/a b/ü.jpg", "/a%20b/%C3%BC.jpg"},
	{"/a%2fb%2Fc%7e~+%20?s=%2f%2F+%7e~%zz%", "/a%2fb%2Fc%7e~+%20?s=%2f%2F+%7e~%zz%"},
	{"/100%.jpg", "/100%.jpg"},
	{"/%zz/a|b^c[d]'e", "/%zz/a|b^c[d]'e"},
	{"//a//b", "//a//b"},
	{"/a{b}`c`\"<>", "/a%7Bb%7D%60c%60%22%3C%3E"},
	{"/?a|b^c{d}`e`[f]'g'", "/?a|b^c{d}`e`[f]%27g%27"},
	{`\a\..\b?c\d`, `/b?c\d`},
	{"?q", "/?q"},
	{"", "/"},
	{"/?", "/?"},
	{"/a#b?c", "/a"},
	{"/a\tb\r\nc?d\ne", "/abc?de"},
	{"/\xff\xfe?\xfc", "/%FF%FE?%FC"},
	{"/*", "/*"},
	{"/a;b,c:d@e!f$g&h(i)", "/a;b,c:d@e!f$g&h(i)"},
	{"/%0d%0aX: y?%0d%0aX: y", "/%0d%0aX:%20y?%0d%0aX:%20y"},
}

func TestServersAreAskedWithTheBytesOfTheURL(t *testing.T) {
	addr, last := askedFor(t, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx")
	c := newClient(t, Options{Retries: -1})
	for _, tt := range sentAs {
		if _, err := c.Fetch(t.Context(), at("http://"+addr+tt.text), nil); err != nil {
			t.Errorf("%q: %v", tt.text, err)
		} else if got := last(); got != tt.want {
			t.Errorf("%q is asked for as %q, want %q", tt.text, got, tt.want)
		}
	}
	// What would be taken for a host is sent in the other form that a server has to take.
	if _, err := c.Fetch(t.Context(), at("http://"+addr+"//a|b"), nil); err != nil {
		t.Error(err)
	} else if got, want := last(), "http://"+addr+"//a|b"; got != want {
		t.Errorf("//a|b is asked for as %q, want %q", got, want)
	}
}

func TestHTTP2ServersAreAskedWithTheBytesOfTheURL(t *testing.T) {
	var got atomic.Value
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got.Store(r.Proto + r.RequestURI)
	}))
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	c := newClient(t, Options{Retries: -1})
	c.web.transport.TLSClientConfig = &tls.Config{RootCAs: rootsOf(s)}
	for _, tt := range append(sentAs, struct{ text, want string }{"//a|b", "//a|b"}) {
		if strings.Contains(tt.want, "%zz") || strings.Contains(tt.want, "%.") {
			continue // Go's server refuses it
		}
		if _, err := c.Fetch(t.Context(), at(s.URL+tt.text), nil); err != nil {
			t.Errorf("%q: %v", tt.text, err)
		} else if want := "HTTP/2.0" + tt.want; got.Load() != want {
			t.Errorf("%q is asked for as %q, want %q", tt.text, got.Load(), want)
		}
	}
}

func TestRedirectsGoWhereBrowsersGo(t *testing.T) {
	addr, last := askedFor(t, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx")
	for location, want := range map[string]string{
		"http://" + addr + "/a b?c d":     "/a%20b?c%20d",
		"//" + addr + "/ü?ü":              "/%C3%BC?%C3%BC",
		`http:\\` + addr + `\a\..\b|%zz`:  "/b|%zz",
		"HTTP://" + addr + "?q#f":         "/?q",
		"http:/" + addr + "/%2f%2F?%7e+~": "/%2f%2F?%7e+~",
		"http://" + addr + "/\xfc?\xfc":   "/%FC?%FC",
	} {
		answer := "HTTP/1.1 302 Found\r\nLocation: " + location + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
		from, _ := askedFor(t, answer)
		c := newClient(t, Options{Retries: -1})
		// From another scheme "http:/host" would be the same; here it is a path of the same host.
		if strings.HasPrefix(location, "http:/"+addr) {
			u, err := redirect(&url.URL{Scheme: "https", Host: from, RawPath: "/"}, location)
			if err != nil || u.Host != addr || u.RawPath+"?"+u.RawQuery != want {
				t.Errorf("%q leads to %v, %v; want %q", location, u, err, want)
			}
			continue
		}
		if _, err := c.Fetch(t.Context(), at("http://"+from), nil); err != nil {
			t.Errorf("%q: %v", location, err)
		} else if got := last(); got != want {
			t.Errorf("%q is asked for as %q, want %q", location, got, want)
		}
	}
}

func TestWhatIsMeantAsAURLIsOne(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no file has such a name there")
	}
	tree(t, "http:file.jpg", "https:/", "https:/x.jpg")
	for source, want := range map[string]bool{
		"http://h/a": true, "HTTPS://h/a": true, "https:/h/a": true, "http:h/a": true,
		`http:\\h\a`: true, " http://h/a": true, "ht\ntp://h": true,
		"ftp://h": true, "data:x": true, "http:file.jpg": false, "https:/x.jpg": false,
		"a.jpg": false, "C:\\a.jpg": false, "c:/a.jpg": false, "": false,
		"a:b": false, "mailto:x": false, " a.jpg": false,
	} {
		if got := IsURL(source); got != want {
			t.Errorf("IsURL(%q) is %v, want %v", source, got, want)
		}
	}
}

func TestSecretsAreRedactedHoweverTheURLIsWritten(t *testing.T) {
	parts := []string{"/", "\\", "@", ":", "?", "#", "\t", "\n", " ", "%", "x", "h.test", "[", "|", "ü"}
	starts := []string{"http:", "https:", "http://", "http:/", `http:\\`, "ht\ttp://", " http://",
		"http:///", "HTTP://"}
	random := rand.New(rand.NewPCG(rand.Uint64(), 1))
	tried := 0
	for range 20_000 {
		some := func() (s string) {
			for range random.IntN(3) {
				s += parts[random.IntN(len(parts))]
			}
			return s
		}
		source := starts[random.IntN(len(starts))] + some() + "user" + some() +
			":s3cret" + some() + "@" + some() + "h.test" + some()
		if u, err := parseWeb(source, nil); err == nil {
			if password, _ := u.User.Password(); !strings.Contains(u.User.Username()+password, "s3cret") {
				continue // it stands in the path or the query
			}
		}
		tried++
		if got := Redact(source); strings.Contains(got, "s3cret") {
			t.Fatalf("%q is shown as %q", source, got)
		}
	}
	if tried < 1000 {
		t.Fatalf("only %d had a secret", tried)
	}
}

// FuzzParseWeb holds that what is sent is plain, and that what was read once is read the same again.
func FuzzParseWeb(f *testing.F) {
	for _, s := range []string{"http://h/a b?c d", `https:\\u:p@h\..\x`, "http://0x7f.1:80/%zz|", "http://[::1%25lo]/",
		"http://日本.test/?ü", "//g/x", "?y", "HTTP:x"} {
		f.Add(s)
	}
	base, err := parseWeb("http://u:p@h.test:81/a/b?c", nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := parseWeb(text, base)
		if err != nil {
			return
		}
		for _, proxy := range []*url.URL{nil, {Scheme: "http", Host: "p"}} {
			sent := target(u, proxy).RequestURI()
			if strings.ContainsFunc(u.Host+sent, func(r rune) bool { return r <= ' ' || r > '~' }) {
				t.Fatalf("%q: %q is asked for %q", text, u.Host, sent)
			}
			want := u.RawPath
			if u.ForceQuery || u.RawQuery != "" {
				want += "?" + u.RawQuery
			}
			if sent != want && sent != u.Scheme+"://"+u.Host+want {
				t.Fatalf("%q: asked for %q, want %q", text, sent, want)
			}
		}
		if strings.Contains(u.Host, "%") {
			return // a zone, which stands encoded in a URL
		}
		again, err := parseWeb(u.Scheme+"://"+u.Host+u.RawPath+"?"+u.RawQuery, nil)
		if err != nil || again.Host != u.Host || again.RawPath != u.RawPath || again.RawQuery != u.RawQuery {
			t.Fatalf("%q: %q %q %q is read again as %v, %v", text, u.Host, u.RawPath, u.RawQuery, again, err)
		}
		host, err := parseHost(u.Hostname())
		if !strings.HasPrefix(u.Host, "[") && (err != nil || host != u.Hostname()) {
			t.Fatalf("%q: the host %q is read again as %q, %v", text, u.Hostname(), host, err)
		}
	})
}
