package object

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
	"imgpipe/transform"
)

// oneOutput is the result of an item that has one output with some text.
func oneOutput(text string) transform.Result {
	return transform.Result{Outputs: []transform.Output{{
		Format: transform.JPEG, Width: 4, Height: 3, Data: []byte(text),
	}}}
}

// A machine has a folder for what it knows of a prefix.
type machine struct {
	t        testing.TB
	home     string
	endpoint string
	opts     store.Options
}

func newMachine(t testing.TB, endpoint string) *machine {
	m := &machine{t: t, home: t.TempDir(), endpoint: endpoint}
	m.opts.Spec.Formats = []transform.Format{transform.JPEG}
	m.opts.Trust = true
	return m
}

// open begins a run.
func (m *machine) open() (*store.Store, error) {
	b := bucketAt(m.t, m.endpoint, "out")
	opts := m.opts
	opts.Files, opts.Keeper = b.Files(), b.Ledger(m.home, m.opts.Part)
	folder := filepath.Join(m.home, "ledger")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	if err := b.CopyLedgers(m.t.Context(), folder, opts.Part, false); err != nil {
		return nil, err
	}
	s, err := store.Open(folder, opts)
	if err == nil && len(s.Merged().Parts) > 0 {
		err = b.RemoveParts(m.t.Context(), s.Merged().Parts)
	}
	return s, err
}

func (m *machine) mustOpen() *store.Store {
	m.t.Helper()
	s, err := m.open()
	if err != nil {
		m.t.Fatal(err)
	}
	return s
}

// do does an item, and returns how it ended.
func (m *machine) do(s *store.Store, index int, text string) (pipeline.Status, error) {
	item := fetch.Item{Index: index, Source: fmt.Sprintf("%03d.png", index)}
	place, err := s.Plan(item)
	if err != nil {
		return "", err
	}
	o := pipeline.Outcome{Item: item, Place: place, Status: pipeline.Done}
	if place.Skip().Why != "" {
		return pipeline.Skipped, nil
	}
	if o.Outputs, o.Err = place.Put(oneOutput(text)); o.Err != nil {
		o.Status, o.Class = pipeline.Failed, pipeline.ClassOf(o.Err)
	}
	return o.Status, s.Record(o)
}

// run is a whole run of items from 0 to n. It returns how many were done.
func (m *machine) run(n int) (done int) {
	m.t.Helper()
	s := m.mustOpen()
	for i := range n {
		if !m.opts.Part.Has(i) {
			s.Pass(fetch.Item{Index: i, Source: fmt.Sprintf("%03d.png", i)})
			continue
		}
		status, err := m.do(s, i, fmt.Sprint("picture ", i))
		if err != nil || status == pipeline.Failed {
			m.t.Errorf("item %d: %s, %v", i, status, err)
		}
		if status == pipeline.Done {
			done++
		}
	}
	s.Acquit()
	if err := s.Close(); err != nil {
		m.t.Error(err)
	}
	return done
}

// ledgerOf reads the whole ledger from its objects.
func ledgerOf(t testing.TB, endpoint string) string {
	t.Helper()
	var b bytes.Buffer
	if err := bucketAt(t, endpoint, "out").Ledger("", store.Part{}).Read(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestARunGoesOnWhereAnotherMachineStopped has two machines take turns.
func TestARunGoesOnWhereAnotherMachineStopped(t *testing.T) {
	eachServer(t, func(t *testing.T, endpoint string) {
		a, b := newMachine(t, endpoint), newMachine(t, endpoint)
		for i, turn := range []struct {
			who      *machine
			n, fresh int
		}{{a, 3, 3}, {a, 3, 0}, {b, 5, 2}, {a, 6, 1}, {b, 6, 0}} {
			if got := turn.who.run(turn.n); got != turn.fresh {
				t.Errorf("turn %d: %d items were done, want %d", i, got, turn.fresh)
			}
		}
		if lines := strings.Count(ledgerOf(t, endpoint), "\n"); lines != 6 {
			t.Errorf("the ledger has %d lines, want one for each item", lines)
		}
	})
}

// TestAResumedRunAsksForNoOutput counts requests.
func TestAResumedRunAsksForNoOutput(t *testing.T) {
	withKeys(t)
	fake := newFake(t, 0)
	m := newMachine(t, fake.URL)
	m.run(20)
	if heads, puts := fake.asked("HEAD"), fake.asked("PUT"); heads > 0 || puts > 20+6 {
		t.Errorf("the first run had %d HEADs and %d PUTs for 20 outputs", heads, puts)
	}
	fake.asked("GET")
	m.run(20)
	if heads, gets := fake.asked("HEAD"), fake.asked("GET"); heads > 1 || gets > 1 {
		t.Errorf("a run that has nothing to do had %d HEADs and %d GETs, want one each",
			heads, gets)
	}
	m.opts.Trust = false
	if err := bucketAt(t, fake.URL, "out").Files().client.RemoveObject(t.Context(), "bkt", "out/007.jpg",
		removeOptions); err != nil {
		t.Fatal(err)
	}
	if done := m.run(20); done != 1 {
		t.Errorf("with a look at each, %d were done, want the one that was removed", done)
	}
}

// TestAKilledRunLosesNothing copies what a machine has at a moment at which a run is killed.
func TestAKilledRunLosesNothing(t *testing.T) {
	withKeys(t)
	fake := newFake(t, 0)
	m := newMachine(t, fake.URL)
	m.run(2)
	s := m.mustOpen()
	for i := range 4 {
		if _, err := m.do(s, i, fmt.Sprint("picture ", i)); err != nil {
			t.Fatal(err)
		}
	}
	next := newMachine(t, fake.URL)
	if err := os.CopyFS(next.home, os.DirFS(m.home)); err != nil {
		t.Fatal(err)
	}
	if done := next.run(5); done != 1 { // its home is that of the dead run, so it is believed dead at once
		t.Errorf("after a kill, %d items were done, want 1", done)
	}
	if lines := strings.Count(ledgerOf(t, fake.URL), "\n"); lines != 5 {
		t.Errorf("the ledger has %d lines, want 5", lines)
	}
	// The run that was taken for dead lives, and its lines are refused.
	if _, err := m.do(s, 5, "late"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); pipeline.ClassOf(err) != pipeline.ClassLocked {
		t.Errorf("the run whose place was taken ends with %v", err)
	}
	if lines := strings.Count(ledgerOf(t, fake.URL), "\n"); lines != 5 {
		t.Errorf("then the ledger has %d lines, want 5", lines)
	}
}

// TestTwoRunsAtOnce has the second refused while the first lives, and let in when it is believed dead.
func TestTwoRunsAtOnce(t *testing.T) {
	withKeys(t)
	for _, age := range []time.Duration{0, 2 * claimLife} {
		fake := newFake(t, age)
		a, b := newMachine(t, fake.URL), newMachine(t, fake.URL)
		first := a.mustOpen()
		second, err := b.open()
		if age == 0 {
			if pipeline.ClassOf(err) != pipeline.ClassLocked || !strings.Contains(err.Error(), "pid") {
				t.Errorf("beside a run that lives: %v", err)
			}
		} else if err != nil {
			t.Errorf("after a run that has not moved for %v: %v", age, err)
		} else {
			if _, err := b.do(second, 0, "of b"); err != nil {
				t.Error(err)
			}
			if err := second.Close(); err != nil {
				t.Error(err)
			}
			if _, err := a.do(first, 1, "of a"); err != nil {
				t.Error(err)
			}
		}
		if err := first.Close(); (err == nil) != (age == 0) {
			t.Errorf("age %v: the first run ends with %v", age, err)
		}
		if _, err := b.open(); err != nil && age == 0 {
			t.Errorf("after it: %v", err)
		}
	}
}

// TestRunsThatBeginAtOnceAreOne has many machines begin at the same time.
func TestRunsThatBeginAtOnceAreOne(t *testing.T) {
	eachServer(t, func(t *testing.T, endpoint string) {
		const runs = 8
		stores := make(chan *store.Store, runs) // all of them
		for range runs {
			m := newMachine(t, endpoint)
			go func() {
				s, _ := m.open()
				stores <- s
			}()
		}
		began := 0
		for range runs {
			if s := <-stores; s != nil {
				began++
				defer s.Close()
			}
		}
		if began != 1 {
			t.Errorf("%d of %d runs began", began, runs)
		}
	})
}

// TestACopyOfAnotherLedgerIsNoMemory has the bucket emptied, or the copy changed, between two runs.
func TestACopyOfAnotherLedgerIsNoMemory(t *testing.T) {
	withKeys(t)
	fake := newFake(t, 0)
	m := newMachine(t, fake.URL)
	m.run(3)
	f := bucketAt(t, fake.URL, "").Files()
	var keys []string
	for info := range f.list(t.Context(), "", "") {
		keys = append(keys, info.Key)
	}
	for _, key := range keys {
		if err := f.client.RemoveObject(t.Context(), "bkt", key, removeOptions); err != nil {
			t.Fatal(err)
		}
	}
	if done := m.run(3); done != 3 {
		t.Errorf("in a bucket that was emptied, %d were done, want 3", done)
	}
	copied := filepath.Join(m.home, "ledger", store.LedgerName)
	text, err := os.ReadFile(copied)
	if err != nil {
		t.Fatal(err)
	}
	for what, changed := range map[string]string{
		"cut": string(text[:len(text)/2]), "gone": "", "of other names": strings.ReplaceAll(string(text), "001", "901"),
	} {
		if err := os.WriteFile(copied, []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
		if done := m.run(3); done != 0 {
			t.Errorf("with a copy that is %s, %d were done again", what, done)
		}
	}
}

// TestADamagedLedgerIsRefused changes its objects, as nobody should.
func TestADamagedLedgerIsRefused(t *testing.T) {
	withKeys(t)
	for what, damage := range map[string]func(f Files) error{
		"without its first piece": func(f Files) error {
			return f.client.RemoveObject(t.Context(), "bkt", "out/"+pieceName(store.Part{}, 1), removeOptions)
		},
		"with another's piece": func(f Files) error {
			return put(t, f, pieceName(store.Part{}, 3), "hers", store.File{})
		},
		"with another's claim": func(f Files) error {
			name := claimName(store.Part{})
			_, err := f.put(t.Context(), name, []byte("hers"), stat(t, f, name), putOptions)
			return err
		},
		"with a piece that is garbage": func(f Files) error {
			name := pieceName(store.Part{}, 1)
			_, err := f.put(t.Context(), name, []byte("hers"), stat(t, f, name), putOptions)
			return err
		},
	} {
		fake := newFake(t, 0)
		newMachine(t, fake.URL).run(1)
		newMachine(t, fake.URL).run(2)
		if err := damage(bucketAt(t, fake.URL, "out").Files()); err != nil {
			t.Fatal(err)
		}
		if _, err := newMachine(t, fake.URL).open(); pipeline.ClassOf(err) != pipeline.ClassLedger {
			t.Errorf("%s: %v, want class %s", what, err, pipeline.ClassLedger)
		}
	}
}

// stat returns the object that has a name.
func stat(t testing.TB, f Files, name string) store.File {
	t.Helper()
	file, err := f.Stat(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// TestAStoreWithoutConditionsIsRefused has one that passes over the conditions of PUTs, or over one of them.
func TestAStoreWithoutConditionsIsRefused(t *testing.T) {
	withKeys(t)
	for _, ignored := range []string{"If-None-Match", "If-Match"} {
		fake := newFake(t, 0)
		fake.setMeddle(func(_ http.ResponseWriter, r *http.Request) bool {
			r.Header.Del(ignored)
			return false
		})
		_, err := newMachine(t, fake.URL).open()
		if pipeline.ClassOf(err) != pipeline.ClassNotWritable || !strings.Contains(err.Error(), "conditions") {
			t.Errorf("without %s: %v", ignored, err)
		}
	}
}

// TestARunThatCannotRenewItsClaimGoesOn renews it by hand.
func TestARunThatCannotRenewItsClaimGoesOn(t *testing.T) {
	withKeys(t)
	fake := newFake(t, 0)
	l := bucketAt(t, fake.URL, "out").Ledger(t.TempDir(), store.Part{})
	if _, all, err := l.Begin(t.Context(), strings.NewReader(""), 0); err != nil {
		t.Fatal(err)
	} else if text, err := io.ReadAll(all); err != nil || len(text) > 0 || all.Close() != nil {
		t.Fatalf("a new ledger holds %q, %v", text, err)
	}
	beat := l.claim.now.Beat
	fake.setMeddle(answer(500, "InternalError"))
	l.claim.renew(t.Context())
	fake.setMeddle(nil)
	l.claim.renew(t.Context())
	if err := l.Keep(t.Context(), []byte("line\n")); err != nil || l.claim.now.Beat == beat {
		t.Errorf("after a time without its server: %v, beat %d", err, l.claim.now.Beat)
	}
	other := bucketAt(t, fake.URL, "out").Ledger(l.home, store.Part{}) // of this home, so that ours counts as dead
	if _, _, err := other.Begin(t.Context(), strings.NewReader("line\n"), 5); err != nil {
		t.Fatal(err)
	}
	l.claim.renew(t.Context())
	if err := l.Keep(t.Context(), []byte("late\n")); pipeline.ClassOf(err) != pipeline.ClassLocked {
		t.Errorf("after another run took its place: %v", err)
	}
	for _, l := range []*Ledger{l, other} {
		if err := l.End(context.Background()); err != nil {
			t.Error(err)
		}
	}
	if got := ledgerOf(t, fake.URL); got != "line\n" {
		t.Errorf("the ledger is %q", got)
	}
}
