// Package transform is the CPU-bound stage: the bytes of one image file in, the bytes of one or more image files out.
//
//	Task ──> sniff ──> limits ──> decode ──> orient ──┬─> resize, operations ──> encode ──> Output
//	                                                  └─> …one branch for each size of the Spec
//
// [Do] is the whole of it, and every mode of imgpipe runs that same function. It is pure: it opens no file and no socket,
// starts no process, keeps no state that a caller can see, and gives the same bytes for the same [Task] in one build of the
// program, whichever goroutine or process runs it and whatever runs beside it. It uses one CPU: nothing in it is parallel.
package transform

import "time"

// A Task is one image file and what is to be made of it.
type Task struct {
	// Data is the image file. Do reads it and neither changes nor keeps it.
	Data []byte
	// Spec says what to make. The zero Spec turns the image upright and writes it again in its own format.
	Spec Spec
	// Limits are checked before work is begun. The zero value means the defaults.
	Limits Limits
	// Grant is how many bytes of memory the work may need, as Spec.Need estimates that. A Task that needs more is a
	// *NeedError, before anything is decoded. 0 means no bound.
	Grant int64
}

// A Result is what became of a Task: one Output for each Variant of its Spec, in that order.
type Result struct {
	// Source tells what the input was.
	Source Header
	// Outputs are the files made.
	Outputs []Output
	// Warnings say what was wrong with an input that could be read all the same, such as a scan that ends early, and
	// what its outputs have lost: transparency that was there, where their format has none, and a color profile that they
	// cannot have. They also name the outputs that are smaller than the box that they were to fill.
	Warnings []string
	// Damaged reports that the input is damaged and its outputs show what is there of it; the first of Warnings says
	// what is missing.
	Damaged bool
	// Path names the way the pixels went: "ycbcr" (JPEG planes from end to end), "ycbcr+rgba" (JPEG planes as far as geometry goes, RGB
	// from there), "gray" (rows of one sample for a pixel, from end to end), "gray+rgba" or "rgba".
	Path string
	// Decode, Operate and Encode are the time that each part took, over all outputs.
	Decode, Operate, Encode time.Duration
}

// An Output is one image file made by Do.
type Output struct {
	// Label is the Label of the Variant that asked for it.
	Label string
	// Format is the file's real format; its Ext is the extension of the file's name.
	Format Format
	// Width and Height are in pixels.
	Width, Height int
	// Data is the file.
	Data []byte
}

// Limits bound what one Task may use. A zero field means its default.
type Limits struct {
	// MaxPixels is the largest width × height of an input, taken from its header before anything is decoded, and of
	// each output. Default DefaultMaxPixels.
	MaxPixels int64
	// Time is how long the work may take once it has begun. Default no limit.
	Time time.Duration
	// RefuseDamaged makes an input of which something is missing an error of class "decode". Without it, an image with
	// at least one whole row is done, and its Result is Damaged.
	RefuseDamaged bool
}

// A Header is what can be known of an image file without decoding its pixels.
type Header struct {
	Format Format
	// Width and Height are in pixels as stored, before Orientation is applied.
	Width, Height int
	// Orientation is the EXIF orientation, 1 to 8; 1 where the file names none.
	Orientation int
	// Alpha tells that the format of the pixels can be transparent.
	Alpha bool
	// Progressive tells of a JPEG that it is not baseline or extended sequential.
	Progressive bool

	// What follows is for Need and Explain, of a Header that ReadHeader made; a Result has none of it.

	price   price
	decode  int         // bytes for each pixel that the general decoder needs besides its result; 0 is not known
	planes  planeSource // of a file whose planes can be decoded alone, nil for others
	rows    rowSource   // of a file whose rows can be decoded one after the other, nil for others
	general string      // why a file is left to the general decoder, though most of its format are not
}

// public is h without what is for Need and Explain, so that a Result says the same in every mode.
func (h Header) public() Header {
	h.price, h.decode, h.planes, h.rows, h.general = price{}, 0, nil, nil, ""
	return h
}

// Failure classes of this package, as [Error.Class] gives them.
const (
	ClassNotAnImage  = "not-an-image" // the content is no image at all: empty, HTML, text
	ClassUnsupported = "unsupported"  // an image, of a kind that cannot be read: a codec or feature that is missing
	ClassDecode      = "decode"       // an image that is damaged: beyond use, or at all under Limits.RefuseDamaged
	ClassTooLarge    = "too-large"    // more pixels than the limits allow, or than the bytes of the file
	ClassOperation   = "operation"    // an operation cannot be done on this image, such as a crop outside it
	ClassEncode      = "encode"       // the format cannot hold this image, such as a JPEG over 65,535 pixels wide
	ClassPanic       = "panic"        // a fault in a codec or operation, recovered
	ClassTimeout     = "timeout"      // the context ended first
)

// An Error is why a Task failed.
type Error struct {
	// Kind is one of the Class constants.
	Kind string
	// Doing says what was being done, such as "decode jpeg".
	Doing string
	// Err is what was wrong.
	Err error
	// Stack is where it was, of a panic alone.
	Stack []byte
	// Refused reports that part of the image is there: it would have been done without Limits.RefuseDamaged.
	Refused bool
}

// Error is one line: what was being done and what was wrong.
func (e *Error) Error() string { return e.Doing + ": " + e.Err.Error() }

// Unwrap gives Err.
func (e *Error) Unwrap() error { return e.Err }

// Class gives Kind.
func (e *Error) Class() string { return e.Kind }
