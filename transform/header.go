package transform

import (
	"errors"
	"fmt"
	"image"

	"imgpipe/transform/internal/jpeg"
)

// A meta is what inspect finds before any pixel is decoded.
type meta struct {
	Header
	icc   []byte          // color profile as it is in the file, nil if none
	torn  tornProfile     // one that is not whole
	space string          // color space of the pixels as they are stored, as a profile names it; "" is RGB
	view  image.Rectangle // where the first frame of an animation stands on the canvas; the canvas itself for others
	more  bool            // there are frames or pages behind the first, which is all that is taken
	// remarks say what is odd in the file besides what its decoder says.
	remarks []string
	// head is what the header function of the format has for its decode function.
	head any
}

// ReadHeader reads what can be known of an image file without decoding its pixels. An image that is not known is an
// *Error, and so is a panic: headers are read where a panic would end a whole run, also when workers do the rest.
func ReadHeader(data []byte) (Header, error) {
	var m meta
	doing := "read header"
	err := guard(&doing, func() (err error) {
		m, err = inspect(data)
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
	if err == nil && (m.Width <= 0 || m.Height <= 0) {
		err = fmt.Errorf("it has no pixels: its size is %dx%d", m.Width, m.Height)
	}
	if err != nil {
		var unsupported unsupportedError
		kind := ClassDecode
		if errors.As(err, &unsupported) || errors.Is(err, jpeg.ErrUnsupported) {
			kind = ClassUnsupported
		}
		return meta{}, &Error{Kind: kind, Doing: "read header of " + string(f), Err: err}
	}
	if m.view.Empty() {
		m.view = image.Rect(0, 0, m.Width, m.Height)
	}
	m.price.bytes = int64(len(data))
	return m, nil
}

// An unsupportedError says which feature of a format cannot be read.
type unsupportedError string

func (e unsupportedError) Error() string { return string(e) + " cannot be read" }

var errShort = errors.New("the file ends in its header")

// maxParts bounds the chunks, segments or blocks of a file that are looked at: real files have some thousands, of which
// nearly all hold pixels. Without a bound, a file of nothing but empty parts costs as much to read as an image.
const maxParts = 1 << 18

var errParts = fmt.Errorf("it has over %d parts: expected an image among them", maxParts)
