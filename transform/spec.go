package transform

import "context"

// A Format is a file format of images.
type Format string

// The formats that can be read; all but WebP can be written.
const (
	JPEG Format = "jpeg"
	PNG  Format = "png"
	GIF  Format = "gif"
	TIFF Format = "tiff"
	BMP  Format = "bmp"
	WebP Format = "webp"
)

// Ext is the extension of f's files, without a dot: "jpg" for JPEG, else the format's name.
func (f Format) Ext() string {
	if f == JPEG {
		return "jpg"
	}
	return string(f)
}

// A Spec says what is to be made of an image.
type Spec struct{}

// ParseSpec reads the text form of a Spec.
func ParseSpec(s string) (Spec, error) { return Spec{}, nil }

// String gives the canonical text form: ParseSpec(s.String()) equals s, but for assets.
func (s Spec) String() string { return "" }

// A Variant is one of the outputs that a Spec asks for.
type Variant struct {
	// Label names the size, as it stands in the names of files: "800x600", "320"; "" where there is only one output.
	Label string
}

// Variants lists the outputs that s asks for, at least one.
func (s Spec) Variants() []Variant { return []Variant{{}} }

// Output gives the format in which an image with header h is written.
func (s Spec) Output(h Header) Format { return h.Format }

// Need estimates the bytes of memory that Do will use at its peak for an image with header h, besides its file.
func (s Spec) Need(h Header) int64 { return 8 * int64(h.Width) * int64(h.Height) }

// Sniff tells a file's format from its first bytes, of which 64 are enough; "" where it is no image that is known.
func Sniff(head []byte) Format { return "" }

// ReadHeader reads what can be known of an image file without decoding its pixels. An image that is not known is an
// *Error.
func ReadHeader(data []byte) (Header, error) { return Header{}, nil }

// Do runs one Task.
func Do(ctx context.Context, t Task) (Result, error) { return Result{}, nil }
