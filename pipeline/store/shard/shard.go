// Package shard packs the outputs of a Store into tar files of many samples each, as WebDataset reads them: a training
// run then reads few large files from its first byte to its last.
//
//	DIR/imgpipe.jsonl, DIR/a.jpg …  ──by name──>  00000.tar: 000000000.jpg 000000000.json 000000001.jpg …
//	                                              00000.json: what the shard holds, by which a later Pack skips it
//
// Start with [Pack]. A sample is an input with its outputs. Samples are in the order of the names of outputs and are
// numbered from 0, so the same outputs are the same shards, byte for byte, on any machine. A shard appears whole or not
// at all, and what a Pack has done that was killed, the next one does not do again.
package shard

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
)

// Options say how samples are packed. The zero value of a field is its default.
type Options struct {
	// Dir is the folder for the shards. It need not exist.
	Dir string
	// Samples is how many a shard has, but for the last. Default 10,000.
	Samples int
	// Text is a column of lists whose value a sample has as KEY.txt; "" is none.
	Text string
}

// DefaultSamples is the default of Options.Samples.
const DefaultSamples = 10_000

// A Result is what Pack did.
type Result struct {
	// Shards are those that there are now, and Before those of them that were there, as they would be written.
	Shards, Before int
	// Samples are those of all shards.
	Samples int
	// Lost are inputs that were left out, because their outputs are not what the ledger says, and FirstLost is one.
	Lost      int
	FirstLost string
	// Stale are shards of an earlier Pack beyond the last. They were not removed.
	Stale []string
}

// A sample is an input to be packed. Of a million, they take some 60 MB.
type sample struct {
	name string // of its first output
	at   store.Ref
}

// A packer is a Pack under way.
type packer struct {
	Options
	Result
	store *store.Store
}

// ErrNoText is returned if no input has the column of Options.Text.
var ErrNoText = errors.New("no image has that column")

// Pack packs all inputs of s that have outputs. The error is ctx's, or says what could not be read or written; shards
// that were whole by then stay.
func Pack(ctx context.Context, s *store.Store, o Options) (Result, error) {
	p := &packer{Options: o, store: s}
	p.Options.Samples = cmp.Or(o.Samples, DefaultSamples)
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return p.Result, fmt.Errorf("make the folder for shards: %w", err)
	}
	unlock, err := store.Lock(filepath.Join(o.Dir, lockName))
	if err != nil {
		return p.Result, fmt.Errorf("lock the folder for shards: %w", err)
	}
	defer unlock()
	if err := sweep(o.Dir); err != nil {
		return p.Result, err
	}
	var all []sample
	texts := o.Text == ""
	for line, err := range s.Entries() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return p.Result, err
		}
		if outputs := own(line.Outputs); len(outputs) > 0 && line.Status != pipeline.Failed {
			all = append(all, sample{outputs[0].Path, store.Ref(line.At)})
			_, has := line.Columns.Get(o.Text)
			texts = texts || has
		}
	}
	if !texts && len(all) > 0 {
		return p.Result, ErrNoText
	}
	slices.SortFunc(all, func(a, b sample) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.at, b.at)) })
	for first := 0; first < len(all); first += p.Options.Samples {
		if err := p.shard(ctx, first, all[first:min(first+p.Options.Samples, len(all))]); err != nil {
			return p.Result, err
		}
		p.Result.Shards++
	}
	for n := p.Result.Shards; ; n++ {
		if _, err := os.Lstat(p.path(n, ".tar")); err != nil {
			return p.Result, nil
		}
		p.Stale = append(p.Stale, filepath.Base(p.path(n, ".tar")))
	}
}

const (
	// lockName is a file in the folder for shards while a Pack writes to it.
	lockName = ".imgpipe-shards"
	// tempPattern is that of files that have no name yet.
	tempPattern = ".shard-*.tmp"
)

// sweep removes what a Pack left that was killed.
func sweep(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("read the folder for shards: %w", err)
	}
	for _, e := range entries {
		if ok, _ := filepath.Match(tempPattern, e.Name()); ok && e.Type().IsRegular() {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return fmt.Errorf("remove what was left unfinished: %w", err)
			}
		}
	}
	return nil
}

// own returns the outputs that are files of ours.
func own(outputs []pipeline.Output) []pipeline.Output {
	return slices.DeleteFunc(slices.Clone(outputs), func(o pipeline.Output) bool { return o.Kept || o.Omitted })
}

func (p *packer) path(n int, ext string) string {
	return filepath.Join(p.Dir, fmt.Sprintf("%05d%s", n, ext))
}

// A card is what the file beside a shard says. It is there before the shard is.
type card struct {
	// Of is a hash of all that the shard is made of.
	Of string `json:"of"`
	// Samples, Lost, Bytes and SHA256 are those of the shard.
	Samples int    `json:"samples"`
	Lost    int    `json:"lost,omitzero"`
	Bytes   int64  `json:"bytes"`
	SHA256  string `json:"sha256"`
	// Before is the SHA256 of the shard that had the name until this one was whole.
	Before string `json:"before,omitzero"`
}

// shard packs one shard, unless it is there.
func (p *packer) shard(ctx context.Context, first int, samples []sample) error {
	n := first / p.Options.Samples
	of, err := p.hashOf(ctx, first, samples)
	if err != nil {
		return err
	}
	was, known := readCard(p.path(n, ".json"))
	info, err := os.Lstat(p.path(n, ".tar"))
	there := err == nil
	same := there && known && was.Of == of && was.Lost == 0 && info.Mode().IsRegular() && info.Size() == was.Bytes
	if same && was.Before != "" { // a Pack was killed when it was about to put the shard in place
		sum, err := p.ours(n, was)
		if err != nil {
			return err
		}
		same = sum == was.SHA256
	}
	if same {
		p.Before++
		p.Result.Samples += was.Samples
		return nil
	}
	before := ""
	if there {
		if before, err = p.ours(n, was); err != nil {
			return err
		}
	}
	temp, err := os.CreateTemp(p.Dir, tempPattern)
	if err != nil {
		return fmt.Errorf("write a shard: %w", err)
	}
	defer os.Remove(temp.Name()) // nothing, once it has its name
	sum := sha256.New()
	made, err := p.write(ctx, io.MultiWriter(temp, sum), first, samples)
	size, seekErr := temp.Seek(0, io.SeekCurrent)
	if err = errors.Join(err, seekErr, temp.Chmod(0o644), temp.Sync(), temp.Close()); err != nil {
		return fmt.Errorf("write shard %05d: %w", n, err)
	}
	made.Of, made.Bytes, made.SHA256, made.Before = of, size, hex.EncodeToString(sum.Sum(nil)), before
	if err := writeCard(p.path(n, ".json"), made); err != nil {
		return fmt.Errorf("write shard %05d: %w", n, err)
	}
	if there {
		err = os.Rename(temp.Name(), p.path(n, ".tar"))
	} else {
		err = nameNew(temp.Name(), p.path(n, ".tar"))
	}
	if err == nil && before != "" {
		made.Before = ""
		err = writeCard(p.path(n, ".json"), made)
	}
	if err != nil {
		return fmt.Errorf("write shard %05d: %w", n, err)
	}
	p.Result.Samples += made.Samples
	return nil
}

// nameNew puts a file under a name that nothing has.
func nameNew(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, os.ErrExist) {
		return err
	}
	if _, there := os.Lstat(to); there == nil { // a file system without links
		return os.ErrExist
	}
	return os.Rename(from, to)
}

// ours returns the SHA-256 of a shard that is there. The error says that no Pack has written it.
func (p *packer) ours(n int, was card) (sum string, err error) {
	name := p.path(n, ".tar")
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("write shard %05d: %w", n, err)
	}
	defer f.Close()
	all := sha256.New()
	if _, err := io.Copy(all, f); err != nil {
		return "", fmt.Errorf("read shard %05d: %w", n, err)
	}
	sum = hex.EncodeToString(all.Sum(nil))
	if sum != was.SHA256 && sum != was.Before {
		return "", fmt.Errorf("write shard %05d: %s is there, and not as imgpipe wrote it: expected another folder, "+
			"or one of shards", n, name)
	}
	return sum, nil
}

// hashOf returns what a shard is known by: all that goes into it, as the ledger has it.
func (p *packer) hashOf(ctx context.Context, first int, samples []sample) (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%d %q\n", first, p.Text)
	for i, one := range samples {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		e, err := p.store.Entry(one.at)
		if err != nil {
			return "", fmt.Errorf("read the ledger: %w", err)
		}
		if err := p.describe(sum, first+i, e); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func (p *packer) describe(sum hash.Hash, key int, e store.Entry) error {
	b, err := json.Marshal(metaOf(key, e))
	if err != nil {
		return err
	}
	text, _ := e.Columns.Get(p.Text)
	_, err = fmt.Fprintf(sum, "%s\n%q\n", b, text)
	return err
}

// A meta is KEY.json of a sample.
type meta struct {
	Key string `json:"key"`
	// Source is a URL, or the name of a file.
	Source string `json:"source"`
	Row    int    `json:"row,omitzero"`
	// Files are those of the sample.
	Files        []file        `json:"files"`
	SourceSHA256 string        `json:"source_sha256,omitzero"`
	Spec         string        `json:"spec,omitzero"`
	Warnings     []string      `json:"warnings,omitempty"`
	Damaged      bool          `json:"damaged,omitzero"`
	Columns      fetch.Columns `json:"columns,omitzero"`
}

// A file is an output in a sample. Ext is what follows the key and a dot in its name in the shard.
type file struct {
	Ext    string `json:"ext"`
	Path   string `json:"path"`
	Width  int    `json:"width,omitzero"`
	Height int    `json:"height,omitzero"`
	SHA256 string `json:"sha256"`
}

// keyOf returns the key of the n-th sample of all.
func keyOf(n int) string { return fmt.Sprintf("%09d", n) }

// sourceOf returns where an image is from, without the folders of this machine: shards are for others.
func sourceOf(source string) string {
	if strings.Contains(source, "://") {
		return source
	}
	return filepath.Base(source)
}

func metaOf(n int, e store.Entry) meta {
	m := meta{
		Key: keyOf(n), Source: sourceOf(e.Source), Row: e.Row, SourceSHA256: e.SourceSHA256, Spec: e.Spec,
		Warnings: e.Warnings, Damaged: e.Damaged, Columns: e.Columns,
	}
	outputs := own(e.Outputs)
	count := map[string]int{}
	for _, o := range outputs {
		count[filepath.Ext(o.Path)]++
	}
	for i, o := range outputs {
		ext := filepath.Ext(o.Path)
		name := ext[min(len(ext), 1):]
		if count[ext] > 1 { // of several sizes
			name = strconv.Itoa(i) + ext
		}
		m.Files = append(m.Files, file{Ext: name, Path: o.Path, Width: o.Width, Height: o.Height, SHA256: o.SHA256})
	}
	return m
}

// write writes a tar. Nothing in it depends on when, where or by whom it is written.
func (p *packer) write(ctx context.Context, w io.Writer, first int, samples []sample) (made card, err error) {
	t := tar.NewWriter(w)
	for i, one := range samples {
		if ctx.Err() != nil {
			return made, ctx.Err()
		}
		e, err := p.store.Entry(one.at)
		if err != nil {
			return made, fmt.Errorf("read the ledger: %w", err)
		}
		m := metaOf(first+i, e)
		var data [][]byte
		for _, o := range own(e.Outputs) {
			b, err := p.store.ReadOutput(o)
			if errors.Is(err, store.ErrNotAsWritten) {
				data = nil
				break
			}
			if err != nil {
				return made, err
			}
			data = append(data, b)
		}
		if data == nil {
			if p.Result.Lost++; p.Result.Lost == 1 {
				p.FirstLost = one.name
			}
			made.Lost++
			continue
		}
		if err := p.add(t, m, data); err != nil {
			return made, err
		}
		made.Samples++
	}
	return made, t.Close()
}

// add adds the files of one sample.
func (p *packer) add(t *tar.Writer, m meta, data [][]byte) error {
	for i, f := range m.Files {
		if err := addFile(t, m.Key+"."+f.Ext, data[i]); err != nil {
			return err
		}
	}
	if text, ok := m.Columns.Get(p.Text); ok && p.Text != "" {
		if err := addFile(t, m.Key+".txt", []byte(text)); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m); err != nil {
		return err
	}
	return addFile(t, m.Key+".json", b.Bytes())
}

func addFile(t *tar.Writer, name string, data []byte) error {
	err := t.WriteHeader(&tar.Header{
		Name: name, Size: int64(len(data)), Mode: 0o644, ModTime: time.Unix(0, 0), Typeflag: tar.TypeReg,
		Format: tar.FormatUSTAR,
	})
	if err == nil {
		_, err = t.Write(data)
	}
	return err
}

// readCard reads what is beside a shard, and reports whether a Pack wrote it.
func readCard(name string) (c card, ok bool) {
	f, err := os.Open(name)
	if err != nil {
		return c, false
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 64<<10))
	return c, err == nil && json.Unmarshal(b, &c) == nil && c.Of != ""
}

// writeCard puts what is beside a shard in place. Another file is not replaced.
func writeCard(name string, c card) error {
	_, ours := readCard(name)
	if _, err := os.Lstat(name); err == nil && !ours {
		return fmt.Errorf("%s is there, and not as imgpipe wrote it: expected another folder, or one of shards", name)
	}
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), tempPattern)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(append(b, '\n'))
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
