package object

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7"

	"imgpipe/pipeline/store"
)

// A fake is an object store in this process, with an empty bucket bkt. Before it answers, it asks meddle, if that is
// set, which reports whether it has answered itself.
type fake struct {
	*httptest.Server
	backend *s3mem.Backend

	mu     sync.Mutex
	counts map[string]int // of requests, by method and what they are for
	meddle func(http.ResponseWriter, *http.Request) bool
}

// newFake starts one. Its objects are as old as age says.
func newFake(t testing.TB, age time.Duration) *fake {
	t.Helper()
	clock := gofakes3.DefaultTimeSource()
	if age > 0 {
		clock = gofakes3.FixedTimeSource(time.Now().Add(-age))
	}
	backend := s3mem.New(s3mem.WithTimeSource(clock))
	if err := backend.CreateBucket("bkt"); err != nil {
		t.Fatal(err)
	}
	store := gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog()), gofakes3.WithTimeSource(clock)).Server()
	f := &fake{backend: backend, counts: map[string]int{}}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		what := r.Method
		if r.URL.Query().Get("list-type") != "" {
			what = "LIST"
		}
		f.mu.Lock()
		f.counts[what]++
		meddle := f.meddle
		f.mu.Unlock()
		if meddle == nil || !meddle(w, r) {
			store.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *fake) setMeddle(m func(http.ResponseWriter, *http.Request) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.meddle = m
}

// asked returns how many requests of a kind there were since it was last asked for that kind.
func (f *fake) asked(what string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.counts[what]
	f.counts[what] = 0
	return n
}

// at returns the address of a key in the bucket bkt of a server.
func at(t testing.TB, endpoint, key string) Address {
	t.Helper()
	a, err := Parse("s3://bkt/" + key + "?region=us-east-1&endpoint=" + endpoint)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// bucketAt opens a prefix of the bucket bkt of a server.
func bucketAt(t testing.TB, endpoint, prefix string) *Bucket {
	t.Helper()
	b, err := Open(at(t, endpoint, prefix), Options{Tries: 2, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// withKeys sets keys of access that are no real ones, so that the file of whoever runs the test is not asked.
func withKeys(t testing.TB) {
	t.Setenv("AWS_ACCESS_KEY_ID", "imgpipetestkey")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "imgpipetestsecret")
	for _, name := range []string{"AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3",
		"AWS_REGION", "AWS_DEFAULT_REGION"} {
		t.Setenv(name, "")
	}
}

// versity starts a versitygw, a second implementation, with an empty bucket bkt. It skips where there is none.
func versity(t *testing.T) (endpoint string) {
	t.Helper()
	program := os.Getenv("IMGPIPE_VERSITYGW")
	if program == "" {
		var err error
		if program, err = exec.LookPath("versitygw"); err != nil {
			t.Skip("there is no versitygw: IMGPIPE_VERSITYGW may name one")
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	cmd := exec.CommandContext(t.Context(), program, "--port", addr, "--quiet", "posix", t.TempDir())
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+os.Getenv("AWS_ACCESS_KEY_ID"),
		"ROOT_SECRET_KEY="+os.Getenv("AWS_SECRET_ACCESS_KEY"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	endpoint = "http://" + addr
	b := bucketAt(t, endpoint, "")
	for deadline := time.Now().Add(20 * time.Second); ; {
		err := b.client.MakeBucket(t.Context(), "bkt", minio.MakeBucketOptions{})
		if err == nil {
			return endpoint
		}
		if time.Now().After(deadline) {
			t.Fatalf("make a bucket: %v", err)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// eachServer has a test run with both kinds of servers. An endpoint has the bucket bkt, which is empty.
func eachServer(t *testing.T, test func(t *testing.T, endpoint string)) {
	withKeys(t)
	t.Run("gofakes3", func(t *testing.T) { test(t, newFake(t, 0).URL) })
	t.Run("versitygw", func(t *testing.T) { test(t, versity(t)) })
}

// put puts data under a name, in place of what was seen.
func put(t testing.TB, f store.Files, name, data string, seen store.File) error {
	t.Helper()
	s, err := f.Stage(t.Context(), []byte(data), contentOf(data))
	if err != nil {
		t.Fatal(err)
	}
	return s.Put(context.Background(), name, seen)
}

func contentOf(data string) store.Content {
	return store.Content{Size: int64(len(data)), SHA256: sha256.Sum256([]byte(data))}
}

// numbered has a server hold objects with so many numbers in their names.
func (f *fake) numbered(t testing.TB, form string, n int) {
	t.Helper()
	for i := range n {
		const data = "picture"
		key := fmt.Sprintf(form, i)
		_, err := f.backend.PutObject("bkt", key, written(), strings.NewReader(data), int64(len(data)), nil)
		if err != nil {
			t.Fatal(err)
		}
	}
}

// written is the metadata of an object that is written now.
func written() map[string]string {
	return map[string]string{"Last-Modified": time.Now().UTC().Format(http.TimeFormat)}
}

// isHeader reports whether a request has a header whose value begins with some text.
func isHeader(r *http.Request, name, begin string) bool {
	return strings.HasPrefix(r.Header.Get(name), begin)
}

var (
	removeOptions minio.RemoveObjectOptions
	putOptions    minio.PutObjectOptions
)
