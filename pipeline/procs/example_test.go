package procs_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"imgpipe/pipeline/procs"
	"imgpipe/transform"
)

// A program that uses New begins its main by asking whether it was started as a worker.
func ExampleIsWorker() {
	if procs.IsWorker() {
		os.Exit(procs.Main())
	}
	fmt.Println("the program itself")
	// Output: the program itself
}

// A pool returns what transform.Do does, here the error of a file that is no image.
func ExamplePool() {
	pool, err := procs.New(procs.Options{Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	defer pool.Tune()() // all CPU work of this program is the pool's
	_, cost, err := pool.Do(context.Background(), transform.Task{Data: []byte("<html>")})
	var failure *transform.Error
	fmt.Println(errors.As(err, &failure), failure.Class())
	fmt.Println(cost.Attempts, "attempt,", cost.Copied, "bytes copied")
	// Output:
	// true not-an-image
	// 1 attempt, 6 bytes copied
}
