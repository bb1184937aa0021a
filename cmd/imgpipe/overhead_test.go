package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"
	"time"

	"imgpipe/cmd/imgpipe/internal/usage"
	"imgpipe/fetch"
	"imgpipe/pipeline"
	exec "imgpipe/pipeline/executor" // the command has an executor of its own
	"imgpipe/pipeline/store"
	"imgpipe/transform"
)

// BenchmarkOverhead does for a small image all that a run does, except the transform: it finds the file, names it,
// reads it, hands it from stage to stage, and writes an output of the same bytes and its line in the ledger. It reports
// the CPU time for an image, the system's included. If the temporary folder is on a disk, most of that is to make and
// rename a file; with TMPDIR=/dev/shm it is in memory.
func BenchmarkOverhead(b *testing.B) {
	const folders, files = 10, 200
	var picture bytes.Buffer
	if err := jpeg.Encode(&picture, image.NewGray(image.Rect(0, 0, 16, 16)), nil); err != nil {
		b.Fatal(err)
	}
	input := b.TempDir()
	for i := range folders {
		dir := filepath.Join(input, fmt.Sprintf("folder%d", i))
		if err := os.Mkdir(dir, 0o755); err != nil {
			b.Fatal(err)
		}
		for j := range files {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("image%d.jpg", j)), picture.Bytes(),
				0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
	result := transform.Result{
		Source:  transform.Header{Format: transform.JPEG, Width: 16, Height: 16, Orientation: 1},
		Outputs: []transform.Output{{Format: transform.JPEG, Width: 16, Height: 16, Data: picture.Bytes()}},
		Decode:  time.Microsecond, Operate: time.Microsecond, Encode: time.Microsecond,
	}
	var spent time.Duration
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		st, err := store.Open(b.TempDir(), store.Options{})
		if err != nil {
			b.Fatal(err)
		}
		executor := pipeline.Goroutines(2).Through(func(exec.Func) exec.Func {
			return func(context.Context, transform.Task) (transform.Result, error) { return result, nil }
		})
		client := fetch.New(fetch.Options{})
		in := newIntake(b.Context(), fetch.Inputs{Args: []string{input}}, st.Heads())
		before := usage.Spent()
		b.StartTimer()
		totals, err := pipeline.Run(b.Context(), in.items(),
			pipeline.Options{Fetcher: client, Executor: executor, Store: st}, nil)
		b.StopTimer()
		spent += usage.Spent().Sub(before).Total()
		if err != nil || totals.Done != folders*files {
			b.Fatalf("%+v: %v", totals, err)
		}
		client.Close()
		if err := executor.Close(); err != nil {
			b.Error(err)
		}
		if err := st.Close(); err != nil {
			b.Error(err)
		}
		b.StartTimer()
	}
	images := float64(b.N * folders * files)
	b.ReportMetric(float64(spent.Microseconds())/images, "cpu-µs/image")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/images, "µs/image")
	b.ReportMetric(0, "ns/op")
}
