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

// dryRun tells what would be written where, and with --explain, of each image on this machine, the way that its pixels would go and why.
func dryRun(ctx context.Context, f *runFlags, inputs fetch.Inputs, arc *archive, stdout, stderr io.Writer) error {
	todo, before, refused, standing := 0, 0, 0, 0
	client := fetch.New(f.client(nil))
	defer client.Close()
	tell := func(item fetch.Item, p *place) {
		if p.skip != "" {
			before++
			fmt.Fprintf(stdout, "%s: skipped: %s\n", summary.Printable(fetch.Redact(item.Source)), p.skip)
			return
		}
		for _, name := range p.shown(arc.format(item)) {
			fmt.Fprintf(stdout, "%s -> %s\n", summary.Printable(fetch.Redact(item.Source)), name)
		}
		if file, ok := arc.store.Standing(p.name, arc.format(item)); ok {
			standing++
			fmt.Fprintf(stdout, "  %s is there, not as imgpipe wrote it: %s\n", summary.Printable(file), arc.fate())
		}
		steps := ""
		var err error
		if f.explain && item.Local() {
			steps, err = explanation(ctx, client, item, arc.spec, f)
		}
		if p.damaged && err == nil {
			err = errors.New("it is damaged, and an earlier run kept it: --damaged fail does not")
		}
		if err == nil {
			todo++
		} else {
			refused++
			steps = "refused: " + err.Error()
		}
		for line := range strings.Lines(steps) {
			fmt.Fprintf(stdout, "  %s\n", summary.Printable(strings.TrimSuffix(line, "\n")))
		}
	}
	var left lastingCount
	in := newIntake(ctx, inputs, arc.heads())
	in.ours = arc.wrote
	totals, err := pipeline.Run(ctx, in.items(), pipeline.Options{Store: dryStore{arc, tell}, Executor: nullExecutor(1), Sequential: true}, func(o pipeline.Outcome) {
		if unheard(stdout) {
			in.close()
		}
		left.add(o)
		if o.Status == pipeline.Failed {
			fmt.Fprintln(stderr, failLine(o))
		}
	})
	totals.Failed += refused
	if !f.quiet && !unheard(stdout) { // else these are not all
		for _, note := range append(in.notes(), arc.asideNote(), arc.damagedNote()) {
			if note != "" {
				fmt.Fprintln(stderr, note)
			}
		}
		fmt.Fprintf(stderr, "imgpipe: %s to %s: %s\n%d to do, %d skipped, %d would fail; nothing was fetched or written\n",
			f.shownInput(), f.shownOutput(), f.plan(arc.text), todo, before, totals.Failed)
	}
	if standing > 0 && !f.quiet && !unheard(stdout) {
		fmt.Fprintf(stderr, "note: files in the way that are not as imgpipe wrote them, in %s: %d\n",
			f.shownOutput(), standing)
	}
	left.say(stderr)
	totals.Failed += left.count // as the run would end
	return f.verdict(err, in.err, totals, "")
}

// fate says what would become of a file that is not ours and has an output's name.
func (a *archive) fate() string {
	switch a.onExist {
	case store.Overwrite:
		return "it would be replaced, unless it is an input"
	case store.Skip:
		return "it would be kept, and the output left out"
	}
	return "it would be kept, and the input fail unless this is its picture"
}

// explanation returns the steps that an image would take; its error says why it would be refused.
func explanation(ctx context.Context, client *fetch.Client, item fetch.Item, spec transform.Spec, f *runFlags) (string, error) {
	if item.Size > f.maxBytes {
		return "", fmt.Errorf("it has %d bytes: expected at most %d, see --max-bytes", item.Size, f.maxBytes)
	}
	body, err := client.Fetch(ctx, item, nil)
	if err != nil {
		return "", err
	}
	defer body.Release()
	header, err := transform.ReadHeader(body.Data)
	if err != nil {
		return "", err
	}
	return spec.Explain(header, f.limits())
}

// shown returns the names of an item's outputs as far as they are known: {ext}, {w} and {h} may stand in them.
func (p *place) shown(format transform.Format) (names []string) {
	for _, v := range p.in.spec.Variants() {
		name := strings.ReplaceAll(p.name.String(), "{size}", v.Label)
		if format != "" {
			name = strings.ReplaceAll(name, "{ext}", format.Ext())
		}
		names = append(names, name)
	}
	return names
}
