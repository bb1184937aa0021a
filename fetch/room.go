package fetch

import "context"

// A Room is the memory that one Fetch may use. A Fetch calls it from one goroutine at a time.
type Room interface {
	// Grow asks for so many bytes in total, and reports whether they were granted. It is called while a body comes, and
	// must not wait. If it returns false, the room stays as it was.
	Grow(bytes int64) bool
	// Take returns what the room held, and then waits until it can hold so many bytes. It is called for what is known
	// to be there: a file of this machine, or a body that has come whole.
	Take(ctx context.Context, bytes int64) error
	// Drop returns all that the room holds.
	Drop()
}

// endless is a Room without a bound.
type endless struct{}

func (endless) Grow(int64) bool                   { return true }
func (endless) Take(context.Context, int64) error { return nil }
func (endless) Drop()                             {}
