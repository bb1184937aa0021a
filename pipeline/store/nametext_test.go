package store

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// travel returns what becomes of a name as text in another process.
func travel(t testing.TB, n Name) (there Name) {
	t.Helper()
	text, err := n.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	if err := there.UnmarshalText(text); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return there
}

// TestANameThatHasTravelledIsTheSame compares all that names are, of files and URLs, with and without sizes.
func TestANameThatHasTravelledIsTheSame(t *testing.T) {
	for _, opts := range []NameOptions{
		{}, {Labels: []string{"320", "640"}}, {Labels: []string{"50%"}, Template: "{host}/{stem}-{size}-{w}x{h}.{ext}"},
		{Labels: []string{`a "quoted" label`, "a label\nof two lines", ""}},
	} {
		namer := newNamer(t, opts)
		for i, src := range []Subject{
			{Item: fileItem("a.jpg")}, {Item: fileItem("a.jpg")},
			{Item: fetch.Item{Source: "photos/bad\xff name\n.png", Dir: "photos {ext}"}, Given: "g"},
			{Item: webItem("http://h/é.jpg?1"), ID: "http://h/é.jpg",
				Given: "given"}, {Item: fetch.Item{Source: "{ext}{w}.png"}},
		} {
			src.Index = i
			name, err := namer.Plan(src)
			if err != nil {
				t.Fatal(err)
			}
			if there := travel(t, name); !reflect.DeepEqual(name, there) {
				t.Errorf("%+v comes back as %+v", name, there)
			}
		}
	}
}

// TestANameThatHasTravelledPutsToTheSamePaths has one Store put under a name, and another under its text.
func TestANameThatHasTravelledPutsToTheSamePaths(t *testing.T) {
	input := filepath.Join(t.TempDir(), "in.png")
	name, err := newNamer(t,
		NameOptions{Labels: []string{"1", "2"}}).Plan(Subject{Item: fetch.Item{Source: input, Dir: "x/y"}})
	if err != nil {
		t.Fatal(err)
	}
	one, two, other := jpg("one"), jpg("two"), jpg("other")
	one.Label, two.Label, other.Label = "1", "2", "3"
	trees := map[bool]map[string]string{}
	for _, travelled := range []bool{false, true} {
		n := name
		if travelled {
			n = travel(t, name)
		}
		dir := t.TempDir()
		s := open(t, dir, Options{})
		if _, err := s.Put(n, one, two); err != nil {
			t.Error(err)
		}
		_, err := s.Put(n, other)
		wantClass(t, err, pipeline.ClassWrite, false) // a label that was not planned
		s.Close()
		trees[travelled] = tree(t, dir)
	}
	if !reflect.DeepEqual(trees[false], trees[true]) || len(trees[true]) != 2 {
		t.Errorf("here %q, there %q", trees[false], trees[true])
	}
}

// TestANameTravelsInsideJSON has a path that is not valid UTF-8, which JSON cannot hold.
func TestANameTravelsInsideJSON(t *testing.T) {
	name, err := newNamer(t, NameOptions{}).Plan(Subject{Item: fileItem("a\xffb.png")})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(name)
	var there Name
	if err := json.Unmarshal(b, &there); err != nil || !reflect.DeepEqual(name, there) {
		t.Errorf("%s: %+v, %v", b, there, err)
	}
	if err != nil {
		t.Error(err)
	}
}

func TestATextThatNoNamerWroteIsNoName(t *testing.T) {
	name, err := newNamer(t,
		NameOptions{Labels: []string{"1", "2"}}).Plan(Subject{Item: fetch.Item{Source: "b.png", Dir: "a"}})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := name.MarshalText()
	for cut := range text {
		var n Name
		if err := n.UnmarshalText(text[:cut]); err == nil && len(n.labels) == len(name.labels) {
			t.Errorf("%q is taken for a name", text[:cut])
		}
	}
	for _, text := range []string{
		"", "1", `-1 0 0 0 "a.\x01" ""`, `99999999999 0 0 0 "a.\x01" ""`, `1 0 0 2 "a.\x01" ""`, `1 0 0 0 "a.jpg" ""`,
		`1 0 0 0 "../a.\x01" ""`, `1 0 0 0 "/a.\x01" ""`, `1 0 0 0 "a//b.\x01" ""`, `1 0 0 0 "imgpipe.jsonl/b.\x01" ""`,
		`1 0 0 0 ".imgpipe-tmp/1.\x01" ""`, `1 0 0 0 "a\x00.\x01" ""`, `1 0 0 0 "con.\x01" ""`, `1 0 0 0 "a.\x01"`,
		`1 0 0 0 'a.\x01' ""`, `1 0 0 0 "a.\x01" "" `, `1 0 0 0 "a.\x01" ""x`, `1 0 0 0 "\x02/a.\x01" "" ".."`,
	} {
		n := Name{pattern: "before"}
		if err := n.UnmarshalText([]byte(text)); err == nil || n.pattern != "before" {
			t.Errorf("%q is taken for the name %s (%v)", text, n, err)
		}
	}
}

// FuzzNameText holds that whatever text is taken for a name stays inside the output folder, and travels on unchanged.
func FuzzNameText(f *testing.F) {
	f.Add(`17 9f86d081884c7d65 0 0 "a/b-2.\x01" "photos/b.png" "320" "640"`)
	f.Add(`0 1 2 1 "../\x03x\x04-\x02.\x01" "" "\xff"`)
	f.Fuzz(func(t *testing.T, text string) {
		var n Name
		if n.UnmarshalText([]byte(text)) != nil {
			return
		}
		if there := travel(t, n); !reflect.DeepEqual(n, there) {
			t.Errorf("%+v comes back as %+v", n, there)
		}
		for _, label := range n.each() {
			p := n.Path(transform.Output{Label: label, Format: transform.JPEG, Width: 3, Height: 4})
			if !filepath.IsLocal(p) || strings.ContainsAny(p, "\x00\x01\x02\x03\x04\n") {
				t.Errorf("%q leads to %q", text, p)
			}
		}
	})
}
