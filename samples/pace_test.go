package samples

import (
	"fmt"
	"io"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestPaceByTheClock runs in a bubble with its own clock, where waiting takes no time.
func TestPaceByTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{Behavior: Behavior{Latency: 50 * time.Millisecond}}
		defer s.Close()
		took := func(url string) (time.Duration, *httptest.ResponseRecorder) {
			start, w := time.Now(), httptest.NewRecorder()
			s.ServeHTTP(w, httptest.NewRequest("GET", url, nil))
			return time.Since(start), w
		}
		size := func(w *httptest.ResponseRecorder) float64 { return float64(w.Body.Len()) }
		if d, _ := took("/photos/city.jpg"); d != 50*time.Millisecond {
			t.Errorf("latency: took %v, want 50ms", d)
		}
		if d, _ := took("/photos/city.jpg?latency=2s"); d != 2*time.Second {
			t.Errorf("latency of the query: took %v, want 2s", d)
		}
		d, w := took("/photos/city.jpg?latency=0s&bandwidth=100KB")
		if want := size(w) / 100e3; d.Seconds() < want*0.999 || d.Seconds() > want*1.001 {
			t.Errorf("bandwidth: %v bytes took %v, want %.3fs", size(w), d, want)
		}
		d, w = took("/small/0001.jpg?slow")
		if want := size(w) / 10; d.Seconds() < want*0.999 || d.Seconds() > want+1 {
			t.Errorf("slow: %v bytes took %v, want %.0fs", size(w), d, want)
		}
	})
}

func TestRateRefusesWhatIsTooMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{Rate: 5}
		defer s.Close()
		ask := func(n int) (ok int, after string) {
			for range n {
				w := httptest.NewRecorder()
				s.ServeHTTP(w, httptest.NewRequest("GET", "/small/0001.jpg", nil))
				if w.Code == 200 {
					ok++
				} else if w.Code != 429 {
					t.Errorf("status %d", w.Code)
				} else {
					after = w.Header().Get("Retry-After")
				}
			}
			return ok, after
		}
		if ok, after := ask(20); ok != 5 || after != "1" {
			t.Errorf("at first %d are let through and the rest told %q, want 5 and 1", ok, after)
		}
		time.Sleep(400 * time.Millisecond)
		if ok, _ := ask(20); ok != 2 {
			t.Errorf("after 400ms %d are let through, want 2", ok)
		}
		if c := s.Counts(); c.Limited != 33 || c.Requests != 40 {
			t.Errorf("%+v, want 33 limited of 40", c)
		}
	})
}

// BenchmarkServe asks for pictures over 64 connections at once.
func BenchmarkServe(b *testing.B) {
	for _, c := range []struct{ name, path string }{
		{"of=small", "/small/%04d.jpg"},
		{"of=photos", "/photos/%04d.jpg"},
		{"of=photos/latency=50ms", "/photos/%04d.jpg?latency=50ms"},
	} {
		b.Run(c.name, func(b *testing.B) {
			const images, connections = 200, 64
			s := &Server{}
			url, client := started(b, s)
			b.ReportAllocs()
			for b.Loop() {
				next := make(chan int)
				var wg sync.WaitGroup
				for range connections {
					wg.Go(func() {
						for i := range next {
							r, err := client.Get(url + fmt.Sprintf(c.path, i+1))
							if err != nil {
								b.Error(err)
								continue
							}
							n, err := io.Copy(io.Discard, r.Body)
							if err != nil || n != r.ContentLength {
								b.Errorf("%d bytes of %d, %v", n, r.ContentLength, err)
							}
							r.Body.Close()
						}
					})
				}
				for i := range images {
					next <- i
				}
				close(next)
				wg.Wait()
			}
			b.ReportMetric(float64(images*b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
