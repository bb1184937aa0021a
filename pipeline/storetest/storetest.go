// Package storetest is the suite of tests that every [store.Files] must pass, by itself and under a [store.Store]:
// nothing half-written is ever visible, and nothing is replaced or removed that was not seen before.
//
// Start here: [Run] tests a Files. [Memory] is the smallest one that passes, and what a new one can begin with.
//
// The suite knows nothing of what it tests but the interface.
package storetest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"imgpipe/pipeline/store"
)

// Run tests the Files that create returns: a new and empty one for each test.
func Run(t *testing.T, create func(*testing.T) store.Files) {
	for _, l := range laws {
		t.Run(l.name, func(t *testing.T) { l.test(t, create(t)) })
	}
}

// A law is one test of a Files, which is empty.
type law struct {
	name string
	test func(testing.TB, store.Files)
}

var laws = []law{
	{"NothingIsThereAtFirst", nothingAtFirst},
	{"WhatIsStagedIsSeenByNobody", stagedIsUnseen},
	{"WhatIsPutIsThereWhole", putIsWhole},
	{"ANameThatIsTakenIsKept", takenIsKept},
	{"WhatWasSeenIsReplacedAndNothingElse", seenIsReplaced},
	{"TwoFilesOfOneLengthDiffer", versionsDiffer},
	{"OfManyPutsOneSucceeds", onePutSucceeds},
	{"WhoeverLooksFindsAWholeFile", wholeWhileReplaced},
	{"WhatWasSeenIsRemovedAndNothingElse", seenIsRemoved},
	{"ListHasThePrefix", listHasThePrefix},
	{"ListStopsWhenTold", listStops},
	{"SyncKnowsNamesThatAreGone", syncOfAny},

	{"WhatIsDatedSaysSo", datedSaysSo},

	{"StoreSkipsWhatIsDone", storeSkips},
	{"StoreDoesAgainWhatLacksAFile", storeMissesOne},
	{"StoreReplacesItsOwnAlone", storeReplacesItsOwn},
	{"StoreTreatsOtherFilesAsAsked", storeTreatsOthers},
	{"StoreGivesEachItemItsOwnName", storeNames},
	{"StorePutsNothingBeforeAllIsStaged", storeStagesFirst},
	{"StoreKnowsItsOwnAfterAKill", storeAfterKill},
}

// contentOf returns the size and the hash of data, by which a store recognizes its own files.
func contentOf(data string) store.Content {
	return store.Content{Size: int64(len(data)), SHA256: sha256.Sum256([]byte(data))}
}

// stage stages data.
func stage(t testing.TB, f store.Files, data string) store.Staged {
	t.Helper()
	s, err := f.Stage(t.Context(), []byte(data), contentOf(data))
	if err != nil {
		t.Fatalf("stage %d bytes: %v", len(data), err)
	}
	return s
}

// put stages data and puts it in place of what was seen.
func put(t testing.TB, f store.Files, name, data string, seen store.File) error {
	t.Helper()
	s := stage(t, f, data)
	err := s.Put(t.Context(), name, seen)
	if err != nil {
		s.Discard(t.Context())
	}
	return err
}

// mustPut is put where nothing has the name. It returns what has it then.
func mustPut(t testing.TB, f store.Files, name, data string) store.File {
	t.Helper()
	if err := put(t, f, name, data, store.File{}); err != nil {
		t.Fatalf("put %s: %v", name, err)
	}
	return stat(t, f, name)
}

// stat returns what has a name, which something must have.
func stat(t testing.TB, f store.Files, name string) store.File {
	t.Helper()
	file, err := f.Stat(t.Context(), name)
	if err != nil {
		t.Fatalf("stat %s: %v", name, err)
	}
	return file
}

// list returns the names with a prefix, sorted.
func list(t testing.TB, f store.Files, prefix string) (names []string) {
	t.Helper()
	err := f.List(t.Context(), prefix, func(name string, file store.File) bool {
		names = append(names, name)
		if now := stat(t, f, name); file != now {
			t.Errorf("list has %s as %+v, stat as %+v", name, file, now)
		}
		return true
	})
	if err != nil {
		t.Errorf("list %q: %v", prefix, err)
	}
	slices.Sort(names)
	return names
}

// want wants a file to hold data, as each method sees it.
func want(t testing.TB, f store.Files, name, data string) {
	t.Helper()
	file, err := f.Stat(t.Context(), name)
	if err != nil || file.Kind != store.Regular || file.Size != int64(len(data)) {
		t.Errorf("stat %s: %+v, %v; want a regular file of %d bytes", name, file, err, len(data))
	}
	if c, err := f.Digest(t.Context(), name); err != nil || c != contentOf(data) {
		t.Errorf("digest %s: %d bytes, %x, %v; want those of %.20q", name, c.Size, c.SHA256[:4], err, data)
	}
	if !slices.Contains(list(t, f, name), name) {
		t.Errorf("list does not have %s", name)
	}
}

// wantNothing wants nothing to have a name, as each method sees it.
func wantNothing(t testing.TB, f store.Files, name string) {
	t.Helper()
	if file, err := f.Stat(t.Context(), name); !errors.Is(err, fs.ErrNotExist) || file != (store.File{}) {
		t.Errorf("stat %s: %+v, %v; want no file and fs.ErrNotExist", name, file, err)
	}
	if _, err := f.Digest(t.Context(), name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("digest %s: %v, want fs.ErrNotExist", name, err)
	}
	if slices.Contains(list(t, f, ""), name) {
		t.Errorf("list has %s", name)
	}
}

// wantChanged wants the error of a condition that does not hold.
func wantChanged(t testing.TB, doing string, err error) {
	t.Helper()
	if !errors.Is(err, store.ErrChanged) {
		t.Errorf("%s: %v, want store.ErrChanged", doing, err)
	}
}

func nothingAtFirst(t testing.TB, f store.Files) {
	for _, name := range []string{"a.jpg", "a/b/c.png"} {
		wantNothing(t, f, name)
	}
	if names := list(t, f, ""); len(names) > 0 {
		t.Errorf("list of nothing: %q", names)
	}
	wantChanged(t, "remove what is not there", f.Remove(t.Context(), "a.jpg", store.File{Kind: store.Regular}))
}

func stagedIsUnseen(t testing.TB, f store.Files) {
	s := stage(t, f, "staged")
	if names := list(t, f, ""); len(names) > 0 {
		t.Errorf("what is staged is listed as %q", names)
	}
	wantNothing(t, f, "a/b.jpg")
	if err := s.Put(t.Context(), "a/b.jpg", store.File{}); err != nil {
		t.Fatal(err)
	}
	want(t, f, "a/b.jpg", "staged")
	stage(t, f, "given up").Discard(t.Context())
	if names := list(t, f, ""); !slices.Equal(names, []string{"a/b.jpg"}) {
		t.Errorf("after a file was discarded there are %q", names)
	}
}

func putIsWhole(t testing.TB, f store.Files) {
	files := map[string]string{
		"empty.gif":                         "",
		"a.jpg":                             "a",
		"x/y/z.png":                         strings.Repeat("0123456789", 7000),
		"large.tiff":                        strings.Repeat("large", 1<<20),
		"été 🖼 (1), it's.jpg":               "odd",
		strings.Repeat("l", 200) + "/q.bmp": "long",
	}
	for name, data := range files {
		mustPut(t, f, name, data)
	}
	for name, data := range files {
		want(t, f, name, data)
	}
	if got := list(t, f, ""); len(got) != len(files) {
		t.Errorf("list has %q, want %d files", got, len(files))
	}
}

func takenIsKept(t testing.TB, f store.Files) {
	before := mustPut(t, f, "x/a.jpg", "theirs")
	s := stage(t, f, "ours")
	for range 2 {
		wantChanged(t, "put over a file", s.Put(t.Context(), "x/a.jpg", store.File{}))
		want(t, f, "x/a.jpg", "theirs")
	}
	if now := stat(t, f, "x/a.jpg"); now != before {
		t.Errorf("what was kept is %+v now, and was %+v", now, before)
	}
	if err := s.Put(t.Context(), "x/b.jpg", store.File{}); err != nil { // it can still be put elsewhere
		t.Error(err)
	}
	want(t, f, "x/b.jpg", "ours")
}

func seenIsReplaced(t testing.TB, f store.Files) {
	first := mustPut(t, f, "x/a.jpg", "1st!")
	if err := put(t, f, "x/a.jpg", "2nd, and longer", first); err != nil {
		t.Errorf("replace what was seen: %v", err)
	}
	want(t, f, "x/a.jpg", "2nd, and longer")
	wantChanged(t, "replace what was there before", put(t, f, "x/a.jpg", "late", first))
	want(t, f, "x/a.jpg", "2nd, and longer")
	second := stat(t, f, "x/a.jpg")
	if err := f.Remove(t.Context(), "x/a.jpg", second); err != nil {
		t.Fatal(err)
	}
	wantChanged(t, "replace what was removed", put(t, f, "x/a.jpg", "late", second))
	wantNothing(t, f, "x/a.jpg")
}

func versionsDiffer(t testing.TB, f store.Files) {
	first := mustPut(t, f, "a.jpg", "1st!")
	if again := stat(t, f, "a.jpg"); again != first {
		t.Errorf("one file is %+v and then %+v", first, again)
	}
	if err := put(t, f, "a.jpg", "2nd!", first); err != nil {
		t.Fatal(err)
	}
	if second := stat(t, f, "a.jpg"); second == first || second.Version == first.Version {
		t.Errorf("two files of one length are both %+v", second)
	}
}

func onePutSucceeds(t testing.TB, f store.Files) {
	const writers = 8
	seen := store.File{}
	for round := range 10 {
		staged := make([]store.Staged, writers)
		for i := range staged {
			staged[i] = stage(t, f, fmt.Sprint("of writer ", i, " in round ", round))
		}
		errs := make([]error, writers)
		var group sync.WaitGroup
		for i, s := range staged {
			group.Go(func() { errs[i] = s.Put(t.Context(), "x/a.jpg", seen) })
		}
		group.Wait()
		winner := -1
		for i, err := range errs {
			if err != nil {
				wantChanged(t, "put beside others", err)
				staged[i].Discard(t.Context())
			} else if winner >= 0 {
				t.Errorf("writers %d and %d both took the name", winner, i)
			} else {
				winner = i
			}
		}
		if winner < 0 {
			t.Fatalf("of %d writers none took the name: %v", writers, errors.Join(errs...))
		}
		want(t, f, "x/a.jpg", fmt.Sprint("of writer ", winner, " in round ", round))
		seen = stat(t, f, "x/a.jpg")
	}
}

// wholeWhileReplaced looks at a name all the time while files of other lengths take it.
func wholeWhileReplaced(t testing.TB, f store.Files) {
	versions := []string{strings.Repeat("a", 100_000), strings.Repeat("b", 150_000), strings.Repeat("c", 50_000)}
	whole := map[store.Content]bool{}
	for _, v := range versions {
		whole[contentOf(v)] = true
	}
	seen := mustPut(t, f, "x/a.jpg", versions[0])
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		for {
			c, err := f.Digest(t.Context(), "x/a.jpg")
			if err != nil || !whole[c] {
				t.Errorf("while files take the name, it has %d bytes, %v; want one of the files, whole", c.Size, err)
				return
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	for i := range 60 {
		if err := put(t, f, "x/a.jpg", versions[(i+1)%len(versions)], seen); err != nil {
			t.Errorf("replacement %d: %v", i, err)
			break
		}
		seen = stat(t, f, "x/a.jpg")
	}
	close(done)
	group.Wait()
}

func seenIsRemoved(t testing.TB, f store.Files) {
	first := mustPut(t, f, "x/a.jpg", "1st!")
	other := mustPut(t, f, "x/b.jpg", "other")
	if err := put(t, f, "x/a.jpg", "2nd!", first); err != nil {
		t.Fatal(err)
	}
	wantChanged(t, "remove what was there before", f.Remove(t.Context(), "x/a.jpg", first))
	want(t, f, "x/a.jpg", "2nd!")
	if err := f.Remove(t.Context(), "x/a.jpg", stat(t, f, "x/a.jpg")); err != nil {
		t.Errorf("remove what was seen: %v", err)
	}
	wantNothing(t, f, "x/a.jpg")
	if now := stat(t, f, "x/b.jpg"); now != other {
		t.Errorf("the file beside it is %+v, and was %+v", now, other)
	}
	mustPut(t, f, "x/a.jpg", "3rd!") // the name is free again
	want(t, f, "x/a.jpg", "3rd!")
}

func listHasThePrefix(t testing.TB, f store.Files) {
	all := []string{"a.jpg", "a/b.jpg", "a/bc.jpg", "a/b/c.jpg", "ab/c.jpg", "b/a/b.jpg"}
	for _, name := range all {
		mustPut(t, f, name, name)
	}
	for _, prefix := range []string{"", "a", "a/", "a/b", "a/b/", "a/b/c.jpg", "b/", "c", "a.jpg/"} {
		var wanted []string
		for _, name := range all {
			if strings.HasPrefix(name, prefix) {
				wanted = append(wanted, name)
			}
		}
		slices.Sort(wanted)
		if got := list(t, f, prefix); !slices.Equal(got, wanted) {
			t.Errorf("list %q: %q, want %q", prefix, got, wanted)
		}
	}
}

func listStops(t testing.TB, f store.Files) {
	for i := range 5 {
		mustPut(t, f, fmt.Sprintf("x%d/a.jpg", i), "a")
	}
	calls := 0
	err := f.List(t.Context(), "", func(string, store.File) bool { calls++; return calls < 2 })
	if err != nil || calls != 2 {
		t.Errorf("list that is to stop at the second file: %d calls, %v", calls, err)
	}
}

// datedSaysSo is for a Files whose files can say when they were changed last.
func datedSaysSo(t testing.TB, f store.Files) {
	dates, ok := f.(store.DatedFiles)
	if !ok {
		return
	}
	seen := store.File{}
	for i, at := range []time.Time{
		time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC), time.Date(1969, 1, 2, 0, 0, 0, 0, time.UTC),
		time.Date(2037, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		s := stage(t, f, fmt.Sprint("version ", i))
		if err := s.(store.DatedStaged).Date(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		if err := s.Put(t.Context(), "x/a.jpg", seen); err != nil {
			t.Fatal(err)
		}
		if got, err := dates.Dated(t.Context(), "x/a.jpg"); err != nil || !got.Equal(at) {
			t.Errorf("dated %v, it says %v, %v", at, got, err)
		}
		want(t, f, "x/a.jpg", fmt.Sprint("version ", i))
		seen = stat(t, f, "x/a.jpg")
	}
	if err := put(t, f, "x/a.jpg", "last", seen); err != nil { // without a date, over one that has a late one
		t.Fatal(err)
	}
	if got, err := dates.Dated(t.Context(), "x/a.jpg"); err != nil || got.Year() == 2037 {
		t.Errorf("without a date, it says %v, %v", got, err)
	}
}

func syncOfAny(t testing.TB, f store.Files) {
	mustPut(t, f, "x/a.jpg", "a")
	names := []string{"x/a.jpg", "x/gone.jpg", "gone/a.jpg"}
	if err := f.Sync(t.Context(), slices.Values(names)); err != nil {
		t.Errorf("sync: %v", err)
	}
	want(t, f, "x/a.jpg", "a")
}
