package fetch

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bmatcuk/doublestar/v4"
)

func patterns(t testing.TB, texts ...string) (all []Pattern) {
	t.Helper()
	for _, text := range texts {
		p, err := ParsePattern(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		all = append(all, p)
	}
	return all
}

func TestPatternsHaveNamesAndPaths(t *testing.T) {
	for _, c := range []struct {
		pattern   string
		has, lets string // paths, with a slash behind folders
	}{
		{"*.png", "a.png x/y/a.png x.png/ x.png/a.jpg", "a.jpg a.PNG a.png.jpg"},
		{"raw/", "raw/ x/raw/ raw/a.jpg x/raw/y/a.jpg", "raw x/raw raws/ raw.jpg"},
		{"raw", "raw raw/ x/raw raw/a.jpg", "raw.jpg raws"},
		{"2024/*.jpg", "2024/a.jpg", "a.jpg x/2024/a.jpg 2024/x/a.jpg"},
		{"/raw", "raw raw/ raw/a.jpg", "x/raw x/raw/a.jpg"},
		{"./raw/", "raw/ raw/a.jpg x/raw/ x/raw/a.jpg", "raw"},
		{"/raw/", "raw/ raw/a.jpg", "raw x/raw/"},
		{"**/old/*.jpg", "old/a.jpg x/old/a.jpg x/y/old/a.jpg", "old/x/a.jpg old"},
		{"2024/**", "2024/ 2024/a.jpg 2024/x/y/a.jpg", "2025/a.jpg x/2024/a.jpg"},
		{"IMG_[0-4]?.{jpg,png}", "IMG_31.jpg x/IMG_09.png", "IMG_51.jpg IMG_3.jpg"},
		{`\*.jpg`, "*.jpg", "a.jpg"},
	} {
		p := patterns(t, c.pattern)[0]
		if p.String() != c.pattern {
			t.Errorf("%q is %q as a text", c.pattern, p)
		}
		for want, list := range map[bool]string{true: c.has, false: c.lets} {
			for _, file := range strings.Fields(list) {
				rel, folder := strings.CutSuffix(file, "/")
				if got := p.matches(rel, folder); got != want {
					t.Errorf("%q has %q: %v, want %v", c.pattern, file, got, want)
				}
			}
		}
	}
}

func TestPatternsThatNobodyCanMeanAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"": "it names nothing", "/": "it names nothing", "./": "is empty, . or ..",
		"..": "a part that is empty, . or ..", "a/../b": ". or ..", "a//b": "is empty", "//a": "is empty",
		"[a": "has nothing that ends it", "{a,b": "has nothing that ends it", `a\`: "has nothing that ends it",
		strings.Repeat("a", 1001):                 "it has 1001 bytes",
		strings.Repeat("{a,b}", 10):               "too many ways",
		strings.Repeat("{a,b}", 190):              "too many ways",
		"{" + strings.Repeat("{a,b},", 20) + "x}": "too many ways",
	} {
		if _, err := ParsePattern(text); err == nil || !strings.Contains(err.Error(), want) ||
			!strings.Contains(err.Error(), "expected") {
			t.Errorf("%q: %v, want %q and what was expected", text, err, want)
		}
	}
}

// FuzzPattern: what a folder matches, all below it does, and what is matched lies in a folder that may hold it.
func FuzzPattern(f *testing.F) {
	f.Add("*.png", "a/b.png")
	f.Add("{a,[b-d]}/**/x?", "a/y/xz")
	f.Fuzz(func(t *testing.T, text, rel string) {
		p, err := ParsePattern(text)
		if err != nil {
			return
		}
		if p.matches(rel, true) && !p.matches(rel+"/below", false) && len(rel) < longestPath-10 {
			t.Errorf("%q has the folder %q, and not what is below", text, rel)
		}
		if dir := path.Dir(rel); len(rel) < longestPath && fs.ValidPath(rel) && p.matches(rel, false) && dir != "." &&
			!p.below(dir) {
			t.Errorf("%q has %q, and nothing below %q", text, rel, dir)
		}
	})
}

// chosenBy says by the rules as they are written whether a path is left out.
func chosenBy(include, exclude []string, rel string) bool {
	has := func(pattern string) bool {
		glob, folders := strings.CutSuffix(pattern, "/")
		byName := !strings.Contains(strings.TrimPrefix(glob, "./"), "/")
		for at := rel; at != "."; at = path.Dir(at) {
			what := at
			if byName {
				what = path.Base(at)
			}
			matched, _ := doublestar.Match(strings.TrimPrefix(strings.TrimPrefix(glob, "./"), "/"), what)
			if matched && (!folders || at != rel) {
				return true
			}
		}
		return false
	}
	return (len(include) == 0 || slices.ContainsFunc(include, has)) && !slices.ContainsFunc(exclude, has)
}

// TestChoosingLeavesTheOthersAsTheyAre makes trees and patterns by chance. What is left has the order and the Dir that
// it has without patterns; nothing in an excluded folder is even looked at; and files that are left out are counted.
func TestChoosingLeavesTheOthersAsTheyAre(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 20
	}
	names := []string{"a", "b", "raw", "x.jpg", "y.jpg", "z.png", "raw.png"}
	texts := []string{
		"raw", "raw/", "a/", "/a", "a/b", "*.png", "x.*", "**/b/*.jpg", "a/**", "{x,y}.jpg", "b/*/", "[!x].jpg",
	}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 1))
		some := func(n int) (all []string) {
			for range r.IntN(n + 1) {
				all = append(all, texts[r.IntN(len(texts))])
			}
			return all
		}
		files := map[string]bool{}
		for range 12 {
			at := "p"
			for range 1 + r.IntN(3) {
				at += "/" + names[r.IntN(3)]
			}
			files[path.Dir(at)+"/"+names[3+r.IntN(4)]] = true
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			tree(t, append(slices.Sorted(func(yield func(string) bool) {
				for f := range files {
					if !yield(f) {
						return
					}
				}
			}), "p/x.jpg")...)
			include, exclude := some(2), some(3)
			var want []string
			for _, s := range listed(t, Inputs{Args: []string{"p"}, Extensions: photos}) {
				source, _, _ := strings.Cut(s, " ")
				if chosenBy(include, exclude, strings.TrimPrefix(source, "p/")) {
					want = append(want, s)
				}
			}
			var mu sync.Mutex
			left, asked := 0, []string{}
			in := Inputs{
				Args: []string{"p"}, Extensions: photos,
				Include: patterns(t, include...), Exclude: patterns(t, exclude...),
				PassedOver: func(_, what string) {
					if strings.Contains(what, "cluded") {
						left++
					}
				},
				stall: func(path string) {
					mu.Lock()
					defer mu.Unlock()
					asked = append(asked, path)
				},
			}
			got := listed(t, in)
			if !slices.Equal(got, want) {
				t.Errorf("include %q, exclude %q\ngot  %q\nwant %q", include, exclude, got, want)
			}
			if all := len(files) + 1; len(files) > 0 && len(got) == 0 && left == 0 {
				t.Errorf("of %d files none is left, and none is said to be left out", all)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, at := range asked {
				rel := strings.TrimPrefix(at, "p/")
				if rel != "p" && !chosenBy(nil, exclude, rel+"/below") && !files[at] {
					t.Errorf("exclude %q: %s was looked at", exclude, at)
				}
			}
		})
	}
}

// TestAnExcludedFolderIsNeverOpened has one that could not be opened without a failure.
func TestAnExcludedFolderIsNeverOpened(t *testing.T) {
	tree(t, "p/a.jpg", "p/raw/b.jpg", "p/c/raw/d.jpg", "p/c/e.jpg")
	for _, arg := range []string{"p", "p/**/*.jpg", "./p/"} {
		var mu sync.Mutex
		var asked []string
		in := Inputs{
			Args: []string{arg}, Exclude: patterns(t, "raw/"), Extensions: photos,
			stall: func(path string) {
				mu.Lock()
				defer mu.Unlock()
				asked = append(asked, path)
			},
		}
		if err := in.Check(t.Context()); err != nil {
			t.Error(err)
		}
		if got := listed(t, in); len(got) != 2 {
			t.Errorf("%s: got %q, want two", arg, got)
		}
		mu.Lock()
		if len(asked) < 3 {
			t.Errorf("%s: only %q was looked at: the test does not see what is", arg, asked)
		}
		for _, at := range asked {
			if strings.Contains(at, "raw") {
				t.Errorf("%s: %s was looked at", arg, at)
			}
		}
		mu.Unlock()
	}
}

// TestAFolderInWhichNothingIsIncludedIsNeverOpened, as far as a pattern shows it.
func TestAFolderInWhichNothingIsIncludedIsNeverOpened(t *testing.T) {
	tree(t, "p/2023/raw/a.jpg", "p/2024/raw/b.jpg", "p/2024/web/c.jpg", "p/2024/web/deep/d.jpg", "p/e.jpg")
	for include, want := range map[string]string{
		"2024/*/*.jpg":  "p/2024 p/2024/raw p/2024/web",
		"2024/web/":     "p/2024 p/2024/web p/2024/web/deep",
		"/20*/raw":      "p/2023 p/2023/raw p/2024 p/2024/raw",
		"*/web/*.jpg":   "p/2023 p/2024 p/2024/web",
		"*.jpg":         "p/2023 p/2023/raw p/2024 p/2024/raw p/2024/web p/2024/web/deep",
		"2024/**/d.jpg": "p/2024 p/2024/raw p/2024/web p/2024/web/deep",
		// Braces are not looked into.
		"{2024,x}/w*/*.*g": "p/2023 p/2023/raw p/2024 p/2024/raw p/2024/web p/2024/web/deep",
	} {
		var mu sync.Mutex
		opened := map[string]bool{}
		in := Inputs{Args: []string{"p"}, Include: patterns(t, include), Extensions: photos, stall: func(path string) {
			mu.Lock()
			defer mu.Unlock()
			if path != "p" && !strings.HasSuffix(path, ".jpg") {
				opened[path] = true
			}
		}}
		if got := listed(t, in); len(got) == 0 {
			t.Errorf("%s has nothing", include)
		}
		mu.Lock()
		if got := strings.Join(slices.Sorted(maps.Keys(opened)), " "); got != want {
			t.Errorf("%s: opened %s, want %s", include, got, want)
		}
		mu.Unlock()
	}
}

// A shelf is a source of objects, below names that end in a slash.
type shelf []string

func (s shelf) List(_ context.Context, l Listing) {
	if l.Single {
		l.Yield(Item{Source: l.Name})
		return
	}
	for _, name := range s {
		if strings.HasPrefix(name, l.Name) && !l.Yield(Item{Source: name}) {
			return
		}
	}
}
func (shelf) Open(context.Context, Item, *Try) error { return nil }
func (shelf) Host(Item) string                       { return "" }

func TestWhatIsNamedIsChosenByItsPath(t *testing.T) {
	tree(t, "p/a.jpg", "p/raw/b.jpg", "p/raw/c.png", "q/d.jpg")
	shop := map[string]Source{"shop": shelf{"shop://b/p/a.jpg", "shop://b/p/raw/b.jpg", "shop://b/raw/c.jpg"}}
	list := func(text string) Inputs { return Inputs{Lists: []List{{Path: "-"}}, Stdin: strings.NewReader(text)} }
	all := "p/a.jpg\np/raw/b.jpg\n./p/raw/c.png\nhttp://raw/x/e.jpg?raw/\nhttp://h/raw/f%2Ejpg\n"
	for name, c := range map[string]struct {
		in               Inputs
		include, exclude string
		want             string
	}{
		"files":             {Inputs{Args: []string{"p/a.jpg", "p/raw/b.jpg"}}, "", "raw/", "p/a.jpg"},
		"files by path":     {Inputs{Args: []string{"p/a.jpg", "p/raw/b.jpg"}}, "p/raw/*", "", "p/raw/b.jpg"},
		"files of a list":   {list(all), "", "raw/", "p/a.jpg http://raw/x/e.jpg?raw/"},
		"URLs by path":      {list(all), "raw/*.jpg", "", "http://h/raw/f%2Ejpg"},
		"names of a list":   {list(all), "*.jpg", "b.*", "p/a.jpg http://raw/x/e.jpg?raw/ http://h/raw/f%2Ejpg"},
		"by path in a list": {list("p/a.jpg\nq/d.jpg\n../" + "x/q/d.jpg\n"), "q/*", "", "q/d.jpg"},
		"below a root": {Inputs{Root: "p", Lists: []List{{Path: "-"}}, Stdin: strings.NewReader(all)}, "/raw", "",
			"p/raw/b.jpg p/raw/c.png http://h/raw/f%2Ejpg"},
		"a folder, not its root": {Inputs{Root: ".", Args: []string{"p"}}, "/raw/*.jpg", "", "p/raw/b.jpg raw"},
		"objects below a name": {
			Inputs{Args: []string{"shop://b/p/"}, Sources: shop},
			"", "/raw", "shop://b/p/a.jpg",
		},
		"objects below a prefix": {
			Inputs{Args: []string{"shop://b/p"}, Sources: shop},
			"", "/raw", "shop://b/p/a.jpg",
		},
		"one object": {
			Inputs{Args: []string{"shop://b/p/raw/b.jpg"}, Sources: shop},
			"p/raw/*", "", "shop://b/p/raw/b.jpg",
		},
		"lines that name nothing": {list("p/a.jpg\n\"\"\n"), "*.png", "", "stdin:2 !bad-record"},
		"a pattern's path":        {Inputs{Args: []string{"p/*/*.*g"}}, "", "raw/*.jpg", "p/raw/c.png raw"},
	} {
		if c.include != "" {
			c.in.Include = patterns(t, c.include)
		}
		if c.exclude != "" {
			c.in.Exclude = patterns(t, c.exclude)
		}
		c.in.Extensions = photos
		var got []string
		for item, err := range c.in.Items(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if item.Index != len(got) {
				t.Errorf("%s: %s has index %d, want %d", name, item.Source, item.Index, len(got))
			}
			s := item.Source
			if item.chosen {
				s = strings.TrimSpace(s + " " + item.Dir)
			}
			if e, ok := item.Err.(*Error); ok && e.Kind == ClassRecord {
				s += " !" + e.Kind
			}
			got = append(got, s)
		}
		if name == "a folder, not its root" {
			got = []string{strings.ReplaceAll(strings.Join(got, " "), " p/raw", " raw")}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got  %q\nwant %q", name, strings.Join(got, " "), c.want)
		}
	}
}

func TestPatternsThatHadNothingAreSaid(t *testing.T) {
	tree(t, "p/a.jpg", "p/raw/b.jpg", "p/c.txt", "p/b.png")
	for _, c := range []struct{ include, exclude, want []string }{
		{[]string{"*.jpg"}, []string{"raw/"}, nil},
		{[]string{"*.jpg", "*.gif"}, []string{"rwa/", "*.txt"}, []string{"+*.gif", "-rwa/", "-*.txt"}},
		// Each had something, also if another had it before.
		{nil, []string{"b.*", "*.png", "b.png"}, nil},
		{[]string{"*.png", "b.png"}, []string{"*.png"}, nil},
	} {
		var got []string
		in := Inputs{
			Args: []string{"p"}, Extensions: photos,
			Include: patterns(t, c.include...), Exclude: patterns(t, c.exclude...),
			Unmatched: func(p Pattern, excludes bool) {
				got = append(got, map[bool]string{true: "-", false: "+"}[excludes]+p.String())
			},
		}
		for range in.Items(t.Context()) {
			if got != nil {
				t.Errorf("%q is said to have nothing before all was seen", got)
			}
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q and %q: got %q, want %q", c.include, c.exclude, got, c.want)
		}
		for range in.Items(t.Context()) {
			got = nil
			break
		}
		if got != nil {
			t.Error("a look that ended early knows nothing of what was not seen")
		}
	}
}

func TestInputsOfWhichNothingIsLeftAreWrongUse(t *testing.T) {
	tree(t, "p/a.jpg", "p/raw/b.jpg", "q/c.png", "texts/d.txt")
	shop := map[string]Source{"shop": shelf{"shop://b/p/a.jpg"}}
	for _, arg := range []string{"p", "p/*", "p/a.jpg", "shop://b/p/"} {
		in := Inputs{Args: []string{arg}, Exclude: patterns(t, "*.jpg"), Extensions: photos, Sources: shop}
		err := in.Check(t.Context())
		if err == nil || !strings.Contains(err.Error(), "left out") {
			t.Errorf("%s: %v, want that all is left out", arg, err)
		}
		if got := listed(t, in); len(got) != 0 {
			t.Errorf("%s: %q, want no item: what is left out is no failure", arg, got)
		}
		in.Args = append(in.Args, "q")
		if err := in.Check(t.Context()); err != nil {
			t.Errorf("%s beside q: %v", arg, err)
		}
	}
	in := Inputs{Args: []string{"texts"}, Exclude: patterns(t, "*.jpg"), Extensions: photos}
	if err := in.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "the folder has no images") {
		t.Errorf("a folder without images: %v", err)
	}
}

// TestAStrangersPathTakesBoundedTime has URLs of many parts, which the patterns are asked about one by one.
func TestAStrangersPathTakesBoundedTime(t *testing.T) {
	long := "http://h/" + strings.Repeat("a/", 500_000) + "x.jpg"
	in := Inputs{
		Lists: []List{{Path: "-"}}, Stdin: strings.NewReader(long + "\n"),
		Exclude: patterns(t, "**/b/*.jpg", "{a,b}*{c,d}/*"), Include: patterns(t, "x.jpg"),
	}
	n := 0
	for range in.Items(t.Context()) {
		n++
	}
	if n != 1 {
		t.Errorf("%d items, want 1", n)
	}
}

func BenchmarkChoose(b *testing.B) {
	c := Inputs{
		Include: patterns(b, "*.jpg", "*.png"), Exclude: patterns(b, "raw/", "*-small.*", "2019/**"),
	}.chooser()
	b.ReportAllocs()
	for b.Loop() {
		if c.file("2024/05/holiday/IMG_1234.jpg") != "" {
			b.Fatal("it is left out")
		}
	}
}

// TestAnItemKnowsTheFolderThatWasWalked: an item knows the folder that was named, which its Dir may begin with.
func TestAnItemKnowsTheFolderThatWasWalked(t *testing.T) {
	tree(t, "p/a.jpg", "p/s/b.jpg", "q/c.jpg", "d.jpg")
	shop := map[string]Source{"shop": shelf{"shop://b/p/c.jpg", "shop://b/p/s/d.jpg"}}
	folders := func(in Inputs) (all []string) {
		in.Extensions = photos
		for item, err := range in.Items(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, item.Folder+":"+item.Dir)
		}
		return all
	}
	for _, c := range []struct {
		in   Inputs
		want string
	}{
		{Inputs{Args: []string{"p"}}, "p: p:s"},
		{Inputs{Args: []string{"./p/", "q"}}, "p:p p:p/s q:q"},
		{Inputs{Args: []string{"p/*.jpg", "d.jpg", "q"}}, ": : q:"},
		{Inputs{Args: []string{"p"}, Root: "."}, ":p :p/s"},
		{Inputs{Args: []string{"shop://b/p/"}, Sources: shop}, "p: p:"},
		{Inputs{Args: []string{"shop://b/p", "shop://b/"}, Sources: shop}, "p: p: b: b:"},
		{Inputs{Args: []string{"shop://b/p/c.jpg"}, Sources: shop}, ":"},
	} {
		if got := strings.Join(folders(c.in), " "); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in.Args, got, c.want)
		}
	}
	if err := os.Chdir("p"); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(folders(Inputs{Args: []string{"."}}), " "); got != "p: p:s" {
		t.Errorf("the current folder: %q", got)
	}
}
