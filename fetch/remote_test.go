package fetch

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// listLines is a list of n URLs.
func listLines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "http://127.0.0.1:1/%d.jpg\n", i)
	}
	return b.String()
}

// readList counts the items of a list, which are those of listLines.
func readList(t *testing.T, l List) (n int, err error) {
	t.Helper()
	for item, e := range (Inputs{Lists: []List{l}}).Items(t.Context()) {
		if e != nil {
			return n, e
		}
		if want := fmt.Sprintf("http://127.0.0.1:1/%d.jpg", n); item.Source != want {
			return n, fmt.Errorf("item %d is %s", n, item.Source)
		}
		n++
	}
	return n, nil
}

// loopback are the options of a client that asks this machine.
func loopback() Options { return Options{Proxies: &Proxies{}, Timeout: 5 * time.Second} }

// TestAListThatBreaksOffIsGoneOnWith breaks the connection after so many bytes of each answer. The list is known by its
// ETag or by its time.
func TestAListThatBreaksOffIsGoneOnWith(t *testing.T) {
	const lines = 3000
	text := listLines(lines)
	for _, c := range []struct {
		what      string
		name      string // of a header by which it is known
		value     func(answer int) string
		ranges    bool // the server knows them
		want      int
		mostAsked int
	}{
		{"a strong ETag", "ETag", func(int) string { return `"one"` }, true, lines, 20},
		{"a time long ago", "Last-Modified", func(int) string { return "Sat, 01 Jan 2000 00:00:00 GMT" }, true, lines,
			20},
		{"a weak ETag", "ETag", func(int) string { return `W/"one"` }, true, -1, 1},
		{"nothing", "X-Other", func(int) string { return "one" }, true, -1, 1},
		{"an ETag that changes", "ETag", func(n int) string { return fmt.Sprintf(`"%d"`, n) }, true, -1, 2},
		{"an ETag, without ranges", "ETag", func(int) string { return `"one"` }, false, -1, 2},
	} {
		var asked atomic.Int32
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			tag := c.value(int(asked.Add(1)))
			w.Header().Set(c.name, tag)
			from := 0
			if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err != nil || !c.ranges ||
				r.Header.Get("If-Range") != tag {
				from = 0
			}
			status := http.StatusOK
			if from > 0 {
				status = http.StatusPartialContent
				w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(text)-1, len(text)))
			}
			w.Header().Set("Content-Length", fmt.Sprint(len(text)-from))
			w.WriteHeader(status)
			const most = 10_000 // a part, and then the connection ends
			_, _ = w.Write([]byte(text[from:min(from+most, len(text))]))
		}))
		n, err := readList(t, List{Path: srv.URL + "/urls.txt", From: loopback().Lists()})
		srv.Close()
		if c.want > 0 && (n != c.want || err != nil) || c.want < 0 && err == nil {
			t.Errorf("%s: %d items, %v", c.what, n, err)
		}
		if n := int(asked.Load()); n > c.mostAsked {
			t.Errorf("%s: the server was asked %d times", c.what, n)
		}
	}
}

// TestAListOfAServerIsReadAsAFileIs has forms of lists at URLs whose names say what they are.
func TestAListOfAServerIsReadAsAFileIs(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	fmt.Fprint(z, "url\nhttp://127.0.0.1:1/0.jpg\n")
	z.Close()
	pages := map[string]string{
		"/a.txt": listLines(1), "/a.csv": "url\nhttp://127.0.0.1:1/0.jpg\n", "/a.csv.gz": packed.String(),
		"/a.jsonl": `{"url":"http://127.0.0.1:1/0.jpg"}`,
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch page, ok := pages[r.URL.Path]; {
		case ok:
			fmt.Fprint(w, page)
		case r.URL.Path == "/moved":
			http.Redirect(w, r, "/a.txt", http.StatusFound)
		case r.URL.Path == "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	defer srv.Close()
	for _, path := range []string{"/a.txt", "/a.txt?x=1#y", "/a.csv?sig=a.jsonl", "/a.csv.gz", "/a.jsonl", "/moved"} {
		l := List{Path: srv.URL + path, From: loopback().Lists()}
		if err := (Inputs{Lists: []List{l}}).Check(t.Context()); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if n, err := readList(t, l); n != 1 || err != nil {
			t.Errorf("%s: %d items, %v", path, n, err)
		}
	}
	for path, o := range map[string]Options{
		"/none": loopback(), "/loop": loopback(),
		"/a.txt": {Policy: Policy{PublicOnly: true}}, "/a.csv": {Policy: Policy{Deny: []string{"127.0.0.0/8"}}},
		"/moved": {Redirects: -1, Proxies: &Proxies{}},
	} {
		l := List{Path: srv.URL + path, From: o.Lists()}
		if err := (Inputs{Lists: []List{l}}).Check(t.Context()); err == nil {
			t.Errorf("%s was read", path)
		}
	}
	l := List{Path: "http://u:secret@127.0.0.1:1/a.txt", From: loopback().Lists()}
	if err := (Inputs{Lists: []List{l}}).Check(t.Context()); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("it says %v", err)
	}
}

// TestAListThatDoesNotComeEnds has a server that answers nothing, and one that stops in the middle.
func TestAListThatDoesNotComeEnds(t *testing.T) {
	release := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/begun.txt" {
			fmt.Fprint(w, listLines(1))
			w.(http.Flusher).Flush()
		}
		<-release
	}))
	defer srv.Close()
	defer close(release)
	o := loopback()
	o.Timeout = 20 * time.Millisecond
	for _, path := range []string{"/none.txt", "/begun.txt"} {
		_, err := readList(t, List{Path: srv.URL + path, From: o.Lists()})
		if err == nil || !strings.Contains(err.Error(), "within 20ms") {
			t.Errorf("%s: %v", path, err)
		}
	}
}
