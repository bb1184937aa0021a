package store

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"imgpipe/pipeline"
)

// Merged is what a Store of the whole took over when it was opened.
type Merged struct {
	// Parts are those that left a ledger, or what a killed run leaves, in order.
	Parts []Part
	// Lines are those that were taken over, and Twice those that were not: the ledger had the line, or one of the same
	// item that counts more. A line is good if its item is done or skipped. Of two good lines, or two others, the newer
	// counts; else the good one does.
	Lines, Twice int
	// Conflicts are the good lines that were not taken over though they have other outputs than the one that counts:
	// builds that make other bytes did the item. Name is that of the first output.
	Conflicts Met
}

// Merged returns what Open took over from parts; the zero value if there were none.
func (s *Store) Merged() Merged { return s.merged }

// Missing returns the parts that a run of all of them would have had besides Parts, at most so many.
func (m Merged) Missing(most int) (missing []Part) {
	var of []int
	for _, p := range m.Parts {
		if !slices.Contains(of, p.Of) {
			of = append(of, p.Of)
		}
	}
	for _, of := range of {
		for number := 1; number <= of && len(missing) < most; number++ {
			if p := (Part{number, of}); !slices.Contains(m.Parts, p) {
				missing = append(missing, p)
			}
		}
	}
	return missing
}

// absorb takes over what parts left in the folder: the lines of their ledgers, what was under way when one was killed,
// and doubt. Their ledgers go once all that is in the ledger of the whole. A kill before that leaves them, and the next
// Open finds the lines that it has already.
func (s *Store) absorb() (err error) {
	if !s.opts.Part.Whole() || s.inner {
		return nil
	}
	parts, err := s.partsHere()
	if err != nil || len(parts) == 0 {
		return err
	}
	for _, p := range parts {
		if err := s.absorbPart(p); err != nil {
			return err
		}
	}
	if err := s.flush(); err != nil {
		return err
	}
	if err := s.Flush(); err != nil {
		return err
	}
	for _, p := range parts {
		if err := s.vanish(p); err != nil {
			return err
		}
	}
	s.merged.Parts = parts
	s.warn = append(s.warn, s.merged.warning())
	return nil
}

// absorbPart opens a part and takes over what it left. No file of it stays open, since there may be thousands of parts.
func (s *Store) absorbPart(p Part) error {
	part := newStore(s.dir, Options{Part: p, NoSync: s.opts.NoSync, Files: s.opts.Files, Fault: s.opts.Fault})
	part.inner = true
	defer part.closeFiles()
	if err := part.open(); err != nil {
		return err
	}
	return s.absorbOne(part)
}

// absorbOne takes over what one part left.
func (s *Store) absorbOne(part *Store) error {
	var failed error
	_, err := scan(io.NewSectionReader(all{part}, 0, part.end), func(at int64, text []byte) {
		if failed == nil {
			failed = s.absorbLine(at, text)
		}
	})
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	if part.doubt.kept && !s.doubt.kept {
		s.doubt.verify, s.doubt.kept = true, true
		if err := s.temp.WriteFile(doubtName, nil, 0o644); err != nil {
			return err
		}
	}
	s.doubt.torn = s.doubt.torn || part.doubt.torn
	for _, w := range part.warn {
		if !slices.Contains(s.warn, w) {
			s.warn = append(s.warn, w)
		}
	}
	return s.flights.suspectAlso(&part.flights)
}

// absorbLine takes over one line, byte for byte, unless the ledger has one that counts more.
func (s *Store) absorbLine(at int64, text []byte) error {
	l, skipped, ok := glanceAt(at, text)
	if !ok {
		return nil // its part has warned of it
	}
	text = text[skipped:]
	if ref, known := s.lines[l.id]; known {
		if s.hasLine(ref.at(), text) {
			s.merged.Twice++
			return nil
		}
		e, err := parseLine(text)
		if err != nil {
			return nil
		}
		if before, err := s.readLine(ref.at()); err == nil && !e.outdoes(before) {
			s.merged.Twice++
			if e.Status != Left && e.good() && before.good() && !sameOutputs(e.Outputs, before.Outputs) {
				s.merged.Conflicts.addLine(before)
			}
			return nil
		}
	}
	// A newer line of another item may have the same files. It stays the one that has them.
	var newer []int64
	for _, p := range l.paths {
		if own := s.owned[pathHash(p)]; own.line > 0 && !slices.Contains(newer, own.line-1) {
			newer = append(newer, own.line-1)
		}
	}
	if err := s.addText(l, text); err != nil {
		return err
	}
	s.merged.Lines++
	for _, at := range newer {
		if err := s.renew(at, text); err != nil {
			return err
		}
	}
	return nil
}

// renew adds a line once more, if it outdoes another one.
func (s *Store) renew(at int64, other []byte) error {
	text, err := s.readText(at)
	if err != nil {
		return nil
	}
	e, err := parseLine(text)
	if err != nil {
		return nil
	}
	o, err := parseLine(other)
	l, ok := glance(text)
	if err != nil || !ok || !e.outdoes(o) {
		return nil
	}
	return s.addText(l, slices.Clone(text))
}

// addText adds a line that another ledger has.
func (s *Store) addText(l glanced, text []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.end
	err := s.ask("append", s.ledgerName)
	if err == nil {
		err = s.addLine(append(slices.Clip(text), '\n'))
	}
	if err != nil {
		return s.folderError("write "+s.ledgerName, err)
	}
	s.batches.placed = true // by a run whose machine may have stopped before they were on the disk
	s.remember(l.id, l.status, at)
	if len(l.paths) > 0 {
		s.own(l.paths, string(l.name), l.sourceHash(), at)
	}
	return nil
}

// vanish removes what a part has in the folder, once its lines are another ledger's. What no Store wrote stays.
func (s *Store) vanish(p Part) error {
	part := s.another(p)
	stays, err := part.sweep()
	if err == nil && !stays {
		err = part.removeName(part.tempName)
	}
	if err == nil {
		err = part.removeName(part.ledgerName)
	}
	if err != nil {
		return s.folderError("remove "+part.ledgerName, err)
	}
	return nil
}

// sameOutputs reports whether two lines have the same files.
func sameOutputs(a, b []pipeline.Output) bool {
	return slices.EqualFunc(a, b, func(a, b pipeline.Output) bool { return a.Path == b.Path && a.SHA256 == b.SHA256 })
}

// addLine counts an item by a line of it.
func (m *Met) addLine(e Entry) {
	if m.Count++; m.Count == 1 {
		m.Source = e.Source
		if len(e.Outputs) > 0 {
			m.Name = e.Outputs[0].Path
		}
	}
}

func (m Merged) warning() string {
	names := make([]string, 0, len(m.Parts))
	for _, p := range m.Parts {
		names = append(names, p.String())
	}
	const most = 8
	if len(names) > most {
		names = append(names[:most], "…")
	}
	return fmt.Sprintf("%s has the lines of the shards %s now: %d, without %d that it had or that count less",
		LedgerName, strings.Join(names, ", "), m.Lines, m.Twice)
}
