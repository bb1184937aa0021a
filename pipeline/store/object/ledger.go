package object

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/minio/minio-go/v7"

	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
)

// The names of what a run keeps for itself. That of a part of an input, such as 2 of 8, has names of its own:
//
//	.imgpipe/run.json         .imgpipe/ledger/000001.jsonl.gz
//	.imgpipe/run.2-of-8.json  .imgpipe/ledger.2-of-8/000001.jsonl.gz
//
// Unpacked, one behind the other, the pieces of a ledger are the ledger.
const (
	claimBegins  = own + "run"
	claimEnds    = ".json"
	ledgerBegins = own + "ledger"
	pieceEnds    = ".jsonl.gz"
)

// suffix is what the names of a part have; "" for the whole.
func suffix(p store.Part) string {
	if p.Whole() {
		return ""
	}
	return fmt.Sprintf(".%d-of-%d", p.Number, p.Of)
}

// claimName is the name of the object that says which run does a part.
func claimName(p store.Part) string { return claimBegins + suffix(p) + claimEnds }

// pieceName is the name of a piece of its ledger, counted from 1.
func pieceName(p store.Part, number int) string {
	return fmt.Sprintf("%s%s/%06d%s", ledgerBegins, suffix(p), number, pieceEnds)
}

// pieceNamed returns which piece has a name. It reports whether one can have it.
func pieceNamed(name string) (p store.Part, number int, ok bool) {
	rest, begins := strings.CutPrefix(name, ledgerBegins)
	mark, file, cut := strings.Cut(rest, "/")
	digits, ends := strings.CutSuffix(file, pieceEnds)
	number, err := strconv.Atoi(digits)
	if !begins || !cut || !ends || err != nil {
		return p, 0, false
	}
	if mark != "" {
		p, err = store.ParsePart(strings.Replace(strings.TrimPrefix(mark, "."), "-of-", "/", 1))
	}
	return p, number, err == nil && pieceName(p, number) == name
}

// Metadata of a piece: how long the ledger is to its end, and the SHA-256 of all of that. So a copy is known to be the
// beginning of the ledger by one request.
const (
	endKey   = "Imgpipe-End"
	wholeKey = "Imgpipe-Ledger-Sha256"
)

// A Ledger keeps the lines of a ledger as objects. Each is written once, with If-None-Match, so that of two runs that
// write to one prefix at once one fails.
type Ledger struct {
	in    *Bucket
	part  store.Part
	home  string // a folder of this machine; "" for one that only reads
	claim holder

	last int         // the number of the last piece
	end  int64       // where it ends in the ledger
	sum  hash.Cloner // of all up to there
}

var _ store.Keeper = (*Ledger)(nil)

// Ledger returns the ledger of the objects below b, or of a part of an input that several runs do. home is a folder for
// what this machine knows of it: the same for each run of that part into this prefix, and locked by the Store whose
// ledger lies there.
func (b *Bucket) Ledger(home string, p store.Part) *Ledger {
	return &Ledger{in: b, part: p, home: home, claim: holder{in: b, part: p}, sum: sha256.New().(hash.Cloner)}
}

// Begin implements [store.Keeper].
func (l *Ledger) Begin(ctx context.Context, local io.ReaderAt, size int64) (kept int64, all io.ReadCloser, err error) {
	if l.claim.home, err = l.note("home", nonce()); err != nil {
		return 0, nil, err
	}
	if err := l.claim.take(ctx); err != nil {
		return 0, nil, err
	}
	if err = l.claim.heedsConditions(ctx); err == nil {
		err = l.claim.isAlone(ctx)
	}
	if err == nil {
		kept, all, err = l.compare(ctx, local, size)
	}
	if err != nil {
		l.claim.release(ctx)
		return 0, nil, err
	}
	l.claim.keep()
	return kept, all, nil
}

// compare finds out whether a copy begins with what is kept.
func (l *Ledger) compare(ctx context.Context, local io.ReaderAt, size int64) (int64, io.ReadCloser, error) {
	want, err := l.find(ctx)
	if err != nil {
		return 0, nil, err
	}
	id := l.claim.now.ID
	of, err := l.note("copy", id)
	if err != nil {
		return 0, nil, err
	}
	if of == id && size >= l.end {
		if _, err := io.Copy(l.sum, io.NewSectionReader(local, 0, l.end)); err != nil {
			return 0, nil, err
		}
		if [sha256.Size]byte(l.sum.Sum(nil)) == want {
			return l.end, nil, nil
		}
	}
	l.sum.Reset()
	return l.end, &pieces{in: l, ctx: ctx, want: want, whole: func() error { return l.setNote("copy", id) }}, nil
}

// find finds the last piece, and returns the SHA-256 of the whole ledger.
func (l *Ledger) find(ctx context.Context) (want [sha256.Size]byte, err error) {
	want = sha256.Sum256(nil)
	var numbers []int
	for info := range l.in.list(ctx, ledgerBegins+suffix(l.part)+"/", "") {
		if info.Err != nil {
			return want, l.in.unwritten(info.Err)
		}
		name := strings.TrimPrefix(info.Key, l.in.addr.Key)
		_, number, ok := pieceNamed(name)
		if !ok {
			return want, l.in.foreign(name)
		}
		numbers = append(numbers, number)
	}
	slices.SortFunc(numbers, func(a, b int) int { return cmp.Compare(a, b) })
	for i, number := range numbers {
		if number != i+1 {
			return want, l.damaged(fmt.Sprintf("%s is missing", pieceName(l.part, i+1)))
		}
	}
	if l.last = len(numbers); l.last == 0 {
		return want, nil
	}
	info, err := l.in.head(ctx, pieceName(l.part, l.last))
	if err != nil {
		return want, err
	}
	end, errEnd := strconv.ParseInt(info.UserMetadata[endKey], 10, 64)
	sum, errSum := hex.DecodeString(info.UserMetadata[wholeKey])
	if errEnd != nil || errSum != nil || len(sum) != len(want) || end < 0 {
		return want, l.in.foreign(pieceName(l.part, l.last))
	}
	l.end = end
	return [sha256.Size]byte(sum), nil
}

// damaged is the error of a ledger whose pieces are not what was written.
func (l *Ledger) damaged(what string) error {
	return &Error{kind: pipeline.ClassLedger, whole: true,
		err:  fmt.Errorf("the ledger in %s is damaged: %s", l.in.addr, what),
		hint: "put back what was there, or choose another place for the outputs"}
}

// Read writes the whole ledger, for a run that changes nothing.
func (l *Ledger) Read(ctx context.Context, to io.Writer) error {
	want, err := l.find(ctx)
	if err != nil {
		return err
	}
	p := &pieces{in: l, ctx: ctx, want: want, whole: func() error { return nil }}
	_, err = io.Copy(to, p)
	return errors.Join(err, p.Close())
}

// Keep implements [store.Keeper].
func (l *Ledger) Keep(ctx context.Context, lines []byte) error {
	if err := l.claim.still(); err != nil {
		return err
	}
	packed := bytes.NewBuffer(nil)
	z, _ := gzip.NewWriterLevel(packed, gzip.BestSpeed) // it fails for a level that does not exist
	if _, err := z.Write(lines); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	whole, err := l.sum.Clone()
	if err != nil {
		return err
	}
	whole.Write(lines)
	sum, end, name := hex.EncodeToString(whole.Sum(nil)), l.end+int64(len(lines)), pieceName(l.part, l.last+1)
	ctx, cancel := l.in.within(ctx, int64(packed.Len()))
	defer cancel()
	_, err = l.in.put(ctx, name, packed.Bytes(), store.File{}, minio.PutObjectOptions{
		ContentType:  "application/gzip",
		UserMetadata: map[string]string{endKey: strconv.FormatInt(end, 10), wholeKey: sum},
	})
	if isTrouble(err, changed) {
		// It may have been done, and the answer lost. Another run has another line in it, with its time.
		info, e := l.in.head(ctx, name)
		switch {
		case e != nil:
			return e
		case info.UserMetadata[wholeKey] != sum:
			return l.in.taken()
		}
		err = nil
	}
	if err != nil {
		return l.in.unwritten(err)
	}
	l.last, l.end, l.sum = l.last+1, end, whole
	return nil
}

// End implements [store.Keeper].
func (l *Ledger) End(ctx context.Context) error {
	l.claim.release(ctx)
	return nil
}

// note returns what a file of the folder home holds, and makes it with a text where it is not there.
func (l *Ledger) note(name, text string) (string, error) {
	b, err := os.ReadFile(filepath.Join(l.home, name))
	if errors.Is(err, fs.ErrNotExist) && name == "home" {
		return text, l.setNote(name, text)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return string(b), nil
}

// setNote writes such a file.
func (l *Ledger) setNote(name, text string) error {
	return os.WriteFile(filepath.Join(l.home, name), []byte(text), 0o644)
}

// pieces reads the ledger from its pieces, one after the other, and looks whether that is what was written.
type pieces struct {
	in    *Ledger
	ctx   context.Context
	want  [sha256.Size]byte
	whole func() error // is called by Close once all was read

	number int
	body   io.ReadCloser
	text   *gzip.Reader
	n      int64
	ended  bool
}

// Read reads on. Its error is io.EOF when all was read and is what it should be.
func (p *pieces) Read(b []byte) (int, error) {
	for {
		if p.text == nil {
			if p.number == p.in.last {
				return 0, p.end()
			}
			if err := p.next(); err != nil {
				return 0, err
			}
		}
		n, err := p.text.Read(b)
		p.n += int64(n)
		p.in.sum.Write(b[:n])
		if p.n > p.in.end {
			return 0, p.in.damaged("it is longer than its last piece says")
		}
		if errors.Is(err, io.EOF) {
			p.body.Close()
			p.text, p.body, err = nil, nil, nil
		}
		if err != nil {
			return n, p.in.damaged(fmt.Sprintf("%s: %v", pieceName(p.in.part, p.number), err))
		}
		if n > 0 {
			return n, nil
		}
	}
}

// next opens the next piece.
func (p *pieces) next() error {
	b := p.in.in
	p.number++
	body, _, err := b.get(p.ctx, b.key(pieceName(p.in.part, p.number)), "", 0)
	if err != nil {
		return b.unwritten(err)
	}
	p.body = body
	if p.text, err = gzip.NewReader(body); err != nil {
		return p.in.damaged(fmt.Sprintf("%s: %v", pieceName(p.in.part, p.number), err))
	}
	return nil
}

// end looks at what was read.
func (p *pieces) end() error {
	if p.n != p.in.end || [sha256.Size]byte(p.in.sum.Sum(nil)) != p.want {
		return p.in.damaged("its pieces are not what its last one says")
	}
	p.ended = true
	return io.EOF
}

// Close ends reading.
func (p *pieces) Close() error {
	if p.body != nil {
		p.body.Close()
		p.body = nil
	}
	if !p.ended {
		return nil
	}
	return p.whole()
}
