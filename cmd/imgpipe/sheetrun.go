package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/sheet"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
)

// A drawing is one run of imgpipe sheet.
type drawing struct {
	*sheetFlags
	stop   *stopper
	inputs fetch.Inputs
	can    capacity
	screen *screen
	// inputFiles are the files that are read, if a page may take the place of a file.
	inputFiles *store.FileSet
}

// draw is imgpipe sheet, once its flags have been checked.
func (f *sheetFlags) draw(stop *stopper, stdin io.Reader, stdout, stderr io.Writer) (err error) {
	var own owner
	defer func() { err = errors.Join(err, asCouldNotRun(own.close())) }()
	d := &drawing{sheetFlags: f, stop: stop, inputs: f.run.inputs(stdin)}
	usage := func(err error) error { return exitError{exitUsage, err} }
	options := f.options()
	if err := options.Check(); err != nil {
		return usage(fmt.Errorf("%w: expected fewer or smaller cells", err))
	}
	memory := f.run.exec.budget() - options.Need()
	if memory < f.run.exec.budget()/4 {
		return usage(fmt.Errorf("pages of %s pixels need %s of memory, of a budget of %s: expected fewer or smaller "+
			"cells, or --memory of at least %s", formatCell(options.Layout.Size()), summary.Bytes(options.Need()),
			summary.Bytes(f.run.exec.budget()), summary.Bytes(options.Need()*4/3+1<<20)))
	}
	if err := d.inputs.Check(stop.ctx); err != nil {
		return usage(err)
	}
	if err := d.look(); err != nil {
		return usage(err)
	}
	if f.run.dry {
		return d.plan(options, stdout)
	}
	if d.can, err = f.run.exec.capacity(); err != nil {
		return exitError{exitCouldNotRun, err}
	}
	d.screen = newScreen(stderr, f.run.tell.progress, f.run.tell.quiet)
	own.undo(d.screen.close)
	return d.lay(options, memory, &own)
}

// look refuses a sheet that is there, and one that is an input.
func (d *drawing) look() error {
	for _, number := range []int{0, 1} {
		name := d.page(number)
		if _, err := os.Lstat(name); err == nil && d.replace == replaceNone {
			return d.there(name)
		}
	}
	if _, err := os.Stat(filepath.Dir(d.output)); err != nil {
		return fmt.Errorf("--output %q: the folder %q is not there", d.output, filepath.Dir(d.output))
	}
	if d.replace == replaceNone {
		return nil
	}
	d.inputFiles = &store.FileSet{}
	for item, err := range withLeftOut(d.inputs, d.inputFiles.Add).Items(d.stop.ctx) {
		if err == nil && item.Err == nil && item.Local() {
			d.inputFiles.Add(item.Source)
		}
	}
	return d.mayReplace(d.page(0))
}

func (d *drawing) there(name string) error {
	return fmt.Errorf("--output %q: %s is there already: expected another name, or --on-exist overwrite",
		d.output, name)
}

// mayReplace returns an error if a page may not have a name because an input has it.
func (d *drawing) mayReplace(name string) error {
	if d.inputFiles.Has(name) {
		return fmt.Errorf("--output %q: %s is an input, and originals are never written over: expected another file",
			d.output, name)
	}
	return nil
}

// page returns the name of a page, as sheet numbers them.
func (d *drawing) page(number int) string {
	if number == 0 {
		return d.output
	}
	ext := filepath.Ext(d.output)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(d.output, ext), number, ext)
}

// plan says which pages there would be.
func (d *drawing) plan(o sheet.Options, stdout io.Writer) error {
	in := newIntake(d.stop.ctx, d.inputs, 0)
	defer in.close()
	cells := 0
	for range in.items() {
		cells++
	}
	per, only := o.Layout.PerPage(), cells <= o.Layout.PerPage()
	for first := 0; first < cells; first += per {
		n, number := min(per, cells-first), first/per+1
		if only {
			number = 0
		}
		fmt.Fprintln(stdout, d.pageLine(number, n, o.Layout.Cut(n, only).Size()))
	}
	if in.err != nil {
		return exitError{exitCouldNotRun, in.err}
	}
	return nil
}

// lay draws the sheet. memory is for the pictures.
func (d *drawing) lay(o sheet.Options, memory int64, own *owner) error {
	f := d.sheetFlags.run
	ctx, cancel := context.WithCancel(d.stop.ctx)
	defer cancel()
	exec, err := f.exec.executor(d.can.workers, d.chose)
	if err != nil {
		return exitError{exitCouldNotRun, f.hinted(err)}
	}
	own.undo(func() { exec.Close() })
	fetching := f.download.options(d.can.idle, exec.pool)
	fetching.Sources = d.inputs.Sources
	client := fetch.New(fetching)
	own.undo(client.Close)
	in := newIntake(ctx, d.inputs, 0)
	defer in.close()

	o.Write, o.Wrote = d.write, d.wrote
	pages := sheet.New(ctx, o)
	stopping := make(chan struct{})
	d.stop.work(sync.OnceFunc(func() {
		close(stopping)
		go func() { // what reads stderr may have stopped reading
			d.screen.end()
			d.screen.say("stopping: finishing what is under way; Ctrl-C, or another signal, stops at once")
		}()
	}))
	spec := o.Cells()
	spec.RawPreview = f.picture.rawPreview
	totals, err := pipeline.Run(ctx, in.items(), pipeline.Options{
		Fetcher: client, Executor: exec, Store: pages, Spec: spec, Limits: f.limits.options(),
		Sequential: f.exec.mode == modes.Serial, Downloads: d.can.downloads, MostDownloads: d.can.mostDownloads,
		Memory: memory, ItemTimeout: f.limits.perItem(),
		MaxFailures: f.limits.maxFailures.Count, MaxFailureShare: f.limits.maxFailures.Share,
		Stop: stopping, Stopping: func() {
			in.close()
			select {
			case <-stopping: // who asked can ask again, or has its own grace
				client.Finish()
			default:
				client.FinishWithin(grace)
			}
		},
	}, d.screen.outcome)
	d.stop.settle()
	interrupted := d.stop.asked()
	whole := err == nil && in.err == nil && interrupted == "" && totals.Interrupted == 0
	if closed := pages.Close(whole); err == nil {
		err = closed
	}
	for _, note := range in.notes() {
		d.screen.say("%s", note)
	}
	d.screen.close()
	if interrupted != "" {
		return exitError{exitInterrupted, errors.New(interrupted + "; pages that were not complete are not written")}
	}
	return f.verdict(err, in.err, totals, "")
}

// chose is called with what --mode auto has found.
func (d *drawing) chose(c pipeline.Choice) {
	mode := modes.Goroutines
	if c.Second {
		mode = modes.Processes
	}
	d.screen.say("auto: --mode %s: %s", mode, tried(c))
}

// wrote says that a page is there.
func (d *drawing) wrote(number, cells int, size image.Point) {
	d.screen.say("%s", d.pageLine(number, cells, size))
}

// pageLine returns the line about a page.
func (d *drawing) pageLine(number, cells int, size image.Point) string {
	pictures := "1 picture"
	if cells > 1 {
		pictures = fmt.Sprintf("%d pictures", cells)
	}
	return fmt.Sprintf("%s: %s, %s pixels", summary.Printable(d.page(number)), pictures, formatCell(size))
}

// write keeps a page: whole under its name, or not at all.
func (d *drawing) write(number int, file []byte) error {
	name := d.page(number)
	failed := func(err error) error {
		if p, ok := errors.AsType[*fs.PathError](err); ok {
			err = p.Err
		}
		return fmt.Errorf("write %s: %w", name, err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return failed(err)
	}
	defer os.Remove(tmp.Name()) // without effect once it is renamed
	_, err = tmp.Write(file)
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if closed := tmp.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return failed(err)
	}
	if d.replace == replaceAll {
		if err := d.mayReplace(name); err != nil {
			return err
		}
		if err := os.Rename(tmp.Name(), name); err != nil {
			return failed(err)
		}
		return nil
	}
	// A link fails if the name is taken, whoever took it meanwhile.
	switch err := os.Link(tmp.Name(), name); {
	case errors.Is(err, fs.ErrExist):
		return d.there(name)
	case err == nil:
		return nil
	}
	hold, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) // on systems without links
	if errors.Is(err, fs.ErrExist) {
		return d.there(name)
	}
	if err != nil {
		return failed(err)
	}
	hold.Close()
	if err := os.Rename(tmp.Name(), name); err != nil {
		return failed(err)
	}
	return nil
}
