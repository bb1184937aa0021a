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

// A Phase is what the Fetch of an item that is no file of this machine does.
type Phase int

// The phases. Each try begins with PhaseHeld. Waits for memory are none of them: see Room.Take.
const (
	// PhaseHeld is the wait for a turn at a host, and for the time before which the host wants no further try.
	PhaseHeld Phase = iota
	// PhaseAsked is from then until the header of an answer has come, connection and redirects included. A try that
	// follows a failure of another kind than 429 and 503 is waited for in this phase.
	PhaseAsked
	// PhaseBody is while the bytes of the answer come.
	PhaseBody
)

// A Follower is a [Room] that wants to know what its Fetch does. Of one that is none, nobody learns what it waits for.
type Follower interface {
	Room
	// Follow is called when a phase begins, by the goroutine of Fetch. It must not wait.
	Follow(phase Phase)
}

// following returns the Follow of room, or a function that does nothing.
func following(room Room) func(Phase) {
	if f, ok := room.(Follower); ok {
		return f.Follow
	}
	return func(Phase) {}
}

// endless is a Room without a bound.
type endless struct{}

func (endless) Grow(int64) bool                   { return true }
func (endless) Take(context.Context, int64) error { return nil }
func (endless) Drop()                             {}
