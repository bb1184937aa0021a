package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/summary"
)

// parse reads a page as a browser would, and returns all its elements.
func parse(t testing.TB, page string) []*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var all []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			all = append(all, n)
		}
	}
	return all
}

func attribute(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

func TestPageStandsAloneAndEveryChartHasWordsAndATable(t *testing.T) {
	for name, c := range awkward(t) {
		ids, wanted, charts := map[string]int{}, map[string]bool{}, 0
		for _, n := range parse(t, draw(t, HTML, c)) {
			if id, ok := attribute(n, "id"); ok {
				ids[id]++
			}
			if refs, ok := attribute(n, "aria-labelledby"); ok {
				for ref := range strings.FieldsSeq(refs) {
					wanted[ref] = true
				}
			}
			for _, key := range []string{"src", "href", "action", "srcset"} {
				v, ok := attribute(n, key)
				if target, local := strings.CutPrefix(v, "#"); local && key == "href" {
					wanted[target] = true
				}
				if ok && !strings.HasPrefix(v, "data:") && !strings.HasPrefix(v, "#") {
					t.Errorf("%s: <%s> wants %s", name, n.Data, v)
				}
			}
			switch n.Data {
			case "script", "iframe", "object", "embed", "foreignobject":
				t.Errorf("%s: the page has a <%s>", name, n.Data)
			case "div":
				if role, _ := attribute(n, "role"); role == "group" {
					charts++
				}
			case "svg":
				if role, _ := attribute(n, "role"); role == "img" {
					charts++
					if label, _ := attribute(n, "aria-labelledby"); label == "" {
						t.Errorf("%s: a chart without a title", name)
					}
				}
			case "figure":
				if !contains(n, "svg") || contains(n, "table") {
					continue
				}
				t.Errorf("%s: a chart without a table", name)
			case "td", "th":
				if n.FirstChild == nil {
					t.Errorf("%s: an empty cell", name)
				}
			}
		}
		for id, n := range ids {
			if n > 1 {
				t.Errorf("%s: id %s is there %d times", name, id, n)
			}
		}
		for ref := range wanted {
			if ids[ref] == 0 {
				t.Errorf("%s: nothing has the id %s", name, ref)
			}
		}
		if name == "whole" && charts < 12 {
			t.Errorf("the page has %d charts", charts)
		}
	}
}

func contains(n *html.Node, tag string) bool {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.Data == tag {
			return true
		}
	}
	return false
}

func TestPageOfAVastRunStaysSmall(t *testing.T) {
	c := comparison(t)
	c.Configs, c.Results, c.Timelines = nil, nil, nil
	for _, mode := range []string{"serial", "gil", "goroutines", "processes", "auto"} {
		for _, workers := range []int{1, 2, 16, 64} {
			f := bench.Config{Mode: mode, Workers: workers, Downloads: 256}
			line := simulate(f, 5000, uint64(workers))
			line.Config = len(c.Configs)
			for at := range 20_000 {
				line.Memory = append(line.Memory,
					bench.MemoryPoint{At: time.Duration(at) * time.Millisecond, Bytes: int64(at%1000) << 20})
			}
			c.Configs, c.Timelines = append(c.Configs, f), append(c.Timelines, line)
			c.Results = append(c.Results, bench.Result{Runs: 1, Wall: bench.Estimate{Center: 20, Low: 19, High: 21}})
		}
	}
	for i := range 1000 {
		c.Samples = append(c.Samples, bench.Sample{Config: i % len(c.Configs), Summary: summary.Summary{Wall: 20}})
	}
	c.Pictures = []bench.Picture{{Name: "huge.jpg", JPEG: make([]byte, 3_000_000)}}
	for i := range 400 {
		c.Pictures = append(c.Pictures, bench.Picture{Name: fmt.Sprint(i), JPEG: bytes.Repeat([]byte{1}, 8000)})
	}
	if n := len(draw(t, HTML, c)); n > 2_000_000 {
		t.Errorf("the page has %d bytes", n)
	}
	if n := len(draw(t, SVG, c)); n > 1_000_000 {
		t.Errorf("the picture has %d bytes", n)
	}
}
