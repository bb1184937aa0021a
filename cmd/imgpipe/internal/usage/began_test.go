package usage

import (
	"testing"
	"time"
)

// TestTheStartOfAProcess joins what the system, the process and its parent say of it. Times are in milliseconds after
// the real start.
func TestTheStartOfAProcess(t *testing.T) {
	zero := time.Now()
	at := func(ms float64) time.Time { return zero.Add(time.Duration(ms * float64(time.Millisecond))) }
	tick := beginning{now: at(9), loaded: at(6), tick: at(-7), precision: 10 * time.Millisecond}
	with := func(change func(*beginning)) beginning {
		b := tick
		change(&b)
		return b
	}
	for name, c := range map[string]struct {
		b    beginning
		want float64
	}{
		"it was busy all the time":  {with(func(b *beginning) { b.busy = 9 * time.Millisecond }), 0},
		"it slept, too":             {with(func(b *beginning) { b.busy = 5 * time.Millisecond }), 4},
		"it slept most of the time": {with(func(b *beginning) { b.busy = time.Millisecond }), 6},
		"the clocks differ":         {with(func(b *beginning) { b.busy = 20 * time.Millisecond }), -7},
		"the system alone says it":  {with(func(b *beginning) { b.precision, b.tick = 0, at(0) }), 0},
		"it was a script for an hour": {with(func(b *beginning) {
			b.tick, b.busy = at(-3_600_000), 11*time.Millisecond
		}), -2},
		"nobody says anything":             {beginning{now: at(9), loaded: at(6)}, 6},
		"its parent says it":               {with(func(b *beginning) { b.said = at(-1) }), -1},
		"its parent took long to start it": {with(func(b *beginning) { b.said = at(-20) }), -20},
		"the word is for another process": {with(func(b *beginning) {
			b.said, b.busy = at(-28), 9*time.Millisecond
		}), 0},
		"the word is of the future":    {with(func(b *beginning) { b.said, b.busy = at(7), 9*time.Millisecond }), 0},
		"a word that nothing supports": {beginning{now: at(9), loaded: at(6), said: at(1)}, 6},
	} {
		if got := c.b.time(); !got.Equal(at(c.want)) {
			t.Errorf("%s: %v after the start, want %v ms", name, got.Sub(zero), c.want)
		}
	}
}
