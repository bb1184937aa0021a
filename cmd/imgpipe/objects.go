package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"imgpipe/fetch"
	"imgpipe/pipeline/procs"
	"imgpipe/pipeline/store"
	"imgpipe/pipeline/store/object"
)

// This file has what a run does with the objects of buckets: s3://BUCKET/PREFIX as input, as a list, and for outputs.

// storesAtOnce is how many outputs are sent to an object store at once: each takes some tens of milliseconds, in which
// the workers make others.
const storesAtOnce = 32

// isObject reports whether a name is the address of objects.
func isObject(name string) bool { return schemeOf(name) == object.Scheme }

// remote reports whether outputs go to an object store.
func (f *outputFlags) remote() bool { return isObject(f.dir) }

// address is where they go then.
func (f *outputFlags) address() object.Address {
	a, _ := object.Parse(f.dir) // check has seen its error
	return a.Folder()
}

// atOnce is how many outputs are kept at once; 0 for the default.
func (f *outputFlags) atOnce() int {
	if f.remote() {
		return storesAtOnce
	}
	return 0
}

// folderOf returns the folder that the URLs in a manifest lead to. Those of objects are as from their prefix.
func (f *outputFlags) folderOf(manifest string) string {
	if f.remote() {
		return filepath.Dir(manifest)
	}
	return f.dir
}

// checkRemote looks at the flags of outputs that go to an object store.
func (f *outputFlags) checkRemote() error {
	if _, err := object.Parse(f.dir); err != nil {
		return fmt.Errorf("--output %q: %w", fetch.Redact(f.dir), err)
	}
	if f.keepTime {
		return errors.New("--keep-mtime: the time of an object is when it was written: expected a folder for " +
			"--output, or no --keep-mtime")
	}
	return nil
}

// isNotRemoteInput refuses an output prefix that is that of an input.
func (f *outputFlags) isNotRemoteInput(inputs []string) error {
	out := f.address()
	for _, arg := range inputs {
		in, err := object.Parse(arg)
		if !isObject(arg) || err != nil {
			continue
		}
		if in = in.Folder(); in.Contains(out) && out.Contains(in) {
			return fmt.Errorf("--output %q is the prefix %q of the inputs, and originals are never written over: "+
				"expected another prefix", out, arg)
		}
	}
	return nil
}

// of is an error of opening the Store. Where outputs go to an object store, the folder that it names is none that the
// user named.
func (f *outputFlags) of(err error) error {
	if !f.remote() {
		return err
	}
	return fmt.Errorf("--output %s: %w", f.shown(), err)
}

// named returns the addresses of objects that flags and arguments have.
func (f *runFlags) named() (all []object.Address) {
	for _, name := range slices.Concat(f.input.args, f.input.lists, []string{f.output.dir}) {
		if !isObject(name) {
			continue
		}
		if a, err := object.Parse(name); err == nil {
			all = append(all, a)
		}
	}
	return all
}

// sources returns the sources beside files and HTTP.
func (f *runFlags) sources() map[string]fetch.Source {
	o := object.SourceOptions{Named: f.named(), Strangers: f.download.publicOnly}
	o.Transport, o.Timeout = f.download.options(0, nil).Transport(), f.download.timeout
	o.UserAgent = f.download.userAgent
	if f.output.remote() {
		o.Outputs = []object.Address{f.output.address()}
	}
	return map[string]fetch.Source{object.Scheme: object.NewSource(o)}
}

// opener returns what opens a list; nil for a file of this machine.
func (f *runFlags) opener(list string, sources map[string]fetch.Source) fetch.Opener {
	switch schemeOf(list) {
	case "http", "https":
		return f.download.options(0, nil).Lists()
	case object.Scheme:
		opener, _ := sources[object.Scheme].(fetch.Opener)
		return opener
	}
	return nil
}

// fetching returns the options of the client of a run.
func (p *prepared) fetching(buffers *procs.Pool) fetch.Options {
	o := p.flags.download.options(p.can.idle, buffers)
	o.Sources, o.SHA256 = p.inputs.Sources, p.flags.output.sourceSHA256
	return o
}

// place returns the folder of the Store. For outputs in an object store, it sets what options have about that: then the
// folder holds a copy of the ledger. A dry run makes one that goes with it.
func (f *runFlags) place(ctx context.Context, options *store.Options, own *owner) (folder string, err error) {
	if !f.output.remote() {
		return f.output.dir, nil
	}
	to := fetch.Options{ConnectTimeout: f.download.connectTimeout, PerHost: storesAtOnce}
	b, err := object.Open(f.output.address(), object.Options{
		Transport: to.Transport(), Timeout: f.download.timeout, UserAgent: f.download.userAgent,
	})
	if err != nil {
		return "", err
	}
	options.Files, options.Trust = b.Files(), !f.output.verify
	home, lasting := homeOf(b, options.Part)
	if !lasting || options.ReadOnly {
		if home, err = scratchFolder("s3"); err != nil {
			return "", err
		}
		own.undo(func() { os.RemoveAll(home) })
	}
	folder = filepath.Join(home, "ledger")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	if !options.ReadOnly {
		options.Keeper = b.Ledger(home, options.Part)
	}
	return folder, b.CopyLedgers(ctx, folder, options.Part, options.ReadOnly)
}

// A partsRemover are Files in a place that keeps the ledgers of parts, too. Other Files have none to remove.
type partsRemover interface {
	RemoveParts(ctx context.Context, parts []store.Part) error
}

var _ partsRemover = object.Files{}

// openStore opens the Store of a run in a folder. What parts of the input left in an object store goes once it is in
// the ledger of the whole.
func (f *runFlags) openStore(ctx context.Context, folder string, options store.Options) (*store.Store, error) {
	s, err := store.Open(folder, options)
	files, ok := options.Files.(partsRemover)
	if err != nil {
		return nil, f.output.of(err)
	}
	if !ok || len(s.Merged().Parts) == 0 {
		return s, nil
	}
	if err := files.RemoveParts(ctx, s.Merged().Parts); err != nil {
		return nil, errors.Join(f.output.of(err), s.Close())
	}
	return s, nil
}

// homeOf returns the folder in which this machine keeps what it knows of the outputs in a bucket, from run to run. It
// reports whether there can be one. Each part of an input has one of its own.
func homeOf(b *object.Bucket, p store.Part) (string, bool) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", false
	}
	home := filepath.Join(base, "imgpipe", "s3", fmt.Sprintf("%x", sha256.Sum256([]byte(b.ID()+" "+p.String())))[:32])
	return home, os.MkdirAll(home, 0o700) == nil
}

// lookRemote refuses inputs that lie where objects that are not ours may be replaced.
func (o *originals) lookRemote(stop *stopper, f *runFlags) error {
	if !rereadable(f.input.lists) {
		if err := o.spool(stop.ctx, stop.atLast); err != nil {
			return err
		}
	}
	out := f.output.address()
	for item, err := range o.inputs.Items(stop.ctx) {
		if err != nil || item.Err != nil || item.Scheme != object.Scheme {
			continue
		}
		if a, err := object.Parse(item.Source); err == nil && out.Contains(a) {
			return fmt.Errorf("--on-exist overwrite: the input %q lies below --output %q, and originals are never "+
				"written over: expected another prefix", item.Source, out)
		}
	}
	return o.rewind()
}
