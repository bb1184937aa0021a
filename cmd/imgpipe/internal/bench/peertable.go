package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/peer"
	"imgpipe/fetch"
	"imgpipe/samples"
)

// The jobs of a table.
const (
	IOBound       = "I/O-bound"
	BoundInC      = "CPU-bound in C"
	LanguageBound = "CPU-bound in the language"
)

// CellJobs returns the jobs of a table, in its order.
func CellJobs() []string { return []string{IOBound, BoundInC, LanguageBound} }

// The programs and models of a table.
const (
	inGo        = "Go"
	inPython    = "Python"
	oneAtATime  = ""
	byThreads   = "threads"
	byProcesses = "processes"
	byFree      = "threads without a lock"
)

const (
	// tableRounds count in a table: six give an interval. One more warms up.
	tableRounds = 6
	// tableLatency, tableWaits and tableWide are the job that waits: so many small pictures of a server that answers
	// after that time, so many at once.
	tableLatency = 50 * time.Millisecond
	tableWaits   = 32
	tableWide    = 16
	// tableCopies is how often each of the built-in pictures is done where the codecs compute.
	tableCopies = 2
	// goTakes is how long the loops of Go are to take on one CPU: long against the start of a process.
	goTakes = 500 * time.Millisecond
)

// tableLoops take some 0.7 s in Python.
var tableLoops = peer.Loops{Items: 24, Side: 96, Radius: 2}

// A Table says which cells to measure, and what is told of it meanwhile.
type Table struct {
	Python *peer.Python
	// Program is the imgpipe that runs. Dir is a folder that must exist; files are left in it.
	Program, Dir string
	// Jobs are some of CellJobs; nil is all.
	Jobs []string
	// Rounds is how many count, at most 6; 0 is 6. Cold leaves out the round before them, which does not count.
	Rounds int
	Cold   bool
	// Progress, if it is not nil, is called before each run.
	Progress func(Progress)
	// Kill, if it is not nil, is closed to kill the run under way.
	Kill <-chan struct{}
}

// A tableRow is one contestant of a table.
type tableRow struct {
	job, program, model string
	// run does the job once, and returns the seconds it took by the clock. Its error is an ErrDifferent if it was not
	// the work of the others.
	run func(ctx context.Context) (float64, error)
}

// PeerTable measures how many times as fast threads and processes are as one item at a time, in Go and in Python, for
// each of the jobs: its own small ones, all rows in turn, one round after the other.
func PeerTable(ctx context.Context, t Table) ([]Cell, error) {
	if t.Jobs == nil {
		t.Jobs = CellJobs()
	}
	dir, err := os.MkdirTemp(t.Dir, "table-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	t.Dir = dir
	rows, done, err := t.rows(ctx)
	defer done()
	if err != nil {
		return nil, err
	}
	took := make([][]float64, len(rows))
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	if t.Rounds == 0 || t.Rounds > tableRounds {
		t.Rounds = tableRounds
	}
	warmup := 1
	if t.Cold {
		warmup = 0
	}
	meter := meter{total: (warmup + t.Rounds) * len(rows)}
	for round := range warmup + t.Rounds {
		for _, i := range order {
			row := rows[i]
			name := strings.TrimSpace(fmt.Sprintf("%s: %s %s", row.job, row.program, row.model))
			if t.Progress != nil {
				t.Progress(Progress{meter.done, meter.total, name, meter.left()})
			}
			began := time.Now()
			s, err := row.run(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			meter.ran(name, time.Since(began))
			if round >= warmup {
				took[i] = append(took[i], s)
			}
		}
		slices.Reverse(order)
	}
	return cells(rows, took), nil
}

// cells returns the speedup of each row over the row of the same job and program that does one item at a time.
func cells(rows []tableRow, took [][]float64) (all []Cell) {
	for i, row := range rows {
		if row.model == oneAtATime {
			continue
		}
		base := slices.IndexFunc(rows, func(other tableRow) bool {
			return other.job == row.job && other.program == row.program && other.model == oneAtATime
		})
		var ratios []float64
		for round, s := range took[i] {
			ratios = append(ratios, took[base][round]/s)
		}
		speedup, _ := paired(ratios)
		all = append(all, Cell{Job: row.job, Program: row.program, Model: row.model, Speedup: speedup})
	}
	return all
}

// rows returns the rows of the jobs. The caller calls done when all runs are over, also after an error.
func (t Table) rows(ctx context.Context) (rows []tableRow, done func(), err error) {
	done = func() {}
	for _, job := range t.Jobs {
		switch job {
		case IOBound:
			srv := &samples.Server{Behavior: samples.Behavior{Latency: tableLatency}}
			url, err := srv.Start("")
			if err != nil {
				return nil, done, err
			}
			done = func() { srv.Close() }
			var items []fetch.Item
			for i := range tableWaits {
				items = append(items, fetch.Item{Scheme: "http", Source: fmt.Sprintf("%s/small/%04d.jpg", url, i+1)})
			}
			at := Config{Workers: tableWide, Downloads: tableWide, PerHost: tableWide}
			rows = append(rows, t.pictures(job, items, 100, at)...)
		case BoundInC:
			items, err := t.built()
			if err != nil {
				return nil, done, err
			}
			n := runtime.GOMAXPROCS(0)
			rows = append(rows, t.pictures(job, items, 800, Config{Workers: n, Downloads: n})...)
		case LanguageBound:
			rows = append(rows, t.loops()...)
		default:
			return nil, done, fmt.Errorf("there is no job %q: expected some of %s", job, strings.Join(CellJobs(), ", "))
		}
	}
	return rows, done, ctx.Err()
}

// built writes the built-in pictures into a folder.
func (t Table) built() (items []fetch.Item, err error) {
	for n := range tableCopies {
		for _, f := range samples.Embedded() {
			path := filepath.Join(t.Dir, fmt.Sprintf("%d-%s", n, f.Name))
			if err := os.WriteFile(path, f.Data, 0o600); err != nil {
				return nil, err
			}
			items = append(items, fetch.Item{Index: len(items), Source: path})
		}
	}
	return items, nil
}

// pictures returns the rows of a job that fits pictures into a box. at are its widths.
func (t Table) pictures(job string, items []fetch.Item, side int, at Config) (rows []tableRow) {
	var args []string
	for _, item := range items {
		args = append(args, item.Source)
	}
	box := fmt.Sprintf("--resize=%dx%d", side, side)
	p := &Peer{
		Python: t.Python, Program: t.Program, Items: items, Width: side, Height: side, Quality: 85, Kill: t.Kill,
		Dir: filepath.Join(t.Dir, fmt.Sprintf("job-%d", side)), Args: append([]string{box, "--"}, args...),
	}
	out := filepath.Join(p.Dir, "out")
	fresh := func() error {
		return errors.Join(os.MkdirAll(p.Dir, 0o700), os.RemoveAll(out))
	}
	var first map[string]string // SHA-256 by name
	imgpipe := func(mode string) func(context.Context) (float64, error) {
		config := at
		config.Mode = mode
		flags := config.Flags()
		if at.PerHost > 0 {
			flags = append(flags, fmt.Sprintf("--per-host=%d", at.PerHost))
		}
		return func(ctx context.Context) (float64, error) {
			if err := fresh(); err != nil {
				return 0, err
			}
			s, err := p.imgpipe(ctx, out, flags)
			if err != nil {
				return 0, err
			}
			files, err := digests(out)
			if err != nil {
				return 0, err
			}
			if first == nil {
				first = files
			}
			if !maps.Equal(first, files) {
				return 0, fmt.Errorf("%w: the files of %s are not those of the run before", ErrDifferent, mode)
			}
			return s, nil
		}
	}
	python := func(kind string) func(context.Context) (float64, error) {
		config := at
		config.Peer = peerPrefix + kind
		if kind == peer.Serial {
			config.Workers, config.Downloads = 1, 1
		}
		return func(ctx context.Context) (float64, error) {
			if err := fresh(); err != nil {
				return 0, err
			}
			s, err := p.Run(ctx, config, out)
			return s.Wall, err
		}
	}
	rows = []tableRow{
		{job, inGo, oneAtATime, imgpipe(modes.Serial)},
		{job, inGo, byThreads, imgpipe(modes.Goroutines)},
		{job, inGo, byProcesses, imgpipe(modes.Processes)},
	}
	return append(rows, t.python(job, python)...)
}

// python returns the rows of Python. Its processes are those of fork, which start the soonest.
func (t Table) python(job string, run func(kind string) func(context.Context) (float64, error)) []tableRow {
	rows := []tableRow{
		{job, inPython, oneAtATime, run(peer.Serial)},
		{job, inPython, byThreads, run(peer.Threads)},
		{job, inPython, byProcesses, run(peer.Fork)},
	}
	if t.Python.Free != nil {
		rows = append(rows, tableRow{job, inPython, byFree, run(peer.FreeThreads)})
	}
	return rows
}

// loops returns the rows of the job that has loops of the language alone. Go does all of it several times: what is
// compared is each language with itself.
func (t Table) loops() []tableRow {
	job, n, passes := tableLoops, runtime.GOMAXPROCS(0), tableLoops.Passes(goTakes)
	sum := uint32(0)
	check := func(ran peer.Ran, err error) (float64, error) {
		if err == nil && sum == 0 {
			sum = ran.Checksum
		}
		if err == nil && ran.Checksum != sum {
			err = fmt.Errorf("%w: the checksum of the loops is %d, that of others %d", ErrDifferent, ran.Checksum, sum)
		}
		return ran.Elapsed, err
	}
	loops := func(workers int, processes bool) func(context.Context) (float64, error) {
		return func(ctx context.Context) (float64, error) {
			return check(peer.RunGo(ctx, t.Program, job, workers, passes, processes, t.Kill))
		}
	}
	python := func(kind string) func(context.Context) (float64, error) {
		return func(ctx context.Context) (float64, error) {
			return check(t.Python.Run(ctx, t.Dir, peer.Job{Kind: kind, Workers: n, Loops: &job}, t.Kill))
		}
	}
	rows := []tableRow{
		{LanguageBound, inGo, oneAtATime, loops(1, false)},
		{LanguageBound, inGo, byThreads, loops(n, false)},
		{LanguageBound, inGo, byProcesses, loops(n, true)},
	}
	return append(rows, t.python(LanguageBound, python)...)
}
