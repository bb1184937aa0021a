package sheet

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"path/filepath"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// A place is the cell of an item. It is a [pipeline.Place].
type place struct {
	sheet      *Sheet
	page, cell int
	name       string
}

// nameOf returns the name of an item as its label has it. It comes from a stranger.
func nameOf(item fetch.Item) string {
	if item.Local() {
		return filepath.Base(item.Source)
	}
	return item.Stem()
}

// Skip returns that the item is to be done.
func (p *place) Skip() pipeline.Skip { return pipeline.Skip{} }

// Put draws the picture of a cell, and its label.
func (p *place) Put(r transform.Result) ([]pipeline.Output, error) {
	s := p.sheet
	if len(r.Outputs) != 1 {
		return nil, fmt.Errorf("draw a cell of a sheet: there are %d pictures: expected one", len(r.Outputs))
	}
	out := r.Outputs[0]
	pic, err := s.picture(out.Data)
	if err != nil {
		return nil, err
	}
	label := p.name
	if s.Layout.Labels == Dates {
		label = "undated"
		if len(r.Taken) >= len("2006-01-02 15:04") {
			label = r.Taken[:len("2006-01-02 15:04")]
		}
	}
	if err := p.draw(pic, label); err != nil {
		return nil, err
	}
	at := fmt.Sprintf("page %d, cell %d", p.page+1, p.cell+1)
	return []pipeline.Output{{
		Path: at, Format: out.Format, Width: out.Width, Height: out.Height, Bytes: int64(len(out.Data)),
	}}, nil
}

// picture decodes a picture that a worker made, which is no larger than a cell.
func (s *Sheet) picture(data []byte) (image.Image, error) {
	c, err := png.DecodeConfig(bytes.NewReader(data))
	if err == nil && (c.Width > s.Layout.Cell.X || c.Height > s.Layout.Cell.Y) {
		err = fmt.Errorf("it has %dx%d pixels: expected at most those of a cell", c.Width, c.Height)
	}
	var pic image.Image
	if err == nil {
		pic, err = png.Decode(bytes.NewReader(data))
	}
	if err != nil {
		return nil, fmt.Errorf("read the picture of a cell: %w", err)
	}
	return pic, nil
}

// draw draws a picture in the middle of the cell, and its label. Cells do not overlap, so several are drawn at once.
func (p *place) draw(pic image.Image, label string) error {
	s := p.sheet
	img := s.blank(p.page)
	cell, size := s.Layout.Place(p.cell), pic.Bounds().Size()
	at := cell.Min.Add(cell.Size().Sub(size).Div(2))
	draw.Draw(img, image.Rectangle{Min: at, Max: at.Add(size)}, pic, pic.Bounds().Min, draw.Over)
	if s.Layout.Labels == Without {
		return nil
	}
	return s.text(img, s.Layout.Label(p.cell), label, "{stem}", s.Layout.letters())
}

// drawFailure draws the cell of an item that failed: a frame, its name and the class of the failure.
func (s *Sheet) drawFailure(p *place, class string) error {
	img := s.blank(p.page)
	cell := s.Layout.Place(p.cell)
	draw.Draw(img, cell, image.NewUniform(s.ink()), image.Point{}, draw.Src)
	inside := cell.Inset(1)
	draw.Draw(img, inside, image.NewUniform(s.Background), image.Point{}, draw.Src)
	return s.text(img, inside, p.name, "{stem}%0A"+class, s.Layout.letters())
}

// text writes a text in the middle of a rectangle. What {stem} stands for in it is the name.
func (s *Sheet) text(img *image.RGBA, at image.Rectangle, name, text string, letters int) error {
	if at.Empty() {
		return nil
	}
	spec, err := transform.ParseSpec(fmt.Sprintf("format=png;text=%s,gravity=center,margin=1,size=%d,color=%s",
		text, letters, hex(s.ink())))
	if err != nil {
		return fmt.Errorf("write %q on a sheet: %w", text, err)
	}
	ground := image.NewNRGBA(image.Rectangle{Max: at.Size()})
	draw.Draw(ground, ground.Rect, image.NewUniform(s.Background), image.Point{}, draw.Src)
	var file bytes.Buffer
	if err := packing.Encode(&file, ground); err != nil {
		return err
	}
	most := max(8, 3*at.Dx()/letters) // letters are about half as wide as their size
	task := transform.Task{Data: file.Bytes(), Spec: spec, Name: shortened(name, most)}
	res, err := transform.Do(s.ctx, task)
	if err != nil {
		return err
	}
	written, err := png.Decode(bytes.NewReader(res.Outputs[0].Data))
	if err != nil {
		return err
	}
	draw.Draw(img, at, written, image.Point{}, draw.Src)
	return nil
}

// packing is for pictures that are read again at once.
var packing = png.Encoder{CompressionLevel: png.NoCompression}

// shortened returns a text of at most so many characters, with an ellipsis for its middle: names of one camera differ
// at their end.
func shortened(text string, most int) string {
	r := []rune(text)
	if len(r) <= most {
		return text
	}
	half := (most - 1) / 2
	return string(r[:most-1-half]) + "…" + string(r[len(r)-half:])
}

// ink returns the color of letters: black or white, whichever is farther from the background.
func (s *Sheet) ink() color.NRGBA {
	b := s.Background
	if b.A < 128 || 299*int(b.R)+587*int(b.G)+114*int(b.B) > 127_500 {
		return color.NRGBA{A: 255}
	}
	return color.NRGBA{255, 255, 255, 255}
}

// hex returns a color as a Spec has it.
func hex(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x%02x", c.R, c.G, c.B, c.A) }

// encode returns the file of a page with so many cells. only says that there is no other page.
func (s *Sheet) encode(n, cells int, only bool) ([]byte, error) {
	img := s.blank(n)
	l := s.Layout.Cut(cells, only)
	size := l.Size()
	if l.Title != "" {
		if err := s.text(img, l.Heading(), l.Title, "{stem}", 2*l.letters()); err != nil {
			return nil, err
		}
	}
	part := img.SubImage(image.Rectangle{Max: size}).(*image.RGBA)
	var file bytes.Buffer
	file.Grow(4*size.X*size.Y + size.Y + 1<<16)
	if err := packing.Encode(&file, part); err != nil {
		return nil, fmt.Errorf("encode a page: %w", err)
	}
	res, err := transform.Do(s.ctx, transform.Task{
		Data: file.Bytes(), Spec: s.page(), Limits: transform.Limits{MaxPixels: s.MaxPixels},
	})
	if err != nil {
		return nil, fmt.Errorf("encode a page: %w", err)
	}
	return res.Outputs[0].Data, nil
}
