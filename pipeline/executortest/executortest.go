// Package executortest is the suite of tests that every [pipeline.Executor] must pass: it returns what transform.Do
// does, wherever that runs. Start here: [Run] is all there is.
//
// It knows nothing of what it tests but the interface, and starts nothing that it does not wait for.
package executortest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"imgpipe/pipeline"
	"imgpipe/transform"
)

// Run tests the executors that create returns: a new one for each test, which the test closes. Each test also fails if
// a goroutine outlives its executor.
func Run(t *testing.T, create func(*testing.T) pipeline.Executor) {
	tasks := newTasks(t)
	for _, tt := range []struct {
		name string
		test func(*testing.T, pipeline.Executor, []task)
	}{
		{"ResultsAreThoseOfDo", resultsAreThoseOfDo},
		{"ManyCallersGetTheirOwnResults", manyCallers},
		{"LargeImageIsDone", largeImage},
		{"TaskIsLeftAsItWas", taskIsLeftAsItWas},
		{"CancelledTaskEndsAndHarmsNoOther", cancelled},
		{"TaskOverItsDeadlineIsATimeout", deadline},
		{"TaskThatTakesItsTimeIsATimeout", late},
		{"TasksMayEndAtAnyMoment", endedAtAnyMoment},
		{"NothingIsDoneAfterClose", afterClose},
		{"CloseEndsWhatRuns", closeWhileBusy},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			executor := create(t)
			tt.test(t, executor, tasks)
			for range 2 {
				if err := executor.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			}
		})
	}
}

// A task is a named task of the suite, with what transform.Do returns for it.
type task struct {
	name string
	transform.Task
	want    transform.Result
	wantErr error
}

func newTask(name string, t transform.Task) task {
	want, err := transform.Do(context.Background(), t)
	return task{name, t, want, err}
}

// newTasks returns tasks that end in every kind of result: images of several formats and sizes, one output and several,
// files that are damaged, too large or no images.
func newTasks(t *testing.T) []task {
	t.Helper()
	photo, small, tiny := encodeJPEG(t, 160, 120), encodeJPEG(t, 33, 17), encodePNG(t, 1, 1)
	html := []byte("<!DOCTYPE html><title>404</title>")
	made := func(name string, data []byte, spec string, maxPixels int64) task {
		parsed, err := transform.ParseSpec(spec)
		if err == nil && len(parsed.AssetNames()) > 0 {
			parsed, err = parsed.WithAssets(map[string][]byte{"logo.png": encodePNG(t, 16, 16)})
		}
		if err != nil {
			t.Fatalf("spec %q: %v", spec, err)
		}
		return newTask(name, transform.Task{Data: data, Spec: parsed, Limits: transform.Limits{MaxPixels: maxPixels}})
	}
	return []task{
		made("jpeg as it is", photo, "", 0),
		made("jpeg smaller", photo, "size=64", 0),
		made("jpeg in three sizes", photo, "size=80;size=40;size=20", 0),
		made("jpeg through operations", photo, "size=100;grayscale;blur=1.5;format=png", 0),
		made("jpeg with a watermark", photo, "watermark=logo.png", 0),
		named(made("jpeg with its name on it", photo, "text={stem}", 0)),
		made("jpeg of odd size", small, "rotate=90", 0),
		made("png of one pixel", tiny, "", 0),
		made("png to jpeg", encodePNG(t, 90, 60), "format=jpeg;quality=50", 0),
		made("gif", encodeGIF(t, 40, 30), "size=20", 0),
		made("nothing", nil, "", 0),
		made("html", html, "size=64", 0),
		made("too large", photo, "", 1000),
		made("cut short", photo[:len(photo)/2], "size=64", 0),
		refused(made("cut short and refused", photo[:len(photo)/2], "size=64", 0)),
		refused(made("whole, where damaged ones are refused", photo, "size=64", 0)),
		made("header alone", photo[:20], "", 0),
		made("crop outside", small, "crop=10x10,x=900,y=900", 0),
		newTask("more than its grant", transform.Task{Data: photo, Grant: 1}),
		newTask("less than its grant", transform.Task{Data: photo, Grant: 1 << 30}),
		newTask("spec that no text says", transform.Task{Data: small, Spec: transform.Spec{Quality: 900}}),
	}
}

// named returns t with a name for its image.
func named(t task) task {
	t.Name = "a name"
	return newTask(t.name, t.Task)
}

// refused returns t with damaged images refused.
func refused(t task) task {
	t.Limits.RefuseDamaged = true
	return newTask(t.name, t.Task)
}

// same returns how two answers to one task differ, "" if they do not. Times are not compared.
func same(got transform.Result, gotErr error, want transform.Result, wantErr error) string {
	if (gotErr == nil) != (wantErr == nil) {
		return fmt.Sprintf("error %v, want %v", gotErr, wantErr)
	}
	if wantErr != nil {
		if gotErr.Error() != wantErr.Error() || class(gotErr) != class(wantErr) {
			return fmt.Sprintf("error %q of class %q, want %q of class %q", gotErr, class(gotErr), wantErr,
				class(wantErr))
		}
		if isRefused(gotErr) != isRefused(wantErr) {
			return fmt.Sprintf("an error that says refused %t, want %t", isRefused(gotErr), isRefused(wantErr))
		}
		return ""
	}
	if got.Damaged != want.Damaged {
		return fmt.Sprintf("damaged %t, want %t", got.Damaged, want.Damaged)
	}
	if got.Source != want.Source || got.Path != want.Path || fmt.Sprint(got.Warnings) != fmt.Sprint(want.Warnings) {
		return fmt.Sprintf("source %+v, path %q, warnings %q, want %+v, %q, %q",
			got.Source, got.Path, got.Warnings, want.Source, want.Path, want.Warnings)
	}
	if len(got.Outputs) != len(want.Outputs) {
		return fmt.Sprintf("%d outputs, want %d", len(got.Outputs), len(want.Outputs))
	}
	for i, g := range got.Outputs {
		w := want.Outputs[i]
		if !bytes.Equal(g.Data, w.Data) {
			return fmt.Sprintf("output %d: %d bytes that are not the %d wanted", i, len(g.Data), len(w.Data))
		}
		g.Data, w.Data = nil, nil
		if fmt.Sprintf("%+v", g) != fmt.Sprintf("%+v", w) {
			return fmt.Sprintf("output %d: %+v, want %+v", i, g, w)
		}
	}
	return ""
}

func class(err error) string {
	var classed interface{ Class() string }
	if errors.As(err, &classed) {
		return classed.Class()
	}
	return ""
}

// check does one task and compares it with transform.Do.
func check(t *testing.T, e pipeline.Executor, task task) {
	t.Helper()
	got, cost, err := e.Do(context.Background(), task.Task)
	if difference := same(got, err, task.want, task.wantErr); difference != "" {
		t.Errorf("%s: %s", task.name, difference)
	}
	if cost.Worker < 0 || cost.Worker >= e.Width() || cost.Attempts != 1 {
		t.Errorf("%s: worker %d and %d attempts, want 0 to %d and 1", task.name, cost.Worker, cost.Attempts,
			e.Width()-1)
	}
	if cost.Start < 0 || cost.Wait < 0 || cost.Handover < 0 || cost.Copied < 0 {
		t.Errorf("%s: a cost below zero: %+v", task.name, cost)
	}
}

func resultsAreThoseOfDo(t *testing.T, e pipeline.Executor, tasks []task) {
	for _, task := range append(tasks, tasks...) { // twice, so that each is done after each kind of failure
		check(t, e, task)
	}
}

func manyCallers(t *testing.T, e pipeline.Executor, tasks []task) {
	var group sync.WaitGroup
	for range 2*e.Width() + 1 {
		group.Go(func() {
			for _, task := range tasks {
				check(t, e, task)
			}
		})
	}
	group.Wait()
}

func largeImage(t *testing.T, e pipeline.Executor, _ []task) {
	spec, err := transform.ParseSpec("size=16")
	if err != nil {
		t.Fatal(err)
	}
	// What follows the end of a JPEG is ignored, but must be carried.
	photo := encodeJPEG(t, 64, 64)
	for _, size := range []int{4 << 10, 64 << 10, 64<<10 + 1, 1 << 20, 1<<20 + 4095, 33 << 20} {
		data := append(bytes.Clone(photo), bytes.Repeat([]byte{0}, size)...)
		check(t, e, newTask(fmt.Sprintf("%d bytes", len(data)), transform.Task{Data: data, Spec: spec}))
	}
}

func taskIsLeftAsItWas(t *testing.T, e pipeline.Executor, tasks []task) {
	for _, task := range tasks {
		before, text := bytes.Clone(task.Data), task.Spec.String()
		result, _, _ := e.Do(context.Background(), task.Task)
		for _, o := range result.Outputs {
			clear(o.Data) // the caller's own, so that this harms nobody
		}
		if !bytes.Equal(task.Data, before) || task.Spec.String() != text {
			t.Errorf("%s: the task was changed", task.name)
		}
		check(t, e, task)
	}
}

func cancelled(t *testing.T, e pipeline.Executor, tasks []task) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, task := range tasks[:3] {
		if _, _, err := e.Do(ctx, task.Task); !errors.Is(err, context.Canceled) ||
			class(err) == transform.ClassTimeout {
			t.Errorf("%s: error %v of class %q, want context.Canceled", task.name, err, class(err))
		}
		check(t, e, task)
	}
}

// late sets a limit of a nanosecond, and then of more than tasks need.
func late(t *testing.T, e pipeline.Executor, tasks []task) {
	for _, task := range tasks[:3] {
		short := task.Task
		short.Limits.Time = time.Nanosecond
		if _, _, err := e.Do(context.Background(), short); class(err) != transform.ClassTimeout ||
			!errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: error %v of class %q, want one of class timeout that is context.DeadlineExceeded", task.name,
				err, class(err))
		}
		long := task
		long.Limits.Time = time.Hour
		check(t, e, long)
	}
}

func deadline(t *testing.T, e pipeline.Executor, tasks []task) {
	ctx, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer cancel()
	for _, task := range tasks[:3] {
		if _, _, err := e.Do(ctx, task.Task); class(err) != transform.ClassTimeout ||
			!errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: error %v of class %q, want one of class timeout that is context.DeadlineExceeded", task.name,
				err, class(err))
		}
		check(t, e, task)
	}
}

// endedAtAnyMoment ends tasks after times that differ, since no test can choose the moment from outside. Whatever the
// moment, the answer is right or the context's error, and the executor is as good as before.
func endedAtAnyMoment(t *testing.T, e pipeline.Executor, tasks []task) {
	task := tasks[2]
	for i := range 20 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i*i)*100*time.Microsecond)
		got, _, err := e.Do(ctx, task.Task)
		cancel()
		if class(err) == transform.ClassTimeout {
			continue
		}
		if difference := same(got, err, task.want, task.wantErr); difference != "" {
			t.Errorf("after %d: %s", i, difference)
		}
	}
	check(t, e, task)
}

func afterClose(t *testing.T, e pipeline.Executor, tasks []task) {
	check(t, e, tasks[0])
	if err := e.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, _, err := e.Do(context.Background(), tasks[0].Task); !errors.Is(err, pipeline.ErrClosed) {
		t.Errorf("Do after Close: %v, want pipeline.ErrClosed", err)
	}
}

func closeWhileBusy(t *testing.T, e pipeline.Executor, tasks []task) {
	task := tasks[2]
	var group sync.WaitGroup
	begun := make(chan struct{}, 1)
	for range 2 * e.Width() {
		group.Go(func() {
			for {
				got, _, err := e.Do(context.Background(), task.Task)
				if errors.Is(err, pipeline.ErrClosed) {
					return
				}
				if difference := same(got, err, task.want, task.wantErr); difference != "" {
					t.Errorf("while it was closed: %s", difference)
				}
				select {
				case begun <- struct{}{}:
				default:
				}
			}
		})
	}
	<-begun
	if err := e.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	group.Wait()
}

func isRefused(err error) bool {
	e, ok := errors.AsType[*transform.Error](err)
	return ok && e.Refused
}

func picture(w, h int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{uint8(x * 3), uint8(y * 5), uint8(x*y ^ x), uint8(255 - y%4)})
		}
	}
	return img
}

func encodeJPEG(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(w, h), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encodePNG(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, picture(w, h)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encodeGIF(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gif.Encode(&b, picture(w, h), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
