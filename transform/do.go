package transform

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"runtime/debug"
	"sync"
	"time"

	"github.com/disintegration/imaging"

	"imgpipe/transform/internal/exif"
)

// serial makes imaging use one goroutine for each operation. By default it uses one for each CPU: serial work would be
// parallel, and tasks that run at once would get in each other's way.
var serial sync.Once

// A job is one Task while it is done.
type job struct {
	ctx        context.Context
	limits     Limits
	background *image.Uniform
	assets     map[string]*asset
	doing      string         // what is being done, for the message of an error
	flattened  []Format       // of the outputs that have lost transparency
	first      string         // that frames or pages after the first were left out
	crops      *cropping      // of an animation, nil for other images
	lacks      string         // what is missing of a damaged picture that was kept
	remarks    []string       // what was odd in its file
	inks       *profile       // makes sRGB of CMYK while it is decoded, nil for the plain formula
	pixels     *profile       // profile that the pixels have which are worked on, nil for sRGB
	colors     []string       // what was lost of the meaning of colors
	metadata   *exif.Metadata // what goes into the outputs, nil for none
	srgb       bool           // the colors of the outputs are converted to sRGB
	lost       []string       // what was lost of it
	free       int64          // nanoseconds of work that the file may still ask for
	sizes      []string       // warnings of sizes: smaller than their box, or not made
	bits       string         // why an output has fewer bits than it could have
	linear     bool           // pixels are resized in linear light
	source     Header         // of the input, once it was read
	space      *workspace     // memory that is used again
	name       string         // Task.Name
	taken      string         // when the input was taken, as in a Result; "" unless it is asked for
	camera     string         // with what, likewise
}

func newJob(ctx context.Context, s Spec, l Limits) *job {
	serial.Do(func() { imaging.SetMaxProcs(1) })
	return &job{
		ctx: ctx, limits: l, free: math.MaxInt64, background: image.NewUniform(s.Background.nrgba()), assets: s.assets,
		doing: "start", linear: s.Linear,
	}
}

// Do runs one Task. It is safe for use by several goroutines. The Result and its files belong to the caller.
//
// Every error is an *Error with a class, with two exceptions: if ctx was canceled, the error wraps that of ctx, and if
// the Task needs more memory than its Grant, the error is a *NeedError. A deadline of ctx, or the end of Limits.Time,
// is an *Error of class "timeout". Do looks at both while it decodes and encodes and between operations; it does not
// interrupt an operation. With an error, the Result has a Source at most.
func Do(ctx context.Context, t Task) (Result, error) {
	if t.Limits.Time > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, t.Limits.Time)
		defer cancel()
	}
	j := newJob(ctx, t.Spec, t.Limits)
	var res Result
	err := guard(&j.doing, func() (err error) {
		res, err = j.run(t)
		if j.lacks != "" {
			res.Damaged = true
			res.Warnings = append(res.Warnings, j.lacks)
		}
		res.Warnings = append(res.Warnings, j.remarks...)
		if j.first != "" {
			res.Warnings = append(res.Warnings, j.first)
		}
		res.Warnings = append(res.Warnings, j.sizes...)
		if j.bits != "" {
			res.Warnings = append(res.Warnings, j.bits)
		}
		for _, f := range j.flattened {
			res.Warnings = append(res.Warnings, t.Spec.flattened(f.row()))
		}
		res.Warnings = append(res.Warnings, j.colors...)
		res.Warnings = append(res.Warnings, j.lost...)
		return err
	})
	if err != nil {
		return Result{Source: j.source}, err
	}
	return res, nil
}

// flattened returns the warning that outputs of a format have lost transparency.
func (s Spec) flattened(row *format) string {
	what := "transparency"
	if row.alpha == alphaBinary {
		what = "partial transparency"
	}
	best := formatsThat(func(r *format) bool { return r.alpha == alphaFull })[0]
	return fmt.Sprintf("%s was laid over %s, as %s has none: %s keeps it", what, s.Background.name(), row.name, best)
}

// guard calls f and makes an *Error of a panic in it. doing points at what is being done.
func guard(doing *string, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Error{Kind: ClassPanic, Doing: *doing, Err: fmt.Errorf("fault: %v", p), Stack: debug.Stack()}
		}
	}()
	return f()
}

// ended returns nil until the context has ended, and then the error of the job.
func (j *job) ended() error {
	err := j.ctx.Err()
	if errors.Is(err, context.DeadlineExceeded) {
		return &Error{Kind: ClassTimeout, Doing: j.doing, Err: errors.New("timed out")}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", j.doing, err)
	}
	return nil
}

// run does the steps of Do in order: spec, header, limits, plan, memory, price, and then the path.
func (j *job) run(t Task) (Result, error) {
	if err := j.ended(); err != nil {
		return Result{}, err
	}
	if err := t.Spec.Validate(); err != nil {
		return Result{}, &Error{Kind: ClassOperation, Doing: "read spec", Err: err}
	}
	start := time.Now()
	data, m, err := t.Spec.source(t.Data)
	if err != nil {
		return Result{}, err
	}
	h := m.Header
	j.source = h.plain()
	if err := h.readable(); err != nil {
		return Result{}, err
	}
	// An input that is too large is refused first; then outputs that are impossible. Only then is anything decoded.
	if err := t.Limits.check(h.Width, h.Height); err != nil {
		return Result{}, h.tooLarge(err)
	}
	if err := t.Limits.wants(h); err != nil {
		return Result{}, err
	}
	p, err := t.Spec.plan(h, t.Limits)
	if err != nil {
		return Result{}, err
	}
	if err := t.granted(h); err != nil {
		return Result{}, err
	}
	if err := h.affordable(p, t.Limits); err != nil {
		return Result{}, err
	}
	j.free = t.Limits.freeWork() + workPerByte*m.price.bytes - m.price.work
	j.first, j.sizes, j.inks = t.Spec.onlyFirst(&m, &p), append(p.small, p.notMade()...), m.colors.inks
	j.bits = p.rounded()
	for _, why := range p.colors {
		j.color(why)
	}
	j.doing = "decode " + string(h.Format)
	j.remarksOf(m.remarks)
	j.describe(t.Spec, &m, t.Data)
	j.space = workspaces.Get().(*workspace)
	defer j.space.release()
	j.name = t.Name
	if t.Spec.Facts || t.Spec.dates() {
		facts := exif.CameraOf(structure(m.described.exif))
		j.taken, j.camera = facts.Taken, facts.Camera
	}
	way := p.path(h)
	res := Result{Source: h.plain(), Path: way.name(), Stripped: t.Spec.strips(&m)}
	if err := way.run(j, data, m, &res, start); err != nil {
		return Result{}, err
	}
	if t.Spec.Facts {
		res.Taken, res.Camera = j.taken, j.camera
	}
	j.originals(t, &m, &p, &res)
	return res, nil
}
