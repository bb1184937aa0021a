package store

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// starts are how files of some formats begin.
var starts = map[transform.Format]string{transform.JPEG: "\xff\xd8\xff", transform.PNG: "\x89PNG\r\n\x1a\n"}

// jpegOf is a JPEG as far as its first bytes say.
func jpegOf(text string) string { return starts[transform.JPEG] + text }

// madeOf is what the runs of these tests make of a file: another one for each Spec.
func madeOf(data string, spec transform.Spec) (transform.Format, string) {
	f := transform.Sniff([]byte(data))
	if len(spec.Formats) > 0 {
		f = spec.Formats[0]
	}
	for _, start := range starts {
		data = strings.TrimPrefix(data, start)
	}
	return f, starts[f] + "made " + spec.String() + " of " + data
}

// quality is a Spec that differs from others.
func quality(q int, formats ...transform.Format) Options {
	return Options{InPlace: true, Spec: transform.Spec{Quality: q, Formats: formats}}
}

// listOf lists the files of a folder as a walk does.
func listOf(t testing.TB, folder string) (items []fetch.Item) {
	t.Helper()
	err := filepath.WalkDir(folder, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		items = append(items, itemAt(t, folder, p))
		items[len(items)-1].Index = len(items) - 1
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return items
}

func itemAt(t testing.TB, folder, file string) fetch.Item {
	t.Helper()
	info, err := os.Lstat(file)
	if err != nil {
		t.Fatal(err)
	}
	data, _ := os.ReadFile(file)
	rel, _ := filepath.Rel(folder, filepath.Dir(file))
	item := fetch.Item{Source: file, Size: info.Size(), ModTime: info.ModTime(), Head: data[:min(64, len(data))]}
	if rel != "." {
		item.Dir = filepath.ToSlash(rel)
	}
	return item
}

// swapOne plans, does and records one item. between is called after the file was read, unless it is nil.
func swapOne(s *Store, item fetch.Item, between func()) pipeline.Outcome {
	o := pipeline.Outcome{Item: item, Status: pipeline.Failed}
	o.Place, o.Err = s.Plan(item)
	if o.Err == nil {
		if o.Why = o.Place.Skip().Why; o.Why != "" {
			o.Status = pipeline.Skipped
			return o
		}
		data, err := os.ReadFile(item.Source)
		if between != nil {
			between()
		}
		f, made := madeOf(string(data), s.Spec())
		o.Place.(pipeline.Dated).Modified(item.ModTime)
		o.Outputs, o.Err = o.Place.Put(transform.Result{
			Source:  transform.Header{Format: transform.Sniff(data)},
			Outputs: []transform.Output{{Format: f, Width: 4, Height: 3, Data: []byte(made)}},
		})
		o.Err = errors.Join(err, o.Err)
	}
	if o.Err == nil {
		o.Status = pipeline.Done
	} else {
		o.Class = pipeline.ClassOf(o.Err)
	}
	if err := s.Record(o); err != nil {
		o.Err = errors.Join(o.Err, err)
	}
	return o
}

// swapAll is a whole run in place. It returns the outcomes by the names of the files.
func swapAll(t testing.TB, folder, originals string, opts Options) map[string]pipeline.Outcome {
	t.Helper()
	s, err := Open(originals, opts)
	if err != nil {
		t.Fatal(err)
	}
	ended := map[string]pipeline.Outcome{}
	for _, item := range listOf(t, folder) {
		ended[path.Join(item.Dir, filepath.Base(item.Source))] = swapOne(s, item, nil)
	}
	s.Acquit()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return ended
}

// wantEnds wants outcomes by name: a status, a class or the reason of a skipped item.
func wantEnds(t *testing.T, got map[string]pipeline.Outcome, want map[string]string) {
	t.Helper()
	short := map[string]string{}
	for name, o := range got {
		switch short[name] = string(o.Status); o.Status {
		case pipeline.Failed:
			short[name] = o.Class
		case pipeline.Skipped:
			short[name] = o.Why
		}
	}
	if !maps.Equal(short, want) {
		t.Errorf("ended\n got %q\nwant %q", short, want)
	}
}

// write makes files with their folders.
func write(t testing.TB, folder string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		p := filepath.Join(folder, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

// made returns a tree of files as a run in place leaves it.
func made(files map[string]string, o Options) map[string]string {
	after := map[string]string{}
	for name, text := range files {
		f, data := madeOf(text, o.Spec)
		after[withFormat(name, transform.Sniff([]byte(text)), f)] = data
	}
	return after
}

// album has a file at the top, one in a folder, and names that no output of another kind of run has.
var album = map[string]string{
	"a.JPG": jpegOf("first"), "trip/day 1/b.jpeg": jpegOf("second"), "trip/CON.jpg": jpegOf("third"),
	"trip/-x .jpg": jpegOf("fourth"),
}

func TestInPlaceReplacesInputsAndKeepsThem(t *testing.T) {
	for name, opts := range map[string]Options{
		"same format": quality(50), "other format": quality(50, transform.PNG),
		"unsynced": {InPlace: true, NoSync: true},
	} {
		t.Run(name, func(t *testing.T) {
			photos, originals := t.TempDir(), filepath.Join(t.TempDir(), "kept")
			write(t, photos, album)
			all := map[string]string{}
			for name := range album {
				all[name] = "done"
			}
			ended := swapAll(t, photos, originals, opts)
			wantEnds(t, ended, all)
			wantTree(t, photos, made(album, opts))
			wantTree(t, originals, album)
			for name, o := range ended {
				if len(o.Outputs) != 1 || o.Outputs[0].Backup != name {
					t.Errorf("%s: the outcome has %+v", name, o.Outputs)
				}
			}
			again := swapAll(t, photos, originals, opts)
			for name, o := range again {
				if o.Why != "made in place before" {
					t.Errorf("again, %s: %s %q, %v", name, o.Status, o.Why, o.Err)
				}
			}
			wantTree(t, photos, made(album, opts))
		})
	}
}

// TestWhatIsMadeInPlaceIsNoInput, whatever it is called by now and whatever is asked for; an original that was put
// back is one, and a new picture under an old name.
func TestWhatIsMadeInPlaceIsNoInput(t *testing.T) {
	photos, originals := t.TempDir(), t.TempDir()
	files := map[string]string{"a.jpg": jpegOf("a"), "b.jpg": jpegOf("b"), "c.jpg": jpegOf("c"), "d.jpg": jpegOf("d")}
	write(t, photos, files)
	first := quality(50)
	swapAll(t, photos, originals, first)
	after := made(files, first)
	inPhotos := func(name string) string { return filepath.Join(photos, name) }
	if err := errors.Join(os.Rename(inPhotos("b.jpg"), inPhotos("moved.jpg")), os.Chtimes(inPhotos("a.jpg"),
		time.Time{}, time.Unix(1e9, 0))); err != nil {
		t.Fatal(err)
	}
	write(t, photos, map[string]string{"copy.jpg": after["a.jpg"]})
	forced := quality(60)
	forced.Force = true
	for _, o := range []Options{first, quality(60), quality(60, transform.PNG), forced} {
		why := "made in place before"
		if o.Spec.String() != first.Spec.String() {
			why += ", with other options"
		}
		wantEnds(t, swapAll(t, photos, originals, o),
			map[string]string{"a.jpg": why, "c.jpg": why, "d.jpg": why, "moved.jpg": why, "copy.jpg": why})
	}
	kept := maps.Clone(files)
	write(t, photos, map[string]string{"c.jpg": files["c.jpg"], "d.jpg": jpegOf("another d")})
	got := swapAll(t, photos, originals, first)
	why := "made in place before"
	wantEnds(t, got, map[string]string{
		"a.jpg": why, "c.jpg": "done", "d.jpg": "done", "moved.jpg": why, "copy.jpg": why,
	})
	kept["d-2.jpg"] = jpegOf("another d")
	wantTree(t, originals, kept)
	if got["d.jpg"].Outputs[0].Backup != "d-2.jpg" || got["c.jpg"].Outputs[0].Backup != "c.jpg" {
		t.Errorf("kept as %q and %q", got["d.jpg"].Outputs[0].Backup, got["c.jpg"].Outputs[0].Backup)
	}
}

// TestInPlaceChangesNothingElse: a name that is taken, and what is no file to replace.
func TestInPlaceChangesNothingElse(t *testing.T) {
	photos, originals := t.TempDir(), t.TempDir()
	files := map[string]string{
		"a.jpg": jpegOf("a"), "a.png": jpegOf("hers"), "b.jpeg": jpegOf("b"), "b.jpg": jpegOf("other b"),
		"note.jpg": "no picture",
	}
	write(t, photos, files)
	if err := os.Symlink("a.jpg", filepath.Join(photos, "link.jpg")); err != nil {
		t.Fatal(err)
	}
	opts := quality(50, transform.PNG)
	wantEnds(t, swapAll(t, photos, originals, opts), map[string]string{
		"a.jpg": pipeline.ClassExists, "a.png": "done", "b.jpeg": "done", "b.jpg": pipeline.ClassNameTaken,
		"note.jpg": "done", "link.jpg": fetch.ClassRead,
	})
	_, ofPNG := madeOf(files["a.png"], opts.Spec)
	got := tree(t, photos)
	if got["a.jpg"] != files["a.jpg"] || got["a.png"] != ofPNG || got["b.jpg"] != files["b.jpg"] {
		t.Errorf("the folder has %q", got)
	}
	s := open(t, originals, opts)
	write(t, originals, map[string]string{"mine.jpg": jpegOf("mine")})
	for source, class := range map[string]string{
		"https://example.com/a.jpg":          fetch.ClassRefused,
		filepath.Join(originals, "mine.jpg"): pipeline.ClassOutputIsInput,
		filepath.Join(photos, "gone.jpg"):    fetch.ClassNotFound,
	} {
		item := fetch.Item{Source: source}
		if strings.HasPrefix(source, "https") {
			item.Scheme = "https"
		}
		if _, err := s.Plan(item); pipeline.ClassOf(err) != class {
			t.Errorf("%s: %v, want class %s", source, err, class)
		}
	}
}

// TestOriginalsNeverMeet: one name for two originals, in whatever case, and names that the folder needs itself.
func TestOriginalsNeverMeet(t *testing.T) {
	photos, originals := t.TempDir(), t.TempDir()
	write(t, photos, map[string]string{
		"x/a.jpg": jpegOf("one"), "y/a.jpg": jpegOf("two"), "z/a.jpg": jpegOf("one"),
		"z/" + LedgerName: jpegOf("three"),
		"z/b.tar.gz":      jpegOf("four"),
	})
	write(t, originals, map[string]string{"a.jpg": jpegOf("here before"), "b.tar.gz": "here before"})
	s := open(t, originals, quality(50))
	for i, name := range []string{"x/a.jpg", "y/a.jpg", "z/a.jpg", "z/" + LedgerName, "z/b.tar.gz"} {
		item := itemAt(t, photos, filepath.Join(photos, filepath.FromSlash(name)))
		item.Index, item.Dir = i, ""
		if o := swapOne(s, item, nil); o.Status != pipeline.Done {
			t.Errorf("%s: %v", name, o.Err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantTree(t, originals, map[string]string{
		"a.jpg": jpegOf("here before"), "a-2.jpg": jpegOf("one"), "a-3.jpg": jpegOf("two"), "a-4.jpg": jpegOf("one"),
		"imgpipe-2.jsonl": jpegOf("three"), "b.tar.gz": "here before", "b.tar-2.gz": jpegOf("four"),
	})
}

func TestFoldersOfOriginalsAreNoFoldersOfOutputs(t *testing.T) {
	photos, originals, outputs := t.TempDir(), t.TempDir(), t.TempDir()
	write(t, photos, map[string]string{"a.jpg": jpegOf("a")})
	s := open(t, outputs, Options{})
	outs, err := s.Put(named(t, "a.png"), jpg("ours"))
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(s.Append(Entry{Status: pipeline.Done, Source: "a.png", Outputs: outs}), s.Close())
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(outputs, quality(50))
	wantClass(t, err, pipeline.ClassLedger, true)
	s = open(t, originals, quality(50)) // it has put nothing yet
	s.closeFiles()
	for _, o := range []Options{{}, {ReadOnly: true}, {OnExist: Overwrite}} {
		_, err = Open(originals, o)
		wantClass(t, err, pipeline.ClassLedger, true)
	}
}

func TestInPlaceKeepsModeAndTime(t *testing.T) {
	photos, originals := t.TempDir(), t.TempDir()
	old := time.Date(2011, 5, 6, 7, 8, 9, 0, time.UTC)
	for name, mode := range map[string]fs.FileMode{"a.jpg": 0o640, "b.jpg": 0o444, "c.jpg": 0o600} {
		write(t, photos, map[string]string{name: jpegOf(name)})
		p := filepath.Join(photos, name)
		if err := errors.Join(os.Chtimes(p, old, old), os.Chmod(p, mode)); err != nil {
			t.Fatal(err)
		}
	}
	before := map[string]fs.FileInfo{}
	for _, item := range listOf(t, photos) {
		before[item.Source], _ = os.Stat(item.Source)
	}
	opts := quality(50)
	opts.KeepTime = true
	swapAll(t, photos, originals, opts)
	for file, was := range before {
		for _, p := range []string{file, filepath.Join(originals, filepath.Base(file))} {
			now, err := os.Stat(p)
			if err != nil || now.Mode() != was.Mode() || !now.ModTime().Equal(old) {
				t.Errorf("%s: %v %v, want %v %v (%v)", p, now.Mode(), now.ModTime(), was.Mode(), old, err)
			}
		}
		if kept, err := os.Stat(filepath.Join(originals, filepath.Base(file))); err != nil || !os.SameFile(kept, was) {
			t.Errorf("%s is a copy: %v", file, err)
		}
	}
}

// TestOptionsInPlaceAreChecked has one thing wrong at a time.
func TestOptionsInPlaceAreChecked(t *testing.T) {
	two := transform.Spec{Formats: []transform.Format{transform.JPEG, transform.PNG}}
	for i, o := range []Options{
		{Files: homeFiles{}}, {Name: "{stem}.{ext}"}, {Part: Part{1, 2}}, {Spec: two},
		{Spec: transform.Spec{Smallest: true}},
		{Spec: transform.Spec{RawPreview: true}}, {OnExist: Overwrite}, {OnExist: Skip},
		{Spec: transform.Spec{Sizes: []transform.Resize{{Width: 1}, {Width: 2}}}},
	} {
		o.InPlace = true
		if o.Check() == nil {
			t.Errorf("options %d are good", i)
		}
	}
	if err := quality(50).Check(); err != nil {
		t.Error(err)
	}
}

// TestInPlacePlansAsItDoes compares what a dry run says with what the run does.
func TestInPlacePlansAsItDoes(t *testing.T) {
	photos, originals := t.TempDir(), filepath.Join(t.TempDir(), "kept")
	write(t, photos, album)
	opts := quality(50, transform.PNG)
	dry := opts
	dry.ReadOnly = true
	s := open(t, originals, dry)
	said := map[string]Preview{}
	for _, item := range listOf(t, photos) {
		v, err := s.Preview(item)
		if err != nil {
			t.Error(err)
		}
		said[path.Join(item.Dir, filepath.Base(item.Source))] = v
	}
	if _, err := os.Stat(originals); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the dry run made the folder: %v", err)
	}
	for name, o := range swapAll(t, photos, originals, opts) {
		v := said[name]
		if len(o.Outputs) != 1 || !slices.Equal(v.Names, []string{filepath.FromSlash(o.Outputs[0].Path)}) ||
			v.Backup != o.Outputs[0].Backup {
			t.Errorf("%s: planned %+v, done %+v", name, v, o.Outputs)
		}
	}
}
