//go:build linux || darwin || freebsd

package fetch

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// symlinks makes symbolic links: name to where it leads.
func symlinks(t testing.TB, links map[string]string) {
	t.Helper()
	for name, to := range links {
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
	}
}

// passed returns what is passed over, by kind.
func passed(t testing.TB, in Inputs) map[string][]string {
	t.Helper()
	told := map[string][]string{}
	in.PassedOver = func(path, what string) { told[what] = append(told[what], path) }
	for _, err := range in.Items(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
	}
	return told
}

func TestLinksAreFollowedBehindAllElse(t *testing.T) {
	tree(t, "p/a.jpg", "p/m/b.jpg", "p/z.jpg", "else/c.jpg", "else/deep/d.jpg", "one.jpg", "notes.txt", "q/e.jpg")
	symlinks(t, map[string]string{
		"p/album": "../else", "p/b.jpg": "../one.jpg", "p/c.txt": "../notes.txt", "p/again": "../else/deep",
		"p/n": "m", "else/back": "../p", "p/q": "../q", "p/gone.jpg": "nowhere", "p/self.jpg": "self.jpg",
		"p/.hidden": "../else", "p/pipe.jpg": "/dev/null",
	})
	in := Inputs{Args: []string{"p", "q"}, Follow: true, Extensions: photos}
	want := []string{
		"p/a.jpg p", "p/b.jpg p", "p/m/b.jpg p/m", "p/z.jpg p", "q/e.jpg q",
		"p/again/d.jpg p/again", "p/album/c.jpg p/album",
	}
	if got := listed(t, in); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	told := passed(t, in)
	for what, want := range map[string][]string{
		passedTwice: {"p/n", "p/q", "p/album/back", "p/album/deep"}, passedNowhere: {"p/gone.jpg", "p/self.jpg"},
		passedSpecial: {"p/pipe.jpg"}, passedNames: {"p/c.txt"},
	} {
		got := slices.Sorted(slices.Values(told[what]))
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	for _, arg := range []string{"p/*/*.jpg", "p/album/*.jpg"} {
		in := Inputs{Args: []string{arg}, Follow: true, Extensions: photos}
		if got := strings.Join(listed(t, in), " "); !strings.Contains(got, "p/album/c.jpg") ||
			strings.Contains(got, "p/a.jpg") {
			t.Errorf("%s: %s", arg, got)
		}
	}
}

func TestFollowedFilesAreThoseBehindTheLinks(t *testing.T) {
	tree(t, "p/a.jpg", "else/c.jpg", "other/c.jpg", "one.jpg")
	symlinks(t, map[string]string{"p/album": "../else", "p/b.jpg": "../one.jpg"})
	in := Inputs{Args: []string{"p"}, Follow: true, Extensions: photos}
	c := newClient(t, Options{Retries: -1})
	read := func(heads int) (all []string) {
		in.Heads = heads
		for item, err := range in.Items(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			body, err := c.Fetch(t.Context(), item, nil)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(body.Data))
		}
		return all
	}
	for _, heads := range []int{0, 64} {
		if got := strings.Join(read(heads), " "); got != "p/a.jpg one.jpg else/c.jpg" {
			t.Errorf("with %d bytes of each ahead: read %s", heads, got)
		}
	}
	// A link that leads elsewhere afterwards is another folder, and no link is followed below it.
	in.Heads = 0
	var items []Item
	for item := range in.Items(t.Context()) {
		items = append(items, item)
	}
	if err := errors.Join(os.Remove("p/album"), os.Symlink("../other", "p/album")); err != nil {
		t.Fatal(err)
	}
	body, err := c.Fetch(t.Context(), items[len(items)-1], nil)
	if err == nil || bytes.Contains(body.Data, []byte("other")) {
		t.Errorf("read %q, %v, of a folder that was not listed", body.Data, err)
	}
}

func TestLinksUpwardsAndToOutputsAreNotFollowed(t *testing.T) {
	tree(t, "home/p/a.jpg", "home/p/sub/b.jpg", "home/c.jpg", "out/d.jpg", "out/deep/e.jpg", "old/mark", "old/f.jpg",
		"old/deep/g.jpg")
	symlinks(t, map[string]string{
		"home/p/root": "/", "home/p/up": "..", "home/p/sub/self": ".", "home/p/sub/top": "..",
		"home/p/out":  "../../out",
		"home/p/deep": "../../out/deep", "home/p/old": "../../old", "home/p/olddeep": "../../old/deep",
	})
	symlinks(t, map[string]string{"named": "home/p"})
	for _, arg := range []string{"home/p", "named", "./home/../home/p"} {
		in := Inputs{Args: []string{arg}, Follow: true, Extensions: photos, Skip: []string{"out"}, Marker: "mark"}
		if got := listed(t, in); len(got) != 2 {
			t.Errorf("%s: %q, want the two that lie in it", arg, got)
		}
		told := passed(t, in)
		for what, n := range map[string]int{passedLoops: 4, passedOwn: 2, passedOutputs: 2} {
			if len(told[what]) != n {
				t.Errorf("%s: %s: %q, want %d", arg, what, told[what], n)
			}
		}
	}
	// Where the folder itself is not walked, a link to it is one of a folder like others, and loops end.
	if got := listed(t, Inputs{Args: []string{"home/p/sub"}, Follow: true, Extensions: photos}); len(got) != 1 {
		t.Errorf("got %q, want what lies in the folder: its links lead upwards", got)
	}
}

func TestPatternsAreForLinksToo(t *testing.T) {
	tree(t, "p/a.jpg", "else/c.jpg", "else/raw/d.jpg", "one.jpg")
	symlinks(t, map[string]string{"p/album": "../else", "p/raw": "../else/raw", "p/b.jpg": "../one.jpg"})
	for _, c := range []struct{ include, exclude, want string }{
		{"", "raw/", "p/a.jpg p/b.jpg p/album/c.jpg album"},
		{"", "album/", "p/a.jpg p/b.jpg p/raw/d.jpg raw"},
		{"album/*.jpg", "", "p/album/c.jpg album"},
		{"", "b.jpg", "p/a.jpg p/album/c.jpg album p/album/raw/d.jpg album/raw"},
	} {
		in := Inputs{Args: []string{"p"}, Follow: true, Extensions: photos}
		if c.include != "" {
			in.Include = patterns(t, c.include)
		}
		if c.exclude != "" {
			in.Exclude = patterns(t, c.exclude)
		}
		if got := strings.Join(listed(t, in), " "); got != c.want {
			t.Errorf("%q and %q: got %s, want %s", c.include, c.exclude, got, c.want)
		}
	}
}

func TestAFolderOfLinksAloneIsOfUse(t *testing.T) {
	tree(t, "p/", "q/", "else/c.jpg", "empty/")
	if err := os.MkdirAll("p", 0o777); err != nil {
		t.Fatal(err)
	}
	symlinks(t, map[string]string{"p/album": "../else", "q/none": "../empty"})
	for arg, good := range map[string]bool{"p": true, "q": false, "p/*/*": true, "q/*/*": false} {
		in := Inputs{Args: []string{arg}, Follow: true, Extensions: photos}
		if err := in.Check(t.Context()); (err == nil) != good {
			t.Errorf("%s: %v, want that it is of use: %v", arg, err, good)
		} else if err != nil && strings.Contains(err.Error(), "not followed") {
			t.Errorf("%s: %v, although links are followed", arg, err)
		}
	}
	want := []string{"q !not-found", "p/album/c.jpg p/album"}
	got := listed(t, Inputs{Args: []string{"p", "q"}, Follow: true, Extensions: photos})
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestFollowingOnlyAdds makes trees by chance, with links to anything, and loops. Items that are found without
// following keep their order and their Dir, what is found behind links to folders comes last, each real folder is
// walked once, and it comes to an end.
func TestFollowingOnlyAdds(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 20
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 2))
			folders := []string{"p", "q", "p/a", "p/b", "p/a/c", "q/a", "q/b", "else", "else/d", "else/d/e"}
			var names []string
			for i, f := range folders {
				names = append(names, f+"/")
				for range r.IntN(3) {
					names = append(names, fmt.Sprintf("%s/%c%d.jpg", f, 'a'+r.IntN(26), i))
				}
			}
			names = append(names, "p/a.jpg", "q/a.jpg")
			for _, f := range folders {
				names = append(names, f+"/.keep")
			}
			tree(t, names...)
			targets := append(slices.Clone(folders), "nowhere", ".", "p/a.jpg", "q/a.jpg")
			for i := range 2 + r.IntN(8) {
				in := folders[r.IntN(len(folders))]
				to, err := filepath.Rel(in, targets[r.IntN(len(targets))])
				if err != nil {
					t.Fatal(err)
				}
				symlinks(t, map[string]string{fmt.Sprintf("%s/%c%d.jpg", in, 'a'+r.IntN(26), 100+i): to})
			}
			in := Inputs{Args: []string{"p", "q"}[:1+r.IntN(2)], Extensions: photos}
			plain := listed(t, in)
			in.Follow = true
			all := listed(t, in)
			if again := listed(t, in); !slices.Equal(again, all) {
				t.Errorf("a second look has\n%q\nthe first\n%q", again, all)
			}
			rest := plain
			ways := map[string]string{} // to each real folder
			for _, s := range all {
				if len(rest) > 0 && s == rest[0] {
					rest = rest[1:]
				}
				source, _, _ := strings.Cut(s, " ")
				info, err := os.Stat(filepath.Dir(source))
				if err != nil {
					t.Fatal(err)
				}
				st := info.Sys().(*syscall.Stat_t)
				id := fmt.Sprint(st.Dev, st.Ino)
				if way, ok := ways[id]; ok && way != filepath.Dir(source) {
					t.Errorf("%s and %s are one folder", way, filepath.Dir(source))
				}
				ways[id] = filepath.Dir(source)
			}
			if len(rest) > 0 {
				t.Errorf("without following: %q\nwith it:          %q", plain, all)
			}
			if len(all) < len(plain) {
				t.Errorf("%d items, without following %d", len(all), len(plain))
			}
		})
	}
}
