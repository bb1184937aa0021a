package jpeg

import (
	"encoding/binary"
	"fmt"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/pixel"
)

// Options say how to decode. The zero value decodes at full size to the end.
type Options struct {
	Scale pixel.Scale
	// Stop is called once for each row of MCUs.
	Stop codec.Stop
	// NoInk is the sample that stands for no ink. If samples of the fourth component are missing, they become NoInk,
	// and those of all others 128. So what is missing is mid-gray in CMYK and YCCK, too.
	NoInk uint8
}

// A Decoder decodes files one after the other. The zero value is ready. It keeps its buffers, which grow to what the
// largest picture took; it is not for concurrent use.
type Decoder struct {
	data   []byte
	h      *Header
	stop   codec.Stop
	quant  [4]quantTable
	huff   [2][4]huffTable // by class (0 DC, 1 AC) and number
	ri     int             // restart interval
	comp   [4]component
	planes pixel.Planes
	pix    []byte
	bits   bitReader
	coefs  block
	units  [10]unit // at most so many blocks to an MCU (T.81, B.2.3)
	prog   progressive
	faults
}

// A quantTable is in the order of a scan.
type quantTable struct {
	defined bool
	q       [64]uint16
}

// A component is what decoding needs to know of one.
type component struct {
	h, v       int // sampling factors
	scale      int // M of M/8
	pix        []byte
	stride     int
	cols, rows int // blocks with something of the picture: those of a scan of this component alone
	allCols    int // blocks with the padding of interleaved scans: those of the plane
	allRows    int
	seen       bool // a scan of it has been begun
	place      placing
	blank      byte   // what missing samples are filled with
	lost       []bool // by row of blocks: some are missing; nil while none is
	coarse     int    // the first row of blocks that lack detail
	flat       bool   // all blocks lack their mean
}

// Decode decodes the file whose header is h, as ReadHeader returned it for the same data. It allocates for the size
// that h claims, unless the size is large and data too short to fill it. So the caller must refuse what is too large.
//
// The Planes belong to d and are good until its next Decode. What is missing of them is filled, and is in the Damage.
// An error means that there is no picture: it is codec.ErrStopped or a codec.Unsupported, or says how the file
// contradicts the standard.
func (d *Decoder) Decode(data []byte, h *Header, o Options) (*pixel.Planes, codec.Damage, error) {
	defer func() { d.data, d.h, d.stop, d.bits.data = nil, nil, nil, nil }()
	report, err := d.decode(data, h, o, false)
	if err == nil && d.passed && (d.err != nil || !d.ended || !d.complete()) {
		// Part of the scans that were passed over may be missing, which must not depend on the scale.
		report, err = d.decode(data, h, o, true)
	}
	if err != nil {
		return nil, codec.Damage{}, err
	}
	return &d.planes, report, nil
}

// decode is Decode. If thorough is set it reads also the scans that the scale has no use for.
func (d *Decoder) decode(data []byte, h *Header, o Options, thorough bool) (codec.Damage, error) {
	d.data, d.h, d.stop, d.ri, d.faults = data, h, o.Stop, 0, faults{thorough: thorough}
	for i := range d.quant {
		d.quant[i].defined = false
	}
	for class := range d.huff {
		for i := range d.huff[class] {
			d.huff[class][i].given = false
		}
	}
	if err := d.layOut(o); err != nil {
		return codec.Damage{}, err
	}
	begun, err := d.segments()
	if err == codec.ErrStopped || err != nil && !begun {
		return codec.Damage{}, err
	}
	if err != nil {
		d.found(err)
	}
	if h.Progressive {
		d.finishProgressive()
		if err := d.reconstruct(); err != nil {
			return codec.Damage{}, err
		}
	}
	return d.report(), nil
}

// layOut makes the planes for the picture at the scale given.
func (d *Decoder) layOut(o Options) error {
	h := d.h
	mcuCols, mcuRows := h.mcus()
	d.planes = pixel.Planes{Kind: h.Kind}
	size := 0
	for i := range h.N {
		k, c := &h.Components[i], &d.comp[i]
		*c = component{h: k.H, v: k.V, scale: h.scale(o.Scale, i), blank: 128}
		c.allCols, c.allRows = mcuCols*k.H, mcuRows*k.V
		c.coarse = c.allRows
		if i == 3 {
			c.blank = o.NoInk
		}
		if c.scale < 1 || c.scale > 8 {
			return fmt.Errorf("scale %d/8 is none of 1/8 to 8/8", c.scale)
		}
		c.cols, c.rows = h.blocks(i)
		c.stride = c.allCols * c.scale
		size += c.stride * c.allRows * c.scale
	}
	if h.Width*h.Height > smallPixels && h.Least() > int64(len(d.data)) {
		return formatError(fmt.Sprintf("the file has %d bytes, too few for %d×%d pixels",
			len(d.data), h.Width, h.Height))
	}
	if cap(d.pix) < size {
		d.pix = make([]byte, size)
	}
	d.pix = d.pix[:size]
	rest := d.pix
	for i := range h.N {
		c := &d.comp[i]
		n := c.stride * c.allRows * c.scale
		c.pix, rest = rest[:n:n], rest[n:]
		numW, denW, numH, denH := h.Width*c.h*c.scale, h.hMax*8, h.Height*c.v*c.scale, h.vMax*8
		d.planes.Plane[i] = pixel.Plane{Pix: c.pix, Stride: c.stride, W: ceilDiv(numW, denW), H: ceilDiv(numH, denH)}
		d.planes.Extent[i] = pixel.Extent{W: float64(numW) / float64(denW), H: float64(numH) / float64(denH)}
	}
	if h.Progressive {
		d.prog.layOut(d)
	}
	return nil
}

// smallPixels are so few that they may be allocated however short the file: it may be the beginning of one.
const smallPixels = 1 << 24

// segments reads the file's tables and scans. begun reports that a scan was begun, so that there is a picture. Once the
// whole picture is there, nothing is an error.
func (d *Decoder) segments() (begun bool, err error) {
	w := walker{data: d.data, off: 2}
	defer func() {
		d.odd = w.odd
		d.odd.sameIDs, d.odd.stray = d.h.sameIDs(), w.stray
		if begun {
			d.finishScans()
		}
		if begun && err != codec.ErrStopped && d.complete() {
			err = nil
		}
	}()
	for {
		seg, err := w.next()
		if err != nil {
			return begun, err
		}
		switch m := seg.marker; {
		case m == mSOS:
			s, err := d.parseSOS(seg.body)
			if err != nil {
				return begun, err
			}
			begun = true
			if err := d.scan(&s, w.off); err != nil {
				return begun, err
			}
			if !d.h.Progressive && d.complete() {
				return begun, nil
			}
			w.off = d.bits.after()
		case m == mEOI:
			d.ended = true
			if !begun {
				err = formatError("the file ends before its first scan")
			} else if !d.seenAll() {
				err = formatError("the file ends before all components have been seen")
			}
			return begun, err
		case m == mDHT:
			err = d.parseDHT(seg.body)
		case m == mDQT:
			err = d.parseDQT(seg.body)
		case m == mDRI:
			if len(seg.body) != 2 {
				return begun, formatError("the restart interval segment has the wrong length")
			}
			d.ri = int(binary.BigEndian.Uint16(seg.body))
		case m == mSOF0 || m == mSOF1 || m == mSOF2:
			if seg.off != d.h.sof {
				err = formatError("there are two frame headers, one was expected")
			}
		default:
			err = known(m)
		}
		if err != nil {
			return begun, err
		}
	}
}

// seenAll reports whether there was a scan of every component.
func (d *Decoder) seenAll() bool {
	for i := range d.h.N {
		if !d.comp[i].seen {
			return false
		}
	}
	return true
}

// complete reports whether the scans so far hold the whole picture.
func (d *Decoder) complete() bool {
	return d.seenAll() && (!d.h.Progressive || d.prog.complete(d.h.N))
}

// finishScans fills the components of which no scan was seen.
func (d *Decoder) finishScans() {
	for i := range d.h.N {
		if c := &d.comp[i]; !c.seen && !d.h.Progressive {
			c.loseAll()
		}
	}
}

// fill makes all samples v.
func fill(pix []byte, v byte) {
	for i := range pix {
		pix[i] = v
	}
}

// parseDQT takes over the tables of a segment (T.81, B.2.4.1).
func (d *Decoder) parseDQT(b []byte) error {
	for len(b) > 0 {
		precision, number := b[0]>>4, b[0]&15
		if precision > 1 || number > 3 {
			const say = "there is a quantization table of precision %d and number %d, 0 or 1 and 0 to 3 were expected"
			return formatError(fmt.Sprintf(say, precision, number))
		}
		n := 64 << precision
		if len(b) < 1+n {
			return formatError("a quantization table segment has the wrong length")
		}
		t := &d.quant[number]
		t.defined = true
		for k := range t.q {
			if precision == 0 {
				t.q[k] = uint16(b[1+k])
			} else {
				t.q[k] = binary.BigEndian.Uint16(b[1+2*k:])
			}
		}
		b = b[1+n:]
	}
	return nil
}

// transform writes a block's samples to the component's plane, the upper left one at pix[at].
func (c *component) transform(b *block, last, at int) {
	dst := c.pix[at:]
	switch c.scale {
	case 8:
		inverse8(b, last, dst, c.stride)
	case 7:
		inverse7(b, last, dst, c.stride)
	case 6:
		inverse6(b, last, dst, c.stride)
	case 5:
		inverse5(b, last, dst, c.stride)
	case 4:
		inverse4(b, last, dst, c.stride)
	case 3:
		inverse3(b, last, dst, c.stride)
	case 2:
		idct2(b, dst, c.stride)
	default:
		dst[0] = flat(b[0])
		b[0] = 0
	}
}
