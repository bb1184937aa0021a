package bench

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline/store"
)

// work is what a run did, as far as it must be the same in all runs.
type work struct {
	config              int
	items, done, failed int
	damaged             int // of done
	outputs             int
	bytesIn, bytesOut   int64
	files               map[string]string // SHA-256 by name
}

func workOf(config int, s summary.Summary, outputs string) (work, error) {
	w := work{
		config: config, items: s.Items, done: s.Done, failed: s.Failed, damaged: s.Damaged,
		outputs: s.Outputs, bytesIn: s.BytesIn, bytesOut: s.BytesOut,
	}
	if outputs == "" {
		return w, nil
	}
	var err error
	w.files, err = digests(outputs)
	return w, err
}

// differs returns where two runs parted, or "".
func (w work) differs(other work) string {
	for _, name := range slices.Sorted(maps.Keys(w.files)) {
		switch sum, ok := other.files[name]; {
		case !ok:
			return fmt.Sprintf("%s is missing in one of them", summary.Printable(name))
		case sum != w.files[name]:
			return fmt.Sprintf("%s is not the same in both", summary.Printable(name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(other.files)) {
		if _, ok := w.files[name]; !ok {
			return fmt.Sprintf("%s is missing in one of them", summary.Printable(name))
		}
	}
	switch {
	case w.items != other.items:
		return fmt.Sprintf("%d and %d images", w.items, other.items)
	case w.done != other.done || w.failed != other.failed:
		return fmt.Sprintf("%d done and %d failed, %d done and %d failed", w.done, w.failed, other.done, other.failed)
	case w.damaged != other.damaged:
		return fmt.Sprintf("%d and %d damaged", w.damaged, other.damaged)
	case w.bytesIn != other.bytesIn:
		return fmt.Sprintf("%d and %d bytes in", w.bytesIn, other.bytesIn)
	case w.outputs != other.outputs || w.bytesOut != other.bytesOut:
		return fmt.Sprintf("%d outputs of %d bytes, %d of %d", w.outputs, w.bytesOut, other.outputs, other.bytesOut)
	}
	return ""
}

// digest returns one SHA-256 over all that differs looks at.
func (w work) digest() string {
	h := sha256.New()
	fmt.Fprintln(h, w.items, w.done, w.failed, w.outputs, w.bytesIn, w.bytesOut)
	for _, name := range slices.Sorted(maps.Keys(w.files)) {
		fmt.Fprintf(h, "%s  %q\n", w.files[name], name)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// digests returns the SHA-256 of each file in a folder but the ledger, by its name with forward slashes. A folder that
// is not there has no files.
func digests(dir string) (map[string]string, error) {
	sums := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if path == dir && os.IsNotExist(err) {
				return nil
			}
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || d.IsDir() || name == store.LedgerName { // it has times, which differ between runs
			return err
		}
		sum, err := digest(path)
		sums[filepath.ToSlash(name)] = sum
		return err
	})
	return sums, err
}

func digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
