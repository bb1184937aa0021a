package executor

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestALimitOfTimeEndsAContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, limit := range []time.Duration{time.Millisecond, time.Second, 90 * time.Second} {
			began := time.Now()
			ctx, cancel := Bounded(t.Context(), limit)
			<-ctx.Done()
			if took := time.Since(began); took != limit || !errors.Is(ContextError(ctx), context.DeadlineExceeded) {
				t.Errorf("it ended after %v with %v, want %v and a deadline", took, ContextError(ctx), limit)
			}
			cancel()
		}
		ctx, cancel := Bounded(t.Context(), time.Minute)
		cancel()
		if err := ContextError(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled, it ended with %v", err)
		}
		ctx, cancel = Bounded(t.Context(), 0)
		time.Sleep(time.Hour)
		if ctx.Err() != nil {
			t.Error("no limit ended")
		}
		cancel()
	})
}

// TestTimeInWhichTheProcessIsStoppedDoesNotCount moves the start of a slice into the past, which is what a process
// sees that was stopped meanwhile.
func TestTimeInWhichTheProcessIsStoppedDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, limit := range []time.Duration{200 * time.Millisecond, 10 * time.Second} {
			bounded, end := context.WithCancelCause(t.Context())
			c := &clock{left: limit, end: end}
			began := time.Now()
			c.mu.Lock()
			c.arm()
			c.timer = time.AfterFunc(c.slice, c.strike)
			c.armed = c.armed.Add(-time.Hour)
			first := c.slice
			c.mu.Unlock()
			<-bounded.Done()
			if took := time.Since(began); took != limit+first {
				t.Errorf("a limit of %v ended after %v, want its first slice twice", limit, took)
			}
			c.stop()
		}
	})
}

// TestATimerThatIsAlwaysLateEndsAllTheSame is of a machine that is too busy for its timers.
func TestATimerThatIsAlwaysLateEndsAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bounded, end := context.WithCancelCause(t.Context())
		c := &clock{left: 3 * slice, end: end}
		c.arm()
		c.timer = time.AfterFunc(time.Hour, c.strike)
		strikes := 0
		for ; bounded.Err() == nil && strikes < 100; strikes++ {
			c.armed = c.armed.Add(-time.Hour)
			c.strike()
		}
		c.stop()
		if strikes != 6 {
			t.Errorf("it ended after %d late timers, want 6: each second one counts", strikes)
		}
	})
}
