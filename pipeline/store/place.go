package store

import (
	"errors"
	"slices"
	"strings"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// A Store is more than pipeline.Store asks for.
var (
	_ pipeline.Store    = (*Store)(nil)
	_ pipeline.Recorder = (*Store)(nil)
	_ pipeline.Shelver  = (*Store)(nil)
	_ pipeline.Guard    = (*place)(nil)
	_ pipeline.Dated    = (*place)(nil)
)

// A place is where one item goes.
type place struct {
	in   *Store
	key  Key
	name Name
	skip pipeline.Skip
	// suspect reports that the item may have killed an earlier run.
	suspect bool
	// damaged reports that an earlier run did the item, which is damaged, and that it is to be done again for that.
	damaged bool
	flight  Flight // between Begin and End
	// swap is the input whose place the output takes; nil unless Options.InPlace is set and it is to be done.
	swap *swap
	// modified is when what was fetched was changed last; zero if that is not known.
	modified time.Time
}

// skipped is Skip of what may be nil.
func (p *place) skipped() pipeline.Skip {
	if p == nil {
		return pipeline.Skip{}
	}
	return p.skip
}

// Skip returns why nothing is to be done.
func (p *place) Skip() pipeline.Skip { return p.skip }

// Begin has the next run know what was under way if this one dies of it. A suspect is done apart and kills nobody.
func (p *place) Begin() (apart bool, err error) {
	if !p.suspect {
		p.flight, err = p.in.Begin(p.key)
	}
	return p.suspect, err
}

// End leaves under way what was given up and may still be at work.
func (p *place) End(abandoned bool) {
	if !p.suspect && !abandoned {
		p.in.End(p.flight)
	}
}

// Modified notes when what was fetched was changed last.
func (p *place) Modified(at time.Time) { p.modified = at }

// Put keeps the outputs of r.
func (p *place) Put(r transform.Result) ([]pipeline.Output, error) {
	if p.swap != nil {
		return p.putSwap(r)
	}
	return p.in.put(p.name.of(r), p.modified, r.Outputs)
}

// names returns the names of an item's outputs, which for each size are of these formats, as far as they are known:
// {ext}, {w}, {date}
// and the like may stand in them. It has each name once.
func (p *place) names(list []transform.Format) (names []string) {
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, label := range p.in.opts.Spec.Labels() {
		name := p.name.fill(inName(label), "{ext}", "{w}", "{h}")
		if len(list) == 0 {
			add(name)
		}
		for _, f := range list {
			add(strings.ReplaceAll(name, "{ext}", f.Ext()))
		}
	}
	return names
}

// Shelve appends to dst what Unshelve needs: the name, and whether the item is a suspect, are all that cannot be found
// again. It is for items that wait for a slow host.
func (s *Store) Shelve(dst []byte, planned pipeline.Place) ([]byte, bool) {
	p, ok := planned.(*place)
	if !ok || p.skip.Why != "" {
		return dst, false
	}
	suspect := byte(0)
	if p.suspect {
		suspect = 1
	}
	dst, err := p.name.AppendText(append(dst, suspect))
	return dst, err == nil
}

// Unshelve returns the Place of item again, from what Shelve wrote.
func (s *Store) Unshelve(item fetch.Item, b []byte) (pipeline.Place, error) {
	if len(b) == 0 {
		return nil, errors.New("the bytes are not those of a plan")
	}
	var name Name
	if err := name.UnmarshalText(b[1:]); err != nil {
		return nil, err
	}
	return &place{in: s, key: s.key(item, name.String()), name: name, suspect: b[0] == 1}, nil
}

// Record writes the line of an outcome into the ledger. An item that was skipped because of an earlier line has that
// line, and one that was interrupted has not ended: neither gets another. The error is that of Append.
func (s *Store) Record(o pipeline.Outcome) error {
	if o.Status == pipeline.Interrupted || o.Status == pipeline.Skipped && len(o.Outputs) == 0 {
		return nil
	}
	key := Key{}
	if p, ok := o.Place.(*place); ok {
		key = p.key
	} else { // it could not be planned
		key = s.key(o.Item, "")
	}
	e := Entry{
		Status:   o.Status,
		Source:   key.Source,
		Name:     key.Name,
		Outputs:  o.Outputs,
		Size:     o.Item.Size,
		ModTime:  o.Item.ModTime,
		Version:  o.Item.Version,
		Spec:     s.text,
		Class:    o.Class,
		Warnings: o.Warnings,
		Damaged:  o.Damaged,
		Swatch:   o.Swatch,
		Attempts: max(o.Fetches, 1) + max(o.Cost.Attempts, 1) - 1,
		Worker:   o.Cost.Worker,
		InBytes:  o.BytesIn,
		MS:       stagesOf(o.Spans),
		Time:     time.Now(),

		Row: o.Item.Row, Columns: o.Item.Columns, SourceSHA256: o.SHA256,
	}
	if o.Err != nil {
		e.Error = o.Err.Error()
		if known, ok := errors.AsType[*transform.Error](o.Err); ok {
			e.Stack = string(known.Stack)
		}
	}
	return s.Append(e)
}

// A Ref is where the ledger has a line.
type Ref int64

// Recorded returns where the last line of a planned item is: once its outcome was recorded or, if it was skipped, that
// of an earlier run. It reports whether there is one. It costs 1 µs.
func (s *Store) Recorded(planned pipeline.Place) (Ref, bool) {
	p, ok := planned.(*place)
	if !ok {
		return 0, false
	}
	ref, _, ok := s.ref(p.key)
	return Ref(ref.at()), ok
}

// Entry reads a line of the ledger. It costs 20 µs.
func (s *Store) Entry(r Ref) (Entry, error) { return s.readLine(int64(r)) }

// stagesOf returns where the time of an item went, as a line has it.
func stagesOf(spans []pipeline.Span) Stages {
	took := func(stages ...pipeline.Stage) float64 {
		var sum time.Duration
		for _, s := range spans {
			if slices.Contains(stages, s.Stage) {
				sum += s.End - s.Start
			}
		}
		return Milliseconds(sum)
	}
	return Stages{
		Fetch:    took(pipeline.StageFetch),
		Wait:     took(pipeline.StageQueue, pipeline.StageMemory, pipeline.StageLock),
		Decode:   took(pipeline.StageDecode),
		Operate:  took(pipeline.StageOperate),
		Encode:   took(pipeline.StageEncode),
		Handover: took(pipeline.StageHandover),
		Start:    took(pipeline.StageStart),
		Store:    took(pipeline.StageStore),
	}
}
