package procs

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"imgpipe/transform"
)

// bytesOf gives a frame as it stands on the wire.
func bytesOf(t testing.TB, tag tag, m message, body ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	fw := frameWriter{w: &b}
	length := 0
	for _, part := range body {
		length += len(part)
	}
	if err := fw.begin(tag, m, length); err != nil {
		t.Fatal(err)
	}
	if err := fw.flush(body...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fillIn sets every exported field below v to a value that no other has, so that none can be forgotten on the wire.
func fillIn(t *testing.T, v reflect.Value, next *int64) {
	*next++
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fillIn(t, v.Field(i), next)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		for i := range 3 {
			fillIn(t, v.Index(i), next)
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d \xff", *next))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(-*next << 33)
	case reflect.Uint8:
		v.SetUint(uint64(*next % 256))
	default:
		t.Fatalf("a %v is on the wire now: expected codec and fillIn to know it", v.Type())
	}
}

func TestEveryFieldOfAResultArrives(t *testing.T) {
	var sent transform.Result
	var n int64
	fillIn(t, reflect.ValueOf(&sent).Elem(), &n)
	var failure transform.Error
	failure.Kind, failure.Doing, failure.Err, failure.Stack = "decode", "decode jpeg", errors.New("bad"), []byte("stack")
	failure.Refused = true
	do := func(_ context.Context, task transform.Task) (transform.Result, error) {
		return sent, &failure
	}
	got, err := throughServe(t, transform.Task{}, do)
	if !reflect.DeepEqual(got, sent) {
		t.Errorf("got  %+v\nwant %+v", got, sent)
	}
	if !reflect.DeepEqual(err, error(&failure)) {
		t.Errorf("error %#v, want %#v", err, &failure)
	}
}

func TestEveryFieldOfATaskArrives(t *testing.T) {
	var sent transform.Task
	var n int64
	fillIn(t, reflect.ValueOf(&sent.Limits).Elem(), &n)
	sent.Limits.Time = 0 // the pool sees to it
	sent.Data, sent.Grant = []byte("the image"), 12345
	var err error
	if sent.Spec, err = transform.ParseSpec("size=80x60;grayscale;format=png"); err != nil {
		t.Fatal(err)
	}
	throughServe(t, sent, func(_ context.Context, got transform.Task) (transform.Result, error) {
		if !bytes.Equal(got.Data, sent.Data) || got.Limits != sent.Limits || got.Grant != sent.Grant || got.Spec.String() != sent.Spec.String() {
			t.Errorf("got  %+v\nwant %+v", got, sent)
		}
		return transform.Result{}, nil
	})
	if fields := reflect.TypeFor[transform.Task]().NumField(); fields != 4 {
		t.Errorf("a Task has %d fields, of which 4 are on the wire", fields)
	}
}

// throughServe takes a task through both ends of the wire, in this process.
func throughServe(t *testing.T, task transform.Task, do doFunc) (transform.Result, error) {
	t.Helper()
	var requests, answers bytes.Buffer
	w := &worker{writer: frameWriter{w: &requests}, specs: map[specKey]uint32{}}
	if err := w.prepare(task); err != nil {
		t.Fatal(err)
	}
	if err := w.writer.flush(task.Data); err != nil {
		t.Fatal(err)
	}
	if err := (&server{do: do}).serve(&requests, &answers); err != nil {
		t.Fatal(err)
	}
	w.reader.r = &answers
	if err := w.hear(nil); err != nil {
		t.Fatal(err)
	}
	f, err := w.reader.next()
	if err != nil {
		t.Fatal(err)
	}
	var done doneMessage
	if err := parse(f.head, &done); err != nil {
		t.Fatal(err)
	}
	if err := done.unpack(f.body); err != nil {
		t.Fatal(err)
	}
	return done.result, done.err(task.Grant)
}

func TestErrorsOfAnyKindArrive(t *testing.T) {
	long := strings.Repeat("x", maxErrorText+1)
	for _, tt := range []struct {
		err        error
		class, say string
	}{
		{errors.New("plain"), "", "plain"},
		{fmt.Errorf("around: %w", &transform.Error{Kind: "decode", Doing: "decode gif", Err: io.ErrUnexpectedEOF}), "decode", "decode gif: unexpected EOF"},
		{errors.New(long), "", long[:maxErrorText]},
	} {
		_, err := throughServe(t, transform.Task{}, func(context.Context, transform.Task) (transform.Result, error) {
			return transform.Result{}, tt.err
		})
		var e *transform.Error
		class := ""
		if errors.As(err, &e) {
			class = e.Class()
		}
		if err.Error() != tt.say || class != tt.class {
			t.Errorf("%.40v arrived as %.40v of class %q", tt.err, err, class)
		}
	}
}

func TestAnswerThatNoFrameHoldsFailsItsImageAlone(t *testing.T) {
	warnings := []string{strings.Repeat("x", maxHead)}
	_, err := throughServe(t, transform.Task{}, func(context.Context, transform.Task) (transform.Result, error) {
		return transform.Result{Warnings: warnings}, nil
	})
	var e *transform.Error
	if !errors.As(err, &e) || e.Class() != "too-large" {
		t.Errorf("error %v, want one of class too-large", err)
	}
}

func TestWorkerHoldsManySpecs(t *testing.T) {
	w := &worker{specs: map[specKey]uint32{}}
	for i := range 3 * maxSpecs {
		spec, err := transform.ParseSpec(fmt.Sprintf("size=%d", i+1))
		if err != nil {
			t.Fatal(err)
		}
		for again := range 2 {
			var requests bytes.Buffer
			w.writer = frameWriter{w: &requests}
			if err := w.prepare(transform.Task{Spec: spec}); err != nil {
				t.Fatal(err)
			}
			w.writer.flush()
			if sent := bytes.HasPrefix(requests.Bytes(), tagSpec[:]); sent != (again == 0) {
				t.Errorf("spec %d, time %d: sent %t", i, again, sent)
			}
			if len(w.specs) > maxSpecs {
				t.Fatalf("%d specs are held, want at most %d", len(w.specs), maxSpecs)
			}
		}
	}
}

func TestServeRefusesWhatIsNotARequest(t *testing.T) {
	whole := bytesOf(t, tagTask, &taskMessage{task: 1, spec: 0}, []byte("data"))
	for _, tt := range []struct {
		name, input, want string
	}{
		{"end between frames", "", ""},
		{"text", "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", "not a frame"},
		{"end in a header", string(whole[:10]), "unexpected EOF"},
		{"end in a head", string(whole[:20]), "unexpected EOF"},
		{"end in a body", string(whole[:len(whole)-1]), "unexpected EOF"},
		{"unknown spec", string(whole), "spec 0 was never sent"},
		{"frame of the other side", string(bytesOf(t, tagHello, &hello{})), "unexpected HELO"},
		{"spec id", string(bytesOf(t, tagSpec, &specMessage{id: maxSpecs})), "expected one below 64"},
		{"file in memory that is not shared", string(bytesOf(t, tagSpec, &specMessage{})) + string(bytesOf(t, tagTask, &taskMessage{mapped: 10})),
			"10 bytes at 0 in a shared memory of 0"},
		{"file at the end of all memory", string(bytesOf(t, tagSpec, &specMessage{})) + string(bytesOf(t, tagTask, &taskMessage{at: 1<<64 - 1, mapped: 2})),
			"2 bytes at 18446744073709551615 in a shared memory of 0"},
		{"short head", string(bytesOf(t, tagTask, &hello{})), "does not hold its fields"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			err := Serve(iotest.OneByteReader(strings.NewReader(tt.input)), &out)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestFrameIsNotAllocatedOnTrust(t *testing.T) {
	header := append([]byte("TASK"), make([]byte, 12)...)
	binary.LittleEndian.PutUint64(header[8:], maxBody)
	fr := frameReader{r: io.MultiReader(bytes.NewReader(header), bytes.NewReader(make([]byte, 1000))), reuse: true}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := fr.next(); err != io.ErrUnexpectedEOF {
		t.Fatalf("error %v, want unexpected EOF", err)
	}
	runtime.ReadMemStats(&after)
	allocated := after.TotalAlloc - before.TotalAlloc
	if allocated > 2*maxTrusted {
		t.Errorf("a frame that promised 1 GiB and brought 1000 bytes took %d bytes", allocated)
	}
}

func FuzzFrame(f *testing.F) {
	f.Add(bytesOf(f, tagHello, &hello{1, 2, 3, "no files"}))
	f.Add(bytesOf(f, tagSpec, &specMessage{id: 3, text: "size=10", assets: []asset{{"logo.png", 4}}}, []byte("logo")))
	f.Add(bytesOf(f, tagTask, &taskMessage{task: 4, spec: 3, at: 16 << 20, mapped: 5}, []byte("image")))
	f.Add(bytesOf(f, tagDone, &doneMessage{task: 4, result: transform.Result{
		Outputs: []transform.Output{{Label: "a", Data: []byte("x")}}, Warnings: []string{"w"}}}, []byte("x")))
	f.Add(bytesOf(f, tagDone, &doneMessage{task: 4, failed: true, failure: wireError{kind: "decode", text: "bad"}}))
	f.Fuzz(func(t *testing.T, input []byte) {
		fr := frameReader{r: bytes.NewReader(input)}
		for read := 0; ; {
			got, err := fr.next()
			if err != nil {
				return
			}
			size := headerSize + len(got.head) + len(got.body)
			was := input[read : read+size]
			read += size
			var m message
			switch got.tag {
			case tagHello:
				m = &hello{}
			case tagSpec:
				m = &specMessage{}
			case tagTask:
				m = &taskMessage{}
			case tagDone:
				m = &doneMessage{}
			}
			if parse(got.head, m) != nil {
				continue
			}
			body := [][]byte{got.body}
			if done, ok := m.(*doneMessage); ok {
				if done.unpack(got.body) != nil {
					continue
				}
				body = nil
				for _, o := range done.result.Outputs {
					body = append(body, o.Data)
				}
			}
			// What was understood is written as it was read.
			if again := bytesOf(t, got.tag, m, body...); !bytes.Equal(again, was) {
				t.Errorf("%T:\nread  %q\nwrote %q", m, was, again)
			}
		}
	})
}

func TestTranscriptKeepsTheLineThatTellsMost(t *testing.T) {
	noise := strings.Repeat("goroutine 7 [running]: main.go:12\n", 1000)
	for _, tt := range []struct{ name, written, want string }{
		{"nothing", "", ""},
		{"last line", "one\ntwo\n\n", "two"},
		{"panic above a long trace", "panic: boom\n\n" + noise, "panic: boom"},
		{"panic below long noise", noise + "fatal error: out of memory\nexit", "fatal error: out of memory"},
		{"endless line", strings.Repeat("x", 5000), strings.Repeat("x", 200)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var also strings.Builder
			tr := &transcript{also: &also}
			io.Copy(tr, iotest.HalfReader(strings.NewReader(tt.written)))
			if got := tr.said(); got != tt.want {
				t.Errorf("said %q, want %q", got, tt.want)
			}
			if len(tr.last) > keepLast || also.String() != tt.written {
				t.Errorf("%d bytes kept, want up to %d; %d of %d passed on", len(tr.last), keepLast, also.Len(), len(tt.written))
			}
		})
	}
}
