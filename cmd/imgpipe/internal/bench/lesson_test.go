package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
)

// taughtBy returns the sentences of a lesson by their kinds.
func taughtBy(c *Comparison) map[string]Finding {
	all := map[string]Finding{}
	for _, f := range c.Verdict {
		if strings.HasPrefix(f.Kind, "lesson") {
			all[f.Kind] = f
		}
	}
	return all
}

func TestALessonSaysWhatTheTextbookSaysIfThatWasMeasured(t *testing.T) {
	c := world{cost: textbook, lesson: asTaught}.made()
	want := []string{"lesson", "lesson-waits", "lesson-computes", "lesson-both", "lesson-crash", "lesson-starts",
		"lesson-memory"}
	for i, kind := range want {
		if c.Verdict[i].Kind != kind || c.Verdict[i].Figures == "" {
			t.Errorf("sentence %d is %+v, want one of kind %s with figures", i, c.Verdict[i], kind)
		}
	}
	if got := c.Verdict[0].Text; got !=
		"In Go the answer is goroutines for both; processes for images that you do not trust." {
		t.Errorf("the answer is %q", got)
	}
	if got := c.Verdict[1].Text; !strings.HasPrefix(got,
		"Work that waits, on 2 CPUs, times as fast as one at a time: gil 8.") {
		t.Errorf("of waiting it says %q", got)
	}
	if got := c.Verdict[4].Text; got !=
		"An image that crashes: in goroutines 7 of 12 were done, in processes 11 of 12 were done." {
		t.Errorf("of the crash it says %q", got)
	}
	for i, p := range c.Parts {
		if len(p.Verdict) != 1 || p.Verdict[0].Text != c.Verdict[i+1].Text {
			t.Errorf("job %d says %+v of itself, want %q", i, p.Verdict, c.Verdict[i+1].Text)
		}
	}
	memory := c.Lesson.Memory
	if len(memory) != 2 || memory[0].Mode != modes.Goroutines || memory[1].Mode != modes.Processes ||
		memory[0].From != 1 || memory[0].To != 2 || memory[1].OneMoreWorker.Low < 15e6 ||
		memory[1].OneMoreWorker.High > 21e6 || memory[0].OneMoreWorker.High > 6e6 {
		t.Errorf("one more worker costs %+v, want 4 MB in goroutines and 18 MB in processes", memory)
	}
}

// TestALessonDoesNotSayWhatWasNotMeasured has the sentence of the textbook stay away in each world where it is false or
// was not shown.
func TestALessonDoesNotSayWhatWasNotMeasured(t *testing.T) {
	fasterProcesses := func(title string, this Config) cost {
		k := textbook(title, this)
		if this.Mode == modes.Processes && title == TitleComputes {
			k.wall /= 1.5
		}
		return k
	}
	for name, test := range map[string]struct {
		w    world
		says string
	}{
		"processes are faster": {world{cost: fasterProcesses, lesson: asTaught},
			"Here processes were faster than goroutines: 1.4"},
		"nothing matters": {world{cost: leveled, lesson: asTaught},
			"Here goroutines gained nothing over one at a time for work that waits, work that computes and"},
		"noise": {world{cost: textbook, change: noisy, lesson: asTaught}, "These runs do not show the answer for work"},
		"other programs": {world{cost: textbook, change: heldByOthers, lesson: asTaught},
			"These runs do not show the answer for work"},
		"few rounds": {world{cost: textbook, rounds: 5, lesson: asTaught},
			"These runs do not show the answer for work"},
		"no crash": {world{cost: textbook, lesson: &Lesson{}}, "In Go the answer is goroutines for both."},
		"a dead pool": {world{cost: textbook, lesson: taughtLesson(3, 9, nil)},
			"In Go the answer is goroutines for both."},
	} {
		answer := test.w.made().Verdict[0]
		if answer.Kind != "lesson" || !strings.HasPrefix(answer.Text, test.says) || answer.Figures == "" {
			t.Errorf("%s: %+v, want %q", name, answer, test.says)
		}
	}
	if c := (world{cost: textbook}).made(); len(taughtBy(c)) > 0 {
		t.Errorf("without a lesson it teaches: %+v", taughtBy(c))
	}
}

// TestADisturbedLessonSaysSoOfEachJob: CPU time is still compared.
func TestADisturbedLessonSaysSoOfEachJob(t *testing.T) {
	taught := taughtBy(world{cost: textbook, change: heldByOthers, lesson: asTaught}.made())
	for _, kind := range []string{"lesson-waits", "lesson-computes", "lesson-both"} {
		if text := taught[kind].Text; !strings.Contains(text,
			"other programs held 1.6 of 2 CPUs in all 6 rounds: no order by the clock. "+
				"CPU for each image: processes 1.0") {
			t.Errorf("%s: %q", kind, text)
		}
	}
}

// TestALessonSurvivesItsFile: what is said again of a comparison that was read back is the same.
// TestALessonSaysOfWorkThatWaitsWhatNoDisturbanceExplains, as its claims do: the two must not contradict each other.
func TestALessonSaysOfWorkThatWaitsWhatNoDisturbanceExplains(t *testing.T) {
	mild := func(s *Sample) { s.Disturbed, s.DisturbedShare = "other programs held 0.4 of 2 CPUs", 0.2 }
	const sure = "But more than that explains, times as fast as one at a time at least: gil "
	taught := taughtBy(world{cost: textbook, change: mild, lesson: asTaught}.made())
	if text := taught["lesson-waits"].Text; !strings.Contains(text, sure) {
		t.Errorf("a fifth was lost: %q, want %q", text, sure)
	}
	if text := taught["lesson-computes"].Text; strings.Contains(text, "But more") {
		t.Errorf("work that computes is as slow as its disturbance makes it: %q", text)
	}
	if taught = taughtBy(world{cost: textbook, change: heldByOthers, lesson: asTaught}.made()); strings.Contains(
		taught["lesson-waits"].Text, "But more") {
		t.Errorf("nine tenths were lost: %q", taught["lesson-waits"].Text)
	}
}

func TestALessonSurvivesItsFile(t *testing.T) {
	c := world{cost: textbook, lesson: asTaught}.made()
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	again := new(Comparison)
	if err := json.Unmarshal(b, again); err != nil {
		t.Fatal(err)
	}
	again.Analyse()
	if got, want := fmt.Sprint(again.Verdict), fmt.Sprint(c.Verdict); got != want {
		t.Errorf("read back it says\n%s\nwant\n%s", got, want)
	}
	for i, claim := range again.Claims {
		want := c.Claims[i]
		if claim.Text != want.Text || claim.Holds != want.Holds || claim.Measured != want.Measured {
			t.Errorf("read back: %+v, want %+v", claim, want)
		}
	}
}

// TestEachJobOfALessonHasTheFourModesAndWidthsThatSayMore: the first four are those that no lesson can do without.
func TestEachJobOfALessonHasTheFourModesAndWidthsThatSayMore(t *testing.T) {
	for _, cpus := range []int{1, 2, 16} {
		for _, title := range []string{TitleWaits, TitleComputes, TitleBoth} {
			for _, whole := range []bool{true, false} {
				configs := LessonConfigs(title, cpus, whole)
				var of []string
				for i, c := range configs {
					of = append(of, c.Mode)
					if n := slices.IndexFunc(configs, c.Same); n != i {
						t.Errorf("%s on %d CPUs: %+v is there twice", title, cpus, c)
					}
					if c.Mode != modes.Serial && c.Downloads < 4*cpus {
						t.Errorf("%s on %d CPUs: %d downloads, want four times the CPUs", title, cpus, c.Downloads)
					}
				}
				core := []string{modes.Serial, modes.GIL, modes.Goroutines, modes.Processes}
				if len(of) < 4 || !slices.Equal(of[:4], core) {
					t.Errorf("%s on %d CPUs begins with %v, want %v", title, cpus, of, core)
				}
			}
		}
	}
}

// TestStartsAreMeasuredInTurn has a made-up process: each kind is tried as often as it can be.
func TestStartsAreMeasuredInTurn(t *testing.T) {
	asked := 0
	starts, err := MeasureStarts(t.Context(), func(context.Context) (time.Duration, error) {
		asked++
		return time.Duration(asked) * time.Second, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]Start{}
	for _, s := range starts {
		kinds[s.What] = s
		if !s.Time.Finite() || s.Time.Center <= 0 || s.Time.Low > s.Time.Center {
			t.Errorf("%+v has no interval around its median", s)
		}
	}
	if asked != startTries || kinds[StartProcess].Tries != startTries ||
		kinds[StartProcess].Time.Center != (startTries+1)/2 {
		t.Errorf("%d processes were started, and %+v was made of it", asked, kinds[StartProcess])
	}
	if kinds[StartGoroutine].Tries != startTries || kinds[StartThread].Tries < 6 {
		t.Errorf("tries: %+v", kinds)
	}
	broken := errors.New("no more processes")
	if _, err := MeasureStarts(t.Context(), func(context.Context) (time.Duration, error) { return 0, broken }); !errors.
		Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

// TestACrashIsCountedFromWhatIsInPlace: a run that died has not written its whole ledger, and its last line may be cut
// off.
func TestACrashIsCountedFromWhatIsInPlace(t *testing.T) {
	line := func(source string, status pipeline.Status, class string) string {
		b, err := json.Marshal(store.Entry{Source: source, Status: status, Class: class})
		if err != nil {
			t.Fatal(err)
		}
		return string(b) + "\n"
	}
	ledger := line("a", pipeline.Failed, "worker-killed") + line("a", pipeline.Failed, "poison") +
		line("b", pipeline.Done, "") + `{"status":"done","sou`
	for _, test := range []struct {
		outputs int
		want    Crash
	}{
		{0, Crash{Mode: "m", Images: 6, Done: 1, Failed: 1, Lost: 4, Class: "poison"}},
		{3, Crash{Mode: "m", Images: 6, Done: 3, Failed: 1, Lost: 2, Class: "poison"}},
	} {
		dir := t.TempDir()
		files := map[string]string{store.LedgerName: ledger, filepath.Join(".under-way", "x.jpg"): ""}
		for i := range test.outputs {
			files[fmt.Sprint(i, ".jpg")] = "picture"
		}
		for name, text := range files {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := crashOf("m", 6, dir); err != nil || got != test.want {
			t.Errorf("%d outputs: %+v, %v, want %+v", test.outputs, got, err, test.want)
		}
	}
	if _, err := crashOf("m", 6, filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a ledger: error %v", err)
	}
}

// TestACrashJobIsRunOnce has the test binary be a program that ends well, and one that cannot begin.
func TestACrashJobIsRunOnce(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	job := CrashJob{Program: exe, Env: environment(""), Dir: t.TempDir(), Images: 3}
	crash, err := job.Run(t.Context(), modes.Goroutines, 2)
	if err != nil || crash.Images != 3 || crash.Died != "nothing" || crash.Timeline == nil {
		t.Errorf("a run that ended well: %+v, %v", crash, err)
	}
	job.Env = environment("goroutines=no workers")
	if _, err := job.Run(t.Context(), modes.Goroutines, 2); err == nil ||
		!strings.Contains(err.Error(), "no worker could be started") {
		t.Errorf("a run that could not begin: error %v", err)
	}
	if left, _ := os.ReadDir(job.Dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
