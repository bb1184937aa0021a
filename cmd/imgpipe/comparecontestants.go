package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/modes"
)

// A contestant is a row of a comparison that the user has named: what --contestant says.
type contestant struct {
	name string
	// given are its flags of imgpipe run, as --flag=value. Those in widths are not among extra.
	given, extra []string
	run          *runFlags
	env          []string
	program      string
}

// widths are the flags that a bench.Config has fields for.
var widths = []string{"mode", "workers", "downloads", "per-host"}

// Flags of imgpipe run that no contestant has, and why.
const (
	comparesOwn = "compare sets it for all runs"
	forAll      = "all contestants have the same inputs, which are arguments of compare"
	wholeJobs   = "jobs are compared whole"
	namesAll    = "a contestant names each of its flags"
)

var notForContestants = map[string]string{
	"output": comparesOwn, "report": comparesOwn, "trace": comparesOwn, "failed-list": comparesOwn,
	"quiet": comparesOwn, "progress": comparesOwn, "force": comparesOwn, "stage": comparesOwn, "name": comparesOwn,
	"manifest": comparesOwn, "on-exist": comparesOwn, "retry-failed": comparesOwn, "skip-failed": comparesOwn,
	"keep-mtime": comparesOwn, "in-place": comparesOwn, "backup": comparesOwn, "prune": comparesOwn,
	"dry-run": wholeJobs, "explain": wholeJobs, "max-failures": wholeJobs, "max-time": wholeJobs,
	"cpuprofile": wholeJobs, "memprofile": wholeJobs,
	"input-list": forAll, "list-format": forAll, "url-col": forAll, "null": forAll, "root": forAll,
	"shard": forAll, "columns": forAll, "verify-hash": forAll, "unique": comparesOwn, "source-sha256": comparesOwn,
	"include": forAll, "exclude": forAll, "follow": forAll, "preset": namesAll, "preset-file": namesAll,
}

// contestantWords is what a contestant consists of.
const contestantWords = "flags of imgpipe run, KEY=value for its environment, or program=PATH for another build"

// variable finds a word that sets a variable of the environment.
var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)

// parseContestant reads NAME: and what follows. Its error completes the sentence `--contestant "…": …`.
func parseContestant(s string) (c contestant, err error) {
	name, rest, ok := strings.Cut(s, ":")
	c.name = strings.TrimSpace(name)
	if !ok || c.name == "" || strings.IndexFunc(c.name, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
		return c, errors.New("expected 'NAME: ' and then " + contestantWords)
	}
	if n := utf8.RuneCountInString(c.name); n > longestName {
		return c, fmt.Errorf("the name has %d characters: expected at most %d before the colon", n, longestName)
	}
	words, err := splitWords(rest)
	if err != nil {
		return c, fmt.Errorf("%w: expected words quoted as for a shell", err)
	}
	set := newRunSet()
	c.run = addRunFlags(set)
	err = set.ParseAll(words, func(flag *pflag.Flag, value string) error {
		if why, ok := notForContestants[flag.Name]; ok || flag.Hidden {
			return fmt.Errorf("--%s: %s: expected %s", flag.Name, why, contestantWords)
		}
		word := "--" + flag.Name + "=" + value
		if c.given = append(c.given, word); !slices.Contains(widths, flag.Name) {
			c.extra = append(c.extra, word)
		}
		return set.Set(flag.Name, value)
	})
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return c, errors.New("--help: expected " + contestantWords)
	case err != nil:
		return c, flags.Explain(set, err)
	}
	for _, word := range set.Args() {
		switch path, isProgram := strings.CutPrefix(word, "program="); {
		case isProgram:
			if c.program, err = otherProgram(path); err != nil {
				return c, err
			}
		case variable.MatchString(word):
			c.env = append(c.env, word)
		default:
			return c, fmt.Errorf("%q: expected %s", word, contestantWords)
		}
	}
	c.run.exec.finalize(set.Changed)
	return c, c.run.exec.check(set.Changed)
}

// newRunSet returns a set for the flags of imgpipe run.
func newRunSet() *pflag.FlagSet {
	set := pflag.NewFlagSet("run", pflag.ContinueOnError)
	set.SortFlags = false
	return set
}

// longestName is the longest name of a contestant, in characters: a table has room for it.
const longestName = 60

// versionTimeout is how long a program may take to say its version.
const versionTimeout = 10 * time.Second

// otherProgram returns the absolute path of another build of imgpipe.
func otherProgram(path string) (string, error) {
	found, err := exec.LookPath(path)
	if err == nil {
		found, err = filepath.Abs(found)
	}
	if err != nil {
		return "", fmt.Errorf("program=%s cannot be run (%w): expected the path of a build of imgpipe", path, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), versionTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, found, "--version")
	cmd.WaitDelay = time.Second // what it has started may hold its output open
	said, err := cmd.Output()
	if err != nil || !strings.HasPrefix(string(said), "imgpipe ") {
		return "", fmt.Errorf("program=%s is no imgpipe, as its --version does not say so: "+
			"expected the path of a build of imgpipe", path)
	}
	return found, nil
}

// checkWith looks at the flags of a contestant together with those for all runs.
func (c *contestant) checkWith(passed []string) error {
	set := newRunSet()
	run := addRunFlags(set)
	err := set.Parse(slices.Concat(passed, c.given))
	if err == nil {
		err = run.picture.check(set.Changed)
	}
	if err == nil {
		err = run.download.check()
	}
	if err != nil {
		return fmt.Errorf("--contestant %q: %w", c.name, err)
	}
	return nil
}

// config returns the contestant. What its flags leave open is the most that the others have.
func (c *contestant) config(workers, downloads, perHost []int) bench.Config {
	changed := c.run.set.Changed
	config := bench.Config{
		Name: c.name, Mode: c.run.exec.mode, Workers: slices.Max(workers), Downloads: slices.Max(downloads),
		Extra: c.extra, Env: c.env, Program: c.program,
	}
	if len(perHost) > 0 && config.Mode != modes.Serial {
		config.PerHost = slices.Max(perHost)
	}
	if changed("workers") || config.Mode == modes.Serial {
		config.Workers = c.run.exec.workers
	}
	if changed("downloads") || config.Mode == modes.Serial {
		config.Downloads = c.run.exec.downloads
	}
	if changed("per-host") {
		config.PerHost = c.run.download.perHost
	}
	return config
}

// configs returns all rows of the comparison: those of --modes in each width, then those of --contestant.
func (f *compareFlags) configs() (all []bench.Config) {
	for _, name := range f.modes {
		for _, row := range rowsNamed(name) {
			grid := bench.WithPerHost(bench.Grid([]string{row.Mode}, f.workers, f.downloads), f.perHost)
			for i := range grid {
				grid[i].Env, grid[i].Extra = row.Env, row.Flags
				if row.Name != row.Mode {
					grid[i].Name = rowName(row.Name, grid, i)
				}
			}
			all = append(all, grid...)
		}
	}
	for _, c := range f.contestants {
		all = append(all, c.config(f.workers, f.downloads, f.perHost))
	}
	return all
}

// rowName returns the name of a row that is no mode: with its widths, if it has several.
func rowName(name string, grid []bench.Config, i int) string {
	if len(grid) == 1 {
		return name
	}
	name += ", " + figure.Count(grid[i].Workers, "worker") + ", " + figure.Count(grid[i].Downloads, "download")
	if grid[i].PerHost > 0 {
		name += fmt.Sprintf(", %d from one host", grid[i].PerHost)
	}
	return name
}

// rowsNamed returns the rows of a contestant in the table of modes.
func rowsNamed(name string) []modes.Row {
	c, _ := modes.ContestantNamed(name)
	return c.Rows
}

// contestantNames are the names that --modes takes.
func contestantNames() (names []string) {
	for _, c := range modes.Contestants() {
		names = append(names, c.Name)
	}
	return names
}

// contestantsList is the table of contestants for the help.
func contestantsList() string {
	var rows []listRow
	for _, c := range modes.Contestants() {
		rows = append(rows, listRow{c.Name, c.Doc})
	}
	return listedRows(rows)
}

// checkContestants looks at the contestants together: each must have a name of its own.
func (f *compareFlags) checkContestants() error {
	for _, c := range f.contestants {
		if err := c.checkWith(f.passed); err != nil {
			return err
		}
	}
	seen := map[string]bool{}
	for _, c := range (bench.Plan{Configs: f.configs(), Stage: f.stage}).Named().Configs {
		if seen[c.Name] {
			return fmt.Errorf("two contestants are called %q: expected another name for one of them", c.Name)
		}
		seen[c.Name] = true
	}
	return nil
}
