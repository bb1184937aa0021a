// Package executor has what a pipeline.Executor is written with: the time limit of a task, and the errors that must be
// the same in every mode. Who only uses executors does not need it.
//
// Start here: Do of an executor runs a [Func] with the context of [Bounded]. It returns [ContextError] if that context
// ended, and [Panicked] if the Func panicked. Package executortest has the tests that every executor must pass.
package executor

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"imgpipe/transform"
)

// A Func is transform.Do, or a function around it.
type Func = func(context.Context, transform.Task) (transform.Result, error)

// Panicked returns the error of a task whose Func panicked with thrown, of class "panic" and with the stack. It must be
// called by the deferred function that recovered. thrown is nil if the Func ended its goroutine (runtime.Goexit).
func Panicked(thrown any) error {
	return &transform.Error{
		Kind: transform.ClassPanic, Doing: "transform", Err: fmt.Errorf("panic: %v", thrown), Stack: debug.Stack(),
	}
}

// ContextError returns the error of a task whose context has ended: one of class "timeout" if its deadline has passed,
// else ctx.Err(). It may only be called when ctx has ended.
func ContextError(ctx context.Context) error {
	if cause := context.Cause(ctx); errors.Is(cause, context.DeadlineExceeded) {
		return &transform.Error{Kind: transform.ClassTimeout, Doing: "transform", Err: timeOver{cause}}
	}
	return ctx.Err()
}

// A timeOver is the error of a context whose deadline has passed, in the words of who set the limit.
type timeOver struct{ error }

func (timeOver) Error() string   { return "timed out" }
func (t timeOver) Unwrap() error { return t.error }
