package fetch

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// TestAServerThatOptsOutIsHeededForLists has lines for all, for this agent and for others, of items of lists and of
// one that was named itself.
func TestAServerThatOptsOutIsHeededForLists(t *testing.T) {
	for _, c := range []struct {
		lines []string
		out   bool
	}{
		{nil, false}, {[]string{""}, false}, {[]string{"all"}, false}, {[]string{"nofollow, NOAI"}, true},
		{[]string{"noimageai"}, true}, {[]string{"noindex"}, true}, {[]string{"max-snippet:5, noimageindex"}, false},
		{[]string{"nofollow", " noimageindex "}, true}, {[]string{"otherbot: noai, noindex"}, false},
		{[]string{"otherbot: noai", "noai"}, true}, {[]string{"imgpipe: noai"}, true}, {[]string{"*: noai"}, true},
		{[]string{"otherbot: all, imgpipe: noai"}, true},
		{[]string{"unavailable_after: 25 Jun 2010 15:00:00 PST, noindex"}, true},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/away" {
				w.Header().Set("X-Robots-Tag", "noai") // of what is no picture
				http.Redirect(w, r, "/", http.StatusFound)
				return
			}
			w.Header()["X-Robots-Tag"] = c.lines
			_, _ = w.Write(picture)
		}))
		for _, ignore := range []bool{false, true} {
			client := New(Options{IgnoreOptOut: ignore})
			for _, row := range []int{0, 7} {
				for _, path := range []string{"/", "/away"} {
					item := webItem(server.URL + path)
					item.Row = row
					room := &counting{}
					_, err := client.Fetch(t.Context(), item, room)
					var e *Error
					refused := errors.As(err, &e) && e.Kind == ClassOptOut
					if want := c.out && !ignore && row > 0; refused != want || err != nil && !refused ||
						refused && (e.Attempts != 1 || room.held != 0) {
						t.Errorf("%q, ignored %v, row %d, %s: %v", c.lines, ignore, row, path, err)
					}
				}
			}
			client.Close()
		}
		server.Close()
	}
}

// TestHeadersGoToTheHostOfTheItemAlone follows a redirect to the same host and one to another.
func TestHeadersGoToTheHostOfTheItemAlone(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]http.Header{}
	note := func(r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen[r.URL.Path] = r.Header.Clone()
	}
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note(r)
		_, _ = w.Write(picture)
	}))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note(r)
		switch r.URL.Path {
		case "/first":
			http.Redirect(w, r, "/second", http.StatusFound)
		default:
			http.Redirect(w, r, other.URL+"/third", http.StatusFound)
		}
	}))
	defer server.Close()
	client := New(Options{Headers: []Header{{"Authorization", "Bearer secret"}, {"X-Two", "1"}, {"X-Two", "2"}}})
	defer client.Close()
	if _, err := client.Fetch(t.Context(), webItem(server.URL+"/first"), nil); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/first": "Bearer secret 1,2", "/second": "Bearer secret 1,2", "/third": " ",
	} {
		h := seen[path]
		if got := h.Get("Authorization") + " " + strings.Join(h.Values("X-Two"), ","); got != want {
			t.Errorf("%s got %q, want %q", path, got, want)
		}
	}
}

func TestOnlyHeadersThatCanBeSentAreParsed(t *testing.T) {
	for _, s := range []string{"Referer: https://h/", "x-key:abc", "Cookie: a=b; c=d"} {
		h, err := ParseHeader(s)
		if name, value, _ := strings.Cut(s, ":"); err != nil || !strings.EqualFold(h.Name, name) ||
			h.Value != strings.TrimSpace(value) {
			t.Errorf("%q is read as %+v, %v", s, h, err)
		}
	}
	bad := []string{"", "Referer", ": x", "a b: c", "x: ", "x: a\nb", "x: a\rHost: b"}
	for _, name := range ownHeaders {
		bad = append(bad, name+": x", strings.ToLower(name)+":x")
	}
	for _, s := range bad {
		if h, err := ParseHeader(s); err == nil {
			t.Errorf("%q is read as %+v", s, h)
		}
	}
}
