package procs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"imgpipe/pipeline/executor"
	"imgpipe/pipeline/wire"
	"imgpipe/transform"
)

// served returns what a worker whose transform is do writes when it reads input, and the error that ends it.
func served(
	t *testing.T, input io.Reader, do executor.Func,
) (hello wire.Hello, answers []wire.Done, err error) {
	t.Helper()
	var out bytes.Buffer
	s := server{do: do, isolation: "none at all"}
	err = s.serve(input, &out)
	r := wire.Reader{R: &out}
	f, readErr := r.Next()
	if readErr == nil {
		readErr = f.Parse(&hello)
	}
	for readErr == nil {
		if f, readErr = r.Next(); readErr == nil {
			var done wire.Done
			if readErr = errors.Join(f.Parse(&done), done.Unpack(f.Body)); readErr == nil {
				answers = append(answers, done)
			}
		}
	}
	if readErr != io.EOF {
		t.Fatal(readErr)
	}
	return hello, answers, err
}

func TestAWorkerSaysHelloAndAnswersInOrderUntilItsInputEnds(t *testing.T) {
	var input bytes.Buffer
	tasks := wire.TaskWriter{Writer: wire.Writer{W: &input}}
	for _, data := range []string{"good", "bad", "ugly"} {
		if _, err := tasks.Begin(transform.Task{Data: []byte(data)}, wire.Region{}); err != nil {
			t.Fatal(err)
		}
		if err := tasks.Flush([]byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	hello, answers, err := served(t, &input, func(_ context.Context, task transform.Task) (transform.Result, error) {
		switch string(task.Data) {
		case "bad":
			return transform.Result{}, errors.New("it is bad")
		case "ugly":
			panic("it is ugly")
		}
		return transform.Result{Outputs: []transform.Output{{Data: bytes.Clone(task.Data)}}}, nil
	})
	if err != nil || hello.Version != wire.Version || hello.PID == 0 || hello.Isolation != "none at all" {
		t.Errorf("error %v, hello %+v", err, hello)
	}
	if len(answers) != 3 {
		t.Fatalf("%d answers, want 3", len(answers))
	}
	for i, a := range answers {
		if a.Task != uint64(i+1) || a.Busy <= 0 {
			t.Errorf("answer %d is to task %d and took %v", i+1, a.Task, a.Busy)
		}
	}
	if out := answers[0].Result.Outputs; answers[0].Failed || len(out) != 1 || string(out[0].Data) != "good" {
		t.Errorf("the first answer is %+v", answers[0])
	}
	if err := answers[1].Err(0); err == nil || err.Error() != "it is bad" {
		t.Errorf("the second answer has error %v", err)
	}
	f := answers[2].Failure
	if f.Kind != transform.ClassPanic || !strings.Contains(f.Text, "ugly") || len(f.Stack) == 0 {
		t.Errorf("the third answer has failure %+v", f)
	}
}

func TestAWorkerEndsWhereItsInputIsNoRequest(t *testing.T) {
	_, answers, err := served(t, strings.NewReader("GET / HTTP/1.1\r\n\r\n"), transform.Do)
	if !errors.Is(err, wire.ErrFrame) || len(answers) > 0 {
		t.Errorf("error %v after %d answers, want ErrFrame after none", err, len(answers))
	}
}
