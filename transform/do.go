package transform

import (
	"context"
	"errors"
	"fmt"
	"image"
	"runtime/debug"
	"sync"
	"time"

	"github.com/disintegration/imaging"
)

// serial makes imaging use one goroutine for each operation. By default it uses one for each CPU, so that work that is said to be
// serial would be parallel, and many tasks at once would get in each other's way.
var serial sync.Once

// A job is one Task while it is done.
type job struct {
	ctx        context.Context
	limits     Limits
	background *image.Uniform
	assets     map[string]*asset
	doing      string // for the message of an error
}

func newJob(ctx context.Context, s Spec, l Limits) *job {
	serial.Do(func() { imaging.SetMaxProcs(1) })
	return &job{ctx: ctx, limits: l, background: image.NewUniform(s.Background.nrgba()), assets: s.assets, doing: "start"}
}

// Do runs one Task. It is safe for use by several goroutines. Every error is an *Error with a class, but when ctx was cancelled:
// then it wraps ctx's error. A deadline is an *Error of class "timeout". Do looks at ctx while it decodes and encodes and between
// operations; one operation is not interrupted. The Result and its files belong to the caller.
func Do(ctx context.Context, t Task) (Result, error) {
	j := newJob(ctx, t.Spec, t.Limits)
	var res Result
	err := j.guard(func() (err error) {
		res, err = j.run(t)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	return res, nil
}

// guard makes an *Error of a panic.
func (j *job) guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Error{Kind: ClassPanic, Doing: j.doing, Err: fmt.Errorf("fault: %v", p), Stack: debug.Stack()}
		}
	}()
	return f()
}

// over is the error of a context that has ended, nil before.
func (j *job) over() error {
	err := j.ctx.Err()
	if errors.Is(err, context.DeadlineExceeded) {
		return &Error{Kind: ClassTimeout, Doing: j.doing, Err: errors.New("the time for this image is over")}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", j.doing, err)
	}
	return nil
}

func (j *job) run(t Task) (Result, error) {
	if err := j.over(); err != nil {
		return Result{}, err
	}
	if err := t.Spec.Validate(); err != nil {
		return Result{}, &Error{Kind: ClassOperation, Doing: "read spec", Err: err}
	}
	start := time.Now()
	m, err := inspect(t.Data)
	if err != nil {
		return Result{}, err
	}
	h := m.Header
	// What the outputs will be is checked before the work of decoding, and too large an input before all else.
	if err := t.Limits.check(h.Width, h.Height); err != nil {
		return Result{}, &Error{Kind: ClassTooLarge, Doing: "read header of " + string(h.Format), Err: err}
	}
	p, err := t.Spec.plan(h, t.Limits)
	if err != nil {
		return Result{}, err
	}
	if h.Format == JPEG {
		if r, why := newRoute(t.Data, t.Spec, p); why == "" {
			return j.ycbcr(t, m, p, r, start)
		}
	}
	return j.rgba(t, m, p, start)
}

// rgba is the general way: every format is decoded to RGB and alpha, each operation makes a new image.
func (j *job) rgba(t Task, m meta, p plan, start time.Time) (Result, error) {
	img, err := j.load(t.Data, m, !t.Spec.NoOrient)
	if err != nil {
		return Result{}, err
	}
	m.Header.decode = 0 // is for Need alone: a Result says the same in every mode
	res := Result{Source: m.Header, Path: "rgba", Decode: time.Since(start)}
	profile := newProfile(m)
	for _, b := range p.branches {
		start := time.Now()
		out, err := j.operate(img, b)
		if err != nil {
			return Result{}, err
		}
		operated := time.Now()
		j.doing = "encode " + string(p.format)
		data, err := j.encode(out, p.format, p.quality, profile)
		if err != nil {
			return Result{}, err
		}
		res.Operate += operated.Sub(start)
		res.Encode += time.Since(operated)
		res.Outputs = append(res.Outputs, Output{
			Label: b.label, Format: p.format, Width: out.Rect.Dx(), Height: out.Rect.Dy(), Data: data,
		})
	}
	return res, nil
}

// operate does the operations of a branch. It leaves img as it is.
func (j *job) operate(img *image.NRGBA, b branch) (*image.NRGBA, error) {
	for _, op := range b.ops {
		j.doing = op.op.name
		if err := j.over(); err != nil {
			return nil, err
		}
		out, err := op.op.apply(j, img, args(op))
		if err != nil {
			return nil, &Error{Kind: ClassOperation, Doing: op.op.name, Err: err}
		}
		img = out
	}
	return img, j.over()
}
