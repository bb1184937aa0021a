package main

import (
	"errors"
	"fmt"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
)

// This file has what the command says of its store: the words of flags, which the library does not know.

// A wordedStore is a store whose ledger has errors in the command's words, as the screen does.
type wordedStore struct{ *store.Store }

// Record writes the line of an outcome.
func (w wordedStore) Record(o pipeline.Outcome) error {
	o.Err = withFlag(o.Err)
	return w.Store.Record(o)
}

// hints are the store's hints that speak of flags or of commands.
var hints = map[store.Hint]string{
	store.HintOtherName:  "choose another output folder, or a --name that differs",
	store.HintFieldApart: "give --name a field that tells them apart, such as {index} or {sha8}",
	store.HintSizeApart:  "give --name the field {size}, which is another one for each size",
	store.HintTellApart: "choose another output folder, " +
		"or give --name a field that tells them apart, such as {dir} or {sha8}",
	store.HintMoveOrName:   "move it away, or choose another output folder or a --name that differs",
	store.HintMoveOrAllow:  "move it away, choose another output folder, or give --on-exist skip or overwrite",
	store.HintMoveBack:     "move it back, and give the same command again: it continues where it stopped",
	store.HintMakeSpace:    "make space and give the same command again: it continues where it stopped",
	store.HintAgain:        "give the same command again: it continues with the ledger that is there",
	store.HintAskFormat:    "give --format one that can be written: the extension of the file changes with it",
	store.HintMoveAndAgain: "move it away and give the same command again: it continues",
}

// storeHint returns what a person could do about an error of the store; "" if there is nothing to say.
func storeHint(err error) string {
	e, ok := errors.AsType[*store.Error](err)
	if !ok {
		return ""
	}
	if words, ok := hints[e.Hint]; ok {
		return words
	}
	return string(e.Hint)
}

// badName returns an error about the name template as one about --name.
func badName(err error) error {
	if e, ok := errors.AsType[*store.TemplateError](err); ok {
		return fmt.Errorf("--name %q: %w", e.Template, e.Err)
	}
	return err
}

// plannedNotes returns what the plan has to say, one line each.
func plannedNotes(p store.Planned) (lines []string) {
	if m := p.Aside; m.Count > 0 {
		lines = append(lines, fmt.Sprintf("note: another input's picture has the name, so the next free one is taken: "+
			"%d, such as %s for %s", m.Count, m.Name, summary.Printable(m.Source)))
	}
	if m := p.Damaged; m.Count > 0 {
		lines = append(lines, fmt.Sprintf("note: damaged images that an earlier run kept are tried again, "+
			"and the pictures of those that fail stay: %d, such as %s", m.Count, summary.Printable(m.Source)))
	}
	if m := p.Made; m.Count > 0 {
		lines = append(lines, fmt.Sprintf("note: files that --in-place made with other options are left as they are; "+
			"put their originals back to process those: %d, such as %s", m.Count, summary.Printable(m.Source)))
	}
	return lines
}

// fate returns what would become of a file that is not ours and has an output's name.
func fate(o store.OnExist) string {
	switch o {
	case store.Overwrite:
		return "it would be replaced, unless it is an input"
	case store.Skip:
		return "it would be kept, and the output left out"
	}
	return "it would be kept, and the input fail unless this is its picture"
}
