package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"imgpipe/pipeline"
)

// Adopted is what Adopt did.
type Adopted struct {
	// Lines are those that were taken over, and Files the outputs that were copied for them.
	Lines, Files int
	// Twice are the lines that were not taken over, because this Store has the same or one that counts more, and
	// Conflicts those of them that have other outputs than the one that counts: see [Merged].
	Twice     int
	Conflicts Met
	// Lost are the items whose outputs are no longer what their lines say. Nothing is taken over of them.
	Lost Met
	// Refused are the items whose outputs would take the names of others, and Why says what is wrong with the first.
	Refused Met
	Why     error
	// Parts are those that were read, and Warnings what Adopt went on with.
	Parts    []Part
	Warnings []string

	lost []lostLine
}

// A lostLine is a line whose outputs are not there. Another part may have a newer one of its item.
type lostLine struct {
	Entry
	id uint64
}

// Adopt takes over the outputs and the lines of another output folder: those of the whole and of all parts. The folder
// stays as it is, and Adopt takes no lock there: of a run that is under way, it adopts what is done.
//
// An output is put in place as Put does it: whole, and never over a file that is not the item's own. Its bytes are
// compared with the SHA-256 of its line on the way. A line is taken over once its outputs are in place. To adopt a
// folder twice is to adopt it once.
//
// The error is ctx's or one that is fatal; what was taken over by then stays.
func (s *Store) Adopt(ctx context.Context, dir string) (a Adopted, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return a, s.folderError("read output folder "+dir, err)
	}
	defer root.Close()
	a.Parts, err = (&home{dir: dir, root: root}).partsHere()
	for _, p := range append([]Part{{}}, a.Parts...) {
		if err != nil {
			break
		}
		from := newStore(dir, Options{Part: p, ReadOnly: true})
		from.inner = true
		if err = from.openReadOnly(); err != nil {
			break
		}
		err = s.adoptFrom(ctx, &a, from)
		for _, w := range from.warn {
			if !slices.Contains(a.Warnings, w) {
				a.Warnings = append(a.Warnings, w)
			}
		}
		from.closeFiles()
	}
	for _, l := range a.lost {
		ref, known := s.lines[l.id]
		if before, err := s.readLine(ref.at()); !known || err != nil || l.outdoes(before) {
			a.Lost.addLine(l.Entry)
		}
	}
	a.lost = nil
	return a, err
}

// adoptFrom adopts one ledger.
func (s *Store) adoptFrom(ctx context.Context, a *Adopted, from *Store) (err error) {
	if from.file == nil {
		return nil
	}
	_, scanned := scan(io.NewSectionReader(all{from}, 0, from.end), func(at int64, text []byte) {
		if err == nil {
			err = ctx.Err()
		}
		l, skipped, ok := glanceAt(at, text)
		if ref, known := from.lines[l.id]; err != nil || !ok || !known || ref.at() != at+skipped {
			return // a later line counts
		}
		e, bad := parseLine(text[skipped:])
		if bad == nil && e.Status != Left {
			err = s.adopt(a, from, e, l.id)
		}
	})
	if scanned != nil {
		err = errors.Join(err, from.folderError("read "+from.ledgerName, scanned))
	}
	return err
}

// adopt takes over one item.
func (s *Store) adopt(a *Adopted, from *Store, e Entry, id uint64) error {
	if ref, known := s.lines[id]; known {
		if before, err := s.readLine(ref.at()); err == nil && !e.outdoes(before) {
			a.Twice++
			if e.good() && before.good() && !sameOutputs(e.Outputs, before.Outputs) {
				a.Conflicts.addLine(before)
			}
			return nil
		}
	}
	files, err := s.copied(from, e)
	defer discard(files)
	switch known, ok := errors.AsType[*Error](err); {
	case errors.Is(err, ErrNotAsWritten):
		a.lost = append(a.lost, lostLine{e, id})
		return nil
	case err != nil && (!ok || known.fatal):
		return err
	case err != nil:
		if a.Refused.addLine(e); a.Why == nil {
			a.Why = err
		}
		return nil
	}
	if len(files) > 0 {
		e.Time = time.Now() // else the next run would read what is newer than its line
	}
	if err := s.append(e, id); err != nil {
		return err
	}
	a.Lines++
	a.Files += len(files)
	return nil
}

// ErrNotAsWritten is the error of an output that is not what its line says.
var ErrNotAsWritten = errors.New("the file is not as imgpipe wrote it")

// copied puts the outputs of an item in place. All are written before the first gets its name.
func (s *Store) copied(from *Store, e Entry) (files []pending, err error) {
	name := Name{mine: [2]uint64{sourceHash(e.Source), 0}}
	for _, o := range e.Outputs {
		if o.Kept {
			continue
		}
		if !filepath.IsLocal(filepath.FromSlash(o.Path)) || IsLedger(o.Path) {
			return files, fmt.Errorf("%q: %w", o.Path, ErrNotAsWritten)
		}
		f := pending{out: o, hash: pathHash(o.Path)}
		if f.data, f.content, err = from.readOutput(o); err != nil {
			return files, err
		}
		if err = s.claim(name, &f); err == nil {
			err = s.look(name, &f)
		}
		if err == nil && f.out.Kept {
			err = &Error{Kind: pipeline.ClassExists, Doing: "write " + o.Path, Hint: HintMoveOrName,
				Err: errors.New("a file that imgpipe did not write is there")}
		}
		if err == nil && !f.there {
			err = s.write(&f, time.Time{})
		}
		files = append(files, f)
		if err != nil {
			return files, err
		}
		files[len(files)-1].data = nil
	}
	if err := s.intend(name, files); err != nil {
		return files, err
	}
	for i := range files {
		unmark := s.mark(name, &files[i])
		if err := s.place(name, &files[i]); err != nil {
			unmark()
			return files, err
		}
	}
	return files, nil
}

// ReadOutput reads an output of a line. Its bytes are those that the line says, else the error says that they are not.
func (s *Store) ReadOutput(o pipeline.Output) ([]byte, error) {
	data, _, err := s.readOutput(o)
	return data, err
}

// readOutput reads an output, of which it takes no more memory than the line says.
func (s *Store) readOutput(o pipeline.Output) ([]byte, Content, error) {
	want, ok := contentOf(o)
	st, err := s.stat(o.Path)
	if err != nil || !ok || st.Kind != Regular || st.Size != want.Size || want.Size < 0 {
		return nil, want, fmt.Errorf("%q: %w", o.Path, ErrNotAsWritten)
	}
	f, err := s.root.OpenFile(o.Path, os.O_RDONLY, 0)
	if err != nil {
		return nil, want, fmt.Errorf("%q: %w", o.Path, ErrNotAsWritten)
	}
	defer f.Close()
	var data bytes.Buffer
	n, err := io.Copy(&data, io.LimitReader(f, want.Size+1))
	if err != nil {
		return nil, want, s.folderError("read "+strconv.Quote(o.Path), err)
	}
	if got := sha256.Sum256(data.Bytes()); n != want.Size || got != want.SHA256 {
		return nil, want, fmt.Errorf("%q: %w", o.Path, ErrNotAsWritten)
	}
	return data.Bytes(), want, nil
}
