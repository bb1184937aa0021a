package samples

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/png"
	"sync"
)

// Awkward returns small files that are odd, or broken, each in one known way: what a program meets among a million
// images from strangers. They are made when first asked for, in some 30 ms. The caller owns the slice, but not the
// Data in it.
func Awkward() []File { return append([]File(nil), makeAwkward()...) }

var makeAwkward = sync.OnceValue(func() []File {
	const w, h = 320, 200
	pic := paint("meadow", 3, w, h)
	jpg := encodeJPEG(pic, 90)
	pngFile := encodePNG(pic)
	var list []File
	add := func(name, doc, class string, w, h int, data []byte) {
		list = append(list, File{Name: name, Data: data, Doc: doc, Class: class, Width: w, Height: h})
	}
	good := func(name, doc string, data []byte) { add(name, doc, "", w, h, data) }
	bad := func(name, doc, class string, data []byte) { add(name, doc, class, 0, 0, data) }

	for o := 1; o <= 8; o++ {
		order := "little-endian"
		if o%2 == 0 {
			order = "big-endian"
		}
		file := encodeJPEG(lay(pic, o), 90)
		exif := append([]byte("Exif\x00\x00"), tiffOrientation(o, o%2 == 0)...)
		good(fmt.Sprintf("orientation-%d.jpg", o), fmt.Sprintf("EXIF orientation %d, %s", o, order),
			withSegment(file, 0xE1, exif))
	}
	sideways := encodePNG(lay(pic, 6))
	good("orientation-6.png", "EXIF orientation 6 in a PNG eXIf chunk",
		insertChunk(sideways, "eXIf", tiffOrientation(6, true)))
	good("orientation-8.tif", "orientation 8 in an uncompressed TIFF", tiffFile(lay(pic, 8), 8))

	y, cb, cr := ycbcrPlanes(pic)
	cmyk, ycck := inkPlanes(pic)
	good("cmyk.jpg", "four inks, inverted, as Adobe programs write them",
		(&coder{planes: cmyk, w: w, h: h, quality: 0.3}).encode())
	good("ycck.jpg", "four inks, three of them as luminance and color difference",
		(&coder{planes: ycck, w: w, h: h, quality: 0.3, adobe: 2}).encode())
	good("gray.jpg", "one component", (&coder{planes: [][]byte{y}, w: w, h: h, quality: 0.3, adobe: -1}).encode())
	good("progressive.jpg", "progressive, in eight scans",
		(&coder{planes: [][]byte{y, cb, cr}, w: w, h: h, quality: 0.3, adobe: -1, progressive: true}).encode())
	good("restart.jpg", "a restart marker after every seven blocks, no subsampling",
		(&coder{planes: [][]byte{y, cb, cr}, w: w, h: h, quality: 0.3, adobe: -1, restart: 7}).encode())
	good("no-end.jpg", "the end marker is missing", jpg[:len(jpg)-2])
	good("trailing.jpg", "a kilobyte of something else after the end",
		append(bytes.Clone(jpg), bytes.Repeat([]byte("imgpipe "), 128)...))
	good("png-inside.jpg", "a PNG file with the extension of a JPEG file", pngFile)

	deep := image.NewNRGBA64(pic.Rect)
	clear := image.NewNRGBA(pic.Rect)
	for i := range w * h {
		p, x, yy := pic.Pix[i*4:], i%w, i/w
		fine := uint16(hash(9, x, yy) & 255)
		deep.SetNRGBA64(x, yy, color.NRGBA64{R: uint16(p[0])<<8 | fine, G: uint16(p[1])<<8 | fine,
			B: uint16(p[2])<<8 | fine, A: 0xFFFF})
		// A disc that fades out: full in the middle, clear at the corners.
		dx, dy := float64(x-w/2)/w, float64(yy-h/2)/h
		clear.SetNRGBA(x, yy, color.NRGBA{R: p[0], G: p[1], B: p[2], A: uint8(255 * smooth(0.5, 0.3, dx*dx+dy*dy))})
	}
	good("depth-16.png", "16 bits for each sample", encodePNG(deep))
	good("alpha.png", "transparent towards its corners", encodePNG(clear))
	good("interlaced.png", "interlaced (Adam7)", interlacedPNG(pic))
	paletted := image.NewPaletted(pic.Rect, palette.WebSafe)
	draw.FloydSteinberg.Draw(paletted, pic.Rect, pic, image.Point{})
	good("palette.png", "a palette of 216 colors", encodePNG(paletted))
	good("animated.gif", "three frames, of which the second and third are small", animatedGIF(paletted))
	add("one-pixel.png", "a single pixel", "", 1, 1, encodePNG(pic.SubImage(rectOf(1, 1))))
	add("one-pixel.jpg", "a single pixel", "", 1, 1, encodeJPEG(pic.SubImage(rectOf(1, 1)), 90))
	wide := image.NewRGBA(rectOf(20000, 1))
	for x := range 20000 {
		copy(wide.Pix[x*4:], pic.Pix[x*4:x*4+4])
	}
	add("wide.png", "20,000 pixels wide and 1 high", "", 20000, 1, encodePNG(wide))

	bad("truncated.png", "the first half of a file", "decode", pngFile[:len(pngFile)/2])
	bad("cut.jpg", "the first half of a file", "decode", jpg[:len(jpg)/2])
	bad("header-only.jpg", "ends with the header of its scan, before any pixel", "decode",
		jpg[:bytes.Index(jpg, []byte{0xFF, 0xDA})+14])
	bad("damaged.png", "bytes changed in the middle", "decode", damage(pngFile))
	bad("empty.jpg", "no bytes at all", "not-an-image", []byte{})
	bad("page.jpg", "an HTML page with the extension of a JPEG file", "not-an-image", []byte(page))
	bad("text.png", "a line of text with the extension of a PNG file", "not-an-image",
		[]byte("429 too many requests, please slow down\n"))

	bad("gigapixels.png", "100,000 by 100,000 pixels, says the header", "too-large", pngHeader(100_000, 100_000))
	bad("gigapixels.jpg", "65,500 by 65,500 pixels, says the header", "too-large",
		(&coder{planes: [][]byte{make([]byte, 64)}, w: 8, h: 8, quality: 1, adobe: -1, claimW: 65500,
			claimH: 65500}).encode())
	bad("gigapixels.gif", "65,535 by 65,535 pixels, says the header", "too-large", gigaGIF(paletted))
	bad("gigapixels.bmp", "60,000 by 60,000 pixels, says the header", "too-large", bmpHeader(60_000, 60_000))
	return list
})

// encodePNG writes an image of a kind and size that PNG knows, so that there is no error.
func encodePNG(img image.Image) []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, img)
	return b.Bytes()
}

func damage(file []byte) []byte {
	out := bytes.Clone(file)
	for i := range 64 {
		out[len(out)/2+i] ^= 0x55
	}
	return out
}

// chunk adds a PNG chunk: length, type, data and CRC (PNG specification, section 5.3).
func chunk(out []byte, kind string, data []byte) []byte {
	out = binary.BigEndian.AppendUint32(out, uint32(len(data)))
	start := len(out)
	out = append(append(out, kind...), data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[start:]))
}

// pngStart is the signature and the header of an 8-bit RGB file.
func pngStart(w, h uint32, interlace byte) []byte {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	return chunk([]byte("\x89PNG\r\n\x1a\n"), "IHDR", append(head, 8, 2, 0, 0, interlace))
}

// insertChunk puts a chunk behind the header of a PNG file.
func insertChunk(file []byte, kind string, data []byte) []byte {
	const head = 8 + 25
	return append(chunk(bytes.Clone(file[:head]), kind, data), file[head:]...)
}

func pngHeader(w, h uint32) []byte {
	out := chunk(pngStart(w, h, 0), "IDAT", deflate(make([]byte, 1<<16)))
	return chunk(out, "IEND", nil)
}

func deflate(data []byte) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write(data) // a buffer takes all
	_ = z.Close()
	return b.Bytes()
}

// interlacedPNG writes the seven passes of Adam7 (PNG specification, section 8.2), none of their lines filtered.
func interlacedPNG(img *image.RGBA) []byte {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	var raw []byte
	for _, p := range [][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2},
		{0, 1, 1, 2}} {
		for y := p[1]; y < h; y += p[3] {
			raw = append(raw, 0)
			for x := p[0]; x < w; x += p[2] {
				i := img.PixOffset(x, y)
				raw = append(raw, img.Pix[i:i+3]...)
			}
		}
	}
	return chunk(chunk(pngStart(uint32(w), uint32(h), 1), "IDAT", deflate(raw)), "IEND", nil)
}

// tiffFile writes an uncompressed 8-bit RGB file of one strip (TIFF 6.0, section 6).
func tiffFile(img *image.RGBA, orientation int) []byte {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	le := binary.LittleEndian
	const entries = 11
	extra := uint32(8 + 2 + entries*12 + 4) // where the three sample depths lie
	pixels := extra + 6
	b := le.AppendUint32([]byte("II\x2a\x00"), 8)
	b = le.AppendUint16(b, entries)
	entry := func(tag, kind uint16, count, value uint32) {
		b = le.AppendUint32(le.AppendUint32(le.AppendUint16(le.AppendUint16(b, tag), kind), count), value)
	}
	const short, long = 3, 4
	entry(256, long, 1, uint32(w))
	entry(257, long, 1, uint32(h))
	entry(258, short, 3, extra) // bits per sample
	entry(259, short, 1, 1)     // no compression
	entry(262, short, 1, 2)     // RGB
	entry(273, long, 1, pixels)
	entry(274, short, 1, uint32(orientation))
	entry(277, short, 1, 3) // samples per pixel
	entry(278, long, 1, uint32(h))
	entry(279, long, 1, uint32(w*h*3))
	entry(284, short, 1, 1) // samples side by side
	b = le.AppendUint32(b, 0)
	b = append(b, 8, 0, 8, 0, 8, 0)
	for i := range w * h {
		b = append(b, img.Pix[i*4:i*4+3]...)
	}
	return b
}

func bmpHeader(w, h uint32) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32([]byte("BM"), 54+1024)
	b = le.AppendUint32(le.AppendUint32(b, 0), 54)
	b = le.AppendUint32(le.AppendUint32(le.AppendUint32(b, 40), w), h)
	b = le.AppendUint16(le.AppendUint16(b, 1), 24)
	b = append(b, make([]byte, 24)...)
	return append(b, make([]byte, 1024)...)
}

func animatedGIF(first *image.Paletted) []byte {
	g := &gif.GIF{Image: []*image.Paletted{first}, Delay: []int{20}}
	for i := range 2 {
		at := rectOf(60, 60).Add(image.Pt(40+80*i, 50))
		patch := image.NewPaletted(at, palette.WebSafe)
		draw.Draw(patch, at, image.NewUniform(palette.WebSafe[100+50*i]), image.Point{}, draw.Src)
		g.Image, g.Delay = append(g.Image, patch), append(g.Delay, 20)
	}
	var b bytes.Buffer
	_ = gif.EncodeAll(&b, g) // all frames lie inside the first and have palettes, so there is no error
	return b.Bytes()
}

// gigaGIF changes the size in the header of the screen, and of the one frame (GIF89a, sections 18 and 20).
func gigaGIF(img *image.Paletted) []byte {
	var b bytes.Buffer
	_ = gif.Encode(&b, img, nil)
	out := b.Bytes()
	for i := range 4 {
		out[6+i] = 0xFF
	}
	return out
}

// ycbcrPlanes takes a picture apart, with no subsampling.
func ycbcrPlanes(img *image.RGBA) (y, cb, cr []byte) {
	for i := 0; i < len(img.Pix); i += 4 {
		a, b, c := color.RGBToYCbCr(img.Pix[i], img.Pix[i+1], img.Pix[i+2])
		y, cb, cr = append(y, a), append(cb, b), append(cr, c)
	}
	return y, cb, cr
}

// inkPlanes takes a picture apart into four inks, inverted as Adobe does: 255 is no ink. The second form has the
// first three as YCbCr, which readers turn into the inverted inks by taking the complement of red, green and blue.
func inkPlanes(img *image.RGBA) (cmyk, ycck [][]byte) {
	cmyk, ycck = make([][]byte, 4), make([][]byte, 4)
	for i := 0; i < len(img.Pix); i += 4 {
		c, m, y, k := color.RGBToCMYK(img.Pix[i], img.Pix[i+1], img.Pix[i+2])
		l, cb, cr := color.RGBToYCbCr(c, m, y)
		for j, v := range [4]byte{255 - c, 255 - m, 255 - y, 255 - k} {
			cmyk[j] = append(cmyk[j], v)
		}
		for j, v := range [4]byte{l, cb, cr, 255 - k} {
			ycck[j] = append(ycck[j], v)
		}
	}
	return cmyk, ycck
}
