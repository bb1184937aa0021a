package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"unicode/utf8"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/figure"
)

var (
	//go:embed picture.svg.html
	pictureHTML string

	pictureTemplate = parsed("", &pictureHTML)
)

// The layout of a picture that stands alone.
const (
	pictureWidth px = 920
	pictureEdge  px = 16
	keyHeight    px = 20
	headHeight   px = 26
	// pictureLetters is how many letters fit beside each other at least.
	pictureLetters = 130
)

// A placedPanel is a panel and its place.
type placedPanel struct {
	Panel              panel
	X, Y, HeadY, Width px
}

// A placedKey is a key and its place.
type placedKey struct {
	Key  key
	X, Y px
}

// SVG writes the timelines of c as one picture that stands alone, such as in a README: what each mode did when, on the
// same time scale, or only the start if the whole would be too fine to see. Without timelines it is the chart of
// speedups. It is light or dark as the reader's system is.
func SVG(w io.Writer, c *bench.Comparison) error {
	v, p := newView(c), new(page)
	first, _ := v.primary()
	ch, ok := v.closer(first)
	if !ok {
		ch, ok = v.timelines("timeline", "What was done when", lanesLead, first, longest(first))
	}
	if !ok {
		ch = v.flatHero()
	}
	d := struct {
		Title, Job, Note, Desc string
		Width, Height          px
		Style                  template.CSS
		Keys                   []placedKey
		Panels                 []placedPanel
	}{
		Title: fmt.Sprintf("%s in %s: %s", figure.Count(v.Job.Images, "image"), v.ways(), lower(ch.Title)),
		Job:   shortened(v.job(), pictureLetters),
		Note:  v.machine() + ", " + v.began(), Width: pictureWidth,
		Style: chartCSS + "svg .note{fill:var(--soft);font-weight:400}",
	}
	x, y := pictureEdge, px(82)
	for _, k := range ch.Keys {
		// A letter counts as 7 pixels wide, which is more than most are.
		wide := 36 + 7*px(utf8.RuneCountInString(k.Label))
		if x+wide > pictureWidth {
			x, y = pictureEdge, y+keyHeight
		}
		d.Keys = append(d.Keys, placedKey{k, x, y})
		x += wide
	}
	y += keyHeight
	for _, panel := range ch.Panels {
		at := placedPanel{Panel: panel, X: pictureEdge + 68, Y: y + 8, HeadY: y + 18}
		if panel.Note != "" {
			at.Y = y + headHeight
		}
		at.Width = pictureWidth - at.X - 2*pictureEdge
		y = at.Y + panel.Scene.Height
		d.Panels = append(d.Panels, at)
		if d.Desc != "" {
			d.Desc += " "
		}
		d.Desc += panel.Desc
	}
	d.Height = y + 8
	if err := pictureTemplate().ExecuteTemplate(p, "picture", d); err != nil {
		return fmt.Errorf("draw the picture: %w", err)
	}
	return p.to(w)
}

// ways returns how many modes or contestants there are, in words.
func (v *view) ways() string {
	for _, f := range v.Configs {
		if seriesOf(f) != f.Mode || f.Peer != "" {
			return figure.Count(len(v.Configs), "contestant")
		}
	}
	return figure.Count(len(v.modes()), "mode")
}

// shortened returns at most n letters of s.
func shortened(s string, n int) string {
	if letters := []rune(s); len(letters) > n {
		return string(letters[:n-1]) + "…"
	}
	return s
}

// flatHero returns the first figure of the page with the words of its rows in the scenes.
func (v *view) flatHero() chart {
	ch, _ := v.hero()
	for n, p := range ch.Panels {
		sc, y := scene{}, px(0)
		for _, r := range p.Rows {
			sc.text("label", 0, y+13, 0, r.Label)
			sc.text("value end", 1, y+13, 0, r.Value)
			sc.within(r.Scene, y+18)
			y += 18 + rowTall + 6
		}
		sc.within(p.Scene, y)
		sc.text("axis start", 0, y+p.Scene.Height+12, 0, "← "+p.Left)
		sc.text("axis end", 1, y+p.Scene.Height+12, 0, p.Right+" →")
		sc.Height = y + p.Scene.Height + 24
		ch.Panels[n].Scene, ch.Panels[n].Rows = sc, nil
		if p.Note == "" {
			ch.Panels[n].Note = " "
		}
	}
	return ch
}

// within draws another scene below y.
func (s *scene) within(other scene, y px) {
	for _, m := range other.Marks {
		m.Y += y
		m.Y2 += y
		s.Marks = append(s.Marks, m)
	}
}

// lower returns a title with a small first letter, for use within another one.
func lower(s string) string {
	if s == "" {
		return s
	}
	return string(s[0]|0x20) + s[1:]
}
