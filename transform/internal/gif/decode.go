package gif

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"

	"imgpipe/transform/internal/codec"
)

// A Picture is a screen with the first frame on it.
type Picture struct {
	// Pixels are those of the screen. They are transparent around the frame.
	Pixels *image.NRGBA
	// Damage says which rows of the screen are missing. They are transparent black if the Header has Alpha, else black.
	Damage codec.Damage
	// Odd has a sentence for each thing that the standard does not allow, where no pixel is missing for it.
	Odd []string
}

var (
	errTooFew  = errors.New("its pixel data ends before the last pixel")
	errBadCode = errors.New("its pixel data has a code that is not defined")
)

// Decode decodes the frame. It needs a byte for each pixel of it besides the Picture. It calls stop before each
// sub-block. The only error is codec.ErrStopped.
func (h *Header) Decode(stop codec.Stop) (Picture, error) {
	p := Picture{Odd: h.odd.list(), Damage: codec.Damage{Rows: h.Height}}
	width, height := h.Frame.Dx(), h.Frame.Dy()
	places := make([]byte, width*height)
	in := bits{data: h.pixels}
	n, why := new(unpacker).unpack(places, &in, h.codes, stop)
	if why == endStopped {
		return Picture{}, codec.ErrStopped
	}
	if n == len(places) && why == endCode {
		why = in.close()
	}
	p.Pixels = image.NewNRGBA(image.Rect(0, 0, h.Width, h.Height))
	whole := n / width
	h.paint(p.Pixels, places[:whole*width], &p)
	if n == len(places) {
		switch why {
		case endMore:
			p.Odd = append(p.Odd, "its pixel data goes on after the last pixel")
		case endFile:
			p.Odd = append(p.Odd, "the file ends before its pixel data does, but with all pixels")
		}
		return p, nil
	}
	err := errTooFew
	switch why {
	case endFile:
		err = codec.ErrCut
	case endBad:
		err = errBadCode
	}
	if whole == 0 {
		p.Damage.Miss(err, 0, h.Height)
	}
	for i := whole; i < height; i++ {
		y := h.Frame.Min.Y + h.row(i)
		p.Damage.Miss(err, y, 1)
		if !h.Alpha {
			row := p.Pixels.Pix[y*p.Pixels.Stride:][:4*width]
			for x := 3; x < len(row); x += 4 {
				row[x] = 255
			}
		}
	}
	return p, nil
}

// row returns which row of the frame is the i-th in the file (GIF89a, appendix E).
func (h *Header) row(i int) int {
	if !h.interlaced {
		return i
	}
	height := h.Frame.Dy()
	for _, pass := range [4]struct{ first, step int }{{0, 8}, {4, 8}, {2, 4}, {1, 2}} {
		rows := (height - pass.first + pass.step - 1) / pass.step
		if i < rows {
			return pass.first + i*pass.step
		}
		i -= rows
	}
	return height
}

// paint draws the rows of the frame that are there. A color that the palette does not have is transparent black if the
// picture has alpha, else black.
func (h *Header) paint(img *image.NRGBA, places []byte, p *Picture) {
	var table [256]uint32
	var beyond [256]bool
	colors := len(h.palette) / 3
	for i := range table {
		beyond[i] = i >= colors && i != h.clear
		switch {
		case i == h.clear:
		case i < colors:
			c := h.palette[3*i:]
			table[i] = binary.LittleEndian.Uint32([]byte{c[0], c[1], c[2], 255})
		case !h.Alpha:
			table[i] = 255 << 24
		}
	}
	width := h.Frame.Dx()
	var lacking int
	for i := range len(places) / width {
		row := places[i*width:][:width]
		out := img.Pix[img.PixOffset(h.Frame.Min.X, h.Frame.Min.Y+h.row(i)):][:4*width]
		for x, place := range row {
			binary.LittleEndian.PutUint32(out[4*x:], table[place])
		}
		if colors < len(table) {
			for _, place := range row {
				if beyond[place] {
					lacking++
				}
			}
		}
	}
	look := "black"
	if h.Alpha {
		look = "transparent"
	}
	switch {
	case lacking > 0 && colors == 0:
		p.Odd = append(p.Odd, fmt.Sprintf("it has no palette: its pixels are %s", look))
	case lacking > 0:
		const say = "pixels of a color that its palette of %d does not have are %s: %d"
		p.Odd = append(p.Odd, fmt.Sprintf(say, colors, look, lacking))
	}
}
