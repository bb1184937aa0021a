package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"imgpipe/pipeline/store"
)

// copyOutputs copies the outputs of a run without its ledger, since nobody will continue that run. If a name is taken
// by a file of other content, nothing is copied.
func copyOutputs(from, to string) error {
	for _, write := range []bool{false, true} {
		err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			name, err := filepath.Rel(from, path)
			switch {
			case err != nil:
				return err
			case d.IsDir() && write:
				return os.MkdirAll(filepath.Join(to, name), 0o777)
			case d.IsDir(), name == store.LedgerName:
				return nil
			}
			return copyNew(path, filepath.Join(to, name), write)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// copyNew copies a file to a name that is free, or that a file of the same content has. Without write it only looks.
func copyNew(from, to string, write bool) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	switch there, err := os.ReadFile(to); {
	case err == nil && bytes.Equal(there, data):
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%q is another file than would be written: expected a folder without it, "+
			"see --output and --keep", to)
	case !write:
		return nil
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(to)
	}
	return err
}
