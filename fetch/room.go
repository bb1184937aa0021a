package fetch

import "context"

// A Room is the memory that one Fetch may use. A Fetch calls it from one goroutine at a time.
type Room interface {
	// Grow makes room for bytes in all, what there was included, and reports whether there is. It is called as a body
	// comes, and does not wait: where it returns false, what there was stays.
	Grow(bytes int64) bool
	// Take gives back what there was, and then waits until there is room for so many bytes. It is called for what is
	// known to be there: a file of this machine, or a body that has come to its end.
	Take(ctx context.Context, bytes int64) error
	// Drop gives back what there is.
	Drop()
}

// endless is the Room of those who set no bound.
type endless struct{}

func (endless) Grow(int64) bool                   { return true }
func (endless) Take(context.Context, int64) error { return nil }
func (endless) Drop()                             {}
