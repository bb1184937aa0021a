package store

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// powerRun is a run of some items with outputs of several sectors, as a command does it: it comes to the end of its
// input.
func powerRun(t *testing.T, dir string, opts Options, items int) error {
	t.Helper()
	s, err := Open(dir, opts)
	if err != nil {
		return err
	}
	defer s.closeFiles()
	n := newNamer(t, NameOptions{})
	for i := range items {
		src := Subject{Item: fetch.Item{Index: i, Source: fmt.Sprintf("%d.png", i), Dir: fmt.Sprintf("d%d", i%2)}}
		name, err := n.Plan(src)
		if err != nil {
			return err
		}
		e := Entry{Status: pipeline.Done, Source: src.Source, Spec: "resize", Name: name.String(), Time: time.Now()}
		if _, ok := s.Done(e.Key()); ok {
			continue
		}
		if e.Outputs, err = s.Put(name, picture(i)); err != nil {
			return err
		}
		e.Time = time.Now()
		if err := s.Append(e); err != nil {
			return err
		}
	}
	s.Acquit()
	return s.Close()
}

// picture gives an output of some sectors.
func picture(i int) transform.Output {
	return jpg(strings.Repeat(fmt.Sprintf("picture %d\n", i), 800))
}

// TestFolderIsWholeAfterAPowerFailure makes each state by hand in which file systems leave a folder when the
// machine stops. The same command makes it whole, at once or after it was stopped itself.
func TestFolderIsWholeAfterAPowerFailure(t *testing.T) {
	const items = 6
	whole := t.TempDir()
	if err := powerRun(t, whole, Options{}, items); err != nil {
		t.Fatal(err)
	}
	want := tree(t, whole)
	outputs := map[string]func(b []byte, i int) []byte{
		"whole":            func(b []byte, _ int) []byte { return b },
		"empty":            func([]byte, int) []byte { return nil },
		"NUL":              func(b []byte, _ int) []byte { return make([]byte, len(b)) },
		"cut":              func(b []byte, i int) []byte { return b[:700*i] },
		"NUL in the end":   func(b []byte, i int) []byte { clear(b[512*(i+1):]); return b },
		"NUL in the front": func(b []byte, i int) []byte { clear(b[:4096]); return b },
		"every other one":  func(b []byte, i int) []byte { return b[:len(b)*(i%2)] },
		"not there":        func([]byte, int) []byte { return []byte("remove") },
	}
	ledgers := map[string]func(b []byte) []byte{
		"whole":           func(b []byte) []byte { return b },
		"empty":           func([]byte) []byte { return nil },
		"NUL":             func(b []byte) []byte { return make([]byte, len(b)) },
		"NUL in the end":  func(b []byte) []byte { clear(b[len(b)/2+9:]); return b },
		"a line's first":  func(b []byte) []byte { clear(b[bytes.IndexByte(b, '\n')+5:]); return b },
		"half":            func(b []byte) []byte { return b[:len(b)/2+9] },
		"half, by a line": func(b []byte) []byte { return b[:bytes.LastIndexByte(b[:len(b)/2], '\n')+1] },
		"longer by NUL":   func(b []byte) []byte { return append(b, make([]byte, 5000)...) },
	}
	rests := map[string]func(dir string) error{
		"closed":          func(string) error { return nil },
		"an empty folder": func(dir string) error { return os.Mkdir(filepath.Join(dir, TempName), 0o755) },
		"another start":   func(dir string) error { return leaveTemp(dir, pidName, "1 before") },
		"a pid of NULs":   func(dir string) error { return leaveTemp(dir, pidName, "\x00\x00\x00\x00") },
		"journals of NUL": func(dir string) error {
			return errors.Join(leaveTemp(dir, pidName, ""),
				leaveTemp(dir, journalNames[0], strings.Repeat("\x00", 4096)))
		},
		"a batch of NULs": func(dir string) error {
			return errors.Join(leaveTemp(dir, pidName, ""),
				leaveTemp(dir, batchName(3, 0), strings.Repeat("\x00", 4096)))
		},
		"stale lines": func(dir string) error {
			return errors.Join(leaveTemp(dir, pidName, ""),
				copyTo(ledger(whole), filepath.Join(dir, TempName, batchName(3, 0))))
		},
	}
	cases := 0
	for _, output := range slices.Sorted(maps.Keys(outputs)) {
		for _, led := range slices.Sorted(maps.Keys(ledgers)) {
			for _, rest := range slices.Sorted(maps.Keys(rests)) {
				opts := Options{NoSync: true, OnExist: OnExist(cases % len(onExistNames))}
				if cases++; testing.Short() && cases%9 != 0 {
					continue
				}
				if rest == "closed" && (led == "half, by a line") {
					continue // nothing shows that there were more lines
				}
				t.Run(output+"/"+led+"/"+rest+"/"+opts.OnExist.String(), func(t *testing.T) {
					dir := t.TempDir()
					if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
						t.Fatal(err)
					}
					i := 0
					for _, name := range slices.Sorted(maps.Keys(want)) {
						b := outputs[output]([]byte(want[name]), i)
						file := filepath.Join(dir, name)
						var err error
						if i++; string(b) == "remove" {
							err = os.Remove(file)
						} else {
							err = os.WriteFile(file, b, 0o644)
						}
						if err != nil {
							t.Fatal(err)
						}
					}
					if err := os.WriteFile(ledger(dir), ledgers[led](readLedger(t, whole)), 0o644); err != nil {
						t.Fatal(err)
					}
					if err := rests[rest](dir); err != nil {
						t.Fatal(err)
					}
					// A run that looks is no trouble; one that is stopped half way does not take the doubt away.
					open(t, dir, Options{ReadOnly: true}).Close()
					if rest != "closed" && rest != "an empty folder" {
						open(t, dir, opts).Close()
					}
					if err := powerRun(t, dir, opts, items); err != nil {
						t.Fatal(err)
					}
					if got := tree(t, dir); !maps.Equal(got, want) {
						t.Errorf("of %d files, %d are there, not all whole", len(want), len(got))
					}
					if _, err := os.Lstat(filepath.Join(dir, TempName)); err == nil {
						t.Errorf("%s stays", TempName)
					}
					calls := 0
					opts.Fault = func(op, _ string) error {
						if op == "append" {
							calls++
						}
						return nil
					}
					err := powerRun(t, dir, opts, items)
					if err != nil || calls > 0 {
						t.Errorf("the command again: %d lines, %v", calls, err)
					}
				})
			}
		}
	}
}

func leaveTemp(dir, name, text string) error {
	temp := filepath.Join(dir, TempName)
	return errors.Join(os.MkdirAll(temp, 0o755), os.WriteFile(filepath.Join(temp, name), []byte(text), 0o644))
}

func copyTo(from, to string) error {
	b, err := os.ReadFile(from)
	return errors.Join(err, os.WriteFile(to, b, 0o644))
}

// TestUsersFileStaysAfterAPowerFailure has files where outputs go that no run wrote: what holds a byte that would
// be lost stays.
func TestUsersFileStaysAfterAPowerFailure(t *testing.T) {
	ours := picture(0).Data
	for what, text := range map[string]string{
		"another picture": "hers",
		"one byte":        "h",
		"longer":          string(ours) + "h",
		"longer by NUL":   string(ours) + "\x00",
		"edited":          string(ours[:600]) + "h" + string(ours[601:]),
		"NUL and hers":    strings.Repeat("\x00", 512) + "h",
	} {
		for _, onExist := range []OnExist{Suffix, Skip, Fail} {
			dir := t.TempDir()
			if err := errors.Join(leaveTemp(dir, pidName, "1 before"),
				os.Mkdir(filepath.Join(dir, "d0"), 0o755)); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "d0", "0.jpg"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			err := powerRun(t, dir, Options{OnExist: onExist}, 1)
			if onExist != Skip {
				wantClass(t, err, pipeline.ClassExists, false)
			} else if err != nil {
				t.Error(err)
			}
			if got, err := os.ReadFile(filepath.Join(dir, "d0", "0.jpg")); err != nil || string(got) != text {
				t.Errorf("%s, %v: it is %q", what, onExist, got)
			}
		}
	}
}

// TestHollowFilesAreReplacedByAnyLaterRun has a run of other items come to its end between a power failure and the
// command that was cut short, which then has another spec.
func TestHollowFilesAreReplacedByAnyLaterRun(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(leaveTemp(dir, pidName, "1 before"), os.Mkdir(filepath.Join(dir, "d0"), 0o755)); err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string]int{"d0/0.jpg": 0, "x.jpg": 5000, "notes.txt": 0} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, size), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, dir, Options{})
	s.Acquit()
	if got, want := fmt.Sprint(s.Warnings()), "to be replaced: 2]"; !strings.HasSuffix(got, want) {
		t.Errorf("%q: want %q", got, want)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := powerRun(t, dir, Options{}, 1); err != nil {
		t.Error(err)
	}
	want := map[string]string{"d0/0.jpg": string(picture(0).Data), "x.jpg": string(make([]byte, 5000)), "notes.txt": ""}
	wantTree(t, dir, want)
}

// TestEmptyFileIsTheUsersWhereRunsEnded keeps even a file with nothing in it where no run was cut short.
func TestEmptyFileIsTheUsersWhereRunsEnded(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		if err := os.MkdirAll(filepath.Join(dir, "d0"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "d0", "0.jpg"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		wantClass(t, powerRun(t, dir, Options{}, 1), pipeline.ClassExists, false)
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir, Options{})
		if err := errors.Join(s.Append(Entry{Status: pipeline.Failed, Source: "other"}), s.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNoLineBeforeItsOutputIsOnTheDisk watches what a store does and when.
func TestNoLineBeforeItsOutputIsOnTheDisk(t *testing.T) {
	for _, noSync := range []bool{false, true} {
		dir := t.TempDir()
		var calls []string
		s := open(t, dir, Options{NoSync: noSync, Fault: func(op, _ string) error {
			if op == "rename" || op == "sync" || op == "flush" {
				calls = append(calls, op)
			}
			return nil
		}})
		for i := range 2 {
			name := named(t, fmt.Sprintf("%d.png", i))
			name.index = i
			outs, err := s.Put(name, picture(i))
			if err != nil {
				t.Fatal(err)
			}
			e := Entry{Status: pipeline.Done, Source: fmt.Sprint(i), Outputs: outs}
			if err := s.Append(e); err != nil {
				t.Fatal(err)
			}
			if got := readLedger(t, dir); len(got) > 0 && i == 0 {
				t.Errorf("a line that waits is in the ledger: %q", got)
			}
			if _, ok := s.Done(e.Key()); !ok {
				t.Error("a line that waits is not found")
			}
			if i == 0 {
				if err := s.flush(); err != nil {
					t.Fatal(err)
				}
				if got := readLedger(t, dir); bytes.Count(got, []byte("\n")) != 1 {
					t.Errorf("after a flush the ledger is %q", got)
				}
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		want := []string{"rename", "sync", "flush", "rename", "sync", "flush"}
		if noSync {
			want = []string{"rename", "flush", "rename", "flush"}
		}
		if !slices.Equal(calls, want) {
			t.Errorf("NoSync %v: got %q, want %q", noSync, calls, want)
		}
	}
}

// TestFailedSyncLeavesNoLine has the disk fail when outputs are synced. The ledger does not tell of them; they are
// not lost either.
func TestFailedSyncLeavesNoLine(t *testing.T) {
	for _, op := range []string{"sync", "flush"} {
		dir := t.TempDir()
		bad := errors.New("bad disk")
		err := powerRun(t, dir, Options{Fault: func(o, _ string) error {
			if o == op {
				return bad
			}
			return nil
		}}, 2)
		if !errors.Is(err, bad) {
			t.Errorf("%s: got %v", op, err)
		}
		if got := readLedger(t, dir); len(got) > 0 {
			t.Errorf("%s: the ledger is %q", op, got)
		}
		calls := 0
		if err := powerRun(t, dir, Options{Fault: func(o, _ string) error {
			if o == "create" {
				calls++
			}
			return nil
		}}, 2); err != nil || calls > 0 {
			t.Errorf("%s, then: %d files were written anew: %v", op, calls, err)
		}
	}
}

// TestOutputsAreSyncedOneByOneWhereTheSystemCannotDoAll is the way of systems that have no syncfs.
func TestOutputsAreSyncedOneByOneWhereTheSystemCannotDoAll(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	all := Entry{Status: pipeline.Done, Source: "all"}
	for i := range 3 {
		name := named(t, fmt.Sprintf("a/b/%d.png", i))
		name.index = i
		outs, err := s.Put(name, picture(i))
		if err != nil {
			t.Fatal(err)
		}
		all.Outputs = append(all.Outputs, outs...)
	}
	if err := s.Append(all); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "a", "b", "1.jpg")); err != nil {
		t.Fatal(err)
	}
	if err := s.syncEach(s.batches.waiting); err != nil {
		t.Error(err)
	}
}
