package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"imgpipe/fetch"
	"imgpipe/transform"
)

// fileItem returns the item of a file, and webItem that of a URL.
func fileItem(path string) fetch.Item { return fetch.Item{Source: path} }

func webItem(url string) fetch.Item { return fetch.Item{Source: url, Scheme: "https"} }

func newNamer(t testing.TB, opts NameOptions) *Namer {
	t.Helper()
	n, err := NewNamer(opts)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// plan gives the names of items, or the classes of their failures in brackets.
func plan(t testing.TB, n *Namer, items ...Subject) (names []string) {
	t.Helper()
	for i, src := range items {
		src.Index = i
		name, err := n.Plan(src)
		var e *Error
		switch {
		case errors.As(err, &e):
			names = append(names, "["+e.Class()+"]")
		case err != nil:
			t.Fatal(err)
		default:
			names = append(names, name.String())
		}
	}
	return names
}

func equalNames(t *testing.T, got []string, want ...string) {
	t.Helper()
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("names\n got %q\nwant %q", got, want)
	}
}

func TestTemplateFieldsAreFilled(t *testing.T) {
	file := Subject{Item: fetch.Item{Index: 7, Source: "/photos/2024/may/IMG 1.JPG", Dir: "2024/may"}}
	link := Subject{Item: fetch.Item{Index: 7, Source: "https://Example.com:8080/a/b.png?x=1", Scheme: "https"}}
	h := sha8(link.Source)
	out := transform.Output{Label: "320", Format: transform.JPEG, Width: 320, Height: 200}
	for _, c := range []struct {
		template string
		src      Subject
		want     string
	}{
		{"", file, "2024/may/IMG 1.jpg"},
		{"", link, "b-" + h + ".jpg"},
		{"{stem}.{ext}", file, "IMG 1.jpg"},
		{"{index}.{ext}", file, "000007.jpg"},
		{"x/{host}/{stem}.{ext}", link, "x/example.com/b-" + h + ".jpg"},
		{"{host}/{stem}.{ext}", file, "local/IMG 1.jpg"},
		{"{sha8}-{w}x{h}.{ext}", link, h + "-320x200.jpg"},
		{"{ext}/{size}/{stem}.{ext}", file, "jpg/320/IMG 1.jpg"},
		{"old-{dir}/{stem}.{ext}", file, "old-2024/may/IMG 1.jpg"},
	} {
		name, err := newNamer(t, NameOptions{Template: c.template, Labels: []string{"320"}}).Plan(c.src)
		if err != nil || name.Path(out) != c.want {
			t.Errorf("%q of %s: got %q, %v; want %q", c.template, c.src.Source, name.Path(out), err, c.want)
		}
	}
}

func TestBadTemplateIsExplained(t *testing.T) {
	for _, c := range []struct {
		template, want string
		labels         []string
	}{
		{"{foo}.{ext}", "there is no field {foo}: expected {dir} {stem} {ext} {index} {host} {sha8} {size} {w} {h}",
			nil},
		{"{stem}.jpg", "must end in .{ext}", nil},
		{"{stem", "a { without its }", nil},
		{"stem}.{ext}", "a } without its {", nil},
		{"../{stem}.{ext}", `begins with "."`, nil},
		{"/tmp/{stem}.{ext}", "is not relative", nil},
		{"a//{stem}.{ext}", "is not relative", nil},
		{"-{stem}.{ext}", `begins with "-"`, nil},
		{`a\{stem}.{ext}`, "cannot stand in the name", nil},
		{"a\x00{stem}.{ext}", "cannot stand in the name", nil},
		{"a\xff{stem}.{ext}", "cannot stand in the name", nil},
		{"{dir}{stem}.{ext}", "a slash after {dir}", nil},
		{"{stem}.{ext}", "must contain {size}, {w} or {h}", []string{"1", "2"}},
		{strings.Repeat("x", 190) + "{stem}.{ext}", "longer than 200 bytes", nil},
		{strings.Repeat("x", 200) + "/{stem}.{ext}", "longer than 200 bytes", nil},
		{strings.Repeat("{stem}", 9) + ".{ext}", "longer than 200 bytes", nil},
	} {
		_, err := NewNamer(NameOptions{Template: c.template, Labels: c.labels})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "name template ") {
			t.Errorf("%q: got %v; want %q", c.template, err, c.want)
		}
	}
	if _, err := NewNamer(NameOptions{Labels: []string{"a:b", "A?b"}}); err == nil {
		t.Error("two sizes whose names meet: no error")
	}
}

func TestHostileNamesAreMadeHarmless(t *testing.T) {
	for _, c := range []struct{ source, dir, want string }{
		{"..", "", "_..{ext}"},
		{"a", "../../etc", "_/_/etc/a.{ext}"},
		{"a", "./x/.git", "_/x/_git/a.{ext}"},
		{"a", "//x//", "x/a.{ext}"},
		{"a", `..\..\x`, "_._.._x/a.{ext}"},
		{"-rf.png", "", "_rf.{ext}"},
		{".hidden.png", "", "_hidden.{ext}"},
		{"nul", "", "_nul.{ext}"},
		{"CON.tar.png", "", "_CON.tar.{ext}"},
		{"com1.png", "COM¹/lpt9 .x", "_COM¹/_lpt9 .x/_com1.{ext}"},
		{"console.png", "com10", "com10/console.{ext}"},
		{"a\x00b\nc\x7f.png", "", "a_b_c_.{ext}"},
		{"a<b>:\"|?*.png", "", "a_b______.{ext}"},
		{"a\xff\xfeb.png", "", "a__b.{ext}"},
		{"e\u0301.png", "", "\u00e9.{ext}"},
		{"a\u202egpj.exe", "", "a_gpj.{ext}"},
		{"trailing", "dots.../spaces  / . ", "dots/spaces/_/trailing.{ext}"},
		{"a.png", "b.JPG/imgpipe.jsonl", "b.JPG_/_imgpipe.jsonl/a.{ext}"},
		{"a.png", "Imgpipe.JSONL", "_Imgpipe.JSONL/a.{ext}"},
		{"photo.2024.12.31", "", "photo.2024.12.31.{ext}"},
		{"v1.0.webp", "", "v1.0.{ext}"},
		{".png", "", "_png.{ext}"},
	} {
		got := plan(t, newNamer(t, NameOptions{}), Subject{Item: fetch.Item{Source: c.source, Dir: c.dir}})
		if got[0] != c.want {
			t.Errorf("%q in %q: got %q, want %q", c.source, c.dir, got[0], c.want)
		}
	}
}

func TestHostileURLsAreMadeHarmless(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"http://h/a%2F..%2Fb.png", "a_.._b"},
		{"http://h/%2e%2e", "_."},
		{"http://h/%252e%252e%252f", "%2e%2e%2f"},
		{"http://h/x%00y.jpg", "x_y"},
		{"http://h/", "image"},
		{"http://h", "image"},
		{"http://h/%zz.png", "image"},
		{"http://[::1", "image"},
		{"http://h/a.JPG:large", "a.JPG_large"},
		{"http://h/pic.php?id=../../x", "pic"},
		{"http://h/%E2%80%AEgpj.png", "_gpj"},
		{"http://h/%ff%fe.png", "__"},
		{"http://h/CON", "CON"},
	} {
		got := plan(t, newNamer(t, NameOptions{}), Subject{Item: webItem(c.source)})
		if want := c.want + "-" + sha8(c.source) + ".{ext}"; got[0] != want {
			t.Errorf("%s: got %q, want %q", c.source, got[0], want)
		}
	}
}

func TestURLsThatOnlyBrowsersReadHaveAHost(t *testing.T) {
	for source, want := range map[string]string{
		`http:\\Host.test\a\b.jpg?c`: "host.test_b", "https:/h.test:80/a/c.png": "h.test_c",
		"http://h.test/%zz/d.jpg": "h.test_d",
		"http://h.test/%.jpg":     "h.test_image", "https:user:pw@h.test?x": "h.test_image",
		"http://[::1": "__image", "http://": "unknown_image",
		`http:\\h.test\..`: "h.test_..",
	} {
		got := plan(t, newNamer(t, NameOptions{Template: "{host}_{stem}.{ext}"}), Subject{Item: webItem(source)})
		if want := want + "-" + sha8(source) + ".{ext}"; got[0] != want {
			t.Errorf("%s: got %q, want %q", source, got[0], want)
		}
	}
}

func TestLongNamesAreCutAndStayApart(t *testing.T) {
	long := strings.Repeat("ü", 300)
	items := []Subject{
		{Item: fetch.Item{Source: long + "1.png", Dir: long + "a/" + long + "b"}},
		{Item: fetch.Item{Source: long + "2.png", Dir: long + "a/" + long + "b"}},
		{Item: webItem("http://h/" + long + "1")},
		{Item: webItem("http://h/" + long + "2")},
		{Item: fetch.Item{Source: strings.Repeat("e\u0323\u0301\u0310", 90) + ".png"}},
	}
	got := plan(t, newNamer(t, NameOptions{Template: "{dir}/{stem}_{host}.{ext}"}), items...)
	seen := map[string]bool{}
	for _, name := range got {
		if seen[name] || !utf8.ValidString(name) {
			t.Errorf("%q came before, or is not valid", name)
		}
		seen[name] = true
		for part := range strings.SplitSeq(name, "/") {
			if len(part) > maxPart {
				t.Errorf("%q has %d bytes", part, len(part))
			}
		}
	}
	if a, b := filepath.Dir(got[0]), filepath.Dir(got[1]); a != b {
		t.Errorf("one folder became two: %q and %q", a, b)
	}
}

func TestCollisionsAreSettledByInputOrder(t *testing.T) {
	jpeg, png, unknown := transform.JPEG, transform.PNG, transform.Format("")
	file := func(name string, f transform.Format) Subject {
		return Subject{Item: fileItem(name), Formats: of(f)}
	}
	for _, c := range []struct {
		what  string
		items []Subject
		want  []string
	}{
		{"one format", []Subject{file("a.jpg", jpeg), file("a.png", jpeg), file("a.gif", jpeg)},
			[]string{"a.{ext}", "a-2.{ext}", "a-3.{ext}"}},
		{"two formats", []Subject{file("a.jpg", jpeg), file("a.png", png), file("b/a.png", png)},
			[]string{"a.{ext}", "a.{ext}", "a-2.{ext}"}},
		{"unknown meets all", []Subject{file("a.jpg", jpeg), file("a.png", unknown), file("x/a.png", png)},
			[]string{"a.{ext}", "a-2.{ext}", "a.{ext}"}},
		{"a suffix is a name", []Subject{file("a.jpg", jpeg), file("a.png", jpeg), file("a-2.png", jpeg)},
			[]string{"a.{ext}", "a-2.{ext}", "a-2-2.{ext}"}},
		{"a name that was a suffix", []Subject{file("a-2.jpg", jpeg), file("a.png", jpeg), file("x/a.png", jpeg)},
			[]string{"a-2.{ext}", "a.{ext}", "a-3.{ext}"}},
		{"case", []Subject{file("Ärger.jpg", jpeg), file("äRGER.jpg", jpeg)},
			[]string{"Ärger.{ext}", "äRGER-2.{ext}"}},
		{"normal form", []Subject{file("\u00e9.jpg", jpeg), file("E\u0301.jpg", jpeg)},
			[]string{"\u00e9.{ext}", "\u00c9-2.{ext}"}},
		{"full case folding", []Subject{file("straße.jpg", jpeg), file("STRASSE.jpg", jpeg)},
			[]string{"straße.{ext}", "STRASSE-2.{ext}"}},
		{"case of folders", []Subject{{Item: fetch.Item{Source: "x/a.jpg", Dir: "X"}},
			{Item: fetch.Item{Source: "X/a.jpg", Dir: "x"}}},
			[]string{"X/a.{ext}", "x/a-2.{ext}"}},
		{"one URL twice", []Subject{{Item: webItem("http://h/a")}, {Item: webItem("http://h/a")}},
			[]string{"a-" + sha8("http://h/a") + ".{ext}", "a-" + sha8("http://h/a") + "-2.{ext}"}},
		{"made harmless", []Subject{file("a?.jpg", jpeg), file("a*.jpg", jpeg)}, []string{"a_.{ext}", "a_-2.{ext}"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			equalNames(t, plan(t, newNamer(t, NameOptions{}), c.items...), c.want...)
		})
	}
}

func TestCollisionsOfTemplates(t *testing.T) {
	a, b := Subject{Item: fileItem("x/a.jpg")}, Subject{Item: fileItem("y/a.jpg")}
	for _, c := range []struct {
		template string
		items    []Subject
		want     []string
	}{
		{"{host}.{ext}", []Subject{a, b}, []string{"local.{ext}", "local-2.{ext}"}},
		{"{stem}/{stem}.{ext}", []Subject{a, b}, []string{"a/a.{ext}", "a-2/a-2.{ext}"}},
		{"{stem}-{w}x{h}.{ext}", []Subject{a, b}, []string{"a-{w}x{h}.{ext}", "a-2-{w}x{h}.{ext}"}},
		// a1 of width 20 and a of width 120.
		{"{stem}{w}.{ext}", []Subject{a, {Item: fileItem("a1.jpg")}}, []string{"a{w}.{ext}", "a1-2{w}.{ext}"}},
		{"{stem}{w}.{ext}", []Subject{a, b, b, b},
			[]string{"a{w}.{ext}", "a-2{w}.{ext}", "a-3-{w}.{ext}", "a-4-{w}.{ext}"}},
		{"{stem}{index}7{h}.{ext}", []Subject{a, b, b},
			[]string{"a0000007{h}.{ext}", "a-20000017{h}.{ext}", "a-3-0000027{h}.{ext}"}},
		{"{w}{stem}.{ext}", []Subject{a, {Item: fileItem("1a.jpg")}}, []string{"{w}a.{ext}", "{w}1a-2.{ext}"}},
	} {
		equalNames(t, plan(t, newNamer(t, NameOptions{Template: c.template}), c.items...), c.want...)
	}
}

func TestSizesOfOneItemMeetTheNamesOfOthers(t *testing.T) {
	n := newNamer(t, NameOptions{Labels: []string{"320", "1280"}})
	items := []Subject{{Item: fileItem("a.jpg")}, {Item: fileItem("x/a.jpg")}, {Item: fileItem("a-2.jpg")}}
	equalNames(t, plan(t, n, items...), "a-{size}.{ext}", "a-2-{size}.{ext}", "a-2-2-{size}.{ext}")

	n = newNamer(t, NameOptions{Labels: []string{"20", "120"}, Template: "{stem}{size}.{ext}"})
	equalNames(t, plan(t, n, Subject{Item: fileItem("a")}, Subject{Item: fileItem("a1")}), "a{size}.{ext}",
		"a1-2{size}.{ext}")
}

func TestTakenNameFailsTheLaterItem(t *testing.T) {
	n := newNamer(t, NameOptions{OnExist: Fail})
	equalNames(t, plan(t, n, Subject{Item: fileItem("a.jpg")}, Subject{Item: fileItem("x/a.jpg")},
		Subject{Item: fileItem("b.jpg")}),
		"a.{ext}", "[name-taken]", "b.{ext}")
	_, err := n.Plan(Subject{Item: fetch.Item{Index: 3, Source: "b.png"}})
	if want := "name b.png: item 3 of the input has the name b.{ext}"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestOutputOverItsInputIsRefused(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		source, dir string
		format      transform.Format
		want        string
	}{
		{filepath.Join(dir, "a.jpg"), "", transform.JPEG, "[output-is-input]"},
		{filepath.Join(dir, "a.JPG"), "", transform.JPEG, "[output-is-input]"},
		{filepath.Join(dir, "a.jpg"), "", "", "[output-is-input]"},
		{filepath.Join(dir, "s", "..", "s", "a.jpg"), "s", transform.JPEG, "[output-is-input]"},
		{filepath.Join(dir, "a.jpg"), "", transform.PNG, "a.{ext}"},
		{filepath.Join(dir, "a.jpg"), "s", transform.JPEG, "s/a.{ext}"},
		{filepath.Join(dir, "..", "a.jpg"), "", transform.JPEG, "a.{ext}"},
	} {
		n := newNamer(t, NameOptions{Folder: dir})
		src := Subject{Item: fetch.Item{Source: c.source, Dir: c.dir}, Formats: of(c.format)}
		equalNames(t, plan(t, n, src), c.want)
	}
	t.Chdir(dir)
	n := newNamer(t, NameOptions{Folder: "."})
	equalNames(t, plan(t, n, Subject{Item: fileItem("./a.jpg"), Formats: of(transform.JPEG)}), "[output-is-input]")
}

func TestEqualNamesByTheThousandStayCheap(t *testing.T) {
	n := newNamer(t, NameOptions{})
	for i := range 20000 {
		name, err := n.Plan(Subject{Item: fetch.Item{Index: i, Source: "image.jpg"}})
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("image-%d.{ext}", i+1); i > 0 && name.String() != want {
			t.Fatalf("item %d: got %s, want %s", i, name, want)
		}
	}
}

// FuzzName holds the laws of names: they stay inside the folder, are valid on every system, are short enough, and are
// the same each time; and no two items get one name.
func FuzzName(f *testing.F) {
	f.Add("a.jpg", "x/y", "http://h/a.png", "{dir}/{stem}.{ext}")
	f.Add("..\\con", "../..", "http://h/%2e%2e%2f", "{host}/{stem}-{w}x{h}.{ext}")
	f.Add("\xff\u202e.\u0301", "nul /com1.jpg", "://\x00", "COM{w}.{ext}")
	f.Add(strings.Repeat("\u0301", 400), strings.Repeat("x/", 40), "https://"+strings.Repeat("h", 400),
		"{sha8}{index}{stem}{host}.{ext}")
	f.Add("a", "b", "c", "{stem}.{ext}/{ext}.{ext}")
	f.Fuzz(func(t *testing.T, file, dir, link, template string) {
		items := []Subject{
			{Item: fetch.Item{Index: 0, Source: file, Dir: dir}}, {Item: fetch.Item{Index: 1, Source: link,
				Scheme: "https"}},
			{Item: fetch.Item{Index: 2, Source: strings.ToUpper(file), Dir: dir}}, {Item: fetch.Item{Index: 3,
				Source: link + "x", Scheme: "https"}},
		}
		opts := NameOptions{Template: template}
		n, err := NewNamer(opts)
		if err != nil {
			return
		}
		twin := newNamer(t, opts)
		seen := map[string]bool{}
		for _, src := range items {
			name, err := n.Plan(src)
			if err != nil {
				t.Fatal(err)
			}
			if there := travel(t, name); !reflect.DeepEqual(name, there) {
				t.Errorf("%+v comes back as %+v", name, there)
			}
			again, _ := twin.Plan(src)
			if name.String() != again.String() {
				t.Errorf("%q, then %q", name, again)
			}
			for _, out := range []transform.Output{{Format: transform.JPEG, Width: 1, Height: 9},
				{Format: transform.TIFF, Width: 100000000, Height: 100000000}} {
				p := name.Path(out)
				lawful(t, p)
				folded := string(appendFolded(nil, p))
				if seen[folded] {
					t.Errorf("%q came before", p)
				}
				seen[folded] = true
			}
		}
	})
}

// lawful judges a name by rules written down apart from the code that makes names.
func lawful(t *testing.T, p string) {
	t.Helper()
	if !filepath.IsLocal(p) || !utf8.ValidString(p) || !norm.NFC.IsNormalString(p) {
		t.Errorf("%q is not local, valid and normal", p)
	}
	for part := range strings.SplitSeq(p, "/") {
		base, _, _ := strings.Cut(strings.ToUpper(part), ".")
		base = strings.TrimRight(base, " ")
		device := base == "CON" || base == "PRN" || base == "AUX" || base == "NUL" ||
			len(base) >= 4 && (base[:3] == "COM" || base[:3] == "LPT") &&
				strings.Contains("0 1 2 3 4 5 6 7 8 9 ¹ ² ³", base[3:])
		if part == "" || device || len(part) > maxPart || strings.ContainsAny(part, "\x00\n\r\t\x1b\\:*?\"<>|\u202e") ||
			strings.ContainsAny(part[:1], ".- ") || strings.ContainsAny(part[len(part)-1:], ". ") {
			t.Errorf("%q in %q is not good on every system", part, p)
		}
	}
}

func ExampleNamer() {
	n, err := NewNamer(NameOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, file := range []string{"may/a.jpg", "june/A.jpg", "../CON.jpg"} {
		name, err := n.Plan(Subject{Item: fetch.Item{Index: i, Source: file}, Formats: of(transform.JPEG)})
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(name.Path(transform.Output{Format: transform.JPEG}))
	}
	// Output:
	// a.jpg
	// A-2.jpg
	// _CON.jpg
}

func BenchmarkPlan(b *testing.B) {
	for _, c := range []struct {
		name string
		src  Subject
	}{
		{"source=file", Subject{Item: fetch.Item{Source: "photos/2024/may/IMG_%d.jpg", Dir: "2024/may"},
			Formats: of(transform.JPEG)}},
		{"source=url", Subject{Item: webItem("https://example.com/photos/IMG_%d.jpg")}},
		{"source=equal", Subject{Item: fileItem("image.jpg"), Formats: of(transform.JPEG)}},
	} {
		b.Run(c.name, func(b *testing.B) {
			n := newNamer(b, NameOptions{Folder: "out"})
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				src := c.src
				src.Index = i
				if strings.Contains(src.Source, "%d") {
					src.Source = fmt.Sprintf(src.Source, i)
				}
				if _, err := n.Plan(src); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
