package store

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"imgpipe/fetch"
)

// A Part is the share that one run has in an input which several runs do together, on one machine or on many, at once
// or one after the other: item k of the input, from 0, is of part k mod Of + 1. The zero value is the whole input.
// Messages call a part a shard, as the command does.
//
// All parts plan the names of all items, so the outputs of all are those of a run of the whole, byte for byte. Each
// part has a ledger of its own and a folder of its own for what is under way, so all may write to one output folder at
// once:
//
//	imgpipe.jsonl          .imgpipe-tmp/          of the whole, which parts lock against it and do not write
//	imgpipe.2-of-8.jsonl   .imgpipe-tmp.2-of-8/   of part 2 of 8
//
// A part reads all ledgers that are there, and does not do what one of them has. A Store of the whole takes over the
// lines of parts when it is opened, and then removes their ledgers: see [Merged].
type Part struct {
	// Number is from 1 to Of.
	Number, Of int
}

// mostParts bounds Part.Of: so many ledgers can be told apart by the offsets of their lines.
const mostParts = 10_000

// ParsePart reads what String returns for a part, such as "2/8".
func ParsePart(s string) (Part, error) {
	number, of, ok := strings.Cut(s, "/")
	p, err := partOf(number, of)
	if !ok || err != nil {
		return Part{}, fmt.Errorf("expected I/N with I from 1 to N, such as 2/8, and N up to %d", mostParts)
	}
	return p, nil
}

func partOf(number, of string) (p Part, err error) {
	var bad [2]error
	p.Number, bad[0] = strconv.Atoi(number)
	p.Of, bad[1] = strconv.Atoi(of)
	if err = errors.Join(bad[:]...); err == nil {
		err = p.check()
	}
	if p.Whole() || number != strconv.Itoa(p.Number) || of != strconv.Itoa(p.Of) {
		err = errors.Join(err, errors.New("not written as a part"))
	}
	return p, err
}

// check returns an error unless p is a part or the whole.
func (p Part) check() error {
	if p != (Part{}) && (p.Of < 1 || p.Of > mostParts || p.Number < 1 || p.Number > p.Of) {
		return fmt.Errorf("part %d of %d: expected a number from 1 to %d, and at most %d parts",
			p.Number, p.Of, p.Of, mostParts)
	}
	return nil
}

// Whole reports whether p is the whole input.
func (p Part) Whole() bool { return p.Of == 0 }

// Has reports whether p does the item of an index.
func (p Part) Has(index int) bool { return p.Of <= 1 || index%p.Of == p.Number-1 }

// String returns "2/8" for the second of eight parts, and "" for the whole.
func (p Part) String() string {
	if p.Whole() {
		return ""
	}
	return fmt.Sprintf("%d/%d", p.Number, p.Of)
}

func (p Part) suffix() string { return fmt.Sprintf(".%d-of-%d", p.Number, p.Of) }

// LedgerName returns the name of the ledger of a part in its output folder, or of that of the whole.
func (p Part) LedgerName() string { return p.ledgerName() }

func (p Part) ledgerName() string {
	if p.Whole() {
		return LedgerName
	}
	return ledgerBase + p.suffix() + ledgerExt
}

func (p Part) tempName() string {
	if p.Whole() {
		return TempName
	}
	return TempName + p.suffix()
}

// LedgerName is ledgerBase and ledgerExt.
const (
	ledgerBase = "imgpipe"
	ledgerExt  = ".jsonl"
)

// partNamed returns the part that a name belongs to; that of the whole belongs to none.
func partNamed(name, before, behind string) (Part, bool) {
	rest, begins := strings.CutPrefix(name, before+".")
	rest, ends := strings.CutSuffix(rest, behind)
	number, of, ok := strings.Cut(rest, "-of-")
	if !begins || !ends || !ok {
		return Part{}, false
	}
	p, err := partOf(number, of)
	return p, err == nil
}

// IsLedger reports whether a file in an output folder that has this name, in whatever case, is a ledger: that of the
// whole or of a part.
func IsLedger(name string) bool {
	name = strings.ToLower(name)
	_, part := partNamed(name, ledgerBase, ledgerExt)
	return part || name == LedgerName
}

// IsTemp reports whether a folder in an output folder that has this name, in whatever case, is one for what is under
// way.
func IsTemp(name string) bool {
	name = strings.ToLower(name)
	_, part := partNamed(name, TempName, "")
	return part || name == TempName
}

// Pass plans the name of an item that another part does: no item of this part may get it. It stands for Plan, in the
// order of the input. What is wrong with the item is for the other part to say.
//
// It costs what Namer.Plan does.
func (s *Store) Pass(item fetch.Item) {
	if item.Err != nil {
		return // as in plan, it has no name
	}
	key := s.key(item, "")
	if s.again(key) {
		return
	}
	_, _ = s.namer.Plan(Subject{Item: item, ID: key.Source, Given: key.Given, Formats: s.formatsOf(item)})
}

// partsHere returns the parts that left something in the folder, in the order of their numbers.
func (h *home) partsHere() (parts []Part, err error) {
	top, err := h.root.Open(".")
	if err != nil {
		return nil, err
	}
	defer top.Close()
	for { // there may be a million outputs in the folder
		var names []string
		names, err = top.Readdirnames(1024)
		for _, name := range names {
			p, ok := partNamed(name, ledgerBase, ledgerExt)
			if !ok {
				p, ok = partNamed(name, TempName, "")
			}
			if ok && !slices.Contains(parts, p) {
				parts = append(parts, p)
			}
		}
		if errors.Is(err, io.EOF) {
			err = nil
			break
		} else if err != nil {
			break
		}
	}
	slices.SortFunc(parts, func(a, b Part) int {
		if a.Of != b.Of {
			return a.Of - b.Of
		}
		return a.Number - b.Number
	})
	return parts, err
}

// keepWholeOut has a part keep a run of the whole from beginning, and fail if there is one. What it locks is the ledger
// of the whole, which it makes where it is not there: a folder with that name in it is one of outputs.
func (s *Store) keepWholeOut() error {
	if s.opts.Part.Whole() || s.inner {
		return nil
	}
	whole := &Store{home: home{dir: s.dir, root: s.root, ledgerName: LedgerName}}
	f, err := whole.openLedgerFile(true, shareFile)
	if err != nil {
		return err
	}
	s.others = append(s.others, otherLedgerFile{file: f})
	return nil
}

// mayBeEmpty reports whether an empty ledger may be one that never had a line: parts make that of the whole, and a part
// may have had nothing to do. Any other was made by this run, or lost its lines with the machine.
func (s *Store) mayBeEmpty() bool {
	if s.created || !s.opts.Part.Whole() {
		return true
	}
	parts, err := s.partsHere()
	s.created = err == nil && len(parts) > 0
	return s.created
}
