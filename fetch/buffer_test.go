package fetch

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// few is Buffers with room for one file, and counts what comes back.
type few struct {
	room     []byte
	out      bool
	released int
}

func (f *few) Get(n int) []byte {
	if f.out || n > len(f.room) {
		return nil
	}
	f.out = true
	return f.room[:n]
}

func (f *few) Put(b []byte) bool {
	if &b[:1][0] != &f.room[0] {
		return false
	}
	f.out = false
	f.released++
	return true
}

func TestFilesAreReadIntoTheBuffersThatAreGiven(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.bin")
	if err := os.WriteFile(path, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	into := &few{room: make([]byte, 100)}
	c := New(Options{Buffers: into, Retries: -1})
	defer c.Close()
	get := func(path string) Body {
		t.Helper()
		body, err := c.Fetch(t.Context(), Item{Source: path}, nil)
		if err != nil || string(body.Data) != "content" {
			t.Fatalf("%q, %v", body.Data, err)
		}
		return body
	}
	first := get(path)
	if &first.Data[0] != &into.room[0] {
		t.Error("the file was read into other memory than that which was given")
	}
	second := get(path) // while the first has all the room
	if &second.Data[0] == &into.room[0] {
		t.Error("two files were read into the same memory")
	}
	second.Release()
	first.Release()
	first.Release()
	if into.out || into.released != 1 {
		t.Errorf("the memory came back %d times, want once", into.released)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/short" {
			w.Header().Set("Content-Length", "50000")
		}
		w.Write(make([]byte, 2*windowSize))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer server.Close()
	for _, name := range []string{"/short", "/of-unknown-length"} {
		into.room = make([]byte, 64<<10)
		before := into.released
		_, err := c.Fetch(t.Context(), Item{Source: server.URL + name, Scheme: "http"}, nil)
		if err == nil || into.out || into.released == before {
			t.Errorf("%s: error %v, memory kept: %t, used: %t", name, err, into.out, into.released > before)
		}
	}
	if again := get(path); !slices.Equal(again.Data, []byte("content")) || !into.out {
		t.Error("the memory is not used again")
	}
}
