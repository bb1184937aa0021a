package transform

import "fmt"

// A NeedError says that a Task needs more memory than its Grant. Only its header was read. With a Grant of Need, Do
// does the Task.
type NeedError struct {
	// Source is the header of the input.
	Source Header
	// Need is the estimate of Spec.Need, and Grant is that of the Task, both in bytes.
	Need, Grant int64
}

// Error returns one line.
func (e *NeedError) Error() string {
	s := e.Source
	return fmt.Sprintf("a %s of %dx%d pixels needs about %.1f MB of memory: expected at most %.1f MB",
		s.Format, s.Width, s.Height, float64(e.Need)/1e6, float64(e.Grant)/1e6)
}

// Class returns ClassTooLarge.
func (e *NeedError) Class() string { return ClassTooLarge }

// granted returns a *NeedError if t needs more memory than its Grant for an image with header h.
func (t Task) granted(h Header) error {
	if t.Grant <= 0 {
		return nil
	}
	if need := t.Spec.Need(h); need > t.Grant {
		return &NeedError{Source: h.plain(), Need: need, Grant: t.Grant}
	}
	return nil
}
