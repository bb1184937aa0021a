package fetch

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

// photos are the extensions that walks of tests take.
var photos = Extensions{".jpg", ".jpeg", ".png", ".gif", ".tif", ".webp", ".heic"}

// tree makes files in a new folder and makes it the current one. A name with a slash at its end is a folder.
func tree(t testing.TB, names ...string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, name := range names {
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			continue
		}
		if err := os.WriteFile(name, []byte(name), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// listed gives "source dir" of all items, with "!class" for those that failed.
func listed(t testing.TB, in Inputs) []string {
	t.Helper()
	var got []string
	for item, err := range in.Items(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if item.Index != len(got) {
			t.Errorf("%s has index %d, want %d", item.Source, item.Index, len(got))
		}
		s := filepath.ToSlash(item.Source)
		if item.Dir != "" {
			s += " " + item.Dir
		}
		var e *Error
		if errors.As(item.Err, &e) {
			s += " !" + e.Class()
		} else if item.Local() && (item.Size == 0 || item.ModTime.IsZero()) {
			t.Errorf("%s has no size or time", item.Source)
		}
		got = append(got, s)
	}
	return got
}

func TestItemsOfArguments(t *testing.T) {
	tree(t, "p/b.JPG", "p/a.png", "p/a/x.webp", "p/a/y.txt", "p/.hidden.jpg", "p/.thumbs/t.jpg", "p/out/o.jpg",
		"p/noext",
		"q/p/z.gif", "data.bin", "we[ir]d.jpg", "wei.jpg", "q/one.dat", "q/r/two.dat", "q/r/s/three.tif")
	if runtime.GOOS != "windows" {
		for link, to := range map[string]string{"p/link.jpg": "a.png", "p/loop": ".", "plink": "p"} {
			if err := os.Symlink(to, link); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := []struct {
		name string
		in   Inputs
		want []string
	}{
		{"nothing", Inputs{}, nil},
		{"folder", Inputs{Args: []string{"p"}, Skip: []string{"p/out"}},
			[]string{"p/a/x.webp a", "p/a.png", "p/b.JPG"}},
		{"folder in other words", Inputs{Args: []string{"./p//"}, Skip: []string{"./p/../p/out/", "gone"}},
			[]string{"p/a/x.webp a", "p/a.png", "p/b.JPG"}},
		{"current folder", Inputs{Args: []string{"."}, Skip: []string{"p"}},
			[]string{"q/p/z.gif q/p", "q/r/s/three.tif q/r/s", "we[ir]d.jpg", "wei.jpg"}},
		{"several folders keep their names", Inputs{Args: []string{"p", "q/"}, Skip: []string{"p/out"}},
			[]string{"p/a/x.webp p/a", "p/a.png p", "p/b.JPG p", "q/p/z.gif q/p", "q/r/s/three.tif q/r/s"}},
		{"any file that is named", Inputs{Args: []string{"data.bin", "p/.hidden.jpg"}},
			[]string{"data.bin", "p/.hidden.jpg"}},
		{"literal before pattern", Inputs{Args: []string{"we[ir]d.jpg"}}, []string{"we[ir]d.jpg"}},
		{"class", Inputs{Args: []string{"we[xi].jpg"}}, []string{"wei.jpg"}},
		{"star stays in its folder", Inputs{Args: []string{"q/*.dat"}}, []string{"q/one.dat"}},
		{"star for a folder", Inputs{Args: []string{"q/*/*.dat"}}, []string{"q/r/two.dat r"}},
		{"two stars", Inputs{Args: []string{"q/**/*.dat"}}, []string{"q/one.dat", "q/r/two.dat r"}},
		{"two stars take images", Inputs{Args: []string{"q/**"}}, []string{"q/p/z.gif p", "q/r/s/three.tif r/s"}},
		{"braces", Inputs{Args: []string{"{q,p}/{p,a}/*.{gif,webp}"}}, []string{"p/a/x.webp p/a", "q/p/z.gif q/p"}},
		{"pattern skips outputs", Inputs{Args: []string{"p/**/*.jpg"}, Skip: []string{"p/out"}}, nil},
		{"pattern that names hidden files", Inputs{Args: []string{"p/.*.jpg"}}, []string{"p/.hidden.jpg"}},
		{"URLs", Inputs{Args: []string{"http://h/a?b#c", "HTTPS://h/", "ftp://h/a"}},
			[]string{"http://h/a?b#c", "HTTPS://h/", "ftp://h/a !bad-url"}},
		{"below a root", Inputs{Root: "./q/..", Args: []string{"p/a.png", "q/r/two.dat", "q/p", "http://h/a/b.jpg"},
			Skip: []string{"p/out"}},
			[]string{"p/a.png p", "q/r/two.dat q/r", "q/p/z.gif q/p", "http://h/a/b.jpg"}},
		{"beside a root", Inputs{Root: "q/r", Args: []string{"q/one.dat", "q/r/two.dat", "q"}},
			[]string{"q/one.dat", "q/r/two.dat", "q/p/z.gif p", "q/r/s/three.tif s"}},
		{"folders of outputs", Inputs{Args: []string{"q"}, Marker: "two.dat"}, []string{"q/p/z.gif p"}},
		{"folder of outputs that is named", Inputs{Args: []string{"q/r"}, Marker: "two.dat"},
			[]string{"q/r/s/three.tif s"}},
		{"pattern meets folders of outputs", Inputs{Args: []string{"q/**"}, Marker: "two.dat"},
			[]string{"q/p/z.gif p"}},
		{"gone", Inputs{Args: []string{"gone.jpg"}}, []string{"gone.jpg !not-found"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.in.Extensions = photos
			if got := listed(t, tt.in); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
	if runtime.GOOS != "windows" {
		t.Run("named link is followed", func(t *testing.T) {
			want := []string{"plink/a/x.webp a", "plink/a.png", "plink/b.JPG"}
			if got := listed(t, Inputs{Args: []string{"plink"}, Extensions: photos,
				Skip: []string{"p/out"}}); !reflect.DeepEqual(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestUnreadableFolderIsAFailedItem(t *testing.T) {
	if os.Getuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("this user can read every folder")
	}
	tree(t, "p/a/x.jpg", "p/b.jpg")
	if err := os.Chmod("p/a", 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod("p/a", 0o777)
	if got, want := listed(t, Inputs{Args: []string{"p"}}),
		[]string{"p/a !read", "p/b.jpg"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCheckFindsWrongUse(t *testing.T) {
	tree(t, "p/a.jpg", "empty/", "texts/a/b.txt", "out/o.jpg", "list.csv", "good.txt")
	if err := os.WriteFile("list.csv", []byte("id,link\n1,a\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("bad.txt", []byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00"), 0o666); err != nil {
		t.Fatal(err)
	}
	list := func(l List) Inputs { return Inputs{Lists: []List{l}} }
	tests := []struct {
		in   Inputs
		want string // "" is no error
	}{
		{Inputs{}, ""},
		{Inputs{Args: []string{"p", "p/a.jpg", "p/*", "http://h/a"}}, ""},
		{Inputs{Args: []string{"p", "gone"}}, `input "gone": no such file or folder`},
		{Inputs{Args: []string{"empty"}},
			`input "empty": the folder has no images, ` +
				`expected files such as .jpg or .png; symbolic links are not followed`},
		{Inputs{Args: []string{"texts"}},
			`input "texts": the folder has no images, ` +
				`expected files such as .jpg or .png; symbolic links are not followed`},
		{Inputs{Args: []string{"out"}, Skip: []string{"./out"}},
			`input "out": it is the folder for outputs, expected another`},
		{Inputs{Args: []string{"out/*"}, Skip: []string{"./out"}},
			`input "out/*": the pattern is for the folder for outputs, expected another`},
		{Inputs{Args: []string{"p/*.png"}}, `input "p/*.png": no file matches the pattern`},
		{Inputs{Args: []string{"p/[a"}}, `input "p/[a": the pattern is not valid: a bracket or brace is not closed`},
		{Inputs{Args: []string{"-"}}, `input "-": standard input is read as a list, not as an argument`},
		{Inputs{Args: []string{"ftp://h/x"}},
			`input "ftp://h/x": the scheme ftp is not supported, expected http or https`},
		{Inputs{Args: []string{"https://u:secret@/x"}}, `input "https:///x": the URL names no host`},
		{list(List{Path: "good.txt"}), ""},
		{list(List{Path: "list.csv", Column: "link"}), ""},
		{list(List{Path: "list.csv", Column: "2"}), ""},
		{list(List{Path: "list.csv"}), `input "list.csv": there is no column "url", expected one of: id, link`},
		{list(List{Path: "gone.txt"}), `input "gone.txt": no such file or directory`},
		{list(List{Path: "p"}), `input "p": it is a folder, expected a list`},
		{list(List{Path: "bad.txt"}),
			`input "bad.txt": it is a JPEG image, ` +
				`expected a list: images and folders are named by themselves, not as a list`},
		{list(List{Path: "good.txt", Format: "yaml"}),
			`input "good.txt": the list format "yaml" is not known, expected plain, nul, csv, tsv or jsonl`},
		{list(List{Path: "good.txt", Format: NULList, Column: "x"}),
			`input "good.txt": a list in nul format has no column "x", expected csv, tsv or jsonl`},
		{Inputs{Lists: []List{{Path: "-"}, {Path: "-"}}}, `input "-": standard input can be read as one list only`},
	}
	for _, tt := range tests {
		tt.in.Extensions = photos
		err := tt.in.Check(t.Context())
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%+v: %v, want no error", tt.in, err)
		case tt.want != "" && (err == nil || err.Error() != tt.want && runtime.GOOS != "windows"):
			t.Errorf("%+v:\ngot  %v\nwant %s", tt.in, err, tt.want)
		case err != nil:
			if _, ok := errors.AsType[*InputError](err); !ok {
				t.Errorf("%v is no *InputError", err)
			}
		}
	}
}

// A blocked reader gives nothing until it is closed.
type blocked struct{ closed chan struct{} }

func (b blocked) Read([]byte) (int, error) {
	<-b.closed
	return 0, io.EOF
}

func TestCancelEndsAWaitForStandardInput(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in := blocked{make(chan struct{})}
	defer close(in.closed)
	go cancel()
	n := 0
	for _, err := range (Inputs{Lists: []List{{Path: "-"}}, Stdin: in}).Items(ctx) {
		n++
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the context's error", err)
		}
	}
	if n != 1 {
		t.Errorf("got %d items, want the error alone", n)
	}
}

func TestItemsStopWhenAskedTo(t *testing.T) {
	tree(t, "p/a.jpg", "p/b/c.jpg", "p/d.jpg")
	in := Inputs{Args: []string{"p"}, Lists: []List{{Path: "-"}}, Stdin: strings.NewReader("p/a.jpg\np/d.jpg\n")}
	for most := 1; most <= 5; most++ {
		n := 0
		for _, err := range in.Items(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == most {
				break
			}
		}
	}
}

func TestWhatAWalkPassesOverIsTold(t *testing.T) {
	tree(t, "in/a.jpg", "in/b.HEIC", "in/c.psd", "in/sub/notes.txt", "in/.hidden.txt", "in/old/mark", "in/old/out.jpg")
	links := 0
	if os.Symlink("a.jpg", filepath.Join("in", "link.jpg")) == nil {
		links = 1
	}
	told := map[string]int{}
	in := Inputs{Args: []string{"in"}, Extensions: photos, Marker: "mark",
		PassedOver: func(_, what string) { told[what]++ }}
	n := 0
	for _, err := range in.Items(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	// A photo that cannot be read is an item, which will fail and be told.
	if n != 2 || told["folders of outputs"] != 1 || told["symbolic links"] != links ||
		told["files whose extension is not that of an image"] != 2 {
		t.Errorf("%d items, passed over %v", n, told)
	}
}

// TestWithoutExtensionsAWalkTakesFilesOfAnyName has the zero value of Extensions, and one of a single format.
func TestWithoutExtensionsAWalkTakesFilesOfAnyName(t *testing.T) {
	tree(t, "p/a.jpg", "p/b", "p/c.PPM", "p/.hidden", "empty/", "texts/b.txt")
	for _, tt := range []struct {
		take Extensions
		arg  string
		want string
		err  string
	}{
		{nil, "p", "p/a.jpg p/b p/c.PPM", ""},
		{Extensions{".ppm"}, "p", "p/c.PPM", ""},
		{Extensions{}, "texts", "texts !not-found", "the folder has no files; symbolic links are not followed"},
		{nil, "empty", "empty !not-found", "the folder has no files; symbolic links are not followed"},
		{Extensions{".jpg", ".jpeg", ".png"}, "texts", "texts !not-found",
			"the folder has no images, expected files such as .jpg or .png; symbolic links are not followed"},
		{Extensions{".ppm"}, "texts", "texts !not-found",
			"the folder has no images, expected files such as .ppm; symbolic links are not followed"},
	} {
		in := Inputs{Args: []string{tt.arg}, Extensions: tt.take}
		if got := strings.Join(listed(t, in), " "); got != tt.want {
			t.Errorf("%q of %s: got %s, want %s", tt.take, tt.arg, got, tt.want)
		}
		err := in.Check(t.Context())
		if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.HasSuffix(err.Error(), tt.err)) {
			t.Errorf("%q of %s: Check: %v", tt.take, tt.arg, err)
		}
	}
}
