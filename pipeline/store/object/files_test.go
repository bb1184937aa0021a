package object

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
	"imgpipe/pipeline/storetest"
)

// TestObjectsConform has each test of the suite use a prefix of its own.
func TestObjectsConform(t *testing.T) {
	eachServer(t, func(t *testing.T, endpoint string) {
		n := 0
		storetest.Run(t, func(t *testing.T) store.Files {
			n++
			return bucketAt(t, endpoint, fmt.Sprintf("set %d/out", n)).Files()
		})
	})
}

// TestOfSixteenWritersOneWinsAndTheOthersLearnWhatItWrote is the race of many runs for one name.
func TestOfSixteenWritersOneWinsAndTheOthersLearnWhatItWrote(t *testing.T) {
	eachServer(t, func(t *testing.T, endpoint string) {
		const writers = 16
		f := bucketAt(t, endpoint, "race").Files()
		for round := range 5 {
			name := fmt.Sprintf("a/%d.jpg", round)
			errs, saw := make([]error, writers), make([]store.Content, writers)
			var group sync.WaitGroup
			for i := range writers {
				group.Go(func() {
					other := bucketAt(t, endpoint, "race").Files() // as another process has it
					if errs[i] = put(t, other, name, fmt.Sprint("of writer ", i), store.File{}); errs[i] != nil {
						saw[i], _ = other.Digest(t.Context(), name)
					}
				})
			}
			group.Wait()
			winner := -1
			for i, err := range errs {
				switch {
				case err == nil && winner >= 0:
					t.Fatalf("writers %d and %d both won", winner, i)
				case err == nil:
					winner = i
				case !errors.Is(err, store.ErrChanged):
					t.Fatalf("writer %d: %v", i, err)
				}
			}
			if winner < 0 {
				t.Fatal("no writer won")
			}
			want := contentOf(fmt.Sprint("of writer ", winner))
			for i, c := range saw {
				if i != winner && c != want {
					t.Errorf("writer %d learned of %+v, want %+v", i, c, want)
				}
			}
			if c, err := f.Digest(t.Context(), name); err != nil || c != want {
				t.Errorf("the object is %+v, %v", c, err)
			}
		}
	})
}

// TestAnObjectWithoutItsDigestIsRead is that of another program.
func TestAnObjectWithoutItsDigestIsRead(t *testing.T) {
	eachServer(t, func(t *testing.T, endpoint string) {
		f := bucketAt(t, endpoint, "").Files()
		const data = "hers"
		_, err := f.client.PutObject(t.Context(), "bkt", "hers.jpg", strings.NewReader(data), int64(len(data)),
			minio.PutObjectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if c, err := f.Digest(t.Context(), "hers.jpg"); err != nil || c != contentOf(data) {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

// TestAnAnswerThatWasLostIsNoLoss has the server do what it is asked, and not say so.
func TestAnAnswerThatWasLostIsNoLoss(t *testing.T) {
	withKeys(t)
	fake := newFake(t, 0)
	f := bucketAt(t, fake.URL, "out").Files()
	var lost atomic.Int32
	fake.setMeddle(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut || lost.Add(1) > 1 {
			return false
		}
		again, err := http.NewRequest(r.Method, fake.URL+r.URL.String(), r.Body)
		if err != nil {
			t.Error(err)
		}
		again.Header, again.ContentLength = r.Header.Clone(), r.ContentLength
		resp, err := http.DefaultClient.Do(again)
		if err != nil {
			t.Error(err)
		} else {
			resp.Body.Close()
		}
		panic(http.ErrAbortHandler) // which breaks the connection
	})
	s, err := store.Open(t.TempDir(), store.Options{Files: f})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	place, err := s.Plan(fetch.Item{Source: "a.png"})
	if err != nil {
		t.Fatal(err)
	}
	outputs, err := place.Put(oneOutput("ours"))
	if err != nil || len(outputs) != 1 || lost.Load() == 0 {
		t.Fatalf("%+v, %v, after %d requests to write", outputs, err, lost.Load())
	}
	if c, err := f.Digest(t.Context(), outputs[0].Path); err != nil || c != contentOf("ours") {
		t.Errorf("%+v, %v", c, err)
	}
}

// answer is what a server says of a trouble.
func answer(status int, code string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>imgpipetestkey is no key</Message></Error>`,
			code)
		return true
	}
}

// TestTroubleHasItsClassAndShowsNoKeys asks for each kind of answer, of outputs and of inputs.
func TestTroubleHasItsClassAndShowsNoKeys(t *testing.T) {
	withKeys(t)
	fake := newFake(t, 0)
	f := bucketAt(t, fake.URL, "out").Files()
	source := NewSource(SourceOptions{Named: []Address{f.addr}})
	client := fetch.New(fetch.Options{Retries: -1, Sources: map[string]fetch.Source{Scheme: source}})
	defer client.Close()
	for _, c := range []struct {
		status      int
		code        string
		write, read string
		fatal       bool
	}{
		{403, "AccessDenied", pipeline.ClassNotWritable, fetch.ClassDenied, true},
		{403, "InvalidAccessKeyId", pipeline.ClassNotWritable, fetch.ClassDenied, true},
		{403, "RequestTimeTooSkewed", fetch.ClassClock, fetch.ClassClock, true},
		{404, "NoSuchBucket", pipeline.ClassFolderGone, fetch.ClassNotFound, true},
		{507, "XMinioStorageFull", pipeline.ClassDiskFull, "http-507", true},
		{400, "InvalidArgument", pipeline.ClassWrite, "http-400", false},
		{500, "InternalError", pipeline.ClassWrite, "http-500", true},
		{503, "SlowDown", pipeline.ClassWrite, "http-503", true},
	} {
		fake.setMeddle(answer(c.status, c.code))
		err := put(t, f, "a.jpg", "ours", store.File{})
		var e *Error
		if !errors.As(err, &e) || e.Class() != c.write || e.Fatal() != c.fatal {
			t.Errorf("%s, of an output: %v; want class %s", c.code, err, c.write)
		}
		item := fetch.Item{Source: at(t, fake.URL, "in/a.jpg").String(), Scheme: Scheme}
		_, readErr := client.Fetch(t.Context(), item, nil)
		if pipeline.ClassOf(readErr) != c.read {
			t.Errorf("%s, of an input: %v; want class %s", c.code, readErr, c.read)
		}
		for _, err := range []error{err, readErr} {
			if err == nil || strings.Contains(err.Error(), "imgpipetest") || !strings.Contains(err.Error(), c.code) {
				t.Errorf("%s: it says %v", c.code, err)
			}
		}
	}
	fake.Close()
	var e *Error
	err := put(t, f, "a.jpg", "ours", store.File{})
	if !errors.As(err, &e) || e.Class() != fetch.ClassNetwork || !e.Fatal() {
		t.Errorf("of a server that is gone: %v", err)
	}
}

// TestNothingIsWaitedForWithoutEnd has a server that takes a request and never answers.
func TestNothingIsWaitedForWithoutEnd(t *testing.T) {
	withKeys(t)
	fake := newFake(t, 0)
	release := make(chan struct{})
	defer close(release)
	fake.setMeddle(func(http.ResponseWriter, *http.Request) bool {
		<-release
		return true
	})
	b, err := Open(at(t, fake.URL, "out"), Options{Tries: 1, Timeout: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Files().Stat(t.Context(), "a.jpg")
	if pipeline.ClassOf(err) != fetch.ClassTimeout || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it ends with %v", err)
	}
}

// TestWhatIsSignedGoesToNoOtherServer has a server send on to another one.
func TestWhatIsSignedGoesToNoOtherServer(t *testing.T) {
	withKeys(t)
	t.Setenv("AWS_SESSION_TOKEN", "imgpipetesttoken")
	other := newFake(t, 0)
	other.setMeddle(func(w http.ResponseWriter, r *http.Request) bool {
		t.Errorf("the other server was asked: %s", r.Header)
		return false
	})
	fake := newFake(t, 0)
	fake.setMeddle(func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, other.URL+r.URL.String(), http.StatusTemporaryRedirect)
		return true
	})
	if _, err := bucketAt(t, fake.URL, "out").Files().Stat(t.Context(), "a.jpg"); err == nil {
		t.Error("it was answered")
	}
}

// TestManyGlancesCostFewRequests asks for more names than are asked for one by one.
func TestManyGlancesCostFewRequests(t *testing.T) {
	withKeys(t)
	fake := newFake(t, 0)
	f := bucketAt(t, fake.URL, "out").Files()
	const there, asked = 200, 3 * glancesAlone
	fake.numbered(t, "out/%d.jpg", there)
	fake.asked("HEAD")
	for i := range asked {
		file, err := f.Glance(t.Context(), fmt.Sprintf("%d.jpg", i))
		if is := err == nil && file.Size == int64(len("picture")); is != (i < there) {
			t.Fatalf("%d: %+v, %v", i, file, err)
		}
	}
	for i := range there { // now as the listing has it
		if file, err := f.Glance(t.Context(), fmt.Sprintf("%d.jpg", i)); err != nil || file.Kind != store.Regular {
			t.Fatalf("%d: %+v, %v", i, file, err)
		}
	}
	if heads, lists := fake.asked("HEAD"), fake.asked("LIST"); heads > glancesAlone || lists != 1 {
		t.Errorf("%d HEADs and %d listings for %d names", heads, lists, asked)
	}
}

// TestGlancesDoNotWaitForEachOther: while one name is asked for, others are.
func TestGlancesDoNotWaitForEachOther(t *testing.T) {
	withKeys(t)
	fake := newFake(t, 0)
	f := bucketAt(t, fake.URL, "out").Files()
	const lanes = 8
	var asked atomic.Int32
	all := make(chan struct{})
	fake.setMeddle(func(http.ResponseWriter, *http.Request) bool {
		if asked.Add(1) == lanes {
			close(all)
		}
		select {
		case <-all:
		case <-time.After(5 * time.Second): // long before the client's time is over
			t.Error("a request waits for another one")
		}
		return false
	})
	var running sync.WaitGroup
	for i := range lanes {
		running.Go(func() { _, _ = f.Glance(t.Context(), fmt.Sprintf("%d.jpg", i)) })
	}
	running.Wait()
}

// TestListingThatFailedIsNotTriedForEachName: the names are asked for one by one.
func TestListingThatFailedIsNotTriedForEachName(t *testing.T) {
	withKeys(t)
	fake := newFake(t, 0)
	f := bucketAt(t, fake.URL, "out").Files()
	fake.numbered(t, "out/%d.jpg", 10)
	fake.setMeddle(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("list-type") == "" {
			return false
		}
		w.WriteHeader(http.StatusForbidden)
		return true
	})
	f.glances.alone = glancesAlone
	fake.asked("LIST")
	for i := range 10 {
		if file, err := f.Glance(t.Context(), fmt.Sprintf("%d.jpg", i)); err != nil || file.Kind != store.Regular {
			t.Errorf("%d: %+v, %v", i, file, err)
		}
	}
	if n := fake.asked("LIST"); n != 1 {
		t.Errorf("%d listings, want 1", n)
	}
}
