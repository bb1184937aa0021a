package fetch

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"testing/synctest"
)

func TestLocalFiles(t *testing.T) {
	tree(t, "a.jpg", "empty.jpg", "big.jpg", "d/")
	for name, n := range map[string]int{"empty.jpg": 0, "big.jpg": 1001, "full.jpg": 1000} {
		if err := os.WriteFile(name, picture[:n], 0o666); err != nil {
			t.Fatal(err)
		}
	}
	c := newClient(t, Options{MaxBytes: 1000})
	tests := []struct{ path, want string }{
		{"a.jpg", ""}, {"empty.jpg", ""}, {"full.jpg", ""}, {"big.jpg", ClassTooBig}, {"d", ClassRead},
		{"gone", ClassNotFound}, {"a\x00b", ClassRead},
	}
	if runtime.GOOS == "linux" {
		tests = append(tests, []struct{ path, want string }{{"/dev/zero", ClassRead},
			{"/proc/self/status", ClassRead}}...)
		if err := exec.CommandContext(t.Context(), "mkfifo", "pipe.jpg").Run(); err == nil {
			tests = append(tests, struct{ path, want string }{"pipe.jpg", ClassRead})
		}
	}
	for _, tt := range tests {
		var reserved int64
		body, err := c.Fetch(t.Context(), Item{Source: tt.path},
			taking(func(_ context.Context, n int64) error { reserved = n; return nil }))
		if classOf(err) != tt.want {
			t.Errorf("%s: got %v, want class %q", tt.path, err, tt.want)
		}
		if err != nil {
			continue
		}
		want, _ := os.ReadFile(tt.path)
		if !bytes.Equal(body.Data, want) || reserved != int64(len(want)) {
			t.Errorf("%s: got %d bytes, reserved %d, want %d", tt.path, len(body.Data), reserved, len(want))
		}
		body.Release()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Fetch(ctx, Item{Source: "a.jpg"}, nil); err != context.Canceled {
		t.Errorf("got %v, want the context's error", err)
	}
}

func TestFileThatGrowsWhileItIsReadIsReadAgain(t *testing.T) {
	tree(t, "d/")
	if err := os.WriteFile("grows.jpg", picture[:10], 0o666); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, Options{Retries: 2, Buffers: &growing{}})
		body, err := c.Fetch(t.Context(), Item{Source: "grows.jpg"}, nil)
		if err != nil || !bytes.Equal(body.Data, picture[:1000]) || body.Attempts != 2 {
			t.Errorf("got %d bytes after %d tries, %v; want 1000 after 2", len(body.Data), body.Attempts, err)
		}
	})
}

func TestHeadOfAFile(t *testing.T) {
	tree(t, "d/")
	for name, n := range map[string]int{"empty.jpg": 0, "short.jpg": 10, "small.jpg": smallFile,
		"long.jpg": smallFile + 1} {
		if err := os.WriteFile(name, picture[:n], 0o666); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct{ path, want, class string }{
		{"empty.jpg", "", ""}, {"short.jpg", string(picture[:10]), ""}, {"long.jpg", string(picture[:64]), ""},
		{"small.jpg", string(picture[:smallFile]), ""},
		{"gone.jpg", "", ClassNotFound}, {"d", "", ClassNotFound},
	}
	if runtime.GOOS == "linux" {
		// Nobody ever writes to the pipe: what waits for it never ends.
		if err := exec.CommandContext(t.Context(), "mkfifo", "pipe.jpg").Run(); err == nil {
			tests = append(tests, struct{ path, want, class string }{"pipe.jpg", "", ClassRead})
		}
	}
	for _, tt := range tests {
		for item, err := range (Inputs{Args: []string{tt.path}, Heads: 64}).Items(t.Context()) {
			if got := string(item.Head); err != nil || got != tt.want || classOf(item.Err) != tt.class {
				t.Errorf("%s: got %q, %v, %v; want %q, class %q", tt.path, got, item.Err, err, tt.want, tt.class)
			}
		}
	}
}

func TestFileThatGrowsIsReadAgain(t *testing.T) {
	tree(t, "a.jpg")
	c := newClient(t, Options{})
	grown := 0
	grow := func(context.Context, int64) error {
		if grown++; grown > 1 {
			return nil
		}
		return os.WriteFile("a.jpg", picture, 0o666)
	}
	got, err := c.Fetch(t.Context(), Item{Source: "a.jpg"}, taking(grow))
	if err != nil || !bytes.Equal(got.Data, picture) || grown != 2 {
		t.Errorf("got %d bytes, %v, after %d reservations; want the %d it grew to, after 2", len(got.Data), err, grown,
			len(picture))
	}
	shrunk := false
	shrink := func(context.Context, int64) error {
		if shrunk {
			return nil
		}
		shrunk = true
		return os.WriteFile("a.jpg", picture[:10], 0o666)
	}
	body, err := c.Fetch(t.Context(), Item{Source: "a.jpg"}, taking(shrink))
	if err != nil || !bytes.Equal(body.Data, picture[:10]) {
		t.Errorf("got %d bytes, %v; want the shorter file", len(body.Data), err)
	}
}

func TestBufferClasses(t *testing.T) {
	last := 0
	for n := 1; n < 1<<28; n += 1 + n/7 {
		i, size := class(n)
		if size < n || n > smallest && size > n+n/4+1 {
			t.Fatalf("%d bytes are in a class of %d", n, size)
		}
		if j, again := class(size); j != i || again != size {
			t.Fatalf("the class of %d bytes is %d, that of its size %d", n, i, j)
		}
		if i < last {
			t.Fatalf("class %d after %d", i, last)
		}
		last = i
	}
}
