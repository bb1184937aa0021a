package store_test

import (
	"context"
	"errors"
	"fmt"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/procs"
	"imgpipe/pipeline/store"
	"imgpipe/transform"
)

// makeSmall has the pictures of a folder made small. It may be called again, also after it was killed: it does what is
// not done yet. What killed it is tried in a process of its own.
func makeSmall(photos, small string, executor pipeline.Executor) (totals pipeline.Totals, err error) {
	spec := transform.Spec{
		Sizes: []transform.Resize{{Width: 160, Height: 160}}, Formats: []transform.Format{transform.PNG},
	}
	st, err := store.Open(small, store.Options{Spec: spec, Name: "{stem}.{ext}"})
	if err != nil {
		return totals, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	client := fetch.New(fetch.Options{})
	defer client.Close()
	apart := procs.NewApart(procs.Options{Workers: 1}) // it starts a process only if there is a suspect
	defer apart.Close()
	inputs := fetch.Inputs{Args: []string{photos}, Extensions: transform.Extensions(), Heads: st.Heads()}
	var inputErr error
	items := func(yield func(fetch.Item) bool) {
		for item, err := range inputs.Items(context.Background()) {
			if inputErr = err; err != nil || !yield(item) {
				return
			}
		}
	}
	totals, err = pipeline.Run(context.Background(), items, pipeline.Options{
		Fetcher: client, Executor: executor, Apart: apart, Store: st, Spec: st.Spec(),
	}, nil)
	if err = errors.Join(err, inputErr); err == nil {
		st.Acquit() // all had their turn
	}
	return totals, err
}

// A program makes pictures small, is killed by one of them, and is started again until all is done. Its main begins as
// procs.IsWorker says.
func Example() {
	photos, small, clean := threePictures()
	defer clean()
	fmt.Println("first:", startedAndKilled(photos, small))
	for _, run := range []string{"second", "third"} {
		executor := pipeline.Goroutines(2)
		totals, err := makeSmall(photos, small, executor)
		fmt.Printf("%s: %d done, %d skipped, %d failed, error %v\n",
			run, totals.Done, totals.Skipped, totals.Failed, errors.Join(err, executor.Close()))
	}
	for _, line := range ledger(small) {
		fmt.Println(line)
	}
	// Output:
	// first: killed
	// second: 2 done, 0 skipped, 1 failed, error <nil>
	// third: 0 done, 3 skipped, 0 failed, error <nil>
	// dunes.jpg: done, dunes.png 160x107
	// evil.jpg: failed, poison
	// more.jpg: done, more.png 160x107
}
