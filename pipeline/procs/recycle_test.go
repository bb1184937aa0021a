//go:build linux

package procs

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"imgpipe/transform"
)

// imagesOf has a pool do so many images, as many at once as it takes, and returns how many each process had.
func imagesOf(t *testing.T, p *Pool, images int) map[string]int {
	t.Helper()
	var mu sync.Mutex
	taken, of := 0, map[string]int{}
	var group sync.WaitGroup
	for range p.Width() + p.Ahead().Tasks + p.Ahead().Small {
		group.Go(func() {
			for {
				mu.Lock()
				taken++
				over := taken > images
				mu.Unlock()
				if over {
					return
				}
				result, cost, err := p.Do(t.Context(), transform.Task{Data: []byte("who")})
				if err != nil || cost.Attempts != 1 {
					t.Errorf("%d attempts, error %v", cost.Attempts, err)
					return
				}
				mu.Lock()
				of[string(result.Outputs[0].Data)]++
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return of
}

// TestNoWorkerGetsMoreImagesThanRecycleSays counts the images of each process, with small images in line and without,
// with workers that start beside the last image of others and when they are needed. With 1 each image has a process.
func TestNoWorkerGetsMoreImagesThanRecycleSays(t *testing.T) {
	for _, recycle := range []int{1, 3} {
		for _, ahead := range []bool{false, true} {
			for _, onDemand := range []bool{false, true} {
				t.Run(fmt.Sprintf("recycle=%d ahead=%v onDemand=%v", recycle, ahead, onDemand), func(t *testing.T) {
					const images = 60
					p := faulty(t, "faults", Options{Workers: 2, Recycle: recycle, Ahead: ahead, OnDemand: onDemand})
					sum := 0
					for pid, n := range imagesOf(t, p, images) {
						if n > recycle {
							t.Errorf("worker %s had %d images, want at most %d", pid, n, recycle)
						}
						sum += n
					}
					if sum != images {
						t.Errorf("%d images were done, want %d", sum, images)
					}
					if ready := p.Usage().Ready; ready < images/recycle {
						t.Errorf("%d workers were started for %d images, %d each", ready, images, recycle)
					}
					p.Close()
					if died := deaths(p); died > p.Width() {
						t.Errorf("%d workers died, want those at most that were starting at the end", died)
					}
				})
			}
		}
	}
}

// TestAProcessForEachImageIsStartedByTheImage: no worker waits for an image, before the first or after the last, and
// each image pays for its start.
func TestAProcessForEachImageIsStartedByTheImage(t *testing.T) {
	p := faulty(t, "faults", Options{Workers: 2, Recycle: 1, OnDemand: true, Prestart: true})
	if pids := p.Pids(); len(pids) != 0 {
		t.Errorf("before the first image there are workers: %v", pids)
	}
	const images = 5
	for range images {
		if cost := echo(t, p, "good"); cost.Start <= 0 {
			t.Error("an image did not wait for the start of its process")
		}
	}
	if ready := p.Usage().Ready; ready != images {
		t.Errorf("%d processes for %d images", ready, images)
	}
	p.Close()
	if died := deaths(p); died != 0 {
		t.Errorf("%d of the workers did not leave by themselves", died)
	}
}

// TestPipesCopyEachFileThere is of the mode that shows what shared memory saves.
func TestPipesCopyEachFileThere(t *testing.T) {
	p := faulty(t, "faults", Options{Workers: 1, Pipes: true, Ahead: true})
	if p.Get(1000) != nil {
		t.Error("a pool without shared memory has some")
	}
	if cost := echo(t, p, strings.Repeat("x", 1000)); cost.Copied != 2000 {
		t.Errorf("%d bytes were copied, want 1000 there and back", cost.Copied)
	}
	if ahead := p.Ahead(); ahead.Tasks != 0 {
		t.Errorf("images stand in line without shared memory: %+v", ahead)
	}
}
