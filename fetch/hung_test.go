package fetch

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A held has the file system hang at some paths.
type held struct {
	mu    sync.Mutex
	hangs func(path string) bool
	calls int // that hang or hung
	let   chan struct{}
}

func hold(hangs func(path string) bool) *held { return &held{hangs: hangs, let: make(chan struct{})} }

// stall is for watch.stall.
func (h *held) stall(path string) {
	if !h.hangs(filepath.ToSlash(path)) {
		return
	}
	h.mu.Lock()
	h.calls++
	h.mu.Unlock()
	<-h.let
}

func (h *held) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.calls
}

func named(names ...string) func(string) bool {
	return func(path string) bool { return slices.Contains(names, path) }
}

func TestAFileThatHangsFailsAloneAndInTime(t *testing.T) {
	tree(t, "p/a.jpg", "p/b.jpg", "p/c.jpg")
	synctest.Test(t, func(t *testing.T) {
		h := hold(named("p/b.jpg"))
		c := newClient(t, Options{Timeout: 3 * time.Second})
		c.files.clock.stall = h.stall
		began := time.Now()
		for _, name := range []string{"a", "b", "c"} { // the items of a library's user, who found no heads
			body, err := c.Fetch(t.Context(), Item{Source: "p/" + name + ".jpg"}, nil)
			if name != "b" && (err != nil || string(body.Data) != "p/"+name+".jpg") {
				t.Errorf("%s: %q, %v", name, body.Data, err)
			}
			if name == "b" && (classOf(err) != ClassTimeout || !strings.Contains(err.Error(), "no answer within 3s")) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("took %v", took)
		}
		close(h.let)
		synctest.Wait()
		if n := c.files.clock.hanging.Load(); n != 0 || len(c.files.clock.devices) != 0 {
			t.Errorf("%d calls hang after they came back, %v", n, c.files.clock.devices)
		}
	})
}

func TestTheEndOfARunEndsAFileThatHangs(t *testing.T) {
	tree(t, "p/a.jpg")
	synctest.Test(t, func(t *testing.T) {
		h := hold(named("p/a.jpg"))
		defer close(h.let)
		c := newClient(t, Options{Timeout: time.Hour})
		c.files.clock.stall = h.stall
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		if _, err := c.Fetch(ctx, Item{Source: "p/a.jpg"}, nil); err != context.Canceled ||
			time.Since(began) > time.Second+guardEvery {
			t.Errorf("cancelled: %v after %v", err, time.Since(began))
		}
		time.AfterFunc(time.Second, c.Finish)
		began = time.Now()
		if _, err := c.Fetch(t.Context(), Item{Source: "p/a.jpg", device: 7}, nil); err != ErrFinished ||
			time.Since(began) > time.Second+lastWait+2*guardEvery {
			t.Errorf("finished: %v after %v", err, time.Since(began))
		}
	})
}

func TestFilesThatHangDelayAWalkByLittleMoreThanOne(t *testing.T) {
	var names, hanging []string
	for i := range 400 {
		names = append(names, fmt.Sprintf("p/%03d.jpg", i))
		if i%20 == 7 {
			hanging = append(hanging, names[i])
		}
	}
	names = append(names, "p/399/x.jpg")
	tree(t, names...)
	for _, heads := range []int{0, 64} {
		synctest.Test(t, func(t *testing.T) {
			h := hold(named(hanging...))
			began := time.Now()
			var failed []string
			n := 0
			for item, err := range (Inputs{Args: []string{"p"}, Heads: heads, Timeout: 30 * time.Second,
				stall: h.stall}).Items(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				if item.Index != n {
					t.Errorf("%s has index %d, want %d", item.Source, item.Index, n)
				}
				n++
				if item.Err != nil {
					failed = append(failed, filepath.ToSlash(item.Source))
				} else if heads > 0 && string(item.Head) != filepath.ToSlash(item.Source) {
					t.Errorf("%s: head %q", item.Source, item.Head)
				}
				if item.Err != nil && classOf(item.Err) != ClassTimeout {
					t.Error(item.Err)
				}
			}
			if n != len(names) || !slices.Equal(failed, hanging) {
				t.Errorf("%d items, failed %q, want %q", n, failed, hanging)
			}
			if took := time.Since(began); took != 30*time.Second+time.Duration(len(hanging)-1)*3*time.Second {
				t.Errorf("took %v", took)
			}
			close(h.let)
		})
	}
}

func TestADeviceThatIsGoneIsGivenUp(t *testing.T) {
	var names []string
	for i := range 3000 {
		names = append(names, fmt.Sprintf("p/%04d.jpg", i))
	}
	tree(t, append(names, "q/a.jpg")...)
	synctest.Test(t, func(t *testing.T) {
		h := hold(func(path string) bool { return strings.HasSuffix(path, ".jpg") && strings.HasPrefix(path, "p/") })
		began := time.Now()
		failed, tried := 0, 0
		for item, err := range (Inputs{Args: []string{"p"}, Timeout: 30 * time.Second,
			stall: h.stall}).Items(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if classOf(item.Err) == ClassTimeout {
				failed++
			}
			if !strings.Contains(item.Err.Error(), "not tried") {
				tried++
			}
		}
		if failed != len(names) || tried != manySilent || h.count() != manySilent {
			t.Errorf("%d failed, %d were tried by %d calls; want %d, and %d tried", failed, tried, h.count(),
				len(names), manySilent)
		}
		if took := time.Since(began); took > 2*time.Minute {
			t.Errorf("took %v", took)
		}
		close(h.let)
	})
}

func TestAFolderThatHangsIsOneFailure(t *testing.T) {
	tree(t, "p/a.jpg", "p/b/x.jpg", "p/c.jpg", "q/d.jpg")
	for hangs, want := range map[string][]string{
		"p/b":     {"p/a.jpg p", "p/b !timeout", "p/c.jpg p", "q/d.jpg q"},
		"q":       {"p/a.jpg", "p/b/x.jpg b", "p/c.jpg", "q !timeout"},
		"p/a.jpg": {"p/a.jpg !timeout", "p/b/x.jpg p/b", "p/c.jpg p", "q/d.jpg q"},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := hold(named(hangs))
			got := listed(t, Inputs{Args: []string{"p", "q"}, stall: h.stall})
			if !slices.Equal(got, want) {
				t.Errorf("%s hangs:\ngot  %q\nwant %q", hangs, got, want)
			}
			close(h.let)
		})
	}
}

func TestTheEndOfARunEndsAWalkThatHangs(t *testing.T) {
	tree(t, "p/a.jpg", "p/b/x.jpg", "p/c.jpg", "list")
	for _, hangs := range []string{"p", "p/b", "p/a.jpg", "p/b/x.jpg", "p/c.jpg"} {
		synctest.Test(t, func(t *testing.T) {
			h := hold(named(hangs))
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			began := time.Now()
			var last error
			for _, err := range (Inputs{Args: []string{"p", "p/c.jpg"}, Timeout: time.Hour,
				stall: h.stall}).Items(ctx) {
				last = err
			}
			if !errors.Is(last, context.Canceled) || time.Since(began) > time.Second+guardEvery {
				t.Errorf("%s hangs: ended with %v after %v", hangs, last, time.Since(began))
			}
			close(h.let)
		})
	}
}

// TestADeviceThatComesBackIsWaitedForAsBefore goes through the states of a device.
func TestADeviceThatComesBackIsWaitedForAsBefore(t *testing.T) {
	p := newWatch(30*time.Second, nil)
	at, other := spot{device: 1}, spot{path: "/mnt/nas/photos/a.jpg"}
	state := func(want, brief time.Duration) {
		t.Helper()
		if got, err := p.limit(at, false); got != want || err != nil {
			t.Errorf("waits %v, %v; want %v", got, err, want)
		}
		if got, err := p.limit(at, true); got != brief || err != nil {
			t.Errorf("waits %v, %v for what is brief; want %v", got, err, brief)
		}
		if got, err := p.limit(other, true); got != 30*time.Second || err != nil {
			t.Errorf("waits %v, %v for another device", got, err)
		}
	}
	state(30*time.Second, 30*time.Second)
	p.left(at)
	state(3*time.Second, 3*time.Second) // silent
	p.answered(at, false)
	state(30*time.Second, 3*time.Second) // a file of it hangs
	p.left(at)
	state(3*time.Second, 3*time.Second)
	for range 14 {
		p.left(at)
	}
	state(750*time.Millisecond, 750*time.Millisecond)
	for range 200 {
		p.left(at)
	}
	state(50*time.Millisecond, 50*time.Millisecond)
	for range manySilent - 216 {
		p.left(at)
	}
	if _, err := p.limit(at, false); !errors.As(err, new(*hungError)) {
		t.Errorf("got %v, want that it is given up", err)
	}
	for range manySilent {
		p.answered(at, true)
	}
	state(30*time.Second, 30*time.Second)
	p.left(other)
	if got, err := p.limit(spot{path: "/mnt/nas/photos/b/c.jpg"}, true); got != 3*time.Second || err != nil {
		t.Errorf("waits %v, %v for what lies beside a path that hangs", got, err)
	}
}
