package transform

import (
	"cmp"
	"errors"
	"fmt"
)

// This file is for a caller whose Result comes from a process that a stranger's image may have taken over. It detects
// what Do would not have returned, at a cost that does not depend on the contents.

// Classes are the classes that an Error of Do can have.
var Classes = []string{
	ClassNotAnImage, ClassUnsupported, ClassDecode, ClassTooLarge, ClassUnwanted,
	ClassOperation, ClassEncode, ClassPanic, ClassTimeout,
}

// Expected returns the outputs that Do makes for t from an image with header h, without their Data. Where the smallest
// of several files is asked for, an output has no Format: it is one of Spec.Outputs. The error is one that Do would
// return, or says why h cannot be a header.
func (t Task) Expected(h Header) ([]Output, error) {
	if !h.Format.Readable() {
		return nil, fmt.Errorf("a source of format %q", h.Format)
	}
	if h.Width <= 0 || h.Height <= 0 || h.Orientation < 1 || h.Orientation > 8 {
		return nil, fmt.Errorf("a source of %dx%d pixels with orientation %d", h.Width, h.Height, h.Orientation)
	}
	if err := t.Limits.check(h.Width, h.Height); err != nil {
		return nil, err
	}
	if err := t.Limits.wants(h); err != nil {
		return nil, err
	}
	p, err := t.Spec.plan(h, t.Limits)
	if err != nil {
		return nil, err
	}
	var outputs []Output
	for legs := range p.bySize() {
		for _, l := range legs {
			out := Output{Label: l.label, Format: l.row.name, Width: l.size().X, Height: l.size().Y}
			if p.smallest {
				out.Format = ""
			}
			outputs = append(outputs, out)
			if p.smallest {
				break
			}
		}
	}
	return outputs, nil
}

// MaxFile returns a number of bytes that no output of Do of so many pixels exceeds, beside its metadata.
func MaxFile(width, height int) int64 {
	const perPixel = 16 // a PNG has 4 at most, a JPEG of noise at quality 100 some 6
	return perPixel*int64(width)*int64(height) + maxProfile + 64<<10
}

// MaxMetadata returns a number of bytes that the metadata of no output exceeds.
func (s Spec) MaxMetadata() int64 {
	if !s.KeepsMetadata() {
		return 0
	}
	return maxMetadata
}

// MaxFile returns a number of bytes that a file for o, as Do makes it by way of path, does not exceed.
func (t Task) MaxFile(o Output, path string) int64 {
	most := MaxFile(o.Width, o.Height)
	if path != (*framesPath)(nil).name() || o.Format.row().animate == nil {
		return most
	}
	const perFrame = 1 << 10
	pixels := min(maxFrames*int64(o.Width)*int64(o.Height), t.Limits.mostFrames())
	return most + 16*pixels + perFrame*maxFrames
}

// CheckFile returns an error if o.Data does not begin and end like a file of its format, or names other dimensions. It
// looks at some dozens of bytes.
func (o Output) CheckFile() error {
	data := o.Data
	row := o.Format.row()
	if row.measure == nil || Sniff(data) != cmp.Or(row.kind, o.Format) {
		return fmt.Errorf("%d bytes that are no %s", len(data), o.Format)
	}
	w, h, ends := row.measure(data)
	if w != o.Width || h != o.Height {
		return fmt.Errorf("a %s that says %dx%d where %dx%d was planned", o.Format, w, h, o.Width, o.Height)
	}
	if !ends {
		return errors.New("a " + string(o.Format) + " without its end")
	}
	return nil
}
