package object

import (
	"context"
	"hash/maphash"
	"io/fs"
	"sync"

	"imgpipe/pipeline/store"
)

// glancesAlone is how many names are asked for one by one. For more, all objects are listed, a thousand a request.
const glancesAlone = 1000

// glances have what a listing said of all objects below a prefix: some 40 bytes each.
type glances struct {
	mu    sync.Mutex
	alone int // that were asked for
	// listed is closed once a listing has ended, for which all names after the first ones wait; nil before it begins.
	// What is below is set then.
	listed chan struct{}
	seed   maphash.Seed
	known  map[uint64]glanced // nil if the listing has failed
}

// A glanced is an object that was listed. Whoever glances has no use for its ETag.
type glanced struct{ size int64 }

// Glance implements [store.GlancingFiles].
func (f Files) Glance(ctx context.Context, name string) (store.File, error) {
	g := f.glances
	if alone := g.count(); alone {
		return f.Stat(ctx, name)
	}
	if err := f.listOnce(ctx); err != nil {
		return store.File{}, err
	}
	if g.known == nil {
		return f.Stat(ctx, name)
	}
	one, ok := g.known[maphash.String(g.seed, name)]
	if !ok {
		return store.File{}, &fs.PathError{Op: "list", Path: name, Err: fs.ErrNotExist}
	}
	return store.File{Kind: store.Regular, Size: one.size}, nil
}

// count counts a name, and reports whether it is one of the first, which are asked for one by one.
func (g *glances) count() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.alone == glancesAlone {
		return false
	}
	g.alone++
	return true
}

// listOnce returns once all objects were listed, or that has failed: it is not tried again. The error is that of ctx.
func (f Files) listOnce(ctx context.Context) error {
	g := f.glances
	g.mu.Lock()
	first := g.listed == nil
	if first {
		g.listed = make(chan struct{})
	}
	g.mu.Unlock()
	if !first {
		select {
		case <-g.listed:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer close(g.listed)
	known, seed := map[uint64]glanced{}, maphash.MakeSeed()
	if err := f.List(ctx, "", func(name string, file store.File) bool {
		known[maphash.String(seed, name)] = glanced{file.Size}
		return true
	}); err == nil {
		g.known, g.seed = known, seed
	}
	return nil
}
