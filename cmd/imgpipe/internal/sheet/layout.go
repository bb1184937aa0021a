package sheet

import "image"

// Labels say what is written below each picture.
type Labels string

// The labels.
const (
	Names   Labels = "name" // the name of the file
	Dates   Labels = "date" // when the picture was taken
	Without Labels = "none"
)

// A Layout says where what stands on a page. All lengths are in pixels.
//
//	gap
//	┌ title ───────────────────────┐  only where there is one
//	gap
//	┌ cell ┐ gap ┌ cell ┐ gap …       a picture, in the middle of its cell
//	└ name ┘     └ name ┘             a label, only where there are labels
//	gap …
type Layout struct {
	// Columns and Rows are those of a whole page, at least 1.
	Columns, Rows int
	// Cell is the largest size of a picture.
	Cell image.Point
	// Labels are below the cells, Title above all of them on each page.
	Labels Labels
	Title  string
}

// PerPage is how many cells a page has.
func (l Layout) PerPage() int { return l.Columns * l.Rows }

// gap is between cells, and around them.
func (l Layout) gap() int { return max(2, min(l.Cell.X, l.Cell.Y)/40) }

// letters is the size of the font of labels.
func (l Layout) letters() int { return min(max(min(l.Cell.X, l.Cell.Y)/20, 8), 28) }

// labelHeight is the height of a label; 0 if there are none.
func (l Layout) labelHeight() int {
	if l.Labels == Without {
		return 0
	}
	return l.letters() * 3 / 2
}

// titleHeight is the height of the title; 0 if there is none.
func (l Layout) titleHeight() int {
	if l.Title == "" {
		return 0
	}
	return l.letters() * 3
}

// top is where the first cells begin.
func (l Layout) top() int {
	if l.Title == "" {
		return l.gap()
	}
	return l.titleHeight() + 2*l.gap()
}

// Cut returns the layout of a page with so many cells, at least 1. A sheet of a single row is only as wide as that.
func (l Layout) Cut(cells int, only bool) Layout {
	if only {
		l.Columns = min(l.Columns, cells)
	}
	l.Rows = (cells + l.Columns - 1) / l.Columns
	return l
}

// Size returns the size of a whole page.
func (l Layout) Size() image.Point {
	step := l.step()
	return image.Pt(l.gap()+l.Columns*step.X, l.top()+l.Rows*step.Y)
}

// step is from a cell to the next one.
func (l Layout) step() image.Point { return l.Cell.Add(image.Pt(l.gap(), l.gap()+l.labelHeight())) }

// Place returns the place of a cell on its page, counted from 0.
func (l Layout) Place(cell int) image.Rectangle {
	step := l.step()
	at := image.Pt(l.gap()+cell%l.Columns*step.X, l.top()+cell/l.Columns*step.Y)
	return image.Rectangle{Min: at, Max: at.Add(l.Cell)}
}

// Label returns the place of the label of a cell.
func (l Layout) Label(cell int) image.Rectangle {
	r := l.Place(cell)
	return image.Rect(r.Min.X, r.Max.Y, r.Max.X, r.Max.Y+l.labelHeight())
}

// Heading returns the place of the title.
func (l Layout) Heading() image.Rectangle {
	return image.Rect(l.gap(), l.gap(), l.Size().X-l.gap(), l.gap()+l.titleHeight())
}
