package transform

import "fmt"

// The cost of an image follows from its pixels, and pixels cost a stranger next to nothing: a format can say "all of
// it is white" in a few bytes, and "once more" in a few others. So an image with few bytes may cost as much as a large
// and empty page, and an image with more bytes may cost more in proportion.

const (
	// freeWork is the work that any file may ask for, in nanoseconds of one idle CPU of 2026: reading 100 million
	// pixels of RGB and writing them again.
	freeWork = 2_200_000_000
	// workPerByte is how much work each byte of the file adds to that. Photos ask for 10 to 100, scanned text for up to
	// 1000.
	workPerByte = 300
	// harmlessPixels is a number of pixels so small that the bytes of the file do not matter: the decoder finds out.
	harmlessPixels = 1 << 24
)

// linearWork is how many nanoseconds more a pixel takes that is resized in linear light.
const linearWork = 15

// A price is what an image costs besides memory, as far as its header says.
type price struct {
	bytes int64 // of its file; 0 is not known
	raw   int64 // bytes of its pixels when they are unpacked
	least int64 // bytes that its codec needs at least for so many pixels
	work  int64 // estimated nanoseconds until there are rows or planes
	scans int   // number of scans of a progressive JPEG
	coded int64 // pixels of the coded picture, of which a part is shown; 0 is all
	most  int64 // pixels that its codec has memory for; 0 is any
}

// generalBlock is how many nanoseconds a block of a JPEG in a TIFF may take in each scan.
const generalBlock = 35

// affordable returns an *Error unless the file of an image has enough bytes for the work that p does.
func (h Header) affordable(p plan, l Limits) error {
	if h.traits == nil {
		return nil
	}
	if err := h.animated(p, l); err != nil {
		return err
	}
	price := h.traits.price
	pixels := int64(h.Width) * int64(h.Height)
	if coded := max(price.coded, pixels); price.most != 0 && coded > price.most {
		const form = "the picture has %.1f million pixels: expected at most %.1f, for which its decoder has memory"
		return h.tooLarge(fmt.Errorf(form, float64(coded)/1e6, float64(price.most)/1e6))
	}
	least := int64(0)
	if pixels > harmlessPixels {
		least = price.least
	}
	work := price.work
	if p.linear() {
		work += linearWork * pixels
	}
	for _, leg := range p.legs {
		// An output that is larger than its source was asked for by the user, and is not the stranger's doing.
		last := leg.size()
		work += leg.row.work * min(int64(last.X)*int64(last.Y), pixels)
		if c := h.traits.colors; c.inks != nil && h.traits.planes != nil {
			// Other conversions were asked for by the user, and those of rows are in the price.
			n := min(int64(leg.view.size.X)*int64(leg.view.size.Y), pixels)
			if leg.linear {
				n = pixels
			}
			work += inksWork * n
		}
	}
	least = max(least, (work-l.freeWork())/workPerByte)
	if price.bytes >= least {
		return nil
	}
	return h.tooLarge(fewBytes(price.bytes, least, h.Width, h.Height, price.scans))
}

// tooLarge returns the *Error of an image that is refused for its header.
func (h Header) tooLarge(err error) error {
	return &Error{Kind: ClassTooLarge, Doing: "read header of " + string(h.Format), Err: err}
}

// fewBytes returns the error of an image that has fewer bytes than it needs.
func fewBytes(bytes, least int64, w, h, scans int) error {
	what := fmt.Sprintf("%dx%d pixels", w, h)
	if scans > 1 {
		what = fmt.Sprintf("%d scans of ", scans) + what
	}
	return fmt.Errorf("the file has %d bytes, too few for %s: expected at least %d", bytes, what, least)
}

// freeWork returns the nanoseconds of work that any file may ask for: more if the limits allow more pixels than usual.
func (l Limits) freeWork() int64 {
	return int64(freeWork * max(1, float64(l.MaxPixels)/DefaultMaxPixels))
}
