package store

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"imgpipe/pipeline"
	"imgpipe/transform"
)

// linked makes the folders of a run in place: some files, of which one has another name outside.
func linked(t testing.TB) (photos, originals string, files map[string]string) {
	t.Helper()
	top := t.TempDir()
	photos, originals = filepath.Join(top, "photos"), filepath.Join(top, "kept")
	files = map[string]string{"a.jpg": jpegOf("first"), "d/b.jpg": jpegOf("second"), "d/c.jpg": jpegOf("third")}
	write(t, photos, files)
	if err := os.Link(filepath.Join(photos, "d", "b.jpg"), filepath.Join(top, "other name.jpg")); err != nil {
		t.Skip("there are no links here:", err)
	}
	return photos, originals, files
}

// everything returns what all files of some folders hold, hidden ones too.
func everything(t testing.TB, folders ...string) (all []string) {
	t.Helper()
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(p string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(p)
			all = append(all, string(b))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// wantNothingLost is the law of runs that are killed: under each name is the original or the whole output, and the
// bytes of each original are there in full.
func wantNothingLost(t *testing.T, when, photos, originals string, files map[string]string, o Options) {
	t.Helper()
	all := everything(t, photos, originals)
	for name, text := range files {
		if !slices.Contains(all, text) {
			t.Errorf("%s: the original of %s is lost", when, name)
		}
		f, output := madeOf(text, o.Spec)
		got, err := os.ReadFile(filepath.Join(photos, filepath.FromSlash(name)))
		other := withFormat(name, transform.JPEG, f)
		switch made, e := os.ReadFile(filepath.Join(photos, filepath.FromSlash(other))); {
		case err == nil && string(got) == text:
		case e == nil && string(made) == output:
		default:
			t.Errorf("%s: %s holds %q (%v), %s %q (%v)", when, name, got, err, other, made, e)
		}
	}
	if other, err := os.ReadFile(filepath.Join(filepath.Dir(photos), "other name.jpg")); err != nil ||
		string(other) != files["d/b.jpg"] {
		t.Errorf("%s: the other name of a file holds %q (%v)", when, other, err)
	}
}

// killCounted makes a run in place that is cut off at a call: no further call is made, as if the program were gone.
func killCounted(t *testing.T, photos, originals string, o Options, kill int) (calls []string) {
	t.Helper()
	var mu sync.Mutex
	o.Fault = func(op, name string) error {
		mu.Lock()
		defer mu.Unlock()
		if calls = append(calls, op+" "+name); kill > 0 && len(calls) >= kill {
			return errors.New("killed")
		}
		return nil
	}
	s, err := Open(originals, o)
	if err != nil {
		return calls
	}
	defer s.closeFiles() // as the system does with the files of a dead process
	for _, item := range listOf(t, photos) {
		swapOne(s, item, nil)
		if kill > 0 && len(calls) >= kill {
			return calls
		}
	}
	s.Acquit()
	if err := s.Close(); err != nil && kill == 0 {
		t.Fatal(err)
	}
	return calls
}

// wantContinued runs again after a kill, and wants what a calm run leaves.
func wantContinued(t *testing.T, when, photos, originals string, files map[string]string, o Options) {
	t.Helper()
	o.Fault = nil
	swapAll(t, photos, originals, o)
	if got, want := tree(t, photos), made(files, o); !maps.Equal(got, want) {
		t.Errorf("%s, and continued: the folder has\n%q, want\n%q", when, got, want)
	}
	if got := tree(t, originals); !maps.Equal(got, files) {
		t.Errorf("%s, and continued: the originals are\n%q, want\n%q", when, got, files)
	}
	for name, out := range swapAll(t, photos, originals, o) {
		if out.Status != pipeline.Skipped {
			t.Errorf("%s, and continued: %s is %s (%v)", when, name, out.Status, out.Err)
		}
	}
}

func TestRunInPlaceKilledAtAnyCallLosesNothing(t *testing.T) {
	for kind, o := range map[string]Options{"same format": quality(50), "other format": quality(50, transform.PNG)} {
		photos, originals, _ := linked(t)
		calls := killCounted(t, photos, originals, o, 0)
		for _, op := range []string{"lstat", "journal", "create", "write", "sync", "link", "copy", "rename", "remove"} {
			if !slices.ContainsFunc(calls, func(c string) bool { return strings.HasPrefix(c, op+" ") }) {
				t.Errorf("%s: a run makes no call %q: %q", kind, op, calls)
			}
		}
		step := 1
		if testing.Short() {
			step = 5
		}
		for kill := 1; kill <= len(calls); kill += step {
			photos, originals, files := linked(t)
			killCounted(t, photos, originals, o, kill)
			when := fmt.Sprintf("%s, killed at call %d, %s", kind, kill, calls[kill-1])
			wantNothingLost(t, when, photos, originals, files, o)
			// The next one is killed, too, a little later.
			killCounted(t, photos, originals, o, kill/2+1)
			wantNothingLost(t, when+" and again", photos, originals, files, o)
			wantContinued(t, when, photos, originals, files, o)
		}
	}
}

// TestInputChangedWhileItIsProcessedStays: however and whenever somebody changes it until it is exchanged.
func TestInputChangedWhileItIsProcessedStays(t *testing.T) {
	changes := map[string]func(p string) error{
		"written anew": func(p string) error { return os.WriteFile(p, []byte(jpegOf("edited")), 0o644) },
		"appended": func(p string) error {
			f, err := os.OpenFile(p, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString("more")
			return errors.Join(err, f.Close())
		},
		"replaced": func(p string) error {
			return errors.Join(os.WriteFile(p+"~", []byte(jpegOf("her own")), 0o644), os.Rename(p+"~", p))
		},
		"removed":   os.Remove,
		"a folder":  func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o755)) },
		"a symlink": func(p string) error { return errors.Join(os.Remove(p), os.Symlink("elsewhere", p)) },
	}
	const text = "\xff\xd8\xffas it was"
	for kind, o := range map[string]Options{"same": quality(50), "other": quality(50, transform.PNG)} {
		for what, change := range changes {
			for at := 0; ; at++ {
				photos, originals := t.TempDir(), t.TempDir()
				file := filepath.Join(photos, "a.jpg")
				write(t, photos, map[string]string{"a.jpg": text})
				after, changed, listed, calls := "", false, false, 0
				do := func() {
					if err := change(file); err != nil {
						t.Fatal(what, err)
					}
					b, _ := os.ReadFile(file)
					after, changed = string(b), true
				}
				var mu sync.Mutex
				o.Fault = func(op, name string) error {
					mu.Lock()
					defer mu.Unlock()
					if !listed {
						return nil
					}
					if calls++; calls == at {
						if b, _ := os.ReadFile(file); string(b) == text {
							do()
						}
					}
					return nil
				}
				o.NoSync = true
				s := open(t, originals, o)
				item := itemAt(t, photos, file)
				listed = true
				out := swapOne(s, item, func() {
					if at == 0 {
						do()
					}
				})
				if !changed {
					break // the output had its name before that call
				}
				when := fmt.Sprintf("%s format, %s at call %d", kind, what, at)
				if b, _ := os.ReadFile(file); string(b) != after {
					t.Errorf("%s: the file holds %q, want %q", when, b, after)
				}
				if out.Status != pipeline.Failed {
					t.Errorf("%s: %s", when, out.Status)
				}
				wantNoSecondName(t, when, file, originals)
				entries, err := os.ReadDir(photos)
				for _, e := range entries {
					if e.Name() != "a.jpg" && e.Name() != "a.png" {
						t.Errorf("%s: %s is left", when, e.Name())
					}
				}
				if err = errors.Join(err, s.Close()); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// TestFailedSwapLeavesNoSecondName: an input that stays is not one file with what is kept.
func TestFailedSwapLeavesNoSecondName(t *testing.T) {
	photos, originals := t.TempDir(), t.TempDir()
	write(t, photos, map[string]string{"a.jpg": jpegOf("a")})
	for _, call := range []string{
		"create ", "write ", "sync ", "rename ", "link ", "journal ", "lstat ", "rename a.jpg", "sync a.jpg",
	} {
		o := quality(50)
		o.Fault = func(op, name string) error {
			if strings.HasPrefix(op+" "+name, call) && name != LedgerName && name != "." {
				return fs.ErrPermission
			}
			return nil
		}
		s := open(t, originals, o)
		out := swapOne(s, itemAt(t, photos, filepath.Join(photos, "a.jpg")), nil)
		if out.Status != pipeline.Failed {
			t.Errorf("%s: %s", call, out.Status)
		}
		s.Close()
		wantTree(t, photos, map[string]string{"a.jpg": jpegOf("a")})
		if got := tree(t, originals); got["a.jpg"] != "" {
			t.Errorf("%s: the folder of the originals has %q", call, got)
		}
	}
}

// wantNoSecondName wants an input to be no file in the folder of originals.
func wantNoSecondName(t *testing.T, when, file, originals string) {
	t.Helper()
	input, err := os.Lstat(file)
	if err != nil {
		return
	}
	kept, err := os.Lstat(filepath.Join(originals, filepath.Base(file)))
	if err == nil && os.SameFile(input, kept) {
		t.Errorf("%s: an edit of %s would be one of its original", when, file)
	}
}

// TestInputThatKeepsItsNameIsNoOriginal has each call of a run fail once, or the run killed there and the folder opened
// again. It wants an input that keeps its name to be no file of the originals, a line to name no original that is not
// there, and nothing to be lost.
func TestInputThatKeepsItsNameIsNoOriginal(t *testing.T) {
	text := jpegOf("a")
	for kind, o := range map[string]Options{"same": quality(50), "other": quality(50, transform.PNG)} {
		for _, what := range []string{"fails", "fails and an older output is there", "kills"} {
			for at, more := 1, true; more; at++ {
				photos, originals := t.TempDir(), t.TempDir()
				file := filepath.Join(photos, "a.jpg")
				write(t, photos, map[string]string{"a.jpg": text})
				if strings.Contains(what, "older") {
					swapAll(t, photos, originals, o)
					write(t, photos, map[string]string{"a.jpg": text})
				}
				var mu sync.Mutex
				calls, failed, begun := 0, "", false
				o.Fault = func(op, name string) error {
					mu.Lock()
					defer mu.Unlock()
					if !begun {
						return nil
					}
					if calls++; calls == at {
						failed = op + " " + name
					} else if calls < at || what != "kills" {
						return nil
					}
					return fs.ErrPermission
				}
				s := open(t, originals, o)
				item := itemAt(t, photos, file)
				mu.Lock()
				begun = true
				mu.Unlock()
				out := swapOne(s, item, nil)
				more = failed != ""
				when := fmt.Sprintf("%s format, %s %s", kind, failed, what)
				if what == "kills" {
					s.closeFiles() // as the system does with the files of a dead process
					o.Fault = nil
					if s = open(t, originals, o); more {
						wantNoSecondName(t, when, file, originals)
					}
				} else if out.Status == pipeline.Failed {
					wantNoSecondName(t, when, file, originals)
					for _, made := range out.Outputs {
						if _, err := os.Lstat(filepath.Join(originals, made.Backup)); err != nil {
							t.Errorf("%s: the line names an original: %v", when, err)
						}
					}
				}
				s.Close()
				if !slices.Contains(everything(t, photos, originals), text) {
					t.Errorf("%s: the original is lost", when)
				}
			}
		}
	}
}

// TestFolderThatCannotBeWrittenFailsItsFilesAlone: the run goes on with those of other folders.
func TestFolderThatCannotBeWrittenFailsItsFilesAlone(t *testing.T) {
	photos, originals := t.TempDir(), t.TempDir()
	write(t, photos, map[string]string{"a.jpg": jpegOf("a")})
	o := quality(50)
	o.Fault = func(op, name string) error {
		if op == "create" {
			return fs.ErrPermission
		}
		return nil
	}
	s := open(t, originals, o)
	out := swapOne(s, itemAt(t, photos, filepath.Join(photos, "a.jpg")), nil)
	wantClass(t, out.Err, pipeline.ClassNotWritable, false)
}

func FuzzSwapIntent(f *testing.F) {
	f.Add(strings.Repeat("ab", 32) + "\t1f\t\"/a\\tb/c.png\"\t\"/a\\tb/c.jpg\"\t\"c.jpg\"")
	f.Add("\t\t\t\t")
	f.Fuzz(func(t *testing.T, line string) {
		w, ok := parseSwapIntent(line)
		if !ok {
			return
		}
		if !fs.ValidPath(w.named) || !filepath.IsAbs(filepath.FromSlash(w.out)) {
			t.Errorf("%q is %+v", line, w)
		}
	})
}
