package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

var errSector = errors.New("bad sector")

// tornIsPrefix reports an error unless a list that breaks off after n bytes has only what the whole list begins with.
func tornIsPrefix(t *testing.T, l List, data []byte, n int, whole []string) {
	t.Helper()
	got := records(t, l, io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(errSector)))
	if len(got) == 0 || !strings.HasPrefix(got[len(got)-1], "ended: ") {
		t.Fatalf("after %d of %d bytes: got %q, want an error at the end", n, len(data), got)
	}
	got = got[:len(got)-1]
	if len(got) > len(whole) || !slices.Equal(got, whole[:len(got)]) {
		t.Fatalf("after %d of %d bytes of %q:\ngot  %q\nwant the beginning of %q", n, len(data), data, got, whole)
	}
}

func TestAtAReadErrorWhatHasNoEndIsNoItem(t *testing.T) {
	lines := "http://h/a?id=2166594190\r\nb.jpg # x\n\n#c\n\"d\ne\"\nf"
	csv := "id,url\n1,\"http://h/a,\"\"b\"\"\"\n2,\"c\nd\"\n\"3,e\n4,f\n5,\"g"
	array := "[{\"url\": \"a\"},\n {\"url\": [\"b\", \"c\"]}, 3, \"d\"]\n"
	for _, format := range []ListFormat{AutoList, PlainList, NULList, CSVList, TSVList, JSONLList} {
		for _, text := range []string{lines, csv, strings.ReplaceAll(csv, ",", "\t"), array,
			"{\"url\":\"a\"}\n{\"url\":\"b\"}\n{\"url\":\"c\"}", "a\x00b\nc\x00d", "\ufeffa\nb"} {
			for _, data := range []string{text, zipped(text), utf16(text), zipped(utf16(text)), zstandard(text)} {
				l := List{Format: format}
				whole := records(t, l, strings.NewReader(data))
				for n := range len(data) {
					tornIsPrefix(t, l, []byte(data), n, whole)
				}
			}
		}
	}
}

func TestARecordThatTheEndCutsShortIsTheLast(t *testing.T) {
	if got, want := records(t, List{}, strings.NewReader("a\nhttp://h/b")),
		[]string{"1 a", "2 http://h/b"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestKeysOfJSONMayBePaths(t *testing.T) {
	object := `{"url":"u", "image":{"url":"a","a.b":"dotted"}, "urls":["b","c"],
		"images":[{"url":"d"},{"url":["e","f"]},{"x":1}],
		"odd":["g",3,""], "none":[], "null":null, "n":5,
		"deep":[[{"k":"h"}],[{"k":"i"}]], "flat.key":"j", "list[0]":"k"}`
	object = strings.ReplaceAll(object, "\n", "")
	tests := []struct {
		key  string
		want []string
	}{
		{"url", []string{"1 u"}},
		{"image.url", []string{"1 a"}},
		{"image.a.b", []string{"1 dotted"}},
		{"flat.key", []string{"1 j"}},
		{"list[0]", []string{"1 k"}},
		{"urls", []string{"1 b", "1 c"}},
		{"urls[]", []string{"1 b", "1 c"}},
		{"urls[1]", []string{"1 c"}},
		{"urls[2]", []string{`1 !the object has nothing at "urls[2]"`}},
		{"urls[-1]", []string{`1 !the object has nothing at "urls[-1]"`}},
		{"urls[x]", []string{`1 !the object has nothing at "urls[x]"`}},
		{"urls[0", []string{`1 !the object has nothing at "urls[0"`}},
		{"images.url", []string{"1 d", "1 e", "1 f", `1 !the object has nothing at "images.url"`}},
		{"images[1].url", []string{"1 e", "1 f"}},
		{"images[1].url[0]", []string{"1 e"}},
		{"images[].url", []string{"1 d", "1 e", "1 f", `1 !the object has nothing at "images[].url"`}},
		{"deep[1][0].k", []string{"1 i"}},
		{"deep[][].k", []string{"1 h", "1 i"}},
		{"deep.k", []string{"1 h", "1 i"}},
		{"odd", []string{"1 g", `1 !value 2 of "odd" is not a text`, `1 !value 3 of "odd" is not a text`}},
		{"none", []string{`1 !the value of "none" is not a text`}},
		{"null", []string{`1 !the value of "null" is not a text`}},
		{"n", []string{`1 !the value of "n" is not a text`}},
		{"n.x", []string{`1 !the object has nothing at "n.x"`}},
		{"image", []string{`1 !the value of "image" is not a text`}},
		{"gone.url", []string{`1 !the object has no key "gone.url"`}},
		{".", []string{`1 !the object has no key "."`}},
		{"image.", []string{`1 !the object has nothing at "image."`}},
		{"[0]", []string{`1 !the object has no key "[0]"`}},
	}
	for _, tt := range tests {
		for name, text := range map[string]string{"lines": object, "array": "[\n" + object + "\n]"} {
			want := slices.Clone(tt.want)
			if name == "array" {
				for i := range want {
					want[i] = "2" + want[i][1:]
				}
			}
			if got := records(t, List{Format: JSONLList, Column: tt.key},
				strings.NewReader(text)); !reflect.DeepEqual(got, want) {
				t.Errorf("%s in %s:\ngot  %q\nwant %q", tt.key, name, got, want)
			}
		}
	}
}

func TestOneItemIsEnoughOfSeveralSources(t *testing.T) {
	for _, text := range []string{`{"url":["a","b"]}`, `{"x":[{"url":"a"},{"url":"b"}]}`,
		`{"x":[[{"url":"a"}],[{"url":"b"}]]}`} {
		n := 0
		err := List{Format: JSONLList, Column: map[bool]string{true: "x.url",
			false: "url"}[strings.Contains(text, "x")]}.read(strings.NewReader(text+"\n"+text), func(record) bool {
			n++
			return false
		})
		if n != 1 || err != nil {
			t.Errorf("%s: %d records and %v after the first was enough", text, n, err)
		}
	}
}

func TestWhatIsNoListIsRefusedByName(t *testing.T) {
	tar := "photos/a.jpg" + strings.Repeat("\x00", 245) + "ustar\x0000" + strings.Repeat("\x00", 300)
	for text, name := range map[string]string{
		"\xfd7zXZ\x00\x00\x04": "compressed with xz", "BZh91AY&SY\x01": "compressed with bzip2",
		"\x04\x22\x4d\x18d":  "compressed with lz4",
		"PK\x03\x04\x14\x00": "a zip archive", "PAR1\x15\x04": "a Parquet file",
		"SQLite format 3\x00\x10": "a SQLite database", "%PDF-1.7\n": "a PDF document",
		"\xff\xd8\xff\xe0\x00\x10JFIF": "a JPEG image", "\x89PNG\r\n\x1a\n\x00": "a PNG image",
		"RIFF\x10\x00\x00\x00WEBPVP8 ": "a WebP image", "GIF89a\x01": "a GIF image",
		"<!DOCTYPE HTML>\n<p>": "an HTML page", "<html lang=en>": "an HTML page", "<?xml version=": "an XML document",
		tar: "a tar archive", "7z\xbc\xaf\x27\x1c\x00": "a 7z archive",
		"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00":         "an old Office document",
		"\xff\xfe\x00\x00a\x00\x00\x00":                "text in UTF-32",
		"12345678DUCK\x40\x00\x00\x00\x00\x00\x00\x00": "a DuckDB database",
	} {
		for _, text := range []string{text, zipped(text)} {
			got := records(t, List{}, iotest.OneByteReader(strings.NewReader(text)))
			if len(got) != 1 || !strings.Contains(got[0], name) || !strings.Contains(got[0], "expected a list") {
				t.Errorf("%.20q: got %q, want %q", text, got, name)
			}
		}
	}
	for _, text := range []string{"PAR1.jpg", "BZh.jpg", "GIF.jpg", "II.jpg", "MM/a.jpg", "RIFF.jpg", "<a>.jpg",
		"{x}.jpg", "xxxxftyp.jpg", "PKs/a.jpg", "[1].jpg"} {
		if got := records(t, List{}, strings.NewReader(text)); !reflect.DeepEqual(got, []string{"1 " + text}) {
			t.Errorf("%q: got %q, want the name", text, got)
		}
	}
	err := (Inputs{Lists: []List{{Path: "https://u:secret@h/list.txt"}}}).Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "lists of this scheme cannot be read") ||
		strings.Contains(err.Error(), "secret") {
		t.Errorf("a URL as a list: %v", err)
	}
}

func TestTheFirstLineOfAListIsNotWaitedForLongerThanItTakes(t *testing.T) {
	for _, line := range []string{"a\n", "I\n", "http://h/a\n"} {
		r, w := io.Pipe()
		got := make(chan string)
		go func() {
			_ = List{}.read(r, func(rec record) bool { got <- rec.source; return true })
		}()
		if _, err := io.WriteString(w, line); err != nil {
			t.Fatal(err)
		}
		if source := <-got; source != strings.TrimSpace(line) { // or it would wait here
			t.Errorf("got %q of %q", source, line)
		}
		w.Close()
	}
}

func TestARemarkIsNoPartOfAName(t *testing.T) {
	tree(t, "a.jpg", "b #1.jpg", "c #2.jpg # 3", "#d.jpg", "e")
	lines := []string{
		"a.jpg # good", "a.jpg\t#good", "b #1.jpg", "b #1.jpg   # good # very", "c #2.jpg # 3", "c #2.jpg # 3 # x",
		"  # nothing", "./#d.jpg", "gone.jpg # x", "http://h/a b#c # x",
		`"b #1.jpg" # x`, "\"a.jpg # good\"",
	}
	in := Inputs{Stdin: strings.NewReader(strings.Join(lines, "\n")), Lists: []List{{Path: "-"}}}
	want := []string{"a.jpg", "a.jpg", "b #1.jpg", "b #1.jpg", "c #2.jpg # 3", "c #2.jpg # 3", "#d.jpg",
		"gone.jpg # x !not-found", "http://h/a b#c", "b #1.jpg", "a.jpg # good !not-found"}
	if got := listed(t, in); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	// Other formats have no remarks.
	in = Inputs{Stdin: strings.NewReader("url\na.jpg # x\n"), Lists: []List{{Path: "-", Format: CSVList}}}
	if got, want := listed(t, in), []string{"a.jpg # x !not-found"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestAListThatTheRunAppendsToEnds(t *testing.T) {
	for _, text := range []string{"a.jpg\na.jpg\n", "a.jpg\na.jp"} {
		tree(t, "a.jpg")
		if err := os.WriteFile("list", []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		told := []string{}
		in := Inputs{Lists: []List{{Path: "list"}},
			PassedOver: func(path, what string) { told = append(told, path+": "+what) }}
		n := 0
		for item, err := range in.Items(t.Context()) {
			if err != nil || item.Source != "a.jpg" {
				t.Fatalf("%+v, %v", item, err)
			}
			if n++; n > 10 {
				t.Fatal("the list goes on")
			}
			f, err := os.OpenFile("list", os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(f, "g\n%s", strings.Repeat("a.jpg\n", 20_000))
			f.Close()
		}
		// The line that was half there is one of the two.
		if n != 2 || !reflect.DeepEqual(told, []string{"list: what was appended to lists while they were read"}) {
			t.Errorf("%d items, told %q", n, told)
		}
	}
}

func TestStandardInputHasMoreThanOneName(t *testing.T) {
	for _, name := range []string{"-", "/dev/stdin", "/dev/fd/0"} {
		in := Inputs{Lists: []List{{Path: name}}, Stdin: strings.NewReader("http://h/a\n")}
		if err := in.Check(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got, want := listed(t, in), []string{"http://h/a"}; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if err := (Inputs{Lists: []List{{Path: "-"}, {Path: "/dev/stdin"}}}).Check(t.Context()); err == nil {
		t.Error("standard input was taken for two lists")
	}
}

func TestAListThatDoesNotAnswerEndsWithItsClock(t *testing.T) {
	tree(t, "list")
	p := newWatch(time.Millisecond, nil)
	held := make(chan struct{})
	p.stall = func(path string) {
		if filepath.Base(path) == "list" {
			<-held
		}
	}
	defer close(held)
	if err := (List{Path: "list"}).check(t.Context(), p); !errors.As(err, new(*hungError)) {
		t.Errorf("check: %v", err)
	}
	if _, err := (List{Path: "list"}).items(t.Context(), Inputs{}, &files{clock: p}, nil); err == nil ||
		!strings.Contains(err.Error(), "no answer within") {
		t.Errorf("items: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (List{Path: "list"}).items(ctx, Inputs{}, &files{clock: p}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("items of a run that ends: %v", err)
	}
}
