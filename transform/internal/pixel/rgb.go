package pixel

import "image"

// NRGBA returns a picture of Gray or YCbCr, whose planes have one size and full range, as RGB (JFIF: ITU-R BT.601 at
// full range).
func (p *Planes) NRGBA() *image.NRGBA {
	luma := p.Plane[0]
	img := image.NewNRGBA(image.Rect(0, 0, luma.W, luma.H))
	for y := range luma.H {
		to, from := img.Pix[y*img.Stride:][:4*luma.W], luma.Row(y)
		if p.Kind == Gray {
			for x, v := range from {
				p := to[4*x:][:4]
				p[0], p[1], p[2], p[3] = v, v, v, 255
			}
			continue
		}
		blue, red := p.Plane[1].Row(y)[:luma.W], p.Plane[2].Row(y)[:luma.W]
		for x, v := range from {
			yy, cb, cr := int32(v)<<16+1<<15, int32(blue[x])-128, int32(red[x])-128
			p := to[4*x:][:4]
			p[0], p[1], p[2], p[3] = clamp(yy+91881*cr), clamp(yy-22554*cb-46802*cr), clamp(yy+116130*cb), 255
		}
	}
	return img
}

// clamp returns the whole part of a number with 16 binary digits behind the point, within a byte.
func clamp(v int32) uint8 {
	if v>>24 == 0 {
		return uint8(v >> 16)
	}
	return uint8(^(v >> 31))
}

// SetNRGBA fills p, which is Gray or YCbCr, from an opaque image of the size of its first plane (JFIF). A sample of
// chroma is the mean of sub × sub pixels. A Gray p takes R, which an image without color has for G and B, too.
func (p *Planes) SetNRGBA(img *image.NRGBA, sub int) {
	luma := p.Plane[0]
	width, height := luma.W, luma.H
	if p.Kind == Gray {
		for y := range height {
			from, to := img.Pix[y*img.Stride:][:4*width], luma.Row(y)
			for x := range to {
				to[x] = from[4*x]
			}
		}
		return
	}
	blue, red := p.Plane[1], p.Plane[2]
	for cy := range blue.H {
		blues, reds := blue.Row(cy), red.Row(cy)
		for cx := range blue.W {
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
}

// SetVideo fills p, which is YCbCr in the range of video, from an opaque image of the size of its first plane (ITU-R
// BT.601). A sample of chroma is the mean of 2 × 2 pixels.
func (p *Planes) SetVideo(img *image.NRGBA) {
	luma, blue, red := p.Plane[0], p.Plane[1], p.Plane[2]
	width, height := luma.W, luma.H
	for cy := range blue.H {
		blues, reds := blue.Row(cy), red.Row(cy)
		rows := 0 // one at the lower end of an odd height
		var sums [2][]byte
		var lumas [2][]byte
		for y := 2 * cy; y < min(2*cy+2, height); y++ {
			sums[rows], lumas[rows] = img.Pix[y*img.Stride:][:4*width], luma.Row(y)
			rows++
		}
		for cx := range blues {
			var r, g, b, n int32
			for i := range rows {
				for x := 2 * cx; x < min(2*cx+2, width); x++ {
					p := sums[i][4*x:][:4]
					pr, pg, pb := int32(p[0]), int32(p[1]), int32(p[2])
					lumas[i][x] = uint8((16829*pr + 33039*pg + 6416*pb + 16<<16 + 1<<15) >> 16)
					r, g, b, n = r+pr, g+pg, b+pb, n+1
				}
			}
			// As above, with factors of 224 ÷ 255.
			half := n << 15
			blues[cx] = clamp((-9714*r - 19070*g + 28784*b + half + n<<23) / n)
			reds[cx] = clamp((28784*r - 24103*g - 4681*b + half + n<<23) / n)
		}
	}
}

// levels holds, for luma and chroma, what a sample with the range of video becomes at full range: 16 to 235 and 16 to
// 240 (ITU-R BT.601) become 0 to 255.
var levels = func() (t [2][256]uint8) {
	for v := range 256 {
		t[0][v] = uint8(min(max((2*(v-16)*255+219)/(2*219), 0), 255))
		t[1][v] = uint8(min(max(((v-128)*255+128*224+112)/224, 0), 255))
	}
	return t
}()

// videoLevels is the inverse of levels.
var videoLevels = func() (t [2][256]uint8) {
	for v := range 256 {
		t[0][v] = uint8((2*v*219+255)/510 + 16)
		t[1][v] = uint8((2*(v-128)*224 + 255 + 128*510) / 510)
	}
	return t
}()

// FullRange fills dst with the samples of src, which have the range of video, at full range. dst and src have one size
// and may be the same plane.
func FullRange(dst, src Plane, chroma bool) {
	change(dst, src, &levels, chroma)
}

// VideoRange fills dst with the samples of src, which are at full range, in the range of video. dst and src have one
// size and may be the same plane.
func VideoRange(dst, src Plane, chroma bool) { change(dst, src, &videoLevels, chroma) }

func change(dst, src Plane, tables *[2][256]uint8, chroma bool) {
	table := &tables[0]
	if chroma {
		table = &tables[1]
	}
	for y := range dst.H {
		to, from := dst.Row(y), src.Row(y)
		for x, v := range from {
			to[x] = table[v]
		}
	}
}
