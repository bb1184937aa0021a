package main

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"imgpipe/pipeline/store"
)

// An objectServer is an object store in this process, which has the bucket named bucket.
type objectServer struct {
	*httptest.Server
	backend gofakes3.Backend
	mu      sync.Mutex
	headers []http.Header // of all requests
}

// newObjectServer starts one, and has the environment name it and keys of access for it. Caches go to a new folder.
func newObjectServer(t testing.TB) *objectServer {
	t.Helper()
	s := &objectServer{backend: s3mem.New()}
	if err := s.backend.CreateBucket("bucket"); err != nil {
		t.Fatal(err)
	}
	objects := gofakes3.New(s.backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.headers = append(s.headers, r.Header)
		s.mu.Unlock()
		objects.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": s.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "imgpipetestkey",
		"AWS_SECRET_ACCESS_KEY": "imgpipetestsecret", "AWS_PROFILE": "", "AWS_ENDPOINT_URL_S3": "",
		"XDG_CACHE_HOME": t.TempDir(),
	} {
		t.Setenv(name, value)
	}
	return s
}

// put puts an object.
func (s *objectServer) put(t testing.TB, key, data string) {
	t.Helper()
	now := map[string]string{"Last-Modified": time.Now().UTC().Format(http.TimeFormat)}
	if _, err := s.backend.PutObject("bucket", key, now, strings.NewReader(data), int64(len(data)), nil); err != nil {
		t.Fatal(err)
	}
}

// get returns an object.
func (s *objectServer) get(t testing.TB, key string) string {
	t.Helper()
	o, err := s.backend.GetObject("bucket", key, nil)
	if err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	defer o.Contents.Close()
	b, err := io.ReadAll(o.Contents)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// keys returns the keys of the objects below a prefix.
func (s *objectServer) keys(t testing.TB, prefix string) (keys []string) {
	t.Helper()
	below := gofakes3.Prefix{HasPrefix: true, Prefix: prefix}
	list, err := s.backend.ListBucket("bucket", &below, gofakes3.ListBucketPage{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range list.Contents {
		keys = append(keys, o.Key)
	}
	return keys
}

// outputs returns the objects below a prefix but for those that runs keep for themselves, as files does of a folder.
func (s *objectServer) outputs(t testing.TB, prefix string) map[string]string {
	all := map[string]string{}
	for _, key := range s.keys(t, prefix+"/") {
		if name := strings.TrimPrefix(key, prefix); !strings.HasPrefix(name, "/.imgpipe/") {
			all[name] = s.get(t, key)
		}
	}
	return all
}

// ledger returns the lines of the ledger below a prefix.
func (s *objectServer) ledger(t testing.TB, prefix string) (lines []store.Entry) {
	t.Helper()
	for _, key := range s.keys(t, prefix+"/.imgpipe/ledger/") {
		z, err := gzip.NewReader(strings.NewReader(s.get(t, key)))
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		for d := json.NewDecoder(z); ; {
			var e store.Entry
			if err := d.Decode(&e); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", key, err)
			}
			lines = append(lines, e)
		}
	}
	return lines
}
