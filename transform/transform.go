// Package transform is the CPU-bound stage: the bytes of one image file in, the bytes of one or more image files out.
//
//	Task ──> header, limits ──> plan ─> decode ─┬─> resize, operations ─> encode ─> Output
//	                                            └─> … one leg for each size of the Spec
//
// # Start here
//
// [Do] is the whole of it. A [Task] holds the bytes of an image, a [Spec] of what to make of it, and [Limits]; the
// [Result] holds the files, and warnings of what they have lost. [ParseSpec] reads a Spec from text such as
// "size=320;grayscale;format=jpeg". [ReadHeader], [Spec.Need] and [Spec.Explain] say before the work what an image is,
// how much memory the work takes and how it is done. An [Error] has a class that a program can tell from others.
//
// # What it promises
//
// Do is pure: it opens no file and no socket, starts no process and keeps no state that a caller can see. It returns
// the same bytes for the same Task in one build of the program, whichever goroutine or process runs it and whatever
// runs beside it. It uses one CPU: nothing in it is parallel. Every mode of imgpipe runs this same function.
//
// Input may come from strangers. Limits are checked by the header before a pixel is decoded, a panic of a codec
// becomes an Error, and what is missing of a damaged image is filled and said.
//
// # Where a new thing goes
//
//	format      one row of the table in format.go, and a file with the functions of that row, such as bmp.go
//	operation   one row of the table in operations.go, and its function
//	path        one implementation of the interface in path.go, such as rows.go
//	codec       a package in internal, in the manner that internal/codec describes
package transform

import "time"

// A Task is one image file and what is to be made of it.
type Task struct {
	// Data is the image file. Do neither changes nor keeps it.
	Data []byte
	// Spec says what to make. The zero Spec turns the image upright and writes it again in its own format.
	Spec Spec
	// Limits are checked before work is begun. The zero value means the defaults.
	Limits Limits
	// Grant is how many bytes of memory the work may need by the estimate of Spec.Need. For a Task that needs more, Do
	// returns a *NeedError before anything is decoded. 0 means no bound.
	Grant int64
	// Name is what a text of the Spec writes for {stem}: the name of the input without its extension. Nothing else
	// looks at it; see Spec.Names.
	Name string
}

// A Result is what became of a Task: one Output for each Variant of its Spec, in that order. Left out are sizes that
// would have the same pixels as an earlier one, as where an image is smaller than both.
type Result struct {
	// Source is the header of the input.
	Source Header
	// Outputs are the files.
	Outputs []Output
	// Warnings are sentences about an input that could be used all the same. They say what is wrong with it, such as a
	// scan that ends early; what its outputs have lost, such as transparency or a color profile that their format
	// cannot hold; and which outputs are smaller than the box that they were to fill.
	Warnings []string
	// Damaged reports that part of the input is missing. Its outputs show the rest; the first of Warnings says what is
	// missing.
	Damaged bool
	// Stripped reports that the input has metadata, and that its outputs have none because Spec.Metadata says so.
	Stripped bool
	// Taken is when the input was taken by the clock of its camera, as 2006-01-02 15:04:05, and Camera its maker and
	// model. They are "" if the input does not say, and without Spec.Facts. Camera is text from the input.
	Taken, Camera string
	// Path names the way that the pixels went: "ycbcr" (planes of Y, Cb and Cr from end to end), "ycbcr+rgba" (planes
	// for geometry, then RGB), "cmyk+rgba" (the same of inks), "gray" (rows of one sample for a pixel from end to end),
	// "gray+rgba", "rgba", or "frames" (all frames of an animation, in RGB).
	Path string
	// Swatch is what the smallest output looks like.
	Swatch Swatch
	// Decode, Operate and Encode are the time that each part took, summed over all outputs.
	Decode, Operate, Encode time.Duration
}

// An Output is one image file made by Do.
type Output struct {
	// Label is the Label of the Variant that asked for it.
	Label string
	// Format is the format of the file. Its Ext is the extension for the file's name.
	Format Format
	// Width and Height are in pixels.
	Width, Height int
	// Data is the file.
	Data []byte
	// Copied reports that Data is the source's file, without what outputs do not have: it has fewer bytes than one that
	// was packed anew.
	Copied bool
	// Omitted reports that there is no file, as it would have no fewer bytes than the source.
	Omitted bool
}

// Limits bound what one Task may use. A zero field means its default.
type Limits struct {
	// MaxPixels is the largest width × height of an input, by its header, and of each output. The default is
	// DefaultMaxPixels.
	MaxPixels int64
	// MinSide is the fewest pixels that the shorter side of an input may have; 0 is any.
	MinSide int64
	// MaxAspect is the most that the longer side of an input may be of the shorter, in thousandths, and at most a
	// billion; 0 is any.
	MaxAspect int64
	// Time is how long the work may take once it has begun. The default is no limit.
	Time time.Duration
	// RefuseDamaged makes a damaged input an error of class "decode". Without it, an image with at least one whole row
	// is done, and its Result is Damaged.
	RefuseDamaged bool
}

// A Header is what can be known of an image file without decoding its pixels.
type Header struct {
	Format Format
	// Width and Height are in pixels as stored, before Orientation is applied.
	Width, Height int
	// Orientation is the EXIF orientation, 1 to 8; 1 if the file names none.
	Orientation int
	// Alpha reports whether pixels of this file can be transparent.
	Alpha bool
	// Progressive reports whether a JPEG is progressive: neither baseline nor extended sequential.
	Progressive bool
	// Lossless reports whether pixels are stored without loss, if files of this Format may be either.
	Lossless bool

	// traits are what ReadHeader finds besides, for Need and Explain. It is nil in a Result, which so is the same in
	// every mode, and in a Header that was made by hand.
	traits *traits
}

// plain returns h without its traits.
func (h Header) plain() Header {
	h.traits = nil
	return h
}

// Failure classes of this package, as [Error.Class] returns them.
const (
	ClassNotAnImage  = "not-an-image" // the content is no image at all: empty, HTML, text
	ClassUnsupported = "unsupported"  // an image that needs a codec or a feature that is missing here
	ClassDecode      = "decode"       // an image that is damaged beyond use, or damaged under Limits.RefuseDamaged
	ClassUnwanted    = "unwanted"     // smaller than Limits.MinSide, or longer and thinner than Limits.MaxAspect
	ClassTooLarge    = "too-large"    // more pixels than the limits allow, or than the bytes of the file
	ClassOperation   = "operation"    // an operation cannot be done on this image, such as a crop outside it
	ClassEncode      = "encode"       // the format cannot hold this image, such as a JPEG over 65,535 pixels wide
	ClassPanic       = "panic"        // a fault in a codec or an operation, which was recovered
	ClassTimeout     = "timeout"      // the deadline of the context, or Limits.Time, came first
)

// An Error says why a Task failed.
type Error struct {
	// Kind is one of the Class constants.
	Kind string
	// Doing is what was being done, such as "decode jpeg".
	Doing string
	// Err is what was wrong.
	Err error
	// Stack is the stack of a panic, and nil for everything else.
	Stack []byte
	// Refused reports that part of the image is there: without Limits.RefuseDamaged it would have been done.
	Refused bool
}

// Error returns one line: what was being done and what was wrong.
func (e *Error) Error() string { return e.Doing + ": " + e.Err.Error() }

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Class returns Kind.
func (e *Error) Class() string { return e.Kind }
