package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// A shared is an input that several runs do.
type shared struct {
	items []fetch.Item
	opts  Options
}

func newShared(r *rand.Rand) shared {
	w := shared{opts: Options{
		Spec: transform.Spec{Formats: []transform.Format{transform.JPEG}}, NoSync: true,
		Name: []string{"", "{stem}.{ext}", "{index}-{w}.{ext}", "{stem}{w}.{ext}", "{host}/{stem}.{ext}",
			"x.{ext}"}[r.IntN(6)],
		Unique: r.IntN(3) == 0,
	}}
	for i := range 1 + r.IntN(12) {
		source := fmt.Sprintf("https://h%d/%c.png?%d", r.IntN(2), 'a'+r.IntN(3), r.IntN(3))
		w.items = append(w.items, fetch.Item{Index: i, Source: source, Scheme: "https"})
	}
	return w
}

// do does the items of a part in an opened Store, as a run does. It returns how many it did.
func (w shared) do(s *Store, p Part) (done int, err error) {
	for _, item := range w.items {
		if !p.Has(item.Index) {
			s.Pass(item)
			continue
		}
		place, err := s.Plan(item)
		if err != nil {
			return done, err
		}
		if place.Skip().Why != "" {
			continue
		}
		if g, ok := place.(pipeline.Guard); ok {
			if _, err := g.Begin(); err != nil {
				return done, err
			}
			defer g.End(false)
		}
		outputs, err := place.Put(transform.Result{Outputs: []transform.Output{jpg("of " + item.Source)}})
		if err != nil {
			return done, err
		}
		o := pipeline.Outcome{Item: item, Place: place, Status: pipeline.Done, Outputs: outputs}
		if err := s.Record(o); err != nil {
			return done, err
		}
		done++
	}
	return done, nil
}

// run opens a folder, does a part of the items and closes it.
func (w shared) run(t *testing.T, dir string, p Part) (done int) {
	t.Helper()
	opts := w.opts
	opts.Part = p
	s, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	if done, err = w.do(s, p); err == nil {
		err = s.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// linesOf returns the last line of each item of a ledger, without the times and the lane.
func linesOf(t *testing.T, dir string) map[string]Entry {
	t.Helper()
	s := open(t, dir, Options{ReadOnly: true})
	defer s.Close()
	all := map[string]Entry{}
	for id, ref := range s.lines {
		e, err := s.readLine(ref.at())
		if err != nil {
			t.Fatal(err)
		}
		if e.Status == Left {
			continue // of no item
		}
		e.Time, e.MS, e.Worker = time.Time{}, Stages{}, 0
		all[fmt.Sprintf("%016x", id)] = e
	}
	return all
}

func sameLines(a, b map[string]Entry) bool {
	return maps.EqualFunc(a, b, func(a, b Entry) bool {
		return a.Source == b.Source && a.Name == b.Name && a.Status == b.Status && sameOutputs(a.Outputs, b.Outputs)
	})
}

// TestPartsTogetherAreTheWhole holds for any list, template and number of parts, whether the parts write into one
// folder at the same time, one after the other, or into folders that Adopt brings together.
func TestPartsTogetherAreTheWhole(t *testing.T) {
	rounds := 24
	if testing.Short() {
		rounds = 8
	}
	for seed := range rounds {
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		w := newShared(r)
		whole, together, apart := t.TempDir(), t.TempDir(), t.TempDir()
		all := w.run(t, whole, Part{})
		of := 1 + r.IntN(4)
		var parts []Part
		for number := 1; number <= of; number++ {
			parts = append(parts, Part{number, of})
		}
		r.Shuffle(of, func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })

		opened := make([]*Store, of)
		for i, p := range parts {
			opts := w.opts
			opts.Part = p
			opened[i] = open(t, together, opts)
		}
		var running sync.WaitGroup
		did, errs := make([]int, of), make([]error, of)
		for i, p := range parts {
			running.Go(func() { did[i], errs[i] = w.do(opened[i], p) })
		}
		running.Wait()
		sum := 0
		for i := range parts {
			if err := errors.Join(errs[i], opened[i].Close()); err != nil {
				t.Fatalf("seed %d: part %s: %v", seed, parts[i], err)
			}
			sum += did[i]
		}
		if sum != all {
			t.Errorf("seed %d: the parts did %d items, the whole %d", seed, sum, all)
		}
		for _, p := range parts {
			if n := w.run(t, together, p); n != 0 {
				t.Errorf("seed %d: part %s did %d items again", seed, p, n)
			}
		}
		if n := w.run(t, together, Part{parts[0].Number, of}); n != 0 {
			t.Errorf("seed %d: a part did %d items again", seed, n)
		}
		if n := w.run(t, together, Part{1, 1}); n != 0 {
			t.Errorf("seed %d: one part of one did %d items again", seed, n)
		}
		wantLike(t, seed, whole, together)

		to := open(t, apart, w.opts)
		for _, p := range parts {
			dir := t.TempDir()
			w.run(t, dir, p)
			before := folderAsItIs(t, dir)
			for _, again := range []bool{false, true} {
				a, err := to.Adopt(t.Context(), dir)
				if err != nil || a.Refused.Count+a.Lost.Count+a.Conflicts.Count > 0 || again && a.Lines+a.Files > 0 {
					t.Errorf("seed %d: adopting part %s again=%v: %+v, %v", seed, p, again, a, err)
				}
			}
			if after := folderAsItIs(t, dir); !maps.Equal(before, after) {
				t.Errorf("seed %d: adopting part %s changed its folder from %q to %q", seed, p, before, after)
			}
		}
		to.Close()
		wantLike(t, seed, whole, apart)
		for _, dir := range []string{together, apart} {
			if n := w.run(t, dir, Part{}); n != 0 {
				t.Errorf("seed %d: the whole did %d items again", seed, n)
			}
			wantLike(t, seed, whole, dir)
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if IsTemp(e.Name()) || IsLedger(e.Name()) && e.Name() != LedgerName {
					t.Errorf("seed %d: %s is left", seed, e.Name())
				}
			}
		}
	}
}

// wantLike holds that two folders have the same outputs, and ledgers that say the same.
func wantLike(t *testing.T, seed int, want, got string) {
	t.Helper()
	a, b := tree(t, want), tree(t, got)
	maps.DeleteFunc(b, func(name, _ string) bool { return IsLedger(name) })
	if !maps.Equal(a, b) {
		t.Errorf("seed %d: the whole wrote %v, the parts %v", seed, slices.Sorted(maps.Keys(a)),
			slices.Sorted(maps.Keys(b)))
	}
	if a, b := linesOf(t, want), linesOf(t, got); !sameLines(a, b) {
		t.Errorf("seed %d: the ledger of the whole has %d lines, those of the parts %d that say something else", seed,
			len(a), len(b))
	}
}

// TestPartsThatWereKilledLoseNothing kills a part at any call of the file system, and then the run that takes its
// ledger over, too. A run of the whole ends with the files and the lines of one that nothing happened to.
func TestPartsThatWereKilledLoseNothing(t *testing.T) {
	w := newShared(rand.New(rand.NewPCG(7, 7)))
	w.opts.Name, w.items = "{stem}.{ext}", nil
	for i := range 5 {
		source := fmt.Sprintf("https://h/%d.png", i%4)
		w.items = append(w.items, fetch.Item{Index: i, Source: source, Scheme: "https"})
	}
	whole := t.TempDir()
	w.run(t, whole, Part{})
	calls := 0
	count := func(string, string) error { calls++; return nil }
	opts := w.opts
	opts.Part, opts.Fault = Part{1, 2}, count
	s := open(t, t.TempDir(), opts)
	if _, err := w.do(s, opts.Part); err != nil {
		t.Fatal(err)
	}
	s.Close()
	step := 2
	if testing.Short() {
		step = 7
	}
	for kill := 1; kill <= calls; kill += step {
		for _, second := range []int{0, 1 + kill%9} {
			dir := t.TempDir()
			w.run(t, dir, Part{2, 2})
			killed(t, w, dir, Part{1, 2}, kill)
			if second > 0 {
				killed(t, w, dir, Part{}, second)
			}
			w.run(t, dir, Part{})
			wantLike(t, kill, whole, dir)
			if n := w.run(t, dir, Part{}); n != 0 {
				t.Errorf("killed at %d and %d: the whole did %d items again", kill, second, n)
			}
		}
	}
}

// killed runs a part that dies at a call of the file system.
func killed(t *testing.T, w shared, dir string, p Part, at int) {
	t.Helper()
	made := 0
	opts := w.opts
	opts.Part, opts.Fault = p, func(string, string) error {
		if made++; made >= at {
			return errors.New("killed")
		}
		return nil
	}
	s, err := Open(dir, opts)
	if err != nil {
		return
	}
	_, _ = w.do(s, p)
	crash(s)
}

// TestPartsAndTheWholeKeepEachOtherOut has the lock of a folder: parts that differ may write at once, and nothing else.
func TestPartsAndTheWholeKeepEachOtherOut(t *testing.T) {
	kinds := []Part{{}, {1, 2}, {2, 2}, {1, 3}}
	for _, first := range kinds {
		for _, second := range kinds {
			dir := t.TempDir()
			s := open(t, dir, Options{Part: first})
			other, err := Open(dir, Options{Part: second})
			free := first != second && !first.Whole() && !second.Whole()
			if free && err != nil {
				t.Errorf("%q keeps %q out: %v", first, second, err)
			}
			if !free {
				wantClass(t, err, pipeline.ClassLocked, true)
			}
			if err == nil {
				other.Close()
			}
			s.Close()
			if again, err := Open(dir, Options{Part: second}); err != nil {
				t.Errorf("%q still keeps %q out: %v", first, second, err)
			} else {
				again.Close()
			}
		}
	}
}

// TestTheNewestGoodLineCounts has two ledgers with a line of the same item, and asks what counts, whoever reads them.
func TestTheNewestGoodLineCounts(t *testing.T) {
	at := func(sec int64) time.Time { return time.Unix(1.7e9+sec, 0).UTC() }
	for _, c := range []struct {
		name        string
		one, two    pipeline.Status
		first, next int64
		want        string // the text of its error
	}{
		{"both good", pipeline.Done, pipeline.Done, 1, 2, "two"},
		{"both good, the other way round", pipeline.Done, pipeline.Done, 2, 1, "one"},
		{"a failure that is newer", pipeline.Done, pipeline.Failed, 1, 2, "one"},
		{"a failure that is older", pipeline.Failed, pipeline.Done, 1, 2, "two"},
		{"failures", pipeline.Failed, pipeline.Failed, 1, 2, "two"},
	} {
		dir := t.TempDir()
		for i, s := range []pipeline.Status{c.one, c.two} {
			e := Entry{Source: "https://h/a.png", Status: s, Error: []string{"one", "two"}[i],
				Time: at([]int64{c.first, c.next}[i])}
			part := open(t, dir, Options{Part: Part{i + 1, 2}})
			if err := errors.Join(part.Append(e), part.Close()); err != nil {
				t.Fatal(err)
			}
		}
		key := Key{Source: "https://h/a.png"}
		for _, opts := range []Options{
			{Part: Part{1, 2}}, {Part: Part{2, 2}}, {Part: Part{3, 3}}, {ReadOnly: true}, {},
		} {
			s := open(t, dir, opts)
			if e, ok := s.Last(key); !ok || e.Error != c.want {
				t.Errorf("%s: %+v has the line %q, want %q", c.name, opts.Part, e.Error, c.want)
			}
			s.Close()
		}
	}
}

// TestANewerLineKeepsItsFiles has an older ledger taken over, in which a file was another item's.
func TestANewerLineKeepsItsFiles(t *testing.T) {
	dir := t.TempDir()
	w := shared{opts: Options{Spec: transform.Spec{Formats: []transform.Format{transform.JPEG}}, Name: "x.{ext}"}}
	one, two := "https://h/one.png", "https://h/two.png"
	older := Entry{Status: pipeline.Done, Source: one, Spec: "older", Name: "x.{ext}", Time: time.Unix(1e9, 0),
		Outputs: []pipeline.Output{{Path: "x.jpg", Bytes: 3, SHA256: strings.Repeat("0", 64)}}}
	w.items = []fetch.Item{{Source: two, Scheme: "https"}}
	w.run(t, dir, Part{})
	part := newStore(dir, Options{Part: Part{1, 2}})
	part.inner = true // no run would do this while the whole has a newer line of the name
	if err := errors.Join(part.open(), part.Append(older), part.Close()); err != nil {
		t.Fatal(err)
	}
	if n := w.run(t, dir, Part{}); n != 0 {
		t.Errorf("the whole did %d items again", n)
	}
	if n := w.run(t, dir, Part{}); n != 0 {
		t.Errorf("the whole did %d items again later", n)
	}
	wantTree(t, dir, map[string]string{"x.jpg": "of " + two})
}

// TestDifferentOutputsOfOneItemAreSaid merges what two builds made of the same item.
func TestDifferentOutputsOfOneItemAreSaid(t *testing.T) {
	dir := t.TempDir()
	for i := range 2 {
		part := open(t, dir, Options{Part: Part{i + 1, 2}})
		e := Entry{Status: pipeline.Done, Source: "https://h/a.png", Time: time.Unix(1.7e9+int64(i), 0),
			Outputs: []pipeline.Output{{Path: "a.jpg", SHA256: fmt.Sprintf("%064d", i)}}}
		if err := errors.Join(part.Append(e), part.Close()); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, dir, Options{})
	m := s.Merged()
	if m.Lines != 2 && m.Conflicts.Count != 1 || len(m.Parts) != 2 || len(m.Missing(9)) != 0 {
		t.Errorf("merged %+v", m)
	}
	last, _ := s.Last(Key{Source: "https://h/a.png"})
	if last.Outputs[0].SHA256 != fmt.Sprintf("%064d", 1) {
		t.Errorf("the line that counts is %+v", last)
	}
}

// folderAsItIs returns what each file below a folder holds, ledgers included.
func folderAsItIs(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			all[p] = "a folder"
			return err
		}
		b, err := os.ReadFile(p)
		all[p] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestAdoptTakesTheLineThatCounts of a folder in which several parts have done an item, in whatever order they stand.
func TestAdoptTakesTheLineThatCounts(t *testing.T) {
	for newest := range 2 {
		from, dir := t.TempDir(), t.TempDir()
		for i := range 2 {
			w := "of an older build"
			e := Entry{Status: pipeline.Done, Source: "https://h/a.png", Time: time.Unix(1.7e9, 0)}
			if i == newest {
				w, e.Time = "of a newer build", e.Time.Add(time.Hour)
			}
			write(t, from, map[string]string{"a.jpg": w})
			sum := sha256.Sum256([]byte(w))
			e.Outputs = []pipeline.Output{{Path: "a.jpg", Bytes: int64(len(w)), SHA256: hex.EncodeToString(sum[:])}}
			part := open(t, from, Options{Part: Part{i + 1, 3}})
			if err := errors.Join(part.Append(e), part.Close()); err != nil {
				t.Fatal(err)
			}
		}
		write(t, from, map[string]string{"a.jpg": "of a newer build"})
		to := open(t, dir, Options{})
		a, err := to.Adopt(t.Context(), from)
		if err != nil || a.Lines != 1 || a.Files != 1 || a.Lost.Count+a.Refused.Count > 0 ||
			fmt.Sprint(a.Parts) != "[1/3 2/3]" {
			t.Errorf("newest %d: adopted %+v, %v", newest+1, a, err)
		}
		if err := to.Close(); err != nil {
			t.Fatal(err)
		}
		wantTree(t, dir, map[string]string{"a.jpg": "of a newer build"})
	}
}

// TestAdoptReplacesNothingOfOthers adopts into a folder where a person has put a file, and one whose file was changed.
func TestAdoptReplacesNothingOfOthers(t *testing.T) {
	w := shared{opts: Options{Spec: transform.Spec{Formats: []transform.Format{transform.JPEG}}, Name: "{index}.{ext}"}}
	for i := range 3 {
		w.items = append(w.items, fetch.Item{Index: i, Source: fmt.Sprintf("https://h/%d.png", i), Scheme: "https"})
	}
	from, dir := t.TempDir(), t.TempDir()
	w.run(t, from, Part{})
	for file, text := range map[string]string{
		filepath.Join(dir, "000000.jpg"): "the user's", filepath.Join(from, "000001.jpg"): "of HTTPS://h/1.png",
	} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	to := open(t, dir, Options{})
	a, err := to.Adopt(t.Context(), from)
	if err != nil || a.Lines != 1 || a.Files != 1 || a.Refused.Count != 1 || a.Lost.Count != 1 {
		t.Errorf("adopted %+v, %v", a, err)
	}
	wantClass(t, a.Why, pipeline.ClassExists, false)
	to.Close()
	wantTree(t, dir, map[string]string{"000000.jpg": "the user's", "000002.jpg": "of https://h/2.png"})
}

// TestSuspectsOfAPartAreThoseOfTheWhole kills a part with an item under way.
func TestSuspectsOfAPartAreThoseOfTheWhole(t *testing.T) {
	dir := t.TempDir()
	part := open(t, dir, Options{Part: Part{1, 2}})
	if _, err := part.Begin(flightKey("deadly")); err != nil {
		t.Fatal(err)
	}
	crash(part)
	s := open(t, dir, Options{})
	if !s.Suspect(flightKey("deadly")) {
		t.Error("what was under way in a part that died is no suspect")
	}
	crash(s)
	if s := open(t, dir, Options{}); !s.Suspect(flightKey("deadly")) {
		t.Error("it is none any more once the whole has died, too")
	}
}

// TestOnlyTextsOfPartsArePartsAndNames holds the names of ledgers and folders apart from those of outputs.
func TestOnlyTextsOfPartsArePartsAndNames(t *testing.T) {
	for _, s := range []string{"1/1", "2/8", "8/8", "10000/10000"} {
		p, err := ParsePart(s)
		if err != nil || p.String() != s {
			t.Errorf("%q is read as %v, %v", s, p, err)
		}
		if !IsLedger(p.ledgerName()) || !IsTemp(p.tempName()) || IsLedger(p.tempName()) || IsTemp(p.ledgerName()) {
			t.Errorf("%s: the names are %q and %q", s, p.ledgerName(), p.tempName())
		}
		if name := finish(p.ledgerName(), true); IsLedger(name) {
			t.Errorf("an output may be called %s", name)
		}
	}
	for _, s := range []string{"", "1", "/", "0/8", "9/8", "1/0", "01/8", "+1/8", "1/8/9", "1/10001", " 1/8", "1/-8",
		"a/b"} {
		if p, err := ParsePart(s); err == nil {
			t.Errorf("%q is read as %v", s, p)
		}
	}
	for _, name := range []string{"imgpipe.1-of-0.jsonl", "imgpipe.2-of-1.jsonl", "imgpipe.jsonl.gz",
		"imgpipe.01-of-2.jsonl", "imgpipe.1-of-2.json", "x.jsonl"} {
		if IsLedger(name) {
			t.Errorf("%s is a ledger's name", name)
		}
	}
}
