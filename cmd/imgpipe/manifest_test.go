package main

import (
	"encoding/json"
	"html"
	"html/template"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
	"imgpipe/transform"
)

// pageOf returns the image of a line with outputs of these names, formats and widths.
func pageOf(base string, outputs ...pipeline.Output) *pageImage {
	return newPageImage(store.Entry{Status: pipeline.Done, Outputs: outputs}, "a", base)
}

// ofFormat returns an output.
func ofFormat(path string, f transform.Format, w, h int, size int64) pipeline.Output {
	return pipeline.Output{Path: path, Format: f, Width: w, Height: h, Bytes: size}
}

// TestNamesAreHarmlessInAPage has names that mean something to HTML, to URLs or to srcset.
func TestNamesAreHarmlessInAPage(t *testing.T) {
	for _, name := range []string{
		`a"><script>alert(1)</script>.jpg`, "a b, c 2w.jpg", "a&b;c.jpg", "100%20.jpg", "x?y#z.jpg", "it's.jpg",
		"javascript:alert(1).jpg", "été/ü.jpg", "a\\b.jpg", "{{.}}.jpg", "..jpg", "a,b.jpg",
	} {
		img := pageOf("", ofFormat(name, transform.JPEG, 40, 30, 1))
		text := string(img.Picture)
		if strings.Count(text, "<") != 3 || strings.Count(text, `"`) != 14 {
			t.Errorf("%q: %s", name, text)
		}
		src := html.UnescapeString(regexp.MustCompile(`src="([^"]*)"`).FindStringSubmatch(text)[1])
		u, err := url.Parse(src)
		if err != nil || u.Scheme+u.RawQuery+u.Fragment != "" || strings.TrimPrefix(u.Path, "./") != name {
			t.Errorf("%q has the URL %q: %v", name, src, err)
		}
		if strings.ContainsAny(src, " ,") {
			t.Errorf("%q has the URL %q, of which srcset makes two", name, src)
		}
		var page strings.Builder
		img.Source = name
		if err := pageFigure.Execute(&page, img); err != nil || strings.Contains(page.String(), "<script") {
			t.Errorf("%q: %v, %s", name, err, &page)
		}
		if b, err := json.Marshal(img); err != nil || strings.Contains(string(b), "<") {
			t.Errorf("%q: %v, %s", name, err, b)
		}
	}
}

// TestSourcesInAPageNameNoFolderOfTheMachine has inputs as the ledger knows them: by their absolute paths.
func TestSourcesInAPageNameNoFolderOfTheMachine(t *testing.T) {
	for _, c := range []struct{ dir, source, want string }{
		{"", "/home/anna/secret/a.jpg", "a.jpg"},
		{"trip/day 2", "/home/anna/secret/trip/day 2/d.png", "trip/day 2/d.png"},
		{"", "a.jpg", "a.jpg"}, {"", "../../home/anna/a.jpg", "a.jpg"},
		{"", "https://anna:word@example.com/a/b.jpg", "https://example.com/a/b.jpg"},
	} {
		l := manifestLine{local: !strings.Contains(c.source, "://"), dir: c.dir}
		if got := l.source(store.Entry{Source: c.source}); got != c.want {
			t.Errorf("%s in %q: %q, expected %q", c.source, c.dir, got, c.want)
		}
	}
}

// TestPicturesOfferTheNewestFormatFirst has formats of which some browsers read only some.
func TestPicturesOfferTheNewestFormatFirst(t *testing.T) {
	const want = `<picture><source type="image/webp" srcset="o/a.webp 40w" sizes="(min-width: 80px) 80px, 100vw">` +
		`<img src="o/b.jpg" srcset="o/a.jpg 40w, o/b.jpg 80w" sizes="(min-width: 80px) 80px, 100vw" ` +
		`width="80" height="60" alt="" loading="lazy"></picture>`
	img := pageOf("o/",
		ofFormat("b.jpg", transform.JPEG, 80, 60, 900), ofFormat("a.jpg", transform.JPEG, 40, 30, 500),
		ofFormat("a.png", transform.PNG, 40, 30, 5000), ofFormat("a.webp", transform.WebP, 40, 30, 400),
		ofFormat("a.tiff", transform.TIFF, 40, 30, 9000), ofFormat("square.jpg", transform.JPEG, 30, 30, 300),
		ofFormat("again.jpg", transform.JPEG, 40, 31, 100))
	if img.Picture != template.HTML(want) {
		t.Errorf("got  %s\nwant %s", img.Picture, want)
	}
	if len(img.Outputs) != 7 || len(img.Srcset) != 3 || img.Outputs[4].Type != "image/tiff" {
		t.Errorf("outputs %v, srcset %v", img.Outputs, img.Srcset)
	}
	if img := pageOf("", ofFormat("a.tiff", transform.TIFF, 40, 30, 9)); img.Picture != "" || img.Srcset != nil {
		t.Errorf("a TIFF in a page: %s", img.Picture)
	}
	if img := pageOf("", pipeline.Output{Path: "theirs.jpg", Kept: true}); img != nil {
		t.Errorf("a file that is not ours: %+v", img)
	}
}

// TestFormatsOfPagesHaveARank is for formats that are added: browsers learnt to read AVIF after WebP.
func TestFormatsOfPagesHaveARank(t *testing.T) {
	rank := map[string]int{}
	for _, f := range transform.Formats() {
		rank[f.MIME()] = f.Web()
	}
	if avif, ok := rank["image/avif"]; ok && avif <= rank["image/webp"] {
		t.Errorf("AVIF has rank %d, WebP %d", avif, rank["image/webp"])
	}
	if rank["image/jpeg"] != 1 || rank["image/tiff"] != 0 || rank["image/webp"] < 2 {
		t.Errorf("ranks %v", rank)
	}
}
