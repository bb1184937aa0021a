package wire

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"imgpipe/transform"
)

// picture returns a PNG of one color.
func picture(t testing.TB, w, h int, c color.Color) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// marked returns a Spec with two watermarks, whose files it holds.
func marked(t testing.TB) transform.Spec {
	t.Helper()
	spec, err := transform.ParseSpec("size=40x40;watermark=a.png;watermark=b.png,opacity=0.5;format=png")
	if err == nil {
		spec, err = spec.WithAssets(map[string][]byte{
			"a.png": picture(t, 9, 5, color.NRGBA{R: 255, A: 255}),
			"b.png": picture(t, 4, 7, color.NRGBA{B: 255, A: 128}),
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func plain(t testing.TB, text string) transform.Spec {
	t.Helper()
	spec, err := transform.ParseSpec(text)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// written returns tasks as a TaskWriter writes them.
func written(t testing.TB, tasks ...transform.Task) []byte {
	t.Helper()
	var b bytes.Buffer
	w := TaskWriter{Writer: Writer{W: &b}}
	for i, task := range tasks {
		number, err := w.Begin(task, Region{})
		if err != nil {
			t.Fatal(err)
		}
		if number != uint64(i+1) {
			t.Errorf("task %d has number %d", i+1, number)
		}
		if err := w.Flush(task.Data); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// equal reports whether two tasks are the same, as far as they travel.
func equal(a, b transform.Task) bool {
	a.Limits.Time, b.Limits.Time = 0, 0
	return bytes.Equal(a.Data, b.Data) && a.Limits == b.Limits && a.Grant == b.Grant && a.Name == b.Name &&
		a.Spec.String() == b.Spec.String() && reflect.DeepEqual(a.Spec.Assets(), b.Spec.Assets())
}

func TestTasksTravelWithTheirSpecsAndFiles(t *testing.T) {
	photo := picture(t, 60, 50, color.NRGBA{G: 200, A: 255})
	tasks := []transform.Task{
		{Data: photo, Spec: marked(t), Grant: 1 << 30},
		{Data: photo, Spec: plain(t, "text={stem}"), Name: "a name"},
		{Data: photo, Spec: plain(t, "size=20;grayscale"),
			Limits: transform.Limits{MaxPixels: 5000, MinSide: 7, MaxAspect: 1500, RefuseDamaged: true}},
		{Data: []byte("no image"), Spec: marked(t)},
		{Spec: transform.Spec{}},
	}
	r := TaskReader{Reader: Reader{R: iotest.HalfReader(bytes.NewReader(written(t, tasks...)))}}
	for i, sent := range tasks {
		got, err := r.Next()
		if err != nil || got.Err != nil {
			t.Fatal(err, got.Err)
		}
		if got.Number != uint64(i+1) || !equal(got.Task, sent) {
			t.Errorf("task %d:\ngot  %d, %+v\nwant %+v", i+1, got.Number, got.Task, sent)
		}
		want, wantErr := transform.Do(t.Context(), sent)
		made, err := transform.Do(t.Context(), got.Task)
		if !reflect.DeepEqual(made.Outputs, want.Outputs) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Errorf("task %d makes something else where it has arrived (errors %v, %v)", i+1, err, wantErr)
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("error %v at the end, want io.EOF", err)
	}
}

func TestEveryFieldOfATaskArrives(t *testing.T) {
	sent := transform.Task{Data: []byte("the image"), Spec: plain(t, "size=80x60;grayscale;format=png"), Grant: 12345,
		Name: "of the image"}
	var n int64
	fillIn(t, reflect.ValueOf(&sent.Limits).Elem(), &n)
	got, err := (&TaskReader{Reader: Reader{R: bytes.NewReader(written(t, sent))}}).Next()
	if err != nil || got.Err != nil || !equal(got.Task, sent) || got.Task.Limits.Time != 0 {
		t.Errorf("errors %v, %v\ngot  %+v\nwant %+v", err, got.Err, got.Task, sent)
	}
	if fields := reflect.TypeFor[transform.Task]().NumField(); fields != 5 {
		t.Errorf("a Task has %d fields, of which 5 are on the wire", fields)
	}
	if fields := reflect.TypeFor[transform.Limits]().NumField(); fields != 5 {
		t.Errorf("Limits have %d fields, of which 4 are on the wire, and Time is not", fields)
	}
}

func TestATaskIsAlwaysTheSameBytes(t *testing.T) {
	task := transform.Task{Data: []byte("image"), Spec: marked(t)}
	first := written(t, task)
	for range 20 { // the files of a Spec are in a map
		if !bytes.Equal(written(t, task), first) {
			t.Fatal("the same task is written in two ways")
		}
	}
}

func TestASpecIsWrittenOnceWhileItsReaderHoldsIt(t *testing.T) {
	w := TaskWriter{}
	for i := range 3 * maxSpecs {
		spec := plain(t, fmt.Sprintf("size=%d", i+1))
		for again := range 2 {
			var b bytes.Buffer
			w.W = &b
			if _, err := w.Begin(transform.Task{Spec: spec}, Region{}); err != nil {
				t.Fatal(err)
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			if sent := bytes.HasPrefix(b.Bytes(), tagSpec[:]); sent != (again == 0) {
				t.Errorf("spec %d, time %d: sent %t", i, again, sent)
			}
			if len(w.specs) > maxSpecs {
				t.Fatalf("%d specs are held, want at most %d", len(w.specs), maxSpecs)
			}
		}
	}
}

func TestATaskThatCannotBeWrittenLeavesNothingBehind(t *testing.T) {
	var b bytes.Buffer
	w := TaskWriter{Writer: Writer{W: &b}}
	_, err := w.Begin(transform.Task{Spec: transform.Spec{Quality: 900}}, Region{})
	if e, ok := errors.AsType[*transform.Error](err); !ok || e.Kind != transform.ClassOperation || w.Buffered() > 0 {
		t.Errorf("error %v with %d bytes in the buffer, want class operation and none", err, w.Buffered())
	}
	if err := w.Writer.Begin(&taskMessage{}, maxBody+1); err == nil || w.Buffered() > 0 {
		t.Errorf("error %v of a body over the limit with %d bytes in the buffer, want one and none", err, w.Buffered())
	}
	if number, err := w.Begin(transform.Task{Spec: plain(t, "size=30")}, Region{}); err != nil || number != 1 {
		t.Errorf("the next task has number %d, error %v; want 1", number, err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if _, err := (&TaskReader{Reader: Reader{R: &b}}).Next(); err != nil {
		t.Errorf("the next task does not arrive: %v", err)
	}
}

func TestASpecThatCannotBeMadeIsTheAnswerToItsTasks(t *testing.T) {
	input := bytes.Join([][]byte{
		bytesOf(t, &specMessage{id: 5, text: "watermark=logo.png", assets: []asset{{"logo.png", 4}}}, []byte("text")),
		bytesOf(t, &taskMessage{task: 9, spec: 5}, []byte("image")),
	}, nil)
	got, err := (&TaskReader{Reader: Reader{R: bytes.NewReader(input)}}).Next()
	if e, ok := errors.AsType[*transform.Error](got.Err); err != nil || got.Number != 9 || !ok ||
		e.Kind != transform.ClassOperation {
		t.Errorf("request %d, errors %v and %v; want 9 with one of class operation", got.Number, err, got.Err)
	}
}

func TestATaskMayLieInSharedMemory(t *testing.T) {
	shared := []byte("....image...")
	var b bytes.Buffer
	w := TaskWriter{Writer: Writer{W: &b}}
	if _, err := w.Begin(transform.Task{Data: shared[4:9]}, Region{4, 5}); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	got, err := (&TaskReader{Reader: Reader{R: &b}, Shared: shared}).Next()
	if err != nil || string(got.Task.Data) != "image" || cap(got.Task.Data) != 5 {
		t.Errorf("error %v, data %q with room for %d; want the image alone", err, got.Task.Data, cap(got.Task.Data))
	}
}

func TestATaskReaderRefusesWhatIsNotARequest(t *testing.T) {
	whole, spec := bytesOf(t, &taskMessage{task: 1}, []byte("data")), string(bytesOf(t, &specMessage{}))
	for _, tt := range []struct {
		name, input, want string
	}{
		{"end between frames", "", "EOF"},
		{"text", "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", "not a frame"},
		{"end in a header", string(whole[:10]), "unexpected EOF"},
		{"end in a head", string(whole[:20]), "unexpected EOF"},
		{"end in a body", string(whole[:len(whole)-1]), "unexpected EOF"},
		{"unknown spec", string(whole), "spec 0 was never sent"},
		{"frame of the other side", string(bytesOf(t, &Hello{})), "unexpected HELO"},
		{"spec id", string(bytesOf(t, &specMessage{id: maxSpecs})), "expected one below 64"},
		{"file in memory that is not shared", spec + string(bytesOf(t, &taskMessage{shared: Region{0, 10}})),
			"10 bytes at 0 in a shared memory of 0"},
		{"file at the end of all memory", spec + string(bytesOf(t, &taskMessage{shared: Region{1<<64 - 1, 2}})),
			"2 bytes at 18446744073709551615 in a shared memory of 0"},
		{"short head", strings.Replace(string(bytesOf(t, &Hello{})), "HELO", "TASK", 1), "does not hold its fields"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := TaskReader{Reader: Reader{R: iotest.OneByteReader(strings.NewReader(tt.input))}}
			_, err := r.Next()
			if err == nil || !strings.Contains(err.Error(), tt.want) || (err == io.EOF) != (tt.want == "EOF") {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// FuzzTask reads tasks from any bytes. What was understood is written again, and then means the same.
func FuzzTask(f *testing.F) {
	f.Add(written(f, transform.Task{Data: []byte("image"), Spec: marked(f), Grant: 1}))
	f.Add(written(f, transform.Task{Data: picture(f, 3, 3, color.White), Limits: transform.Limits{MaxPixels: 9}},
		transform.Task{Spec: plain(f, "rotate=90;quality=7")}))
	f.Add(append(bytesOf(f, &specMessage{id: 63, text: "size=x"}), bytesOf(f, &taskMessage{spec: 63})...))
	f.Fuzz(func(t *testing.T, input []byte) {
		r := TaskReader{Reader: Reader{R: bytes.NewReader(input)}}
		for {
			got, err := r.Next()
			if err != nil {
				return
			}
			if got.Err != nil {
				continue
			}
			again, err := (&TaskReader{Reader: Reader{R: bytes.NewReader(written(t, got.Task))}}).Next()
			if err != nil || again.Err != nil || !equal(again.Task, got.Task) {
				t.Errorf("errors %v, %v\nread  %+v\nagain %+v", err, again.Err, got.Task, again.Task)
			}
		}
	})
}
