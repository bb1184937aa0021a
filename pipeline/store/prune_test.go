package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// outputsOf is a run into a folder of outputs, of items with a path each.
func outputsOf(t testing.TB, s *Store, photos string, names ...string) {
	t.Helper()
	for i, name := range names {
		p := filepath.Join(photos, filepath.FromSlash(name))
		item := itemAt(t, photos, p)
		item.Index = i
		place, err := s.Plan(item)
		if err != nil {
			t.Fatal(err)
		}
		if place.Skip().Why != "" {
			continue
		}
		o := pipeline.Outcome{Item: item, Place: place, Status: pipeline.Done}
		o.Outputs, err = place.Put(transform.Result{Outputs: []transform.Output{jpg("of " + name)}})
		if err = errors.Join(err, s.Record(o)); err != nil {
			t.Fatal(err)
		}
	}
}

// prune removes all strays of a store. It returns the paths that went and those that stayed with the reasons.
func prune(t testing.TB, s *Store) (went []string, stayed map[string]string, err error) {
	t.Helper()
	strays, err := s.Strays(t.Context(), func(source string) bool {
		_, err := os.Lstat(source)
		return errors.Is(err, fs.ErrNotExist)
	})
	if err != nil {
		return nil, nil, err
	}
	stayed = map[string]string{}
	for _, x := range strays {
		gone, err := s.Prune(context.Background(), x)
		switch {
		case err != nil:
			return went, stayed, err
		case gone && !x.Gone():
			went = append(went, x.Path)
		case !gone:
			stayed[x.Path] = x.Keep
		}
	}
	return went, stayed, s.Flush()
}

var pruned = []string{"a.jpg", "b.jpg", "d/c.jpg", "d/e/f.jpg", "g/h.jpg", "g/i.jpg"}

// pruneWorld makes inputs and their outputs, of which the inputs of some are gone then.
func pruneWorld(t testing.TB) (photos, out string, left map[string]string) {
	t.Helper()
	photos, out = t.TempDir(), filepath.Join(t.TempDir(), "out")
	for _, name := range pruned {
		write(t, photos, map[string]string{name: jpegOf(name)})
	}
	s := open(t, out, Options{})
	outputsOf(t, s, photos, pruned...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"b.jpg", "d", "g/i.jpg"} {
		if err := os.RemoveAll(filepath.Join(photos, filepath.FromSlash(name))); err != nil {
			t.Fatal(err)
		}
	}
	return photos, out, map[string]string{"a.jpg": "of a.jpg", "g/h.jpg": "of g/h.jpg"}
}

// folders returns the folders below dir, but for the store's own.
func foldersIn(t testing.TB, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && p != dir && d.Name() != TempName {
			all = append(all, filepath.ToSlash(p[len(dir)+1:]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPruneRemovesOutputsWhoseInputIsGone(t *testing.T) {
	photos, out, left := pruneWorld(t)
	s := open(t, out, Options{})
	outputsOf(t, s, photos, "a.jpg", "g/h.jpg")
	went, stayed, err := prune(t, s)
	if err != nil || len(stayed) > 0 || strings.Join(went, " ") != "b.jpg d/c.jpg d/e/f.jpg g/i.jpg" {
		t.Errorf("went %q, stayed %q, %v", went, stayed, err)
	}
	wantTree(t, out, left)
	if got := fmt.Sprint(foldersIn(t, out)); got != "[g]" {
		t.Errorf("folders %s", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// The ledger has them no more, and another input may have the name.
	s = open(t, out, Options{})
	if strays, err := s.Strays(t.Context(), func(string) bool { return true }); err != nil || len(strays) != 2 {
		t.Errorf("the ledger has %+v, %v", strays, err)
	}
	write(t, photos, map[string]string{"b.jpeg": jpegOf("new")})
	outputsOf(t, s, photos, "a.jpg", "b.jpeg", "g/h.jpg")
	left["b.jpg"] = "of b.jpeg"
	wantTree(t, out, left)
}

// TestPruneKeepsWhatIsNotOurs: what was changed, what is behind a link, what another input has made since.
func TestPruneKeepsWhatIsNotOurs(t *testing.T) {
	photos, out, left := pruneWorld(t)
	elsewhere := t.TempDir()
	write(t, elsewhere, map[string]string{"f.jpg": "of d/e/f.jpg"})
	at := func(name string) string { return filepath.Join(out, filepath.FromSlash(name)) }
	if err := errors.Join(
		os.WriteFile(at("b.jpg"), []byte("of B.jpg"), 0o644), // of one length
		os.WriteFile(at("d/mine.txt"), []byte("mine"), 0o644),
		os.RemoveAll(at("d/e")), os.Symlink("../g", at("d/e")),
		os.WriteFile(at("g/f.jpg"), []byte("of d/e/f.jpg"), 0o644),
		os.Remove(at("g/i.jpg")), os.Symlink("h.jpg", at("g/i.jpg")),
	); err != nil {
		t.Fatal(err)
	}
	s := open(t, out, Options{})
	outputsOf(t, s, photos, "a.jpg", "g/h.jpg")
	went, stayed, err := prune(t, s)
	want := map[string]string{"b.jpg": keepEdited, "d/e/f.jpg": keepBehind, "g/i.jpg": keepEdited}
	if err != nil || fmt.Sprint(went) != "[d/c.jpg]" || !maps.Equal(stayed, want) {
		t.Errorf("went %q, stayed %q, %v", went, stayed, err)
	}
	for name, text := range maps.All(map[string]string{
		"a.jpg": left["a.jpg"], "g/h.jpg": left["g/h.jpg"], "b.jpg": "of B.jpg", "d/mine.txt": "mine",
		"g/f.jpg": "of d/e/f.jpg", "g/i.jpg": left["g/h.jpg"],
	}) {
		if b, err := os.ReadFile(at(name)); err != nil || string(b) != text {
			t.Errorf("%s holds %q, %v", name, b, err)
		}
	}
}

// TestPruneKeepsWhatChangesMeanwhile: between the list and the removal.
func TestPruneKeepsWhatChangesMeanwhile(t *testing.T) {
	_, out, _ := pruneWorld(t)
	s := open(t, out, Options{})
	strays, err := s.Strays(t.Context(), func(source string) bool { return filepath.Base(source) == "b.jpg" })
	if err != nil || len(strays) != 1 {
		t.Fatalf("%+v, %v", strays, err)
	}
	write(t, out, map[string]string{"b.jpg": "of b.jpG"})
	if gone, err := s.Prune(t.Context(), strays[0]); gone || err != nil {
		t.Errorf("gone %v, %v", gone, err)
	}
	if b, err := os.ReadFile(filepath.Join(out, "b.jpg")); err != nil || string(b) != "of b.jpG" {
		t.Errorf("%q, %v", b, err)
	}
}

// TestPruneKnowsNoGoneURLs, nor inputs whose names the ledger cannot hold, nor those of outputs of other inputs since.
func TestPruneKnowsNoGoneURLs(t *testing.T) {
	out := t.TempDir()
	s := open(t, out, Options{})
	n := newNamer(t, NameOptions{})
	for i, source := range []string{"https://example.com/a.jpg", "/photos/\xff.jpg", "relative.jpg"} {
		item := fetch.Item{Index: i, Source: source}
		if i == 0 {
			item.Scheme = "https"
		}
		name, err := n.Plan(Subject{Item: item})
		if err != nil {
			t.Fatal(err)
		}
		name.file = ""
		outs, err := s.Put(name, jpg(source))
		e := Entry{Status: pipeline.Done, Source: source, Name: name.String(), Outputs: outs}
		if err = errors.Join(err, s.Append(e)); err != nil {
			t.Fatal(err)
		}
	}
	strays, err := s.Strays(t.Context(), func(string) bool { return true })
	if err != nil || len(strays) != 0 {
		t.Errorf("%+v, %v", strays, err)
	}
}

// TestPruneKilledAtAnyCallAgrees: afterwards, and after the same command again, ledger and folder have the same.
func TestPruneKilledAtAnyCallAgrees(t *testing.T) {
	for kill := 1; ; kill++ {
		photos, out, left := pruneWorld(t)
		calls, armed := 0, false
		s := open(t, out, Options{Fault: func(string, string) error {
			if armed {
				calls++
			}
			if calls >= kill {
				return errors.New("killed")
			}
			return nil
		}})
		outputsOf(t, s, photos, "a.jpg", "g/h.jpg")
		armed = true
		_, _, err := prune(t, s)
		s.closeFiles()
		if err == nil && calls < kill {
			if kill < 10 {
				t.Errorf("a run that prunes makes %d calls", calls)
			}
			return
		}
		got := tree(t, out)
		for name, text := range left {
			if got[name] != text {
				t.Errorf("killed at call %d: %s holds %q", kill, name, got[name])
			}
		}
		s = open(t, out, Options{})
		outputsOf(t, s, photos, "a.jpg", "g/h.jpg")
		if _, stayed, err := prune(t, s); err != nil || len(stayed) > 0 {
			t.Errorf("killed at call %d, then: stayed %q, %v", kill, stayed, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		wantTree(t, out, left)
		s = open(t, out, Options{})
		strays, err := s.Strays(t.Context(), func(string) bool { return true })
		if err != nil || len(strays) != len(left) {
			t.Errorf("killed at call %d, then: the ledger has %+v, %v", kill, strays, err)
		}
		if got := fmt.Sprint(foldersIn(t, out)); got != "[g]" {
			t.Errorf("killed at call %d, then: folders %s", kill, got)
		}
	}
}
