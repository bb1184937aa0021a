package transform

import "fmt"

// What an image costs follows from its pixels, and these cost a stranger next to nothing: formats can say "all of it is
// white" in some bytes, and "once more" in some further ones. So an image with few bytes may cost as much as a large
// and empty page does, and one with more bytes in proportion.

const (
	// freeWork is the work, in nanoseconds of one CPU of 2026 that has nothing else to do, that any file may ask for:
	// 100 million pixels of RGB that are read, and written again.
	freeWork = 2_200_000_000
	// workPerByte is what each byte of the file adds to that. Photographs ask for 10 to 100 of it, and scanned text for
	// up to 1000.
	workPerByte = 300
	// harmlessPixels are so few that it does not matter how few bytes they have: the decoder says what it finds.
	harmlessPixels = 1 << 24
)

// A price is what an image takes besides memory, as far as its header tells.
type price struct {
	bytes int64 // of its file; 0 of a Header that was made by hand
	raw   int64 // of its pixels, when they are unpacked
	least int64 // how many bytes its codec needs for so many pixels
	work  int64 // estimated nanoseconds until there are rows or planes
	scans int   // of a JPEG whose scans were counted
}

// generalBlock is what a block of a JPEG in a TIFF may take in each scan.
const generalBlock = 35

// affordable returns an *Error unless the file of an image has enough bytes for what it asks for, in the way of p.
func (h Header) affordable(p plan, l Limits) error {
	if h.price.bytes == 0 {
		return nil
	}
	pixels := int64(h.Width) * int64(h.Height)
	least := int64(0)
	if pixels > harmlessPixels {
		least = h.price.least
	}
	work := h.price.work
	for _, l := range p.legs {
		// What is larger than its source is so because somebody asked for it.
		last := l.size()
		work += p.row.work * min(int64(last.X)*int64(last.Y), pixels)
	}
	least = max(least, (work-l.freeWork())/workPerByte)
	if h.price.bytes >= least {
		return nil
	}
	return h.tooLarge(fewBytes(h.price.bytes, least, h.Width, h.Height, h.price.scans))
}

// tooLarge returns the *Error of an image that is refused for what its header says.
func (h Header) tooLarge(err error) error {
	return &Error{Kind: ClassTooLarge, Doing: "read header of " + string(h.Format), Err: err}
}

// fewBytes is the error of an image that has fewer bytes than it needs at least.
func fewBytes(bytes, least int64, w, h, scans int) error {
	what := fmt.Sprintf("%dx%d pixels", w, h)
	if scans > 1 {
		what = fmt.Sprintf("%d scans of ", scans) + what
	}
	return fmt.Errorf("the file has %d bytes, too few for %s: expected at least %d", bytes, what, least)
}

// freeWork is what any file may ask for. Who lets in more pixels than is usual means to pay for them.
func (l Limits) freeWork() int64 {
	return int64(freeWork * max(1, float64(l.MaxPixels)/DefaultMaxPixels))
}
