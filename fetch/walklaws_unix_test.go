//go:build linux || darwin || freebsd

package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// found returns the items of the arguments, with the first bytes of each file.
func found(t *testing.T, args ...string) []Item {
	t.Helper()
	var items []Item
	for item, err := range (Inputs{Args: args, Heads: 64}).Items(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, item)
	}
	return items
}

// TestNothingBehindALinkIsReadOfAWalkedFolder exchanges what was found for links, one way after the other.
func TestNothingBehindALinkIsReadOfAWalkedFolder(t *testing.T) {
	exchanges := map[string]struct {
		do    func() error
		read  bool // what is read is still in the folder
		upper bool // p/a is exchanged
	}{
		"nothing": {func() error { return nil }, true, false},
		"file for link": {func() error {
			return errors.Join(os.Remove("p/a/b/x.jpg"), os.Symlink("../../../private/x.jpg", "p/a/b/x.jpg"))
		}, false, false},
		"file for link inside": {func() error {
			return errors.Join(os.Remove("p/a/b/x.jpg"),
				os.Symlink("y.jpg", "p/a/b/x.jpg"))
		}, false, false},
		"file for absolute link": {func() error {
			abs, _ := filepath.Abs("private/x.jpg")
			return errors.Join(os.Remove("p/a/b/x.jpg"), os.Symlink(abs, "p/a/b/x.jpg"))
		}, false, false},
		"folder for link": {func() error {
			return errors.Join(os.RemoveAll("p/a/b"),
				os.Symlink("../../private", "p/a/b"))
		}, false, false},
		"upper folder for link": {func() error {
			return errors.Join(os.RemoveAll("p/a"),
				os.Symlink("../private", "p/a"))
		}, false, true},
		"root for link": {func() error {
			return errors.Join(os.Rename("p", "q"),
				os.Symlink("private2", "p"))
		}, false, false},
		"root for another folder": {func() error {
			return errors.Join(os.Rename("p", "q"),
				os.Rename("private2", "p"))
		}, false, false},
		"root for link to itself": {func() error {
			return errors.Join(os.Rename("p", "q"),
				os.Symlink("q", "p"))
		}, true, false},
		"file for another file": {func() error { return os.Rename("p/a/b/y.jpg", "p/a/b/x.jpg") }, true,
			false},
		"folder for another folder": {func() error {
			return errors.Join(os.Rename("p/a", "p/old"),
				os.Rename("p/c", "p/a"))
		}, true, true},
		"file for pipe": {func() error {
			return errors.Join(os.Remove("p/a/b/x.jpg"),
				syscall.Mkfifo("p/a/b/x.jpg", 0o666))
		}, false, false},
		"folder for link that was there": {func() error {
			return errors.Join(os.Rename("p/a", "p/old"),
				os.Rename("p/link", "p/a"))
		}, false, true},
	}
	for name, exchange := range exchanges {
		for _, arg := range []string{"p", "p/**/*.jpg", "p/a/*/*.jpg", "named", "./p"} {
			for _, forgotten := range []bool{false, true} { // the root, of which few stay open
				t.Run(fmt.Sprintf("%s of %s, forgotten %v", name, strings.ReplaceAll(arg, "/", "|"), forgotten),
					func(t *testing.T) {
						tree(t, "p/a/b/x.jpg", "p/a/b/y.jpg", "p/c/b/x.jpg", "private/x.jpg", "private/b/x.jpg",
							"private2/a/b/x.jpg")
						for link, to := range map[string]string{"p/link": "../private", "named": "p"} {
							if err := os.Symlink(to, link); err != nil {
								t.Fatal(err)
							}
						}
						items := found(t, arg)
						found := func(i Item) bool { return strings.HasSuffix(i.Source, "a/b/x.jpg") }
						i := slices.IndexFunc(items, found)
						if i < 0 || string(items[i].Head) != "p/a/b/x.jpg" {
							t.Fatalf("found %+v", items)
						}
						if !forgotten {
							if err := items[i].from.in(func(root) error { return nil }); err != nil {
								t.Fatal(err)
							}
						}
						if err := exchange.do(); err != nil {
							t.Fatal(err)
						}
						items[i].Head = nil // or so small a file would not be opened again
						body, err := newClient(t, Options{Retries: -1}).Fetch(t.Context(), items[i], nil)
						if bytes.HasPrefix(body.Data, []byte("private")) {
							t.Fatalf("%q was read", body.Data)
						}
						// A root that was exchanged itself is another folder, or while it is held open, the same one.
						root := strings.HasPrefix(name, "root") || arg == "p/a/*/*.jpg" && exchange.upper
						if read := err == nil; read != exchange.read && !(root && (read || forgotten)) {
							t.Errorf("got %q, %v; want it read: %v", body.Data, err, exchange.read)
						}
					})
			}
		}
	}
}

// TestNothingBehindALinkIsListedOrRead exchanges files and folders for links all the time, while runs walk and read.
func TestNothingBehindALinkIsListedOrRead(t *testing.T) {
	tree(t, "p/a/b/x.jpg", "p/a/x.jpg", "p/x.jpg", "private/b/x.jpg", "private/x.jpg")
	ctx, cancel := context.WithCancel(t.Context())
	var exchanging sync.WaitGroup
	// The root of p/a stays that folder, whatever p/a is called or leads to meanwhile. By its path the first swapper
	// would now and then move the private file into the folder.
	folder, err := os.OpenRoot("p/a")
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	here, err := os.OpenRoot("p")
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	swap := func(in *os.Root, what, with string) { // what is now itself, now a link
		for i := 0; ctx.Err() == nil; i++ {
			aside := what + ".aside"
			_ = in.Rename(what, aside)
			_ = in.Symlink(with, what)
			_ = in.Remove(what)
			_ = in.Rename(aside, what)
			if i%8 == 0 {
				runtime.Gosched()
			}
		}
	}
	exchanging.Go(func() { swap(folder, "x.jpg", "../../private/x.jpg") })
	exchanging.Go(func() { swap(here, "a", "../private") })
	c := newClient(t, Options{Retries: -1})
	read := 0
	for range 300 {
		for item, err := range (Inputs{Args: []string{"p"}, Heads: 64, Extensions: photos}).Items(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if bytes.HasPrefix(item.Head, []byte("private")) {
				t.Fatalf("the head of %s is that of %q", item.Source, item.Head)
			}
			item.Head = nil // or so small a file would not be opened again
			body, err := c.Fetch(t.Context(), item, nil)
			if bytes.HasPrefix(body.Data, []byte("private")) {
				t.Fatalf("%s: %q was read", item.Source, body.Data)
			}
			if err == nil {
				read++
			}
		}
	}
	cancel()
	exchanging.Wait()
	if read < 300 {
		t.Errorf("%d files were read, want those in the folder in any case", read)
	}
}

// openFiles returns how many files this process has open; 0 where the system does not say.
func openFiles(t *testing.T) int {
	t.Helper()
	runtime.GC() // closes those of other tests
	files, _ := os.ReadDir("/proc/self/fd")
	return len(files)
}

func TestADeepTreeTakesTwoDescriptors(t *testing.T) {
	deep := strings.Repeat("d/", 200)
	tree(t, "p/"+deep+"x.jpg", "p/z.jpg")
	before, n := openFiles(t), 0
	for range (Inputs{Args: []string{"p"}}).Items(t.Context()) {
		n++
		if now := openFiles(t); now > before+5 {
			t.Errorf("%d open files more at item %d", now-before, n)
		}
	}
	if n != 2 {
		t.Errorf("%d items, want 2", n)
	}
}

func TestManyFoldersTakeFewDescriptors(t *testing.T) {
	t.Chdir(t.TempDir())
	var args []string
	for i := range 100 {
		args = append(args, fmt.Sprintf("p%d", i))
		if err := os.MkdirAll(args[i], 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(args[i]+"/x.jpg", []byte{1}, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	before := openFiles(t)
	if err := (Inputs{Args: args}).Check(t.Context()); err != nil {
		t.Error(err)
	}
	items := found(t, args...)
	c := newClient(t, Options{})
	for _, item := range items {
		if _, err := c.Fetch(t.Context(), item, nil); err != nil {
			t.Error(err)
		}
	}
	if files, err := os.ReadDir("/proc/self/fd"); err == nil && len(files) > before+2*mostRoots {
		t.Errorf("%d open files more with %d folders", len(files)-before, len(args))
	}
	runtime.KeepAlive(items)
}

func TestWhatIsNoFileIsCounted(t *testing.T) {
	tree(t, "p/a.jpg", "p/.b.jpg", "p/.c.txt", "p/.d/e.jpg", "p/f.txt", "p/out/x.jpg", "p/old/mark", "p/old/x.jpg",
		"p/g/h.png")
	if err := errors.Join(syscall.Mkfifo("p/i.jpg", 0o666), syscall.Mkfifo("p/j.txt", 0o666),
		os.Symlink("a.jpg", "p/k.jpg"), os.Symlink("gone", "p/g/l")); err != nil {
		t.Fatal(err)
	}
	told := func(in Inputs) map[string]int {
		n := map[string]int{}
		in.Skip, in.Marker, in.Extensions = []string{"p/out"}, "mark", photos
		in.PassedOver = func(_, what string) { n[what]++ }
		for _, err := range in.Items(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
		}
		return n
	}
	want := map[string]int{passedHidden: 1, passedFolders: 1, passedNames: 1, passedSpecial: 2, passedLinks: 2,
		passedOwn: 1, passedOutputs: 1}
	if got := told(Inputs{Args: []string{"p"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("folder: %v, want %v", got, want)
	}
	// Of a pattern, what it matches.
	want = map[string]int{passedHidden: 1, passedSpecial: 1, passedLinks: 1}
	if got := told(Inputs{Args: []string{"p/*.jpg"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("pattern: %v, want %v", got, want)
	}
}

func TestOneBadArgumentOfManyIsOneFailure(t *testing.T) {
	tree(t, "p/a.jpg", "p/empty/", "p/texts/b.txt", "p/out/c.jpg", "p/d/e.jpg")
	if err := errors.Join(os.Symlink("gone", "p/link.jpg"), syscall.Mkfifo("p/pipe.jpg", 0o666)); err != nil {
		t.Fatal(err)
	}
	useless := []string{"p/empty", "p/link.jpg", "p/pipe.jpg", "p/texts"}
	in := Inputs{Extensions: photos, Skip: []string{"p/out"}}
	good := in
	good.Args = append([]string{"p/a.jpg", "p/d", "p/out"}, useless...)
	if err := good.Check(t.Context()); err != nil {
		t.Errorf("with two that are good: %v", err)
	}
	want := []string{"p/a.jpg", "p/d/e.jpg d", "p/empty !not-found", "p/link.jpg !not-found", "p/pipe.jpg !read",
		"p/texts !not-found"}
	if got := listed(t, good); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	for _, arg := range append(useless, "p/out") {
		for _, args := range [][]string{{arg}, {arg, arg}} {
			in.Args = args
			if err := in.Check(t.Context()); err == nil {
				t.Errorf("%q alone is no error", args)
			}
		}
		listed := in
		listed.Args, listed.Lists = []string{arg}, []List{{Path: "-"}}
		if err := listed.Check(t.Context()); err != nil {
			t.Errorf("%q with a list: %v", arg, err)
		}
	}
	for _, arg := range []string{"p/gone.jpg", "p/*.gif", "-", "ftp://h/a"} {
		if err := (Inputs{Args: []string{"p/a.jpg", arg}}).Check(t.Context()); err == nil {
			t.Errorf("%q, which is not there, is no error", arg)
		}
	}
}
