package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
)

// A handClock is time that passes when a test says so, and what happens then.
type handClock struct {
	t      *testing.T
	at     time.Time
	coming []happening // in the order of their times
	paths  map[string]struct{}
	lost   bool
}

// A happening changes a folder. It says which path the system hears of; "" for none, and "lost" for an overflow.
type happening struct {
	at    time.Time
	do    func()
	heard string
}

func (c *handClock) now() time.Time { return c.at }

// sleep lets time pass until something is heard, or until a time.
func (c *handClock) sleep(until time.Time) wake {
	for len(c.coming) > 0 && (until.IsZero() || !c.coming[0].at.After(until)) {
		next := c.coming[0]
		c.coming = c.coming[1:]
		c.at = next.at
		next.do()
		switch next.heard {
		case "":
			continue
		case "lost":
			c.lost = true
		default:
			c.paths[next.heard] = struct{}{}
		}
		return wakeEvent
	}
	if until.IsZero() {
		return wakeStop
	}
	if len(c.coming) == 0 && until.Sub(c.at) > time.Hour {
		return wakeStop
	}
	if until.After(c.at) {
		c.at = until
	}
	return wakeDue
}

func (c *handClock) take() (map[string]struct{}, bool) {
	paths, lost := c.paths, c.lost
	c.paths, c.lost = map[string]struct{}{}, false
	return paths, lost
}

// A watchWorld is a folder that is watched by hand. taken has what each file held when it was taken last.
type watchWorld struct {
	*handClock
	*watchLoop
	folder string
	taken  map[string]string
	passes int
	after  func() // each pass
}

func newWatchWorld(t *testing.T, settle time.Duration) *watchWorld {
	t.Helper()
	w := &watchWorld{handClock: &handClock{t: t, at: time.Now().Add(time.Hour), paths: map[string]struct{}{}},
		folder: t.TempDir(), taken: map[string]string{}}
	w.watchLoop = &watchLoop{
		folders: []string{w.folder}, whole: newWholes(settle, w.handClock.now, stateOf), now: w.handClock.now,
		sleep: w.handClock.sleep, take: w.handClock.take, say: t.Logf,
		wants:  func(name string) bool { return strings.HasSuffix(name, ".jpg") },
		enters: func(folder string) bool { return isEntered(folder, "") },
		watch: func(folder string, found func(string)) error {
			return filepath.WalkDir(folder, func(p string, d os.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					found(p)
				}
				return nil
			})
		},
	}
	w.pass = func() (bool, error) {
		w.passes++
		if _, err := os.Stat(w.folder); err != nil {
			return false, nil
		}
		err := filepath.WalkDir(w.folder, func(p string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			state, _ := stateOf(p)
			if w.whole.whole(p, state) {
				b, err := os.ReadFile(p)
				w.taken[p[len(w.folder)+1:]] = string(b)
				return err
			}
			return nil
		})
		if w.after != nil {
			w.after()
		}
		return true, err
	}
	return w
}

// in has something happen after so long.
func (w *watchWorld) in(after time.Duration, heard string, do func()) {
	if heard != "" && heard != "lost" {
		heard = filepath.Join(w.folder, heard)
	}
	w.coming = append(w.coming, happening{w.at.Add(after), do, heard})
}

func (w *watchWorld) append(name, text string) {
	w.t.Helper()
	f, err := os.OpenFile(filepath.Join(w.folder, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		w.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// TestPartialFileIsNeverTaken is the law: whatever is written when, as long as no two writes to a file are --settle
// apart, and whatever the system hears of, each file is taken whole and not before.
func TestPartialFileIsNeverTaken(t *testing.T) {
	const settle = 2 * time.Second
	seeds := uint64(40)
	if testing.Short() {
		seeds = 5
	}
	for seed := range seeds {
		rnd := rand.New(rand.NewPCG(seed, 1))
		w := newWatchWorld(t, settle)
		w.poll = time.Duration(rnd.IntN(2)) * 10 * time.Second
		want := map[string]string{}
		lastWrite := map[string]time.Time{}
		var all []happening
		for i := range 8 {
			name := fmt.Sprintf("%d.jpg", i)
			at := w.at.Add(time.Duration(rnd.IntN(20_000)) * time.Millisecond)
			chunks := 1 + rnd.IntN(6)
			for n := range chunks {
				heard := filepath.Join(w.folder, name)
				if rnd.IntN(4) == 0 {
					heard = "lost"
				}
				if n == chunks-1 {
					at = at.Add(0)
				}
				when := at
				all = append(all, happening{when, func() {
					w.append(name, fmt.Sprint(n, " "))
					lastWrite[name] = when
				}, heard})
				want[name] += fmt.Sprint(n, " ")
				at = at.Add(time.Duration(1+rnd.IntN(int(settle.Milliseconds())-1)) * time.Millisecond)
			}
		}
		sortHappenings(all)
		w.coming = all
		w.after = func() {
			for name, text := range w.taken {
				if text != want[name] || w.at.Before(lastWrite[name].Add(settle)) {
					t.Fatalf("seed %d: %s was taken with %q, %v after the last write, want %q", seed, name, text,
						w.at.Sub(lastWrite[name]), want[name])
				}
			}
			if len(w.taken) == len(want) && len(w.coming) == 0 {
				w.poll = 0
			}
		}
		if err := w.run(); err != nil {
			t.Fatal(err)
		}
		if len(w.taken) != len(want) {
			t.Errorf("seed %d: %d files were taken, want %d", seed, len(w.taken), len(want))
		}
	}
}

func sortHappenings(all []happening) {
	for i := range all {
		for j := i; j > 0 && all[j].at.Before(all[j-1].at); j-- {
			all[j], all[j-1] = all[j-1], all[j]
		}
	}
}

// TestBurstOfFilesIsOneBatch: files that come together are taken together.
func TestBurstOfFilesIsOneBatch(t *testing.T) {
	w := newWatchWorld(t, 2*time.Second)
	const files = 1000
	for i := range files {
		name := fmt.Sprintf("%d.jpg", i)
		w.in(time.Second+time.Duration(i)*time.Millisecond, name, func() { w.append(name, "whole") })
	}
	if err := w.run(); err != nil {
		t.Fatal(err)
	}
	if len(w.taken) != files || w.passes > 3 {
		t.Errorf("%d files were taken in %d passes", len(w.taken), w.passes)
	}
}

// TestStreamOfFilesIsTakenWhileItComes: files that come without end do not wait for its end.
func TestStreamOfFilesIsTakenWhileItComes(t *testing.T) {
	w := newWatchWorld(t, 2*time.Second)
	const files = 100
	for i := range files {
		name := fmt.Sprintf("%d.jpg", i)
		w.in(time.Duration(i)*500*time.Millisecond, name, func() { w.append(name, "whole") })
	}
	late := 0
	w.after = func() { late = max(late, files-len(w.coming)-len(w.taken)) }
	if err := w.run(); err != nil {
		t.Fatal(err)
	}
	if len(w.taken) != files || late > 10 || w.passes > files/4 {
		t.Errorf("%d files were taken in %d passes; at most %d had to wait", len(w.taken), w.passes, late)
	}
}

// TestWatchFollowsFolders: those that come with files in them, and files that are moved and removed.
func TestWatchFollowsFolders(t *testing.T) {
	w := newWatchWorld(t, 2*time.Second)
	at := func(name string) string { return filepath.Join(w.folder, name) }
	check := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	w.append("old.jpg", "old")
	w.in(1*time.Second, "new", func() { check(os.Mkdir(at("new"), 0o755)); w.append("new/a.jpg", "a") })
	w.in(2*time.Second, "gone.jpg", func() { w.append("gone.jpg", "gone") })
	w.in(3*time.Second, "gone.jpg", func() { check(os.Remove(at("gone.jpg"))) })
	w.in(4*time.Second, "note.txt", func() { w.append("note.txt", "no image") })
	w.in(9*time.Second, "moved.jpg", func() { check(os.Rename(at("new/a.jpg"), at("moved.jpg"))) })
	w.in(20*time.Second, "old.jpg", func() { w.append("old.jpg", " and more") })
	if err := w.run(); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"old.jpg": "old and more", "new/a.jpg": "a", "moved.jpg": "a"}
	delete(w.taken, "note.txt") // the pass of this test takes no names
	if fmt.Sprint(w.taken) != fmt.Sprint(want) {
		t.Errorf("taken %q, want %q", w.taken, want)
	}
}

// TestFolderThatCannotBeWatchedIsPolled, and one of which the system hears nothing.
func TestFolderThatCannotBeWatchedIsPolled(t *testing.T) {
	for _, asked := range []time.Duration{0, 7 * time.Second} {
		w := newWatchWorld(t, 2*time.Second)
		w.poll = asked
		if asked == 0 {
			w.watch = func(string, func(string)) error { return os.ErrPermission }
		}
		w.in(12*time.Second, "", func() { w.append("a.jpg", "a") })
		w.in(13*time.Second, "", func() { w.append("a.jpg", "b") })
		w.after = func() {
			if len(w.taken) > 0 || w.passes > 20 {
				w.poll, w.deaf = 0, false
			}
		}
		if err := w.run(); err != nil {
			t.Fatal(err)
		}
		if w.taken["a.jpg"] != "ab" {
			t.Errorf("--poll %v: taken %q in %d passes", asked, w.taken, w.passes)
		}
	}
}

// TestRemovalsLeadToOnePass, if the watch prunes.
func TestRemovalsLeadToOnePass(t *testing.T) {
	for _, removals := range []bool{false, true} {
		w := newWatchWorld(t, 2*time.Second)
		w.removals = removals
		for i := range 50 {
			name := fmt.Sprintf("%d.jpg", i)
			w.append(name, "old")
			w.in(time.Duration(i)*10*time.Millisecond, name, func() { os.Remove(filepath.Join(w.folder, name)) })
		}
		if err := w.run(); err != nil {
			t.Fatal(err)
		}
		if want := map[bool]int{false: 1, true: 2}[removals]; w.passes != want {
			t.Errorf("removals %v: %d passes, want %d", removals, w.passes, want)
		}
	}
}

// TestFolderThatWentIsWatchedAgain when it has come back, with what is in it.
func TestFolderThatWentIsWatchedAgain(t *testing.T) {
	w := newWatchWorld(t, 2*time.Second)
	check := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	w.append("a.jpg", "a")
	w.in(5*time.Second, "lost", func() { check(os.Rename(w.folder, w.folder+"-away")) })
	w.in(60*time.Second, "", func() {
		check(os.WriteFile(w.folder+"-away/b.jpg", []byte("b"), 0o644))
		check(os.Rename(w.folder+"-away", w.folder))
	})
	if err := w.run(); err != nil {
		t.Fatal(err)
	}
	if w.taken["a.jpg"] != "a" || w.taken["b.jpg"] != "b" || w.passes > 12 {
		t.Errorf("taken %q in %d passes", w.taken, w.passes)
	}
}

// TestFolderThatNoRunEntersIsNotWatched, whenever it came and whatever is written to it: it causes no pass.
func TestFolderThatNoRunEntersIsNotWatched(t *testing.T) {
	for _, c := range []struct {
		name   string
		before []string // files that are in the folder when the system says that it came
		after  []string // those that come later, each of which it says
		passes int
	}{
		{"sub", nil, []string{"sub/a.jpg"}, 2},
		{".hidden", []string{".hidden/a.jpg"}, []string{".hidden/b.jpg", ".hidden/.c.jpg"}, 1},
		{"outputs", []string{"outputs/imgpipe.jsonl", "outputs/a.jpg"}, []string{"outputs/b.jpg"}, 1},
		{"outputs", nil, []string{"outputs/imgpipe.jsonl", "outputs/sub", "outputs/sub/b.jpg"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWatchWorld(t, 2*time.Second)
			w.removals = true
			put := func(name string) {
				if name != c.name && filepath.Ext(name) != "" {
					w.append(name, "whole")
				} else if err := os.Mkdir(filepath.Join(w.folder, name), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			w.in(time.Second, c.name, func() {
				put(c.name)
				for _, name := range c.before {
					put(name)
				}
			})
			for i, name := range c.after {
				w.in(time.Duration(5+5*i)*time.Second, name, func() { put(name) })
			}
			if last := c.after[len(c.after)-1]; c.passes == 1 {
				w.in(time.Minute, last, func() { os.Remove(filepath.Join(w.folder, last)) })
			}
			if err := w.run(); err != nil {
				t.Fatal(err)
			}
			if w.passes != c.passes {
				t.Errorf("%d passes, want %d", w.passes, c.passes)
			}
		})
	}
}

// TestNamedFolderIsWatchedWhateverItIs: hidden, and with the ledger of another run.
func TestNamedFolderIsWatchedWhateverItIs(t *testing.T) {
	w := newWatchWorld(t, 2*time.Second)
	w.folder = filepath.Join(w.folder, ".named")
	w.folders = []string{w.folder + string(filepath.Separator)}
	if err := os.Mkdir(w.folder, 0o755); err != nil {
		t.Fatal(err)
	}
	w.append("imgpipe.jsonl", "")
	w.in(5*time.Second, "a.jpg", func() { w.append("a.jpg", "a") })
	w.in(15*time.Second, "sub", func() {
		if err := os.Mkdir(filepath.Join(w.folder, "sub"), 0o755); err != nil {
			t.Error(err)
		}
		w.append("sub/b.jpg", "b")
	})
	if err := w.run(); err != nil {
		t.Fatal(err)
	}
	if w.taken["a.jpg"] != "a" || w.taken["sub/b.jpg"] != "b" {
		t.Errorf("taken %q", w.taken)
	}
}

// TestWatchForgetsWhatIsNoInputAnyMore: its memory does not grow with files that come and go.
func TestWatchForgetsWhatIsNoInputAnyMore(t *testing.T) {
	w := &watching{whole: newWholes(time.Second, time.Now, stateOf), failed: map[string]failedFile{}}
	unlisted := pipeline.Outcome{Item: fetch.Item{Err: os.ErrPermission}}
	for i := range 100 {
		w.failed[fmt.Sprint("gone/", i)] = failedFile{}
		w.whole.known[fmt.Sprint("gone/", i)] = fileState{}
	}
	w.failed["bad.jpg"], w.whole.known["bad.jpg"], w.whole.known["good.jpg"] = failedFile{}, fileState{}, fileState{}
	w.failed["closed"] = failedFile{outcome: unlisted}
	w.failed["open"] = failedFile{outcome: unlisted}
	w.listed = map[string]bool{"bad.jpg": false, "good.jpg": false, "closed": true, "open": false}
	w.forget()
	failed, known := slices.Sorted(maps.Keys(w.failed)), slices.Sorted(maps.Keys(w.whole.known))
	if fmt.Sprint(failed, known) != "[bad.jpg closed] [bad.jpg good.jpg]" {
		t.Errorf("it remembers that %v failed and that %v are whole", failed, known)
	}
}
