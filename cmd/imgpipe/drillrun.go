package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
	"imgpipe/samples"
)

type netFault struct{ query, class string }

// netFaults are the ways in which the server of a drill answers badly, and the class that an image ends with; "" where another try
// brings it.
var netFaults = []netFault{
	{"fail=1", ""},
	{"reset&fail=1", ""},
	{"truncate&fail=1", ""},
	{"status=429&fail=1", ""},
	{"stall&fail=1", ""},
	{"gzip", ""},
	{"redirect=3", ""},
	{"status=404", "http-404"},
	{"status=500", "http-500"},
	{"html", "not-an-image"},
	{"redirect-loop", "redirect"},
	{"truncate", "truncated"},
	{"endless", "too-big"},
}

// drillPatience is what --item-timeout and --timeout are in a drill, whose pictures take milliseconds; drillLimit is for a whole run: one
// that takes longer hangs.
const (
	drillPatience = 2 * time.Second
	drillLimit    = 10 * time.Minute
)

// netFault gives what the server does with an image that has faultNet: each of them in turn.
func (r *drillRun) netFault(image int) netFault {
	return netFaults[(uint64(image)+r.plan.seed)%uint64(len(netFaults))]
}

// expected gives how an image ends: done, where there are no classes, or failed with one of them.
func (r *drillRun) expected(image int) []string {
	switch r.faults.of(image) {
	case faultPanic:
		return []string{"panic"}
	case faultHang:
		return []string{"timeout"}
	case faultOOM:
		// Workers take a while to die and to start: on a busy machine the image's time may be over before it has killed its second.
		return []string{pipeline.ClassPoison, pipeline.ClassWorkerKilled, pipeline.ClassOutOfMemory, pipeline.ClassWorkerAnswer, "timeout"}
	case faultNet:
		if class := r.netFault(image).class; class != "" {
			return []string{class}
		}
	}
	return nil
}

// A drillRun is one drill: images with faults in one mode, through as many runs of imgpipe as it takes.
type drillRun struct {
	program string
	dir     string // for what it needs, and nothing else's
	mode    string
	workers int
	images  int
	plan    faultPlan
	faults  faultTable        // of plan
	calm    map[string][]byte // the outputs of a run without faults; nil in that run itself
	verbose func(format string, args ...any)

	result drillResult

	ending  sync.WaitGroup // of the processes of runs that have ended
	orphans atomic.Int32   // complete when ending is over
}

// A drillResult is what a drill found.
type drillResult struct {
	In, Done, Failed   int
	Injected, Survived map[fault]int
	Runs               int
	Partial, Orphans   int
	Took               time.Duration
	Broken             []string // the promises that were not kept
}

func (r *drillRun) broken(format string, args ...any) {
	r.result.Broken = append(r.result.Broken, fmt.Sprintf(format, args...))
}

// do runs imgpipe until it has ended by itself, and looks at what it left. The error is that of ctx or of this machine; what imgpipe did wrong is
// in the result.
func (r *drillRun) do(ctx context.Context) error {
	srv := new(samples.Server)
	base, err := srv.Start("")
	if err != nil {
		return err
	}
	defer srv.Close()
	first, err := http.Get(base + "/small/1.jpg") // the pictures are drawn when the first is asked for
	if err != nil {
		return err
	}
	first.Body.Close()
	list := filepath.Join(r.dir, "list.txt")
	if err := os.WriteFile(list, r.list(base), 0o666); err != nil {
		return err
	}
	r.result = drillResult{In: r.images, Injected: map[fault]int{}, Survived: map[fault]int{}}
	began := time.Now()
	err = r.untilDone(ctx, list)
	r.result.Took = time.Since(began)
	r.ending.Wait()
	if err != nil {
		return err
	}
	if r.result.Orphans = int(r.orphans.Load()); r.result.Orphans > 0 {
		r.broken("%d of %d runs were outlived by a worker", r.result.Orphans, r.result.Runs)
	}
	return r.account(base)
}

// url is where an image is.
func (r *drillRun) url(base string, image int) string {
	url := base + "/small/" + strconv.Itoa(image) + ".jpg"
	if r.faults.of(image) == faultNet {
		url += "?" + r.netFault(image).query
	}
	return url
}

func (r *drillRun) list(base string) (text []byte) {
	for i := range r.images {
		text = append(text, r.url(base, i+1)+"\n"...)
	}
	return text
}

func (r *drillRun) out() string { return filepath.Join(r.dir, "out") }

// untilDone gives the same command until it ends by itself. After a death it first comes with --skip-failed, until all images have had
// their turn: an image that hangs would otherwise hold up every one of the runs in which others die.
func (r *drillRun) untilDone(ctx context.Context, list string) error {
	// In one address space each image that kills its process ends a run, and at least one of those is set apart by the next.
	most := 3
	if r.mode != modeProcesses {
		for i := range r.images {
			if f := r.faults.of(i + 1); f == faultKill || f == faultOOM {
				most++
			}
		}
	}
	if r.plan.full > 0 {
		r.result.Injected[faultDisk] = 1
	}
	skipFailed := false
	for {
		status, said, err := r.once(ctx, list, skipFailed)
		if err != nil {
			return err
		}
		r.result.Runs++
		ended := status == exitOK || status == exitSomeFailed
		if err := r.look(ended); err != nil {
			return err
		}
		switch {
		case ended && !skipFailed:
			return nil
		case ended:
			r.verbose("%s: all had their turn; the same command tries again what failed", r.mode)
			skipFailed = false
			continue
		case status == exitCouldNotRun && r.plan.full > 0 && strings.Contains(said, errDiskFull.Error()):
			r.verbose("%s: the disk was full; space is made", r.mode)
			r.result.Survived[faultDisk] = 1
			r.plan.full = 0
		case status == exitCouldNotRun:
			r.broken("the run could not go on: %s", lastLine(said))
			return nil
		case r.result.Runs >= most:
			r.broken("%d runs did not come to an end: %s", r.result.Runs, lastLine(said))
			return nil
		default:
			r.verbose("%s: run %d died; the same command continues", r.mode, r.result.Runs)
		}
		skipFailed = true
	}
}

// once is one run of imgpipe. Its status is -1 where it was killed.
func (r *drillRun) once(ctx context.Context, list string, skipFailed bool) (status int, said string, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, drillLimit, errHangs)
	defer cancel()
	args := []string{"run", "-q", "-m", r.mode, "-o", r.out(), "--resize", "64x64", "--name", "{index}.{ext}",
		"--item-timeout", drillPatience.String(), "--timeout", drillPatience.String(), "--retries", "1", "--max-bytes", "2MB", "-i", list}
	if skipFailed {
		args = append(args, "--skip-failed")
	}
	if r.mode != modeSerial {
		args = append(args, "-w", strconv.Itoa(r.workers), "-d", "16", "--per-host", "16")
	}
	cmd := exec.CommandContext(ctx, r.program, args...)
	cmd.Args[0] = os.Args[0]
	ownGroup(cmd)
	cmd.Cancel = func() error { return killGroup(cmd) }
	plan := r.plan
	if plan.full > 0 {
		kept, err := filepath.Glob(filepath.Join(r.out(), "*.jpg"))
		if err != nil {
			return 0, "", err
		}
		plan.full = max(1, plan.full-len(kept))
	}
	cmd.Env = append(os.Environ(), drillVariable+"="+plan.String())
	var text bytes.Buffer
	cmd.Stderr = &text
	err = cmd.Run()
	if cause := context.Cause(ctx); cause == errHangs {
		r.broken("a run did not end within %v", drillLimit)
		return exitOK, "", nil
	} else if cause != nil {
		return 0, "", cause
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, "", err
	}
	r.ending.Go(func() { // while the next run is under way: some systems take a second to bury what has lost its parent
		if orphaned(cmd) {
			r.orphans.Add(1)
		}
	})
	return cmd.ProcessState.ExitCode(), text.String(), nil
}

var errHangs = errors.New("the run hangs")

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// look compares what is in the output folder with the outputs of a calm run: each file is one of them, and whole. Where the run came to its
// end, it has left nothing else.
func (r *drillRun) look(ended bool) error {
	return filepath.WalkDir(r.out(), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(r.out(), path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(name, "."): // what is under way: hidden, and swept by the next run
			if name == "." {
				return nil
			}
			if ended {
				r.result.Partial++
				r.broken("a run that ended left %s", name)
			}
			return fs.SkipDir
		case d.IsDir() || name == store.LedgerName:
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if want, ok := r.calm[name]; r.calm != nil && (!ok || !bytes.Equal(data, want)) {
			r.result.Partial++
			r.broken("%s is not what a calm run makes", name)
		}
		return nil
	})
}

// account reads the ledger: each image has ended, and as the plan would have it.
func (r *drillRun) account(base string) error {
	last, err := lastEntries(filepath.Join(r.out(), store.LedgerName))
	if err != nil {
		return err
	}
	for i := 1; i <= r.images; i++ {
		f := r.faults.of(i)
		if f != faultNone {
			r.result.Injected[f]++
		}
		e, known := last[r.url(base, i)]
		class := e.Class
		switch {
		case !known:
			r.broken("image %d is lost: the ledger has no line for it", i)
			continue
		case e.Status == store.Done:
			r.result.Done++
		case e.Status == store.Failed:
			r.result.Failed++
		default:
			r.broken("image %d ended as %q", i, e.Status)
			continue
		}
		want := r.expected(i)
		if class == "" && len(want) == 0 || slices.Contains(want, class) {
			if f != faultNone {
				r.result.Survived[f]++
			}
			continue
		}
		r.broken("image %d, %s, ended as %s, expected %s: %s", i, or(string(f), "no fault"), or(class, "done"), or(strings.Join(want, " or "), "done"), e.Error)
	}
	return nil
}

// lastEntries gives the last line of each source.
func lastEntries(ledger string) (map[string]store.Entry, error) {
	f, err := os.Open(ledger)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	last := map[string]store.Entry{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e store.Entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("the ledger has a line that cannot be read: %w", err)
		}
		last[e.Source] = e
	}
	return last, lines.Err()
}

// outputsOf reads all outputs of a folder.
func outputsOf(dir string) (map[string][]byte, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.jpg"))
	if err != nil {
		return nil, err
	}
	all := make(map[string][]byte, len(names))
	for _, name := range names {
		if all[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			return nil, err
		}
	}
	return all, nil
}
