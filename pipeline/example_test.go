package pipeline_test

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/samples"
	"imgpipe/transform"
)

// A shelf is a Store that keeps outputs in memory.
type shelf struct {
	mu    sync.Mutex
	files map[string][]byte
}

func (s *shelf) Plan(item fetch.Item) (pipeline.Place, error) {
	return spot{s, fmt.Sprintf("picture-%d", item.Index)}, nil
}

type spot struct {
	shelf *shelf
	name  string
}

func (p spot) Skip() pipeline.Skip { return pipeline.Skip{} }

func (p spot) Put(r transform.Result) (kept []pipeline.Output, err error) {
	p.shelf.mu.Lock()
	defer p.shelf.mu.Unlock()
	for _, o := range r.Outputs {
		name := p.name + "." + o.Format.Ext()
		p.shelf.files[name] = o.Data
		kept = append(kept, pipeline.Output{Path: name, Format: o.Format, Width: o.Width, Height: o.Height,
			Bytes: int64(len(o.Data))})
	}
	return kept, nil
}

// Pictures come from a server, are made small in goroutines, and are kept in memory; one of them does not exist.
func ExampleRun() {
	var server samples.Server
	url, err := server.Start("")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	items := []fetch.Item{
		{Index: 0, Scheme: "http", Source: url + "/photos/dunes.jpg"},
		{Index: 1, Scheme: "http", Source: url + "/photos/nowhere.jpg"},
		{Index: 2, Scheme: "http", Source: url + "/awkward/cmyk.jpg"},
	}
	spec, err := transform.ParseSpec("size=160;format=png")
	if err != nil {
		fmt.Println(err)
		return
	}
	client := fetch.New(fetch.Options{})
	defer client.Close()
	executor := pipeline.Goroutines(2)
	defer executor.Close()

	var lines []string
	totals, err := pipeline.Run(context.Background(), slices.Values(items), pipeline.Options{
		Fetcher:  client,
		Executor: executor,
		Store:    &shelf{files: map[string][]byte{}},
		Spec:     spec,
	}, func(o pipeline.Outcome) {
		line := fmt.Sprintf("%d %s %s", o.Item.Index, o.Status, o.Class)
		for _, out := range o.Outputs {
			line += fmt.Sprintf("%s %dx%d", out.Path, out.Width, out.Height)
		}
		lines = append(lines, line)
	})
	slices.Sort(lines) // they end in any order
	for _, line := range lines {
		fmt.Println(line)
	}
	fmt.Println(totals.Done, "done,", totals.Failed, "failed, error", err)
	// Output:
	// 0 done picture-0.png 160x107
	// 1 failed http-404
	// 2 done picture-2.png 160x100
	// 2 done, 1 failed, error <nil>
}
