package jpeg

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/pixel"
)

// A Component is one component of a frame (T.81, B.2.2).
type Component struct {
	// ID is the number by which scans call it.
	ID uint8
	// H and V are its sampling factors, 1 to 4. They are both 1 where the file has one component.
	H, V int
	// Quant is the number of its quantization table, 0 to 3.
	Quant uint8
}

// A Header is what a file says before its first scan. Its slices are views of the file.
type Header struct {
	// Width and Height are in pixels, at least 1 each.
	Width, Height int
	Kind          pixel.Kind
	// Components has one entry for each component; those beyond N are zero.
	Components [4]Component
	// N is the number of components: 1 to 4.
	N int
	// Progressive reports that the file is coded in several passes over all of the picture.
	Progressive bool
	// Restart is the number of MCUs between restart markers, 0 for none, as defined before the first scan.
	Restart int
	// JFIF reports that there is a JFIF APP0 segment.
	JFIF bool
	// Adobe is the color transform that an Adobe APP14 segment names: 0 none, 1 YCbCr, 2 YCCK; -1 without such a
	// segment.
	Adobe int
	// EXIF is the TIFF structure of the first EXIF segment, nil where there is none.
	EXIF []byte

	hMax, vMax int
	sof, sos   int // where the frame and the first scan begin: the offsets of their markers' 0xff
	icc        [][]byte
}

// ICC is the color profile, put together from its APP2 segments (ICC.1, annex B.4). It is nil if there is none or a
// part is missing.
func (h *Header) ICC() []byte {
	if len(h.icc) == 0 || int(h.icc[0][1]) != len(h.icc) {
		return nil
	}
	parts := make([][]byte, len(h.icc))
	for _, s := range h.icc {
		number, count := int(s[0]), int(s[1])
		if count != len(parts) || number < 1 || number > count || parts[number-1] != nil {
			return nil
		}
		parts[number-1] = s[2:]
	}
	return bytes.Join(parts, nil)
}

// maxICCSegments bounds the segments of a profile: their number is one byte.
const maxICCSegments = 255

// ReadHeader reads data as far as its first scan and decodes nothing. An error is a codec.Unsupported where the file is
// of a kind that this package does not read; else the file is malformed. The Header keeps data alive.
func ReadHeader(data []byte) (Header, error) {
	h := Header{Adobe: -1, sof: -1}
	if len(data) < 2 || data[0] != 0xff || data[1] != mSOI {
		return Header{}, formatError("the file does not begin as a JPEG does (ff d8)")
	}
	w := walker{data: data, off: 2}
	for {
		seg, err := w.next()
		if err != nil {
			return Header{}, err
		}
		switch m := seg.marker; {
		case m == mSOS:
			if h.sof < 0 {
				return Header{}, formatError("a scan comes before the frame header")
			}
			h.sos = seg.off
			h.Kind = h.kind()
			return h, nil
		case m == mEOI:
			return Header{}, formatError("the file ends before its first scan")
		case m == mSOF0 || m == mSOF1 || m == mSOF2:
			if h.sof >= 0 {
				return Header{}, formatError("there are two frame headers, one was expected")
			}
			h.sof = seg.off
			if err := h.frame(m, seg.body); err != nil {
				return Header{}, err
			}
		case m == mDRI:
			if len(seg.body) != 2 {
				return Header{}, formatError("the restart interval segment has the wrong length")
			}
			h.Restart = int(binary.BigEndian.Uint16(seg.body))
		case mAPP0 <= m && m <= mAPP15:
			h.application(m, seg.body)
		default:
			if err := known(m); err != nil {
				return Header{}, err
			}
		}
	}
}

// application takes over what is wanted of an application segment.
func (h *Header) application(marker byte, b []byte) {
	begins := func(name string) bool { return bytes.HasPrefix(b, []byte(name)) }
	switch {
	case marker == mAPP0 && begins("JFIF\x00"):
		h.JFIF = true
	case marker == mAPP1 && h.EXIF == nil && len(b) >= 6 && begins("Exif\x00"):
		h.EXIF = b[6:]
	case marker == mAPP2 && len(b) > 14 && begins("ICC_PROFILE\x00") && len(h.icc) < maxICCSegments:
		h.icc = append(h.icc, b[12:])
	case marker == mAPP14 && len(b) >= 12 && begins("Adobe"):
		h.Adobe = int(b[11])
	}
}

// known returns an error for a marker whose segment must not be passed over.
func known(marker byte) error {
	switch {
	case marker == mDHT || marker == mDQT || mayPass(marker):
		return nil
	case marker == 0xc3 || marker == 0xcb || marker == 0xf7:
		return codec.Unsupported(fmt.Sprintf("lossless coding (marker ff%02x)", marker))
	case 0xc5 <= marker && marker <= 0xc7 || marker == 0xde || marker == 0xdf:
		return codec.Unsupported(fmt.Sprintf("hierarchical coding (marker ff%02x)", marker))
	case 0xc9 <= marker && marker <= 0xcf:
		return codec.Unsupported(fmt.Sprintf("arithmetic coding (marker ff%02x)", marker))
	}
	return formatError(fmt.Sprintf("marker ff%02x has no meaning here", marker))
}

// mayPass reports whether a segment says nothing about how the picture is coded, as this package reads it.
func mayPass(marker byte) bool {
	return marker == mCOM || marker == mDNL || marker == mDAC ||
		mAPP0 <= marker && marker <= mAPP15 || 0xf0 <= marker && marker <= 0xfd
}

// frame reads a frame header (T.81, B.2.2).
func (h *Header) frame(marker byte, b []byte) error {
	if len(b) < 6 || len(b) != 6+3*int(b[5]) {
		return formatError("the frame header has the wrong length")
	}
	h.Progressive = marker == mSOF2
	h.Height, h.Width = int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	h.N = int(b[5])
	switch {
	case b[0] != 8:
		return codec.Unsupported(fmt.Sprintf("a precision of %d bits", b[0]))
	case h.N < 1 || h.N > 4:
		return codec.Unsupported(fmt.Sprintf("a JPEG of %d components", h.N))
	case h.Width == 0:
		return formatError("the picture is 0 pixels wide")
	case h.Height == 0:
		return codec.Unsupported("a height that stands after the first scan (DNL)")
	}
	for i := range h.N {
		f := b[6+3*i:]
		c := Component{ID: f[0], H: int(f[1] >> 4), V: int(f[1] & 15), Quant: f[2]}
		if c.H < 1 || c.H > 4 || c.V < 1 || c.V > 4 {
			return formatError(fmt.Sprintf("component %d has sampling factors %d×%d, 1 to 4 were expected",
				i, c.H, c.V))
		}
		if c.Quant > 3 {
			return formatError(fmt.Sprintf("component %d names quantization table %d, 0 to 3 were expected",
				i, c.Quant))
		}
		if h.N == 1 { // The factors of a single component mean nothing (T.81, A.2.2).
			c.H, c.V = 1, 1
		}
		h.Components[i] = c
		h.hMax, h.vMax = max(h.hMax, c.H), max(h.vMax, c.V)
	}
	return nil
}

// sameIDs reports whether components share a number.
func (h *Header) sameIDs() bool {
	for i, c := range h.Components[:h.N] {
		for _, other := range h.Components[:i] {
			if other.ID == c.ID {
				return true
			}
		}
	}
	return false
}

// kind decides what the components mean, as the Independent JPEG Group's library does.
func (h *Header) kind() pixel.Kind {
	c := &h.Components
	switch {
	case h.N == 1:
		return pixel.Gray
	case h.N == 2:
		return pixel.Two
	case h.N == 3 && h.JFIF:
		return pixel.YCbCr
	case h.N == 3 && (h.Adobe == 0 || h.Adobe < 0 && c[0].ID == 'R' && c[1].ID == 'G' && c[2].ID == 'B'):
		return pixel.RGB
	case h.N == 3:
		return pixel.YCbCr
	case h.Adobe > 0:
		return pixel.YCCK
	}
	return pixel.CMYK
}

// mcus is the number of columns and rows of MCUs of an interleaved scan of all components (T.81, A.2.3).
func (h *Header) mcus() (cols, rows int) {
	return ceilDiv(h.Width, 8*h.hMax), ceilDiv(h.Height, 8*h.vMax)
}

// blocks is the number of columns and rows of blocks of component c that hold something of the picture (T.81, A.2.2).
func (h *Header) blocks(c int) (cols, rows int) {
	k := &h.Components[c]
	return ceilDiv(ceilDiv(h.Width*k.H, h.hMax), 8), ceilDiv(ceilDiv(h.Height*k.V, h.vMax), 8)
}

// Memory is how many bytes Decode keeps at scale s for a file with this header: its planes and, of a progressive file,
// its coefficients. Besides these a Decoder takes under 500 KB.
func (h *Header) Memory(s pixel.Scale) int64 {
	cols, rows := h.mcus()
	total := int64(0)
	for i := range h.N {
		m := h.scale(s, i)
		n := int64(cols*h.Components[i].H) * int64(rows*h.Components[i].V)
		total += n * int64(m*m)
		if h.Progressive {
			total += n*int64(2*(min(keeps(m), 63)+1)+8) + 8*((n+63)/64)
		}
	}
	return total
}

// Least is how many bytes the picture takes in any file: a bit for a block, two in a sequential scan, its DC code and
// the end of the block (T.81, F.1.2).
func (h *Header) Least() int64 {
	bits := int64(0)
	for i := range h.N {
		cols, rows := h.blocks(i)
		bits += int64(cols) * int64(rows)
	}
	if !h.Progressive {
		bits *= 2
	}
	return bits / 8
}

// scale is what s means for component i.
func (h *Header) scale(s pixel.Scale, i int) int {
	m := s.Luma
	if (h.Kind == pixel.YCbCr || h.Kind == pixel.YCCK) && (i == 1 || i == 2) {
		m = s.Chroma
	}
	if m == 0 {
		return 8
	}
	return m
}

// Shape returns what Decode makes of a file with this header.
func (h *Header) Shape() pixel.Shape {
	s := pixel.Shape{Width: h.Width, Height: h.Height, Kind: h.Kind, Scales: true}
	for i, c := range h.Components[:h.N] {
		s.Sampling[i] = pixel.Sampling{H: c.H, V: c.V}
	}
	return s
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// A segment is a marker and its parameters (T.81, B.1.1.4).
type segment struct {
	marker byte
	off    int    // the offset of the marker's 0xff
	body   []byte // without the length; nil for a marker that stands alone
}

// A walker finds the segments of a file one after the other.
type walker struct {
	data  []byte
	off   int
	steps int // markers so far, those that are passed over included
	stray int // bytes so far that belong to no segment
	odd   oddities
}

// maxMarkers bounds the markers of a file that are looked at outside its scans: real files have some hundreds.
const maxMarkers = 1 << 18

// errEnd is what next returns where the file ends between two segments.
const errEnd = codec.Cut("the file ends where a marker was expected")

// errSegment is what next returns where the file ends inside a segment.
const errSegment = codec.Cut("the file ends inside a segment")

// next reads the next segment. Bytes that are no marker are passed over, and so are fill bytes (T.81, B.1.1.2) and
// restart markers, which some writers leave after a scan.
func (w *walker) next() (segment, error) {
	for {
		if w.steps++; w.steps > maxMarkers {
			return segment{}, formatError(fmt.Sprintf("the file has over %d markers outside its scans", maxMarkers))
		}
		i := bytes.IndexByte(w.data[min(w.off, len(w.data)):], 0xff)
		if i < 0 || w.off+i+1 >= len(w.data) {
			w.off = len(w.data)
			return segment{}, errEnd
		}
		w.stray += i
		w.off += i
		for w.off+2 < len(w.data) && w.data[w.off+1] == 0xff {
			w.off++
		}
		m := w.data[w.off+1]
		if m == 0xff {
			w.off = len(w.data)
			return segment{}, errEnd
		}
		seg := segment{marker: m, off: w.off}
		w.off += 2
		switch {
		case m == 0:
			w.stray += 2
			continue
		case mRST0 <= m && m <= mRST7 || m == mSOI || m == mTEM:
			continue
		case m == mEOI:
			return seg, nil
		}
		if w.off+2 > len(w.data) {
			w.off = len(w.data)
			return segment{}, errSegment
		}
		n := int(binary.BigEndian.Uint16(w.data[w.off:]))
		if n < 2 && mayPass(m) {
			if w.odd.length == 0 {
				w.odd.length = m
			}
			w.off += 2
			return seg, nil
		}
		if n < 2 {
			const say = "the segment of marker ff%02x has length %d, at least 2 was expected"
			return segment{}, formatError(fmt.Sprintf(say, m, n))
		}
		if w.off+n > len(w.data) {
			w.off = len(w.data)
			return segment{}, errSegment
		}
		w.odd.arith = w.odd.arith || m == mDAC
		seg.body = w.data[w.off+2 : w.off+n]
		w.off += n
		return seg, nil
	}
}
