package transform

import (
	"errors"
	"fmt"
	"image"
)

// traits decide on the path of an image and on its cost.
type traits struct {
	price     price
	planes    planeSource // of a file whose planes can be decoded alone, nil for others
	rows      rowSource   // of a file whose rows can be decoded one after the other, nil for others
	general   string      // why a file is decoded to RGB, if most files of its format are not
	frames    *animation  // of a file with several of them, nil for others
	colors    coloring
	described described // the metadata of the file
	deep      bool      // rows are gray or RGB of 16 bits a sample, if that is asked for
	rounded   string    // what has more than 8 bits in the file and 8 once it is decoded; "" if there is no such thing
	rgbBytes  int       // for each pixel that decoding to RGB needs besides its result; 0 is not known
}

// A meta is what inspect finds before any pixel is decoded.
type meta struct {
	Header
	traits
	icc   []byte          // color profile as it is in the file, nil if none
	torn  tornProfile     // one that is not whole
	space string          // color space of the pixels as they are stored, as a profile names it; "" is RGB
	view  image.Rectangle // where the first frame of an animation stands on the canvas; the canvas itself for others
	bits  int             // of a sample as it is stored; 0 is not known
	more  bool            // there are frames or pages behind the first
	// remarks say what is odd in the file besides what its decoder says.
	remarks []string
	// head is what the header function of the format has for its decode function.
	head any
}

// ReadHeader reads what can be known of an image file without decoding its pixels. Every error is an *Error, and so is
// a panic: headers are read in the process of the caller, where a panic would end a whole run.
func ReadHeader(data []byte) (Header, error) { return Spec{}.ReadHeader(data) }

// ReadHeader is the function ReadHeader for what s works on: the preview of a camera raw file, if s has RawPreview.
func (s Spec) ReadHeader(data []byte) (Header, error) {
	var m meta
	doing := "read header"
	err := guard(&doing, func() (err error) {
		_, m, err = s.source(data)
		return err
	})
	return m.Header, err
}

// inspect reads the header of any format. It allocates next to nothing, whatever the file claims.
func inspect(data []byte) (m meta, err error) {
	f := Sniff(data)
	if f == "" {
		return m, refusal(data)
	}
	row := f.row()
	m.Format, m.Orientation = f, 1
	err = row.header(&m, data)
	if missing := m.readable(); err != nil && missing != nil {
		return meta{}, missing // whatever else may be wrong with it
	}
	if err == nil && (m.Width <= 0 || m.Height <= 0) {
		err = fmt.Errorf("it has no pixels: its size is %dx%d", m.Width, m.Height)
	}
	if err != nil {
		return meta{}, classed(ClassDecode, "read header of "+string(f), err)
	}
	if m.view.Empty() {
		m.view = image.Rect(0, 0, m.Width, m.Height)
	}
	m.price.bytes = int64(len(data))
	m.colors = foundColors(&m)
	if m.colors.inks != nil && m.planes == nil { // affordable counts the views of planes
		m.price.work += inksWork * int64(m.Width) * int64(m.Height)
	}
	t := m.traits
	m.Header.traits = &t
	return m, nil
}

// readable returns an *Error if this build has no decoder for the format of h.
func (h Header) readable() error {
	if row := h.Format.row(); row.decode == nil && row.missing != "" {
		return &Error{Kind: ClassUnsupported, Doing: "decode " + string(h.Format), Err: errors.New(row.missing)}
	}
	return nil
}

// maxParts bounds the chunks, segments or blocks of a file that are looked at: real files have some thousands, of which
// nearly all hold pixels. Without a bound, a file of nothing but empty parts costs as much to read as an image.
const maxParts = 1 << 18

var errParts = fmt.Errorf("it has over %d parts: expected an image among them", maxParts)
