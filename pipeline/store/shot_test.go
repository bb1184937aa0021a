package store

import (
	"strings"
	"testing"

	"imgpipe/pipeline"
	"imgpipe/transform"
)

func TestNamesHaveWhenAndWithWhatAPhotoWasTaken(t *testing.T) {
	for _, c := range []struct{ template, taken, camera, want string }{
		{"{date}-{stem}.{ext}", "2026-11-27 08:15:00", "", "2026-11-27-a.jpg"},
		{"{year}/{month}/{day}/{stem}.{ext}", "2026-11-27 08:15:00", "", "2026/11/27/a.jpg"},
		{"{year}/{month}/{day}/{stem}.{ext}", "", "", "undated/00/00/a.jpg"},
		{"{date}/{camera}/{stem}.{ext}", "", "", "undated/unknown/a.jpg"},
		{"{camera}-{stem}.{ext}", "", "Canon EOS R5", "Canon_EOS_R5-a.jpg"},
		{"{camera}/{stem}.{ext}", "", "../../etc/pass\x00wd\u202e", "etc_pass_wd/a.jpg"},
		{"{camera}/{stem}.{ext}", "", strings.Repeat("x", 300), strings.Repeat("x", 40) + "/a.jpg"},
		{"{camera}/{stem}.{ext}", "", "nul", "_nul/a.jpg"}, // a device on Windows
		{"{date}/{stem}.{ext}", "../../../x 08:15:00", "", "undated/a.jpg"},
		{"{date}/{stem}.{ext}", "2026-02-30 08:15:00", "", "undated/a.jpg"},
	} {
		n := newNamer(t, NameOptions{Template: c.template})
		name, err := n.Plan(Subject{Item: fileItem("a.png")})
		if err != nil {
			t.Fatal(err)
		}
		planned := strings.ReplaceAll(strings.ReplaceAll(c.template, "{stem}", "a"), ".jpg", ".{ext}")
		if name.String() != planned {
			t.Errorf("%s is planned as %s", c.template, name)
		}
		out := transform.Output{Format: transform.JPEG, Width: 4, Height: 3}
		if got := name.of(transform.Result{Taken: c.taken, Camera: c.camera}).Path(out); got != c.want {
			t.Errorf("%s with %q and %q: %s, want %s", c.template, c.taken, c.camera, got, c.want)
		}
		text, err := name.MarshalText()
		var again Name
		if err != nil || again.UnmarshalText(text) != nil || again.String() != name.String() {
			t.Errorf("%s does not come back from %q: %s, %v", name, text, again, err)
		}
	}
}

// TestNamesThatDatesCouldMakeEqualStayApart: two items with one name but for its date get two names, whatever that is.
func TestNamesThatDatesCouldMakeEqualStayApart(t *testing.T) {
	n := newNamer(t, NameOptions{Template: "{date}-{stem}.{ext}"})
	equalNames(t, plan(t, n, Subject{Item: fileItem("x/a.png")}, Subject{Item: fileItem("y/a.png")},
		Subject{Item: fileItem("y/b.png")}), "{date}-a.{ext}", "{date}-a-2.{ext}", "{date}-b.{ext}")
}

func TestACameraStandsApartInATemplate(t *testing.T) {
	for template, ok := range map[string]bool{
		"{camera}-{stem}.{ext}": true, "{camera}/{stem}.{ext}": true, "{date} {camera}.{stem}.{ext}": true,
		"{camera}{stem}.{ext}": false, "{stem}{camera}.{ext}": false, "x{camera}.{ext}": false,
		"{camera}_{stem}.{ext}": false, "{stem}-{camera}.{ext}": true,
	} {
		_, err := NewNamer(NameOptions{Template: template})
		if (err == nil) != ok {
			t.Errorf("%s: %v", template, err)
		}
	}
}

// TestARunThatNamesDatesContinues puts an item, and finds it done in the next run. Its Spec asks for the facts.
func TestARunThatNamesDatesContinues(t *testing.T) {
	dir := t.TempDir()
	options := Options{Name: "{year}/{stem}.{ext}"}
	s := open(t, dir, options)
	if !s.Spec().Facts {
		t.Error("nobody would look when the photo was taken")
	}
	item := fileItem("a.png")
	place, err := s.Plan(item)
	if err != nil {
		t.Fatal(err)
	}
	outs, err := place.Put(transform.Result{Outputs: []transform.Output{jpg("one")}, Taken: "2025-01-02 03:04:05"})
	if err != nil {
		t.Fatal(err)
	}
	o := pipeline.Outcome{Item: item, Status: pipeline.Done, Place: place, Outputs: outs}
	if err := s.Record(o); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, options)
	if place, err = s.Plan(item); err != nil || place.Skip().Why == "" {
		t.Errorf("the item is to be done again: %+v, %v", place.Skip(), err)
	}
	// Another input does not get its name.
	other := fileItem("b/a.png")
	if place, err = s.Plan(other); err != nil || place.Skip().Why != "" {
		t.Fatal(place, err)
	}
	outs, err = place.Put(transform.Result{Outputs: []transform.Output{jpg("two")}, Taken: "2025-01-02 03:04:05"})
	if err != nil || outs[0].Path != "2025/a-2.jpg" {
		t.Errorf("%+v, %v", outs, err)
	}
	if open := open(t, t.TempDir(), Options{Name: "{stem}.{ext}"}); open.Spec().Facts {
		t.Error("the facts are asked for where no name has them")
	}
}
