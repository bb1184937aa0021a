package usage

import (
	"os"
	"strconv"
	"sync"
	"time"
)

// beganName is the variable of the environment in which whoever starts this program may say when that was: in
// nanoseconds of the clock of [ticking].
const beganName = "IMGPIPE_BEGAN"

// loaded is the first moment that code of this program knows. The system has spent milliseconds by then: it has
// started the process, read the program and begun its runtime.
var loaded = time.Now()

// Began returns when this process was started. It is exact if its parent said so with [BeganEnv]; otherwise it is what
// the system says, joined with what this process has done until now. So main calls it first of all. Processes that
// this one starts do not inherit what its parent said.
func Began() time.Time { return beganOnce().at }

// SinceBegan returns what this process and its children have spent since it was started. Children of a script that
// became this program by exec do not count.
func SinceBegan() CPU { return Spent().Sub(beganOnce().foreign) }

// BeganEnv returns KEY=value for the environment of a process that is started right after the call.
func BeganEnv() string { return beganName + "=" + strconv.FormatInt(ticking(), 10) }

// ofProcess is what the first call of Began has found.
type ofProcess struct {
	at      time.Time
	foreign CPU // of children that were there before this program was
}

var beganOnce = sync.OnceValue(func() ofProcess {
	b := beginning{now: time.Now(), loaded: loaded}
	clock := ticking()
	b.tick, b.precision = started()
	b.busy = busyUntilNow()
	if said, err := strconv.ParseInt(os.Getenv(beganName), 10, 64); err == nil {
		b.said = b.now.Add(-time.Duration(clock - said))
	}
	os.Unsetenv(beganName)
	return ofProcess{b.time(), spentByChildren()}
})

// A beginning is what is known about the start of a process at the time now.
type beginning struct {
	now, loaded time.Time
	// tick is when the system says that the process was started, at most precision too early; zero if it does not say.
	tick      time.Time
	precision time.Duration
	// busy is for how long the first thread of the process has computed or waited for a CPU.
	busy time.Duration
	// said is what the parent said; zero if it did not.
	said time.Time
}

// patience is how long before the system's own word a parent may have begun to start a process.
const patience = 20 * time.Millisecond

// time returns when the process was started.
//
// A word of the parent that is not in the past, or too long ago, is for another process. Without it, the process is as
// old as its first thread was busy: until main begins that thread does nothing but compute, or wait for a CPU. The
// system's word cannot replace that. It is rounded, on Linux to 10 ms, and it is about the process: a script that
// becomes this program by exec may have run for hours before.
func (b beginning) time() time.Time {
	if !b.said.IsZero() && !b.tick.IsZero() && !b.said.After(b.loaded) && b.said.After(b.tick.Add(-patience)) {
		return b.said
	}
	if b.busy == 0 && !b.tick.IsZero() { // the system's word is all there is
		return earlier(b.tick.Add(b.precision), b.loaded)
	}
	at := earlier(b.now.Add(-b.busy), b.loaded)
	if at.Before(b.tick) {
		return b.tick
	}
	return at
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
