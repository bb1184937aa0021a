package fetch

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// lent is memory that counts how many slices of it are out.
type lent struct{ out atomic.Int32 }

func (l *lent) Get(n int) []byte {
	l.out.Add(1)
	return make([]byte, n)
}

func (l *lent) Put([]byte) bool {
	l.out.Add(-1)
	return true
}

// heldRoom is a Room that knows how much it holds.
type heldRoom struct{ bytes int64 }

func (r *heldRoom) Grow(n int64) bool { r.bytes = n; return true }

func (r *heldRoom) Take(_ context.Context, n int64) error { r.bytes = n; return nil }

func (r *heldRoom) Drop() { r.bytes = 0 }

// TestBytesReceivedInVainAreGivenBack has a source that receives a file and finds that it is not the right one: it
// fails, or receives another.
func TestBytesReceivedInVainAreGivenBack(t *testing.T) {
	receive := func(ctx context.Context, try *Try, body string) error {
		return try.Receive(ctx, strings.NewReader(body), int64(len(body)))
	}
	wrong := &Error{Kind: ClassRead, Err: errors.New("its sum is wrong")}
	for name, c := range map[string]struct {
		open func(ctx context.Context, n int, try *Try) error
		want string
		held int32
	}{
		"failed": {func(ctx context.Context, _ int, try *Try) error {
			return errors.Join(receive(ctx, try, "picture"), wrong)
		}, "", 0},
		"replaced": {func(ctx context.Context, _ int, try *Try) error {
			return errors.Join(receive(ctx, try, "picture"), receive(ctx, try, "print"))
		}, "print", 1},
		"replaced by none": {func(ctx context.Context, _ int, try *Try) error {
			return errors.Join(receive(ctx, try, "picture"), try.Receive(ctx, strings.NewReader("pri"), 5))
		}, "", 0},
		"one try was in vain": {func(ctx context.Context, n int, try *Try) error {
			err := receive(ctx, try, "picture")
			if n == 0 {
				err = errors.New("something")
			}
			return err
		}, "picture", 1},
	} {
		t.Run(name, func(t *testing.T) {
			memory, room := &lent{}, &heldRoom{}
			o := Options{Sources: map[string]Source{"toy": &toy{open: c.open}}, Buffers: memory}
			bubble(t, nil, o, func(t *testing.T, client *Client) {
				body, err := client.Fetch(t.Context(), Item{Source: "toy:shop/a", Scheme: "toy"}, room)
				if string(body.Data) != c.want || (err == nil) != (c.want != "") {
					t.Errorf("got %q and %v, want %q", body.Data, err, c.want)
				}
				if n := memory.out.Load(); n != c.held || room.bytes != int64(len(c.want)) {
					t.Errorf("%d slices are out and the room holds %d bytes, want %d and %d",
						n, room.bytes, c.held, len(c.want))
				}
				if body.Release != nil {
					body.Release()
				}
				if n := memory.out.Load(); n != 0 {
					t.Errorf("%d slices are out in the end", n)
				}
			})
		})
	}
}

// dripping returns a body of so many bytes in a second, for a while, after which it ends with err.
func dripping(ctx context.Context, perSecond, seconds int, err error) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		if seconds--; seconds < 0 {
			return 0, err
		}
		time.Sleep(time.Second)
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		return copy(p, strings.Repeat("x", perSecond)), nil
	})
}

// TestAnotherHostHasAClockOfItsOwn has a source that asks a second host when the body of the first breaks off.
func TestAnotherHostHasAClockOfItsOwn(t *testing.T) {
	for name, c := range map[string]struct {
		second func(ctx context.Context, try *Try) error
		want   string
	}{
		"slower, and fast enough": {func(ctx context.Context, try *Try) error {
			return try.Receive(ctx, dripping(ctx, 64, 60, io.EOF), -1)
		}, ""},
		"silent": {func(ctx context.Context, _ *Try) error {
			<-ctx.Done()
			return ctx.Err()
		}, "no answer within 10s"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &toy{open: func(ctx context.Context, _ int, try *Try) error {
				if err := try.Ask(ctx, "first"); err != nil {
					return err
				}
				if err := try.Receive(ctx, dripping(ctx, 640, 50, errors.New("broken")), -1); err == nil {
					t.Error("what is broken was received")
				}
				if err := try.Ask(ctx, "second"); err != nil {
					return err
				}
				return c.second(ctx, try)
			}}
			o := Options{Sources: map[string]Source{"toy": s}, Timeout: 10 * time.Second, MinSpeed: 20, Retries: -1}
			bubble(t, nil, o, func(t *testing.T, client *Client) {
				_, err := client.Fetch(t.Context(), Item{Source: "toy:shop/a", Scheme: "toy"}, nil)
				if c.want == "" && err != nil ||
					c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
					t.Errorf("got %v, want %q", err, c.want)
				}
			})
		})
	}
}

// TestASourceMayReturnOneErrorToAll fetches items at once whose source returns the same value for each.
func TestASourceMayReturnOneErrorToAll(t *testing.T) {
	gone := &Error{Kind: ClassNotFound, Doing: "get it", Err: errors.New("the shop is closed")}
	s := &toy{open: func(context.Context, int, *Try) error { return gone }}
	client := newClient(t, Options{Sources: map[string]Source{"toy": s}})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			_, err := client.Fetch(t.Context(), Item{Source: "toy:shop/a", Scheme: "toy"}, nil)
			if e, ok := errors.AsType[*Error](err); !ok || e.Attempts != 1 || e.Kind != ClassNotFound {
				t.Errorf("got %#v", err)
			}
		})
	}
	all.Wait()
	if gone.Attempts != 0 {
		t.Error("the value of the source was changed")
	}
}

// TestASourceThatDoesNotStopIsNotHeard has one that goes on when Yield has returned false.
func TestASourceThatDoesNotStopIsNotHeard(t *testing.T) {
	in := Inputs{Args: []string{"toy:shop/"}, Sources: map[string]Source{"toy": &deaf{}}}
	n := 0
	for _, err := range in.Items(t.Context()) {
		if n++; err != nil || n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("%d items were taken, want 2", n)
	}
}

// A deaf Source lists five items, whatever Yield returns.
type deaf struct{ toy }

func (*deaf) List(_ context.Context, l Listing) {
	for range 5 {
		l.Yield(Item{Source: l.Name})
	}
}
