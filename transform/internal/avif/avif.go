// Package avif decodes and encodes the pixels of AVIF files. It is the only importer of gen2brain/avif, which runs
// libavif, dav1d and libaom as WebAssembly, and it stands between that and strangers:
//
//	what the library does                      what this package does
//	returns a black picture for a broken one   looks at the time of the frame, and at alpha where there is none
//	drops color profiles                       [isobmff.WithProfile] puts one in
//	believes sizes in the file                 [isobmff.ReadHeader] has compared them before
//	writes to os.Stdout, if at all             has it get os.Stderr, as results are on os.Stdout
//	interprets where it may not compile        returns [ErrNoCompiler], as it would be 90 times slower
//
// Start with [Decode] and [Encode]. A call cannot be stopped. Calls may run at once; each has memory of its own.
package avif

import (
	"bytes"
	"errors"
	"image"

	"github.com/gen2brain/avif"

	"imgpipe/transform/internal/isobmff"
)

// What a call needs of memory besides its file. Noise of 0.25, 4 and 21 million pixels took up to 174, 90 and 121 bytes
// a pixel to encode, and 96, 34 and 29 to decode, with the garbage of memory that grows. A picture of 16x16 pixels took
// 19 and 10 MB.
const (
	DecodeBytes = 50  // for each pixel
	EncodeBytes = 180 // for each pixel
	FixedBytes  = 16 << 20
)

// The largest pictures: the library has 4 GB of addresses.
const (
	MaxEncoded = 26_000_000
	MaxDecoded = 64_000_000
)

// errDamaged is the error of a picture of which nothing could be decoded.
var errDamaged = errors.New("the picture is damaged: no pixel could be decoded")

// Decode decodes the primary image of a file with header h, not cropped or turned, to 8 bits a sample.
func Decode(data []byte, h *isobmff.Header) (img *image.NRGBA, err error) {
	if err := start(); err != nil {
		return nil, err
	}
	defer trapped(&err, errDamaged)
	pictures, err := avif.DecodeAll(bytes.NewReader(isobmff.Alone(data, "avif")))
	if err != nil || len(pictures.Image) != 1 {
		return nil, errDamaged
	}
	// The library succeeds even where decoding the frame failed, and returns memory that was never written. It writes
	// how long the frame lasts after a success alone: 1 second for a still image.
	if pictures.Delay[0] != 1 {
		return nil, errDamaged
	}
	switch pic := pictures.Image[0].(type) {
	case *image.RGBA:
		img = straight(pic)
	case *image.RGBA64:
		img = straight64(pic)
	default:
		return nil, errDamaged
	}
	if img.Rect != image.Rect(0, 0, h.Width, h.Height) || !h.Alpha && !img.Opaque() {
		return nil, errDamaged
	}
	return img, nil
}

// straight returns an image whose colors are not multiplied by alpha. The library's pixels are a view of all of its
// memory, so they are copied in any case.
func straight(src *image.RGBA) *image.NRGBA {
	out := image.NewNRGBA(src.Rect)
	for i := 0; i+4 <= len(out.Pix); i += 4 {
		p, q := src.Pix[i:i+4:i+4], out.Pix[i:i+4:i+4]
		a := uint32(p[3])
		q[3] = p[3]
		switch a {
		case 0:
		case 255:
			q[0], q[1], q[2] = p[0], p[1], p[2]
		default:
			for c := range 3 {
				q[c] = byte(min((uint32(p[c])*255+a/2)/a, 255))
			}
		}
	}
	return out
}

// straight64 is straight for samples of 16 bits.
func straight64(src *image.RGBA64) *image.NRGBA {
	out := image.NewNRGBA(src.Rect)
	for i := 0; i+4 <= len(out.Pix); i += 4 {
		p, q := src.Pix[2*i:2*i+8:2*i+8], out.Pix[i:i+4:i+4]
		a := uint32(p[6])<<8 | uint32(p[7])
		if a == 0 {
			continue
		}
		q[3] = byte((a + 128) / 257)
		for c := range 3 {
			v := uint32(p[2*c])<<8 | uint32(p[2*c+1])
			q[c] = byte(min((v*255+a/2)/a, 255))
		}
	}
	return out
}

// Options say how to encode.
type Options struct {
	Quality int  // 1 to 100
	Speed   int  // 0 to 10, of libaom
	Full    bool // chroma has all columns and rows, and not half of them
	Profile []byte
	// EXIF is a TIFF structure, and XMP a packet; each is nil for none.
	EXIF, XMP []byte
}

// Encode returns a file of an image. Alpha is kept exactly.
func Encode(img *image.NRGBA, o Options) (file []byte, err error) {
	if err := start(); err != nil {
		return nil, err
	}
	defer trapped(&err, errEncode)
	chroma := image.YCbCrSubsampleRatio420
	if o.Full {
		chroma = image.YCbCrSubsampleRatio444
	}
	options := avif.Options{
		Quality: o.Quality, QualityAlpha: 100, Speed: o.Speed, ChromaSubsampling: chroma,
		Lossless: false, AutoRotate: false,
	}
	var out bytes.Buffer
	if err := avif.Encode(&out, multiplied(img), options); err != nil {
		return nil, errEncode
	}
	file = out.Bytes()
	if len(o.Profile) > 0 {
		if file, err = isobmff.WithProfile(file, o.Profile); err != nil {
			return nil, errEncode
		}
	}
	if file, err = isobmff.WithMetadata(file, o.EXIF, o.XMP); err != nil {
		return nil, errEncode
	}
	return file, check(file, img, o)
}

var errEncode = errors.New("the encoder made no file")

// check reads a file back: the library has no way to return an error from the depth of its C code, and may return what
// there is.
func check(file []byte, img *image.NRGBA, o Options) error {
	h, err := isobmff.ReadHeader(file)
	if err != nil || h.Cut || image.Pt(h.Width, h.Height) != img.Rect.Size() || !bytes.Equal(h.Profile, o.Profile) ||
		!bytes.Equal(h.EXIF, o.EXIF) || !bytes.Equal(h.XMP, o.XMP) {
		return errors.New("the encoder made a file that is not whole")
	}
	return nil
}

// multiplied returns an image as the library takes it: its colors multiplied by alpha, its rows one after the other
// from the origin on. It shares the pixels of an image that is so already.
func multiplied(img *image.NRGBA) *image.RGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := &image.RGBA{Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
	if img.Opaque() && img.Stride == 4*w && len(img.Pix) >= 4*w*h {
		out.Pix = img.Pix[:4*w*h]
		return out
	}
	out.Pix = make([]byte, 4*w*h)
	for y := range h {
		src, dst := img.Pix[y*img.Stride:][:4*w], out.Pix[4*w*y:][:4*w]
		for x := 0; x < len(src); x += 4 {
			a := uint32(src[x+3])
			for c := range 3 {
				dst[x+c] = byte((uint32(src[x+c])*a + 127) / 255)
			}
			dst[x+3] = src[x+3]
		}
	}
	return out
}

// trapped turns a panic of the library into an error: WebAssembly that traps, or has no more memory.
func trapped(err *error, what error) {
	if p := recover(); p != nil {
		*err = what
	}
}
