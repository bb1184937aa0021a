package store

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// TestNamesOfSeveralFormatsAvoidThoseAlone has items whose outputs are each of a list of formats.
func TestNamesOfSeveralFormatsAvoidThoseAlone(t *testing.T) {
	both := []transform.Format{transform.JPEG, transform.PNG}
	n := newNamer(t, NameOptions{})
	got := plan(t, n,
		Subject{Item: fileItem("a.x"), Formats: both},
		Subject{Item: fileItem("a.gif"), Formats: of(transform.GIF)}, // no other has that extension
		Subject{Item: fileItem("a.y"), Formats: of(transform.PNG)},
		Subject{Item: fileItem("a.z"), Formats: both},
	)
	equalNames(t, got, "a.{ext}", "a.{ext}", "a-2.{ext}", "a-3.{ext}")
}

// TestNoFormatOfAListIsWrittenOverItsInput has an input in the output folder.
func TestNoFormatOfAListIsWrittenOverItsInput(t *testing.T) {
	dir := t.TempDir()
	n := newNamer(t, NameOptions{Folder: dir})
	item := fileItem(filepath.Join(dir, "a.png"))
	equalNames(t, plan(t, n, Subject{Item: item, Formats: []transform.Format{transform.JPEG, transform.PNG}}),
		"[output-is-input]")
	equalNames(t, plan(t, n, Subject{Item: item, Formats: []transform.Format{transform.JPEG, transform.GIF}}),
		"a.{ext}")
}

// TestAnItemIsPresentWithAllItsFormats has files of other programs in the place of outputs.
func TestAnItemIsPresentWithAllItsFormats(t *testing.T) {
	dir := t.TempDir()
	name, formats := named(t, "a.x"), []transform.Format{transform.JPEG, transform.PNG}
	s := open(t, dir, Options{OnExist: Skip})
	for i, file := range []string{"a.png", "a.jpg"} {
		if outs, all := s.Present(name, formats); all {
			t.Errorf("with %d of 2 files: present as %+v", i, outs)
		}
		if err := os.WriteFile(filepath.Join(dir, file), []byte("theirs"), 0o644); err != nil {
			t.Fatal(err)
		}
		if file, found := s.Standing(name, formats); !found || i == 0 && file != "a.png" {
			t.Errorf("in the way is %q", file)
		}
	}
	if outs, all := s.Present(name, formats); !all || len(outs) != 2 {
		t.Errorf("with 2 of 2 files: %+v, %v", outs, all)
	}
	if outs, all := s.Present(name, nil); !all || len(outs) != 1 { // of unknown format
		t.Errorf("with a file of any format: %+v, %v", outs, all)
	}
}

// TestADryRunHasANameForEachFormat previews what a run would write.
func TestADryRunHasANameForEachFormat(t *testing.T) {
	spec, err := transform.ParseSpec("size=80;size=800;format=png,jpeg")
	if err != nil {
		t.Fatal(err)
	}
	for template, want := range map[string][]string{
		"":                    {"a-80.png", "a-80.jpg", "a-800.png", "a-800.jpg"},
		"{stem}-{w}.{ext}":    {"a-{w}.png", "a-{w}.jpg"},
		"{size}/{stem}.{ext}": {"80/a.png", "80/a.jpg", "800/a.png", "800/a.jpg"},
	} {
		s := open(t, t.TempDir(), Options{Spec: spec, Name: template, ReadOnly: true})
		if v, err := s.Preview(fileItem("a.gif")); err != nil || !slices.Equal(v.Names, want) {
			t.Errorf("%q: names %q, %v; want %q", template, v.Names, err, want)
		}
	}
}

// TestSizesOfOneNameFailAlone has two sizes with the same width, and a template that has no other field.
func TestSizesOfOneNameFailAlone(t *testing.T) {
	dir := t.TempDir()
	n := newNamer(t, NameOptions{Template: "{stem}-{w}.{ext}", Labels: []string{"80", "80w"}})
	name, err := n.Plan(Subject{Item: fileItem("a.png"), Formats: of(transform.JPEG)})
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, Options{})
	one, two := jpg("one"), jpg("two")
	one.Label, two.Label = "80", "80w"
	if got, err := s.Put(name, one, two); pipeline.ClassOf(err) != pipeline.ClassNameTaken || len(got) > 0 {
		t.Errorf("got %+v, error %v", got, err)
	}
	wantTree(t, dir, map[string]string{})
	two.Width = 5
	if got, err := s.Put(name, one, two); err != nil || len(got) != 2 {
		t.Errorf("got %+v, error %v", got, err)
	}
	wantTree(t, dir, map[string]string{"a-4.jpg": "one", "a-5.jpg": "two"})
}

// TestWhatIsOmittedIsDone has an item of which one output was not written, and one of which none was.
func TestWhatIsOmittedIsDone(t *testing.T) {
	dir := t.TempDir()
	for run, on := range []OnExist{Suffix, Suffix, Overwrite, Skip} {
		s := open(t, dir, Options{OnExist: on, Name: "{stem}-{w}.{ext}"})
		for i, all := range []bool{false, true} {
			p, err := s.Plan(fetch.Item{Index: i, Source: []string{"a.png", "b.png"}[i], Scheme: "x"})
			if err != nil {
				t.Fatal(err)
			}
			if todo := p.Skip().Why == ""; todo != (run == 0) {
				t.Errorf("run %d, %v, item %d: to do is %v", run, on, i, todo)
			}
			if run > 0 {
				continue
			}
			small, large := jpg("small"), transform.Output{Format: transform.JPEG, Width: 9, Height: 9, Omitted: true}
			r := transform.Result{Outputs: []transform.Output{small, large}}
			o := pipeline.Outcome{Item: fetch.Item{Index: i}, Place: p, Status: pipeline.Done}
			if all {
				r.Outputs, o.Status = r.Outputs[1:], pipeline.Skipped
			}
			if o.Outputs, err = p.Put(r); err != nil || len(o.Outputs) != len(r.Outputs) {
				t.Fatalf("put %+v, %v", o.Outputs, err)
			}
			if err := s.Record(o); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if files := tree(t, dir); len(files) != 1 {
		t.Errorf("there is %q, want the one small file", files)
	}
}

// TestANameHasItsSizeAlsoAlone adds a size to an earlier run, whose names have {size}.
func TestANameHasItsSizeAlsoAlone(t *testing.T) {
	names := func(text string) []string {
		spec, err := transform.ParseSpec(text)
		if err != nil {
			t.Fatal(err)
		}
		s := open(t, t.TempDir(), Options{Spec: spec, Name: "{stem}-{size}.{ext}", ReadOnly: true})
		v, err := s.Preview(fetch.Item{Source: "a.gif"})
		if err != nil {
			t.Fatal(err)
		}
		return v.Names
	}
	if one, two := names("size=320;format=jpeg"), names("size=320;size=64;format=jpeg"); one[0] != two[0] {
		t.Errorf("one size has the name %q, and with another one %q", one[0], two[0])
	}
}
