package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
	"imgpipe/samples"
	"imgpipe/transform"
)

var (
	strangersBombs     = flag.Int("strangers.bombs", 20, "how many header bombs TestStrangersEndNoRun makes")
	strangersMutations = flag.Int("strangers.mutations", 200, "how many mutations of valid files it makes; from "+
		"10,000 on it takes the hostile files of the shared corpus, too")
	strangersKeep = flag.String("strangers.keep", "", "a folder where it keeps the files and what each mode made "+
		"of them")
)

// strangersMemory is the --memory of TestStrangersEndNoRun. The limits below are for what a budget does not count: the
// program itself, buffers of the fetch stage and what the collector has not taken back.
const (
	strangersMemory = 512 << 20
	fixedMemory     = 96 << 20
	workerMemory    = 48 << 20
	strangersLimit  = 30 * time.Minute // of one run; one that takes longer hangs
)

// strangersClasses are the failures that a file may end with: it is the file's own fault, and known. There is no
// "panic" among them, no death of a worker and no time-out.
var strangersClasses = []string{
	transform.ClassNotAnImage, transform.ClassUnsupported, transform.ClassDecode, transform.ClassTooLarge,
	transform.ClassEncode, "too-big",
}

// doneDamaged begins how a file ended that is damaged and done all the same; its warnings follow.
const doneDamaged = "done, damaged: "

// TestStrangersEndNoRun has every mode take hostile files, header bombs and mutations of valid files: all are accounted
// for, and alike in all modes, nothing dies, and memory keeps to the budget. With -v it prints how the files ended. The
// whole of it, for a quarter of an hour and more:
//
//	go test ./cmd/imgpipe -run TestStrangers -v -timeout 2h -strangers.bombs 200 -strangers.mutations 10000
func TestStrangersEndNoRun(t *testing.T) {
	dir := *strangersKeep
	if dir == "" {
		dir = t.TempDir()
	}
	in := filepath.Join(dir, "in")
	inputs := writeStrangers(t, in)
	var first *strangersRun
	for _, mode := range []string{modes.Serial, modes.GIL, modes.Goroutines, modes.Processes} {
		t.Run(mode, func(t *testing.T) {
			r := runStrangers(t, mode, in, filepath.Join(dir, mode))
			r.check(t, inputs)
			limit := int64(strangersMemory + fixedMemory)
			if mode == modes.Processes {
				limit += 2 * workerMemory
			}
			if r.peak > limit && !raceDetector {
				t.Errorf("peak memory %s, want at most %s", summary.Bytes(r.peak), summary.Bytes(limit))
			}
			t.Logf("%d files in %v, peak memory %s of %s: %v", len(inputs), r.took.Round(time.Millisecond),
				summary.Bytes(r.peak), summary.Bytes(limit), r.counts())
			if first == nil {
				first = r
				return
			}
			if !maps.Equal(r.ends, first.ends) {
				for source, end := range r.ends {
					if end != first.ends[source] {
						t.Errorf("%s ended as %q, and as %q in mode %s", source, end, first.ends[source], modes.Serial)
					}
				}
			}
			if !maps.Equal(r.files, first.files) {
				t.Errorf("the outputs are not those of mode %s", modes.Serial)
			}
		})
	}
}

// writeStrangers fills a folder and returns the paths.
func writeStrangers(t *testing.T, in string) (paths []string) {
	write := func(name string, data []byte) {
		path := filepath.Join(in, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	for _, f := range samples.Awkward() {
		write(filepath.Join("awkward", f.Name), f.Data)
	}
	every := 1
	if testing.Short() {
		every = 7
	}
	for i := 0; i < *strangersBombs; i += every {
		name, data, full := bombFile(i)
		if full && raceDetector {
			continue // it would be decoded for minutes
		}
		write(filepath.Join("bombs", name), data)
	}
	all := stocks(t)
	for i := 0; i < *strangersMutations; i += every {
		ext, data := mutant(all, i)
		write(filepath.Join("mutants", fmt.Sprintf("%05d%s", i, ext)), data)
	}
	if *strangersMutations < 10_000 {
		return paths
	}
	hostile, err := filepath.Glob(filepath.Join(sharedCorpus(t), "hostile", "*", "*"))
	if err != nil || len(hostile) == 0 {
		t.Log("the shared corpus of images is not beside the module: its hostile files are left out")
	}
	for i, path := range hostile {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		write(filepath.Join("hostile", strconv.Itoa(i)+filepath.Ext(path)), data)
	}
	return paths
}

// strangersSize is what is made of each file.
const strangersSize = "64x64"

// A strangersRun is what one run made of the files.
type strangersRun struct {
	out    string
	status int
	said   string
	took   time.Duration
	peak   int64             // memory of all processes
	ends   map[string]string // by source: the class, or done
	lines  map[string]int    // of the ledger, by source
	files  map[string]string // the digests of outputs
}

func runStrangers(t *testing.T, mode, in, out string) *strangersRun {
	report := filepath.Join(t.TempDir(), "report.json")
	args := []string{"run", "-q", "-m", mode, "-o", out, "--resize", strangersSize, "--memory",
		strconv.Itoa(strangersMemory),
		"--item-timeout", "5m", "--report", report}
	if mode != modes.Serial {
		args = append(args, "-w", "2")
	}
	ctx, cancel := context.WithTimeout(t.Context(), strangersLimit)
	defer cancel()
	cmd := program(ctx, append(args, in)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	began := time.Now()
	_ = cmd.Run() // its status is looked at
	if ctx.Err() != nil {
		t.Fatalf("the run did not end within %v", strangersLimit)
	}
	r := &strangersRun{out: out, took: time.Since(began), status: cmd.ProcessState.ExitCode(), said: said.String(),
		ends: map[string]string{}, lines: map[string]int{}, files: map[string]string{}}
	var sum summary.Summary
	if text, err := os.ReadFile(report); err != nil {
		t.Errorf("the run wrote no report: %v\n%s", err, lastLine(r.said))
	} else if err := json.Unmarshal(text, &sum); err != nil {
		t.Error(err)
	}
	// The sum over all processes is sampled; the largest of them is exact.
	r.peak = max(sum.PeakPSS, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss<<10)
	r.read(t)
	return r
}

// read reads the ledger and the outputs.
func (r *strangersRun) read(t *testing.T) {
	ledger, err := os.Open(filepath.Join(r.out, store.LedgerName))
	if err != nil {
		t.Fatalf("%v\n%s", err, r.said)
	}
	defer ledger.Close()
	lines := bufio.NewScanner(ledger)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e store.Entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		r.lines[e.Source]++
		switch e.Status {
		case pipeline.Done:
			r.ends[e.Source] = string(pipeline.Done)
			if e.Damaged {
				r.ends[e.Source] = doneDamaged + strings.Join(e.Warnings, "; ")
			}
		case pipeline.Failed:
			r.ends[e.Source] = e.Class
		default:
			t.Errorf("%s ended as %q", e.Source, e.Status)
		}
		if e.Stack != "" {
			t.Logf("%s: %s\n%s", e.Source, e.Error, e.Stack)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(r.out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && !strings.HasPrefix(d.Name(), ".") || d.Name() == store.LedgerName {
			return err
		}
		if strings.HasPrefix(d.Name(), ".") {
			t.Errorf("the run left %s", path)
			return nil
		}
		data, err := os.ReadFile(path)
		r.files[path[len(r.out):]] = fmt.Sprintf("%x", sha256.Sum256(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// check wants one line for each input, and no end but a good or a known one.
func (r *strangersRun) check(t *testing.T, inputs []string) {
	if r.status != exitSomeFailed || strings.Contains(r.said, "goroutine ") ||
		strings.Contains(r.said, "fatal error: ") {
		t.Errorf("exit status %d, want %d: %s", r.status, exitSomeFailed, lastLine(r.said))
	}
	done := 0
	for _, path := range inputs {
		end := r.ends[path]
		switch {
		case r.lines[path] != 1:
			t.Errorf("%s has %d lines in the ledger, want 1", path, r.lines[path])
		case end == string(pipeline.Done), strings.HasPrefix(end, doneDamaged) && end != doneDamaged:
			done++
		case !slices.Contains(strangersClasses, end):
			t.Errorf("%s ended as %s", path, end)
		}
	}
	if len(r.ends) != len(inputs) {
		t.Errorf("the ledger tells of %d inputs, want %d", len(r.ends), len(inputs))
	}
	if done != len(r.files) || done == 0 {
		t.Errorf("%d done, %d files", done, len(r.files))
	}
}

// counts returns how many files ended in which way.
func (r *strangersRun) counts() map[string]int {
	n := map[string]int{}
	for _, end := range r.ends {
		if strings.HasPrefix(end, doneDamaged) {
			end = doneDamaged
		}
		n[end]++
	}
	return n
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
