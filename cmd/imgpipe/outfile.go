package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"imgpipe/fetch"
	"imgpipe/pipeline"
)

// A wholeFile is a file that appears under its name when it is complete, or not at all.
type wholeFile struct {
	path   string
	temp   *os.File
	closed bool
	*bufio.Writer
}

func newWholeFile(path string) (*wholeFile, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return nil, err
	}
	return &wholeFile{path: path, temp: f, Writer: bufio.NewWriter(f)}, nil
}

// close puts the file in place unless err, an error of writing it, is set. It gives that error or its own.
func (w *wholeFile) close(err error) error {
	w.closed = true
	defer os.Remove(w.temp.Name()) // without effect once it is renamed
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = w.temp.Chmod(0o644)
	}
	if closeErr := w.temp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(w.temp.Name(), w.path)
	}
	return err
}

// abandon leaves nothing of a file that was not closed. It may be called on nil.
func (w *wholeFile) abandon() {
	if w != nil && !w.closed {
		_ = w.close(errAbandoned) // which it gives back
	}
}

var errAbandoned = errors.New("the file is not wanted any more")

// writeWhole has write fill a wholeFile.
func writeWhole(path string, write func(io.Writer) error) error {
	w, err := newWholeFile(path)
	if err != nil {
		return err
	}
	return w.close(write(w))
}

// A failedList is the file of --failed-list. It appears at the end of the run, so that it may be the very list that the run
// reads. A nil failedList writes nothing.
type failedList struct {
	file *wholeFile
	err  error
}

func newFailedList(path string) (*failedList, error) {
	if path == "" {
		return nil, nil
	}
	w, err := newWholeFile(path)
	if err != nil {
		return nil, fmt.Errorf("--failed-list %q: %w", path, err)
	}
	return &failedList{file: w}, nil
}

// add writes the source of an item that failed. A record of a list that named nothing has no source that could be tried again.
func (l *failedList) add(o pipeline.Outcome) error {
	if l == nil || o.Status != pipeline.Failed || l.err != nil || o.Class == fetch.ClassRecord {
		return nil
	}
	if _, l.err = l.file.Write(fetch.AppendSource(nil, o.Item.Source)); l.err != nil {
		return fmt.Errorf("--failed-list %q: %w", l.file.path, l.err)
	}
	return nil
}

func (l *failedList) abandon() {
	if l != nil {
		l.file.abandon()
	}
}

// close puts the list in place.
func (l *failedList) close() error {
	if l == nil {
		return nil
	}
	if err := l.file.close(l.err); err != nil {
		return fmt.Errorf("--failed-list %q: %w", l.file.path, err)
	}
	return nil
}
