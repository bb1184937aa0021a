package main

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"golang.org/x/sync/errgroup"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// A nullExecutor takes so many tasks at once, and does nothing with them.
type nullExecutor int

func (nullExecutor) Do(context.Context, transform.Task) (transform.Result, pipeline.Cost, error) {
	return transform.Result{}, pipeline.Cost{Attempts: 1}, nil
}

func (n nullExecutor) Width() int { return int(n) }
func (nullExecutor) Close() error { return nil }

// A nullStore keeps nothing. It is for runs of one stage alone.
type nullStore struct{}

func (nullStore) Plan(fetch.Item) (pipeline.Place, error) { return nullPlace{}, nil }

type nullPlace struct{}

func (nullPlace) Skip() pipeline.Skip { return pipeline.Skip{} }

func (nullPlace) Put(r transform.Result) ([]pipeline.Output, error) {
	outputs := []pipeline.Output{{Path: "/dev/null"}}
	for i, o := range r.Outputs {
		if i > 0 {
			outputs = append(outputs, pipeline.Output{Path: "/dev/null"})
		}
		out := &outputs[i]
		out.Format, out.Width, out.Height, out.Bytes = o.Format, o.Width, o.Height, int64(len(o.Data))
	}
	return outputs, nil
}

// Shelve and Unshelve keep nothing, as there is nothing.
func (nullStore) Shelve(dst []byte, _ pipeline.Place) ([]byte, bool)  { return dst, true }
func (nullStore) Unshelve(fetch.Item, []byte) (pipeline.Place, error) { return nullPlace{}, nil }

// A prefetched is a Fetcher that has the files of all items already, by their index.
type prefetched [][]byte

func (p prefetched) Fetch(ctx context.Context, item fetch.Item, room fetch.Room) (fetch.Body, error) {
	data := p[item.Index]
	if err := room.Take(ctx, int64(len(data))); err != nil {
		return fetch.Body{}, err
	}
	return fetch.Body{Data: data, Attempts: 1}, nil
}

// fetchedBefore fetches all items, n at once, before the clock runs. It returns the items, and a Fetcher for them.
func fetchedBefore(
	ctx context.Context, items iter.Seq[fetch.Item], c *fetch.Client, n int,
) (iter.Seq[fetch.Item], prefetched, error) {
	all := slices.Collect(items)
	data := make(prefetched, len(all))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(n)
	for i, item := range all {
		g.Go(func() error {
			body, err := c.Fetch(ctx, item, nil)
			if err != nil {
				return fmt.Errorf("--stage transform wants all inputs before it begins: %w", err)
			}
			data[i] = body.Data
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	return slices.Values(all), data, nil
}
