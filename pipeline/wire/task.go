package wire

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"imgpipe/transform"
)

// maxSpecs is how many specs a reader of tasks holds: ids are below it.
const maxSpecs = 64

// A Region is where an image file lies in memory that both sides share. The zero Region is nowhere: the file is in the
// body of its frame.
type Region struct{ At, Length uint64 }

// A TaskWriter writes tasks to one reader, and remembers which specs that reader holds. Set W before the first Flush.
type TaskWriter struct {
	Writer

	specs map[specKey]uint32 // the ids of the specs that the reader holds
	last  uint64             // the number of the last task
}

// A specKey identifies a spec. If a spec has files, its text names their SHA-256.
type specKey struct {
	text  string
	files int
}

// Begin puts a task into the buffer, with its spec and the files of that if the reader does not hold it yet, and
// returns the task's number: 1 for the first, then one more each. Flush must follow, with t.Data unless shared says
// where that lies. The error is a *[transform.Error], and has left the buffer empty. t.Limits.Time does not travel.
func (w *TaskWriter) Begin(t transform.Task, shared Region) (number uint64, err error) {
	files := t.Spec.Assets()
	key := specKey{t.Spec.String(), len(files)}
	id, held := w.specs[key]
	if !held {
		// A Spec that was not parsed may hold what no text says; transform.Do refuses it in these words.
		if err := t.Spec.Validate(); err != nil {
			return 0, &transform.Error{Kind: transform.ClassOperation, Doing: "read spec", Err: err}
		}
		if w.specs == nil || len(w.specs) == maxSpecs {
			w.specs = map[specKey]uint32{}
		}
		id = uint32(len(w.specs))
		if err := w.spec(id, key.text, files); err != nil {
			return 0, w.tooLarge(err)
		}
	}
	m := taskMessage{task: w.last + 1, spec: id, limits: t.Limits, grant: t.Grant, shared: shared, name: t.Name}
	bodyLen := len(t.Data)
	if shared != (Region{}) {
		bodyLen = 0
	}
	if err := w.Writer.Begin(&m, bodyLen); err != nil {
		return 0, w.tooLarge(err)
	}
	w.last++
	w.specs[key] = id
	return w.last, nil
}

// spec puts a spec and its files into the buffer.
func (w *TaskWriter) spec(id uint32, text string, files map[string][]byte) error {
	m := specMessage{id: id, text: text}
	length := 0
	for _, name := range slices.Sorted(maps.Keys(files)) {
		m.assets = append(m.assets, asset{name, uint64(len(files[name]))})
		length += len(files[name])
	}
	if err := w.Writer.Begin(&m, length); err != nil {
		return err
	}
	for _, a := range m.assets {
		w.buf = append(w.buf, files[a.name]...)
	}
	return nil
}

func (w *TaskWriter) tooLarge(err error) error {
	w.buf = w.buf[:0]
	return &transform.Error{Kind: transform.ClassTooLarge, Doing: "hand over to a worker process", Err: err}
}

// A TaskReader reads what one TaskWriter has written. Set R before the first use, and Shared if there is such memory.
type TaskReader struct {
	Reader
	// Shared is the memory that tasks may lie in; nil is none. It is not written to.
	Shared []byte

	specs map[uint32]heldSpec
}

// A heldSpec is what a SPEC frame was understood as.
type heldSpec struct {
	spec transform.Spec
	err  error
}

// A Request is a task that has arrived.
type Request struct {
	// Number is what the DONE must carry.
	Number uint64
	// Task is the task. Its Data holds until the next call of Next if Reader.Reuse is set or it lies in shared memory.
	Task transform.Task
	// Err is why the task's Spec could not be made. Then it is the answer, and Task has no Spec.
	Err error
}

// Next reads the next task. The error is io.EOF at the end between two frames. Every other error means that what
// follows cannot be understood either.
func (r *TaskReader) Next() (Request, error) {
	for {
		f, err := r.Reader.Next()
		if err == io.EOF {
			return Request{}, io.EOF
		}
		if err != nil {
			return Request{}, fmt.Errorf("read a request: %w", err)
		}
		switch f.Tag {
		case tagSpec:
			if err := r.hold(f); err != nil {
				return Request{}, fmt.Errorf("read a spec: %w", err)
			}
		case tagTask:
			request, err := r.request(f)
			if err != nil {
				return Request{}, fmt.Errorf("read a task: %w", err)
			}
			return request, nil
		default:
			return Request{}, fmt.Errorf("read a request: %w: unexpected %s frame", ErrFrame, f.Tag)
		}
	}
}

// hold keeps the spec of a SPEC frame for the tasks that name it.
func (r *TaskReader) hold(f Frame) error {
	var m specMessage
	if err := f.Parse(&m); err != nil {
		return err
	}
	if m.id >= maxSpecs {
		return fmt.Errorf("%w: id %d, expected one below %d", ErrFrame, m.id, maxSpecs)
	}
	if r.specs == nil {
		r.specs = map[uint32]heldSpec{}
	}
	spec, err := m.spec(f.Body)
	r.specs[m.id] = heldSpec{spec, err}
	return nil
}

// request makes a Request of a TASK frame.
func (r *TaskReader) request(f Frame) (Request, error) {
	var m taskMessage
	if err := f.Parse(&m); err != nil {
		return Request{}, err
	}
	held, ok := r.specs[m.spec]
	if !ok {
		return Request{}, fmt.Errorf("%w: spec %d was never sent", ErrFrame, m.spec)
	}
	data, at, n := f.Body, m.shared.At, m.shared.Length
	if n > 0 {
		if all := uint64(len(r.Shared)); n > all || at > all-n || len(data) > 0 {
			return Request{}, fmt.Errorf("%w: %d bytes at %d in a shared memory of %d, and %d in the body",
				ErrFrame, n, at, all, len(data))
		}
		data = r.Shared[at : at+n : at+n]
	}
	task := transform.Task{Data: data, Spec: held.spec, Limits: m.limits, Grant: m.grant, Name: m.name}
	request := Request{Number: m.task, Task: task}
	if held.err != nil {
		request.Err = &transform.Error{Kind: transform.ClassOperation, Doing: "read spec", Err: held.err}
	}
	return request, nil
}
