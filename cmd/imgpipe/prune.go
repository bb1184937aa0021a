package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/fetch"
	"imgpipe/pipeline/store"
)

func (f *runFlags) addPrune(g flags.Group) {
	g.Add(flags.Flag{Name: "prune", Value: flags.Switch(&f.output.prune),
		Usage: "remove from --output what imgpipe wrote there for files that are gone from the folders of this run, " +
			"and folders that are empty then. What was changed since is kept, and so is what was made of a " +
			"folder that holds nothing at all now, as one does whose disk is away, or lay behind a link " +
			"of --follow. With --dry-run, list it"})
}

// checkPrune looks at the flags together.
func (f *runFlags) checkPrune() error {
	switch {
	case !f.output.prune:
		return nil
	case f.output.inPlace:
		return errors.New("--prune: --in-place has outputs where the inputs were: expected no --prune with it")
	case f.output.remote():
		return errors.New("--prune removes files, and no objects of a bucket: expected a folder for --output")
	case len(folders(f.input.args)) == 0:
		return errors.New("--prune removes the outputs of files that are gone from a folder: " +
			"expected a folder among the inputs")
	}
	return nil
}

// folders returns the arguments that are folders.
func folders(args []string) (all []string) {
	for _, arg := range args {
		if info, err := os.Stat(arg); err == nil && info.IsDir() {
			all = append(all, arg)
		}
	}
	return all
}

// A pruner finds the outputs whose inputs are gone. An input is gone if it lay in a folder that this run lists, and
// nothing has its name there any more: so what other runs, filters and lists leave out is not. Nil is valid and finds
// nothing.
type pruner struct {
	roots  []pruneRoot
	bad    string            // the first entry of the listing that could not be read
	empty  map[string]string // what is wrong with folders that gone has looked at; "" is nothing
	before map[string]string // those of the pass before
}

// A pruneRoot is a folder among the arguments.
type pruneRoot struct {
	named string // as the paths of items begin
	real  string // as those of the ledger begin: absolute, with links followed
	found bool   // an image: a folder without any may be a disk that is not there
}

// pruner returns the pruner of a run.
func (f *runFlags) pruner() *pruner {
	if !f.output.prune {
		return nil
	}
	p := &pruner{empty: map[string]string{}}
	for _, arg := range folders(f.input.args) {
		abs, err := filepath.Abs(arg)
		if err != nil {
			continue
		}
		if real, err := filepath.EvalSymlinks(abs); err == nil {
			p.roots = append(p.roots, pruneRoot{named: abs, real: real})
		}
	}
	return p
}

// after has what the pass before has said not be said again.
func (p *pruner) after(before *pruner) *pruner {
	if p != nil && before != nil {
		p.before = before.empty
	}
	return p
}

// saw notes an item of the listing.
func (p *pruner) saw(item fetch.Item) {
	if p == nil || !item.Local() {
		return
	}
	if item.Err != nil && p.bad == "" {
		p.bad = item.Source
	}
	for i := range p.roots {
		if r := &p.roots[i]; !r.found && item.Err == nil {
			abs, err := filepath.Abs(item.Source)
			r.found = err == nil && within(r.named, abs)
		}
	}
}

// within reports whether a clean absolute path lies in a folder.
func within(folder, path string) bool {
	return strings.HasPrefix(path, strings.TrimSuffix(folder, string(filepath.Separator))+string(filepath.Separator))
}

// gone reports whether an input is gone. It is not if the folder that is left of its path is empty: that is what the
// place of a disk is which is not there.
func (p *pruner) gone(source string) bool {
	for _, r := range p.roots {
		if r.found && within(r.real, source) {
			_, err := os.Lstat(source)
			return errors.Is(err, fs.ErrNotExist) && p.wrongAbove(source) == ""
		}
	}
	return false
}

// wrongAbove returns what is wrong with the nearest folder above a file that is there; "" if nothing is.
func (p *pruner) wrongAbove(source string) string {
	for dir := filepath.Dir(source); ; dir = filepath.Dir(dir) {
		why, known := p.empty[dir]
		if known {
			return why
		}
		switch _, err := os.Lstat(dir); {
		case errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir):
			continue
		case err != nil:
			why = "cannot be looked at"
		default:
			why = wrongWith(dir)
		}
		p.empty[dir] = why
		return why
	}
}

// wrongWith returns why nothing that was in a folder is known to be gone; "" if it is.
func wrongWith(dir string) string {
	d, err := os.Open(dir)
	if err != nil {
		return "cannot be read"
	}
	defer d.Close()
	switch _, err := d.Readdirnames(1); {
	case errors.Is(err, io.EOF):
		return "is empty"
	case err != nil:
		return "cannot be read"
	}
	return ""
}

// partial returns why the listing of the inputs was not whole; "" if it was.
func (p *pruner) partial(err, inputErr error, interrupted string) string {
	switch {
	case interrupted != "":
		return interrupted
	case err != nil || inputErr != nil:
		return "the run did not come to its end"
	case p.bad != "":
		return fmt.Sprintf("the listing of the inputs is not whole: %s cannot be read", summary.Printable(p.bad))
	}
	return ""
}

// strays lists the outputs whose inputs are gone, and calls say with a line for each that would go or stays.
func (p *pruner) strays(ctx context.Context, s *store.Store, verb string, say func(string)) ([]store.Stray, error) {
	strays, err := s.Strays(ctx, p.gone)
	for _, x := range strays {
		path := summary.Printable(filepath.Join(s.Dir(), filepath.FromSlash(x.Path)))
		source := summary.Printable(x.Source)
		switch {
		case x.Keep != "":
			say(fmt.Sprintf("prune: %s stays, as %s; its input %s is gone", path, x.Keep, source))
		case !x.Gone():
			say(fmt.Sprintf("prune: %s %s: its input %s is gone", path, verb, source))
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(p.empty)) {
		if why := p.empty[dir]; why != "" && why != p.before[dir] {
			say(fmt.Sprintf("prune: %s %s: the outputs of what was there stay; without that folder they go",
				summary.Printable(dir), why))
		}
	}
	return strays, err
}

// prune removes the outputs whose inputs are gone, at the end of a run that has seen all its inputs.
func (r *runner) prune(end *ending) error {
	p := r.strays
	if p == nil {
		return nil
	}
	if why := p.partial(end.err, end.in.err, end.interrupted); why != "" {
		r.screen.say("note: --prune removed nothing: %s", why)
		return nil
	}
	ctx := r.stop.ctx
	strays, err := p.strays(ctx, r.store, "goes", func(line string) { r.screen.say("%s", line) })
	for _, x := range strays {
		if err != nil || ctx.Err() != nil {
			break
		}
		var gone bool
		gone, err = r.store.Prune(ctx, x)
		switch {
		case gone && !x.Gone():
			r.sum.Pruned++
		case !gone:
			r.sum.PruneKept++
		}
	}
	if err == nil {
		err = ctx.Err()
	}
	if err = errors.Join(err, r.store.Flush()); err != nil {
		return fmt.Errorf("--prune: %w", err)
	}
	return nil
}

// pruneDry lists what a run would remove.
func (d *dry) pruneDry(ctx context.Context, err, inputErr error) error {
	p := d.strays
	if p == nil {
		return nil
	}
	if why := p.partial(err, inputErr, ""); why != "" {
		fmt.Fprintf(d.stdout, "prune: nothing would be removed: %s\n", why)
		return nil
	}
	_, err = p.strays(ctx, d.store, "would go", func(line string) { fmt.Fprintln(d.stdout, line) })
	return err
}
