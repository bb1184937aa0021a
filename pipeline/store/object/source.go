package object

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"imgpipe/fetch"
)

// SourceOptions say how a Source asks. The zero value is the default.
type SourceOptions struct {
	Options
	// Named are the addresses that the user named: in arguments, as a list, for outputs. For their servers keys of
	// access are used, and for the server of the environment, or else Amazon's. All others are asked without.
	Named []Address
	// Strangers has keys used for the buckets of Named alone.
	Strangers bool
	// Outputs are folders for outputs, in which a listing does not look for inputs. One that is named itself is listed.
	Outputs []Address
}

// A Source has the objects of buckets as items: one that is named, or all whose keys lie below a name, in the order of
// keys. It identifies an object by its size and ETag. It is a fetch.Source and a fetch.Opener.
type Source struct {
	opts    SourceOptions
	buckets buckets
}

var (
	_ fetch.Source = (*Source)(nil)
	_ fetch.Opener = (*Source)(nil)
)

// NewSource makes a Source.
func NewSource(opts SourceOptions) *Source {
	opts.Options = opts.withDefaults()
	opts.Tries = 1 // who calls tries again
	return &Source{opts: opts}
}

// bucket returns the Bucket of an address, with the key "".
func (s *Source) bucket(a Address) (*Bucket, error) {
	a, err := a.resolved()
	if err != nil {
		return nil, err
	}
	if !s.trusts(a) {
		a.Anonymous, a.Profile = true, ""
	}
	return s.buckets.of(a, func(a Address) (*Bucket, error) { return open(a, s.opts.Options, keysOf(a)) })
}

// trusts reports whether an address, which is resolved, may be asked with keys of access.
func (s *Source) trusts(a Address) bool {
	own, err := Address{}.resolved() // what the environment says is the user's word
	if err == nil && !s.opts.Strangers && a.Endpoint == own.Endpoint && a.Profile == own.Profile {
		return true
	}
	return slices.ContainsFunc(s.opts.Named, func(named Address) bool {
		named, err := named.resolved()
		return err == nil && a.Endpoint == named.Endpoint && a.Profile == named.Profile &&
			(!s.opts.Strangers || a.Bucket == named.Bucket)
	})
}

// shown is an address as it stands in errors.
func shown(name string) string {
	const most = 300
	name = fetch.Redact(name)
	if len(name) > most {
		name = strings.ToValidUTF8(name[:most], "") + "…"
	}
	return name
}

// badAddress is the error of what is no address.
func badAddress(name string, err error) *fetch.Error {
	return &fetch.Error{Kind: fetch.ClassURL, Doing: "read the address " + shown(plain(name)), Err: err}
}

// plain is what is no address, without keys of access.
func plain(name string) string {
	if strings.Contains(name, "@") {
		return Scheme + "://…"
	}
	return name
}

// parse reads the address of one object, and returns its bucket.
func (s *Source) parse(name string) (Address, *Bucket, *fetch.Error) {
	a, err := Parse(name)
	if err == nil && (a.Key == "" || strings.HasSuffix(a.Key, "/")) {
		err = errors.New("it names no object: expected s3://BUCKET/KEY")
	}
	var b *Bucket
	if err == nil {
		b, err = s.bucket(a)
	}
	if err != nil {
		return a, nil, badAddress(name, err)
	}
	return a, b, nil
}

// List implements [fetch.Source]. What is named without a slash at its end is an object, if one has that key.
func (s *Source) List(ctx context.Context, l fetch.Listing) {
	if l.Single {
		item := fetch.Item{Source: plain(l.Name), Scheme: Scheme}
		if a, _, err := s.parse(l.Name); err != nil {
			item.Err = err
		} else {
			item.Source = a.String()
		}
		l.Yield(item)
		return
	}
	a, err := Parse(l.Name)
	var b *Bucket
	if err == nil {
		b, err = s.bucket(a)
	}
	if err != nil {
		l.Yield(fetch.Item{Source: plain(l.Name), Scheme: Scheme, Err: badAddress(l.Name, err)})
		return
	}
	if a.Key != "" && !strings.HasSuffix(a.Key, "/") {
		item, found, err := s.named(ctx, a, b)
		if err != nil {
			l.Yield(fetch.Item{Source: a.String(), Scheme: Scheme, Err: err})
			return
		}
		if found {
			l.Yield(item)
			return
		}
	}
	s.listFolder(ctx, l, a.Folder(), b)
}

// named returns the item of one object, and reports whether it is there.
func (s *Source) named(ctx context.Context, a Address, b *Bucket) (item fetch.Item, found bool, err error) {
	within, cancel := b.within(ctx, 0)
	defer cancel()
	info, err := again(within, func() (minio.ObjectInfo, error) {
		return b.client.StatObject(within, a.Bucket, a.Key, minio.StatObjectOptions{})
	})
	switch {
	case isTrouble(err, noKey), isTrouble(err, denied): // without the right to list, a server says the latter of both
		return item, false, nil
	case err != nil:
		return item, false, b.unread("find "+a.String(), err)
	}
	return fetch.Item{Source: a.String(), Scheme: Scheme, Size: info.Size, Version: info.ETag}, true, nil
}

// again calls ask up to three times while its error is one that may pass: what is listed is not tried again by fetch.
func again[T any](ctx context.Context, ask func() (T, error)) (v T, err error) {
	for try := range 3 {
		if v, err = ask(); err == nil {
			return v, nil
		}
		if t, _ := troubleOf(err); t != unanswered && t != later && t != broken || ctx.Err() != nil {
			return v, err
		}
		select {
		case <-ctx.Done():
			return v, err
		case <-time.After(200 * time.Millisecond << try):
		}
	}
	return v, err
}

// Kinds of what a listing passes over, in the words that fetch has for folders.
const (
	passedNames   = "files whose extension is not that of an image"
	passedHidden  = "hidden images"
	passedOutputs = "folders of outputs"
)

// listFolder lists the objects below a, 1,000 a request.
func (s *Source) listFolder(ctx context.Context, l fetch.Listing, a Address, b *Bucket) {
	w := walk{Listing: l, in: a, outputs: s.opts.Outputs}
	if l.Several {
		w.top = path.Base("/" + strings.TrimSuffix(a.Key, "/"))
		if a.Key == "" {
			w.top = a.Bucket
		}
	}
	for try := 0; ; try++ {
		failed := error(nil)
		opts := minio.ListObjectsOptions{Prefix: a.Key, Recursive: true, MaxKeys: 1000}
		if w.last != "" {
			opts.StartAfter = w.last
		}
		listing, cancel := context.WithCancel(ctx)
		for info := range b.client.ListObjects(listing, a.Bucket, opts) {
			if failed = info.Err; failed != nil {
				break
			}
			if w.last = info.Key; !w.take(info) {
				cancel()
				return
			}
			try = 0
		}
		cancel()
		if failed == nil {
			break
		}
		t, _ := troubleOf(failed)
		if t != unanswered && t != later && t != broken || try == 3 || ctx.Err() != nil {
			if ctx.Err() == nil {
				l.Yield(fetch.Item{Source: a.String(), Scheme: Scheme, Err: b.unread("list "+a.String(), failed)})
			}
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(500 * time.Millisecond << try):
		}
	}
	if !w.any {
		l.Yield(fetch.Item{Source: a.String(), Scheme: Scheme, Err: &fetch.Error{
			Kind: fetch.ClassNotFound, Doing: "list " + a.String(),
			Err: errors.New("no object there has the extension of an image that can be read"),
		}})
	}
}

// A walk is a listing under way.
type walk struct {
	fetch.Listing
	in      Address // what is listed
	top     string  // what each Dir begins with; it may be ""
	outputs []Address
	skipped string // the last folder of outputs that was found
	last    string // the last key
	any     bool
}

// take takes one object. It reports whether to go on.
func (w *walk) take(info minio.ObjectInfo) bool {
	rel := strings.TrimPrefix(info.Key, w.in.Key)
	here := w.in
	here.Key = info.Key
	if strings.HasSuffix(rel, "/") || rel == "" { // which some programs make for folders
		return true
	}
	if i := strings.Index("/"+rel, "/"+own); i >= 0 { // below which a run has written
		if i > 0 && w.skipped != rel[:i] {
			w.skipped = rel[:i]
			w.pass(here, rel[:i], passedOutputs)
		}
		return true
	}
	if w.skipped != "" && strings.HasPrefix(rel, w.skipped) {
		return true
	}
	for _, out := range w.outputs {
		if out.Contains(here) && !out.Contains(w.in) {
			return true
		}
	}
	hidden := strings.HasPrefix(rel, ".") || strings.Contains(rel, "/.")
	switch takes := w.Takes == nil || w.Takes(path.Base(rel)); {
	case hidden && takes:
		w.pass(here, rel, passedHidden)
		return true
	case hidden:
		return true
	case !takes:
		w.pass(here, rel, passedNames)
		return true
	}
	w.any = true
	dir := path.Join(w.top, path.Dir(rel))
	if dir == "." {
		dir = ""
	}
	item := fetch.Item{
		Source: here.String(), Scheme: Scheme, Dir: dir, Size: info.Size, Version: info.ETag, Listed: true,
	}
	if err := checkKey(info.Key); err != nil {
		item.Err = badAddress(item.Source, err)
	}
	return w.Yield(item)
}

// pass has the caller know what is passed over.
func (w *walk) pass(here Address, rel, what string) {
	if w.PassedOver != nil {
		here.Key = w.in.Key + rel
		w.PassedOver(here.String(), what)
	}
}

// Host implements [fetch.Source].
func (s *Source) Host(item fetch.Item) string {
	a, err := Parse(item.Source)
	if err != nil {
		return ""
	}
	b, err := s.bucket(a)
	if err != nil {
		return ""
	}
	return b.Host()
}

// Open implements [fetch.Source]. An object that was changed since it was listed is another one, and fails.
func (s *Source) Open(ctx context.Context, item fetch.Item, try *fetch.Try) error {
	a, b, bad := s.parse(item.Source)
	if bad != nil {
		return bad
	}
	if err := try.Ask(ctx, b.Host()); err != nil {
		return err
	}
	body, info, err := b.get(ctx, a.Key, item.Version, 0)
	if err != nil {
		t, answer := troubleOf(err)
		if t == later {
			try.Later(fmt.Sprintf("http-%d", answer.StatusCode), 0)
		}
		if ctx.Err() != nil || t == unanswered && context.Cause(ctx) != nil {
			return err // the caller knows why
		}
		return b.unread("get "+shown(item.Source), err)
	}
	defer body.Close()
	try.Modified(info.LastModified)
	return try.Receive(ctx, body, info.Size)
}

// get asks for an object from a byte on, which must have an ETag unless that is "".
func (b *Bucket) get(ctx context.Context, key, tag string, from int64) (io.ReadCloser, minio.ObjectInfo, error) {
	opts := minio.GetObjectOptions{}
	if tag != "" {
		if err := opts.SetMatchETag(tag); err != nil {
			return nil, minio.ObjectInfo{}, err
		}
	}
	if from > 0 {
		if err := opts.SetRange(from, 0); err != nil {
			return nil, minio.ObjectInfo{}, err
		}
	}
	body, info, _, err := b.core.GetObject(ctx, b.addr.Bucket, key, opts)
	if err == nil && tag != "" && info.ETag != tag { // some servers pass over the condition
		body.Close()
		return nil, info, minio.ErrorResponse{StatusCode: http.StatusPreconditionFailed, Code: "PreconditionFailed"}
	}
	return body, info, err
}

// OpenList implements [fetch.Opener].
func (s *Source) OpenList(ctx context.Context, name string, from int64, version string) (fetch.Part, error) {
	a, b, bad := s.parse(name)
	if bad != nil {
		return fetch.Part{}, bad
	}
	body, info, err := b.get(ctx, a.Key, version, from)
	if err != nil {
		return fetch.Part{}, b.unread("get "+shown(name), err)
	}
	return fetch.Part{Body: body, Version: info.ETag}, nil
}
