package bench

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"imgpipe/cmd/imgpipe/internal/drill"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
)

// work is what a run did, as far as it must be the same in all runs.
type work struct {
	config              int
	items, done, failed int
	damaged             int // of done
	outputs             int
	bytesIn, bytesOut   int64
	// lost has the class of each source that failed.
	lost map[string]string
	// made has the outputs of each source, or of each file by its name, if there is no ledger. named reports that it is
	// by source.
	made  map[string][]made
	named bool
	// learned has the sources that failed, and whose outputs are known from another run.
	learned map[string]bool
}

// A made is a file that a run made.
type made struct{ name, sum string }

// workOf returns the work of a run. outputs is the folder that it wrote, "" for none. failed is the file that names the
// sources that failed, if there is no ledger; it may be missing.
func workOf(config int, s summary.Summary, outputs, failed string) (work, error) {
	w := work{
		config: config, items: s.Items, done: s.Done, failed: s.Failed, damaged: s.Damaged,
		outputs: s.Outputs, bytesIn: s.BytesIn, bytesOut: s.BytesOut,
	}
	var err error
	if w.lost, err = failedSources(failed, s); err != nil || outputs == "" {
		return w, err
	}
	sums, err := digests(outputs)
	if err != nil {
		return w, err
	}
	return w, w.readLedger(filepath.Join(outputs, store.LedgerName), sums)
}

// readLedger sets made and lost from the ledger of a run and the digests of its files. Without a ledger, made is by the
// name of the file.
func (w *work) readLedger(path string, sums map[string]string) error {
	entries, _, err := drill.Entries(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the ledger of a run: %w", err)
	}
	w.made = map[string][]made{}
	for _, e := range entries {
		if e.Source == "" {
			continue
		}
		w.named = true
		if e.Status == pipeline.Failed {
			w.lost[e.Source] = e.Class
		}
		for _, out := range e.Outputs {
			if sum, ok := sums[out.Path]; ok {
				w.made[e.Source] = append(w.made[e.Source], made{out.Path, sum})
				delete(sums, out.Path)
			}
		}
	}
	for name, sum := range sums { // a ledger names all files of a run
		w.made[name] = append(w.made[name], made{name, sum})
	}
	for _, files := range w.made { // a source that is named twice ends in any order
		slices.SortFunc(files, func(a, b made) int { return cmp.Compare(a.sum, b.sum) })
	}
	return nil
}

// failedSources reads the file of --failed-list. The class is known if all failures are of one.
func failedSources(path string, s summary.Summary) (map[string]string, error) {
	lost := map[string]string{}
	f, err := os.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return lost, err
	}
	defer f.Close()
	class := "failed"
	if len(s.Failures) == 1 {
		class = s.Failures[0].Class
	}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if lines.Text() != "" {
			lost[lines.Text()] = class
		}
	}
	return lost, lines.Err()
}

// differs returns where two runs parted, or "". An image that failed in one of them may be missing there.
func (w *work) differs(other *work) string {
	if w.items != other.items {
		return fmt.Sprintf("%d and %d images", w.items, other.items)
	}
	same := maps.Equal(w.lost, other.lost) && w.failed == other.failed
	keys := maps.Clone(w.made)
	maps.Copy(keys, other.made)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		a, b := w.made[key], other.made[key]
		missing := len(a) == 0 || len(b) == 0
		switch {
		case w.failedAt(key), other.failedAt(key):
		case missing && !same && !(w.named && other.named): // nobody knows which source it is of
		case len(a) != len(b):
			return fmt.Sprintf("%s is missing in one of them", summary.Printable(keys[key][0].name))
		default:
			for i := range a {
				if a[i].sum != b[i].sum {
					return fmt.Sprintf("%s is not the same in both", summary.Printable(a[i].name))
				}
			}
		}
	}
	switch {
	case !same: // the totals are those of other images
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

// failedAt reports whether the outputs of a source are not all there.
func (w *work) failedAt(source string) bool {
	_, failed := w.lost[source]
	return failed && !w.learned[source]
}

// learn takes from another run the outputs of images that failed in this one, for the runs to come.
func (w *work) learn(other *work) {
	for key, files := range other.made {
		if (w.failedAt(key) || len(w.made[key]) == 0) && !other.failedAt(key) {
			if w.learned == nil {
				w.learned = map[string]bool{}
			}
			w.made[key], w.learned[key] = files, true
		}
	}
}

// digest returns one SHA-256 over what all runs have in common: the outputs of images that are not among those left
// out.
func (w *work) digest(out map[string]bool) string {
	h := sha256.New()
	fmt.Fprintln(h, w.items)
	if len(out) == 0 {
		fmt.Fprintln(h, w.done, w.failed, w.outputs, w.bytesIn, w.bytesOut)
	}
	for _, key := range slices.Sorted(maps.Keys(w.made)) {
		if out[key] {
			continue
		}
		for _, file := range w.made[key] {
			fmt.Fprintf(h, "%s  %q\n", file.sum, file.name)
		}
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
