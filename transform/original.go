package transform

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// An IfSmaller says what becomes of an output that is nothing but its source, packed anew in the same format and size,
// and has no fewer bytes. "" is IfSmallerOff.
type IfSmaller string

// What becomes of an output that is no smaller than its source.
const (
	IfSmallerOff  IfSmaller = "off"  // it is written
	IfSmallerCopy IfSmaller = "copy" // the source's file takes its place, without what outputs do not have
	IfSmallerSkip IfSmaller = "skip" // nothing is written
)

// ParseIfSmaller reads off, copy or skip.
func ParseIfSmaller(s string) (IfSmaller, error) {
	return parseOneOf("only-if-smaller", s, []IfSmaller{IfSmallerOff, IfSmallerCopy, IfSmallerSkip})
}

// repacked reports whether the output of l shows its whole source as it is, turned upright at the most.
func (p *plan) repacked(l *leg) bool {
	whole := newView(p.stored.X, p.stored.Y, p.orientation)
	return l.view == whole && len(l.rest) == 0 && !l.gray
}

// originals has the source's file, or nothing, in place of each output that is only that file packed anew, and has no
// fewer bytes.
func (j *job) originals(t Task, m *meta, p *plan, res *Result) {
	rule := t.Spec.IfSmaller
	// What is lost of a file must not look as if it had made the file smaller.
	if rule != IfSmallerCopy && rule != IfSmallerSkip || j.lacks != "" || m.more || t.Spec.Colors != 0 ||
		m.deep && t.Spec.Depth == Depth8 {
		return
	}
	for i := range res.Outputs {
		out := &res.Outputs[i]
		at := slices.IndexFunc(p.legs, func(l leg) bool { return l.label == out.Label && l.row.name == out.Format })
		if out.Format != m.Format || len(out.Data) < len(t.Data) || !p.repacked(&p.legs[at]) {
			continue
		}
		if rule == IfSmallerSkip {
			out.Data, out.Omitted = nil, true
			continue
		}
		file, why := t.Spec.original(t.Data, m, p)
		if why == "" {
			copied := *out
			if copied.Data, copied.Copied = file, true; copied.CheckFile() == nil &&
				int64(len(file)) <= MaxFile(out.Width, out.Height) {
				*out = copied
				continue
			}
			why = "its file is an unusual one"
		}
		j.remark("no smaller than its input, which does not take its place: %s", why)
	}
}

// original returns the source's file, as it takes the place of an output: without metadata, and with a color profile
// only if outputs keep that. If it cannot take that place, why is the reason.
func (s Spec) original(data []byte, m *meta, p *plan) (file []byte, why string) {
	bare := m.Format.row().bare
	switch {
	case bare == nil:
		return nil, "metadata in a " + m.Format.Title() + " cannot be found"
	case p.orientation > 1:
		return nil, "it is not upright"
	case m.icc != nil && s.ICC == ProfileSRGB:
		return nil, "it has a color profile"
	case m.general != "":
		return nil, m.general
	}
	file, ok := bare(data, s.ICC != ProfileStrip)
	switch {
	case !ok:
		return nil, "its file is an unusual one"
	case len(file) != len(data) && s.Metadata != "" && s.Metadata != MetadataStrip:
		return nil, "it has metadata, of which outputs keep a part"
	}
	return file, ""
}

// bareJPEG returns a JPEG with nothing but its picture and, if profile is set, its color profile. What follows the end
// of the picture is left out. ok is false if the file does not have the structure that ITU-T T.81 asks for (B.1.1).
func bareJPEG(data []byte, profile bool) (file []byte, ok bool) {
	file = append(make([]byte, 0, len(data)), 0xff, 0xd8)
	at := 2
	for at+4 <= len(data) && data[at] == 0xff {
		marker := data[at+1]
		switch {
		case marker == 0xd9:
			return append(file, 0xff, 0xd9), true
		case marker < 0xc0, marker >= 0xd0 && marker <= 0xd8, marker == 0xff:
			return nil, false // none that has a length
		}
		end := at + 2 + int(binary.BigEndian.Uint16(data[at+2:]))
		if end < at+4 || end > len(data) {
			return nil, false
		}
		if ofPicture(marker, data[at+4:end], profile) {
			file = append(file, data[at:end]...)
		}
		at = end
		if marker != 0xda {
			continue
		}
		for at+2 <= len(data) && (data[at] != 0xff || data[at+1] == 0 || data[at+1]&^7 == 0xd0) {
			at++ // samples, and restarts among them
		}
		file = append(file, data[end:at]...)
	}
	if at+2 == len(data) && data[at] == 0xff && data[at+1] == 0xd9 {
		return append(file, 0xff, 0xd9), true
	}
	return nil, false
}

// ofPicture reports whether a segment of a JPEG is needed to show its picture.
func ofPicture(marker byte, body []byte, profile bool) bool {
	switch {
	case marker == 0xe0: // JFIF, without a thumbnail behind it
		return len(body) == 14 && bytes.HasPrefix(body, []byte("JFIF\x00"))
	case marker == 0xe2:
		return profile && bytes.HasPrefix(body, []byte("ICC_PROFILE\x00"))
	case marker == 0xee: // whether the components are YCbCr
		return len(body) == 12 && bytes.HasPrefix(body, []byte("Adobe"))
	case marker >= 0xe0 && marker <= 0xef, marker == 0xfe:
		return false
	}
	return true
}

// pngOfPicture are the chunks of a PNG that are needed to show its picture as it is meant (PNG, third edition, 11).
var pngOfPicture = []string{
	"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "cHRM", "gAMA", "sRGB", "cICP", "sBIT", "bKGD", "pHYs",
}

// barePNG is bareJPEG for a PNG.
func barePNG(data []byte, profile bool) (file []byte, ok bool) {
	const signature = 8
	if len(data) < signature {
		return nil, false
	}
	file = append(make([]byte, 0, len(data)), data[:signature]...)
	for at := signature; at+12 <= len(data); {
		n := int64(binary.BigEndian.Uint32(data[at:]))
		if n > int64(len(data)-at-12) {
			return nil, false
		}
		end, name := at+12+int(n), string(data[at+4:at+8])
		switch {
		case slices.Contains(pngOfPicture, name), profile && name == "iCCP":
			file = append(file, data[at:end]...)
		case name[0]&0x20 == 0:
			return nil, false // it is critical, and unknown
		}
		if name == "IEND" {
			return file, n == 0
		}
		at = end
	}
	return nil, false
}
