package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// A world is an output folder, what runs did to it, and what its user did.
type world struct {
	t    *testing.T
	rand *rand.Rand
	dir  string
	// users are the files that the user wrote, by path; gone are those that the user removed.
	users, gone map[string]string
	wrote       int
	log         []string
}

// A job is what one run is asked to do.
type jobOf struct {
	sources  []string
	template string
	labels   []string
	spec     string
	onExist  OnExist
	force    bool
	// kill ends the run at a call of the file system, late has the user write a file just before a rename; 0 is never.
	kill, late int
}

func pick[T any](w *world, from ...T) T { return from[w.rand.IntN(len(from))] }

func (w *world) job() jobOf {
	all := []string{"x/a.png", "y/a.png", "z/A.png", "x/a-2.png", "y/b.png", "x/a-4x3.png", "x/a1.png"}
	j := jobOf{
		template: pick(w, "", "", "", "{index}.{ext}",
			"{stem}-{w}x{h}.{ext}", "{stem}{w}.{ext}", "{stem}/{stem}.{ext}", "{host}.{ext}"),
		spec:    pick(w, "one", "two"),
		onExist: pick(w, Suffix, Suffix, Skip, Overwrite, Fail),
		force:   w.rand.IntN(4) == 0,
	}
	for range 1 + w.rand.IntN(4) {
		j.sources = append(j.sources, pick(w, all...))
	}
	if j.template == "" && w.rand.IntN(3) == 0 {
		j.labels = []string{"30", "60"}
	}
	if w.rand.IntN(4) == 0 {
		j.kill = 1 + w.rand.IntN(60)
	}
	if w.rand.IntN(4) == 0 {
		j.late = 1 + w.rand.IntN(3)
	}
	return j
}

// write has the user write a file with bytes that nobody else writes.
func (w *world) write(name string, edit bool) {
	w.wrote++
	text := fmt.Sprint("the user's ", w.wrote)
	file := filepath.Join(w.dir, name)
	if old, err := os.ReadFile(file); edit && err == nil {
		text = fmt.Sprintf("%0*d", len(old), w.wrote) // of the same length
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
		w.t.Fatal(err)
	}
	w.users[name] = text
}

// run does a job as imgpipe does, and tells whether all of it is done, or was before.
func (w *world) run(j jobOf) (whole bool, calls int) {
	w.log = append(w.log, fmt.Sprintf("%+v", j))
	renames, dead := 0, false
	s, err := Open(w.dir, Options{OnExist: j.onExist, Force: j.force, Fault: func(op, name string) error {
		calls++
		if dead = dead || calls == j.kill; dead {
			return errors.New("killed")
		}
		if op == "rename" {
			if renames++; renames == j.late {
				w.write(name, false)
			}
		}
		return nil
	}})
	if dead {
		return false, calls // it was settling what an earlier one left
	}
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() {
		if dead {
			crash(s)
		} else if err := s.Close(); err != nil && !dead {
			w.t.Error(err)
		}
	}()
	n := newNamer(w.t, NameOptions{Template: j.template, Labels: j.labels, OnExist: j.onExist})
	n.Heed(s)
	whole = true
	for i, source := range j.sources {
		name, err := n.Plan(Subject{Item: fetch.Item{Index: i, Source: source}, Formats: of(transform.JPEG)})
		e := Entry{Source: source, Spec: j.spec}
		if err == nil {
			e.Name = name.String()
			if _, ok := s.Done(e.Key()); ok {
				continue
			}
			var outs []transform.Output
			for _, label := range append([]string{""}, j.labels...)[min(len(j.labels), 1):] {
				o := jpg(fmt.Sprint(source, " as ", j.spec, label))
				o.Label = label
				outs = append(outs, o)
			}
			e.Outputs, err = s.Put(name, outs...)
		} else if j.onExist == Skip {
			continue
		}
		e.Status = pipeline.Skipped
		for _, o := range e.Outputs {
			if !o.Kept {
				e.Status = pipeline.Done
				delete(w.gone, o.Path)
				if j.onExist == Overwrite {
					delete(w.users, o.Path)
				}
			}
		}
		if err != nil {
			e.Status, e.Error, whole = pipeline.Failed, err.Error(), false
		}
		_ = s.Append(e)
		if dead {
			return false, calls
		}
	}
	return whole, calls
}

// believed is the ledger as the next run reads it: with the lines that a killed run left waiting.
func believed(t *testing.T, dir string) string {
	s := open(t, dir, Options{ReadOnly: true})
	defer s.Close()
	b, err := io.ReadAll(io.NewSectionReader(all{s}, 0, s.end))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// check holds the laws.
func (w *world) check(onExist OnExist, users map[string]string) {
	w.t.Helper()
	for name, text := range users {
		got, err := os.ReadFile(filepath.Join(w.dir, name))
		if onExist != Overwrite && string(got) != text {
			w.t.Errorf("the user's file %s holds %q (%v), want %q", name, got, err, text)
		}
	}
	last := map[string]Entry{}
	for line := range strings.Lines(believed(w.t, w.dir)) {
		e, err := parseLine([]byte(line))
		if err != nil {
			w.t.Fatal(err)
		}
		last[e.Source] = e
	}
	for source, e := range last {
		for _, o := range e.Outputs {
			_, theirs := w.users[o.Path]
			_, gone := w.gone[o.Path]
			if e.Status != pipeline.Done || o.Kept || theirs || gone {
				continue
			}
			got, err := os.ReadFile(filepath.Join(w.dir, o.Path))
			if sum := fmt.Sprintf("%x", sha256.Sum256(got)); err != nil || sum != o.SHA256 {
				w.t.Errorf("%s is done, and its file %s holds %q (%v)", source, o.Path, got, err)
			}
		}
	}
}

// TestWhateverRunsEveryFileStaysItsOwners makes up sequences of runs of different inputs, templates, modes and lists,
// some of them killed, while a user edits, adds and removes files, also in the moment before an output gets its name.
//
//   - Bytes that no line tells of survive, unless --on-exist overwrite is given.
//   - The file of every source whose last line is "done" has that line's SHA-256.
//   - The same command again does nothing.
func TestWhateverRunsEveryFileStaysItsOwners(t *testing.T) {
	seeds := 150
	if testing.Short() {
		seeds = 20
	}
	base := t.TempDir()
	for seed := range seeds {
		w := &world{
			t: t, rand: rand.New(rand.NewPCG(uint64(seed), 1)), dir: filepath.Join(base, fmt.Sprint(seed)),
			users: map[string]string{}, gone: map[string]string{},
		}
		for range 8 {
			var names []string
			if _, err := os.Stat(w.dir); err == nil {
				for name := range tree(t, w.dir) {
					if !strings.HasPrefix(name, TempName) {
						names = append(names, name)
					}
				}
			}
			slices.Sort(names)
			switch w.rand.IntN(6) {
			case 0:
				if len(names) > 0 {
					w.write(pick(w, names...), true)
				}
			case 1:
				name := pick(w, "a.jpg", "a-2.jpg", "a-3.jpg", "000000.jpg", "a-4x3.jpg", "b-30.jpg", "a/a.jpg",
					"local.jpg")
				w.write(name, false)
			case 2:
				if len(names) > 0 {
					name := pick(w, names...)
					if err := os.Remove(filepath.Join(w.dir, name)); err != nil {
						t.Fatal(err)
					}
					delete(w.users, name)
					w.gone[name] = ""
				}
			}
			j := w.job()
			whole, _ := w.run(j)
			w.check(j.onExist, w.users)
			if whole && j.kill == 0 && !j.force {
				before := tree(t, w.dir)
				j.late = 0
				ledger := readLedger(t, w.dir)
				if again, _ := w.run(j); !again {
					t.Error("the same command again fails")
				}
				w.check(j.onExist, w.users)
				if after := tree(t, w.dir); fmt.Sprint(after) != fmt.Sprint(before) {
					t.Errorf("the same command again changes\n%q to\n%q", before, after)
				}
				if now := readLedger(t, w.dir); len(now) != len(ledger) {
					t.Errorf("the same command again writes %s", now[len(ledger):])
				}
			}
			if t.Failed() {
				t.Fatalf("seed %d:\n%s", seed, strings.Join(w.log, "\n"))
			}
		}
	}
}
