package main

import (
	"errors"
	"fmt"

	"imgpipe/transform"
)

// withFlag is err with the flag that it is about, where there is one: the library knows none.
func withFlag(err error) error {
	if _, ok := errors.AsType[*transform.NeedError](err); ok {
		return fmt.Errorf("%w, three quarters of --memory", err)
	}
	if e, ok := errors.AsType[*transform.Error](err); ok && e.Refused {
		return adviceError{err, "--damaged keep takes what is there of a damaged image"}
	}
	if hint := storeHint(err); hint != "" {
		return adviceError{err, hint}
	}
	return err
}

// An adviceError is an error with what a person could do about it.
type adviceError struct {
	error
	advice string
}

func (e adviceError) Unwrap() error  { return e.error }
func (e adviceError) Advice() string { return e.advice }
