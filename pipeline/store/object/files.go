package object

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"iter"
	"strconv"
	"strings"

	"github.com/minio/minio-go/v7"

	"imgpipe/pipeline/store"
	"imgpipe/transform"
)

// own begins the names of the objects that a run keeps for itself.
const own = ".imgpipe/"

// Metadata of an object: its SHA-256 and its length. Servers that keep metadata apart may answer with that of one
// object and the length of another while one replaces the other, which shows by the second.
const (
	digestKey = "Imgpipe-Sha256"
	sizeKey   = "Imgpipe-Bytes"
)

// Files are the objects of a Bucket as the place of outputs.
type Files struct {
	*Bucket
	glances *glances
}

var _ store.GlancingFiles = Files{}

// Files returns the objects below b as the place of outputs.
func (b *Bucket) Files() Files { return Files{b, &glances{}} }

// Stat asks for an object's header.
func (f Files) Stat(ctx context.Context, name string) (store.File, error) {
	info, err := f.head(ctx, name)
	return fileOf(info), err
}

// fileOf returns an object as a store knows it. Its time is left out: by the clock of another machine, it says nothing.
func fileOf(info minio.ObjectInfo) store.File {
	if info.Key == "" {
		return store.File{}
	}
	return store.File{Kind: store.Regular, Size: info.Size, Version: info.ETag}
}

// head returns what a server says of an object. The error is fs.ErrNotExist where there is none.
func (b *Bucket) head(ctx context.Context, name string) (minio.ObjectInfo, error) {
	ctx, cancel := b.within(ctx, 0)
	defer cancel()
	info, err := b.client.StatObject(ctx, b.addr.Bucket, b.key(name), minio.StatObjectOptions{})
	if isTrouble(err, noKey) {
		return minio.ObjectInfo{}, &fs.PathError{Op: "head", Path: name, Err: fs.ErrNotExist}
	}
	if err != nil {
		return minio.ObjectInfo{}, b.unwritten(err)
	}
	info.Key = name
	return info, nil
}

// Digest returns what the metadata of an object says, and reads an object that has none.
func (f Files) Digest(ctx context.Context, name string) (c store.Content, err error) {
	var info minio.ObjectInfo
	for range 5 {
		if info, err = f.head(ctx, name); err != nil {
			return c, err
		}
		sum, err := hex.DecodeString(info.UserMetadata[digestKey])
		if err != nil || len(sum) != len(c.SHA256) {
			break
		}
		if info.UserMetadata[sizeKey] == strconv.FormatInt(info.Size, 10) {
			return store.Content{Size: info.Size, SHA256: [sha256.Size]byte(sum)}, nil
		}
	}
	ctx, cancel := f.within(ctx, info.Size)
	defer cancel()
	body, _, err := f.get(ctx, f.key(name), info.ETag, 0)
	if err != nil {
		return c, f.unwritten(err)
	}
	defer body.Close()
	sum := sha256.New()
	if c.Size, err = io.Copy(sum, body); err != nil {
		return c, f.unwritten(err)
	}
	if c.Size != info.Size {
		return c, f.unwritten(io.ErrUnexpectedEOF)
	}
	sum.Sum(c.SHA256[:0])
	return c, nil
}

// Stage keeps the data.
func (f Files) Stage(_ context.Context, data []byte, c store.Content) (store.Staged, error) {
	return &staged{f.Bucket, data, c}, nil
}

type staged struct {
	in      *Bucket
	data    []byte
	content store.Content
}

// Put is one conditional PUT. A server may have done what it did not answer in time: then the condition fails for the
// next try, and whoever looks finds the object's content to be ours.
func (s *staged) Put(ctx context.Context, name string, seen store.File) error {
	ctx, cancel := s.in.within(ctx, int64(len(s.data)))
	defer cancel()
	opts := minio.PutObjectOptions{
		UserMetadata: map[string]string{
			digestKey: hex.EncodeToString(s.content.SHA256[:]), sizeKey: strconv.FormatInt(s.content.Size, 10),
		},
		ContentType: transform.Sniff(s.data).MIME(),
	}
	_, err := s.in.put(ctx, name, s.data, seen, opts)
	if isTrouble(err, changed) || seen != (store.File{}) && isTrouble(err, noKey) {
		return store.ErrChanged
	}
	if err != nil {
		return s.in.unwritten(err)
	}
	return nil
}

// put writes one object in place of what was seen, and returns its ETag. Its error is as the client returns it.
func (b *Bucket) put(
	ctx context.Context, name string, data []byte, seen store.File, opts minio.PutObjectOptions,
) (tag string, err error) {
	opts.DisableMultipart = true
	if seen == (store.File{}) {
		opts.SetMatchETagExcept("*")
	} else {
		opts.SetMatchETag(seen.Version)
	}
	done, err := b.client.PutObject(ctx, b.addr.Bucket, b.key(name), bytes.NewReader(data), int64(len(data)), opts)
	return done.ETag, err
}

// Discard has nothing to do: nothing was sent.
func (s *staged) Discard(context.Context) {}

// List lists the objects in the order of their keys.
func (f Files) List(ctx context.Context, prefix string, each func(string, store.File) bool) error {
	for info := range f.list(ctx, prefix, "") {
		if info.Err != nil {
			return f.unwritten(info.Err)
		}
		name := strings.TrimPrefix(info.Key, f.addr.Key)
		if strings.HasPrefix(name, own) || strings.HasSuffix(name, "/") {
			continue // which some programs make for folders
		}
		if !each(name, fileOf(info)) {
			return nil
		}
	}
	return nil
}

// list yields the objects whose names begin with a prefix and come after another one, in the order of keys. The last
// may have an Err.
func (b *Bucket) list(ctx context.Context, prefix, after string) iter.Seq[minio.ObjectInfo] {
	return func(yield func(minio.ObjectInfo) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		opts := minio.ListObjectsOptions{Prefix: b.key(prefix), Recursive: true, MaxKeys: 1000}
		if after != "" {
			opts.StartAfter = b.key(after)
		}
		for info := range b.client.ListObjects(ctx, b.addr.Bucket, opts) {
			if !yield(info) || info.Err != nil {
				return
			}
		}
	}
}

// Remove looks at the object first. A server that knows conditions for DELETE, as Amazon's, checks again when it
// removes it.
func (f Files) Remove(ctx context.Context, name string, seen store.File) error {
	now, err := f.Stat(ctx, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return store.ErrChanged
	case err != nil:
		return err
	case now != seen:
		return store.ErrChanged
	}
	ctx, cancel := f.within(context.WithValue(ctx, ifMatchKey{}, seen.Version), 0)
	defer cancel()
	err = f.client.RemoveObject(ctx, f.addr.Bucket, f.key(name), minio.RemoveObjectOptions{})
	if isTrouble(err, changed) || isTrouble(err, noKey) {
		return store.ErrChanged
	}
	if err != nil {
		return f.unwritten(err)
	}
	return nil
}

// Sync has nothing to do: what a server has answered is kept.
func (f Files) Sync(context.Context, iter.Seq[string]) error { return nil }
