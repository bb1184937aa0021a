package store

import (
	"errors"
	"slices"
	"sync"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// An archive is what makes a Store a pipeline.Store: the plan of a run.
type archive struct {
	namer *Namer
	text  string // of Options.Spec

	known identities
	met   map[uint64]struct{} // the sourceHash of each item, with Options.Unique

	planning sync.Mutex
	planned  Planned
}

// Planned counts what Plan has met that a person may want to hear of.
type Planned struct {
	// Aside are the items to do that got another name, because another input's picture has theirs.
	Aside Met
	// Damaged are the items to do that an earlier run did, damaged as they are, and that are done again because of
	// Options.RefuseDamaged. What the earlier run made of them stays ours and stays where it is, also if they fail.
	Damaged Met
	// Made are the inputs that an earlier run made in place with another Spec. Their originals are kept, and only
	// those are processed again.
	Made Met
}

// Met is how many items of a kind there were, and the first of them. The zero value means none.
type Met struct {
	Count int
	// Source is that of the first, without secrets, and Name the name of its first output, as [Preview] has it.
	Source, Name string
}

func (m *Met) add(item fetch.Item, name string) {
	if m.Count++; m.Count == 1 {
		m.Source, m.Name = fetch.Redact(item.Source), name
	}
}

// Planned returns the counts so far. It may be called at any time.
func (s *Store) Planned() Planned {
	s.planning.Lock()
	defer s.planning.Unlock()
	return s.planned
}

// Plan names an item and decides whether it is done, as the ledger and Options say: see [pipeline.Store]. The Place is
// a [pipeline.Guard]. It has an item done apart if the item is a suspect, which may have killed an earlier run.
//
// Plan skips what is done, what Options leave out, and what failed before in a way that lasts (pipeline.Class.Lasts).
// Items must come in the order of the input, each once, and from one goroutine.
func (s *Store) Plan(item fetch.Item) (pipeline.Place, error) {
	p, err := s.plan(item)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (s *Store) plan(item fetch.Item) (*place, error) {
	if s.swaps != nil {
		return s.planInPlace(item)
	}
	if item.Err != nil { // it has no name
		key := s.key(item, "")
		why, _ := s.leftOut(key) // no failure of it lasts: a file that was not there may come
		return &place{in: s, key: key, skip: pipeline.Skip{Why: why}}, nil
	}
	formats := s.formatsOf(item)
	key := s.key(item, "")
	if s.again(key) {
		return &place{in: s, key: key, skip: pipeline.Skip{Why: "an earlier input is the same"}}, nil
	}
	name, err := s.namer.Plan(Subject{Item: item, ID: key.Source, Given: key.Given, Formats: formats})
	if s.opts.OnExist == Skip && pipeline.ClassOf(err) == pipeline.ClassNameTaken {
		return &place{in: s, key: key, skip: pipeline.Skip{Why: "another input's picture has its name"}}, nil
	}
	if err != nil {
		return nil, err
	}
	if s.opts.OnExist == Overwrite && s.opts.Files == nil && item.Local() {
		// A courtesy, before anything is fetched: what guarantees that no original is replaced is look.
		if _, inside := s.tree.Rel(item.Source); inside {
			return nil, &Error{Kind: pipeline.ClassOutputIsInput, Doing: "plan " + name.String(),
				Err: errors.New("the input lies in the output folder, where files that are not ours may be replaced")}
		}
	}
	key.Name = name.String()
	p := &place{in: s, key: key, name: name}
	s.decide(p, formats)
	s.planning.Lock()
	defer s.planning.Unlock()
	if p.damaged {
		s.planned.Damaged.add(item, p.names(formats)[0])
	}
	if p.skip.Why == "" && name.Aside() {
		s.planned.Aside.add(item, p.names(formats)[0])
	}
	return p, nil
}

// again reports whether an earlier item of the run has the source, with Options.Unique.
func (s *Store) again(key Key) bool {
	if !s.opts.Unique {
		return false
	}
	hash := sourceHash(key.Source)
	if _, met := s.met[hash]; met {
		return true
	}
	if s.met == nil {
		s.met = map[uint64]struct{}{}
	}
	s.met[hash] = struct{}{}
	return false
}

// decide finds out whether a place is to be filled.
func (s *Store) decide(p *place, formats []transform.Format) {
	e, done := s.Done(p.key)
	if s.swaps != nil && done {
		// What has an output was replaced, and is there again: an original that somebody has put back.
		done = !slices.ContainsFunc(e.Outputs, func(o pipeline.Output) bool { return !o.Omitted })
	}
	damaged := done && e.Damaged && s.opts.RefuseDamaged
	switch {
	case done && !damaged && !(s.opts.OnExist == Overwrite && e.Status == pipeline.Skipped && stood(e)):
		p.skip.Why = "done before"
	case s.opts.OnExist == Skip && s.present(p.name, formats):
		p.skip.Why = "files that are not ours have its names"
	default:
		p.skip.Why, p.skip.Class = s.leftOut(p.key)
	}
	if p.skip.Why == "" {
		p.suspect, p.damaged = s.suspect(p.key), damaged
	}
}

// stood reports whether a file that is not ours had the name of one of an item's outputs.
func stood(e Entry) bool {
	return slices.ContainsFunc(e.Outputs, func(o pipeline.Output) bool { return o.Kept && !o.Omitted })
}

// leftOut returns why an item is not to be tried, after what failed before and as Options say; "" if it is to be
// tried. If it is left out because its failure lasts, class is that of the failure.
func (s *Store) leftOut(key Key) (why, class string) {
	if s.opts.Force {
		return "", ""
	}
	last, known := s.Last(key)
	switch failed := known && last.Status == pipeline.Failed; {
	case s.opts.RetryFailed && !failed:
		return "has not failed before", ""
	case s.opts.SkipFailed && failed:
		return "failed before", ""
	case !s.opts.RetryFailed && failed && pipeline.ClassNamed(last.Class).Lasts:
		return "failed before: " + last.Class, last.Class
	}
	return "", ""
}

// present reports whether all outputs have files already, so that nothing need be fetched.
func (s *Store) present(name Name, formats []transform.Format) bool {
	_, all := s.Present(name, formats)
	return all
}

// suspect reports whether an item was under way when an earlier run died, or has killed a worker since.
func (s *Store) suspect(k Key) bool {
	if s.Suspect(k) {
		return true
	}
	last, known := s.Last(k)
	return known && pipeline.ClassNamed(last.Class).Deadly
}

// key returns what an item is to the ledger.
func (s *Store) key(item fetch.Item, name string) Key {
	k := Key{Source: fetch.Redact(item.Source), Size: item.Size, ModTime: item.ModTime, Version: item.Version,
		Spec: s.text, Name: name}
	if id, _ := s.identify(item); id != k.Source {
		k.Source, k.Given = id, k.Source
	}
	return k
}

// Spec returns Options.Spec. It is what [pipeline.Options] must have, too, since the ledger says that it was done.
func (s *Store) Spec() transform.Spec { return s.opts.Spec }

// Heads returns how many of the first bytes of local files Plan wants in fetch.Item.Head, for fetch.Inputs.Heads:
// those that tell the format, if that names the outputs. Without them, two inputs such as a.jpg and a.png get names
// that differ in more than their extension.
func (s *Store) Heads() int {
	if (len(s.opts.Spec.Formats) > 0 || s.opts.Spec.Smallest) && s.swaps == nil {
		return 0
	}
	return 64
}

// formatsOf returns the formats in which each size of an item is written, or none if they are not known before the
// item is fetched. They are asked for, or the first bytes of a local file show the one. Names must not depend on what
// comes later.
func (s *Store) formatsOf(item fetch.Item) []transform.Format {
	if s.opts.Spec.Smallest {
		return nil
	}
	if asked := s.opts.Spec.Formats; len(asked) > 0 {
		return asked
	}
	if len(item.Head) == 0 {
		return nil
	}
	found := transform.Sniff(item.Head) // a few bytes at fixed places, which are safe to look at in this process
	if !found.Writable() {
		return nil // its transparency decides, and the first bytes do not always tell it
	}
	return []transform.Format{found}
}

// identities remember the last item that was identified: a run asks for each item several times in a row.
type identities struct {
	mu           sync.Mutex
	source, last string
	ours         bool
}

// Wrote reports whether an item is a file that this Store wrote in the output folder, now or in an earlier run. Such a
// file is no input: a caller whose inputs may lie in the output folder leaves it out of the items.
func (s *Store) Wrote(item fetch.Item) bool {
	_, ours := s.identify(item)
	return ours
}

// identify returns what the ledger calls an item's source, and whether the item is what a run wrote into the output
// folder. Of a file that is its absolute path, so that it is one input however it is named; of a URL it is the URL,
// without secrets.
func (s *Store) identify(item fetch.Item) (id string, ours bool) {
	isRecord := item.Err != nil && pipeline.ClassOf(item.Err) == fetch.ClassRecord // a line of a list is no file
	if !item.Local() || isRecord {
		return fetch.Redact(item.Source), false
	}
	k := &s.known
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.source != item.Source || item.Source == "" {
		k.source = item.Source
		k.last, k.ours = s.Identify(item.Source)
	}
	return k.last, k.ours
}

// A Preview is what Plan would decide of an item, as plain data.
type Preview struct {
	// Skip is why the item would be left out. If it is not zero, only it is set.
	Skip pipeline.Skip
	// Names are those of the outputs, as far as they are known: {ext}, {w} and {h} may stand in them.
	Names []string
	// Standing is a file or folder that has one of the names and is not ours by its content; "" if there is none, or
	// if that cannot be known before the item is done.
	Standing string
	// Damaged reports that an earlier run did the item, damaged as it is, and that Options.RefuseDamaged refuses that.
	Damaged bool
	// Backup is where the input would be kept, below the folder of the originals, with Options.InPlace.
	Backup string
}

// Preview plans an item, as Plan does and in its place, and returns what would become of it. It is for a dry run, of a
// Store that was opened with Options.ReadOnly. An item with an Err has no Names, and would fail.
func (s *Store) Preview(item fetch.Item) (Preview, error) {
	p, err := s.plan(item)
	if err != nil || p.skip.Why != "" || item.Err != nil {
		return Preview{Skip: p.skipped()}, err
	}
	if p.swap != nil {
		return Preview{Names: []string{p.swap.target}, Damaged: p.damaged, Backup: p.swap.kept}, nil
	}
	formats := s.formatsOf(item)
	v := Preview{Names: p.names(formats), Damaged: p.damaged}
	v.Standing, _ = s.Standing(p.name, formats)
	return v, nil
}
