package pipeline_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"sync"
	"testing"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
)

// A shelving is a store whose places are numbers.
type shelving struct {
	mu   sync.Mutex
	back int // places that were made again
}

type shelved struct {
	plainPlace
	number int
}

func (s *shelving) Plan(item fetch.Item) (pipeline.Place, error) {
	return shelved{number: 3 * item.Index}, nil
}

func (s *shelving) Shelve(dst []byte, p pipeline.Place) ([]byte, bool) {
	return fmt.Append(dst, p.(shelved).number), true
}

func (s *shelving) Unshelve(item fetch.Item, b []byte) (pipeline.Place, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.back++
	p := shelved{}
	if _, err := fmt.Sscan(string(b), &p.number); err != nil || p.number != 3*item.Index {
		return nil, errors.New("another place")
	}
	return p, nil
}

// TestItemsThatWaitForAHostComeBackAsTheyWere has more items of one host than are held in memory.
func TestItemsThatWaitForAHostComeBackAsTheyWere(t *testing.T) {
	listed := make(chan struct{}) // closed when the input was read to its end: until then nothing is answered
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-listed
		_, _ = w.Write(tiny())
	}))
	defer server.Close()
	client := fetch.New(fetch.Options{})
	defer client.Close()
	const n = 6000
	item := func(i int) fetch.Item {
		item := fetch.Item{
			Index: i, Scheme: "http", Source: fmt.Sprintf("%s/ü %d\xff", server.URL, i), Dir: fmt.Sprint("a/b", i%3),
		}
		if i%2 == 1 { // as of an object, whose source knows it
			item.Size, item.Version = int64(i), fmt.Sprintf("\"%x\"", i)
			item.ModTime = time.Date(2026, 11, 1+i%20, 12, 0, 0, i, time.UTC)
		}
		return item
	}
	input := func(yield func(fetch.Item) bool) {
		defer close(listed)
		for i := range n {
			if !yield(item(i)) {
				return
			}
		}
	}
	s, w := &shelving{}, &world{width: 2}
	seen := make([]bool, n)
	o := pipeline.Options{Fetcher: client, Executor: w, Store: s}
	totals, err := pipeline.Run(t.Context(), input, o, func(o pipeline.Outcome) {
		if i := o.Item.Index; seen[i] || !reflect.DeepEqual(o.Item, item(i)) || o.Place != (shelved{number: 3 * i}) {
			t.Errorf("item %d ended as %+v at %+v", i, o.Item, o.Place)
		}
		seen[o.Item.Index] = true
	})
	if err != nil || totals.Done != n || s.back == 0 {
		t.Errorf("%+v, %v; %d places came back", totals, err, s.back)
	}
}
