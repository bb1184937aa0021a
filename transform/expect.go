package transform

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// What follows is for who has a Result from a process that strangers' images may have taken over: what Do would not
// have said is told from it, at a cost that does not depend on what stands in it.

// Classes are all classes that an Error of Do can have.
var Classes = []string{
	ClassNotAnImage, ClassUnsupported, ClassDecode, ClassTooLarge, ClassOperation, ClassEncode, ClassPanic, ClassTimeout,
}

// Expected returns the outputs that Do makes for t from an image with header h, without their Data. The error is one
// that Do would have, or says what h cannot be.
func (t Task) Expected(h Header) ([]Output, error) {
	if !slices.Contains(outputFormats, h.Format) && h.Format != WebP {
		return nil, fmt.Errorf("a source of format %q", h.Format)
	}
	if h.Width <= 0 || h.Height <= 0 || h.Orientation < 1 || h.Orientation > 8 {
		return nil, fmt.Errorf("a source of %dx%d pixels with orientation %d", h.Width, h.Height, h.Orientation)
	}
	if err := t.Limits.check(h.Width, h.Height); err != nil {
		return nil, err
	}
	p, err := t.Spec.plan(h, t.Limits)
	if err != nil {
		return nil, err
	}
	outputs := make([]Output, len(p.legs))
	for i, l := range p.legs {
		last := l.size()
		outputs[i] = Output{Label: l.label, Format: p.format, Width: last.X, Height: last.Y}
	}
	return outputs, nil
}

// MaxFile is more bytes than a file that Do makes of so many pixels has.
func MaxFile(width, height int) int64 {
	const perPixel = 16 // a PNG has 4 at most, a JPEG of noise at quality 100 some 6
	return perPixel*int64(width)*int64(height) + maxProfile + 64<<10
}

// CheckFile returns an error where o.Data does not begin and end as a file of its format does, or names other
// dimensions. It
// looks at some dozens of bytes.
func (o Output) CheckFile() error {
	data := o.Data
	w, h, ends := 0, 0, true
	short := fmt.Errorf("%d bytes that are no %s", len(data), o.Format)
	if len(data) < 26 || Sniff(data) != o.Format {
		return short
	}
	switch o.Format {
	case JPEG:
		w, h = frameSize(data)
		ends = bytes.HasSuffix(data, []byte{0xff, 0xd9})
	case PNG:
		w, h = int(binary.BigEndian.Uint32(data[16:])), int(binary.BigEndian.Uint32(data[20:]))
		ends = string(data[12:16]) == "IHDR" && bytes.HasSuffix(data, []byte("\x00\x00\x00\x00IEND\xaeB`\x82"))
	case GIF:
		w, h = int(binary.LittleEndian.Uint16(data[6:])), int(binary.LittleEndian.Uint16(data[8:]))
		ends = data[len(data)-1] == 0x3b
	case BMP:
		w, h = int(binary.LittleEndian.Uint32(data[18:])), int(binary.LittleEndian.Uint32(data[22:]))
		ends = int(binary.LittleEndian.Uint32(data[2:])) == len(data)
	case TIFF:
		w, h = directorySize(data)
	default:
		return short
	}
	if w != o.Width || h != o.Height {
		return fmt.Errorf("a %s that says %dx%d where %dx%d was planned", o.Format, w, h, o.Width, o.Height)
	}
	if !ends {
		return errors.New("a " + string(o.Format) + " without its end")
	}
	return nil
}

// frameSize finds the size in the frame header of a JPEG (ITU-T T.81, B.2.2), before which Do writes tables and a
// profile in a few segments.
func frameSize(data []byte) (w, h int) {
	const most = 64
	at := 2
	for range most {
		if at+9 > len(data) || data[at] != 0xff {
			return 0, 0
		}
		if m := data[at+1]; m >= 0xc0 && m <= 0xc2 {
			return int(binary.BigEndian.Uint16(data[at+7:])), int(binary.BigEndian.Uint16(data[at+5:]))
		}
		at += 2 + int(binary.BigEndian.Uint16(data[at+2:]))
	}
	return 0, 0
}

// directorySize finds the size in the first directory of a TIFF whose bytes are in the order that Do writes (TIFF
// 6.0, section 2).
func directorySize(data []byte) (w, h int) {
	const most, entry = 64, 12
	if string(data[:4]) != "II*\x00" {
		return 0, 0
	}
	at := int64(binary.LittleEndian.Uint32(data[4:]))
	if at+2 > int64(len(data)) {
		return 0, 0
	}
	n := min(int64(binary.LittleEndian.Uint16(data[at:])), most)
	for at += 2; n > 0 && at+entry <= int64(len(data)); n, at = n-1, at+entry {
		value := int(binary.LittleEndian.Uint32(data[at+8:]))
		if binary.LittleEndian.Uint16(data[at+2:]) == 3 { // a short, in the first half of the field
			value &= 0xffff
		}
		switch binary.LittleEndian.Uint16(data[at:]) {
		case 256:
			w = value
		case 257:
			h = value
		}
	}
	return w, h
}
