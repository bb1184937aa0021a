package store

import (
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"testing"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// itemsOf returns the items of folders, as fetch lists them: Dir begins with the name of the folder where there are
// several.
func itemsOf(folders []string, files map[string][]string) (items []fetch.Item) {
	for _, folder := range folders {
		for _, file := range files[folder] {
			dir := path.Dir(file)
			if dir == "." {
				dir = ""
			}
			item := fetch.Item{Index: len(items), Source: folder + "/" + file, Dir: dir, Folder: path.Base(folder)}
			if len(folders) > 1 {
				item.Dir = path.Join(item.Folder, dir)
			}
			items = append(items, item)
		}
	}
	return items
}

// makeAll runs all items through a store, and returns the name of each by its source, and how many were done before.
func makeAll(t *testing.T, dir string, items []fetch.Item) (names map[string]string, before int) {
	t.Helper()
	s, err := Open(dir, Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	names = map[string]string{}
	for _, item := range items {
		planned, err := s.Plan(item)
		if err != nil {
			t.Fatal(err)
		}
		names[item.Source] = planned.(*place).name.String()
		if planned.Skip().Why != "" {
			before++
			continue
		}
		out, err := planned.Put(transform.Result{Outputs: []transform.Output{jpg(item.Source)}})
		if err != nil {
			t.Fatal(err)
		}
		err = s.Record(pipeline.Outcome{Item: item, Status: pipeline.Done, Outputs: out, Place: planned})
		if err != nil {
			t.Fatal(err)
		}
	}
	return names, before
}

// TestNamesStayWhenFoldersAreAdded walks some folders, and then others with them or without them, in any order.
// Whatever was made before keeps its name, and is not made again.
func TestNamesStayWhenFoldersAreAdded(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 10
	}
	files := map[string][]string{
		"/x/a": {"1.jpg", "2.jpg", "a/1.jpg"}, "/x/b": {"1.jpg", "3.jpg", "s/1.jpg"}, "/x/c": {"1.jpg"},
		"/y/a": {"1.jpg", "4.jpg"},
	}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 3))
		dir := t.TempDir()
		known := map[string]string{}
		said := ""
		for range 4 {
			folders := []string{"/x/a", "/x/b", "/x/c", "/y/a"}
			r.Shuffle(len(folders), func(i, j int) { folders[i], folders[j] = folders[j], folders[i] })
			folders = folders[:1+r.IntN(len(folders))]
			said += fmt.Sprint(folders)
			items := itemsOf(folders, files)
			// Some are left out, as patterns would.
			items = slices.DeleteFunc(items, func(fetch.Item) bool { return r.IntN(5) == 0 })
			for i := range items {
				items[i].Index = i
			}
			names, before := makeAll(t, dir, items)
			had := 0
			seen := map[string]string{}
			for source, name := range names {
				if other, ok := seen[name]; ok {
					t.Errorf("%s: %s and %s are both called %s", said, source, other, name)
				}
				seen[name] = source
				if old, ok := known[source]; ok {
					had++
					if old != name {
						t.Errorf("%s: %s was called %s, and is called %s", said, source, old, name)
					}
				}
				known[source] = name
			}
			if before != had {
				t.Errorf("%s: %d of %d were done before, want the %d that were", said, before, len(names), had)
			}
		}
		if t.Failed() {
			break
		}
	}
}

// TestANameIsKeptOnlyByWhatTheLedgerHas: without a ledger, the same command has the same names as ever.
func TestANameIsKeptOnlyByWhatTheLedgerHas(t *testing.T) {
	files := map[string][]string{"/x/a": {"1.jpg", "s/2.jpg"}, "/x/b": {"1.jpg"}}
	one, _ := makeAll(t, t.TempDir(), itemsOf([]string{"/x/a"}, files))
	two, _ := makeAll(t, t.TempDir(), itemsOf([]string{"/x/a", "/x/b"}, files))
	if one["/x/a/s/2.jpg"] != "s/2.{ext}" || two["/x/a/s/2.jpg"] != "a/s/2.{ext}" || two["/x/b/1.jpg"] != "b/1.{ext}" {
		t.Errorf("names of one folder %v, of two %v", one, two)
	}
}
