package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
	"imgpipe/transform"
)

// A dry is a dry run: it says what would be written where, and with --explain, of each image on this machine, the way
// that its pixels would go and why.
type dry struct {
	*prepared
	client *fetch.Client
	stdout io.Writer

	todo, before, refused, standing int
}

// dryRun is a run that fetches and writes nothing.
func dryRun(ctx context.Context, p *prepared, stdout, stderr io.Writer) error {
	f := p.flags
	d := &dry{prepared: p, client: fetch.New(p.fetching(nil)), stdout: stdout}
	defer d.client.Close()
	var left lastingCount
	in := newIntake(ctx, p.inputs, p.store.Heads())
	in.ours, in.part, in.pass = p.store.Wrote, f.input.part, p.store.Pass
	options := pipeline.Options{Store: dryStore{ctx, d}, Executor: nullExecutor(1), Sequential: true}
	totals, err := pipeline.Run(ctx, in.items(), options, func(o pipeline.Outcome) {
		if unheard(stdout) {
			in.close()
		}
		left.add(o)
		d.strays.saw(o.Item)
		if o.Status == pipeline.Failed {
			fmt.Fprintln(stderr, failLine(o))
		}
	})
	totals.Failed += d.refused
	if err := d.pruneDry(ctx, err, in.err); err != nil {
		return exitError{exitCouldNotRun, err}
	}
	if !f.tell.quiet && !unheard(stdout) { // else these are not all
		for _, note := range append(in.notes(), plannedNotes(p.store.Planned())...) {
			fmt.Fprintln(stderr, note)
		}
		fmt.Fprintf(stderr, "imgpipe: %s %s: %s\n"+
			"%d to do, %d skipped, %d would fail; nothing was fetched or written\n",
			f.input.shown(), f.output.where(), f.plan(p.can, p.store.Spec().String()), d.todo, d.before, totals.Failed)
	}
	if idle := f.idle(); idle != "" && !f.tell.quiet && !unheard(stdout) {
		fmt.Fprintf(stderr, "note: %s\n", idle)
	}
	if d.standing > 0 && !f.tell.quiet && !unheard(stdout) {
		fmt.Fprintf(stderr, "note: files in the way that are not as imgpipe wrote them, in %s: %d\n",
			f.output.shown(), d.standing)
	}
	left.say(stderr)
	totals.Failed += left.count // as the run would end
	return f.verdict(err, in.err, totals, "")
}

// say says what would become of an item.
func (d *dry) say(ctx context.Context, item fetch.Item, v store.Preview) {
	source := summary.Printable(fetch.Redact(item.Source))
	if v.Skip.Why != "" {
		d.before++
		fmt.Fprintf(d.stdout, "%s: skipped: %s\n", source, v.Skip.Why)
		return
	}
	for _, name := range v.Names {
		fmt.Fprintf(d.stdout, "%s -> %s\n", source, summary.Printable(name))
	}
	if v.Backup != "" {
		fmt.Fprintf(d.stdout, "  its original would be kept as %s\n",
			summary.Printable(d.flags.output.keptAt(v.Backup)))
	}
	if v.Standing != "" {
		d.standing++
		fmt.Fprintf(d.stdout, "  %s is there, not as imgpipe wrote it: %s\n",
			summary.Printable(v.Standing), fate(d.flags.output.onExist))
	}
	steps := ""
	var err error
	if d.flags.explain && item.Local() {
		steps, err = d.explanation(ctx, item)
	}
	if v.Damaged && err == nil {
		err = errors.New("it is damaged, and an earlier run kept it: --damaged fail does not")
	}
	if err == nil {
		d.todo++
	} else {
		d.refused++
		steps = "refused: " + err.Error()
	}
	for line := range strings.Lines(steps) {
		fmt.Fprintf(d.stdout, "  %s\n", summary.Printable(strings.TrimSuffix(line, "\n")))
	}
}

// explanation returns the steps that an image would take; its error says why it would be refused.
func (d *dry) explanation(ctx context.Context, item fetch.Item) (string, error) {
	f := d.flags
	if item.Size > f.download.maxBytes {
		return "", fmt.Errorf("it has %d bytes: expected at most %d, see --max-bytes", item.Size, f.download.maxBytes)
	}
	body, err := d.client.Fetch(ctx, item, nil)
	if err != nil {
		return "", err
	}
	defer body.Release()
	header, err := d.store.Spec().ReadHeader(body.Data)
	if err != nil {
		return "", err
	}
	return d.store.Spec().Explain(header, f.limits.options())
}

// A dryStore plans as the run would, says so, and has everything skipped.
type dryStore struct {
	ctx context.Context
	*dry
}

// Plan says what would become of an item. One that cannot be read fails by itself, unless the store skips it.
func (d dryStore) Plan(item fetch.Item) (pipeline.Place, error) {
	v, err := d.store.Preview(item)
	if err != nil {
		return nil, err
	}
	if item.Err != nil {
		return unwritten(v.Skip), nil
	}
	d.say(d.ctx, item, v)
	return unwritten{Why: "dry run", Class: v.Skip.Class}, nil
}

// An unwritten place is why nothing is put there.
type unwritten pipeline.Skip

// Skip returns it.
func (u unwritten) Skip() pipeline.Skip { return pipeline.Skip(u) }

// Put is not called for what is skipped.
func (u unwritten) Put(transform.Result) ([]pipeline.Output, error) {
	return nil, errors.New("this is a dry run")
}
