package main

import (
	"context"
	"fmt"

	"imgpipe/fetch"
	"imgpipe/pipeline"
)

// A failedList is the file of --failed-list. Nil is valid and writes nothing.
type failedList struct {
	file *sideFile
	err  error
	// unnamed counts the URLs that were written without their user and password.
	unnamed int
}

func newFailedList(ctx context.Context, path string, allowed func() error) (*failedList, error) {
	file, err := openSide(ctx, "failed-list", path, allowed)
	if file == nil {
		return nil, err
	}
	return &failedList{file: file}, nil
}

// add writes the source of an item that failed. A record of a list that names no item has no source to try again.
func (l *failedList) add(o pipeline.Outcome) error {
	if l == nil || o.Status != pipeline.Failed || l.err != nil || o.Class == fetch.ClassRecord {
		return nil
	}
	source := fetch.Redact(o.Item.Source)
	if source != o.Item.Source {
		l.unnamed++
	}
	if _, l.err = l.file.Write(fetch.AppendSource(nil, source)); l.err != nil {
		return l.file.failed(l.err)
	}
	return nil
}

func (l *failedList) forget() {
	if l != nil {
		l.file.forget()
	}
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
	return l.file.close(l.err)
}

// note returns what a person has to know about the list, or "".
func (l *failedList) note() string {
	if l == nil || l.unnamed == 0 {
		return ""
	}
	return fmt.Sprintf("--failed-list holds no passwords: %d of its URLs came with a user and password, "+
		"which --retry-failed with the first list has", l.unnamed)
}
