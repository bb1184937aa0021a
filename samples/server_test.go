package samples

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// started gives a server's URL, and a client that follows redirects and keeps nothing open after the test.
func started(t testing.TB, s *Server) (string, *http.Client) {
	t.Helper()
	url, err := s.Start("")
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if c := s.Counts(); c.InFlight != 0 {
			t.Errorf("%d requests in flight after Close", c.InFlight)
		}
	})
	return url, &http.Client{Transport: transport}
}

// get reads a URL to its end.
func get(t testing.TB, c *http.Client, url string) (*http.Response, []byte, error) {
	t.Helper()
	r, err := c.Get(url)
	if err != nil {
		return nil, nil, err
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	return r, body, err
}

func TestServerSendsEverySample(t *testing.T) {
	url, c := started(t, &Server{})
	check := func(path, kind string, want []byte) {
		t.Helper()
		r, body, err := get(t, c, url+path)
		if err != nil || r.StatusCode != 200 || !bytes.Equal(body, want) || r.ContentLength != int64(len(want)) ||
			r.Header.Get("Content-Type") != kind {
			t.Errorf("%s: %d bytes, %v, %v", path, len(body), r, err)
		}
	}
	for _, f := range Embedded() {
		check("/photos/"+f.Name, "image/jpeg", f.Data)
	}
	check("/photos/0014.jpg", "image/jpeg", Embedded()[1].Data)
	for _, name := range []string{"alpha.png", "empty.jpg", "animated.gif"} {
		kind := map[string]string{"alpha.png": "image/png", "empty.jpg": "image/jpeg",
			"animated.gif": "image/gif"}[name]
		check("/awkward/"+name, kind, awkwardFile(t, name).Data)
	}
	for _, path := range []string{"/photos/0000.jpg", "/photos/x.jpg", "/small/-1.jpg", "/awkward/../photos/city.jpg",
		"/nothing"} {
		if r, _, err := get(t, c, url+path); err != nil || r.StatusCode != 404 {
			t.Errorf("%s: %v, %v, want 404", path, r, err)
		}
	}
}

func TestSmallPicturesAreSmallAndDistinct(t *testing.T) {
	url, c := started(t, &Server{})
	seen := map[string]int{}
	for i := 1; i <= 40; i++ {
		_, body, err := get(t, c, fmt.Sprintf("%s/small/%04d.jpg", url, i))
		if err != nil {
			t.Fatal(err)
		}
		if old, ok := seen[string(body)]; ok {
			t.Errorf("%d and %d are equal", old, i)
		}
		seen[string(body)] = i
		if len(body) < 3000 || len(body) > 12000 {
			t.Errorf("%d: %d bytes, want 3,000 to 12,000", i, len(body))
		}
		if _, _, err := image.Decode(bytes.NewReader(body)); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestListNamesURLsThatWork(t *testing.T) {
	url, c := started(t, &Server{Behavior: Behavior{Status: 500}})
	for query, want := range map[string]struct {
		n    int
		last string
	}{
		"":                                {12, "/photos/julia.jpg"},
		"?n=200":                          {200, "/photos/0200.jpg"},
		"?n=3&of=small":                   {3, "/small/0003.jpg"},
		"?n=0":                            {0, ""},
		"?of=awkward":                     {len(Awkward()), "/awkward/gigapixels.bmp"},
		"?n=2&of=small&latency=5ms&stall": {2, "/small/0002.jpg?latency=5ms&stall"},
	} {
		r, body, err := get(t, c, url+"/list.txt"+query)
		if err != nil || r.StatusCode != 200 {
			t.Fatalf("%s: %v, %v", query, r, err)
		}
		lines := strings.Fields(string(body))
		if len(lines) != want.n || want.n > 0 && lines[want.n-1] != url+want.last {
			t.Errorf("%s: %d lines that end with %s, want %d and %s", query, len(lines), lines[max(len(lines)-1, 0):],
				want.n, want.last)
		}
	}
	for _, query := range []string{"?n=-1", "?n=x", "?of=cats", "?nonsense=1"} {
		if r, _, err := get(t, c, url+"/list.txt"+query); err != nil || r.StatusCode != 400 {
			t.Errorf("%s: %v, %v, want 400", query, r, err)
		}
	}
	if _, body, err := get(t, c, url+"/"); err != nil || !strings.Contains(string(body), "/photos/city.jpg") ||
		!strings.Contains(string(body), "wrong-length") {
		t.Errorf("the page: %v, %s", err, body)
	}
}

func TestFaults(t *testing.T) {
	url, c := started(t, &Server{})
	pic := url + "/photos/city.jpg"
	full := len(Embedded()[5].Data)
	for _, f := range []struct {
		query string
		check func(r *http.Response, body []byte, err error) bool
	}{
		{"status=404", func(r *http.Response, _ []byte, _ error) bool { return r.StatusCode == 404 }},
		{"status=500", func(r *http.Response, _ []byte, _ error) bool { return r.StatusCode == 500 }},
		{"retry-after=1", func(r *http.Response, _ []byte, _ error) bool {
			return r.StatusCode == 429 && r.Header.Get("Retry-After") == "1"
		}},
		{"retry-after=7&status=503", func(r *http.Response, _ []byte, _ error) bool {
			return r.StatusCode == 503 && r.Header.Get("Retry-After") == "7"
		}},
		{"truncate", func(r *http.Response, body []byte, err error) bool {
			return errors.Is(err, io.ErrUnexpectedEOF) && r.ContentLength == int64(full) && len(body) == full/2
		}},
		{"reset", func(r *http.Response, _ []byte, err error) bool { return r == nil && err != nil }},
		{"wrong-length", func(r *http.Response, body []byte, err error) bool {
			return err == nil && r.ContentLength == int64(full/2) && len(body) == full/2
		}},
		{"html", func(r *http.Response, body []byte, _ error) bool {
			return r.StatusCode == 200 && r.Header.Get("Content-Type") == "image/jpeg" &&
				bytes.HasPrefix(body, []byte("<!DOCTYPE"))
		}},
		{"gzip", func(r *http.Response, body []byte, err error) bool {
			return err == nil && r.Uncompressed && bytes.Equal(body, Embedded()[5].Data)
		}},
		{"redirect=3", func(r *http.Response, body []byte, err error) bool {
			return err == nil && len(body) == full && r.Request.Response != nil
		}},
		{"redirect=11", func(_ *http.Response, _ []byte, err error) bool {
			return err != nil && strings.Contains(err.Error(), "stopped after 10 redirects")
		}},
		{"redirect-loop", func(_ *http.Response, _ []byte, err error) bool {
			return err != nil && strings.Contains(err.Error(), "stopped after 10 redirects")
		}},
		{"location=" + "%2Fphotos%2Fsea.jpg", func(r *http.Response, body []byte, err error) bool {
			return err == nil && bytes.Equal(body, Embedded()[7].Data)
		}},
		{"bandwidth=20MB", func(_ *http.Response, body []byte, err error) bool {
			return err == nil &&
				len(body) == full
		}},
		{"nonsense", func(r *http.Response, body []byte, _ error) bool {
			return r.StatusCode == 400 && strings.Contains(string(body),
				`unknown setting "nonsense", expected one of latency`)
		}},
	} {
		if r, body, err := get(t, c, pic+"?"+f.query); !f.check(r, body, err) {
			t.Errorf("%s: %d bytes, %v, response %+v", f.query, len(body), err, r)
		}
	}
	r, err := c.Head(pic + "?stall")
	if err != nil || r.ContentLength != int64(full) {
		t.Errorf("HEAD: %v, %v", r, err)
	}
	if r, err := c.Post(pic, "text/plain", nil); err != nil || r.StatusCode != 405 {
		t.Errorf("POST: %v, %v, want 405", r, err)
	} else {
		r.Body.Close()
	}
}

func TestFailingAtFirst(t *testing.T) {
	url, c := started(t, &Server{})
	for query, want := range map[string][]int{
		"fail=2":                          {503, 503, 200, 200},
		"fail=1&status=404":               {404, 200},
		"fail=1&retry-after=2":            {429, 200},
		"fail=1&latency=1ms&html":         {200, 200},
		"fail=2&status=500&latency=100us": {500, 500, 200},
	} {
		for i, code := range want {
			r, _, err := get(t, c, url+"/small/0001.jpg?"+query)
			if err != nil || r.StatusCode != code {
				t.Errorf("%s: try %d: %v, %v, want %d", query, i+1, r, err, code)
			}
		}
	}
}

// TestEndlessAnswersEndWithTheClient begins answers that have no end, goes, and waits until the handlers have noticed.
func TestEndlessAnswersEndWithTheClient(t *testing.T) {
	for _, query := range []string{"stall", "slow", "endless", "latency=1h", "bandwidth=1B"} {
		t.Run(query, func(t *testing.T) {
			s := &Server{}
			began, ended := make(chan struct{}), make(chan struct{})
			front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				close(began)
				defer close(ended)
				s.ServeHTTP(w, r)
			}))
			defer front.Close()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			req, _ := http.NewRequestWithContext(ctx, "GET", front.URL+"/small/0001.jpg?"+query, nil)
			if strings.HasPrefix(query, "latency") {
				go func() {
					<-began
					cancel()
				}()
				if _, err := front.Client().Do(req); !errors.Is(err, context.Canceled) {
					t.Errorf("%v, want cancelled", err)
				}
			} else {
				r, err := front.Client().Do(req)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(r.Body, make([]byte, 1)); err != nil {
					t.Error(err)
				}
				cancel()
				r.Body.Close()
			}
			<-ended
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCloseEndsEveryAnswer does not read what it asked for, so that handlers are held in waits and in writes.
func TestCloseEndsEveryAnswer(t *testing.T) {
	s := &Server{}
	url, c := started(t, s)
	var bodies []io.Closer
	for _, query := range []string{"stall", "slow", "endless", "bandwidth=1B"} {
		r, err := c.Get(url + "/small/0001.jpg?" + query)
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, r.Body)
	}
	if n := s.Counts(); n.InFlight != 4 || n.Peak != 4 || n.Requests != 4 {
		t.Errorf("%+v, want 4 in flight", n)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for _, b := range bodies {
		b.Close()
	}
	if _, err := s.Start(""); err == nil {
		t.Error("a closed server starts again")
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "/photos/city.jpg", nil))
	if w.Code != 503 {
		t.Errorf("a closed server answers %d, want 503", w.Code)
	}
}

// TestAnswerCutByCloseIsNoAnswer closes a server while an answer waits for its latency: to return then would send an
// empty answer of status 200.
func TestAnswerCutByCloseIsNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{Behavior: Behavior{Latency: time.Hour}}
		thrown := make(chan any, 1)
		go func() {
			defer func() { thrown <- recover() }()
			s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/photos/city.jpg", nil))
		}()
		synctest.Wait()
		s.Close()
		if got := <-thrown; got != http.ErrAbortHandler {
			t.Errorf("the handler ended with %v, want http.ErrAbortHandler", got)
		}
	})
}
