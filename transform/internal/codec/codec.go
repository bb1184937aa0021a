// Package codec is the one manner of all decoders and encoders of transform, so that one rule and one sentence hold for
// every format. A new codec starts here: it takes a [Stop] and returns [Unsupported], [ErrStopped] and [Damage].
//
//	header   ReadHeader(data) (Header, error): reads what stands before the pixels, and allocates next to nothing
//	picture  h.Decode(stop) (Picture, error), or d.Decode(data, &h, options): the whole picture at once
//	rows     d.Start(data, &h, stop), then d.Row() (row, error) for each row, d.Damage(), d.Remarks(), d.Release()
//	file     e.Append(dst, &picture, options) (file, error): the picture is encoded and appended to dst
//
// An error means that there is no picture. It is ErrStopped, wraps an Unsupported, or says how the file contradicts its
// format. A picture of which something is missing is no error: the decoder fills what is missing and reports it as
// Damage. What a format forbids and does no harm is a remark, one sentence each.
//
// The package knows no format.
package codec

import "errors"

// A Stop reports whether the work should end. A codec calls it every few rows, or after about as much work. Nil never
// ends it. Once it has reported true it need not do so again.
type Stop func() bool

// Err returns ErrStopped if s reports that the work should end, and nil otherwise.
func (s Stop) Err() error {
	if s != nil && s() {
		return ErrStopped
	}
	return nil
}

// ErrStopped is what every codec returns after its Stop has reported true.
var ErrStopped = errors.New("the work was stopped")

// An Unsupported names a feature that is valid and cannot be read, such as "arithmetic coding".
type Unsupported string

// Error says that the feature cannot be read.
func (u Unsupported) Error() string { return string(u) + " cannot be read" }

// A Cut says how a file or its data ends too early. Each Cut is an ErrCut, as errors.Is finds out.
type Cut string

// Error is c.
func (c Cut) Error() string { return string(c) }

// Is reports whether target is ErrCut.
func (c Cut) Is(target error) bool { return target == ErrCut }

const (
	// ErrCut is the Damage of a file that ends before its pixels do.
	ErrCut = Cut("the file ends before the image does")
	// ErrShort is ErrCut for a codec that knows the data of a picture and not the file around it.
	ErrShort = Cut("its pixel data ends before the image does")
	// ErrHeader is the error of a file that ends before its pixels begin.
	ErrHeader = Cut("the file ends in its header")
)
