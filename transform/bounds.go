package transform

import (
	"fmt"

	"imgpipe/transform/internal/jpeg"
)

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

// appraise completes the price of an image whose header has been read.
func (m *meta) appraise(data []byte) {
	p := &m.price
	p.bytes = int64(len(data))
	pixels, frame := int64(m.Width)*int64(m.Height), int64(m.view.Dx())*int64(m.view.Dy())
	switch m.Format {
	case JPEG:
		p.jpeg(m, data, pixels)
	case PNG:
		p.least = p.raw / 1032 // RFC 1951: 258 bytes take two bits at least
		p.work = 6*pixels + 4*max(p.raw, pixels)
		if r, ok := m.rows.(pngRows); ok {
			p.work = r.work(pixels, p.raw)
		}
	case BMP:
		p.work = 6 * pixels
	case WebP:
		p.work = 4 * (pixels - frame)
		if m.webp.lossless != nil {
			p.work += 20 * frame // which may take no bits at all
		} else {
			p.work += 8 * frame
		}
	}
}

// work is that of the rows of a PNG, whose samples of 16 bits are made smaller one by one.
func (r pngRows) work(pixels, raw int64) int64 {
	work := 6*pixels + 2*raw
	if r.Gray {
		work = 3*pixels + 2*raw
	}
	if r.Deep() {
		work += 2 * raw
	}
	if !r.Opaque {
		work += 2 * pixels
	}
	if r.Interlaced() {
		work += 4 * pixels
	}
	return work
}

// jpeg counts the scans of a file that may have any number.
func (p *price) jpeg(m *meta, data []byte, pixels int64) {
	p.work = 2 * pixels
	if m.planes == nil {
		p.work = 20 * pixels // and colors are made of them
	}
	if !m.Progressive {
		p.least = m.frame.Least() // each component comes once
		return
	}
	w := jpeg.ReadWork(data)
	p.least, p.scans = w.Least, w.Scans
	p.work += 6 * w.Blocks
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
		per := int64(10)
		if p.format == JPEG {
			per = 6
		}
		work += per * min(int64(last.X)*int64(last.Y), pixels)
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
