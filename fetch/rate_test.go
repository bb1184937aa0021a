package fetch

import (
	"net/http"
	"sync"
	"testing"
	"time"
)

// TestRequestsToOneHostKeepTheirDistance has two hosts, one of which sends on to itself: at neither do two requests
// begin closer together than the rate says, neither waits for the other, and no time is lost.
func TestRequestsToOneHostKeepTheirDistance(t *testing.T) {
	for _, rate := range []float64{0.5, 2, 30, 0} {
		var mu sync.Mutex
		starts := map[string][]time.Time{}
		note := func(host string) {
			mu.Lock()
			defer mu.Unlock()
			starts[host] = append(starts[host], time.Now())
		}
		bubble(t, map[string]http.HandlerFunc{
			"one": func(w http.ResponseWriter, _ *http.Request) {
				note("one")
				_, _ = w.Write(picture)
			},
			"two": func(w http.ResponseWriter, r *http.Request) {
				note("two")
				if r.URL.RawQuery == "" {
					http.Redirect(w, r, r.URL.Path+"?again", http.StatusFound)
					return
				}
				_, _ = w.Write(picture)
			},
		}, Options{Rate: rate}, func(t *testing.T, client *Client) {
			const items = 9
			began := time.Now()
			classes := spreadAll(t, client, append(urls("one", items), urls("two", items)...)...)
			took := time.Since(began)
			if classes[""] != 2*items || len(starts["one"]) != items || len(starts["two"]) != 2*items {
				t.Errorf("rate %v: %v, and requests %d and %d", rate, classes, len(starts["one"]), len(starts["two"]))
			}
			gap := time.Duration(0)
			if rate > 0 {
				gap = time.Duration(float64(time.Second) / rate)
			}
			for host, at := range starts {
				for i := range at[1:] {
					if at[i+1].Sub(at[i]) < gap {
						t.Errorf("rate %v: two requests to %s are %v apart, want %v",
							rate, host, at[i+1].Sub(at[i]), gap)
					}
				}
			}
			if most := (2*items - 1) * gap; took > most+most/100 {
				t.Errorf("rate %v: it took %v, want %v", rate, took, most)
			}
		})
	}
}
