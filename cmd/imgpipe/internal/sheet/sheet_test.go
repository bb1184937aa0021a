package sheet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// A picture is an input of one color.
type picture struct {
	size  image.Point
	color color.NRGBA
}

// pictures returns inputs of different shapes and colors.
func pictures(n int) (list []picture) {
	shapes := []image.Point{{80, 60}, {30, 90}, {20, 10}, {64, 64}, {1, 1}, {300, 40}}
	for i := range n {
		list = append(list, picture{shapes[i%len(shapes)], color.NRGBA{uint8(40 + 9*i), uint8(200 - 7*i), 80, 255}})
	}
	return list
}

func (p picture) file(t testing.TB) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rectangle{Max: p.size})
	for i := 0; i < len(img.Pix); i += 4 {
		copy(img.Pix[i:], []byte{p.color.R, p.color.G, p.color.B, p.color.A})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fits returns the size that a picture has in a cell.
func (p picture) fits(t testing.TB, cell image.Point) image.Point {
	t.Helper()
	w, h := p.size.X, p.size.Y
	if w > cell.X {
		w, h = cell.X, max(1, (2*h*cell.X+w)/(2*w))
	}
	if h > cell.Y {
		w, h = max(1, (2*w*cell.Y+h)/(2*h)), cell.Y
	}
	return image.Pt(w, h)
}

// options are those of small pages, whose files go into written.
func options(columns, rows int, labels Labels, title string, written map[int][]byte) Options {
	return Options{
		Layout:     Layout{Columns: columns, Rows: rows, Cell: image.Pt(60, 50), Labels: labels, Title: title},
		Background: color.NRGBA{250, 250, 240, 255}, Format: transform.PNG,
		Write: func(number int, file []byte) error {
			written[number] = bytes.Clone(file)
			return nil
		},
	}
}

// made returns what a run makes of an input for a cell.
func made(t testing.TB, o Options, data []byte) transform.Result {
	t.Helper()
	res, err := transform.Do(context.Background(), transform.Task{Data: data, Spec: o.Cells()})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func item(i int) fetch.Item { return fetch.Item{Index: i, Source: fmt.Sprintf("photos/IMG %d.png", i)} }

// drawn draws a sheet of inputs, of which those in failed fail. The order in which they end is that of order, as far as
// that is possible.
func drawn(t testing.TB, o Options, list []picture, failed map[int]bool, order []int) {
	t.Helper()
	s := New(context.Background(), o)
	var places []pipeline.Place
	for i := range list {
		p, err := s.Plan(item(i))
		if err != nil {
			t.Fatal(err)
		}
		places = append(places, p)
	}
	for _, i := range order {
		outcome := pipeline.Outcome{Item: item(i), Place: places[i], Status: pipeline.Done}
		if failed[i] {
			outcome.Status, outcome.Class = pipeline.Failed, "not-an-image"
		} else if _, err := places[i].Put(made(t, o, list[i].file(t))); err != nil {
			t.Fatal(err)
		}
		if err := s.Record(outcome); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(true); err != nil {
		t.Fatal(err)
	}
}

func inOrder(n int) (order []int) {
	for i := range n {
		order = append(order, i)
	}
	return order
}

// TestEachCellIsInItsPlace looks at every pixel of sheets of many shapes: pictures are in the middle of their cells,
// letters are in labels and in the title, and all else is background.
func TestEachCellIsInItsPlace(t *testing.T) {
	for _, c := range []struct {
		n, columns, rows int
		labels           Labels
		title            string
	}{
		{1, 3, 2, Names, ""}, {2, 3, 2, Without, "A title"}, {3, 3, 1, Dates, ""}, {6, 3, 2, Names, "T"},
		{7, 3, 2, Names, ""}, {5, 1, 2, Without, ""}, {4, 2, 3, Dates, "x"},
	} {
		name := fmt.Sprintf("%d in %dx%d", c.n, c.columns, c.rows)
		files, list := map[int][]byte{}, pictures(c.n)
		o := options(c.columns, c.rows, c.labels, c.title, files)
		drawn(t, o, list, nil, inOrder(c.n))
		per := c.columns * c.rows
		if pages := (c.n + per - 1) / per; len(files) != pages || pages > 1 && files[pages] == nil ||
			pages == 1 && files[0] == nil {
			t.Errorf("%s: pages %v", name, slices.Sorted(maps.Keys(files)))
			continue
		}
		for number, file := range files {
			page := max(number-1, 0)
			cells := min(per, c.n-page*per)
			img, err := png.Decode(bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			l := o.Layout.Cut(cells, number == 0)
			if img.Bounds().Size() != l.Size() {
				t.Errorf("%s: page %d has %v, expected %v", name, number, img.Bounds(), l.Size())
			}
			checkPage(t, name, img, l, o.Background, list[page*per:][:cells])
		}
	}
}

func checkPage(t *testing.T, name string, img image.Image, l Layout, background color.NRGBA, list []picture) {
	t.Helper()
	var text []image.Rectangle
	if l.Title != "" {
		text = append(text, l.Heading())
	}
	colors := map[image.Point]color.NRGBA{}
	for i, p := range list {
		size := p.fits(t, l.Cell)
		at := l.Place(i).Min.Add(l.Cell.Sub(size).Div(2))
		for y := range size.Y {
			for x := range size.X {
				colors[at.Add(image.Pt(x, y))] = p.color
			}
		}
		if l.Labels != Without {
			text = append(text, l.Label(i))
		}
	}
	ink := make([]int, len(text))
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			p := image.Pt(x, y)
			got := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			in := slices.IndexFunc(text, p.In)
			want, picture := colors[p]
			switch {
			case in >= 0 && got != background:
				ink[in]++
			case in >= 0:
			case picture && got != want, !picture && got != background:
				t.Fatalf("%s: %v at %v, expected %v or the background", name, got, p, want)
			}
		}
	}
	for i, n := range ink {
		if n < 5 {
			t.Errorf("%s: %d pixels of letters in %v", name, n, text[i])
		}
	}
}

// TestASheetDoesNotDependOnTheOrder has pictures come in any order, some of which fail.
func TestASheetDoesNotDependOnTheOrder(t *testing.T) {
	const n = 17
	want := map[int][]byte{}
	failed := map[int]bool{0: true, 5: true, 16: true}
	drawn(t, options(3, 2, Names, "Title", want), pictures(n), failed, inOrder(n))
	r := rand.New(rand.NewPCG(1, 2))
	for range 3 {
		got := map[int][]byte{}
		drawn(t, options(3, 2, Names, "Title", got), pictures(n), failed, r.Perm(n))
		if len(got) != 3 || !maps.EqualFunc(got, want, bytes.Equal) {
			t.Fatalf("pages %v differ from those in the order of the input", slices.Sorted(maps.Keys(got)))
		}
	}
}

// TestAFailureLeavesItsCell has a frame with letters where a picture failed, whether or not there are labels.
func TestAFailureLeavesItsCell(t *testing.T) {
	for _, labels := range []Labels{Names, Without} {
		files := map[int][]byte{}
		o := options(2, 1, labels, "", files)
		drawn(t, o, pictures(2), map[int]bool{1: true}, []int{1, 0})
		img, err := png.Decode(bytes.NewReader(files[0]))
		if err != nil {
			t.Fatal(err)
		}
		cell := o.Layout.Place(1)
		black, ink := color.NRGBA{A: 255}, 0
		for y := cell.Min.Y; y < cell.Max.Y; y++ {
			for x := cell.Min.X; x < cell.Max.X; x++ {
				got := color.NRGBAModel.Convert(img.At(x, y))
				if !(image.Point{X: x, Y: y}).In(cell.Inset(1)) && got != black {
					t.Fatalf("the frame is %v at %d,%d", got, x, y)
				}
				if got != o.Background {
					ink++
				}
			}
		}
		if frame := 2 * (cell.Dx() + cell.Dy() - 2); ink < frame+20 {
			t.Errorf("%s: %d pixels of letters in the cell of a failure", labels, ink-frame)
		}
	}
}

// TestFewPagesAreOpen plans more pages than may be open: the first item of one more waits until one is complete, or
// until the run has ended.
func TestFewPagesAreOpen(t *testing.T) {
	for _, ending := range []string{"page", "error", "cancel"} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			files := map[int][]byte{}
			o := options(1, 1, Without, "", files)
			disk := errors.New("the disk is full")
			if ending == "error" {
				o.Write = func(int, []byte) error { return disk }
			}
			s := New(ctx, o)
			var places []pipeline.Place
			for i := range openPages {
				p, err := s.Plan(item(i))
				if err != nil {
					t.Fatal(err)
				}
				places = append(places, p)
			}
			done := make(chan error, 1)
			go func() {
				_, err := s.Plan(item(openPages))
				done <- err
			}()
			synctest.Wait()
			if len(done) != 0 {
				t.Fatal("one page too many was begun")
			}
			if ending == "cancel" {
				cancel()
			} else {
				if _, err := places[1].Put(made(t, o, pictures(1)[0].file(t))); err != nil {
					t.Fatal(err)
				}
				err := s.Record(pipeline.Outcome{Place: places[1], Status: pipeline.Done})
				if (err != nil) != (ending == "error") {
					t.Fatal(err)
				}
			}
			synctest.Wait()
			if len(done) == 0 {
				t.Fatal("the first item of the next page still waits")
			}
			if err := <-done; (err == nil) != (ending == "page") {
				t.Errorf("%s: %v", ending, err)
			}
			if err := s.Close(false); (err != nil) != (ending == "error") {
				t.Errorf("%s: Close: %v", ending, err)
			}
		})
	}
}

// TestPagesThatAreNotCompleteAreNotWritten ends a run before its end, with an item that was interrupted.
func TestPagesThatAreNotCompleteAreNotWritten(t *testing.T) {
	files := map[int][]byte{}
	o := options(2, 1, Names, "", files)
	s := New(context.Background(), o)
	var places []pipeline.Place
	for i := range 5 {
		p, err := s.Plan(item(i))
		if err != nil {
			t.Fatal(err)
		}
		places = append(places, p)
	}
	for i, p := range places {
		status := pipeline.Done
		if i == 1 {
			status = pipeline.Interrupted
		} else if _, err := p.Put(made(t, o, pictures(1)[0].file(t))); err != nil {
			t.Fatal(err)
		}
		if err := s.Record(pipeline.Outcome{Place: p, Status: status}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(false); err != nil || len(files) != 1 || files[2] == nil {
		t.Errorf("%v, pages %v: expected the second alone", err, slices.Sorted(maps.Keys(files)))
	}
}

// TestCellsDoNotOverlap holds layouts of many kinds to their page.
func TestCellsDoNotOverlap(t *testing.T) {
	for _, cell := range []image.Point{{16, 16}, {320, 320}, {4096, 20}} {
		for _, labels := range []Labels{Names, Without} {
			for _, title := range []string{"", "T"} {
				l := Layout{Columns: 3, Rows: 4, Cell: cell, Labels: labels, Title: title}
				parts := []image.Rectangle{l.Heading()}
				for i := range l.PerPage() {
					parts = append(parts, l.Place(i), l.Label(i))
				}
				for i, a := range parts {
					if !a.In(image.Rectangle{Max: l.Size()}) {
						t.Errorf("%+v: %v is not on the page of %v", l, a, l.Size())
					}
					for _, b := range parts[:i] {
						if a.Overlaps(b) {
							t.Errorf("%+v: %v and %v overlap", l, a, b)
						}
					}
				}
			}
		}
	}
}

// TestLongNamesAreShortened keeps the end of a name, which differs from picture to picture.
func TestLongNamesAreShortened(t *testing.T) {
	for _, c := range []struct {
		text, want string
		most       int
	}{{"short.jpg", "short.jpg", 9}, {"abcdefghij", "abc…hij", 7}, {"ääääääääää", "ääää…äää", 8}, {"", "", 8}} {
		if got := shortened(c.text, c.most); got != c.want {
			t.Errorf("%q: %q, expected %q", c.text, got, c.want)
		}
	}
}

// TestAPageThatCannotBeMadeIsRefused has pages that are too large for their format, and for the limits.
func TestAPageThatCannotBeMadeIsRefused(t *testing.T) {
	o := options(1000, 1, Without, "", nil)
	o.Format = transform.WebP
	if err := o.Check(); err == nil {
		t.Error("a WebP of 61000 columns")
	}
	o.Layout.Columns, o.MaxPixels = 10, 1000
	if err := o.Check(); err == nil {
		t.Error("a page of more than --max-pixels")
	}
	o.MaxPixels = 0
	if err := o.Check(); err != nil {
		t.Error(err)
	}
}
