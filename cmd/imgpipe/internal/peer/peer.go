// Package peer does a job of imgpipe with Python and Pillow, in the ways that Python has: one after the other, threads,
// processes that are forked or started anew, and threads of a Python without a global lock.
//
//	Find ──> Python ──> Run(Job) ──> peer.py in a process group of its own ──> Ran: figures from outside and inside
//	                    RunGo(Loops) ──> the same loops in Go
//
// Start with [Find]. The script, peer.py, is part of this program. The package compares nothing.
package peer

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

//go:embed peer.py
var script []byte

// The ways in which Python does a job. Fork and Spawn are processes, FreeThreads the threads of a Python that was built
// without a global lock.
const (
	Serial      = "serial"
	Threads     = "threads"
	Fork        = "fork"
	Spawn       = "spawn"
	FreeThreads = "free-threads"
)

// Here reports whether this system can run Python beside imgpipe: its processes are measured and ended as a group.
func Here() bool { return runtime.GOOS != "windows" }

// A Python is an interpreter that has Pillow.
type Python struct {
	// Path is its program, Program what it is in words: "Python 3.11.2, Pillow 9.4.0".
	Path, Program string
	// Free is a second one without a global lock; nil if there is none.
	Free *Python
}

// ErrNone is the error of Find if there is no Python with Pillow.
var ErrNone = errors.New("no python3 with Pillow was found")

// freeNames are the names of a Python without a global lock, the newest first.
var freeNames = []string{"python3.15t", "python3.14t", "python3.13t"}

// probe prints what an interpreter is: its version, that of Pillow, and whether it has no global lock.
const probe = `import platform, sys, PIL.Image
lock = getattr(sys, "_is_gil_enabled", lambda: True)()
print("Python %s, Pillow %s" % (platform.python_version(), PIL.__version__)); print("lock" if lock else "free")`

// Find returns the first python3 of PATH that has Pillow, or the program that named names, unless that is "". Its error
// is an ErrNone if it finds none.
func Find(ctx context.Context, named string) (*Python, error) {
	candidates := []string{named}
	if named == "" {
		candidates = onPath("python3")
	}
	why := "there is no python3 in PATH"
	for _, path := range candidates {
		p, _, err := ask(ctx, path)
		if err != nil {
			why = fmt.Sprintf("%s: %v", path, err)
			continue
		}
		for _, name := range freeNames {
			for _, path := range onPath(name) {
				if free, noLock, err := ask(ctx, path); err == nil && noLock && p.Free == nil {
					p.Free = free
				}
			}
		}
		return p, nil
	}
	return nil, fmt.Errorf("%w (%s)", ErrNone, why)
}

// onPath returns every program of that name in the folders of PATH, in their order.
func onPath(name string) (all []string) {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil && filepath.IsAbs(path) {
			all = append(all, path)
		}
	}
	return all
}

// probeTime is how long an interpreter may take to say what it is.
const probeTime = 20 * time.Second

// ask returns what the interpreter at path is. noLock reports whether it runs without a global lock.
func ask(ctx context.Context, path string) (p *Python, noLock bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "-c", probe).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		lines := strings.Split(strings.TrimSpace(string(exit.Stderr)), "\n")
		if last := lines[len(lines)-1]; last != "" {
			return nil, false, errors.New(last)
		}
	}
	if err != nil {
		return nil, false, err
	}
	program, lock, ok := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if !ok {
		return nil, false, fmt.Errorf("it says %q of itself: expected its version and whether it has a lock", out)
	}
	return &Python{Path: path, Program: program}, strings.TrimSpace(lock) == "free", nil
}

// Kinds returns the ways in which p can do a job, the least concurrent first.
func (p *Python) Kinds() []string {
	kinds := []string{Serial, Threads, Fork, Spawn}
	if p.Free != nil {
		kinds = append(kinds, FreeThreads)
	}
	return kinds
}

// An Item is a file or URL, and the file that is made of it. Its ending, .jpg or .png, says in which format.
type Item struct{ Source, Output string }

// A Job is what one run does: pictures of Items, or the Loops if that is not nil.
type Job struct {
	Kind    string
	Workers int
	Items   []Item
	// Width and Height are the box into which pictures are fitted; 0 leaves them as large as they are. Quality is that
	// of JPEG.
	Width, Height, Quality int
	Loops                  *Loops
}

// A Ran is what one run was and cost.
type Ran struct {
	Measured
	// Before is the time before the first item, in seconds.
	Before   float64 `json:"before_s"`
	Outputs  int     `json:"outputs"`
	BytesIn  int64   `json:"bytes_in"`
	BytesOut int64   `json:"bytes_out"`
	// Failed are the items that failed.
	Failed []Failure `json:"failed"`
	// Checksum is over all bytes that the Loops made; 0 for pictures.
	Checksum uint32 `json:"checksum"`
}

// A Failure is an item that failed, by its index.
type Failure struct {
	Index int    `json:"index"`
	Class string `json:"class"`
	Error string `json:"error"`
}

// began is the environment variable with the time at which the clock of a run starts, in seconds since 1970.
const began = "IMGPIPE_PEER_BEGAN"

// wireJob is a Job as peer.py reads it.
type wireJob struct {
	Task    string      `json:"task"`
	Kind    string      `json:"kind"`
	Workers int         `json:"workers"`
	Items   [][2]string `json:"items"`
	Width   int         `json:"width"`
	Height  int         `json:"height"`
	Quality int         `json:"quality"`
	Side    int         `json:"side"`
	Radius  int         `json:"radius"`
	Report  string      `json:"report"`
}

// latin1 returns a text with a character for each byte of s. Names of files need not be text, but JSON is.
func latin1(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

// Run does one job. It writes the script, the job and the report into dir, and leaves only the script there. If ctx
// ends or kill is closed, all processes of the run are killed.
func (p *Python) Run(ctx context.Context, dir string, job Job, kill <-chan struct{}) (ran Ran, err error) {
	doing := func(err error) error { return fmt.Errorf("run Python with Pillow: %w", err) }
	python := p
	if job.Kind == FreeThreads {
		python = p.Free
	}
	program, described := filepath.Join(dir, "peer.py"), filepath.Join(dir, "peer-job.json")
	report := filepath.Join(dir, "peer-report.json")
	wire := wireJob{Task: "images", Kind: job.Kind, Workers: job.Workers, Width: job.Width, Height: job.Height,
		Quality: job.Quality, Report: report}
	for _, i := range job.Items {
		wire.Items = append(wire.Items, [2]string{latin1(i.Source), latin1(i.Output)})
	}
	if l := job.Loops; l != nil {
		wire.Task, wire.Side, wire.Radius, wire.Items = "loops", l.Side, l.Radius, make([][2]string, l.Items)
	}
	text, err := json.Marshal(wire)
	if err != nil {
		return ran, doing(err)
	}
	err = errors.Join(os.WriteFile(program, script, 0o600), os.WriteFile(described, ascii(text), 0o600))
	if err != nil {
		return ran, doing(err)
	}
	defer os.Remove(described)
	defer os.Remove(report)
	cmd := exec.Command(python.Path, program, described)
	// Like imgpipe, Python asks no proxy for what is on this machine.
	direct := strings.Trim(os.Getenv("no_proxy")+",127.0.0.1,localhost", ",")
	start := float64(time.Now().UnixMicro()) / 1e6
	cmd.Env = append(os.Environ(), "no_proxy="+direct, fmt.Sprintf("%s=%.6f", began, start))
	if job.Kind == FreeThreads {
		cmd.Env = append(cmd.Env, "PYTHON_GIL=0")
	}
	measured, err := Measure(ctx, cmd, kill)
	if err != nil {
		return ran, doing(err)
	}
	b, err := os.ReadFile(report)
	if err == nil {
		err = json.Unmarshal(b, &ran)
	}
	if err != nil {
		return ran, doing(fmt.Errorf("read its report: %w", err))
	}
	ran.Measured = measured
	return ran, nil
}

// ascii returns JSON in which every character beyond ASCII is escaped.
func ascii(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for _, r := range string(b) {
		if r < 0x80 {
			out = append(out, byte(r))
		} else {
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}
