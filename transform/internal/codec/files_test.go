package codec_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"image/color/palette"
	"image/gif"
	"os"
	"testing"

	xbmp "golang.org/x/image/bmp"

	"imgpipe/transform/internal/jpeg"
	"imgpipe/transform/internal/pixel"
	"imgpipe/transform/internal/png"
)

// noise fills samples that no codec packs to nothing.
func noise(pix []byte) {
	state := uint32(1)
	for i := range pix {
		state = state*1664525 + 1013904223
		pix[i] = byte(state >> 30)
	}
}

// encoded returns a picture as a file of that format.
func encoded(t *testing.T, format string) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	few := image.NewPaletted(image.Rect(0, 0, width, height), palette.Plan9)
	noise(few.Pix)
	switch format {
	case "jpeg":
		p := pixel.Planes{Kind: pixel.Gray, Plane: [4]pixel.Plane{pixel.NewPlane(width, height)}}
		noise(p.Plane[0].Pix)
		for i := range p.Plane[0].Pix {
			p.Plane[0].Pix[i] *= 60
		}
		var file []byte
		file, err = new(jpeg.Encoder).Append(nil, &p, jpeg.EncodeOptions{})
		b.Write(file)
	case "png":
		p := png.Picture{Layout: png.Gray, Pix: few.Pix, Stride: few.Stride, W: width, H: height}
		var file []byte
		file, err = new(png.Encoder).Append(nil, &p, png.EncodeOptions{})
		b.Write(file)
	case "gif":
		err = gif.Encode(&b, few, nil)
	case "bmp":
		err = xbmp.Encode(&b, few)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// packed returns the samples of a picture as a zlib stream.
func packed(t *testing.T) []byte {
	t.Helper()
	pix := make([]byte, width*height)
	noise(pix)
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write(pix)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// grayTIFF returns a file of one strip, whose directory stands before its pixels. options go to T6Options.
func grayTIFF(compression uint32, strip []byte, options ...uint32) []byte {
	bits := uint32(8)
	if compression == 4 {
		bits = 1
	}
	tags := [][2]uint32{
		{256, width}, {257, height}, {258, bits}, {259, compression}, {262, 0}, {273, 0}, {278, height},
		{279, uint32(len(strip))},
	}
	for _, o := range options {
		tags = append(tags, [2]uint32{293, o})
	}
	le := binary.LittleEndian
	b := append([]byte("II*\x00\x08\x00\x00\x00"), byte(len(tags)), 0)
	for _, tag := range tags {
		if tag[0] == 273 {
			tag[1] = uint32(10 + 12*len(tags) + 4)
		}
		b = le.AppendUint16(le.AppendUint16(b, uint16(tag[0])), 4)
		b = le.AppendUint32(le.AppendUint32(b, 1), tag[1])
	}
	return append(append(b, 0, 0, 0, 0), strip...)
}

// lossy returns the image in a WebP file of one chunk.
func lossy(t *testing.T) []byte {
	t.Helper()
	file, err := os.ReadFile("../../testdata/lossy.webp")
	if err != nil {
		t.Fatal(err)
	}
	return file[20:]
}

// lossless returns a lossless image of WebP whose pixels are green or black, a bit each (RFC 9649, section 3).
func lossless() []byte {
	bits := []byte{0, 0, 0} // no transform, no cache, one group of codes
	number := func(v, n int) {
		for i := range n {
			bits = append(bits, byte(v>>i&1))
		}
	}
	one := func(symbol int) { number(0b101, 3); number(symbol, 8) } // a code of one symbol, which takes no bit
	number(0b111, 3)                                                // a code of two
	number(0, 8)
	number(255, 8)
	one(0)
	one(0)
	one(255)
	one(0)
	pix := make([]byte, width*height)
	noise(pix)
	for _, v := range pix {
		bits = append(bits, v&1)
	}
	data := binary.LittleEndian.AppendUint32([]byte{0x2f}, (width-1)|(height-1)<<14)
	data = append(data, make([]byte, len(bits)/8+1)...)
	for i, b := range bits {
		data[5+i/8] |= b << (i % 8)
	}
	return data
}
