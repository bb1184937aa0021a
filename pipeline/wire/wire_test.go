package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"imgpipe/pipeline/executor"
	"imgpipe/transform"
)

// bytesOf returns a frame as it is written.
func bytesOf(t testing.TB, m Message, body ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := Writer{W: &b}
	length := 0
	for _, part := range body {
		length += len(part)
	}
	if err := w.Begin(m, length); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(body...); err != nil {
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

// answered takes the answer to a task through both ends.
func answered(t *testing.T, result transform.Result, err error) (transform.Result, error) {
	t.Helper()
	done := Done{Task: 7, Result: result}
	if err != nil {
		done.Failed, done.Failure = true, FailureOf(err)
	}
	var b bytes.Buffer
	if err := done.Write(&Writer{W: &b}); err != nil {
		t.Fatal(err)
	}
	f, err := (&Reader{R: &b}).Next()
	if err != nil {
		t.Fatal(err)
	}
	var got Done
	if err := f.Parse(&got); err != nil {
		t.Fatal(err)
	}
	if err := got.Unpack(f.Body); err != nil {
		t.Fatal(err)
	}
	if got.Task != 7 {
		t.Errorf("it is the answer to task %d, want 7", got.Task)
	}
	return got.Result, got.Err(100)
}

func TestEveryFieldOfAResultArrives(t *testing.T) {
	var sent transform.Result
	var n int64
	fillIn(t, reflect.ValueOf(&sent).Elem(), &n)
	failure := &transform.Error{
		Kind: "decode", Doing: "decode jpeg", Err: errors.New("bad"), Stack: []byte("stack"), Refused: true,
	}
	got, err := answered(t, sent, failure)
	if !reflect.DeepEqual(got, sent) {
		t.Errorf("got  %+v\nwant %+v", got, sent)
	}
	if !reflect.DeepEqual(err, error(failure)) {
		t.Errorf("error %#v, want %#v", err, failure)
	}
}

func TestErrorsOfAnyKindArrive(t *testing.T) {
	long := strings.Repeat("x", maxText+1)
	around := fmt.Errorf("around: %w", &transform.Error{Kind: "decode", Doing: "decode gif", Err: io.ErrUnexpectedEOF})
	for _, tt := range []struct {
		err        error
		class, say string
	}{
		{errors.New("plain"), "", "plain"},
		{around, "decode", "decode gif: unexpected EOF"},
		{&transform.NeedError{Need: 200, Grant: 1}, "too-large", (&transform.NeedError{Need: 200, Grant: 100}).Error()},
		{errors.New(long), "", long[:maxText]},
	} {
		_, err := answered(t, transform.Result{}, tt.err)
		var e interface{ Class() string }
		class := ""
		if errors.As(err, &e) {
			class = e.Class()
		}
		if err == nil || err.Error() != tt.say || class != tt.class {
			t.Errorf("%.40v arrived as %.40v of class %q", tt.err, err, class)
		}
	}
}

func TestAnswerThatNoFrameHoldsFailsItsImageAlone(t *testing.T) {
	_, err := answered(t, transform.Result{Warnings: []string{strings.Repeat("x", maxHead)}}, nil)
	if e, ok := errors.AsType[*transform.Error](err); !ok || e.Class() != "too-large" {
		t.Errorf("error %v, want one of class too-large", err)
	}
}

func TestFrameIsNotAllocatedOnTrust(t *testing.T) {
	header := append([]byte("TASK"), make([]byte, 12)...)
	binary.LittleEndian.PutUint64(header[8:], maxBody)
	r := Reader{R: io.MultiReader(bytes.NewReader(header), bytes.NewReader(make([]byte, 1000))), Reuse: true}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := r.Next(); err != io.ErrUnexpectedEOF {
		t.Fatalf("error %v, want unexpected EOF", err)
	}
	runtime.ReadMemStats(&after)
	allocated := after.TotalAlloc - before.TotalAlloc
	if allocated > 2*maxTrusted {
		t.Errorf("a frame that promised 1 GiB and brought 1000 bytes took %d bytes", allocated)
	}
}

func TestLargeFrameLeavesNoLargeBufferBehind(t *testing.T) {
	frame := bytesOf(t, &taskMessage{task: 1}, make([]byte, maxKept+1))
	r := Reader{R: io.MultiReader(bytes.NewReader(frame), bytes.NewReader(bytesOf(t, &Hello{}))), Reuse: true}
	for range 2 {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if cap(r.body) > maxKept {
		t.Errorf("the reader keeps %d bytes, want at most %d", cap(r.body), maxKept)
	}
	w := Writer{W: io.Discard, buf: make([]byte, 0, 5*firstWrite)}
	if err := w.Flush(); err != nil || cap(w.buf) > 4*firstWrite {
		t.Errorf("error %v; the writer keeps %d bytes, want at most %d", err, cap(w.buf), 4*firstWrite)
	}
}

func FuzzFrame(f *testing.F) {
	f.Add(bytesOf(f, &Hello{1, 2, 3, "no files"}))
	f.Add(bytesOf(f, &specMessage{id: 3, text: "size=10", assets: []asset{{"logo.png", 4}}}, []byte("logo")))
	f.Add(bytesOf(f, &taskMessage{task: 4, spec: 3, shared: Region{16 << 20, 5}}, []byte("image")))
	f.Add(bytesOf(f, &Done{Task: 4, Result: transform.Result{
		Outputs: []transform.Output{{Label: "a", Data: []byte("x")}}, Warnings: []string{"w"}}}, []byte("x")))
	work := executor.Work{Wall: 9, CPU: 7, MajorFaults: 3, CPUKnown: true}
	f.Add(bytesOf(f, &Done{Task: 4, Work: work, Failed: true, Failure: Failure{Kind: "decode", Text: "bad"}}))
	f.Fuzz(func(t *testing.T, input []byte) {
		r := Reader{R: bytes.NewReader(input)}
		for read := 0; ; {
			got, err := r.Next()
			if err != nil {
				return
			}
			size := headerSize + len(got.Head) + len(got.Body)
			was := input[read : read+size]
			read += size
			m := map[Tag]Message{
				tagHello: &Hello{}, tagSpec: &specMessage{}, tagTask: &taskMessage{}, tagDone: &Done{},
			}[got.Tag]
			if got.Parse(m) != nil {
				continue
			}
			body := [][]byte{got.Body}
			if done, ok := m.(*Done); ok {
				if done.Unpack(got.Body) != nil {
					continue
				}
				body = nil
				for _, o := range done.Result.Outputs {
					body = append(body, o.Data)
				}
			}
			// What was understood is written as it was read.
			if again := bytesOf(t, m, body...); !bytes.Equal(again, was) {
				t.Errorf("%T:\nread  %q\nwrote %q", m, was, again)
			}
		}
	})
}

// TestParseLeavesNothingOfWhatWasThere reads an answer with outputs and an error's, then one that has neither, into one
// value.
func TestParseLeavesNothingOfWhatWasThere(t *testing.T) {
	work := executor.Work{Wall: 9, CPU: 7, MajorFaults: 3, CPUKnown: true}
	full := Done{Task: 1, Work: work, Failed: true, Failure: Failure{Kind: "decode", Text: "cut"}}
	full.Result.Outputs = []transform.Output{{Label: "a", Data: []byte("x")}, {Label: "b", Data: []byte("yz")}}
	full.Result.Warnings, full.Result.Path = []string{"odd"}, "rgba"
	var got Done
	for _, m := range []*Done{&full, {Task: 2}} {
		length := 0
		for _, o := range m.Result.Outputs {
			length += len(o.Data)
		}
		var b bytes.Buffer
		w := Writer{W: &b}
		if err := w.Begin(m, length); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush([]byte("xyz")[:length]); err != nil {
			t.Fatal(err)
		}
		f, err := (&Reader{R: &b}).Next()
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Parse(&got); err != nil {
			t.Fatal(err)
		}
		if len(got.Lengths) != len(m.Result.Outputs) || got.Unpack(f.Body) != nil {
			t.Errorf("task %d: %d lengths of %d outputs", m.Task, len(got.Lengths), len(m.Result.Outputs))
		}
	}
	if !reflect.DeepEqual(got, Done{Task: 2}) {
		t.Errorf("got %+v, want an answer with nothing but its task", got)
	}
}
