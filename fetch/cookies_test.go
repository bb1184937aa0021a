package fetch

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// A crumb is a request as a server saw it: where, and with which cookies.
type crumb struct{ at, cookies string }

// crumbs starts servers at names, which set cookies and send on as next says, and returns what follows from a fetch of
// start.
func crumbs(t *testing.T, o Options, next map[string][]string, starts ...string) (seen []crumb, err error) {
	t.Helper()
	var mu sync.Mutex
	handle := func(w http.ResponseWriter, r *http.Request) {
		at := r.Host + r.URL.Path
		mu.Lock()
		seen = append(seen, crumb{at, strings.Join(r.Header["Cookie"], "; ")})
		mu.Unlock()
		answer, ok := next[at]
		if !ok {
			return
		}
		for _, c := range answer[1:] {
			w.Header().Add("Set-Cookie", c)
		}
		if answer[0] != "" {
			w.Header().Set("Location", answer[0])
			w.WriteHeader(http.StatusFound)
		}
	}
	hosts := map[string]http.HandlerFunc{}
	for _, h := range []string{"a.test", "www.a.test", "b.test", "a.co.uk", "b.co.uk"} {
		hosts[h] = handle
	}
	o.Retries = -1
	bubble(t, hosts, o, func(t *testing.T, c *Client) {
		for _, start := range starts {
			if _, err = c.Fetch(t.Context(), at(start), nil); err != nil {
				return
			}
		}
	})
	return seen, err
}

func TestCookiesGoAlongOneChainOfRedirects(t *testing.T) {
	for name, tt := range map[string]struct {
		next map[string][]string
		want []crumb
	}{
		"back to itself": {
			map[string][]string{"a.test/": {"/img", "seen=1", "x=y; Path=/other"}},
			[]crumb{{"a.test/", ""}, {"a.test/img", "seen=1"}},
		},
		"through another host and back": {
			map[string][]string{"a.test/": {"http://b.test/login", "a=1; HttpOnly"},
				"b.test/login": {"http://a.test/img", "b=2"}},
			[]crumb{{"a.test/", ""}, {"b.test/login", ""}, {"a.test/img", "a=1"}},
		},
		"below a domain": {
			map[string][]string{"a.test/": {"http://www.a.test/", "host=1", "all=2; Domain=a.test"}},
			[]crumb{{"a.test/", ""}, {"www.a.test/", "all=2"}},
		},
		"not for what is no domain of its own": {
			map[string][]string{"a.co.uk/": {"http://b.co.uk/", "all=1; Domain=co.uk"}},
			[]crumb{{"a.co.uk/", ""}, {"b.co.uk/", ""}},
		},
		"not for another host": {
			map[string][]string{"a.test/": {"http://b.test/", "all=1; Domain=b.test"}},
			[]crumb{{"a.test/", ""}, {"b.test/", ""}},
		},
		"not over plain HTTP, if secure": {
			map[string][]string{"a.test/": {"/img", "s=1; Secure", "p=2"}},
			[]crumb{{"a.test/", ""}, {"a.test/img", "p=2"}},
		},
		"not for longer than they last": {
			map[string][]string{"a.test/": {"/b", "a=1", "gone=1; Max-Age=0"},
				"a.test/b": {"/c", "a=; Max-Age=0", "b=2"}},
			[]crumb{{"a.test/", ""}, {"a.test/b", "a=1"}, {"a.test/c", "b=2"}},
		},
		"changed on the way": {
			map[string][]string{"a.test/": {"/b", "a=1"}, "a.test/b": {"/c", "a=2"}},
			[]crumb{{"a.test/", ""}, {"a.test/b", "a=1"}, {"a.test/c", "a=2"}},
		},
	} {
		got, err := crumbs(t, Options{}, tt.next, "http://"+tt.want[0].at)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: got %v, %v; want %v", name, got, err, tt.want)
		}
	}
}

func TestCookiesEndWithTheirItem(t *testing.T) {
	next := map[string][]string{"a.test/": {"/img", "a=1"}, "a.test/last": {"", "b=2"}}
	got, err := crumbs(t, Options{}, next, "http://a.test/", "http://a.test/", "http://a.test/last",
		"http://a.test/img")
	want := []crumb{{"a.test/", ""}, {"a.test/img", "a=1"}, {"a.test/", ""}, {"a.test/img", "a=1"}, {"a.test/last", ""},
		{"a.test/img", ""}}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

// TestCookiesAreBounded has a server that sets as many as a header holds, at every hop.
func TestCookiesAreBounded(t *testing.T) {
	next := map[string][]string{}
	for i := range 9 {
		answer := []string{fmt.Sprintf("/%d", i+1)}
		for j := range 100 {
			answer = append(answer, fmt.Sprintf("c%d-%d=%s", i, j, strings.Repeat("x", 1000)))
		}
		next[fmt.Sprintf("a.test/%d", i)] = answer
	}
	got, err := crumbs(t, Options{}, next, "http://a.test/0")
	if err != nil || len(got) != 10 {
		t.Fatalf("%d requests, %v; want 10", len(got), err)
	}
	for _, c := range got {
		if len(c.cookies) > 2*maxCookies {
			t.Fatalf("%s is asked with %d bytes of cookies", c.at, len(c.cookies))
		}
	}
}
