package store

import (
	"errors"
	"strconv"

	"imgpipe/transform"
)

// LedgerName is the ledger's name in the output folder.
const LedgerName = "imgpipe.jsonl"

// OnExist says what happens when a name is taken.
//
// Three things can take it: an earlier item of this run and, by the ledger, the picture of another input, which
// [Namer.Plan] finds; and a file in the output folder that is not ours by its content, which [Store.Put] finds. The
// picture of another input is never replaced.
type OnExist int

const (
	// Suffix plans another name for the item: a-2.jpg. A file that is not ours is kept, and the item fails.
	Suffix OnExist = iota
	// Skip plans another name for the later of two items of this run. A file that is not ours and the picture of
	// another input are kept, and the item counts as skipped.
	Skip
	// Overwrite plans another name for the item. A file that is not ours is replaced, unless it is an input.
	Overwrite
	// Fail fails the item. A file that is not ours is kept, and the item fails, too.
	Fail
)

// onExistNames are the text forms, in the order of the constants.
var onExistNames = [...]string{"suffix", "skip", "overwrite", "error"}

// String returns the text form: "suffix", "skip", "overwrite" or "error".
func (o OnExist) String() string {
	if o < 0 || int(o) >= len(onExistNames) {
		return "OnExist(" + strconv.Itoa(int(o)) + ")"
	}
	return onExistNames[o]
}

// Options say how a Store behaves. The zero value is the default.
type Options struct {
	// Spec is what the run makes of each item, as pipeline.Options has it: the ledger knows an output by it, and the
	// names have its labels and its format.
	Spec transform.Spec
	// Name is the template of the outputs' names, as [NameOptions] have it; "" is the default.
	Name string
	// Part is which items this run does of an input that several runs share; zero is all. See [Part].
	Part Part
	// Unique skips an item whose source an earlier item of the run has. It takes 8 bytes of memory for each item, and
	// what a map needs beside.
	Unique bool
	// RetryFailed skips all but the items that failed before.
	RetryFailed bool
	// SkipFailed skips the items that failed before. Without it, only failures that last are not tried again.
	SkipFailed bool
	// RefuseDamaged does items again that an earlier run did, damaged as they are. It goes with transform.Limits of
	// that name: then they fail.
	RefuseDamaged bool
	// OnExist says what Put does with a file that is not ours.
	OnExist OnExist
	// Force skips nothing: everything is done again.
	Force bool
	// ReadOnly opens a folder to Preview, and to ask Done and Last, as a dry run does: nothing is created, locked or
	// mended, and Put and Append fail. The folder need not exist.
	ReadOnly bool
	// Originals are inputs of the run and what else it reads: Put never replaces one, whatever OnExist says. Put knows
	// the input of an item by itself, so Originals are for those of other items. Nil is empty.
	Originals *FileSet
	// Files is where the outputs go; nil is the output folder itself. The ledger lies in the output folder in any
	// case, with what the Store knows about itself: that needs a lock, lines that are added, and names that change at
	// once, which an object store does not have. One output folder goes with one Files. Open does not open it, and
	// Close does not close it.
	Files Files
	// InPlace has the output of an item take the place of its input, a file of this machine. The folder that Open is
	// called with is that of the originals: it has the ledger, and gets the input first, under the input's folder and
	// name, or with a number if another file is kept under that name. Of the Spec there is one size and one format. An
	// output whose format is another one than its input's has another extension, and its input is kept and removed. A
	// file that such a run has made is no input, wherever it lies now and whatever the Spec is: the ledger knows it by
	// its SHA-256. Paths of outputs are absolute then.
	InPlace bool
	// Keeper keeps the ledger's lines in another place as well, so that a run on another machine continues this one.
	// Nil is none. It goes with the Files of that place. A read-only Store asks nothing of it.
	Keeper Keeper
	// Trust has Done believe what the ledger says of outputs, without a look at each. It is for Files where a look
	// costs a request, and takes outputs that somebody removed for done.
	Trust bool
	// KeepTime has outputs say that they were changed last when their source was, where that is known. Files must be a
	// DatedFiles then. Files that are there already keep their time.
	KeepTime bool
	// Folders is how many folders below the top are kept open at most; 0 means 64.
	Folders int
	// NoSync leaves it to the system when outputs and ledger get onto the disk. A power failure may then leave
	// lines without their outputs.
	NoSync bool
	// Fault is called before each file-system call of Put, Append, Begin, Close, and of what moves lines to the
	// ledger. If it returns an error, the call is not made and fails with that error. It is for drills and tests, is
	// called from many goroutines, and may be nil.
	Fault func(op, name string) error
}

// names returns the options of the names in an output folder.
func (o Options) names(folder string) NameOptions {
	return NameOptions{Template: o.Name, OnExist: o.OnExist, Folder: folder, Labels: o.Spec.Labels()}
}

// Check returns the error that Open would return for the options alone: that of a template which names no file, or of
// a place that cannot keep times. It looks at no file system.
func (o Options) Check() error {
	if _, ok := o.Files.(DatedFiles); o.KeepTime && o.Files != nil && !ok {
		return errors.New("the place of the outputs keeps no times of change")
	}
	if err := errors.Join(o.Part.check(), o.checkInPlace()); err != nil {
		return err
	}
	_, err := NewNamer(o.names(""))
	return err
}
