package transform

import (
	"errors"
	"image"
	"sync"

	"imgpipe/transform/internal/jpeg"
	"imgpipe/transform/internal/png"
	"imgpipe/transform/internal/resample"
	"imgpipe/transform/internal/tiff"
)

// weights keeps the weights of resampling for all workers: the images of a run mostly have few sizes.
var weights resample.Cache

// A workspace is what one image after the other can use again. Decoder and Encoder write before they read, so that nothing of an
// earlier image can appear.
type workspace struct {
	decoder   jpeg.Decoder
	encoder   jpeg.Encoder
	resampler resample.Resampler
	planes    [2][3][]byte // resampled, and turned
	png       png.Decoder
	tiff      *tiff.Decoder // nil until it is needed
	pngs      png.Encoder
	tiffs     tiff.Encoder
	streams   []*resample.Resampler // one for each output of an image that is decoded by rows
	large     bool                  // it has held an image that is too large to keep memory for
}

var (
	workspaces = sync.Pool{New: func() any { return &workspace{resampler: resample.Resampler{Cache: &weights}} }}
	// A resize that is an operation among others has no need of the rest.
	spares = sync.Pool{New: func() any { return &resample.Resampler{Cache: &weights} }}
)

// keepBytes is how much a workspace may have held and still be kept: what a 24-megapixel photo takes for a thumbnail, but not at full size.
const keepBytes = 16 << 20

// release keeps w for the next image, unless it has grown too large.
func (w *workspace) release() {
	if !w.large {
		workspaces.Put(w)
	}
}

// stop reports whether the time for a job is over.
func (j *job) stop() bool { return j.ctx.Err() != nil }

// jpegPlanes decodes a JPEG.
func (j *job) jpegPlanes(data []byte, p *planesPath) (*jpeg.Planes, error) {
	d := &j.space.decoder
	planes, report, err := d.Decode(data, p.header, jpeg.Options{Scale: p.scale, Stop: j.stop})
	if err != nil {
		return nil, j.jpegFault(err)
	}
	j.remarksOf(d.Remarks())
	return planes, j.damaged(report)
}

// jpegFault makes the *Error of what the decoder of planes said.
func (j *job) jpegFault(err error) error {
	if errors.Is(err, jpeg.ErrStopped) {
		if over := j.ended(); over != nil {
			return over
		}
	}
	kind := ClassDecode
	if errors.Is(err, jpeg.ErrUnsupported) {
		kind = ClassUnsupported
	}
	return &Error{Kind: kind, Doing: j.doing, Err: err}
}

// view makes the view of a leg of planes, at full range also where they have that of video. Chroma gets every sub-th column and row, and is left out where the leg is gray: what
// grayscale makes of RGB, with the weights of ITU-R BT.601, is Y again, but for colors outside the RGB cube. The result is w's until
// the next call.
func (w *workspace) view(planes *jpeg.Planes, h *jpeg.Header, l leg, sub int, video bool) (*jpeg.Planes, error) {
	out := &jpeg.Planes{Kind: planes.Kind}
	if l.gray {
		out.Kind = jpeg.Gray
	}
	v := l.view
	o := v.turn.orientation()
	for i := range out.N() {
		of := 1
		if i > 0 {
			of = sub
		}
		// The last column and row of chroma may stand over.
		size := image.Pt((v.size.X+of-1)/of, (v.size.Y+of-1)/of)
		x, y, width, height := v.part(image.Rect(0, 0, of*size.X, of*size.Y))
		src := planes.Plane[i]
		sx, sy := src.ExtentW/float64(h.Width), src.ExtentH/float64(h.Height)
		window := resample.Window{X: x * sx, Y: y * sy, W: width * sx, H: height * sy}
		if v.turn.swap {
			size = image.Pt(size.Y, size.X)
		}
		from := resample.Plane{Pix: src.Pix, Stride: src.Stride, W: src.W, H: src.H}
		dst, same := asItIs(from, window, size)
		if !same {
			dst = w.plane(0, i, size)
			if err := w.resampler.Plane(dst, from, window, resamplers[v.filter]); err != nil {
				return nil, err
			}
		}
		if video {
			from := dst
			if same { // other legs may want the source
				dst = w.plane(0, i, size)
			}
			fullRange(dst, from, i > 0)
		}
		if o != 1 {
			if v.turn.swap {
				size = image.Pt(size.Y, size.X)
			}
			turned := w.plane(1, i, size)
			resample.Orient(turned, dst, o)
			dst = turned
		}
		out.Plane[i] = jpeg.Plane{Pix: dst.Pix, Stride: dst.Stride, W: dst.W, H: dst.H, ExtentW: float64(dst.W), ExtentH: float64(dst.H)}
	}
	return out, nil
}

// neutral adds chroma without color to a gray picture: a profile for RGB, which says how light each level is, needs a file that can be RGB.
func (w *workspace) neutral(gray *jpeg.Planes) *jpeg.Planes {
	luma := gray.Plane[0]
	out := &jpeg.Planes{Kind: jpeg.YCbCr, Plane: [4]jpeg.Plane{luma}}
	for i := 1; i < 3; i++ {
		p := w.plane(0, i, image.Pt((luma.W+1)/2, (luma.H+1)/2))
		for k := range p.Pix {
			p.Pix[k] = 128
		}
		out.Plane[i] = jpeg.Plane{Pix: p.Pix, Stride: p.Stride, W: p.W, H: p.H}
	}
	return out
}

// asItIs gives the part of src that the window shows, if it shows whole samples and none is to be changed.
func asItIs(src resample.Plane, w resample.Window, size image.Point) (part resample.Plane, ok bool) {
	x, y := int(w.X), int(w.Y)
	if float64(x) != w.X || float64(y) != w.Y || float64(size.X) != w.W || float64(size.Y) != w.H ||
		x < 0 || y < 0 || x+size.X > src.W || y+size.Y > src.H {
		return src, false
	}
	return src.Crop(x, y, size.X, size.Y), true
}

// plane gives a plane of that size, whose samples are arbitrary.
func (w *workspace) plane(set, i int, size image.Point) resample.Plane {
	n := size.X * size.Y
	if cap(w.planes[set][i]) < n {
		w.planes[set][i] = make([]byte, n)
	}
	return resample.Plane{Pix: w.planes[set][i][:n], Stride: size.X, W: size.X, H: size.Y}
}

// encode makes a JPEG file of planes. Tables made for the picture cost a tenth of the time of encoding and make files 3 to 5 % smaller.
func (w *workspace) encode(pic *jpeg.Planes, quality int, icc []byte) ([]byte, error) {
	return w.encoder.Append(nil, pic, jpeg.EncodeOptions{Quality: quality, Optimize: true, ICC: icc})
}

// rgbOf converts planes of one size to RGB (JFIF: ITU-R BT.601 at full range).
func rgbOf(pic *jpeg.Planes) *image.NRGBA {
	luma := pic.Plane[0]
	img := image.NewNRGBA(image.Rect(0, 0, luma.W, luma.H))
	for y := range luma.H {
		to, from := img.Pix[y*img.Stride:][:4*luma.W], luma.Pix[y*luma.Stride:][:luma.W]
		if pic.Kind == jpeg.Gray {
			for x, v := range from {
				p := to[4*x:][:4]
				p[0], p[1], p[2], p[3] = v, v, v, 255
			}
			continue
		}
		blue, red := pic.Plane[1].Pix[y*pic.Plane[1].Stride:][:luma.W], pic.Plane[2].Pix[y*pic.Plane[2].Stride:][:luma.W]
		for x, v := range from {
			yy, cb, cr := int32(v)<<16+1<<15, int32(blue[x])-128, int32(red[x])-128
			p := to[4*x:][:4]
			p[0], p[1], p[2], p[3] = clamp(yy+91881*cr), clamp(yy-22554*cb-46802*cr), clamp(yy+116130*cb), 255
		}
	}
	return img
}

// clamp gives the whole part of a number with 16 binary digits behind the point, within a byte.
func clamp(v int32) uint8 {
	if v>>24 == 0 {
		return uint8(v >> 16)
	}
	return uint8(^(v >> 31))
}

// planesOf converts an opaque image to YCbCr planes (JFIF), or to one plane if gray is set, which wants every pixel to be gray. Chroma is the mean of sub × sub pixels.
func (w *workspace) planesOf(img *image.NRGBA, gray bool, sub int) *jpeg.Planes {
	width, height := img.Rect.Dx(), img.Rect.Dy()
	luma := w.plane(0, 0, image.Pt(width, height))
	out := &jpeg.Planes{Kind: jpeg.Gray}
	if gray {
		for y := range height {
			from, to := img.Pix[y*img.Stride:][:4*width], luma.Row(y)
			for x := range to {
				to[x] = from[4*x]
			}
		}
		out.Plane[0] = jpeg.Plane{Pix: luma.Pix, Stride: luma.Stride, W: width, H: height}
		return out
	}
	out.Kind = jpeg.YCbCr
	size := image.Pt((width+sub-1)/sub, (height+sub-1)/sub)
	blue, red := w.plane(0, 1, size), w.plane(0, 2, size)
	for cy := range size.Y {
		blues, reds := blue.Row(cy), red.Row(cy)
		for cx := range size.X {
			var r, g, b, n int32
			for y := cy * sub; y < min((cy+1)*sub, height); y++ {
				for x := cx * sub; x < min((cx+1)*sub, width); x++ {
					p := img.Pix[y*img.Stride+4*x:][:4]
					pr, pg, pb := int32(p[0]), int32(p[1]), int32(p[2])
					luma.Pix[y*luma.Stride+x] = uint8((19595*pr + 38470*pg + 7471*pb + 1<<15) >> 16)
					r, g, b, n = r+pr, g+pg, b+pb, n+1
				}
			}
			// n is 1, 2 or 4, and the sums of at most four bytes leave room for 16 binary digits.
			half := n << 15
			blues[cx] = clamp((-11056*r - 21712*g + 32768*b + half - 1 + n<<23) / n)
			reds[cx] = clamp((32768*r - 27440*g - 5328*b + half - 1 + n<<23) / n)
		}
	}
	for i, p := range []resample.Plane{luma, blue, red} {
		out.Plane[i] = jpeg.Plane{Pix: p.Pix, Stride: p.Stride, W: p.W, H: p.H}
	}
	return out
}
