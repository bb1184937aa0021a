package store_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/executor"
	"imgpipe/pipeline/procs"
	"imgpipe/pipeline/store"
	"imgpipe/samples"
	"imgpipe/transform"
)

// What a program that uses the library has of a Store: resume, accounting and protection from poison, without the
// command.

// killedVariable holds the folders of a run in this program's own process that one of its pictures will kill.
const killedVariable = "IMGPIPE_TEST_KILLED"

// TestMain has the test binary be the worker processes of the tests, too, and the program that is killed.
func TestMain(m *testing.M) {
	if procs.IsWorker() {
		os.Exit(procs.MainThrough(killing(nil)))
	}
	if folders, ok := os.LookupEnv(killedVariable); ok {
		photos, small, _ := strings.Cut(folders, "\n")
		forever := make(chan struct{})
		fmt.Println(makeSmall(photos, small, pipeline.Goroutines(3).Through(killing(forever))))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// deadly ends the files that kill the process which transforms them.
var deadly = []byte("deadly")

// killing returns what wraps the transform of a process: a deadly file ends the process. All others wait for that to
// happen, if wait is not nil: so nothing is done before.
func killing(wait <-chan struct{}) func(executor.Func) executor.Func {
	return func(next executor.Func) executor.Func {
		return func(ctx context.Context, task transform.Task) (transform.Result, error) {
			if bytes.HasSuffix(task.Data, deadly) {
				os.Exit(3)
			}
			if wait != nil {
				<-wait
			}
			return next(ctx, task)
		}
	}
}

// threePictures returns a folder with pictures, of which evil.jpg is deadly, and one for what is made of them.
func threePictures() (photos, small string, clean func()) {
	top, err := os.MkdirTemp("", "imgpipe-test-")
	if err != nil {
		panic(err)
	}
	photos, small = filepath.Join(top, "photos"), filepath.Join(top, "small")
	if err := os.Mkdir(photos, 0o755); err != nil {
		panic(err)
	}
	picture := samples.Embedded()[3].Data
	for name, data := range map[string][]byte{
		"dunes.jpg": picture, "evil.jpg": slices.Concat(picture, deadly), "more.jpg": picture,
	} {
		if err := os.WriteFile(filepath.Join(photos, name), data, 0o644); err != nil {
			panic(err)
		}
	}
	return photos, small, func() { os.RemoveAll(top) }
}

// startedAndKilled has another process do makeSmall, and returns how it ended.
func startedAndKilled(photos, small string) string {
	program, err := os.Executable()
	if err != nil {
		return err.Error()
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), killedVariable+"="+photos+"\n"+small)
	text, _ := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != 3 {
		return fmt.Sprintf("exit status %d: %s", code, text)
	}
	return "killed"
}

// entries returns the last line of each source in a folder's ledger, in the order of their names.
func entries(folder string) (last []store.Entry) {
	text, err := os.ReadFile(filepath.Join(folder, store.LedgerName))
	if err != nil {
		panic(err)
	}
	for line := range bytes.Lines(text) {
		var e store.Entry
		if err := json.Unmarshal(line, &e); err != nil {
			panic(err)
		}
		last = slices.DeleteFunc(last, func(old store.Entry) bool { return old.Source == e.Source })
		last = append(last, e)
	}
	slices.SortFunc(last, func(a, b store.Entry) int { return cmp.Compare(a.Source, b.Source) })
	return last
}

// ledger returns what a ledger says, for people.
func ledger(folder string) (lines []string) {
	for _, e := range entries(folder) {
		line := fmt.Sprintf("%s: %s, %s", filepath.Base(e.Source), e.Status, e.Class)
		for _, o := range e.Outputs {
			line += fmt.Sprintf("%s %dx%d", o.Path, o.Width, o.Height)
		}
		lines = append(lines, line)
	}
	return lines
}

// A library is a program that uses the library: a folder of inputs and one of outputs.
type library struct {
	t             *testing.T
	photos, small string
}

// run is one run. It returns its totals and the outcomes by the name of the input.
func (l library) run(opts store.Options) (pipeline.Totals, map[string]pipeline.Outcome) {
	l.t.Helper()
	st, err := store.Open(l.small, opts)
	if err != nil {
		l.t.Fatal(err)
	}
	client, executor := fetch.New(fetch.Options{}), pipeline.Goroutines(2).Through(killing(nil))
	apart := procs.NewApart(procs.Options{Workers: 1})
	outcomes := map[string]pipeline.Outcome{}
	inputs := fetch.Inputs{Args: []string{l.photos}, Extensions: transform.Extensions(), Heads: st.Heads()}
	items := func(yield func(fetch.Item) bool) {
		for item, err := range inputs.Items(l.t.Context()) {
			if err != nil || !yield(item) {
				l.t.Error("the inputs end early:", err)
				return
			}
		}
	}
	totals, err := pipeline.Run(l.t.Context(), items, pipeline.Options{
		Fetcher: client, Executor: executor, Apart: apart, Store: st, Spec: st.Spec(),
	}, func(o pipeline.Outcome) { outcomes[filepath.Base(o.Item.Source)] = o })
	client.Close()
	for _, err := range []error{err, executor.Close(), apart.Close(), st.Close()} {
		if err != nil {
			l.t.Error(err)
		}
	}
	return totals, outcomes
}

func newLibrary(t *testing.T) library {
	photos, small, clean := threePictures()
	t.Cleanup(clean)
	return library{t, photos, small}
}

// expect fails unless the totals are these, and the ledger has one line for each item of those that ended.
func (l library) expect(totals pipeline.Totals, done, skipped, failed, lines int) {
	l.t.Helper()
	want := pipeline.Totals{Items: done + skipped + failed, Done: done, Skipped: skipped, Failed: failed}
	if want.Pace, want.Flow = totals.Pace, totals.Flow; totals != want {
		l.t.Errorf("%+v, want %+v", totals, want)
	}
	if got := entries(l.small); len(got) != lines {
		l.t.Errorf("the ledger tells of %d items, want %d", len(got), lines)
	}
}

func TestALibraryUserHasResumeAndAccounting(t *testing.T) {
	l := newLibrary(t)
	if err := os.Rename(filepath.Join(l.photos, "evil.jpg"), filepath.Join(l.photos, "evil.txt")); err != nil {
		t.Fatal(err)
	}
	spec := transform.Spec{Sizes: []transform.Resize{{Width: 80}}}
	totals, _ := l.run(store.Options{Spec: spec})
	l.expect(totals, 2, 0, 0, 2)
	totals, outcomes := l.run(store.Options{Spec: spec})
	l.expect(totals, 0, 2, 0, 2)
	if why := outcomes["dunes.jpg"].Why; why != "done before" {
		t.Errorf("skipped because %q", why)
	}
	if err := os.WriteFile(filepath.Join(l.photos, "broken.jpg"), []byte("no image"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(l.small, "more.jpg")); err != nil {
		t.Fatal(err)
	}
	totals, outcomes = l.run(store.Options{Spec: spec})
	l.expect(totals, 1, 1, 1, 3)
	if o := outcomes["broken.jpg"]; o.Class != transform.ClassNotAnImage {
		t.Errorf("broken.jpg ended as %s %s", o.Status, o.Class)
	}
	totals, _ = l.run(store.Options{Spec: spec, SkipFailed: true})
	l.expect(totals, 0, 3, 0, 3)
	totals, _ = l.run(store.Options{Spec: spec, RetryFailed: true})
	l.expect(totals, 0, 2, 1, 3)
	totals, _ = l.run(store.Options{Spec: spec, Force: true})
	l.expect(totals, 2, 0, 1, 3)
}

// TestALibraryUserIsKilledOnceByAPicture has a picture kill the program, which the next runs survive.
func TestALibraryUserIsKilledOnceByAPicture(t *testing.T) {
	l := newLibrary(t)
	if end := startedAndKilled(l.photos, l.small); end != "killed" {
		t.Fatalf("the first run ended as %q", end)
	}
	spec, err := transform.ParseSpec("size=160;format=png")
	if err != nil {
		t.Fatal(err)
	}
	opts := store.Options{Spec: spec, Name: "{stem}.{ext}"}
	totals, outcomes := l.run(opts)
	l.expect(totals, 2, 0, 1, 3)
	if o := outcomes["evil.jpg"]; o.Class != pipeline.ClassPoison {
		t.Errorf("evil.jpg ended as %s %s: %v", o.Status, o.Class, o.Err)
	}
	totals, outcomes = l.run(opts)
	l.expect(totals, 0, 3, 0, 3)
	if o := outcomes["evil.jpg"]; o.Class != pipeline.ClassPoison || o.Status != pipeline.Skipped {
		t.Errorf("evil.jpg ended as %s %q", o.Status, o.Class)
	}
	opts.RetryFailed = true // it is tried again, still in a process of its own
	totals, outcomes = l.run(opts)
	l.expect(totals, 0, 2, 1, 3)
	if o := outcomes["evil.jpg"]; o.Class != pipeline.ClassPoison {
		t.Errorf("evil.jpg ended as %s %s: %v", o.Status, o.Class, o.Err)
	}
}
