package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"imgpipe/pipeline"
)

// A swapIntent is a line of the journal where outputs take the places of their inputs.
type swapIntent struct {
	sum            [sha256.Size]byte // of the output
	source         uint64
	out, in, named string // the output and the input, by their absolute paths; the name of the original
}

// parseSwapIntent reads what swapping.intend wrote.
func parseSwapIntent(line string) (w swapIntent, ok bool) {
	parts := strings.Split(line, "\t")
	if len(parts) != 5 {
		return w, false
	}
	c, whole := contentOf(pipeline.Output{SHA256: parts[0]})
	w.sum = c.SHA256
	var errs [4]error
	w.source, errs[0] = strconv.ParseUint(parts[1], 16, 64)
	w.out, errs[1] = strconv.Unquote(parts[2])
	w.in, errs[2] = strconv.Unquote(parts[3])
	w.named, errs[3] = strconv.Unquote(parts[4])
	return w, whole && errors.Join(errs[:]...) == nil && fs.ValidPath(w.named) &&
		filepath.IsAbs(filepath.FromSlash(w.out)) && path.Dir(w.out) == path.Dir(w.in)
}

// settleSwaps finishes what a killed run left beside inputs. It removes what is an output, or is kept as an original.
// Everything else gets its name back. It adopts the outputs that have their names and no line.
func (s *Store) settleSwaps(journal []byte) (files int, err error) {
	for line := range strings.Lines(string(journal)) {
		w, ok := parseSwapIntent(strings.TrimSuffix(line, "\n"))
		if !ok {
			continue
		}
		dir, err := openHand(filepath.Dir(filepath.FromSlash(w.in)))
		if err != nil {
			continue // somebody has removed the folder
		}
		if !s.opts.ReadOnly {
			s.settleBeside(dir, w)
		}
		c, err := Content{SHA256: w.sum}, error(nil)
		_, known := s.swaps.made[contentHash(c)]
		if !known {
			c, err = dir.digest(path.Base(w.out))
		}
		dir.close()
		if known || err != nil || c.SHA256 != w.sum {
			continue
		}
		out := pipeline.Output{Path: w.out, Bytes: c.Size, SHA256: hex.EncodeToString(c.SHA256[:]), Backup: w.named}
		e := Entry{Status: Left, Source: filepath.FromSlash(w.in), By: fmt.Sprintf("%016x", w.source),
			Outputs: []pipeline.Output{out}, Time: time.Now()}
		if err := s.append(e, hash64([]byte(w.out))); err != nil {
			return files, err
		}
		files++
	}
	return files, nil
}

// settleBeside removes temporary files beside an input, unless one of them is all that is left of a file.
func (s *Store) settleBeside(dir hand, w swapIntent) {
	in := filepath.FromSlash(w.in)
	base := filepath.Base(in)
	_ = dir.remove(tempBeside(s.dir, in, partSuffix)) // nothing but an output ever has this name
	whole, old := tempBeside(s.dir, in, newSuffixBeside), tempBeside(s.dir, in, oldSuffix)
	if !s.spare(dir, whole, w) {
		// The input was changed in the last moment before it was exchanged: it gets its name back.
		if c, err := dir.digest(base); err == nil && c.SHA256 == w.sum && dir.swap(dir.folder, whole, base) == nil {
			s.spare(dir, whole, w)
		} else {
			s.warn = append(s.warn, fmt.Sprintf("a run here did not end; it left %s beside %s", whole, in))
		}
	}
	if !s.spare(dir, old, w) && dir.takeNew(dir.folder, old, base) != nil {
		s.warn = append(s.warn, fmt.Sprintf("a run here did not end; it left %s beside %s", old, in))
	}
	s.unlinkKept(dir, base, w.named) // it was killed between keep and exchange
}

// spare removes a file that is the output or is kept as the original, and reports whether none is left.
func (s *Store) spare(dir hand, name string, w swapIntent) bool {
	c, err := dir.digest(name)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err != nil {
		return false
	}
	if c.SHA256 != w.sum {
		if kept, err := s.digestKept(w.named); err != nil || kept != c {
			return false
		}
	}
	return dir.remove(name) == nil
}
