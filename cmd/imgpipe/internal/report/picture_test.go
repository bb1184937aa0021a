package report

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"imgpipe/cmd/imgpipe/internal/bench"
)

// wellFormed returns what is wrong with s as XML, and counts its elements.
func wellFormed(s string) (map[string]int, error) {
	elements := map[string]int{}
	for d := xml.NewDecoder(strings.NewReader(s)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return elements, nil
		}
		if err != nil {
			return nil, err
		}
		if e, ok := token.(xml.StartElement); ok {
			elements[e.Name.Local]++
		}
	}
}

func TestPictureIsAsTheGoldenFile(t *testing.T) {
	c := comparison(t)
	for i, line := range c.Timelines {
		c.Timelines[i].Spans = slices.DeleteFunc(line.Spans, func(s bench.Span) bool { return s.Item >= 8 })
	}
	got := draw(t, SVG, c)
	name := filepath.Join("testdata", "comparison.svg")
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the picture is not that of %s; look at both, and write it anew with -update", name)
	}
}

func TestPictureIsWellFormedWhateverItShows(t *testing.T) {
	whole, none, hostile := comparison(t), comparison(t), comparison(t)
	none.Timelines = nil
	hostile.Configs[0].Mode = "\x00\x1b</text><script>&\""
	for name, c := range map[string]*bench.Comparison{"whole": whole, "no timelines": none, "hostile": hostile,
		"empty": {}} {
		elements, err := wellFormed(draw(t, SVG, c))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if elements["script"] > 0 {
			t.Errorf("%s: a mode's name became a script", name)
		}
		if name != "empty" && elements["rect"]+elements["line"] < 20 {
			t.Errorf("%s: the picture shows %v", name, elements)
		}
	}
}
