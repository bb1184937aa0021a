package transform

import (
	"encoding/binary"
	"fmt"
	"image"

	"imgpipe/transform/internal/pixel"
	"imgpipe/transform/internal/vp8"
	"imgpipe/transform/internal/vp8l"
	"imgpipe/transform/internal/webp"
)

// maxWebPSide is the longest side of a WebP: lossy images have 14 bits for it (RFC 6386, section 9.1), and other
// readers take no longer lossless ones.
const maxWebPSide = vp8.MaxSide

// losslessWebPBytes is how many bytes for each pixel the lossless encoder keeps.
const losslessWebPBytes = 34

// webpNeed is the need of the lossy row. The encoder keeps planes, and the levels that are not 0 in two bytes each.
// Transparency is written by the lossless encoder, and hidden colors are smoothed in a copy.
func webpNeed(n *needs, l *leg, pixels int64) (file, encoder int64) {
	perPixel, factor := int64(2), int64(2)
	if l.enc.quality >= fineQuality {
		perPixel, factor = 4, 4
	}
	if n.planes == nil {
		factor = 0
	}
	file = n.file(pixels, perPixel, factor)
	encoder = 5*pixels + 2*file
	if n.clear {
		file += pixels
		encoder += (losslessWebPBytes + 5) * pixels
	}
	return file, encoder
}

// encodeWebP encodes an image with loss. Its alpha, if it has any, is kept without loss.
func (j *job) encodeWebP(img *image.NRGBA, e encoding) ([]byte, error) {
	s, err := j.lossyStill(img, e)
	if err != nil {
		return nil, err
	}
	return webp.Append(nil, &s, j.webpExtras(e, WebP))
}

// lossyStill encodes an image with loss, without a file around it.
func (j *job) lossyStill(img *image.NRGBA, e encoding) (s webp.Still, err error) {
	w := j.space
	w.large = w.large || len(img.Pix) > keepBytes/2
	s = webp.Still{W: img.Rect.Dx(), H: img.Rect.Dy()}
	if !img.Opaque() {
		w.large = w.large || len(img.Pix) > keepBytes/8
		if s.Alpha, err = j.webpAlpha(img, e); err != nil {
			return s, err
		}
		img = smoothHidden(img)
	}
	pic := w.video(s.W, s.H)
	pic.SetVideo(img)
	s.Lossy, err = j.lossyWebP(pic, e)
	return s, err
}

// encodeWebPPlanes encodes planes at full range whose chroma, if there is any, has half of the columns and rows.
func (j *job) encodeWebPPlanes(pic *pixel.Planes, e encoding) ([]byte, error) {
	luma := pic.Plane[0]
	video := j.space.video(luma.W, luma.H)
	for i, p := range video.Plane[:video.N()] {
		if i < pic.N() {
			pixel.VideoRange(p, pic.Plane[i], i > 0)
			continue
		}
		for k := range p.Pix {
			p.Pix[k] = 128 // no color
		}
	}
	s := webp.Still{W: luma.W, H: luma.H}
	var err error
	if s.Lossy, err = j.lossyWebP(video, e); err != nil {
		return nil, err
	}
	return webp.Append(nil, &s, j.webpExtras(e, WebP))
}

// video returns planes for a lossy WebP of w × h pixels, with arbitrary samples.
func (ws *workspace) video(w, h int) *pixel.Planes {
	pic := &pixel.Planes{Kind: pixel.YCbCr, Video: true}
	pic.Plane[0] = ws.plane(2, 0, image.Pt(w, h))
	for i := 1; i < 3; i++ {
		pic.Plane[i] = ws.plane(2, i, image.Pt((w+1)/2, (h+1)/2))
	}
	return pic
}

// lossyWebP encodes planes that have the range of video, without a file around them.
func (j *job) lossyWebP(pic *pixel.Planes, e encoding) ([]byte, error) {
	options := vp8.EncodeOptions{Quality: e.quality, Effort: vp8.Fast, Stop: j.stop}
	switch e.effort {
	case EffortNormal:
		options.Effort = vp8.Normal
	case EffortHigh:
		options.Effort = vp8.High
	}
	return j.space.vp8s.Append(nil, pic, options)
}

// webpAlpha returns the alpha of an image as the chunk of a lossy WebP (RFC 9649, section 2.7.1.2).
func (j *job) webpAlpha(img *image.NRGBA, e encoding) ([]byte, error) {
	const raw, packed = 0, 1
	w, h := img.Rect.Dx(), img.Rect.Dy()
	alpha := j.space.plane(2, 0, image.Pt(w, h))
	for y := range h {
		from, to := img.Pix[y*img.Stride:][:4*w], alpha.Row(y)
		for x := range to {
			to[x] = from[4*x+3]
		}
	}
	options := vp8l.EncodeOptions{Effort: e.losslessEffort(), Stop: j.stop}
	chunk, err := j.space.vp8ls.AppendPlane([]byte{packed}, alpha, options)
	if err != nil || len(chunk) <= 1+len(alpha.Pix) {
		return chunk, err
	}
	return append([]byte{raw}, alpha.Pix...), nil
}

// smoothHidden returns a copy of img in which the color of what is transparent costs few bytes. In squares as large as
// those that chroma is encoded in, it is the mean of what can be seen. Where nothing can, it is that of the square
// before.
func smoothHidden(img *image.NRGBA) *image.NRGBA {
	const side = 8
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		copy(out.Pix[y*out.Stride:][:4*w], img.Pix[y*img.Stride:])
	}
	for top := 0; top < h; top += side {
		mean := [3]byte{128, 128, 128}
		for left := 0; left < w; left += side {
			mean = smoothSquare(out, image.Rect(left, top, min(left+side, w), min(top+side, h)), mean)
		}
	}
	return out
}

// smoothSquare does smoothHidden in one square. It returns the mean of what can be seen, and before if nothing can.
func smoothSquare(img *image.NRGBA, square image.Rectangle, before [3]byte) (mean [3]byte) {
	var sum [3]int
	seen := 0
	for y := square.Min.Y; y < square.Max.Y; y++ {
		for p := img.Pix[y*img.Stride+4*square.Min.X:][:4*square.Dx()]; len(p) > 0; p = p[4:] {
			if p[3] > 0 {
				seen++
				for i := range sum {
					sum[i] += int(p[i])
				}
			}
		}
	}
	if mean = before; seen > 0 {
		for i := range sum {
			mean[i] = byte((sum[i] + seen/2) / seen)
		}
	}
	if seen == square.Dx()*square.Dy() {
		return mean
	}
	for y := square.Min.Y; y < square.Max.Y; y++ {
		for p := img.Pix[y*img.Stride+4*square.Min.X:][:4*square.Dx()]; len(p) > 0; p = p[4:] {
			if p[3] == 0 {
				copy(p, mean[:])
			}
		}
	}
	return mean
}

// losslessEffort returns the effort of the lossless encoder.
func (e encoding) losslessEffort() vp8l.Effort {
	switch e.effort {
	case EffortNormal:
		return vp8l.Normal
	case EffortHigh:
		return vp8l.High
	}
	return vp8l.Fast
}

// encodeWebPLossless encodes an image whose pixels come back as they are, but for the color of what cannot be seen.
func (j *job) encodeWebPLossless(img *image.NRGBA, e encoding) ([]byte, error) {
	s, err := j.losslessStill(img, e)
	if err != nil {
		return nil, err
	}
	return webp.Append(nil, &s, j.webpExtras(e, WebPLossless))
}

// losslessStill is encodeWebPLossless without a file around the image.
func (j *job) losslessStill(img *image.NRGBA, e encoding) (s webp.Still, err error) {
	w := j.space
	w.large = w.large || len(img.Pix) > keepBytes/8
	s = webp.Still{W: img.Rect.Dx(), H: img.Rect.Dy()}
	src := vp8l.Source{Pix: img.Pix, Stride: img.Stride, W: s.W, H: s.H}
	s.Lossless, err = w.vp8ls.Append(nil, &src, vp8l.EncodeOptions{Effort: e.losslessEffort(), Stop: j.stop})
	return s, err
}

// webpExtras returns what goes into a file besides pixels, which always have colors.
func (j *job) webpExtras(e encoding, f Format) webp.Extras {
	x := webp.Extras{EXIF: e.metadata.EXIF, XMP: e.metadata.XMP}
	if p := e.profile; p != nil && p.gray() {
		j.color(leftOut(p.Name, fmt.Sprintf(" of the %s: it is for gray, and the pixels of a WebP have colors", f)))
	} else {
		x.ICC = j.embed(p, f, false)
	}
	return x
}

// measureWebP reads the size from the head of a lossy image.
func measureWebP(data []byte) (w, h int, ends bool) {
	return measureKind(data, "VP8 ", func(body []byte) (w, h int, err error) {
		head, err := vp8.ReadHeader(body)
		return head.Width, head.Height, err
	})
}

// measureWebPLossless is measureWebP for a lossless image.
func measureWebPLossless(data []byte) (w, h int, ends bool) {
	return measureKind(data, "VP8L", func(body []byte) (w, h int, err error) {
		head, err := vp8l.ReadHeader(body)
		return head.Width, head.Height, err
	})
}

// measureKind reads the size of an image whose chunk has that name, from the body of the chunk, or of an animation.
func measureKind(
	data []byte, name string, size func(body []byte) (w, h int, err error),
) (w, h int, ends bool) {
	c, ends := webpImage(data)
	switch string(c.Name) {
	case "ANIM":
		return animatedSize(data, ends)
	case name:
		if w, h, err := size(c.Body); err == nil {
			return w, h, ends
		}
	}
	return 0, 0, false
}

// animatedSize reads the size from the first chunk of an animation.
func animatedSize(data []byte, whole bool) (w, h int, ends bool) {
	c, _, _ := webp.Next(webp.Chunks(data))
	if string(c.Name) != "VP8X" || len(c.Body) < 10 {
		return 0, 0, false
	}
	return 1 + webp.Uint24(c.Body[4:]), 1 + webp.Uint24(c.Body[7:]), whole
}

// webpImage returns the first chunk of a file that holds colors, or that says it is an animation. Before it, Do
// writes few others. ends reports whether the file is as long as it says.
func webpImage(data []byte) (image webp.Chunk, ends bool) {
	if !webp.Is(data) || int64(binary.LittleEndian.Uint32(data[4:])) != int64(len(data))-8 {
		return image, false
	}
	const most = 8
	rest := webp.Chunks(data)
	for range most {
		c, next, ok := webp.Next(rest)
		if !ok || c.Cut {
			return image, false
		}
		switch string(c.Name) {
		case "VP8X", "ICCP", "ALPH":
			rest = next
		default:
			return c, true
		}
	}
	return image, false
}
