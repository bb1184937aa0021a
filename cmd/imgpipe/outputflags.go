package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"imgpipe/pipeline/store"
)

// outputFlags say where outputs go, what they are called, and which items are done.
type outputFlags struct {
	dir                            string
	name                           string // a template; "" is the default
	onExist                        store.OnExist
	sync                           string
	force, retryFailed, skipFailed bool
	keepTime, sourceSHA256         bool
	inPlace, prune                 bool
	backup                         string // the folder of the originals, with inPlace
	unique                         string
	verify                         bool
}

// What --unique takes.
const (
	uniqueNo  = "no"
	uniqueURL = "url"
)

// What --sync takes.
const (
	syncOn  = "on"
	syncOff = "off"
)

// check looks at the flags together.
func (f *outputFlags) check() error {
	switch {
	case f.force && f.retryFailed:
		return errors.New("--force and --retry-failed exclude each other: expected one of them")
	case f.skipFailed && (f.force || f.retryFailed):
		return errors.New("--skip-failed excludes --force and --retry-failed: expected one of them")
	}
	if f.inPlace {
		return nil // runFlags.checkInPlace looks at the folder
	}
	if f.remote() {
		return f.checkRemote()
	}
	if f.verify {
		return errors.New("--verify asks an object store for each output: expected --output s3://BUCKET/PREFIX " +
			"with it; in a folder, each is looked at anyway")
	}
	return folderName("output", f.dir)
}

// isNotInput refuses an output folder that is the very folder of an input. It is an early courtesy: the store replaces
// no input, whatever its folder.
func (f *outputFlags) isNotInput(inputs []string) error {
	if f.remote() {
		return f.isNotRemoteInput(inputs)
	}
	out, err := os.Stat(f.dir)
	if err != nil {
		return nil // it is not there yet
	}
	for _, arg := range inputs {
		if in, err := os.Stat(arg); err == nil && in.IsDir() && os.SameFile(in, out) {
			return fmt.Errorf("--output %q is the folder %q of the inputs, and originals are never written over: "+
				"expected another folder", f.dir, arg)
		}
	}
	return nil
}

// options say how outputs are kept. The caller adds what is made of images and what else is known only then.
func (f *outputFlags) options() store.Options {
	return store.Options{
		Name: f.name, OnExist: f.onExist,
		Force: f.force, RetryFailed: f.retryFailed, SkipFailed: f.skipFailed, NoSync: f.sync == syncOff,
		KeepTime: f.keepTime, Unique: f.unique == uniqueURL, InPlace: f.inPlace,
	}
}

// shown is where outputs go as a person would write it.
func (f *outputFlags) shown() string {
	if f.remote() {
		return f.address().String()
	}
	return filepath.Clean(f.dir)
}
