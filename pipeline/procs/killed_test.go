//go:build linux

package procs

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"imgpipe/pipeline"
	"imgpipe/transform"
)

func TestWorkerKilledWhileIdleCostsNoAttempt(t *testing.T) {
	p := faulty(t, "faults", Options{Workers: 1})
	echo(t, p, "good")
	s := p.free[0].worker // nobody else uses the pool
	syscall.Kill(s.cmd.Process.Pid, syscall.SIGKILL)
	<-s.dead
	if cost := echo(t, p, "good"); cost.Attempts != 1 {
		t.Errorf("%d attempts, want 1", cost.Attempts)
	}
}

// TestNothingIsLostWhileWorkersAreKilledAtRandom kills a worker after every tenth image.
func TestNothingIsLostWhileWorkersAreKilledAtRandom(t *testing.T) {
	t.Run("one by one", func(t *testing.T) { killedAtRandom(t, Options{Workers: 4}) })
	t.Run("in line", func(t *testing.T) { killedAtRandom(t, Options{Workers: 4, Ahead: true, Recycle: 50}) })
}

func killedAtRandom(t *testing.T, opts Options) {
	const images = 400
	p := faulty(t, "faults", opts)
	ahead := p.Ahead()
	var taken, done, marked atomic.Int64
	var group sync.WaitGroup
	for range opts.Workers + ahead.Tasks + ahead.Small {
		group.Go(func() {
			for {
				i := int(taken.Add(1))
				if i > images {
					return
				}
				data := bytes.Repeat([]byte{byte(i)}, 1+i*i*7%300_000)
				result, _, err := p.Do(t.Context(), transform.Task{Data: data})
				switch {
				case class(err) == pipeline.ClassWorkerKilled:
					marked.Add(1) // five times unlucky
				case err != nil || !bytes.Equal(result.Outputs[0].Data, data):
					t.Errorf("image %d: error %v", i, err)
				default:
					done.Add(1)
				}
				if pids := p.Pids(); i%10 == 0 && len(pids) > 0 {
					syscall.Kill(pids[rand.IntN(len(pids))], syscall.SIGKILL)
				}
			}
		})
	}
	group.Wait()
	if done.Load()+marked.Load() != images || done.Load() < images*9/10 {
		t.Errorf("%d images: %d done, %d marked", images, done.Load(), marked.Load())
	}
	if died := deaths(p); died < images/40 {
		t.Errorf("%d workers died: the test has tested nothing", died)
	}
}
