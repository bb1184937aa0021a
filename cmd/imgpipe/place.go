package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/procs"
	"imgpipe/pipeline/store"
	"imgpipe/transform"
)

// An archive is the pipeline's Store: it names items with a Namer, keeps their outputs in a store.Store, and writes the ledger.
type archive struct {
	store *store.Store
	namer *store.Namer
	spec  transform.Spec
	text  string // of spec
	// onExist says what becomes of files that are not ours.
	onExist store.OnExist
	// retry leaves out all but what failed before.
	retry bool
	// skipFailed leaves out what failed before.
	skipFailed bool
	// force leaves out nothing.
	force bool
	// refuseDamaged does not leave out what was done before and is damaged.
	refuseDamaged bool
	known         identities
	// tree is the output folder.
	tree *store.Tree
	// alone does what may have killed an earlier run.
	alone *procs.Apart
	// aside counts the items to do that got another name because another input's picture has theirs, and asideName is
	// that of the first.
	aside     int
	asideName string
	// damaged counts the items that an earlier run did, damaged as they are, and that are to be done again because of
	// refuseDamaged; damagedSource is the first.
	damaged       int
	damagedSource string
}

// A place is where one item goes.
type place struct {
	in   *archive
	key  store.Key
	name store.Name
	skip string
	// suspect says that the item may have killed an earlier run.
	suspect bool
	// damaged says that an earlier run did the item, which is damaged, and that it is to be done again for that.
	damaged bool
	// lasting is the class of the failure that skip is for, where it lasts.
	lasting string
	flight  store.Flight // between Begin and End
}

func (a *archive) Plan(item fetch.Item) (pipeline.Place, error) {
	p, err := a.plan(item)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (a *archive) plan(item fetch.Item) (*place, error) {
	format := a.format(item)
	key := a.key(item, "")
	name, err := a.namer.Plan(store.Source{
		Index: item.Index, Source: item.Source, URL: item.URL, ID: key.Source, Given: key.Given, Dir: item.Dir, Format: format,
	})
	if a.onExist == store.Skip && pipeline.ClassOf(err) == store.ClassNameTaken {
		return &place{in: a, key: key, skip: "another input's picture has its name"}, nil
	}
	if err != nil {
		return nil, err
	}
	if a.onExist == store.Overwrite && !item.URL {
		if _, inside := a.tree.Rel(item.Source); inside {
			return nil, &store.Error{Kind: store.ClassOutputIsInput, Doing: "plan " + name.String(),
				Err: errors.New("the input lies in the output folder, where --on-exist overwrite may replace it")}
		}
	}
	key.Name = name.String()
	p := &place{in: a, key: key, name: name}
	e, done := a.store.Done(p.key)
	p.damaged = done && e.Damaged && a.refuseDamaged
	if done && !p.damaged && !(a.onExist == store.Overwrite && e.Status == store.Skipped) {
		p.skip = "done before"
	} else if a.onExist == store.Skip && a.present(name, format) {
		p.skip = "files that are not ours have its names"
	} else {
		p.skip, p.lasting = a.leftOut(p.key)
	}
	p.suspect = p.skip == "" && a.suspect(p.key)
	if p.damaged = p.damaged && p.skip == ""; p.damaged {
		if a.damaged++; a.damaged == 1 {
			a.damagedSource = summary.Printable(fetch.Redact(item.Source))
		}
	}
	if p.skip == "" && name.Aside() {
		if a.aside++; a.aside == 1 {
			a.asideName = fmt.Sprintf("%s for %s", p.shown(format)[0], summary.Printable(fetch.Redact(item.Source)))
		}
	}
	return p, nil
}

// asideNote says how many items got another name because of what earlier runs wrote; "" for none.
func (a *archive) asideNote() string {
	if a.aside == 0 {
		return ""
	}
	return fmt.Sprintf("note: another input's picture has the name, so the next free one is taken: %d, such as %s",
		a.aside, a.asideName)
}

// damagedNote says how many items are done again because an earlier run took them damaged as they are; "" for none. What
// it made of them stays ours, and stays where it is, as whenever an item that was done fails when it is done again.
func (a *archive) damagedNote() string {
	if a.damaged == 0 {
		return ""
	}
	return fmt.Sprintf("note: damaged images that an earlier run kept are tried again, "+
		"and the pictures of those that fail stay: %d, such as %s", a.damaged, a.damagedSource)
}

// leftOut says why an item is not to be tried, as flags and its class tell of what failed before; "" where it is. If it
// is left out because its failure lasts, class is that of the failure.
func (a *archive) leftOut(key store.Key) (why, class string) {
	if a.force {
		return "", ""
	}
	last, known := a.store.Last(key)
	switch failed := known && last.Status == store.Failed; {
	case a.retry && !failed:
		return "has not failed before", ""
	case a.skipFailed && failed:
		return "failed before", ""
	case !a.retry && failed && pipeline.ClassNamed(last.Class).Lasts:
		return "failed before: " + last.Class, last.Class
	}
	return "", ""
}

// Refuse leaves out what is no input, such as a file that is not there, as Plan does what is. It has no name, and no
// failure of it lasts.
func (a *archive) Refuse(item fetch.Item) (why string, skip bool) {
	why, _ = a.leftOut(a.key(item, ""))
	return why, why != ""
}

// present reports whether all outputs have files already, so that nothing need be fetched.
func (a *archive) present(name store.Name, format transform.Format) bool {
	_, all := a.store.Present(name, format)
	return all
}

func (a *archive) key(item fetch.Item, name string) store.Key {
	k := store.Key{Source: fetch.Redact(item.Source), Size: item.Size, ModTime: item.ModTime, Spec: a.text, Name: name}
	if id, _ := a.identify(item); id != k.Source {
		k.Source, k.Given = id, k.Source
	}
	return k
}

// heads is how many of the first bytes of local files the plan of a run wants: those that tell the format, where that
// names the outputs.
func (a *archive) heads() int {
	if a.spec.Format != "" {
		return 0
	}
	return 64
}

// format is that of the item's outputs, where it can be known before the item is fetched: it is asked for, or the first bytes of a
// local file tell. Names must not depend on what comes later.
func (a *archive) format(item fetch.Item) transform.Format {
	if a.spec.Format != "" || len(item.Head) == 0 {
		return a.spec.Format
	}
	found := transform.Sniff(item.Head) // a few bytes at fixed places: in mode processes, too, they are looked at here
	if found == transform.WebP {
		return "" // whether it is transparent decides, and is not always told so early
	}
	return found
}

func (p *place) Skip() (string, bool) { return p.skip, p.skip != "" }

func (p *place) Put(r transform.Result) ([]pipeline.Output, error) {
	kept, err := p.in.store.Put(p.name, r.Outputs...)
	outputs := make([]pipeline.Output, len(kept))
	for i, o := range kept {
		outputs[i] = pipeline.Output{Path: o.Path, Format: o.Format, Width: o.Width, Height: o.Height, Bytes: o.Bytes, SHA256: o.SHA256, Kept: o.Kept}
	}
	return outputs, err
}

// record writes the line of an outcome into the ledger. What was skipped because of an earlier line has that line, and what was
// interrupted has not ended.
func (a *archive) record(o pipeline.Outcome) error {
	if o.Status == pipeline.Interrupted || o.Status == pipeline.Skipped && len(o.Outputs) == 0 {
		return nil
	}
	key := a.key(o.Item, "")
	if p, ok := o.Place.(*place); ok {
		key = p.key
	}
	e := store.Entry{
		Status:   store.Status(o.Status),
		Source:   key.Source,
		Name:     key.Name,
		Size:     o.Item.Size,
		ModTime:  o.Item.ModTime,
		Spec:     a.text,
		Class:    o.Class,
		Warnings: o.Warnings,
		Damaged:  o.Damaged,
		Attempts: max(o.Fetches, 1) + max(o.Cost.Attempts, 1) - 1,
		Worker:   o.Cost.Worker,
		InBytes:  o.BytesIn,
		Time:     time.Now(),
	}
	for _, out := range o.Outputs {
		e.Outputs = append(e.Outputs, store.Output{
			Path: out.Path, Bytes: out.Bytes, Width: out.Width, Height: out.Height, SHA256: out.SHA256, Format: out.Format, Kept: out.Kept,
		})
	}
	if o.Err != nil {
		e.Error = o.Err.Error()
		var known *transform.Error
		if errors.As(o.Err, &known) {
			e.Stack = string(known.Stack)
		}
	}
	stage := func(names ...pipeline.Stage) float64 {
		var took time.Duration
		for _, s := range o.Spans {
			if slices.Contains(names, s.Stage) {
				took += s.End - s.Start
			}
		}
		return store.Milliseconds(took)
	}
	e.MS = store.Stages{
		Fetch:    stage(pipeline.StageFetch),
		Wait:     stage(pipeline.StageQueue, pipeline.StageMemory, pipeline.StageLock),
		Decode:   stage(pipeline.StageDecode),
		Operate:  stage(pipeline.StageOperate),
		Encode:   stage(pipeline.StageEncode),
		Handover: stage(pipeline.StageHandover),
		Start:    stage(pipeline.StageStart),
		Store:    stage(pipeline.StageStore),
	}
	return a.store.Append(e)
}

// dryStore answers a dry run: the plan is made as it would be, and everything is skipped.
type dryStore struct {
	*archive
	tell func(item fetch.Item, p *place)
}

func (d dryStore) Plan(item fetch.Item) (pipeline.Place, error) {
	p, err := d.plan(item)
	if err != nil {
		return nil, err
	}
	d.tell(item, p)
	p.skip = "dry run"
	return p, nil
}
