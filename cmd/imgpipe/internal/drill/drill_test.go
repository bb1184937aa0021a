package drill

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
)

// lieName, in the environment, makes the test binary a program that stands for imgpipe run. Its value is what the
// program does wrong.
const lieName = "IMGPIPE_DRILL_TEST_LIE"

func TestMain(m *testing.M) {
	if lie, ok := os.LookupEnv(lieName); ok {
		os.Exit(pretend(lie, os.Args[1:]))
	}
	os.Exit(m.Run())
}

var statuses = Statuses{OK: 0, SomeFailed: 1, CouldNotRun: 3}

// pretend is imgpipe run without images: it writes the outputs and the ledger that the plan in its environment asks
// for. In a run with faults it does what the lie says.
func pretend(lie string, args []string) (status int) {
	if lie == "sleep" {
		select {}
	}
	plan, _, err := planned()
	if err != nil {
		panic(err)
	}
	if plan.Seed == 0 { // the run without faults
		lie = ""
	}
	flag := func(name string) string { return args[slices.Index(args, name)+1] }
	out, list := flag("-o"), flag("-i")
	switch lie {
	case "dies":
		fmt.Fprintln(os.Stderr, "fatal error: it died")
		return 2
	case "could not run":
		fmt.Fprintln(os.Stderr, "no permission")
		return statuses.CouldNotRun
	case "leaves a process":
		child := exec.Command(os.Args[0])
		child.Path, _ = os.Executable()
		child.Env = append(os.Environ(), lieName+"=sleep")
		if err := child.Start(); err != nil {
			panic(err)
		}
	}
	if plan.DiskFull > 0 {
		fmt.Fprintln(os.Stderr, "write:", errDiskFull)
		return statuses.CouldNotRun
	}
	urls, err := os.ReadFile(list)
	if err != nil {
		panic(err)
	}
	r := newRun(new(Options), "", modes.Processes, plan)
	var ledger bytes.Buffer
	for i, url := range strings.Fields(string(urls)) {
		image := i + 1
		e := store.Entry{Source: url, Status: pipeline.Done}
		if classes := r.expected(image); len(classes) > 0 {
			e.Status, e.Class, status = pipeline.Failed, classes[0], statuses.SomeFailed
		}
		if lie == "calls a failure done" {
			e.Status, e.Class = pipeline.Done, ""
		}
		if e.Status == pipeline.Done {
			data := fmt.Sprintf("picture %d", image)
			if lie == "leaves half an output" && image == 1 {
				data = "pict"
			}
			write(out, fmt.Sprintf("%06d.jpg", i), data)
		}
		line, err := json.Marshal(e)
		if err != nil {
			panic(err)
		}
		if lie == "loses an image" && image == 2 {
			continue
		}
		ledger.Write(append(line, '\n'))
	}
	switch lie {
	case "writes a file too many":
		write(out, "other.jpg", "")
	case "leaves its temporary files":
		write(filepath.Join(out, ".imgpipe-tmp"), "1", "")
	}
	write(out, store.LedgerName, ledger.String())
	return status
}

func write(dir, name, data string) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		panic(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o666); err != nil {
		panic(err)
	}
}

// report drills the program with a lie: four images, of which each fault but Kill has one.
func report(t *testing.T, lie string, plan Plan) *Report {
	t.Helper()
	t.Setenv(lieName, lie)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	r, err := Run(t.Context(), Options{
		Program: program, Dir: dir, Modes: []string{modes.Processes}, Plan: plan, Seeds: 1, Workers: 2,
		Statuses: statuses, Say: t.Logf,
	})
	if err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("the drill left %v, %v", left, err)
	}
	return r
}

func TestBrokenPromisesAreSeen(t *testing.T) {
	plan := Plan{Seed: 1, Images: 4, Panic: 0.1}
	for lie, want := range map[string]string{
		"":                           "",
		"calls a failure done":       "panic, ended as done, expected panic",
		"loses an image":             "image 2 is lost: the ledger has no line for it",
		"leaves half an output":      "000000.jpg is not what a calm run makes",
		"writes a file too many":     "other.jpg is not what a calm run makes",
		"leaves its temporary files": "a run that ended left .imgpipe-tmp",
		"could not run":              "the run could not go on: no permission",
		"dies":                       "3 runs did not come to an end: fatal error: it died",
		"leaves a process":           "1 of 1 runs were outlived by a worker",
	} {
		t.Run(lie, func(t *testing.T) {
			if lie == "leaves a process" && runtime.GOOS == "windows" {
				t.Skip("the drill does not count workers on Windows")
			}
			broken := strings.Join(report(t, lie, plan).Broken(), "\n")
			switch {
			case want == "" && broken != "":
				t.Errorf("an honest program broke promises: %s", broken)
			case want != "" && (!strings.HasPrefix(broken, "processes, seed 1: ") || !strings.Contains(broken, want)):
				t.Errorf("a program that %s: %q, want %q", lie, broken, want)
			}
		})
	}
}

func TestTableCountsWhatWasInjectedAndSurvived(t *testing.T) {
	r := report(t, "", Plan{Seed: 1, Images: 8, Panic: 0.1, Hang: 0.1, OOM: 0.2, Net: 0.1, DiskFull: 4})
	var text strings.Builder
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	_, cells, _ := strings.Cut(strings.Join(strings.Fields(text.String()), " "), "time lost ")
	for _, want := range []string{"processes 8 8 ", " – 1/1 1/1 2/2 1/1 1/1 3 0 0 ", "All promises kept."} {
		if !strings.Contains(cells, want) {
			t.Errorf("the table lacks %q:\n%s", want, &text)
		}
	}
}

func TestOnlyTheFirstBrokenPromisesAreWritten(t *testing.T) {
	r := &Report{rows: []row{newRow(modes.Processes, newResult(0))}}
	for range mostBroken + 5 {
		r.rows[0].breaks("a promise")
	}
	var text strings.Builder
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text.String(), "BROKEN a promise\n"); n != mostBroken {
		t.Errorf("%d promises are written, want %d:\n%s", n, mostBroken, &text)
	}
	if !strings.HasSuffix(text.String(), "\nand 5 more\n") {
		t.Errorf("the table does not say how many more there are:\n%s", &text)
	}
}

func TestModesAreAskedToSurviveWhatTheyCan(t *testing.T) {
	o := &Options{Plan: Plan{Seed: 5, Images: 1000, Kill: 1, Hang: 0.1}}
	for mode, want := range map[string]Plan{
		modes.Processes:  {Hang: 0.1},
		modes.Goroutines: {Hang: 0.1, MaxKills: killsOfRuns},
		modes.GIL:        {Hang: 0, MaxKills: killsOfRuns},
	} {
		if p := o.planFor(mode, 2); p.Seed != 7 || p.Hang != want.Hang || p.MaxKills != want.MaxKills {
			t.Errorf("%s: %+v, want seed 7, hang %g, at most %d kills", mode, p, want.Hang, want.MaxKills)
		}
	}
}
