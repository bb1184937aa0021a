package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A toy is a Source of another kind: toy:SHOP/NAME is an item of a shop, and toy:SHOP/ all that it has.
type toy struct {
	shops map[string][]string
	open  func(ctx context.Context, n int, try *Try) error // n is how often the item was opened

	mu     sync.Mutex
	opened map[string]int
}

func (s *toy) List(_ context.Context, l Listing) {
	shop, name, _ := strings.Cut(strings.TrimPrefix(l.Name, "toy:"), "/")
	if s.shops[shop] == nil {
		l.Yield(Item{Source: l.Name, Err: &Error{Kind: ClassURL, Doing: "list " + l.Name,
			Err: errors.New("no such shop")}})
		return
	}
	for _, have := range s.shops[shop] {
		item := Item{Source: "toy:" + shop + "/" + have, Version: "v1"}
		if name == "" && !l.Single {
			if item.Dir = strings.Trim(path.Dir(have), "."); l.Several {
				item.Dir = strings.Trim(shop+"/"+item.Dir, "/")
			}
			if !l.Takes(have) {
				l.PassedOver(item.Source, "what is no image")
				continue
			}
		} else if have != name {
			continue
		}
		if !l.Yield(item) {
			return
		}
	}
}

func (s *toy) Open(ctx context.Context, item Item, try *Try) error {
	s.mu.Lock()
	if s.opened == nil {
		s.opened = map[string]int{}
	}
	n := s.opened[item.Source]
	s.opened[item.Source]++
	s.mu.Unlock()
	return s.open(ctx, n, try)
}

func (s *toy) Host(item Item) string {
	host, _, _ := strings.Cut(strings.TrimPrefix(item.Source, "toy:"), "/")
	return host
}

func TestASourceOfAnotherKindIsListed(t *testing.T) {
	tree(t, "toy:file/a.png", "dir/b.png")
	shops := map[string][]string{"one": {"a.png", "notes.txt", "sub/b.png"}, "two": {"c.png"}, "file": {"z.png"}}
	for _, tt := range []struct {
		args []string
		list string
		want string
	}{
		{[]string{"toy:one/"}, "", "toy one/a.png 'v1'; toy one/sub/b.png 'v1' in sub"},
		{[]string{"toy:two/c.png"}, "", "toy two/c.png 'v1'"},
		{[]string{"TOY:one/a.png"}, "", "toy no such shop"},
		{[]string{"toy://one/"}, "", "toy no such shop"},
		{[]string{"toy:one/", "toy:two/"}, "",
			"toy one/a.png 'v1' in one; toy one/sub/b.png 'v1' in one/sub; toy two/c.png 'v1' in two"},
		{[]string{"toy:one/", "dir"}, "",
			"toy one/a.png 'v1' in one; toy one/sub/b.png 'v1' in one/sub;  dir/b.png '' in dir"},
		{[]string{"toy:file/a.png"}, "", " file/a.png ''"}, // there is a file of that name
		{[]string{"toy:none/"}, "", "toy no such shop"},
		{nil, "toy:one/a.png\ntoy:two/c.png # the last\n", "toy one/a.png 'v1'; toy two/c.png 'v1'"},
		{nil, "toy:one/\ntoy:one/nothing", "toy it names no items; toy it names no items"}, // folders are for arguments
	} {
		in := Inputs{Args: tt.args, Extensions: photos, Sources: map[string]Source{"toy": &toy{shops: shops}}}
		var passed []string
		in.PassedOver = func(name, what string) { passed = append(passed, name+": "+what) }
		if tt.list != "" {
			in.Lists, in.Stdin = []List{{Path: "-"}}, strings.NewReader(tt.list)
		}
		var got []string
		for item, err := range in.Items(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			line := fmt.Sprintf("%s %s '%s'", item.Scheme, strings.TrimPrefix(item.Source, "toy:"), item.Version)
			if item.Dir != "" {
				line += " in " + item.Dir
			}
			if e, ok := item.Err.(*Error); ok {
				line = item.Scheme + " " + e.Err.Error()
			}
			if item.Index != len(got) {
				t.Errorf("item %d has the index %d", len(got), item.Index)
			}
			got = append(got, line)
		}
		if s := strings.Join(got, "; "); s != tt.want {
			t.Errorf("%q %q: got\n%s\nwant\n%s", tt.args, tt.list, s, tt.want)
		}
		wrong := strings.Contains(tt.want, "no such shop")
		if err := in.Check(t.Context()); wrong != (err != nil) || wrong && !errors.As(err, new(*InputError)) {
			t.Errorf("%q: Check: %v", tt.args, err)
		}
		if walked := slices.Contains(tt.args, "toy:one/"); walked != slices.Contains(passed,
			"toy:one/notes.txt: what is no image") {
			t.Errorf("%q: passed over: %q", tt.args, passed)
		}
	}
}

// TestEverySourceHasTheSameManners has sources of another kind that do well and ill: what a Client promises of retries,
// limits and clocks holds for all.
func TestEverySourceHasTheSameManners(t *testing.T) {
	send := func(ctx context.Context, try *Try, body string, size int) error {
		if err := try.Ask(ctx, "shop"); err != nil {
			return err
		}
		return try.Receive(ctx, strings.NewReader(body), int64(size))
	}
	whole := func(ctx context.Context, try *Try) error { return send(ctx, try, "picture", 7) }
	stuck := func(ctx context.Context) io.Reader {
		return readerFunc(func([]byte) (int, error) { <-ctx.Done(); return 0, ctx.Err() })
	}
	for name, c := range map[string]struct {
		open  func(ctx context.Context, n int, try *Try) error
		class string
		tries int
		took  [2]time.Duration // at least and at most
	}{
		"well": {func(ctx context.Context, _ int, try *Try) error { return whole(ctx, try) }, "", 1,
			[2]time.Duration{}},
		"length not known": {func(ctx context.Context, _ int, try *Try) error { return send(ctx, try, "picture", -1) },
			"", 1, [2]time.Duration{}},
		"no turn": {func(ctx context.Context, _ int, try *Try) error {
			return try.Receive(ctx, strings.NewReader("picture"), 7)
		}, "", 1, [2]time.Duration{}},
		"trouble that passes": {func(ctx context.Context, n int, try *Try) error {
			if n < 2 {
				return errors.New("something")
			}
			return whole(ctx, try)
		}, "", 3, [2]time.Duration{0, 2 * time.Second}},
		"trouble that does not": {func(ctx context.Context, _ int, try *Try) error { return errors.New("something") },
			ClassNetwork, 4, [2]time.Duration{0, 4 * time.Second}},
		"a verdict": {func(ctx context.Context, _ int, try *Try) error {
			return &Error{Kind: "http-403", Err: errors.New("not for you")}
		}, "http-403", 1, [2]time.Duration{}},
		"later": {func(ctx context.Context, n int, try *Try) error {
			if err := try.Ask(ctx, "shop"); err != nil || n > 0 {
				return errors.Join(err, try.Receive(ctx, strings.NewReader("picture"), 7))
			}
			try.Later("http-503", 20*time.Second)
			return &Error{Kind: "http-503", Err: errors.New("later"), Again: true}
		}, "", 2, [2]time.Duration{20 * time.Second, 21 * time.Second}},
		"too long as announced": {func(ctx context.Context, _ int, try *Try) error { return send(ctx, try, "", 101) },
			ClassTooBig, 1, [2]time.Duration{}},
		"too long": {func(ctx context.Context, _ int,
			try *Try) error {
			return send(ctx, try, strings.Repeat("x", 101), -1)
		},
			ClassTooBig, 1, [2]time.Duration{}},
		"cut": {func(ctx context.Context, _ int, try *Try) error { return send(ctx, try, "pic", 7) },
			ClassTruncated, 4, [2]time.Duration{0, 4 * time.Second}},
		"silent": {func(ctx context.Context, _ int, try *Try) error {
			if err := try.Ask(ctx, "shop"); err != nil {
				return err
			}
			<-ctx.Done()
			return ctx.Err()
		}, ClassTimeout, 4, [2]time.Duration{40 * time.Second, 44 * time.Second}},
		"stuck": {func(ctx context.Context, _ int, try *Try) error { return try.Receive(ctx, stuck(ctx), 7) },
			ClassTimeout, 4, [2]time.Duration{40 * time.Second, 44 * time.Second}},
		"nothing read": {func(context.Context, int, *Try) error { return nil }, ClassRead, 1, [2]time.Duration{}},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{Sources: map[string]Source{"toy": &toy{open: c.open}}, MaxBytes: 100,
				Timeout: 10 * time.Second}
			bubble(t, nil, o, func(t *testing.T, client *Client) {
				start := time.Now()
				body, err := client.Fetch(t.Context(), Item{Source: "toy:shop/a", Scheme: "toy"}, nil)
				took, tries := time.Since(start), body.Attempts
				var e *Error
				if errors.As(err, &e) {
					tries = e.Attempts
				}
				if classOf(err) != c.class || tries != c.tries || took < c.took[0] || took > c.took[1] {
					t.Errorf("got %v after %d tries and %v, want class %q after %d and %v", err, tries, took, c.class,
						c.tries, c.took)
				}
				if err == nil && !bytes.Equal(body.Data, []byte("picture")) {
					t.Errorf("got the bytes %q", body.Data)
				}
				if err != nil && !strings.HasPrefix(err.Error(), "get toy:shop/a: ") {
					t.Errorf("the error does not say what was being done: %v", err)
				}
			})
		})
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestHostsOfAllSourcesHaveOneLimit asks one host through two sources: it has PerHost downloads at most.
func TestHostsOfAllSourcesHaveOneLimit(t *testing.T) {
	var now, most atomic.Int32
	s := &toy{open: func(ctx context.Context, _ int, try *Try) error {
		if err := try.Ask(ctx, "shop"); err != nil {
			return err
		}
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		time.Sleep(time.Second)
		now.Add(-1)
		return try.Receive(ctx, strings.NewReader("x"), 1)
	}}
	o := Options{Sources: map[string]Source{"toy": s, "other": s}, PerHost: 3}
	bubble(t, nil, o, func(t *testing.T, client *Client) {
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				item := Item{Source: fmt.Sprint("toy:shop/", i), Scheme: []string{"toy", "other"}[i%2]}
				if _, err := client.Fetch(t.Context(), item, nil); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if most.Load() != 3 {
			t.Errorf("%d downloads at once, want 3", most.Load())
		}
	})
}

// TestASourceThatIsNotThereIsNamed fetches an item of a scheme that nobody has added.
func TestASourceThatIsNotThereIsNamed(t *testing.T) {
	_, err := newClient(t, Options{}).Fetch(t.Context(), Item{Source: "toy://shop/a", Scheme: "toy"}, nil)
	if classOf(err) != ClassURL || !strings.Contains(err.Error(), "the scheme toy is not supported") {
		t.Errorf("got %v", err)
	}
}
