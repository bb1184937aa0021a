package report

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestEachSectionHasAHeadingOfItsOwn(t *testing.T) {
	for name, c := range awkward(t) {
		seen, level := map[string]bool{}, 0
		for _, n := range parse(t, draw(t, HTML, c)) {
			if len(n.Data) != 2 || n.Data[0] != 'h' || n.Data == "hr" {
				continue
			}
			now := int(n.Data[1] - '0')
			if now > level+1 {
				t.Errorf("%s: <%s> follows <h%d>", name, n.Data, level)
			}
			level = now
			if text := words(n); n.Data == "h2" && seen[text] {
				t.Errorf("%s: two sections are called %q", name, text)
			} else if n.Data == "h2" {
				seen[text] = true
			}
		}
		if name == "rich" && len(seen) < 15 {
			t.Errorf("the page has the sections %v", seen)
		}
	}
}

func words(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

func TestEachCellOfACardHasItsLabel(t *testing.T) {
	for _, n := range parse(t, draw(t, HTML, rich(t))) {
		if n.Data == "td" {
			if label, _ := attribute(n, "data-label"); label == "" {
				t.Errorf("a cell %q has no label", words(n))
			}
		}
	}
}

// luminance is that of WCAG 2.
func luminance(t *testing.T, color string) float64 {
	t.Helper()
	if len(color) == 4 {
		color = fmt.Sprintf("#%c%c%c%c%c%c", color[1], color[1], color[2], color[2], color[3], color[3])
	}
	n, err := strconv.ParseUint(color[1:], 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	part := func(shift int) float64 {
		x := float64(n>>shift&255) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}

func TestColorsCanBeSeenAndMeanOneThing(t *testing.T) {
	schemes := regexp.MustCompile(`(?s):root\{(--.*?)\}`).FindAllStringSubmatch(string(chartCSS), -1)
	if len(schemes) != 2 {
		t.Fatalf("%d schemes, want light and dark", len(schemes))
	}
	for n, scheme := range schemes {
		colors := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z0-9]+):(#[0-9a-f]+)`).FindAllStringSubmatch(scheme[1], -1) {
			colors[m[1]] = m[2]
		}
		contrast := func(a, b string) float64 {
			x, y := luminance(t, colors[a]), luminance(t, colors[b])
			return (max(x, y) + 0.05) / (min(x, y) + 0.05)
		}
		for _, text := range []string{"ink", "soft"} {
			for _, ground := range []string{"ground", "card"} {
				if r := contrast(text, ground); r < 4.5 {
					t.Errorf("scheme %d: %s on %s has a contrast of %.2f, want 4.5", n, text, ground, r)
				}
			}
		}
		for _, shape := range []string{"cpu", "wait", "fetch", "decode", "operate", "m0", "m1", "m2", "m3", "m4",
			"m5", "m6"} {
			if r := contrast(shape, "ground"); r < 3 {
				t.Errorf("scheme %d: %s has a contrast of %.2f, want 3", n, shape, r)
			}
		}
		of := map[string]string{}
		for name, color := range colors {
			gray := name == "ink" || name == "soft" || name == "m0" || name == "m5"
			if other, twice := of[color]; twice && !gray && len(color) > 4 {
				t.Errorf("scheme %d: %s and %s have one color", n, name, other)
			}
			of[color] = name
		}
	}
}
