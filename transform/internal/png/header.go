package png

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/inflate"
)

// A trust is how far a palette can be relied on. If there are several palettes, the one with the highest trust counts;
// of equals the first.
type trust int

const (
	noPalette   trust = iota
	hurtPalette       // its checksum is wrong
	latePalette       // it stands behind the pixels
	oddPalette        // its length is wrong
	goodPalette
)

func (h *Header) head(b []byte) error {
	if len(b) != 13 {
		return errors.New("its chunk IHDR has a wrong length")
	}
	w, ht := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	h.depth, h.color, h.interlaced = int(b[8]), int(b[9]), b[12] == 1
	depths := map[int]string{
		gray: "\x01\x02\x04\x08\x10", palette: "\x01\x02\x04\x08",
		rgb: "\x08\x10", grayAlpha: "\x08\x10", rgba: "\x08\x10",
	}
	switch {
	case w == 0 || ht == 0:
		return fmt.Errorf("it has no pixels: its size is %dx%d", w, ht)
	case w > 1<<31-1 || ht > 1<<31-1:
		return errors.New("its size is over 2,147,483,647")
	case !strings.Contains(depths[h.color], string(rune(h.depth))):
		return codec.Unsupported(fmt.Sprintf("a PNG of color type %d with %d bits", h.color, h.depth))
	case b[10] != 0 || b[11] != 0 || b[12] > 1:
		return codec.Unsupported(fmt.Sprintf("a PNG of compression %d, filters %d and passes %d", b[10], b[11], b[12]))
	}
	h.Width, h.Height = int(w), int(ht)
	return nil
}

// add takes in the chunk that begins at that place of the file.
func (h *Header) add(c *chunk, at int, visit func(name string, body []byte)) {
	name := string(c.name)
	switch {
	case name == "IDAT":
		if h.idat == 0 {
			h.idat = at
		} else if h.end != at {
			h.remark("its chunks IDAT do not follow each other")
		}
		h.end = c.next
		if c.mended {
			h.remark("the length of a chunk IDAT is wrong")
		} else if c.sum == nil {
			h.cut, h.broken = true, "the file ends in its chunk IDAT"
		}
	case c.sum == nil:
		h.cut, h.broken = true, "the file ends in its chunk "+name
	case name == "IEND":
		if len(c.body) > 0 || !c.sound() {
			h.broken = "its chunk IEND is damaged"
		}
	case name == "IHDR":
		h.leaveOut(name, "it is not the first")
	case name == "PLTE":
		h.addPalette(c)
	case !c.sound():
		h.leaveOut(name, "its checksum is wrong")
	case name == "tRNS":
		h.addTransparency(c.body)
	case name[0] < 'a':
		h.remark("its chunk " + name + " is unknown, and marked as needed")
	case (h.trust > noPalette || h.idat > 0) && slices.Contains(colorChunks, name):
		h.leaveOut(name, "it comes after the palette or the pixels")
	case visit != nil:
		visit(name, c.body)
	}
}

// colorChunks count only before the palette and the pixels (section 5.6).
var colorChunks = []string{"iCCP", "sRGB", "gAMA", "cHRM", "cICP"}

// leaveOut remarks that a chunk does not count.
func (h *Header) leaveOut(name, why string) { h.remark("its chunk " + name + " was left out: " + why) }

// remark notes what is odd, each thing once.
func (h *Header) remark(what string) {
	if slices.Contains(h.remarks, what) || len(h.remarks) == maxRemarks {
		return
	}
	if len(h.remarks) == maxRemarks-1 {
		what = "there is more that is wrong with its chunks"
	}
	h.remarks = append(h.remarks, what)
}

// endsWithout notes that the file has no chunk IEND: rest stands behind its last chunk.
func (h *Header) endsWithout(rest []byte, last string) {
	switch {
	case h.cut:
	case len(rest) < 8:
		h.cut, h.broken = true, "its end is missing (IEND)"
	default:
		h.broken = "what follows its chunk " + last + " is no chunk"
	}
}

// addPalette takes in a chunk PLTE. It says nothing of pixels that are no indexes.
func (h *Header) addPalette(c *chunk) {
	n, most, how := len(c.body)/3, 256, goodPalette
	if h.color == palette {
		most = 1 << h.depth
	}
	switch {
	case !c.sound():
		how = hurtPalette
	case h.idat > 0:
		how = latePalette
	case len(c.body)%3 != 0 || n > most || n == 0:
		how = oddPalette
	}
	switch {
	case h.color&2 == 0:
		h.leaveOut("PLTE", "gray pixels have no palette")
		return
	case h.color != palette && how == hurtPalette:
		h.leaveOut("PLTE", "its checksum is wrong")
		return
	case n == 0 || h.color != palette && how == oddPalette:
		h.leaveOut("PLTE", "its length is wrong")
		return
	case h.color != palette && (how == latePalette || h.clear):
		h.leaveOut("PLTE", "it is in the wrong place")
		return
	case how <= h.trust || h.clear:
		h.leaveOut("PLTE", "there is one before it")
		return
	}
	if h.trust > noPalette {
		h.leaveOut("PLTE", "there is a better one behind it")
	}
	switch how {
	case latePalette:
		h.remark("its palette comes after its pixels")
	case oddPalette:
		h.remark(fmt.Sprintf("its palette has %d bytes: expected 3 for each of at most %d colors", len(c.body), most))
	}
	h.trust, h.named = how, min(n, most)
	for i := range h.named {
		h.colors[i] = [4]byte{c.body[3*i], c.body[3*i+1], c.body[3*i+2], 255}
	}
}

// addTransparency takes in a chunk tRNS. Of the values in it, as many bits count as the samples have (section
// 11.3.1.1).
func (h *Header) addTransparency(b []byte) {
	value := func(i int) int64 { return int64(binary.BigEndian.Uint16(b[2*i:])) & (1<<h.depth - 1) }
	switch {
	case h.clear:
		h.leaveOut("tRNS", "there is one before it")
		return
	case h.idat > 0:
		h.leaveOut("tRNS", "it comes after the pixels")
		return
	case h.color&4 != 0:
		h.leaveOut("tRNS", "the pixels have alpha")
		return
	case h.color == palette && h.trust == noPalette:
		h.leaveOut("tRNS", "it stands before the palette")
		return
	case h.color == palette && len(b) > 0 && len(b) <= h.named:
		for i, a := range b {
			h.colors[i][3] = a
		}
	case h.color == gray && len(b) == 2:
		h.key = value(0)
	case h.color == rgb && len(b) == 6:
		h.key = value(0) | value(1)<<h.depth | value(2)<<(2*h.depth)
	default:
		h.leaveOut("tRNS", "its length is wrong")
		return
	}
	h.clear = true
}

// samples is how many samples a pixel has.
func (h *Header) samples() int {
	return [...]int{gray: 1, rgb: 3, palette: 1, grayAlpha: 2, rgba: 4}[h.color]
}

// rowBytes is the length of a row of that width in the file, without the byte that names its filter.
func (h *Header) rowBytes(width int) int { return (width*h.samples()*h.depth + 7) / 8 }

// bare reports whether rows come out as they are in the file: one sample for a pixel. deep asks for rows of 16 bits.
func (h *Header) bare(deep bool) bool { return h.Gray || deep && h.DeepGray() }

// pixelBytes is how many bytes a pixel has in the rows that come out.
func (h *Header) pixelBytes(deep bool) int {
	n := 4
	if h.bare(deep) {
		n = 1
	}
	if deep {
		n *= 2
	}
	return n
}

// Bits returns how many bits a sample has, or a place in a palette.
func (h *Header) Bits() int { return h.depth }

// Deep reports whether samples have 16 bits.
func (h *Header) Deep() bool { return h.depth == 16 }

// DeepGray reports whether rows of 16 bits have one sample for a pixel.
func (h *Header) DeepGray() bool { return h.Deep() && h.color == gray && h.Opaque }

// Colorless reports whether pixels are gray, with alpha or without it.
func (h *Header) Colorless() bool { return h.color&2 == 0 }

// Interlaced reports whether the picture comes in passes, so that a Decoder has all of it in memory.
func (h *Header) Interlaced() bool { return h.interlaced }

// Unpacked is how many bytes the rows have when they are inflated.
func (h *Header) Unpacked() int64 {
	var n int64
	for _, p := range h.passes() {
		w, ht := p.size(h)
		n += int64(ht) * int64(1+h.rowBytes(w))
	}
	return n
}

// Memory is how many bytes a Decoder needs for a file with this header; deep asks for rows of 16 bits.
func (h *Header) Memory(deep bool) int64 {
	n := inflate.Memory(1+h.rowBytes(h.Width)) + 2*int64(h.rowBytes(h.Width)) + 12*int64(h.Width)
	if h.interlaced {
		n += int64(h.pixelBytes(deep)) * int64(h.Width) * int64(h.Height)
	}
	return n
}
