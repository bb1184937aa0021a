//go:build unix

package fetch

import (
	"context"
	"errors"
	"os"
	"reflect"
	"syscall"
	"testing"
)

func TestAListThatIsAPipeWithoutAWriterCanBeLeft(t *testing.T) {
	tree(t, "x/")
	if err := syscall.Mkfifo("list", 0o666); err != nil {
		t.Fatal(err)
	}
	in := Inputs{Lists: []List{{Path: "list"}}}
	if err := in.Check(t.Context()); err != nil {
		t.Errorf("a named pipe is refused: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	opening := make(chan struct{}, 1) // the list may be opened before anybody waits for it
	p := newWatch(0, nil)
	p.stall = func(string) {
		select {
		case opening <- struct{}{}:
		default:
		}
	}
	ended := make(chan error)
	go func() {
		_, err := in.Lists[0].items(ctx, in, &files{clock: p}, nil)
		ended <- err
	}()
	<-opening
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) { // or it would wait here
		t.Errorf("got %v, want the context's error", err)
	}
	// A writer lets go what was left behind, so that it is no leak of this test.
	w, err := os.OpenFile("list", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
}

func TestAListThatIsAPipeIsReadAsItComes(t *testing.T) {
	tree(t, "a.jpg")
	if err := syscall.Mkfifo("list", 0o666); err != nil {
		t.Fatal(err)
	}
	go func() {
		if err := os.WriteFile("list", []byte("a.jpg\nhttp://h/b\n"), 0o666); err != nil {
			t.Error(err)
		}
	}()
	if got, want := listed(t, Inputs{Lists: []List{{Path: "list"}}}),
		[]string{"a.jpg", "http://h/b"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
