package transform

import (
	"cmp"
	"fmt"
	"image"
	"math"
	"strings"

	"github.com/disintegration/imaging"

	"imgpipe/transform/internal/resample"
)

// A Fit says how an image is brought into a box of another shape.
type Fit string

// The fits. "" is FitInside.
const (
	FitInside  Fit = "inside"  // the whole image, as large as the box allows; one side may be shorter
	FitCover   Fit = "cover"   // fills the box and cuts off what reaches beyond it; Gravity says what is kept
	FitContain Fit = "contain" // the whole image, and the background around it to fill the box
	FitFill    Fit = "fill"    // stretched to the box
)

// A Gravity names a side or corner of an image or box, "center", or "smart" for what stands out. "" is "center".
type Gravity string

// A Filter names a method of resampling. "" is "lanczos".
type Filter string

var (
	fitWords     = []string{string(FitInside), string(FitCover), string(FitContain), string(FitFill)}
	compassWords = []string{
		"center", "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest",
	}
	gravityWords = append([]string{"smart"}, compassWords...)
	filterWords  = []string{"lanczos", "catmullrom", "mitchell", "linear", "box", "nearest"}
)

// resamplers are the methods by their names. "" is for no change of size, where all have the same result.
var resamplers = map[Filter]resample.Filter{
	"":           resample.Lanczos3,
	"lanczos":    resample.Lanczos3,
	"catmullrom": resample.CatmullRom,
	"mitchell":   resample.Mitchell,
	"linear":     resample.Bilinear,
	"box":        resample.Box,
	"nearest":    resample.Nearest,
}

// ParseFit reads inside, cover, contain or fill.
func ParseFit(s string) (Fit, error) {
	v, err := parseWord("fit", s, fitWords)
	return Fit(v), err
}

// ParseGravity reads smart, center, north, northeast, east, southeast, south, southwest, west or northwest.
func ParseGravity(s string) (Gravity, error) {
	v, err := parseWord("gravity", s, gravityWords)
	return Gravity(v), err
}

// ParseFilter reads lanczos, catmullrom, mitchell, linear, box or nearest.
func ParseFilter(s string) (Filter, error) {
	v, err := parseWord("filter", s, filterWords)
	return Filter(v), err
}

func parseWord(name, s string, words []string) (string, error) {
	a := argument{name: name, kind: kindChoice, choices: words}
	v, err := a.parse(s)
	return v.text, err
}

// A Resize is a size to make. The zero value is not valid, as it names no size.
type Resize struct {
	// Width and Height are the sides of the box in pixels. One of them may be 0: it follows from the other and the
	// shape of the image.
	Width, Height int
	// Percent is the size relative to that of the image, in place of Width and Height. 100 is the image's own.
	Percent float64
	// Fit, Gravity and Filter say how; "" is the default. Gravity matters to FitCover and FitContain.
	Fit     Fit
	Gravity Gravity
	Filter  Filter
	// Upscale allows an image to become larger. Without it, FitInside, FitFill and the picture inside FitContain stop
	// at the image's own size, and FitCover makes the largest image that has the shape of the box.
	Upscale bool
}

// ParseResize reads a size: 800x600, 800x, x600, 320 (a box of 320x320) or 50%. It may be followed by the other
// arguments of the operation resize: "800x600,fit=cover,gravity=smart".
func ParseResize(s string) (Resize, error) {
	op, err := ParseOp("resize=" + s)
	if err != nil {
		return Resize{}, err
	}
	return resizeOf(args(op)), nil
}

// String returns the canonical text, which ParseResize reads.
func (r Resize) String() string {
	_, text, _ := strings.Cut(r.op().String(), "=")
	return text
}

// Label returns the size as it stands in the names of files: "320", "800x600", "800w", "600h" or "50pct".
func (r Resize) Label() string {
	switch {
	case r.Percent > 0:
		return strings.ReplaceAll(number(r.Percent), ".", "_") + "pct"
	case r.Height == 0:
		return fmt.Sprintf("%dw", r.Width)
	case r.Width == 0:
		return fmt.Sprintf("%dh", r.Height)
	case r.Width == r.Height:
		return fmt.Sprint(r.Width)
	}
	return fmt.Sprintf("%dx%d", r.Width, r.Height)
}

// op returns r as an operation, with the defaults filled in.
func (r Resize) op() Op {
	o := findOperation("resize")
	op := Op{op: o, values: make([]value, len(o.args))}
	for i := range o.args {
		a := &o.args[i]
		text := a.def
		switch a.name {
		case "size":
			op.values[i] = r.size()
			continue
		case "fit":
			text = cmp.Or(string(r.Fit), text)
		case "gravity":
			text = cmp.Or(string(r.Gravity), text)
		case "filter":
			text = cmp.Or(string(r.Filter), text)
		case "upscale":
			if r.Upscale {
				text = "on"
			}
		}
		op.values[i], _ = a.read(text)
	}
	return op
}

// size returns the argument size of the operation.
func (r Resize) size() value {
	if r.Percent > 0 {
		return value{text: number(r.Percent) + "%", w: length{r.Percent, true}}
	}
	v := value{w: length{n: float64(r.Width)}, h: length{n: float64(r.Height)}}
	for i, side := range []int{r.Width, r.Height} {
		if i == 1 {
			v.text += "x"
		}
		if side != 0 {
			v.text += fmt.Sprint(side)
		}
	}
	return v
}

// resizeOf returns the Resize of the operation resize.
func resizeOf(a args) Resize {
	r := Resize{
		Fit: Fit(a.text("fit")), Gravity: Gravity(a.text("gravity")), Filter: Filter(a.text("filter")),
		Upscale: a.on("upscale"),
	}
	size := a.at("size")
	if size.w.percent {
		r.Percent = size.w.n
	} else {
		r.Width, r.Height = int(size.w.n), int(size.h.n)
	}
	return r
}

// validate checks a Resize that was made by hand, through the same table as one that was parsed.
func (r Resize) validate() error {
	text := r.String()
	back, err := ParseResize(text)
	if err != nil {
		return err
	}
	if back.Percent > 100 && !r.Upscale {
		return &ValueError{
			What: "size", Value: text, Problem: "makes images larger", Expected: "at most 100%, or upscale",
		}
	}
	return nil
}

// A frame is the geometry of one resize: the part of the source that shows, its size in the result, and the canvas on
// which it lies.
type frame struct {
	src              image.Rectangle // part of the source; for smart gravity its place is found later
	width, height    int             // size of that part in the result
	canvasW, canvasH int
	offset           image.Point // of the resized picture on the canvas
}

// frame computes the geometry for a source of w × h pixels.
func (r Resize) frame(w, h int) frame {
	f := frame{src: image.Rect(0, 0, w, h)}
	whole := func(fw, fh float64) frame {
		f.width, f.height = side(fw), side(fh)
		f.canvasW, f.canvasH = f.width, f.height
		return f
	}
	sw, sh := float64(w), float64(h)
	bw, bh := float64(r.Width), float64(r.Height)
	limit := 1.0
	if r.Upscale {
		limit = math.Inf(1)
	}
	switch {
	case r.Percent > 0:
		s := math.Min(limit, r.Percent/100)
		return whole(sw*s, sh*s)
	case r.Height == 0:
		s := math.Min(limit, bw/sw)
		return whole(sw*s, sh*s)
	case r.Width == 0:
		s := math.Min(limit, bh/sh)
		return whole(sw*s, sh*s)
	}
	switch r.Fit {
	case FitFill:
		return whole(math.Min(bw, sw*limit), math.Min(bh, sh*limit))
	case FitCover:
		// A box with more pixels than there are shrinks and keeps its shape.
		s := math.Min(1, limit*math.Min(sw/bw, sh/bh))
		whole(bw*s, bh*s)
		seen := math.Min(sw/bw, sh/bh)
		cw, ch := min(w, side(bw*seen)), min(h, side(bh*seen))
		f.src = place(w, h, cw, ch, string(r.Gravity))
		return f
	}
	s := math.Min(limit, math.Min(bw/sw, bh/sh))
	whole(sw*s, sh*s)
	if r.Fit == FitContain {
		f.canvasW, f.canvasH = r.Width, r.Height
		f.width, f.height = min(f.width, r.Width), min(f.height, r.Height)
		f.offset = place(f.canvasW, f.canvasH, f.width, f.height, string(r.Gravity)).Min
	}
	return f
}

// side rounds to whole pixels, at least one.
func side(f float64) int { return max(1, int(math.Round(f))) }

// place returns a box of bw × bh in, or over, one of w × h, at the side or corner that gravity names.
func place(w, h, bw, bh int, gravity string) image.Rectangle {
	x, y := (w-bw)/2, (h-bh)/2
	if strings.Contains(gravity, "west") {
		x = 0
	}
	if strings.Contains(gravity, "east") {
		x = w - bw
	}
	if strings.HasPrefix(gravity, "north") {
		y = 0
	}
	if strings.HasPrefix(gravity, "south") {
		y = h - bh
	}
	return image.Rect(x, y, x+bw, y+bh)
}

func resizeSize(a args, w, h int) (int, int, error) {
	f := resizeOf(a).frame(w, h)
	return f.canvasW, f.canvasH, nil
}

// resizeExtra counts the rows and weights of the resampler, the picture that is laid on a canvas, and the copy of the
// canvas that this takes.
func resizeExtra(a args, w, h int) int64 {
	f := resizeOf(a).frame(w, h)
	extra := 100 * int64(min(w, prescaleSide)+min(h, prescaleSide)+f.width+f.height)
	if f.src.Size() != image.Pt(w, h) || f.canvasW != f.width || f.canvasH != f.height {
		extra += 4 * int64(f.width) * int64(f.height)
	}
	if f.canvasW != f.width || f.canvasH != f.height {
		extra += 4 * int64(f.canvasW) * int64(f.canvasH)
	}
	if w > prescaleSide || h > prescaleSide {
		extra += 2 * int64(w) * int64(h) // shrunk before
	}
	return extra
}

func applyResize(j *job, img *image.NRGBA, a args) (*image.NRGBA, error) {
	r := resizeOf(a)
	b := img.Bounds()
	f := r.frame(b.Dx(), b.Dy())
	if r.Fit == FitCover && r.Gravity == "smart" && f.src != b {
		f.src = j.smartPlace(img, f.src.Dx(), f.src.Dy())
	}
	out := img
	if f.src != b {
		out = img.SubImage(f.src).(*image.NRGBA)
	}
	if f.src.Size() != image.Pt(f.width, f.height) {
		out = resizedIn(out, f.width, f.height, resamplers[r.Filter], j.linear && r.Filter != "nearest")
	} else if f.src != b {
		out = imaging.Clone(out)
	}
	if f.canvasW == f.width && f.canvasH == f.height {
		return out, nil
	}
	canvas := imaging.New(f.canvasW, f.canvasH, j.background)
	return imaging.Overlay(canvas, out, f.offset, 1), nil
}

// prescaleSide is the longest side that is resampled at once. The weights of a longer one would take gigabytes of
// memory, and half of its samples are as good.
const prescaleSide = 1 << 15

// resized returns img in another size.
func resized(img *image.NRGBA, w, h int, f resample.Filter) *image.NRGBA {
	return resizedIn(img, w, h, f, false)
}

// resizedIn is resized, in linear light if that is asked for.
func resizedIn(img *image.NRGBA, w, h int, f resample.Filter, linear bool) *image.NRGBA {
	b := img.Bounds()
	fx := max(1, min((b.Dx()+prescaleSide-1)/prescaleSide, b.Dx()/w))
	fy := max(1, min((b.Dy()+prescaleSide-1)/prescaleSide, b.Dy()/h))
	if fx > 1 || fy > 1 {
		img = shrink(img, fx, fy, linear)
	}
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	r := spares.Get().(*resample.Resampler)
	defer spares.Put(r)
	r.Linear = linear
	if err := r.NRGBA(out, img, resample.Window{}, f); err != nil {
		panic(err) // an error means sizes that contradict each other, and these do not
	}
	return out
}

// shrink returns the averages of blocks of fx × fy pixels, weighted by their alpha: of levels, or of their light.
func shrink(img *image.NRGBA, fx, fy int, linear bool) *image.NRGBA {
	var values [256]uint64 // of levels: these, or their light
	for v := range values {
		if values[v] = uint64(v); linear {
			values[v] = resample.Light(uint8(v))
		}
	}
	b := img.Bounds()
	w, h := (b.Dx()+fx-1)/fx, (b.Dy()+fy-1)/fy
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			var sum [3]uint64
			var alpha, count uint64
			for sy := y * fy; sy < min((y+1)*fy, b.Dy()); sy++ {
				for sx := x * fx; sx < min((x+1)*fx, b.Dx()); sx++ {
					p := img.Pix[sy*img.Stride+sx*4:][:4]
					a := uint64(p[3])
					sum[0] += values[p[0]] * a
					sum[1] += values[p[1]] * a
					sum[2] += values[p[2]] * a
					alpha += a
					count++
				}
			}
			if alpha == 0 {
				continue
			}
			p := out.Pix[y*out.Stride+x*4:][:4]
			for c := range sum {
				if mean := (sum[c] + alpha/2) / alpha; linear {
					p[c] = resample.Level(mean)
				} else {
					p[c] = uint8(mean)
				}
			}
			p[3] = uint8((alpha + count/2) / count)
		}
	}
	return out
}
