package object

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/minio/minio-go/v7"

	"imgpipe/pipeline/store"
)

// Runs of parts of one input write below one prefix at once, each with a ledger and a claim of its own. A Store finds
// the ledgers of others in its folder, so each run gets copies of them: see [Bucket.CopyLedgers]. What a run of the
// whole has taken over goes: see [Bucket.RemoveParts].

// Parts returns the parts that left a ledger or a claim, in the order of their names.
func (b *Bucket) Parts(ctx context.Context) (parts []store.Part, err error) {
	for info := range b.list(ctx, own, "") {
		if info.Err != nil {
			return nil, b.unwritten(info.Err)
		}
		if p, ok := partOf(strings.TrimPrefix(info.Key, b.addr.Key)); ok && !slices.Contains(parts, p) {
			parts = append(parts, p)
		}
	}
	return parts, nil
}

// partOf returns the part whose claim has a name, or a piece of whose ledger.
func partOf(name string) (store.Part, bool) {
	if p, _, ok := pieceNamed(name); ok {
		return p, !p.Whole()
	}
	mark, begins := strings.CutPrefix(name, claimBegins+".")
	mark, ends := strings.CutSuffix(mark, claimEnds)
	p, err := store.ParsePart(strings.Replace(mark, "-of-", "/", 1))
	return p, begins && ends && err == nil && claimName(p) == name
}

// CopyLedgers has a folder hold the ledgers of others than a part under the names that a Store of that part expects:
// those of all other parts and, for a part, that of the whole. A run of the whole that only reads needs that, too.
// Copies of earlier runs go.
func (b *Bucket) CopyLedgers(ctx context.Context, folder string, of store.Part, reads bool) (err error) {
	parts, err := b.Parts(ctx)
	if err != nil {
		return err
	}
	if !of.Whole() || reads {
		parts = append(parts, store.Part{})
	}
	if err := removeCopies(folder, of, reads); err != nil {
		return err
	}
	for _, p := range parts {
		if p == of && !reads {
			continue
		}
		if err := b.copyLedger(ctx, p, filepath.Join(folder, p.LedgerName())); err != nil {
			return err
		}
	}
	return nil
}

// removeCopies removes the ledgers in a folder but that of a part itself.
func removeCopies(folder string, of store.Part, all bool) error {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if store.IsLedger(e.Name()) && (all || e.Name() != of.LedgerName()) {
			if err := os.Remove(filepath.Join(folder, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// copyLedger writes a ledger to a file. Where it has no lines, there is no file.
func (b *Bucket) copyLedger(ctx context.Context, p store.Part, to string) error {
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	l := b.Ledger("", p)
	err = l.Read(ctx, file)
	if err = errors.Join(err, file.Close()); err != nil || l.end == 0 {
		err = errors.Join(err, os.Remove(to))
	}
	return err
}

// RemoveParts removes the ledgers and claims of parts, once their lines are in the ledger of the whole, whose claim the
// caller has. If it fails, the next run of the whole finds the lines that it has already.
func (b *Bucket) RemoveParts(ctx context.Context, parts []store.Part) error {
	var names []string
	for info := range b.list(ctx, own, "") {
		if info.Err != nil {
			return b.unwritten(info.Err)
		}
		name := strings.TrimPrefix(info.Key, b.addr.Key)
		if p, ok := partOf(name); ok && slices.Contains(parts, p) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		err := b.client.RemoveObject(ctx, b.addr.Bucket, b.key(name), minio.RemoveObjectOptions{})
		if err != nil && !isTrouble(err, noKey) {
			return b.unwritten(err)
		}
	}
	return nil
}
