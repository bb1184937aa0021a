package wire

import (
	"errors"
	"fmt"
	"time"

	"imgpipe/pipeline/executor"
	"imgpipe/transform"
)

// A Hello is the first message of a worker.
type Hello struct {
	// Version is the worker's [Version], and PID its process id.
	Version, PID uint32
	// Mapped is how much of the shared memory the worker can read; 0 where it has none.
	Mapped uint64
	// Isolation says what the worker has given up.
	Isolation string
}

func (m *Hello) tag() Tag { return tagHello }

func (m *Hello) fields(c *codec) {
	if c.reading {
		*m = Hello{}
	}
	c.u32(&m.Version)
	c.u32(&m.PID)
	c.u64(&m.Mapped)
	str(c, &m.Isolation)
}

// An asset is a named file that belongs to a spec; its bytes are in the body.
type asset struct {
	name   string
	length uint64
}

type specMessage struct {
	id     uint32
	text   string
	assets []asset
}

func (m *specMessage) tag() Tag { return tagSpec }

func (m *specMessage) fields(c *codec) {
	c.u32(&m.id)
	str(c, &m.text)
	list(c, &m.assets, 12, func(a *asset) { str(c, &a.name); c.u64(&a.length) })
}

// spec makes the Spec again that text and files stand for.
func (m *specMessage) spec(body []byte) (transform.Spec, error) {
	lengths := make([]uint64, len(m.assets))
	for i, a := range m.assets {
		lengths[i] = a.length
	}
	parts, err := split(append([]byte(nil), body...), lengths) // a copy: body is the reader's, a Spec keeps its files
	if err != nil {
		return transform.Spec{}, err
	}
	spec, err := transform.ParseSpec(m.text)
	if err != nil || len(parts) == 0 {
		return spec, err
	}
	files := make(map[string][]byte, len(parts))
	for i, part := range parts {
		files[m.assets[i].name] = part
	}
	return spec.WithAssets(files)
}

type taskMessage struct {
	task   uint64
	spec   uint32
	limits transform.Limits
	grant  int64
	shared Region
	name   string
}

func (m *taskMessage) tag() Tag { return tagTask }

func (m *taskMessage) fields(c *codec) {
	c.u64(&m.task)
	c.u32(&m.spec)
	c.i64(&m.limits.MaxPixels)
	c.i64(&m.limits.MinSide)
	c.i64(&m.limits.MaxAspect)
	c.bool(&m.limits.RefuseDamaged)
	c.i64(&m.grant)
	c.u64(&m.shared.At)
	c.u64(&m.shared.Length)
	str(c, &m.name)
}

// A Done is the answer to a task.
type Done struct {
	// Task is the number of the task.
	Task uint64
	// Busy is how long the transform took.
	Busy time.Duration
	// Work is where that time went.
	Work executor.Work
	// Result is what the transform made. After Parse its outputs have no Data, but Lengths: see Unpack.
	Result  transform.Result
	Lengths []uint64
	// Failed reports that there was an error, which is Failure.
	Failed  bool
	Failure Failure
}

func (m *Done) tag() Tag { return tagDone }

func (m *Done) fields(c *codec) {
	if c.reading {
		*m = Done{}
	}
	c.u64(&m.Task)
	c.time(&m.Busy)
	work(c, &m.Work)
	r := &m.Result
	s := &r.Source
	str(c, &s.Format)
	c.int(&s.Width)
	c.int(&s.Height)
	c.int(&s.Orientation)
	c.bool(&s.Alpha)
	c.bool(&s.Progressive)
	c.bool(&s.Lossless)
	list(c, &r.Outputs, 34, func(o *transform.Output) {
		str(c, &o.Label)
		str(c, &o.Format)
		c.int(&o.Width)
		c.int(&o.Height)
		c.bool(&o.Copied)
		c.bool(&o.Omitted)
		length := uint64(len(o.Data))
		c.u64(&length)
		if c.reading {
			m.Lengths = append(m.Lengths, length)
		}
	})
	list(c, &r.Warnings, 4, func(w *string) { str(c, w) })
	c.bool(&r.Damaged)
	c.bool(&r.Stripped)
	str(c, &r.Taken)
	str(c, &r.Camera)
	str(c, &r.Path)
	str(c, &r.Swatch)
	c.time(&r.Decode)
	c.time(&r.Operate)
	c.time(&r.Encode)
	c.bool(&m.Failed)
	if m.Failed {
		m.Failure.fields(c)
	}
}

func work(c *codec, w *executor.Work) {
	c.time(&w.Wall)
	c.time(&w.CPU)
	c.time(&w.RunQueue)
	c.time(&w.Scheduler)
	c.i64(&w.MajorFaults)
	c.bool(&w.CPUKnown)
	c.bool(&w.RunQueueKnown)
}

// Unpack sets the Data of the outputs to their parts of body, the frame's, which they share.
func (m *Done) Unpack(body []byte) error {
	parts, err := split(body, m.Lengths)
	for i, part := range parts {
		m.Result.Outputs[i].Data = part
	}
	return err
}

// split cuts body into parts of these lengths, which must use it up. An empty part is nil.
func split(body []byte, lengths []uint64) ([][]byte, error) {
	parts := make([][]byte, len(lengths))
	for i, n := range lengths {
		if n > uint64(len(body)) {
			return nil, fmt.Errorf("%w: a body shorter than its parts", ErrFrame)
		}
		if n > 0 {
			parts[i] = body[:n:n]
		}
		body = body[n:]
	}
	if len(body) > 0 {
		return nil, fmt.Errorf("%w: a body %d bytes longer than its parts", ErrFrame, len(body))
	}
	return parts, nil
}

// Write writes m, with the Data of its outputs as the body. If they are too large for a frame, the answer is an error
// of class "too-large" instead.
func (m *Done) Write(w *Writer) error {
	var body [][]byte
	length := 0
	for _, o := range m.Result.Outputs {
		body = append(body, o.Data)
		length += len(o.Data)
	}
	if err := w.Begin(m, length); err != nil {
		tooLarge := &transform.Error{Kind: transform.ClassTooLarge, Doing: "hand over the outputs", Err: err}
		failed := &Done{Task: m.Task, Busy: m.Busy, Work: m.Work, Failed: true, Failure: FailureOf(tooLarge)}
		if err := w.Begin(failed, 0); err != nil {
			return err
		}
		body = nil
	}
	return w.Flush(body...)
}

// Err returns the error of a task with this grant, or nil.
func (m *Done) Err(grant int64) error {
	f := m.Failure
	switch {
	case !m.Failed:
		return nil
	case f.Need > 0:
		return &transform.NeedError{Source: m.Result.Source, Need: f.Need, Grant: grant}
	case f.Kind == "":
		return errors.New(f.Text)
	}
	return &transform.Error{Kind: f.Kind, Doing: f.Doing, Err: errors.New(f.Text), Stack: f.Stack, Refused: f.Refused}
}

// A Failure is an error as it travels: all that a ledger needs of it, but not its chain.
type Failure struct {
	// Kind, Doing, Stack and Refused are those of a [transform.Error], and Text is its Err. Any other error has Text
	// alone.
	Kind, Doing, Text string
	Stack             []byte
	Refused           bool
	// Need is that of a [transform.NeedError], which has nothing else; 0 of others.
	Need int64
}

func (m *Failure) fields(c *codec) {
	str(c, &m.Kind)
	str(c, &m.Doing)
	str(c, &m.Text)
	str(c, &m.Stack)
	c.bool(&m.Refused)
	c.i64(&m.Need)
}

// maxText bounds the text and the stack of an error, so that a head stays under its limit whatever a codec says.
const maxText = 64 << 10

// FailureOf returns err, which is not nil, as it travels. Text and Stack are cut after 64 KiB.
func FailureOf(err error) Failure {
	cut := func(s string) string { return s[:min(len(s), maxText)] }
	if e, ok := errors.AsType[*transform.NeedError](err); ok {
		return Failure{Need: e.Need}
	}
	if e, ok := errors.AsType[*transform.Error](err); ok && e.Err != nil {
		return Failure{
			Kind: e.Kind, Doing: e.Doing, Text: cut(e.Err.Error()),
			Stack: []byte(cut(string(e.Stack))), Refused: e.Refused,
		}
	}
	return Failure{Text: cut(err.Error())}
}
