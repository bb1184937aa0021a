//go:build heic

// Package heif decodes the pixels of HEIC files. It is the only importer of gen2brain/heic, which runs libheif and
// libde265 as WebAssembly, under the LGPL. Only programs that are built with -tags heic have it.
//
// The library returns planes and leaves out what their samples mean. This package applies range and matrix, as the file
// names them.
package heif

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"os"
	"sync"

	"github.com/gen2brain/heic"

	"imgpipe/transform/internal/avif"
	"imgpipe/transform/internal/isobmff"
)

var errDamaged = errors.New("the picture is damaged: it could not be decoded")

// start compiles the library, once in a process. As in package avif, its C code gets os.Stderr to write to.
var start = sync.OnceValue(func() (err error) {
	switch {
	case heic.Dynamic() == nil:
		return errors.New("a shared library would change the bytes: build with -tags nodynamic")
	case !avif.Compiles():
		return errors.New("HEIC needs to compile its decoder, and this process has no executable memory")
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the decoder could not be compiled: %v", p)
		}
	}()
	stdout := os.Stdout
	os.Stdout = os.Stderr
	defer func() { os.Stdout = stdout }()
	heic.Init()
	return nil
})

// Decode decodes the primary image of a file with header h.
func Decode(data []byte, h *isobmff.Header) (img *image.NRGBA, err error) {
	if err := start(); err != nil {
		return nil, err
	}
	defer func() {
		if recover() != nil {
			img, err = nil, errDamaged
		}
	}()
	pic, err := heic.Decode(bytes.NewReader(isobmff.Unturned(data, h)))
	if err != nil || pic.Bounds() != image.Rect(0, 0, h.Width, h.Height) {
		return nil, errDamaged
	}
	img = image.NewNRGBA(pic.Bounds())
	switch pic := pic.(type) {
	case *image.YCbCr:
		colors(img, pic, samples(h))
	case *image.Gray:
		gray(img, pic, samples(h))
	default:
		draw.Draw(img, img.Rect, pic, image.Point{}, draw.Src)
	}
	return img, nil
}

// samples returns what samples mean: by the file, or else by the coded image, or else by the rule for what names
// nothing, which is the range of video.
func samples(h *isobmff.Header) isobmff.Color {
	if h.Color.Named {
		return h.Color
	}
	return h.Coded
}

// scale returns the offset of luma, and the factors of luma and chroma, in units of 1/65536.
func scale(c isobmff.Color) (black, luma, chroma int) {
	if c.Full {
		return 0, 1 << 16, 1 << 16
	}
	return 16, 65536 * 255 / 219, 65536 * 255 / 224
}

// weights returns the weights of red and blue in luma (ITU-T H.273, table 4).
func weights(c isobmff.Color) (r, b float64) {
	switch c.Matrix {
	case 1:
		return 0.2126, 0.0722
	case 9, 10:
		return 0.2627, 0.0593
	}
	return 0.299, 0.114
}

// colors converts planes to RGB.
func colors(dst *image.NRGBA, src *image.YCbCr, c isobmff.Color) {
	black, luma, chroma := scale(c)
	wr, wb := weights(c)
	wg := 1 - wr - wb
	rv, bu := int(float64(chroma)*2*(1-wr)), int(float64(chroma)*2*(1-wb))
	gv, gu := int(float64(chroma)*2*wr*(1-wr)/wg), int(float64(chroma)*2*wb*(1-wb)/wg)
	for y := range dst.Rect.Dy() {
		out := dst.Pix[y*dst.Stride:][:4*dst.Rect.Dx()]
		for x := 0; x < len(out); x += 4 {
			at := src.COffset(x/4, y)
			l := (int(src.Y[src.YOffset(x/4, y)])-black)*luma + 1<<15
			u, v := int(src.Cb[at])-128, int(src.Cr[at])-128
			out[x], out[x+1], out[x+2] = level(l+rv*v), level(l-gu*u-gv*v), level(l+bu*u)
			out[x+3] = 255
		}
	}
}

// gray converts a plane to RGB.
func gray(dst *image.NRGBA, src *image.Gray, c isobmff.Color) {
	black, luma, _ := scale(c)
	for y := range dst.Rect.Dy() {
		for x := range dst.Rect.Dx() {
			v := level((int(src.Pix[y*src.Stride+x])-black)*luma + 1<<15)
			copy(dst.Pix[dst.PixOffset(x, y):], []byte{v, v, v, 255})
		}
	}
}

// level returns a level in units of 1/65536 as one of 0 to 255.
func level(v int) byte { return byte(max(0, min(v>>16, 255))) }
