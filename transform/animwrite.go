package transform

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"slices"
	"time"

	"imgpipe/transform/internal/gif"
	"imgpipe/transform/internal/png"
	"imgpipe/transform/internal/webp"
)

// plays returns how often a file of format f is shown that is to be shown so many times and counts to most.
func (j *job) plays(f Format, n, most int) int {
	if n > most {
		j.lose(fmt.Sprintf("the %s is shown %d times, not %d: its format counts no further", f, most, n))
		return most
	}
	return n
}

// somewhere returns r, or the first pixel if r is empty: a frame without a pixel is not allowed.
func somewhere(r image.Rectangle) image.Rectangle {
	if r.Empty() {
		return image.Rect(0, 0, 1, 1)
	}
	return r
}

// cut returns a copy of a part of img, which begins at 0,0.
func cut(img *image.NRGBA, r image.Rectangle) *image.NRGBA {
	return copied(nil, img.SubImage(r).(*image.NRGBA))
}

// cutChanges returns a copy of a part of img. Pixels that are the same in base are transparent. ok is false if another
// is not opaque: the result cannot be laid over base.
func cutChanges(base, img *image.NRGBA, r image.Rectangle) (part *image.NRGBA, ok bool) {
	part, ok = image.NewNRGBA(image.Rectangle{Max: r.Size()}), true
	for y := range r.Dy() {
		to := part.Pix[y*part.Stride:][:part.Stride]
		p, q := base.Pix[base.PixOffset(r.Min.X, r.Min.Y+y):], img.Pix[img.PixOffset(r.Min.X, r.Min.Y+y):]
		for i := 0; i < len(to); i += 4 {
			if !samePixel(p[i:i+4], q[i:i+4]) {
				copy(to[i:i+4], q[i:i+4])
				ok = ok && q[i+3] == 255
			}
		}
	}
	return part, ok
}

// A gifAnimator makes a GIF. It is one frame behind: what becomes of the place of a frame depends on the next. A GIF
// cannot make a pixel transparent but by taking away the frame that it is in.
type gifAnimator struct {
	out     *gif.Writer
	e       encoding
	clock   clock
	base    *image.NRGBA // what is shown before the last frame that came
	last    *image.NRGBA // that frame; nil at first
	shown   int
	written bool
}

func animateGIF(j *job, e encoding, size image.Point, plays int) (animator, error) {
	out, err := gif.NewWriter(size.X, size.Y, j.plays(GIF, plays, gif.MaxPlays))
	return &gifAnimator{
		out: out, e: e, clock: clock{unit: 10 * time.Millisecond, most: 1<<16 - 1},
		base: image.NewNRGBA(image.Rectangle{Max: size}),
	}, err
}

func (a *gifAnimator) add(j *job, img *image.NRGBA, shown duration) error {
	if !binaryAlpha(img) {
		j.lostAlpha(GIF)
	}
	img = j.solid(img)
	if a.last != nil {
		if err := a.write(j, vanished(a.last, img)); err != nil {
			return err
		}
	}
	a.last, a.shown = copied(a.last, img), a.clock.units(shown)
	return nil
}

func (a *gifAnimator) end(j *job) ([]byte, error) {
	if err := a.write(j, image.Rectangle{}); err != nil {
		return nil, err
	}
	return a.out.Bytes(), nil
}

// write writes the last frame, in whose rectangle gone pixels become transparent behind it.
func (a *gifAnimator) write(j *job, gone image.Rectangle) error {
	r := differing(a.base, a.last)
	m := gif.Image{Delay: a.shown, Dispose: gif.Keep}
	if !gone.Empty() {
		r, m.Dispose = r.Union(gone), gif.Background
	}
	if r = somewhere(r); !a.written {
		r, a.written = a.last.Rect, true
	}
	part, _ := cutChanges(a.base, a.last, r)
	few, ok := exactPalette(part, a.e.colors)
	if !ok { // the color that means no change may be one too many
		whole := cut(a.last, r)
		for i := 0; i < len(whole.Pix); i += 4 {
			if whole.Pix[i+3] == 0 {
				clear(whole.Pix[i : i+4])
			}
		}
		few, ok = exactPalette(whole, a.e.colors)
	}
	if !ok {
		var err error
		if few, err = j.reduce(part, a.e.colors); err != nil {
			return err
		}
	}
	m.Place, m.Pix = r, few.Pix
	for _, c := range few.Palette {
		c := c.(color.NRGBA)
		m.Palette = append(m.Palette, [4]byte{c.R, c.G, c.B, c.A})
	}
	if err := a.out.Add(&m, j.stop); err != nil {
		return err
	}
	copyRect(a.base, a.last, r)
	if m.Dispose == gif.Background {
		fillRect(a.base, r)
	}
	return nil
}

// vanished returns the rectangle around the pixels of a that are transparent in b and were not.
func vanished(a, b *image.NRGBA) (r image.Rectangle) {
	for y := range a.Rect.Dy() {
		p, q := a.Pix[y*a.Stride:][:a.Stride], b.Pix[y*b.Stride:]
		for x := range a.Rect.Dx() {
			if p[4*x+3] != 0 && q[4*x+3] == 0 {
				r = r.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return r
}

// A pngAnimator makes an APNG.
type pngAnimator struct {
	out  *png.Animator
	e    encoding
	last *image.NRGBA // nil at first
	play uint32
}

func animatePNG(j *job, e encoding, size image.Point, plays int) (animator, error) {
	options := png.EncodeOptions{
		Compression: e.compression,
		ICC:         j.embed(e.profile, PNG, false), EXIF: e.metadata.EXIF, XMP: e.metadata.XMP,
	}
	// An encoder of its own: those of several sizes are at work at once.
	out := new(png.Encoder).Animate(size.X, size.Y, options)
	return &pngAnimator{out: out, e: e, play: uint32(plays)}, nil
}

func (a *pngAnimator) add(j *job, img *image.NRGBA, shown duration) error {
	if a.e.colors != 0 {
		if _, exact := exactPalette(img, a.e.colors); !exact {
			few, err := j.reduce(img, a.e.colors)
			if err != nil {
				return err
			}
			img = rgbaOf(few)
		}
	}
	s := png.Shown{Dispose: png.Keep}
	s.Num, s.Den = shown.fraction()
	part := img
	if a.last != nil {
		r := somewhere(differing(a.last, img))
		s.At = r.Min
		if part, s.Blend = cutChanges(a.last, img, r); !s.Blend {
			part = cut(img, r)
		}
	}
	p := png.Picture{Layout: png.RGBA, Pix: part.Pix, Stride: part.Stride, W: part.Rect.Dx(), H: part.Rect.Dy()}
	if err := a.out.Add(&p, s, j.stop); err != nil {
		return err
	}
	a.last = copied(a.last, img)
	return nil
}

func (a *pngAnimator) end(*job) ([]byte, error) { return a.out.End(a.play), nil }

// fraction returns d as a PNG has it: in two numbers of 16 bits. The longest is 65,535 seconds.
func (d duration) fraction() (num, den uint16) {
	const most = 1<<16 - 1
	for d.num > most && d.den > 1 {
		d.num, d.den = d.num/10, max(1, d.den/10)
	}
	return uint16(min(d.num, most)), uint16(d.den)
}

// A webpAnimator makes a WebP.
type webpAnimator struct {
	out      webp.Animation
	e        encoding
	lossless bool
	clock    clock
	last     *image.NRGBA // nil at first
}

func animateWebP(j *job, e encoding, size image.Point, plays int) (animator, error) {
	return newWebPAnimator(j, e, size, plays, WebP), nil
}

func animateWebPLossless(j *job, e encoding, size image.Point, plays int) (animator, error) {
	return newWebPAnimator(j, e, size, plays, WebPLossless), nil
}

func newWebPAnimator(j *job, e encoding, size image.Point, plays int, f Format) animator {
	return &webpAnimator{
		e: e, lossless: f == WebPLossless, clock: clock{unit: time.Millisecond, most: webp.MaxDuration},
		out: webp.Animation{W: size.X, H: size.Y, Plays: j.plays(f, plays, webp.MaxPlays), Extras: j.webpExtras(e, f)},
	}
}

func (a *webpAnimator) add(j *job, img *image.NRGBA, shown duration) (err error) {
	f := webp.Frame{Duration: a.clock.units(shown)}
	part := img
	if a.last != nil {
		r := somewhere(differing(a.last, img))
		r.Min.X, r.Min.Y = r.Min.X&^1, r.Min.Y&^1 // places are even
		f.X, f.Y = r.Min.X, r.Min.Y
		if a.lossless {
			part, f.Blend = cutChanges(a.last, img, r)
		}
		if !f.Blend {
			part = cut(img, r)
		}
	}
	if a.lossless {
		f.Still, err = j.losslessStill(part, a.e)
	} else {
		f.Still, err = j.lossyStill(part, a.e)
	}
	if err != nil {
		return err
	}
	a.out.Frames = append(a.out.Frames, f)
	a.last = copied(a.last, img)
	return nil
}

func (a *webpAnimator) end(*job) ([]byte, error) { return webp.AppendAnimation(nil, &a.out) }

// rgbaOf returns an image without its palette.
func rgbaOf(few *image.Paletted) *image.NRGBA {
	img := image.NewNRGBA(few.Rect)
	draw.Draw(img, img.Rect, few, image.Point{}, draw.Src)
	return img
}

// onlyFirst returns a warning that frames or pages behind the first were left out of some output; "" if none were,
// or if s asks for that.
func (s Spec) onlyFirst(m *meta, p *plan) string {
	what := m.Format.row().frames
	animation := m.Format.row().animate != nil
	switch {
	case !m.more || animation && s.Animate == AnimationFirst:
		return ""
	case !animation || m.frames == nil:
		return "only the first " + what + " was used"
	}
	var lost []string
	for i := range p.legs {
		if name := string(p.legs[i].row.name); !p.legs[i].animates() && !slices.Contains(lost, name) {
			lost = append(lost, name)
		}
	}
	if lost == nil {
		return ""
	}
	const form = "only the first %s was used in the %s: %s keep it"
	return fmt.Sprintf(form, what, inWords(lost, "and"), keeping(func(r *format) bool { return r.animate != nil }))
}
