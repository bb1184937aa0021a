package transform

import (
	"image"
	"sync"

	"imgpipe/transform/internal/jpeg"
	"imgpipe/transform/internal/pixel"
	"imgpipe/transform/internal/png"
	"imgpipe/transform/internal/resample"
	"imgpipe/transform/internal/tiff"
	"imgpipe/transform/internal/vp8"
	"imgpipe/transform/internal/vp8l"
)

// weights keeps the weights of resampling for all goroutines: the images of a run mostly have few sizes.
var weights resample.Cache

// A workspace is memory that one image after the other uses. Decoders and encoders write before they read, so that
// nothing of an earlier image can appear.
type workspace struct {
	decoder   jpeg.Decoder
	encoder   jpeg.Encoder
	resampler resample.Resampler
	planes    [3][4][]byte // samples of planes: 0 resampled, 1 turned, 2 in the range of video
	png       png.Decoder
	tiff      *tiff.Decoder // nil until it is needed
	pngs      png.Encoder
	tiffs     tiff.Encoder
	vp8s      vp8.Encoder
	vp8ls     vp8l.Encoder
	streams   []*resample.Resampler // one for each output of an image that is decoded by rows
	large     bool                  // it holds more memory than is kept
}

var (
	workspaces = sync.Pool{New: func() any { return &workspace{resampler: resample.Resampler{Cache: &weights}} }}
	// spares are for a resize among other operations, which needs nothing else of a workspace.
	spares = sync.Pool{New: func() any { return &resample.Resampler{Cache: &weights} }}
)

// keepBytes is how much memory a workspace that is kept may hold: enough for a thumbnail of a 24-megapixel photo, too
// little for all of the photo.
const keepBytes = 16 << 20

// release keeps w for another image, unless it has grown too large.
func (w *workspace) release() {
	if !w.large {
		workspaces.Put(w)
	}
}

// stop reports whether the time for a job is over.
func (j *job) stop() bool { return j.ctx.Err() != nil }

// view returns the view of l from planes, at full range even if the planes have the range of video. Chroma has every
// sub-th column and row. A gray leg has no chroma: grayscale of RGB, with the weights of ITU-R BT.601, is Y again, but
// for colors outside the RGB cube. The result is good until the next call. last is nil, or the view of the same
// leg that the last call returned: its luma is used again.
func (w *workspace) view(
	planes *pixel.Planes, s *pixel.Shape, l leg, sub int, last *pixel.Planes,
) (*pixel.Planes, error) {
	out := &pixel.Planes{Kind: planes.Kind}
	if l.gray {
		out.Kind = pixel.Gray
	}
	v := l.view
	o := v.turn.orientation()
	for i := range out.N() {
		of := 1
		if i > 0 {
			of = sub
		} else if last != nil {
			out.Plane[0] = last.Plane[0]
			continue
		}
		// The last column and row of chroma may reach beyond those of luma.
		size := image.Pt((v.size.X+of-1)/of, (v.size.Y+of-1)/of)
		x, y, width, height := v.part(image.Rect(0, 0, of*size.X, of*size.Y))
		src := planes.Plane[i]
		sx, sy := planes.Extent[i].W/float64(s.Width), planes.Extent[i].H/float64(s.Height)
		window := resample.Window{X: x * sx, Y: y * sy, W: width * sx, H: height * sy}
		if v.turn.swap {
			size = image.Pt(size.Y, size.X)
		}
		dst, same := asItIs(src, window, size)
		if !same {
			dst = w.plane(0, i, size)
			if err := w.resampler.Plane(dst, src, window, resamplers[v.filter]); err != nil {
				return nil, err
			}
		}
		if planes.Video {
			from := dst
			if same { // other legs may need the source
				dst = w.plane(0, i, size)
			}
			pixel.FullRange(dst, from, i > 0)
		}
		if o != 1 {
			if v.turn.swap {
				size = image.Pt(size.Y, size.X)
			}
			turned := w.plane(1, i, size)
			resample.Orient(turned, dst, o)
			dst = turned
		}
		out.Plane[i] = dst
	}
	return out, nil
}

// neutral adds chroma without color to a gray picture. A profile for RGB says how light each level is, and can only be
// embedded in a file with three components.
func (w *workspace) neutral(gray *pixel.Planes) *pixel.Planes {
	luma := gray.Plane[0]
	out := &pixel.Planes{Kind: pixel.YCbCr, Plane: [4]pixel.Plane{luma}}
	for i := 1; i < 3; i++ {
		p := w.plane(0, i, image.Pt((luma.W+1)/2, (luma.H+1)/2))
		for k := range p.Pix {
			p.Pix[k] = 128
		}
		out.Plane[i] = p
	}
	return out
}

// asItIs returns the part of src that the window shows, if the window shows whole samples and changes none.
func asItIs(src pixel.Plane, w resample.Window, size image.Point) (part pixel.Plane, ok bool) {
	x, y := int(w.X), int(w.Y)
	if float64(x) != w.X || float64(y) != w.Y || float64(size.X) != w.W || float64(size.Y) != w.H ||
		x < 0 || y < 0 || x+size.X > src.W || y+size.Y > src.H {
		return src, false
	}
	return src.Crop(x, y, size.X, size.Y), true
}

// plane returns plane i of a set, with that size and arbitrary samples.
func (w *workspace) plane(set, i int, size image.Point) pixel.Plane {
	n := size.X * size.Y
	if cap(w.planes[set][i]) < n {
		w.planes[set][i] = make([]byte, n)
	}
	return pixel.Plane{Pix: w.planes[set][i][:n], Stride: size.X, W: size.X, H: size.Y}
}

// planesOf converts an opaque image to YCbCr planes, or to one plane if gray is set, for which every pixel must be
// gray. A sample of chroma is the mean of sub × sub pixels.
func (w *workspace) planesOf(img *image.NRGBA, gray bool, sub int) *pixel.Planes {
	size := img.Rect.Size()
	out := &pixel.Planes{Kind: pixel.Gray}
	out.Plane[0] = w.plane(0, 0, size)
	if !gray {
		out.Kind = pixel.YCbCr
		size = image.Pt((size.X+sub-1)/sub, (size.Y+sub-1)/sub)
		out.Plane[1], out.Plane[2] = w.plane(0, 1, size), w.plane(0, 2, size)
	}
	out.SetNRGBA(img, sub)
	return out
}
