package main

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/png"
	"net/url"
	"slices"
	"strings"

	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
	"imgpipe/transform"
)

// A pageImage is one image of a manifest. Its JSON is that of --manifest FILE.json.
type pageImage struct {
	Source string `json:"source"` // a path in the input folder, or a URL
	// Width and Height are those of the largest output.
	Width  int `json:"width"`
	Height int `json:"height"`
	// Color is the mean color, such as "#8090a0", and Placeholder a picture of 12 pixels as the URL of its data.
	Color       string       `json:"color,omitempty"`
	Placeholder template.URL `json:"placeholder,omitempty"`
	Outputs     []pageOutput `json:"outputs"`
	// Srcset has, for each media type that browsers show, what the attribute of that name takes.
	Srcset map[string]string `json:"srcset,omitempty"`
	// Sizes is what the attribute takes for an image that is as wide as the page or as its largest output.
	Sizes string `json:"sizes,omitempty"`
	// Picture is the element that shows the image in the best format that a browser knows.
	Picture template.HTML `json:"picture,omitempty"`

	clear bool // some of it is transparent: what is behind it stays to be seen
}

// A pageOutput is one output of an image.
type pageOutput struct {
	Path   string           `json:"path"` // in the output folder
	URL    string           `json:"url"`  // from the manifest
	Format transform.Format `json:"format"`
	Type   string           `json:"type"`
	Width  int              `json:"width"`
	Height int              `json:"height"`
	Bytes  int64            `json:"bytes"`
}

// newPageImage returns the image of a ledger's line, whose source a page names so; nil if that has no outputs of ours.
func newPageImage(e store.Entry, source, base string) *pageImage {
	img := &pageImage{Source: source}
	for _, o := range e.Outputs {
		if !o.Kept {
			img.Outputs = append(img.Outputs, newPageOutput(o, base))
		}
	}
	if len(img.Outputs) == 0 {
		return nil
	}
	largest := slices.MaxFunc(img.Outputs, func(a, b pageOutput) int { return cmp.Compare(a.Width, b.Width) })
	img.Width, img.Height = largest.Width, largest.Height
	if e.Swatch.Valid() {
		c := e.Swatch.Mean()
		img.Color = fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
		img.clear = e.Swatch.Clear()
		img.Placeholder = placeholder(e.Swatch, img.Width, img.Height)
	}
	img.setPicture()
	return img
}

func newPageOutput(o pipeline.Output, base string) pageOutput {
	to := base + escapeURL(o.Path)
	if first, _, _ := strings.Cut(to, "/"); strings.Contains(first, ":") {
		to = "./" + to // else it would be a scheme
	}
	return pageOutput{o.Path, to, o.Format, o.Format.MIME(), o.Width, o.Height, o.Bytes}
}

// escapeURL returns a path with forward slashes as a URL, in which no character means anything to srcset or HTML.
func escapeURL(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		parts[i] = strings.ReplaceAll(url.PathEscape(part), "&", "%26")
	}
	return strings.Join(parts, "/")
}

// placeholder returns a Swatch as the URL of a PNG.
func placeholder(s transform.Swatch, w, h int) template.URL {
	columns, rows := transform.SwatchSize(w, h)
	pic := image.NewRGBA(image.Rect(0, 0, columns, rows))
	for i, c := range s.Colors() {
		pic.SetRGBA(i%columns, i/columns, c)
	}
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	_ = encoder.Encode(&b, pic) // into memory, of an image that has a size
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()))
}

// setPicture sets Srcset, Sizes and Picture: the outputs that browsers show, of the shape of the largest. In each
// format there is one of each width. Of the formats that every browser shows, <img> has the one with the fewest bytes.
func (img *pageImage) setPicture() {
	sets := map[transform.Format][]pageOutput{}
	for _, o := range img.Outputs {
		set := sets[o.Format]
		sameWidth := func(other pageOutput) bool { return other.Width == o.Width }
		if o.Format.Web() > 0 && img.hasShape(o) && !slices.ContainsFunc(set, sameWidth) {
			sets[o.Format] = append(set, o)
		}
	}
	var formats []transform.Format
	total := map[transform.Format]int64{}
	for f, set := range sets {
		slices.SortFunc(set, func(a, b pageOutput) int { return cmp.Compare(a.Width, b.Width) })
		formats = append(formats, f)
		for _, o := range set {
			total[f] += o.Bytes
		}
	}
	if len(formats) == 0 {
		return
	}
	slices.SortFunc(formats, func(a, b transform.Format) int {
		return cmp.Or(cmp.Compare(b.Web(), a.Web()), cmp.Compare(total[a], total[b]), cmp.Compare(a, b))
	})
	// Behind the first that every browser shows, no other would be looked at.
	last := slices.IndexFunc(formats, func(f transform.Format) bool { return f.Web() == 1 })
	if last < 0 {
		last = len(formats) - 1
	}
	img.Srcset = map[string]string{}
	for f, set := range sets {
		img.Srcset[f.MIME()] = srcset(set)
	}
	img.Sizes = fmt.Sprintf("(min-width: %dpx) %dpx, 100vw", img.Width, img.Width)
	p := pictureOf{img: img, Shown: sets[formats[last]][len(sets[formats[last]])-1]}
	p.Srcset = img.Srcset[p.Shown.Type]
	for _, f := range formats[:last] {
		p.Sources = append(p.Sources, pictureSource{f.MIME(), img.Srcset[f.MIME()]})
	}
	img.Picture = p.html()
}

// hasShape reports whether an output has the shape of the largest, but for rounding to pixels.
func (img *pageImage) hasShape(o pageOutput) bool {
	off := int64(o.Width)*int64(img.Height) - int64(o.Height)*int64(img.Width)
	return max(off, -off) <= int64(max(img.Width, img.Height))
}

// srcset returns what the attribute takes.
func srcset(set []pageOutput) string {
	parts := make([]string, len(set))
	for i, o := range set {
		parts[i] = fmt.Sprintf("%s %dw", o.URL, o.Width)
	}
	return strings.Join(parts, ", ")
}

// A pictureOf is what the <picture> of an image consists of.
type pictureOf struct {
	img     *pageImage
	Sources []pictureSource
	Shown   pageOutput
	Srcset  string
}

type pictureSource struct{ Type, Srcset string }

// html returns the element. All texts in it are escaped.
func (p *pictureOf) html() template.HTML {
	text := template.HTMLEscapeString
	var b strings.Builder
	b.WriteString("<picture>")
	for _, s := range p.Sources {
		fmt.Fprintf(&b, `<source type="%s" srcset="%s" sizes="%s">`, text(s.Type), text(s.Srcset), text(p.img.Sizes))
	}
	fmt.Fprintf(&b, `<img src="%s" srcset="%s" sizes="%s" width="%d" height="%d" alt="" loading="lazy"`,
		text(p.Shown.URL), text(p.Srcset), text(p.img.Sizes), p.img.Width, p.img.Height)
	if p.img.Color != "" && !p.img.clear {
		fmt.Fprintf(&b, ` style="background:%s url(%s) center/100%% 100%%"`, p.img.Color,
			text(string(p.img.Placeholder)))
	}
	b.WriteString("></picture>")
	return template.HTML(b.String())
}

// pageHead begins the page of --manifest FILE.html.
const pageHead = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Images</title>
<style>
body { font: 16px/1.4 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }
main { display: grid; gap: 2rem; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); }
figure { margin: 0; min-width: 0; }
img { height: auto; max-width: 100%; }
figcaption { overflow-wrap: anywhere; }
pre { overflow: auto; white-space: pre-wrap; }
</style>
<main>
`

// pageFigure is one image of the page.
var pageFigure = template.Must(template.New("figure").Parse(`<figure>
{{.Picture}}
<figcaption>{{.Source}}{{range .Outputs}}<br>
<a href="{{.URL}}">{{.Path}}</a> {{.Width}}×{{.Height}}, {{.Bytes}} bytes{{end}}</figcaption>
<details><summary>HTML</summary><pre>{{printf "%s" .Picture}}</pre></details>
</figure>
`))
