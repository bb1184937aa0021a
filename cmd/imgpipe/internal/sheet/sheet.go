// Package sheet lays the pictures of a run out on pages: contact sheets.
//
//	pipeline.Run ──> Plan, Put, Record ──> pages ──> Options.Write
//
// Start with [New], which makes a [Sheet], and give it to pipeline.Run as its Store, with the Spec of [Options.Cells].
// Call [Sheet.Close] when the run has ended. [Layout] says where what stands on a page.
//
// Cells stand in the order of the input, and are drawn as their pictures come, whatever their order. So a sheet has the
// same bytes in all modes. A picture that failed leaves a cell with its name and the class of the failure. At most
// openPages pages are in memory: the first item of one more waits until one is written.
package sheet

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"sync"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// Options say what a sheet looks like and where its pages go.
type Options struct {
	Layout Layout
	// Background is the color of pages, opaque or not.
	Background color.NRGBA
	// Format and Quality are those of pages; a Quality of 0 is the default of the format.
	Format  transform.Format
	Quality int
	// MaxPixels bounds the pixels of a page; 0 is the default of transform.
	MaxPixels int64
	// Write keeps a page. Number counts pages from 1; it is 0 for the only page of a sheet. Calls come one after the
	// other. Its error ends the run.
	Write func(number int, file []byte) error
	// Wrote is called after Write with how many cells a page has. Nil is nobody.
	Wrote func(number, cells int, size image.Point)
}

// Cells returns the Spec of the pictures, for the run.
func (o Options) Cells() transform.Spec {
	return transform.Spec{
		Sizes:   []transform.Resize{{Width: o.Layout.Cell.X, Height: o.Layout.Cell.Y}},
		Formats: []transform.Format{transform.PNG}, Compression: 1, ICC: transform.ProfileSRGB,
		Depth: transform.Depth8, Animate: transform.AnimationFirst, Facts: o.Layout.Labels == Dates,
	}
}

// page returns the Spec of a page.
func (o Options) page() transform.Spec {
	return transform.Spec{
		Formats: []transform.Format{o.Format}, Quality: o.Quality, Background: transform.Color(hex(o.Background)),
	}
}

// header is that of a whole page, before it is encoded.
func (o Options) header() transform.Header {
	size := o.Layout.Size()
	return transform.Header{Format: transform.PNG, Width: size.X, Height: size.Y, Alpha: o.Background.A < 255}
}

// Check returns an error if a page cannot be made: too many pixels, or more than the format can hold.
func (o Options) Check() error {
	_, err := o.page().Explain(o.header(), transform.Limits{MaxPixels: o.MaxPixels})
	if e, ok := errors.AsType[*transform.Error](err); ok {
		err = e.Err // nobody has asked to read anything
	}
	if err != nil {
		size := o.Layout.Size()
		return fmt.Errorf("a page of %dx%d pixels: %w", size.X, size.Y, err)
	}
	return nil
}

// openPages is how many pages are in memory at most: one that is drawn, one that is begun, and one that waits for a
// slow picture.
const openPages = 3

// Need is how many bytes of memory pages take, besides what the run takes for its pictures.
func (o Options) Need() int64 {
	size := o.Layout.Size()
	pixels := int64(size.X) * int64(size.Y)
	const file = 4 + 8 // a page as a file, which grows by doubling
	return (openPages*4+file)*pixels + o.page().Need(o.header())
}

// A Sheet is a [pipeline.Recorder] that draws pictures on pages. New makes one.
type Sheet struct {
	Options
	ctx context.Context

	mu      sync.Mutex
	changed sync.Cond // a page was written, or the sheet has failed
	pages   map[int]*page
	planned int    // items
	first   []byte // the first page, as long as nobody knows whether it is the only one
	cells   int    // of it
	failed  error
}

// A page is one that has a cell whose item has not ended.
type page struct {
	img   *image.RGBA // nil until something is drawn
	ended int
	holes bool // an item of it was interrupted
}

// New begins a sheet. Its pages are no longer made when ctx has ended.
func New(ctx context.Context, o Options) *Sheet {
	s := &Sheet{Options: o, ctx: ctx, pages: map[int]*page{}}
	s.changed.L = &s.mu
	return s
}

// errEnded is the error of items that come after a sheet has failed.
var errEnded = errors.New("the sheet has ended")

// Plan takes the next cell for an item. It waits while too many pages are open.
func (s *Sheet) Plan(item fetch.Item) (pipeline.Place, error) {
	stop := context.AfterFunc(s.ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changed.Broadcast()
	})
	defer stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	n, cell := s.planned/s.Layout.PerPage(), s.planned%s.Layout.PerPage()
	for cell == 0 && len(s.pages) >= openPages && s.failed == nil && s.ctx.Err() == nil {
		s.changed.Wait()
	}
	if s.failed != nil {
		return nil, errEnded
	}
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	if s.pages[n] == nil {
		s.pages[n] = &page{}
	}
	s.planned++
	return &place{sheet: s, page: n, cell: cell, name: nameOf(item)}, nil
}

// Record notes that an item has ended, and draws a cell for one that has failed. It writes the page that is complete
// with it.
func (s *Sheet) Record(o pipeline.Outcome) error {
	at, ok := o.Place.(*place)
	if !ok {
		return nil
	}
	if o.Status == pipeline.Failed {
		if err := s.drawFailure(at, o.Class); err != nil {
			return s.fail(err)
		}
	}
	s.mu.Lock()
	p := s.pages[at.page]
	p.ended++
	p.holes = p.holes || o.Status == pipeline.Interrupted
	cells, holes := p.ended, p.holes
	s.mu.Unlock()
	if cells < s.Layout.PerPage() || holes {
		return nil
	}
	return s.fail(s.finish(at.page, cells))
}

// fail notes err, which is returned, so that nobody waits for a page any more.
func (s *Sheet) fail(err error) error {
	if err == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = err
	s.changed.Broadcast()
	return err
}

// finish encodes a page with so many cells and writes it, unless it may be the only one.
func (s *Sheet) finish(n, cells int) error {
	file, err := s.encode(n, cells, false)
	if err != nil {
		return err
	}
	s.mu.Lock()
	delete(s.pages, n)
	s.changed.Broadcast()
	if n == 0 {
		s.first, s.cells = file, cells
	}
	several := s.planned > s.Layout.PerPage()
	s.mu.Unlock()
	if n == 0 && !several {
		return nil
	}
	if err := s.writeFirst(1); err != nil || n == 0 {
		return err
	}
	return s.write(n+1, file, cells)
}

// writeFirst writes the first page under its number, if it waits for that.
func (s *Sheet) writeFirst(number int) error {
	if s.first == nil {
		return nil
	}
	file := s.first
	s.first = nil
	return s.write(number, file, s.cells)
}

func (s *Sheet) write(number int, file []byte, cells int) error {
	if err := s.Write(number, file); err != nil {
		return err
	}
	if s.Wrote != nil {
		s.Wrote(number, cells, s.Layout.Cut(cells, number == 0).Size())
	}
	return nil
}

// Close writes what is left when the run has ended: the last page, and the first one if it is the only one. If the run
// did not come to its end, whole is false, and pages stay as they are: those that were complete are written.
func (s *Sheet) Close(whole bool) error {
	if s.failed != nil || !whole || s.planned == 0 {
		return s.failed
	}
	n, cells := s.planned/s.Layout.PerPage(), s.planned%s.Layout.PerPage()
	only := s.planned <= s.Layout.PerPage()
	if cells == 0 {
		if only {
			return s.writeFirst(0)
		}
		return nil // the last page was complete
	}
	file, err := s.encode(n, cells, only)
	if err != nil {
		return err
	}
	if only {
		return s.write(0, file, cells)
	}
	if err := s.writeFirst(1); err != nil {
		return err
	}
	return s.write(n+1, file, cells)
}

// blank returns the picture of a page, and makes it if it is not there yet.
func (s *Sheet) blank(n int) *image.RGBA {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pages[n]
	if p.img == nil {
		p.img = image.NewRGBA(image.Rectangle{Max: s.Layout.Size()})
		draw.Draw(p.img, p.img.Rect, image.NewUniform(s.Background), image.Point{}, draw.Src)
	}
	return p.img
}
