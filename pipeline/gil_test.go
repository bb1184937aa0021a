package pipeline

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"imgpipe/pipeline/executor"
	"imgpipe/transform"
)

// step is the time between two check points of the tasks below. It is of the fake clock.
const step = time.Millisecond

// compute is a transform that computes for so many steps, which is the length of its Data. inside counts those that
// compute at the moment.
func compute(inside *atomic.Int64, log func(steps int)) executor.Func {
	return func(ctx context.Context, task transform.Task) (transform.Result, error) {
		for done := range len(task.Data) {
			if inside.Add(1) > 1 {
				inside.Add(-1)
				return transform.Result{}, errors.New("two tasks compute at once")
			}
			log(done)
			time.Sleep(step)
			inside.Add(-1)
			if err := ctx.Err(); err != nil {
				return transform.Result{}, err
			}
		}
		took := time.Duration(len(task.Data)) * step
		return transform.Result{Path: "done", Decode: took}, nil
	}
}

func steps(n int) transform.Task { return transform.Task{Data: make([]byte, n)} }

// TestTheLockIsGivenUpAtTheFirstCheckPointAfterFiveMilliseconds has the last of several threads come while the first
// one computes for long: each of those before it has the lock for the switch interval and one step at most.
func TestTheLockIsGivenUpAtTheFirstCheckPointAfterFiveMilliseconds(t *testing.T) {
	for _, threads := range []int{2, 3, 8} {
		synctest.Test(t, func(t *testing.T) {
			var inside atomic.Int64
			l := GIL(threads)
			l.do = compute(&inside, func(int) {})
			var group sync.WaitGroup
			for range threads - 1 {
				group.Go(func() { l.Do(t.Context(), steps(500)) })
				synctest.Wait()
			}
			time.Sleep(50 * time.Millisecond)
			synctest.Wait()
			_, cost, err := l.Do(t.Context(), steps(1))
			turn := switchInterval + step
			if most := time.Duration(threads-1) * (turn + step); err != nil || cost.Wait > most {
				t.Errorf("%d threads: the last waited %v, %v; want %v at most", threads, cost.Wait, err, most)
			}
			if cost.Wait < switchInterval-step {
				t.Errorf("%d threads: the last waited %v, less than it takes to ask", threads, cost.Wait)
			}
			group.Wait()
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestALongTaskDoesNotHoldUpAShortOne is what one lock around the whole transform did.
func TestALongTaskDoesNotHoldUpAShortOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inside atomic.Int64
		l := GIL(2)
		l.do = compute(&inside, func(int) {})
		defer l.Close()
		var group sync.WaitGroup
		group.Go(func() { l.Do(t.Context(), steps(1000)) })
		synctest.Wait()
		began := time.Now()
		if _, _, err := l.Do(t.Context(), steps(3)); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 12*step {
			t.Errorf("3 steps took %v beside a task of 1000", took)
		}
		group.Wait()
	})
}

// TestComputingDoesNotOverlapAndAllWaitsAreCounted: two tasks of 40 steps take 80, in turns, and what each waited and
// what it computed is the time that it took.
func TestComputingDoesNotOverlapAndAllWaitsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inside, switches atomic.Int64
		var last atomic.Int64
		l := GIL(2).Measured()
		l.do = func(ctx context.Context, task transform.Task) (transform.Result, error) {
			who := int64(task.Limits.MaxPixels)
			return compute(&inside, func(int) {
				if last.Swap(who) != who {
					switches.Add(1)
				}
			})(ctx, task)
		}
		defer l.Close()
		began := time.Now()
		var group sync.WaitGroup
		for who := range int64(2) {
			group.Go(func() {
				task := steps(40)
				task.Limits.MaxPixels = who + 1
				began := time.Now()
				result, cost, err := l.Do(t.Context(), task)
				took := time.Since(began)
				if err != nil || cost.Wait+40*step != took || cost.Work.Wall != 40*step {
					t.Errorf("it took %v, of which %v waiting and %v at work (%v); want 40 ms at work, and all counted",
						took, cost.Wait, cost.Work.Wall, err)
				}
				if result.Decode > took-cost.Wait {
					t.Errorf("of %v at work it decoded for %v", took-cost.Wait, result.Decode)
				}
			})
		}
		group.Wait()
		if took := time.Since(began); took != 80*step {
			t.Errorf("two tasks of 40 ms took %v, want 80 ms", took)
		}
		if n := switches.Load(); n < 10 || n > 80/5 {
			t.Errorf("the lock changed hands %d times in 80 ms, want about one for each 5 or 6 ms", n)
		}
	})
}

// TestNoWaitForTheLockCountsAgainstATask has three tasks of 40 steps, which may take 45 ms each, take turns.
func TestNoWaitForTheLockCountsAgainstATask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inside atomic.Int64
		l := GIL(3)
		l.do = compute(&inside, func(int) {})
		defer l.Close()
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				task := steps(40)
				task.Limits.Time = 45 * step
				if _, cost, err := l.Do(t.Context(), task); err != nil || cost.Wait < 60*step {
					t.Errorf("it waited %v, and ended with %v", cost.Wait, err)
				}
			})
		}
		group.Wait()
		task := steps(60)
		task.Limits.Time = 45 * step
		var failure *transform.Error
		_, _, err := l.Do(t.Context(), task)
		if !errors.As(err, &failure) || failure.Class() != transform.ClassTimeout {
			t.Errorf("a task of 60 steps that may take 45 ended with %v", err)
		}
	})
}

// TestWhoLeavesTheLineForTheLockLeavesItToOthers cancels tasks at every moment of a run: one that waits for the first
// time, one that waits to get the lock back, and the holder.
func TestWhoLeavesTheLineForTheLockLeavesItToOthers(t *testing.T) {
	for after := time.Duration(0); after < 40*step; after += step / 2 {
		synctest.Test(t, func(t *testing.T) {
			l := GIL(3)
			l.do = func(ctx context.Context, task transform.Task) (transform.Result, error) {
				// Who is given up computes on until its next check point, beside the others.
				return compute(new(atomic.Int64), func(int) {})(ctx, task)
			}
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			var group sync.WaitGroup
			for who := range 3 {
				group.Go(func() {
					if who == 1 {
						l.Do(ctx, steps(20))
						return
					}
					if result, _, err := l.Do(t.Context(), steps(20)); err != nil || result.Path != "done" {
						t.Errorf("canceled after %v: another task ended with %v", after, err)
					}
				})
			}
			group.Wait()
			if _, cost, err := l.Do(t.Context(), steps(1)); err != nil || cost.Wait > 2*step {
				t.Errorf("canceled after %v: the next task waited %v, %v", after, cost.Wait, err)
			}
			if err := l.Close(); err != nil {
				t.Errorf("canceled after %v: %v", after, err)
			}
		})
	}
}

// TestATransformHasCheckPointsForTheLock: with an image that is decoded, resized and encoded, the lock is looked at
// once for each few rows.
func TestATransformHasCheckPointsForTheLock(t *testing.T) {
	var looked atomic.Int64
	ctx := counting{t.Context(), &looked}
	spec, err := transform.ParseSpec("size=100")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := transform.Do(ctx, transform.Task{Data: checkered(t, 640, 480), Spec: spec}); err != nil {
		t.Fatal(err)
	}
	if n := looked.Load(); n < 480/16 {
		t.Errorf("a picture of 480 rows looks at its context %d times, want once for each 16 rows at least", n)
	}
}

type counting struct {
	context.Context
	looked *atomic.Int64
}

func (c counting) Err() error {
	c.looked.Add(1)
	return c.Context.Err()
}

// checkered returns a JPEG file.
func checkered(t *testing.T, w, h int) []byte {
	t.Helper()
	picture := image.NewGray(image.Rect(0, 0, w, h))
	for i := range picture.Pix {
		picture.Pix[i] = byte(i * 7)
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, picture, nil); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}
