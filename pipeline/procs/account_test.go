package procs_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"iter"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/executor"
	"imgpipe/pipeline/procs"
	"imgpipe/samples"
	"imgpipe/transform"
)

// TestTheAccountOfEachKindOfRunAddsUp makes runs of real pictures in all modes, and logs where the time of their
// workers went. It asks only for what no busy machine can change.
func TestTheAccountOfEachKindOfRunAddsUp(t *testing.T) {
	web := webImages(t)
	giant := append(web[:12:12], picture(12000, 9000))
	var photos [][]byte
	for _, f := range samples.Embedded() {
		photos = append(photos, f.Data)
	}
	server := httptest.NewServer(&samples.Server{Behavior: samples.Behavior{Latency: 20 * time.Millisecond}})
	defer server.Close()
	urls := func(n int) []fetch.Item {
		var items []fetch.Item
		for i := range n {
			source := fmt.Sprintf("%s/small/%04d.jpg", server.URL, i+1)
			items = append(items, fetch.Item{Index: i, Scheme: "http", Source: source})
		}
		return items
	}
	paths := files(t, web)
	for _, tt := range []struct {
		name    string
		mode    string
		workers int
		items   []fetch.Item
		perHost int
		o       pipeline.Options
	}{
		{name: "goroutines, files", mode: "goroutines", workers: 2, items: paths},
		{name: "processes, files", mode: "processes", workers: 2, items: paths},
		{name: "serial, files", mode: "serial", workers: 1, items: paths, o: pipeline.Options{Sequential: true}},
		{name: "gil, files", mode: "gil", workers: 2, items: paths},
		{name: "goroutines, URLs", mode: "goroutines", workers: 2, items: urls(200), perHost: 64},
		{name: "processes, URLs", mode: "processes", workers: 2, items: urls(200), perHost: 64},
		{name: "serial, URLs", mode: "serial", workers: 1, items: urls(40), o: pipeline.Options{Sequential: true}},
		{name: "gil, URLs", mode: "gil", workers: 2, items: urls(200), perHost: 64},
		{name: "eight goroutines", mode: "goroutines", workers: 8, items: paths},
		{name: "eight processes", mode: "processes", workers: 8, items: paths},
		{name: "eight tiny files", mode: "processes", workers: 2, items: files(t, web[:8])},
		{name: "a giant", mode: "goroutines", workers: 2, items: files(t, giant)},
		{name: "per host", mode: "goroutines", workers: 2, items: urls(80), perHost: 1},
		{name: "two downloads", mode: "goroutines", workers: 2, items: urls(80), perHost: 64,
			o: pipeline.Options{Downloads: 2}},
		{name: "memory", mode: "goroutines", workers: 4, items: files(t, photos),
			o: pipeline.Options{Memory: 24 << 20}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := tt.o
			var close func() error
			switch tt.mode {
			case "processes":
				pool, err := procs.New(procs.Options{Workers: tt.workers, Ahead: true, Prestart: true, Measured: true})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := pool.Isolation(t.Context()); err != nil {
					t.Fatal(err)
				}
				defer pool.Tune()()
				o.Executor, close = pool, pool.Close
			default:
				local := map[string]func(int) *pipeline.Local{
					"goroutines": pipeline.Goroutines, "gil": pipeline.GIL, "serial": pipeline.Goroutines,
				}[tt.mode](tt.workers)
				o.Executor, close = measured{local.Through(measuring)}, local.Close
			}
			client := fetch.New(fetch.Options{PerHost: tt.perHost})
			defer client.Close()
			o.Fetcher, o.Store = client, nowhere{}
			var err error
			if o.Spec, err = transform.ParseSpec("size=224x224"); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			totals, err := pipeline.Run(t.Context(), all(tt.items), o, nil)
			wall := time.Since(began)
			if err := close(); err != nil {
				t.Error(err)
			}
			if err != nil || totals.Done != len(tt.items) {
				t.Fatalf("%+v, %v", totals, err)
			}
			a := totals.Flow.Account
			addsUp(t, a)
			if rest, most := a.Spent[pipeline.EntryRest], time.Duration(a.Lanes)*a.Wall/50; rest >= most {
				t.Errorf("nothing explains %v: expected less than %v\n%s", rest, most, table(a))
			}
			if a.Wall > wall || wall-a.Wall > wall/100+time.Millisecond {
				t.Errorf("it accounts for %v of %v", a.Wall, wall)
			}
			t.Logf("%d lanes, %v, last %s alone for %v, %d at once, %d held back\n%s", a.Lanes, a.Wall,
				filepath.Base(totals.Flow.Last.Source), totals.Flow.Tail, totals.Flow.AtOnce, totals.Flow.HeldBack,
				table(a))
		})
	}
}

// addsUp holds the law of accounts: all entries at the top are lanes × wall, no entry is negative, and no whole is
// less than its parts.
func addsUp(t *testing.T, a pipeline.Account) {
	t.Helper()
	top, parts := time.Duration(0), map[pipeline.Entry]time.Duration{}
	for _, row := range pipeline.Entries() {
		d := a.Spent[row.Entry]
		if d < 0 {
			t.Errorf("%s is %v", row.Entry, d)
		}
		if row.Of == "" {
			top += d
		} else {
			parts[row.Of] += d
		}
	}
	if want := time.Duration(a.Lanes) * a.Wall; top != want {
		t.Errorf("the entries add up to %v of %v", top, want)
	}
	for whole, sum := range parts {
		if sum > a.Spent[whole] {
			t.Errorf("the parts of %s add up to %v of %v", whole, sum, a.Spent[whole])
		}
	}
}

func table(a pipeline.Account) string {
	var b strings.Builder
	for _, row := range pipeline.Entries() {
		if d := a.Spent[row.Entry]; d > 0 {
			fmt.Fprintf(&b, "\t%-28s%8.2f %%\n", strings.Repeat("  ", min(len(row.Of), 1))+string(row.Entry),
				100*float64(d)/float64(a.Lanes)/float64(a.Wall))
		}
	}
	return b.String()
}

// measured has a Local fill in Cost.Work.
type measured struct{ *pipeline.Local }

type workKey struct{}

func measuring(next executor.Func) executor.Func {
	return func(ctx context.Context, task transform.Task) (result transform.Result, err error) {
		*ctx.Value(workKey{}).(*executor.Work) = executor.Measure(func() { result, err = next(ctx, task) })
		return result, err
	}
}

func (m measured) Do(ctx context.Context, task transform.Task) (transform.Result, pipeline.Cost, error) {
	var work executor.Work
	result, cost, err := m.Local.Do(context.WithValue(ctx, workKey{}, &work), task)
	cost.Work = work
	return result, cost, err
}

// nowhere is a Store that keeps nothing.
type nowhere struct{}

func (nowhere) Plan(fetch.Item) (pipeline.Place, error) { return nowhere{}, nil }
func (nowhere) Skip() pipeline.Skip                     { return pipeline.Skip{} }
func (nowhere) Put(transform.Result) ([]pipeline.Output, error) {
	return []pipeline.Output{{Path: "nowhere"}}, nil
}

func all(items []fetch.Item) iter.Seq[fetch.Item] {
	return func(yield func(fetch.Item) bool) {
		for _, item := range items {
			if !yield(item) {
				return
			}
		}
	}
}

// files writes pictures into a folder.
func files(t *testing.T, pictures [][]byte) (items []fetch.Item) {
	t.Helper()
	dir := t.TempDir()
	for i, data := range pictures {
		path := filepath.Join(dir, fmt.Sprintf("%03d.jpg", i))
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		items = append(items, fetch.Item{Index: i, Source: path, Size: int64(len(data))})
	}
	return items
}

// webImages are pictures as they are on the web, or some that are drawn where the shared ones are not beside the
// module.
func webImages(t *testing.T) (all [][]byte) {
	t.Helper()
	paths, _ := filepath.Glob(filepath.Join("..", "..", "..", "shared", "corpus", "web", "*.jpg"))
	for _, path := range paths[:min(len(paths), 80)] {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data)
	}
	for i := len(all); i < 60; i++ {
		all = append(all, picture(400, 300))
	}
	return all
}

// picture draws a JPEG.
func picture(width, height int) []byte {
	m := image.NewGray(image.Rect(0, 0, width, height))
	for i := range m.Pix {
		m.Pix[i] = byte(i/width) + byte(rand.N(32))
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}
