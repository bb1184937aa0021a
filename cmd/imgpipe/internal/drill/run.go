package drill

import (
	"bufio"
	"bytes"
	"cmp"
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

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
	"imgpipe/samples"
	"imgpipe/transform"
)

// deadly returns the classes of images whose worker died.
func deadly() (names []string) {
	for _, class := range pipeline.Classes() {
		if class.Deadly {
			names = append(names, class.Name)
		}
	}
	return names
}

// A badAnswer is one way in which the server of a drill answers badly.
type badAnswer struct {
	query string // of the URL that asks for it
	class string // that the image ends with; "" if another try brings it
}

var badAnswers = []badAnswer{
	{"fail=1", ""},
	{"reset&fail=1", ""},
	{"truncate&fail=1", ""},
	{"status=429&fail=1", ""},
	{"stall&fail=1", ""},
	{"gzip", ""},
	{"redirect=3", ""},
	{"status=404", "http-404"},
	{"status=500", "http-500"},
	{"html", transform.ClassNotAnImage},
	{"redirect-loop", fetch.ClassRedirect},
	{"truncate", fetch.ClassTruncated},
	{"endless", fetch.ClassTooBig},
}

const (
	// patience is --item-timeout and --timeout of a drill. Its pictures take milliseconds.
	patience = 2 * time.Second
	// runLimit is the time of a whole run. One that takes longer hangs.
	runLimit = 10 * time.Minute
)

// A run is one drill: images with faults in one mode, through as many runs of imgpipe as it takes.
type run struct {
	*Options
	dir   string // holds all that this drill writes
	mode  string
	plan  Plan
	table Table             // of plan
	calm  map[string][]byte // the outputs of a run without faults; nil in that run itself

	result result

	ending  sync.WaitGroup // for the processes of runs that have ended
	orphans atomic.Int32   // complete when ending is over
}

func newRun(o *Options, dir string, mode string, plan Plan) *run {
	return &run{Options: o, dir: dir, mode: mode, plan: plan, table: plan.Table(), result: newResult(plan.Images)}
}

// badAnswer returns what the server does with an image whose fault is Net. The images take turns with all of them.
func (r *run) badAnswer(image int) badAnswer {
	return badAnswers[(uint64(image)+r.plan.Seed)%uint64(len(badAnswers))]
}

// expected returns the classes of which an image must end with one. None means that the image must be done.
func (r *run) expected(image int) []string {
	switch r.table.Of(image) {
	case Panic:
		return []string{transform.ClassPanic}
	case Hang:
		return []string{transform.ClassTimeout}
	case OOM:
		// Workers take a while to die and to start. On a busy machine the image's time may be over before it has killed
		// its second worker.
		return append(deadly(), transform.ClassTimeout)
	case Net:
		if class := r.badAnswer(image).class; class != "" {
			return []string{class}
		}
	}
	return nil
}

// do runs imgpipe until it has ended by itself, and looks at what it left. The error is that of ctx or of this machine;
// what imgpipe did wrong is in the result.
func (r *run) do(ctx context.Context) error {
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
	began := time.Now()
	err = r.untilDone(ctx, list)
	r.result.took = time.Since(began)
	r.ending.Wait()
	if err != nil {
		return err
	}
	if r.result.orphans = int(r.orphans.Load()); r.result.orphans > 0 {
		r.result.breaks("%d of %d runs were outlived by a worker", r.result.orphans, r.result.runs)
	}
	return r.account(base)
}

// url returns the URL of an image.
func (r *run) url(base string, image int) string {
	url := base + "/small/" + strconv.Itoa(image) + ".jpg"
	if r.table.Of(image) == Net {
		url += "?" + r.badAnswer(image).query
	}
	return url
}

func (r *run) list(base string) (text []byte) {
	for i := range r.plan.Images {
		text = append(text, r.url(base, i+1)+"\n"...)
	}
	return text
}

// out is the output folder of imgpipe run.
func (r *run) out() string { return filepath.Join(r.dir, "out") }

// untilDone repeats the same command until it ends by itself. After a death it first adds --skip-failed, until all
// images have had their turn: an image that hangs would otherwise hold up every one of the runs in which others die.
func (r *run) untilDone(ctx context.Context, list string) error {
	if r.plan.DiskFull > 0 {
		r.result.injected[Disk] = 1
	}
	most := r.mostRuns()
	skipFailed := false
	for {
		status, said, err := r.once(ctx, list, skipFailed)
		if err != nil {
			return err
		}
		r.result.runs++
		ended := status == r.Statuses.OK || status == r.Statuses.SomeFailed
		if err := r.look(ended); err != nil {
			return err
		}
		switch {
		case ended && !skipFailed:
			return nil
		case ended:
			r.Say("%s: all had their turn; the same command tries again what failed", r.mode)
			skipFailed = false
			continue
		case status == r.Statuses.CouldNotRun && r.plan.DiskFull > 0 && strings.Contains(said, errDiskFull.Error()):
			r.Say("%s: the disk was full; space is made", r.mode)
			r.result.survived[Disk] = 1
			r.plan.DiskFull = 0
		case status == r.Statuses.CouldNotRun:
			r.result.breaks("the run could not go on: %s", lastLine(said))
			return nil
		case r.result.runs >= most:
			r.result.breaks("%d runs did not come to an end: %s", r.result.runs, lastLine(said))
			return nil
		default:
			r.Say("%s: run %d died; the same command continues", r.mode, r.result.runs)
		}
		skipFailed = true
	}
}

// mostRuns is how many runs a drill may take. Without workers, each image that kills its process ends a run, and at
// least one of those images is set apart by the next.
func (r *run) mostRuns() int {
	most := 3
	if r.mode != modes.Processes {
		for _, f := range r.table {
			if f == Kill || f == OOM {
				most++
			}
		}
	}
	return most
}

// once is one run of imgpipe. Its status is -1 if it was killed.
func (r *run) once(ctx context.Context, list string, skipFailed bool) (status int, said string, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, runLimit, errHangs)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.Program, r.args(list, skipFailed)...)
	cmd.Args[0] = os.Args[0]
	ownGroup(cmd)
	cmd.Cancel = func() error { return killGroup(cmd) }
	plan := r.plan
	if plan.DiskFull > 0 {
		kept, err := filepath.Glob(filepath.Join(r.out(), "*.jpg"))
		if err != nil {
			return 0, "", err
		}
		plan.DiskFull = max(1, plan.DiskFull-len(kept))
	}
	cmd.Env = append(os.Environ(), Variable+"="+plan.String())
	var text bytes.Buffer
	cmd.Stderr = &text
	err = cmd.Run()
	if cause := context.Cause(ctx); cause == errHangs {
		r.result.breaks("a run did not end within %v", runLimit)
		return r.Statuses.OK, "", nil
	} else if cause != nil {
		return 0, "", cause
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, "", err
	}
	// The next run need not wait: some systems take a second to bury a process that has lost its parent.
	r.ending.Go(func() {
		if orphaned(cmd) {
			r.orphans.Add(1)
		}
	})
	return cmd.ProcessState.ExitCode(), text.String(), nil
}

var errHangs = errors.New("the run hangs")

// args are the arguments of imgpipe.
func (r *run) args(list string, skipFailed bool) []string {
	args := []string{"run", "-q", "-m", r.mode, "-i", list, "-o", r.out(), "--name", "{index}.{ext}",
		"--resize", "64x64", "--max-bytes", "2MB",
		"--item-timeout", patience.String(), "--timeout", patience.String(), "--retries", "1"}
	if skipFailed {
		args = append(args, "--skip-failed")
	}
	if r.mode != modes.Serial {
		args = append(args, "-w", strconv.Itoa(r.Workers), "-d", "16", "--per-host", "16")
	}
	return args
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// look compares each file in the output folder with the output of a calm run: it must be the same, and whole. A run
// that came to its end must have left nothing else.
func (r *run) look(ended bool) error {
	return filepath.WalkDir(r.out(), func(path string, d fs.DirEntry, err error) error {
		switch {
		case path == r.out() && errors.Is(err, fs.ErrNotExist): // the run ended before it made the folder
			return nil
		case err != nil:
			return err
		}
		name, err := filepath.Rel(r.out(), path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(name, "."): // files under way: hidden, and swept by the next run
			if name == "." {
				return nil
			}
			if ended {
				r.result.partial++
				r.result.breaks("a run that ended left %s", name)
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
			r.result.partial++
			r.result.breaks("%s is not what a calm run makes", name)
		}
		return nil
	})
}

// account reads the ledger: each image must have ended, and as the plan would have it.
func (r *run) account(base string) error {
	last, unreadable, err := LastEntries(filepath.Join(r.out(), store.LedgerName))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // a run that wrote none accounts for no image
	}
	if err := cmp.Or(unreadable, err); err != nil {
		return err
	}
	for i := 1; i <= r.plan.Images; i++ {
		f := r.table.Of(i)
		if f != None {
			r.result.injected[f]++
		}
		e, known := last[r.url(base, i)]
		switch {
		case !known:
			r.result.breaks("image %d is lost: the ledger has no line for it", i)
			continue
		case e.Status == pipeline.Done:
			r.result.done++
		case e.Status == pipeline.Failed:
			r.result.failed++
		default:
			r.result.breaks("image %d ended as %q", i, e.Status)
			continue
		}
		want := r.expected(i)
		if e.Class == "" && len(want) == 0 || slices.Contains(want, e.Class) {
			if f != None {
				r.result.survived[f]++
			}
			continue
		}
		r.result.breaks("image %d, %s, ended as %s, expected %s: %s", i, cmp.Or(string(f), "no fault"),
			cmp.Or(e.Class, "done"), cmp.Or(strings.Join(want, " or "), "done"), e.Error)
	}
	return nil
}

// LastEntries returns the last line of each source in a ledger, as [Entries] reads it.
func LastEntries(ledger string) (last map[string]store.Entry, unreadable, err error) {
	all, unreadable, err := Entries(ledger)
	last = map[string]store.Entry{}
	for _, e := range all {
		last[e.Source] = e
	}
	return last, unreadable, err
}

// Entries returns the lines of a ledger. Those that cannot be read are passed over: unreadable is the error of the
// first of them.
func Entries(ledger string) (all []store.Entry, unreadable, err error) {
	f, err := os.Open(ledger)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e store.Entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			unreadable = cmp.Or(unreadable, fmt.Errorf("the ledger has a line that cannot be read: %w", err))
			continue
		}
		all = append(all, e)
	}
	return all, unreadable, lines.Err()
}

// outputsIn reads all outputs in a folder, by their names.
func outputsIn(dir string) (map[string][]byte, error) {
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
