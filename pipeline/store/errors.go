package store

import (
	"errors"
	"fmt"
	"io/fs"

	"imgpipe/pipeline"
)

// A Hint is what a person could do about an [Error], in words that suit any program. A program that has its own words
// for it, such as the names of its flags, puts them in place of the exported ones.
type Hint string

// The hints that speak of what a caller chose: the name template, what happens to files that are not ours, or a run.
const (
	HintOtherName  Hint = "choose another output folder, or a name template that differs"
	HintFieldApart Hint = "choose a name template with a field that tells them apart, such as {index} or {sha8}"
	HintSizeApart  Hint = "choose a name template with {size}, which is another one for each size"
	HintTellApart  Hint = "choose another output folder, " +
		"or a name template with a field that tells them apart, such as {dir} or {sha8}"
	HintMoveOrName   Hint = "move it away, or choose another output folder or a name template that differs"
	HintMoveOrAllow  Hint = "move it away, choose another output folder, or have such files skipped or overwritten"
	HintMoveBack     Hint = "move it back, and do the same run again: it continues where it stopped"
	HintMakeSpace    Hint = "make space and do the same run again: it continues where it stopped"
	HintAgain        Hint = "do the same run again: it continues with the ledger that is there"
	HintAskFormat    Hint = "choose a format that can be written: the extension of the file changes with it"
	HintMoveAndAgain Hint = "move it away and do the same run again: it continues"
)

// The other hints.
const (
	hintMoveAway    Hint = "move it away, or choose another output folder"
	hintWait        Hint = "wait for it to end, or choose another output folder"
	hintOtherFolder Hint = "choose another folder"
	hintMoveTarget  Hint = "move that away, or choose another format"
	hintOwnRun      Hint = "choose another output folder, or give what goes into this one a run of its own"
)

// An Error is why something could not be named or written.
type Error struct {
	// Kind is one of the Class constants.
	Kind string
	// Doing says what was being done, such as "write a/b.jpg".
	Doing string
	// Err is what was wrong.
	Err error
	// Hint is what a person could do about it; it may be "".
	Hint Hint

	fatal bool
}

// Error is one line: what was being done and what was wrong.
func (e *Error) Error() string {
	if e.Doing == "" { // a Files does not know what it is asked for
		return e.Err.Error()
	}
	return e.Doing + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Class returns Kind.
func (e *Error) Class() string { return e.Kind }

// Advice returns Hint.
func (e *Error) Advice() string { return string(e.Hint) }

// Fatal reports whether the trouble is the folder's and not the item's. Then no other item would fare better, and the
// run should stop.
func (e *Error) Fatal() bool { return e.fatal }

// folderError is the error of a call that touched the output folder itself, or the folder for temporary files in it.
func (h *home) folderError(doing string, err error) error {
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	e := classify(doing, err)
	if e.Kind == pipeline.ClassFolderGone && h.root != nil {
		e.Err = errors.New("the folder was removed while the run wrote to it")
	}
	e.fatal = true
	return e
}

// classify finds the class of an error of the file system.
func classify(doing string, err error) *Error {
	e := &Error{Kind: pipeline.ClassWrite, Doing: doing, Err: bare(err)}
	switch {
	case isDiskFull(err):
		e.Kind, e.fatal = pipeline.ClassDiskFull, true
		e.Hint = HintMakeSpace
	case isReadOnly(err):
		e.Kind, e.fatal = pipeline.ClassNotWritable, true
	case errors.Is(err, fs.ErrPermission):
		e.Kind = pipeline.ClassNotWritable
	case errors.Is(err, fs.ErrNotExist):
		e.Kind = pipeline.ClassFolderGone
	}
	return e
}

// outputError is an error of Files. It keeps the class that the error has.
func outputError(doing string, err error) error {
	if known, ok := errors.AsType[*Error](err); ok {
		e := *known
		e.Doing = doing
		return &e
	}
	e := classify(doing, err)
	if known, ok := errors.AsType[interface {
		error
		Class() string
	}](err); ok {
		e.Kind = known.Class()
	}
	if known, ok := errors.AsType[interface {
		error
		Fatal() bool
	}](err); ok {
		e.fatal = known.Fatal()
	}
	if known, ok := errors.AsType[interface {
		error
		Advice() string
	}](err); ok {
		e.Hint = Hint(known.Advice())
	}
	return e
}

// bare drops the operation and the name that package os puts before an error: Doing says them in our own words, and
// the name of a temporary file means nothing to a person.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// A TemplateError is what is wrong with a name template.
type TemplateError struct {
	// Template is the text, and Err what is wrong with it and what was expected.
	Template string
	Err      error
}

// Error is one line.
func (e *TemplateError) Error() string { return fmt.Sprintf("name template %q: %v", e.Template, e.Err) }

// Unwrap returns Err.
func (e *TemplateError) Unwrap() error { return e.Err }
