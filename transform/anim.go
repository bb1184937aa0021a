package transform

import (
	"fmt"
	"image"
	"time"

	"imgpipe/transform/internal/codec"
)

// maxFrames bounds the frames of an animation, whatever they cost.
const maxFrames = 10_000

// An animation is what is known of the frames of a file before any pixel is decoded.
type animation struct {
	frames int   // how many there are: at least one; more than maxFrames if it is known that there are too many
	told   int   // how many the file says that it has, 0 for nothing
	pixels int64 // of all frames, each by itself
	plays  int   // how often the whole is shown, 0 for ever
	source func(data []byte, m *meta) frameSource
}

// Frames returns how many frames an animation has, as far as its header says: 10,001 where there are more than 10,000.
// It is 1 for other images, and for a Header that does not come from ReadHeader.
func (h Header) Frames() int {
	if h.traits == nil || h.traits.frames == nil {
		return 1
	}
	return h.traits.frames.frames
}

// A frameSource decodes the frames of one file, one after the other.
type frameSource interface {
	// next returns the next frame, which is good until the next call. It is nil behind the last. The only error is
	// codec.ErrStopped.
	next(j *job) (*sourceFrame, error)
	// end returns, behind the last frame, why there are no more; nil for the end of the file.
	end(j *job) error
}

// A sourceFrame is one frame of a file.
type sourceFrame struct {
	pix     *image.NRGBA    // nil for one without pixels
	place   image.Rectangle // on the canvas; it may reach over it
	shown   duration
	dispose disposal
	blend   bool // laid over the canvas by its alpha; else it replaces what is there
	damage  codec.Damage
	odd     []string
}

// A duration is num / den seconds. den is not 0.
type duration struct{ num, den int64 }

// nanoseconds returns d as a number that durations of other files can be compared with.
func (d duration) nanoseconds() int64 { return (d.num*int64(time.Second) + d.den/2) / d.den }

// A clock turns durations into whole units of a format. What is rounded off one frame goes into the next, so that the
// whole is as long as it was.
type clock struct {
	unit    time.Duration
	most    int64 // the longest that a frame can be shown, in units
	elapsed int64 // nanoseconds that the frames before are shown
	told    int64 // units for them
}

func (c *clock) units(d duration) int {
	c.elapsed += d.nanoseconds()
	unit := int64(c.unit)
	n := (c.elapsed+unit/2)/unit - c.told
	c.told += n
	return int(min(max(n, 0), c.most))
}

// A disposal says what becomes of the place of a frame when its time is over.
type disposal int

const (
	disposeKeep disposal = iota
	disposeClear
	disposePrevious
)

// An animator makes one file of frames that come one after the other.
type animator interface {
	// add takes a whole frame. It does not keep img, and does not change it.
	add(j *job, img *image.NRGBA, shown duration) error
	// end returns the file.
	end(j *job) ([]byte, error)
}

// animates reports whether outputs of l have all frames of the source.
func (l *leg) animates() bool { return l.enc.animated && l.row.animate != nil }

// mostFrames returns how many pixels the frames of a file may have in all.
func (l Limits) mostFrames() int64 {
	limit := l.MaxPixels
	if limit <= 0 {
		limit = DefaultMaxPixels
	}
	return 10 * limit
}

// FirstAlone is in the message of each error that Spec.Animate would avoid.
const FirstAlone = "its first frame can be taken alone"

// animated returns an *Error if p keeps an animation that has too many frames or asks for more work than its bytes are
// worth.
func (h Header) animated(p plan, l Limits) error {
	if !p.animated {
		return nil
	}
	a := h.traits.frames
	canvas := int64(h.Width) * int64(h.Height)
	if a.frames > maxFrames {
		return h.tooLarge(fmt.Errorf("the animation has over %d frames: %s", maxFrames, FirstAlone))
	}
	n, most := int64(a.frames), l.mostFrames()
	work := a.pixels*frameWork + canvas*n*canvasWork
	for i := range p.legs {
		leg := &p.legs[i]
		if !leg.animates() {
			continue
		}
		size := leg.size()
		out := int64(size.X) * int64(size.Y)
		if out > most/n {
			canvas = max(canvas, out)
		}
		out = min(out, canvas)
		// Most encoders look at what changes, which the frames of the source cover.
		changed := int64(float64(out) * min(float64(n), float64(a.pixels)/float64(canvas)))
		work += leg.row.work*changed + out*n*canvasWork
	}
	if canvas > most/n {
		const form = "the animation has %d frames of %.1f million pixels: expected at most %.1f million in all: %s"
		return h.tooLarge(fmt.Errorf(form, n, float64(canvas)/1e6, float64(most)/1e6, FirstAlone))
	}
	price := h.traits.price
	if least := (work - freeFrames*l.freeWork()) / workPerByte; price.bytes < least {
		const form = "the file has %d bytes, too few for %d frames of %dx%d pixels: expected at least %d: %s"
		return h.tooLarge(fmt.Errorf(form, price.bytes, n, h.Width, h.Height, least, FirstAlone))
	}
	return nil
}

const (
	// frameWork is how many nanoseconds a pixel of a frame takes until it is on the canvas.
	frameWork = 20
	// canvasWork is how many it takes to resize a pixel of the canvas, or to look whether it has changed.
	canvasWork = 8
	// freeFrames is how much more work than an image any animation may ask for.
	freeFrames = 5
)
