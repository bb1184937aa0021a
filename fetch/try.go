package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// A Try is what [Source.Open] reads an item through. It keeps the manners and limits that all sources share: turns at
// hosts, time-outs, the longest file, and memory. It is of use until Open returns, and for one goroutine at a time.
type Try struct {
	c      *Client
	source Source
	item   Item
	room   Room
	follow func(Phase)

	// Of all tries of the item:
	host  string        // that was asked last
	spent time.Duration // waits for a turn and for memory left out

	// Of this one:
	clock    *stopwatch // nil for a file of this machine
	turn     *turn      // at host; nil before one was had
	raw      *bodyReader
	took     time.Duration // of it in spent
	waited   time.Duration // for memory
	data     []byte
	read     bool      // data is what was read
	mayBeCut bool      // see Body
	modified time.Time // see Body
}

// Ask waits for a turn at host, and begins the time in which it must answer. A turn that the try had before ends: that
// host answered by sending on. An empty host has no turns. The error is to be returned from Open.
func (t *Try) Ask(ctx context.Context, host string) error {
	t.clock.pause()
	t.clock.ask()
	if t.turn != nil {
		t.turn.leave(verdictGood)
	}
	t.turn, t.raw, t.host = nil, nil, host
	if host != "" {
		t.follow(PhaseHeld)
		turn, err := t.c.hosts.enter(ctx, host)
		if err != nil {
			return err
		}
		t.turn = turn
	}
	t.follow(PhaseAsked)
	t.clock.resume()
	return nil
}

// Later notes that the host that was asked wants to be asked more rarely, and not before wait is over. class is the
// class of that answer, such as "http-503". Open is to return an error of it, which may pass.
func (t *Try) Later(class string, wait time.Duration) {
	if t.turn != nil {
		t.turn.slow(class, wait)
		t.turn.leave(verdictLater)
	}
}

// Modified notes when what is read was changed last, as its source says.
func (t *Try) Modified(at time.Time) { t.modified = at }

// Receive reads body to its end and keeps it as the bytes of the item, in place of those of an earlier call. size is
// its length, as announced; negative means that it is not known. The error is to be returned from Open, unless another
// host is asked instead.
func (t *Try) Receive(ctx context.Context, body io.Reader, size int64) error {
	if most := t.c.opts.MaxBytes; size > most {
		return &Error{
			Kind: ClassTooBig, Err: fmt.Errorf("the server announces %d bytes, expected at most %d", size, most),
		}
	}
	return t.receive(ctx, t.begin(body), size)
}

// begin begins the time of a body, which is read through what it returns.
func (t *Try) begin(body io.Reader) *bodyReader {
	t.follow(PhaseBody)
	t.raw = &bodyReader{r: body, left: t.c.opts.MaxBytes + codingSlack}
	t.clock.resume()
	t.clock.receive(t.raw)
	return t.raw
}

// receive is Receive for what begin returned, or for what that holds once it is decompressed.
func (t *Try) receive(ctx context.Context, body io.Reader, size int64) error {
	t.discard()
	in := incoming{t: t, size: size}
	defer in.close()
	if err := in.read(body); err != nil {
		return err
	}
	t.clock.pause() // no host is slow while memory is waited for
	data, err := in.whole(ctx)
	if err != nil {
		return err
	}
	t.keep(data)
	return nil
}

// keep makes data, from the buffers of the Client, the bytes of the item.
func (t *Try) keep(data []byte) { t.data, t.read = data, true }

// discard returns the bytes that were kept, if any, to the buffers, and what they took to the Room.
func (t *Try) discard() {
	if t.read {
		t.c.buffers.put(t.data)
		t.room.Drop()
		t.data, t.read = nil, false
	}
}

// grant waits for memory for n bytes, which are there to be read.
func (t *Try) grant(ctx context.Context, n int64) error {
	began := time.Now()
	err := t.room.Take(ctx, n)
	t.waited += time.Since(began)
	return err
}

// take is grant within a try, whose own errors are told from those of the Room.
func (t *Try) take(ctx context.Context, n int64) error {
	if err := t.grant(ctx, n); err != nil {
		return &reserveError{err}
	}
	return nil
}

// A reserveError is what the caller's Room returned.
type reserveError struct{ error }

// do makes one try.
func (t *Try) do(ctx context.Context) error {
	t.waited, t.read, t.mayBeCut, t.modified = 0, false, false, t.item.ModTime
	if t.item.Local() { // which has a clock of its own, see watch
		began := time.Now()
		err := t.source.Open(ctx, t.item, t)
		t.took = time.Since(began) - t.waited
		return err
	}
	t.c.pulse.begin()
	defer t.c.pulse.end()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(t.c.ending, func() { cancel(ErrFinished) })()
	t.turn, t.raw = nil, nil
	t.clock = &stopwatch{opts: &t.c.opts, spent: t.spent, end: func(why *overdue) { cancel(why) }}
	err := t.source.Open(ctx, t.item, t)
	if err == nil && !t.read {
		err = &Error{Kind: ClassRead, Err: errors.New("it was opened, and nothing was read")}
	}
	t.clock.pause()
	t.took, t.spent = t.clock.spent-t.spent, t.clock.spent
	t.leave(ctx, err)
	if err != nil {
		t.discard()
		return t.explain(ctx, err)
	}
	return nil
}

// leave ends the turn, unless the source did, with a verdict on its host.
func (t *Try) leave(ctx context.Context, err error) {
	if t.turn == nil {
		return
	}
	if err == nil || final(err) && ctx.Err() == nil {
		t.turn.leave(verdictGood)
	}
	t.unanswered(ctx)
}

// unanswered ends the turn, unless it has ended, of a host that sent no whole answer.
func (t *Try) unanswered(ctx context.Context) {
	switch {
	case ctx.Err() != nil && wasOverdue(ctx) == nil, t.c.pulse.stoodStill(t.turn.started):
		t.turn.leave(verdictNone) // the run is ending, or stood still: that says nothing of the host
	case t.raw != nil && t.raw.came.Load() > 0:
		t.turn.leave(verdictBroke)
	default:
		t.turn.leave(verdictSilent)
	}
}

// final reports whether err is an *Error that will not pass.
func final(err error) bool {
	var e *Error
	return errors.As(err, &e) && !e.Again
}

// explain returns the error of Fetch for that of a try: an *Error with its class, ErrFinished, or what the caller's
// Room returned.
func (t *Try) explain(ctx context.Context, err error) error {
	var (
		mine *reserveError
		e    *Error
	)
	switch {
	case errors.Is(err, ErrFinished), context.Cause(ctx) == ErrFinished:
		return ErrFinished
	case errors.As(err, &mine):
		return mine.error
	case errors.As(err, &e) && e.Doing != "": // the source has said all
		own := *e // which the source may return to others, too
		return &own
	}
	doing := "get " + shown(t.item.Source)
	if late := wasOverdue(ctx); late != nil {
		return &Error{Kind: ClassTimeout, Doing: doing, Err: late, Again: late.again}
	}
	if e != nil {
		return &Error{Kind: e.Kind, Doing: doing, Err: e.Err, Again: e.Again}
	}
	kind, again := Classify(err)
	return &Error{Kind: kind, Doing: doing, Err: err, Again: again}
}
