package transform

import "fmt"

// A NeedError says that a Task needs more memory than its Grant. Its header was read and nothing else was done: with
// a Grant of Need the Task is done.
type NeedError struct {
	// Source is what the input is.
	Source Header
	// Need is what Spec.Need estimates for it, and Grant what there is, both in bytes.
	Need, Grant int64
}

// Error is one line.
func (e *NeedError) Error() string {
	s := e.Source
	return fmt.Sprintf("a %s of %dx%d pixels needs about %.1f MB of memory: expected at most %.1f MB",
		s.Format, s.Width, s.Height, float64(e.Need)/1e6, float64(e.Grant)/1e6)
}

// Class is ClassTooLarge.
func (e *NeedError) Class() string { return ClassTooLarge }

// granted is a *NeedError where t needs more than it is granted for an image with header h.
func (t Task) granted(h Header) error {
	if t.Grant <= 0 {
		return nil
	}
	if need := t.Spec.Need(h); need > t.Grant {
		return &NeedError{Source: h.public(), Need: need, Grant: t.Grant}
	}
	return nil
}
